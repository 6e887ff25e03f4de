"""Taking a return from hand to hand, one or many."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import DateTimeField, F, Value
from django.db.models.functions import Coalesce
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nengtan.domain.returns import steps
from nengtan.identity.access import Actor, Forbidden
from nengtan.identity.audit import event, keep
from nengtan.identity.models import AuditEvent
from nengtan.identity.roles import SIGNATURES, Capability
from nengtan.ledger.services import bulk
from nengtan.reporting import clock
from nengtan.reporting.lateness import HANDED_IN
from nengtan.reporting.models import Return, ReturnStep
from nengtan.reporting.models import Value as Figure
from nengtan.reporting.services.reviewing import review, weigh_all

RIGHTS: dict[steps.Role, str] = {
    steps.Role.STATISTICIAN: Capability.ENTER_RETURNS,
    steps.Role.STATISTICS_HEAD: Capability.SIGN_AS_STATISTICS_HEAD,
    steps.Role.UNIT_HEAD: Capability.SIGN_AS_UNIT_HEAD,
    steps.Role.REVIEWER: Capability.REVIEW_RETURNS,
}

_WORDS: dict[steps.Because, Promise] = {
    steps.Because.NOT_FROM_HERE: gettext_lazy("This step cannot be taken from where the return stands now."),
    steps.Because.NOT_YOUR_ROLE: gettext_lazy("This step belongs to somebody else."),
    steps.Because.OWN_WORK: gettext_lazy("Nobody passes on what they entered or passed on themselves."),
    steps.Because.REASON_MISSING: gettext_lazy("A reason is needed."),
    steps.Because.FAULTS_BLOCK: gettext_lazy("Errors must be mended first."),
    steps.Because.NOT_OWED: gettext_lazy("The institution was closed before the period began: nothing is owed for it."),
    steps.Because.UNEXPLAINED: gettext_lazy("Flagged values need an explanation first."),
}


def refusal(refused: steps.Refused) -> str:
    """Why a step is not taken, in words."""
    return str(_WORDS[refused.because])


def hand_of(actor: Actor) -> str:
    """Who has a hand in a return: the user, else the installation itself."""
    return str(actor.user.pk) if actor.user else "system"


@dataclass(frozen=True)
class Outcome:
    """What a step came to for one return: taken, or why not."""

    of: Return
    refused: str = ""


class NotAll(Exception):
    """A step that some of the returns refuse was taken for none; ``outcomes`` says which and why."""

    def __init__(self, outcomes: Sequence[Outcome]) -> None:
        self.outcomes = outcomes
        super().__init__(_("Nothing was changed."))


@transaction.atomic
def take_step(actor: Actor, of: Return, action: steps.Action, reason: str = "", again_by: date | None = None) -> Return:
    """Take one step; the return as it stands after it. What is sent back may be due again by a day of its own.

    Raises:
        ValidationError: the step cannot be taken from here, by this person, or without a reason.
        Forbidden: the actor does not see the return, or holds no right to this step there.
    """
    _check_day(action, again_by)
    held = _locked([of])
    found = _decide(actor, held, action, reason)[of.pk]
    if isinstance(found, Forbidden):
        raise found
    if isinstance(found, steps.Refused):
        raise ValidationError(refusal(found)) from found
    _move(actor, held, action, {of.pk: found}, reason.strip(), again_by)
    of.refresh_from_db()
    return of


@transaction.atomic
def take_steps(
    actor: Actor, returns: Sequence[Return], action: steps.Action, reason: str = "", again_by: date | None = None
) -> list[Outcome]:
    """Take the same step with many returns, with all or with none, reviewing them in one pass.

    Raises:
        NotAll: some cannot be passed on; says which and why, and that nothing was changed.
        ValidationError: the day to hand in again by is past, or this step sends nothing back.
    """
    _check_day(action, again_by)
    held = _locked(returns)
    found = _decide(actor, held, action, reason)
    taken = {pk: standing for pk, standing in found.items() if isinstance(standing, steps.Standing)}
    outcomes = [Outcome(item, "" if item.pk in taken else _said(found[item.pk])) for item in held]
    if len(taken) < len(held):
        raise NotAll(outcomes)
    _move(actor, held, action, taken, reason.strip(), again_by)
    return outcomes


BACK = (steps.Action.SEND_BACK, steps.Action.REOPEN)
"""The steps by which a region gives back what was handed in."""


def _check_day(action: steps.Action, again_by: date | None) -> None:
    if again_by is None:
        return
    if action not in BACK:
        raise ValidationError({"again_by": _("Only what is sent back has a day to be handed in again by.")})
    if again_by < clock.today():
        raise ValidationError({"again_by": _("Found %(day)s; a day from today on is needed.") % {"day": again_by}})


def _locked(returns: Sequence[Return]) -> list[Return]:
    """The returns as they are now, held until the transaction ends."""
    rows = Return.objects.select_for_update(of=("self",)).select_related("region", "institution").order_by("pk")
    keys = sorted({item.pk for item in returns})
    return [item for chunk in bulk.chunks(keys) for item in rows.filter(pk__in=chunk)]


_Decided = steps.Standing | steps.Refused | Forbidden


def _said(found: _Decided) -> str:
    if isinstance(found, Forbidden):
        return _("This return is not yours to review.")
    return refusal(found) if isinstance(found, steps.Refused) else ""


def _decide(actor: Actor, held: Sequence[Return], action: steps.Action, reason: str) -> dict[int, _Decided]:
    """Where each return would stand after the step, or why it cannot be taken."""
    arrows = {item.pk: steps.TRANSITIONS.get((steps.State(item.state), action)) for item in held if item.months_owed}
    found = _out_of_reach(actor, held, action)
    asked = [item for item in held if item.pk not in found]
    clean = [item for item in asked if (arrow := arrows.get(item.pk)) and arrow.needs_clean]
    weights = weigh_all(clean, review(clean)) if clean else {}
    authors = _authors(asked) if action in BACK else {}
    for item in asked:
        if action not in BACK and not item.months_owed:
            found[item.pk] = steps.Refused(steps.Because.NOT_OWED, steps.State(item.state), action)
            continue
        blocking, unexplained = weights.get(item.pk, (0, 0))
        step = steps.Step(action, _role(item.state, action), hand_of(actor), reason, blocking, unexplained)
        try:
            found[item.pk] = steps.take(item.standing, step, authors.get(item.pk, frozenset()))
        except steps.Refused as refused:
            found[item.pk] = refused
    return found


def _authors(held: Sequence[Return]) -> dict[int, frozenset[str]]:
    """Who entered the figures of each return that stand now, by hand or by file; the platform is nobody's hand."""
    found: dict[int, set[str]] = defaultdict(set)
    for chunk in bulk.chunks([item.pk for item in held]):
        rows = Figure.objects.filter(of__in=chunk, entered_by__isnull=False).order_by()
        for pk, user in rows.values_list("of_id", "entered_by_id").distinct():
            found[pk].add(str(user))
    return {pk: frozenset(users) for pk, users in found.items()}


def _role(state: str, action: steps.Action) -> steps.Role:
    arrow = steps.TRANSITIONS.get((steps.State(state), action))
    return arrow.role if arrow else steps.Role.REVIEWER


def _out_of_reach(actor: Actor, held: Sequence[Return], action: steps.Action) -> dict[int, _Decided]:
    """The returns the actor does not see, or holds no right to this step for."""
    rights = {item.pk: RIGHTS[_role(item.state, action)] for item in held if _is_a_step(item, action)}
    reached = {right: _reached(actor, held, right) for right in {Capability.VIEW_DETAIL, *rights.values()}}
    found: dict[int, _Decided] = {}
    for item in held:
        wanted = (Capability.VIEW_DETAIL, rights.get(item.pk, Capability.VIEW_DETAIL))
        missing = [right for right in wanted if item.pk not in reached[right] or _nobody_signs(actor, right)]
        if missing:
            found[item.pk] = Forbidden(missing[0])
    return found


def _nobody_signs(actor: Actor, right: str) -> bool:
    """Whether a signature is asked of the installation itself: only people sign."""
    return actor.user is None and right in SIGNATURES


def _is_a_step(of: Return, action: steps.Action) -> bool:
    return (steps.State(of.state), action) in steps.TRANSITIONS


def _reached(actor: Actor, returns: Sequence[Return], capability: str) -> set[int]:
    rows = Return.objects.for_actor(actor, capability)
    chunks = bulk.chunks([item.pk for item in returns])
    return {pk for chunk in chunks for pk in rows.filter(pk__in=chunk).values_list("pk", flat=True)}


def _move(
    actor: Actor, held: Sequence[Return], action: steps.Action, standings: Mapping[int, steps.Standing], reason: str,
    again_by: date | None = None,
) -> None:  # fmt: skip
    now, before = clock.now(), {item.pk: item.state for item in held}
    changes = _changes(held)
    given_back = {item.pk for item in held if action in BACK and item.state in HANDED_IN}
    _store(held, standings, now)
    for chunk in bulk.chunks(sorted(given_back)):
        Return.objects.filter(pk__in=chunk).update(again_by=again_by)
    day = {"again_by": again_by} if again_by else {}
    ReturnStep.objects.bulk_create(
        [
            ReturnStep(
                of=item, action=action, role=_role(before[item.pk], action), before=before[item.pk], after=item.state,
                reason=reason[:400], changes=changes[item.pk], by=actor.user, at=now,
            )
            for item in held
        ],
        batch_size=500,
    )  # fmt: skip
    keep(
        [
            event(
                actor, f"return.{action}", item, before={"state": before[item.pk]},
                after={"state": item.state, **(day if item.pk in given_back else {})},
                reason=reason, region_path=item.region.path, institution_id=item.institution_id,
            )
            for item in held
        ]
    )  # fmt: skip


def begun(actor: Actor, held: Sequence[Return], state: steps.State) -> None:
    """Write down that filling in began, of those returns for which it does now."""
    action, now = steps.Action.ENTER, clock.now()
    ReturnStep.objects.bulk_create(
        [
            ReturnStep(of=item, action=action, role=steps.Role.STATISTICIAN, before=item.state, after=state,
                       by=actor.user, at=now)
            for item in held
            if item.state != state
        ],
        batch_size=500,
    )  # fmt: skip


def _store(held: Sequence[Return], standings: Mapping[int, steps.Standing], now: datetime) -> None:
    """Write the new standings: those that came to the same one together."""
    alike: dict[steps.Standing, list[int]] = defaultdict(list)
    for item in held:
        standing = standings[item.pk]
        item.state, item.hands, item.rounds = standing.state, sorted(standing.hands), standing.rounds
        alike[standing].append(item.pk)
    for standing, keys in alike.items():
        moved: dict[str, Any] = {
            "state": standing.state, "hands": sorted(standing.hands), "rounds": standing.rounds,
            "version": F("version") + 1, "approved_at": now if standing.state is steps.State.APPROVED else None,
        }  # fmt: skip
        if standing.state is steps.State.REPORTED:
            first = Coalesce("first_reported_at", "reported_at", Value(now, DateTimeField()))
            moved |= {"reported_at": now, "first_reported_at": first}
        for chunk in bulk.chunks(keys):
            Return.objects.filter(pk__in=chunk).update(**moved)


def _changes(held: Sequence[Return]) -> dict[int, dict[str, list[str | None]]]:
    """Of each return every cell entered since the step before: what it was then, what it is now."""
    found: dict[int, dict[str, list[str | None]]] = {item.pk: {} for item in held}
    for chunk in bulk.chunks([str(pk) for pk in found]):
        events = AuditEvent.objects.filter(subject_type="reporting.return", subject_id__in=chunk).order_by("id")
        for pk, action, before, after in events.values_list("subject_id", "action", "before", "after"):
            cells = found[int(pk)]
            if action != "return.enter":
                if action in _STEPS:
                    cells.clear()
                continue
            for cell, value in (after or {}).items():
                cells[cell] = [cells.get(cell, [(before or {}).get(cell)])[0], value]
    return {
        pk: {cell: pair for cell, pair in cells.items() if pair[0] != pair[1]} for pk, cells in found.items()
    }  # fmt: skip


_STEPS = frozenset(f"return.{action}" for action in steps.Action if action is not steps.Action.ENTER)

"""Taking a return from hand to hand, one or many."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from nengtan.domain.returns import steps
from nengtan.identity.access import Actor, Forbidden
from nengtan.identity.audit import record
from nengtan.identity.models import AuditEvent
from nengtan.identity.roles import Capability
from nengtan.reporting.models import Return, ReturnStep
from nengtan.reporting.services.reviewing import review, weigh

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
    steps.Because.UNEXPLAINED: gettext_lazy("Flagged values need an explanation first."),
}


def refusal(refused: steps.Refused) -> str:
    """Why a step is not taken, in words."""
    return str(_WORDS[refused.because])


def hand_of(actor: Actor) -> str:
    """Who has a hand in a return: the user, else the installation itself."""
    return str(actor.user.pk) if actor.user else "system"


@transaction.atomic
def take_step(actor: Actor, of: Return, action: steps.Action, reason: str = "") -> Return:
    """Take one step; the return as it stands after it.

    Raises:
        ValidationError: the step cannot be taken from here, by this person, or without a reason.
        Forbidden: the actor does not see the return, or holds no right to this step there.
    """
    seen = Return.objects.for_actor(actor).filter(pk=of.pk)
    if not seen.exists():
        raise Forbidden(Capability.VIEW_DETAIL)
    held = Return.objects.select_for_update(of=("self",)).select_related("region").get(pk=of.pk)
    arrow = steps.TRANSITIONS.get((steps.State(held.state), action))
    role = arrow.role if arrow else steps.Role.REVIEWER
    if arrow and not Return.objects.for_actor(actor, RIGHTS[role]).filter(pk=of.pk).exists():
        raise Forbidden(RIGHTS[role])
    blocking, unexplained = _findings(held) if arrow and arrow.needs_clean else (0, 0)
    step = steps.Step(action, role, hand_of(actor), reason, blocking, unexplained)
    try:
        standing = steps.take(held.standing, step)
    except steps.Refused as refused:
        raise ValidationError(refusal(refused)) from refused
    _move(actor, held, action, role, standing, reason.strip())
    of.refresh_from_db()
    return of


def _findings(held: Return) -> tuple[int, int]:
    return weigh(held, review([held])[held.pk])


def _move(
    actor: Actor, held: Return, action: steps.Action, role: steps.Role, standing: steps.Standing, reason: str
) -> None:
    before = held.state
    held.state, held.hands, held.rounds = standing.state, sorted(standing.hands), standing.rounds
    held.version += 1
    if standing.state is steps.State.REPORTED:
        held.reported_at = timezone.now()
    held.approved_at = timezone.now() if standing.state is steps.State.APPROVED else None
    ReturnStep.objects.create(
        of=held, action=action, role=role, before=before, after=standing.state, reason=reason[:400],
        changes=_changes(held), by=actor.user,
    )  # fmt: skip
    held.save()
    record(
        actor, f"return.{action}", held, before={"state": before}, after={"state": standing.state}, reason=reason,
        region_path=held.region.path, institution_id=held.institution_id,
    )  # fmt: skip


def _changes(held: Return) -> dict[str, list[str | None]]:
    """Every cell entered since the step before: what it was then, what it is now."""
    last = held.steps.order_by("-id").first()
    events = AuditEvent.objects.filter(subject_type="reporting.return", subject_id=str(held.pk), action="return.enter")
    if last is not None:
        events = events.filter(at__gt=last.at)
    found: dict[str, list[str | None]] = {}
    for before, after in events.order_by("id").values_list("before", "after"):
        for cell, value in (after or {}).items():
            found[cell] = [found.get(cell, [(before or {}).get(cell)])[0], value]
    return {cell: pair for cell, pair in found.items() if pair[0] != pair[1]}

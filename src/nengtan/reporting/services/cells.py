"""Entering cells: several people at once, none losing what another wrote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from nengtan.domain.returns import steps
from nengtan.domain.returns.scheme import ROOM_CODE, Edition, Records
from nengtan.identity.access import Actor, Forbidden
from nengtan.identity.audit import record as tell
from nengtan.identity.roles import Capability
from nengtan.ledger.models import Evidence
from nengtan.ledger.services.evidence import keep_evidence, safe_media_type
from nengtan.reference import scheme
from nengtan.reporting import clock
from nengtan.reporting.models import Explanation, Return, Value
from nengtan.reporting.services.explanations import unsettle
from nengtan.reporting.services.reviewing import review
from nengtan.reporting.services.stepping import begun, hand_of, refusal
from nengtan.ui.fields import from_units, to_units

LARGEST = Decimal(10) ** 12


@dataclass(frozen=True)
class CellChange:
    """What somebody wrote into a cell, and the version of the cell they saw (0: it was empty)."""

    indicator: str
    value: Decimal | None
    seen: int
    record: str = ""


@dataclass(frozen=True)
class Conflict:
    """A cell somebody else changed meanwhile: what is there now, and what was to be written."""

    change: CellChange
    held: Value | None


@dataclass
class Saved:
    """What became of the cells: those stored, those that did not change, and the conflicts, which were left alone."""

    stored: list[Value] = field(default_factory=list)
    same: int = 0
    conflicts: list[Conflict] = field(default_factory=list)
    held: list[Value] = field(default_factory=list)
    """Those that stand as they were to be written, changed or not."""


@transaction.atomic
def save_cells(
    actor: Actor, of: Return, changes: Sequence[CellChange], provenance: str = Value.Provenance.TYPED
) -> Saved:
    """Write cells of a return; a cell changed since it was seen is left alone and told as a conflict.

    Raises:
        ValidationError: by cell (``indicator`` or ``record.indicator``); nothing is written.
        Forbidden: the actor does not fill in returns of this institution, or the return is in other hands.
    """
    held_return = locked(actor, of, Capability.ENTER_RETURNS)
    edition = scheme.edition(held_return.edition)
    twice = [place for place, times in Counter(map(_name, changes)).items() if times > 1]
    if twice:
        raise ValidationError({name: _("The same cell is given twice.") for name in twice})
    problems = {_name(change): words for change in changes if (words := _problem(edition, change))}
    if problems:
        raise ValidationError(problems)
    standing = _entering(actor, held_return)
    cells = {(value.record, value.indicator): value for value in held_return.values.all()}
    saved, before, after = Saved(), {}, {}
    for change in changes:
        there = cells.get((change.record, change.indicator))
        if there is not None and there.value == kept(change.value) and there.provenance == provenance:
            saved.same += 1
            saved.held.append(there)
        elif (there.version if there is not None else 0) != change.seen:
            saved.conflicts.append(Conflict(change, there))
        else:
            before[_name(change)] = _told(there.value if there is not None else None)
            after[_name(change)] = _told(kept(change.value))
            saved.stored.append(_write(actor, held_return, there, change, provenance))
    saved.held += saved.stored
    if saved.stored:
        unsettle({held_return.pk: [(value.record, value.indicator) for value in saved.stored]}, edition)
        _begin(actor, held_return, standing)
        tell(
            actor, "return.enter", held_return, before=before, after=after,
            region_path=held_return.region.path, institution_id=held_return.institution_id,
        )  # fmt: skip
    of.refresh_from_db(fields=["state", "hands", "version"])
    return saved


@transaction.atomic
def accept(actor: Actor, of: Return) -> Return:
    """Take over what the platform filled in as it stands, where nothing needs to be corrected.

    Raises:
        ValidationError: the return was begun already.
        Forbidden: the actor does not fill in returns of this institution.
    """
    held = locked(actor, of, Capability.ENTER_RETURNS)
    if held.state != steps.State.EMPTY:
        raise ValidationError(_("The return was begun already."))
    _begin(actor, held, _entering(actor, held))
    tell(
        actor, "return.enter", held, before={}, after={},
        region_path=held.region.path, institution_id=held.institution_id,
    )  # fmt: skip
    of.refresh_from_db(fields=["state", "hands", "version"])
    return of


@transaction.atomic
def remove_room(actor: Actor, of: Return, record: str) -> int:
    """Take a data room out of a return with all its cells; how many there were.

    Raises:
        ValidationError: the register has the room in use; or the return is in other hands.
        Forbidden: the actor does not fill in returns of this institution.
    """
    held = locked(actor, of, Capability.ENTER_RETURNS)
    standing = _entering(actor, held)
    cells = list(held.values.filter(record=record)) if record else []
    if any(cell.provenance == Value.Provenance.REGISTER and cell.value is not None for cell in cells):
        raise ValidationError(_("Room %(room)s stands in the register; take it out of use there.") % {"room": record})
    if cells:
        before = {f"{record}.{cell.indicator}": _told(cell.value) for cell in cells}
        held.values.filter(record=record).delete()
        held.explanations.filter(record=record).delete()
        _begin(actor, held, standing)
        tell(
            actor, "return.enter", held, before=before, after=dict.fromkeys(before),
            region_path=held.region.path, institution_id=held.institution_id,
        )  # fmt: skip
    of.refresh_from_db(fields=["state", "hands", "version"])
    return len(cells)


def _entering(actor: Actor, held: Return) -> steps.Standing:
    """Where the return stands once the actor has written in it; `ValidationError` where it is in other hands."""
    if not held.months_owed:
        raise ValidationError(refusal(steps.Refused(steps.Because.NOT_OWED, held.standing.state, steps.Action.ENTER)))
    try:
        return steps.take(held.standing, steps.Step(steps.Action.ENTER, steps.Role.STATISTICIAN, hand_of(actor)))
    except steps.Refused as refused:
        if refused.because is steps.Because.NOT_FROM_HERE:
            words = _(
                "The return takes no figures now (%(state)s). Load the page anew; to change it, have it sent back."
            )
            raise ValidationError(words % {"state": held.get_state_display()}) from refused
        raise ValidationError(refusal(refused)) from refused


def _begin(actor: Actor, held: Return, standing: steps.Standing) -> None:
    begun(actor, [held], standing.state)
    held.state, held.hands = standing.state, sorted(standing.hands)
    held.version += 1
    held.save(update_fields=["state", "hands", "version"])


def locked(actor: Actor, of: Return, capability: str) -> Return:
    """The return as it is now, held until the transaction ends; `Forbidden` where the right does not reach it."""
    if not Return.objects.for_actor(actor, capability).filter(pk=of.pk).exists():
        raise Forbidden(capability)
    return Return.objects.select_for_update(of=("self",)).select_related("region", "institution").get(pk=of.pk)


def _write(actor: Actor, of: Return, there: Value | None, change: CellChange, provenance: str) -> Value:
    value = there or Value(of=of, record=change.record, indicator=change.indicator, version=0)
    value.value, value.provenance = kept(change.value), provenance
    value.source = {"was": str(there.provenance)} if there is not None and there.provenance != provenance else {}
    value.version += 1
    value.entered_by, value.entered_at = actor.user, clock.now()
    value.save()
    return value


def kept(value: Decimal | None) -> Decimal | None:
    """A value as it is kept, to its last place."""
    return None if value is None or not value.is_finite() or abs(value) >= LARGEST else from_units(to_units(value))


def _told(value: Decimal | None) -> str | None:
    """A value in the trail, the same whether it was typed as 6000 or stored as 6000.000000."""
    return None if value is None else format(value.normalize(), "f")


def _name(change: CellChange) -> str:
    return f"{change.record}.{change.indicator}" if change.record else change.indicator


def _problem(edition: Edition, change: CellChange) -> str:
    """What is wrong with a change by itself."""
    indicator = edition.indicators.get(change.indicator)
    if indicator is None or not indicator.is_entered:
        return _("Edition %(edition)s has no cell “%(found)s” to fill in.") % {
            "edition": edition.code, "found": change.indicator,
        }  # fmt: skip
    rooms = edition.forms[indicator.form].records is Records.ROOM
    if rooms != bool(change.record) or (rooms and not ROOM_CODE.fullmatch(change.record)):
        return _("Found room “%(found)s”; allowed: %(allowed)s.") % {
            "found": change.record, "allowed": _("a code of up to 4 letters or digits") if rooms else _("no room"),
        }  # fmt: skip
    return out_of_range(change.value)


def out_of_range(value: Decimal | None) -> str:
    """Why a value can stand in no cell of a return, in words; "" where it can."""
    if value is not None and (not value.is_finite() or value < 0 or value >= LARGEST):
        if value.is_finite() and value < 0:
            return _("Found %(value)s; a value not below 0 is allowed.") % {"value": value}
        return _("Found %(value)s; a value below 1,000,000,000,000 is allowed.") % {"value": value}
    return ""


@transaction.atomic
def explain(
    actor: Actor, of: Return, rule: str, text: str, *, indicator: str = "", record: str = "",
    evidence: Evidence | None = None, seen: str | None = None,
) -> Explanation | None:  # fmt: skip
    """Say why a flagged value is right; an empty text takes the explanation back.

    ``seen`` is the text that stood there when this one was written, where that is known.

    Raises:
        ValidationError: the return is not being filled in, the rule found nothing there, or somebody wrote another
            explanation since.
        Forbidden: the actor does not fill in returns of this institution.
    """
    held = locked(actor, of, Capability.ENTER_RETURNS)
    if steps.Action.ENTER not in steps.allowed(held.standing, steps.Role.STATISTICIAN, hand_of(actor)):
        raise ValidationError(_("The return is not being filled in now."))
    _entering(actor, held)
    place = Explanation.objects.filter(of=held, rule=rule, record=record, indicator=indicator)
    before = place.values_list("text", flat=True).first()
    if seen is not None and (before or "") not in (seen.strip(), text.strip()):
        words = _("Meanwhile this was written here: “%(text)s”. Press again to write yours in its place.")
        raise ValidationError(words % {"text": before or "—"})
    made = None
    if text.strip():
        if (rule, record, indicator) not in _found_in(held):
            raise ValidationError({"rule": _("Rule %(rule)s has found nothing in this cell.") % {"rule": rule}})
        told = {"text": text.strip(), "evidence": evidence, "by": actor.user, "at": clock.now(), "stands": True}
        made, _fresh = place.update_or_create(of=held, rule=rule, record=record, indicator=indicator, defaults=told)
    else:
        place.delete()
    tell(
        actor, "return.explain", held, before={f"{rule} {indicator}": before},
        after={f"{rule} {indicator}": made.text if made else None},
        region_path=held.region.path, institution_id=held.institution_id,
    )  # fmt: skip
    return made


def _found_in(held: Return) -> set[tuple[str, str, str]]:
    """What the rules find in a return now: rule, room and indicator."""
    return {(one.rule, one.cell.record, one.cell.indicator) for one in review([held])[held.pk]}


def explain_with_file(
    actor: Actor, of: Return, rule: str, text: str, file: tuple[str, bytes] | None, *, indicator: str = "",
    record: str = "", seen: str | None = None,
) -> Explanation | None:  # fmt: skip
    """`explain` with a file (name and content) that proves it; without a new one the file kept before stays."""
    before = Explanation.objects.filter(of=of, rule=rule, record=record, indicator=indicator).first()
    kept = before.evidence if before else None
    with transaction.atomic():
        locked(actor, of, Capability.ENTER_RETURNS)
        if file is not None:
            kept = keep_evidence(actor, file[0], file[1], safe_media_type(file[0]))
        return explain(actor, of, rule, text, indicator=indicator, record=record, evidence=kept, seen=seen)

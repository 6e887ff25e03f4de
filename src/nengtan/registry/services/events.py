"""What happens to bodies as such: added, deregistered, merged, split, renamed, moved."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol, TypeVar

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from nengtan.domain.overtime import SINCE_ALWAYS
from nengtan.identity.access import Actor
from nengtan.identity.audit import record, snapshot
from nengtan.identity.roles import Capability
from nengtan.identity.services import hold
from nengtan.registry.models import EventParty, Institution, InstitutionEvent, InstitutionSpan, Region
from nengtan.registry.services.attributes import announce
from nengtan.registry.services.institutions import DATED, initials_of, stands_above

Kind = InstitutionEvent.Kind


@dataclass(frozen=True)
class EventInput:
    """An event as told: ``before`` go in, ``after`` come out.

    ``name``, ``region``, ``superior``, ``reports_to`` are what a rename or a move changes to.
    """

    kind: str
    effective_on: date
    before: Sequence[Institution] = ()
    after: Sequence[Institution] = ()
    document: str = ""
    note: str = ""
    name: str = ""
    region: Region | None = None
    superior: Institution | None = None
    reports_to: str = ""
    parties: list[Institution] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parties", list({body.pk: body for body in (*self.before, *self.after)}.values()))


class Party(Protocol):
    """What the rules of events ask of a body, be it in the register or in a file."""

    code: str
    name: str
    established_on: date | None
    closed_on: date | None


AnyParty = TypeVar("AnyParty", bound=Party)

ENDING = (Kind.CLOSED, Kind.MERGED, Kind.SPLIT)
"""Events that bodies may end with."""

SIDES: dict[str, tuple[range, range]] = {
    Kind.ADDED: (range(1), range(1, 2)),
    Kind.CLOSED: (range(1, 2), range(1)),
    Kind.MERGED: (range(1, 1000), range(1, 2)),
    Kind.SPLIT: (range(1, 2), range(1, 1000)),
    Kind.RENAMED: (range(1, 2), range(1)),
    Kind.MOVED: (range(1, 2), range(1)),
}
"""How many bodies stand before and after each kind of event."""


@transaction.atomic
def record_event(actor: Actor, data: EventInput) -> InstitutionEvent:
    """Record an event and let the register follow from its date; history stays.

    Events may be told out of order: what a later event changed stays as that event left it.

    Raises:
        ValidationError: parties do not fit the kind, one of them did not exist on the day, the day is yet to come, a
            body would stand above itself, the event is on record already, or a body or place is outside the actor's
            scope.
        Forbidden: the actor keeps no institutions, such as one's own people.
    """
    actor.require(Capability.KEEP_INSTITUTIONS)
    for body in sorted((*data.before, *data.after), key=lambda one: one.pk):
        hold(body)
    _check(actor, data)
    event = InstitutionEvent.objects.create(
        kind=data.kind, effective_on=data.effective_on, document=data.document, note=data.note, entered_by=actor.user
    )
    for side, bodies in ((EventParty.Side.BEFORE, data.before), (EventParty.Side.AFTER, data.after)):
        EventParty.objects.bulk_create(EventParty(event=event, institution=body, side=side) for body in bodies)
    before = {body.pk: snapshot(body) for body in data.parties}
    _apply(data)
    for body in data.parties:
        _trace(actor, event, body, before[body.pk], data)
        announce(actor, body)
    return event


def _trace(actor: Actor, event: InstitutionEvent, body: Institution, before: dict[str, Any], data: EventInput) -> None:
    """The event in the trail of each party, and what it changed in its record."""
    home: dict[str, Any] = {"region_path": body.region.path, "institution_id": body.pk}
    record(actor, f"event.{data.kind}", event, after=_told(data), **home)
    if before != (after := snapshot(body)):
        record(actor, "institution.change", body, before=before, after=after, **home)


def _told(data: EventInput) -> dict[str, Any]:
    return {
        "effective_on": data.effective_on,
        "document": data.document,
        "before": [body.code for body in data.before],
        "after": [body.code for body in data.after],
        "name": data.name,
        "region": data.region.code if data.region else "",
        "superior": data.superior.code if data.superior else "",
    }


def _check(actor: Actor, data: EventInput) -> None:
    if fault := form_fault(data.kind, data.effective_on, *_codes(data), data.name, bool(data.region or data.superior)):
        raise ValidationError({fault[0]: fault[1]} if fault[0] else fault[1])
    allowed = Institution.objects.for_actor(actor, Capability.KEEP_INSTITUTIONS)
    if allowed.filter(pk__in=[body.pk for body in data.parties]).count() != len(data.parties):
        raise ValidationError(_("A body of this event is outside what you may change."))
    _check_existence(data)
    _check_new(data)
    if data.kind == Kind.MOVED:
        _check_move(actor, data)


def _codes(data: EventInput) -> tuple[list[str], list[str]]:
    return [body.code for body in data.before], [body.code for body in data.after]


def sides_fit(kind: str, before: Sequence[Hashable], after: Sequence[Hashable]) -> bool:
    """Whether as many different bodies stand before and after as the kind of event wants."""
    sides = set(before), set(after)
    repeated = len(sides[0]) + len(sides[1]) < len(before) + len(after)
    fits = all(len(side) in wanted for side, wanted in zip(sides, SIDES[kind], strict=True))
    return fits and not repeated and not (kind in (Kind.MERGED, Kind.SPLIT) and sides[0] == sides[1])


def form_fault(
    kind: str, on: date, before: Sequence[Hashable], after: Sequence[Hashable], name: str, placed: bool
) -> tuple[str, str] | None:
    """What is wrong with an event by itself, with its field; ``placed`` says that a new region or superior is named."""
    if kind not in Kind.values:
        told = {"found": kind, "allowed": " ".join(Kind.values)}
        return "kind", _("Found “%(found)s”; allowed: %(allowed)s.") % told
    if not sides_fit(kind, before, after):
        return "", _("The number of bodies before and after does not fit the event.")
    if kind == Kind.RENAMED and not name.strip():
        return "name", _("The new name is needed.")
    if kind == Kind.MOVED and not placed:
        return "region", _("The new region or the new superior body is needed.")
    today = timezone.localdate()
    if on > today:
        told = {"day": on.isoformat(), "today": today.isoformat()}
        return "effective_on", _("Found %(day)s; a day up to today (%(today)s) is allowed.") % told
    return None


def ending(kind: str, before: Sequence[AnyParty], after: Sequence[AnyParty]) -> list[AnyParty]:
    """Bodies that exist no longer after the event."""
    if kind not in ENDING:
        return []
    remaining = {body.code for body in after}
    return [body for body in before if body.code not in remaining]


def arising(kind: str, before: Sequence[AnyParty], after: Sequence[AnyParty]) -> list[AnyParty]:
    """Bodies that may begin with the event: an added one does, what comes of others if it was not there before."""
    if kind not in (Kind.ADDED, Kind.MERGED, Kind.SPLIT):
        return []
    there = {body.code for body in before}
    return [body for body in after if body.code not in there]


def existence_fault(kind: str, on: date, before: Sequence[Party], after: Sequence[Party]) -> str:
    """Bodies end once, and take part in events only while they exist."""
    ends = {body.code for body in ending(kind, before, after)}
    for body in (*before, *after):
        over = body.closed_on is not None and (body.code in ends or body.closed_on <= on)
        if over or (kind == Kind.ADDED and body.closed_on is not None):
            return _("%(name)s was already closed on %(day)s.") % {"name": body.name, "day": body.closed_on}
    for body in before:
        if body.established_on and body.established_on > on:
            return _("%(name)s was established only on %(day)s.") % {"name": body.name, "day": body.established_on}
    return ""


def _check_existence(data: EventInput) -> None:
    if fault := existence_fault(data.kind, data.effective_on, data.before, data.after):
        raise ValidationError(fault)


def _check_new(data: EventInput) -> None:
    """The same thing happens to the same bodies once a day."""
    sides = (EventParty.Side.BEFORE, data.before), (EventParty.Side.AFTER, data.after)
    wanted = {(body.pk, side.value) for side, bodies in sides for body in bodies}
    day = InstitutionEvent.objects.filter(kind=data.kind, effective_on=data.effective_on)
    for event in day.filter(parties__institution=data.parties[0]).prefetch_related("parties"):
        if {(part.institution_id, part.side) for part in event.parties.all()} == wanted:
            raise ValidationError(_("This event is on record already."))


def _check_move(actor: Actor, data: EventInput) -> None:
    """The new places are within reach, and nobody comes to stand above themselves."""
    body = data.before[0]
    reach = actor.scope_for(Capability.KEEP_INSTITUTIONS)
    if data.region and data.region.pk != body.region_id and not reach.covers(data.region.path):
        raise ValidationError({"region": _("This region is outside what you may change.")})
    superior = data.superior
    if superior is not None and not Institution.objects.all().referable(actor).filter(pk=superior.pk).exists():
        raise ValidationError({"superior": _("This institution is outside what you may name.")})
    if stands_above(body, superior):
        raise ValidationError({"superior": _("“%(code)s” would stand above itself.") % {"code": body.code}})
    if data.reports_to == Institution.ReportsTo.SUPERIOR and not (superior or body.superior_id):
        raise ValidationError({"superior": _("A body that reports to its superior needs one.")})


def _apply(data: EventInput) -> None:
    _close(ending(data.kind, data.before, data.after), data.effective_on)
    begun = arising(data.kind, data.before, data.after)
    if data.kind != Kind.ADDED:
        begun = [body for body in begun if not _existed(body, data.effective_on)]
    _start(begun, data.effective_on)
    if data.kind in (Kind.RENAMED, Kind.MOVED):
        changes: dict[str, Any] = {"name": data.name.strip()} if data.kind == Kind.RENAMED else _move(data)
        _change(data.before[0], data.effective_on, changes)


def _move(data: EventInput) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if data.region:
        changes["region_id"] = data.region.pk
    if data.superior:
        changes["superior_id"] = data.superior.pk
    if data.reports_to:
        changes["reports_to"] = data.reports_to
    return changes


def _existed(body: Institution, on: date) -> bool:
    """Whether a body that comes out of an event was there before it: one that takes others in keeps its own past."""
    if body.established_on is not None:
        return body.established_on < on
    known = Institution.objects.filter(pk=body.pk)
    period = on.year * 100 + on.month
    return (
        known.filter(attributes__valid_from__lt=on).exists()
        or known.filter(event_parts__event__effective_on__lt=on).exists()
        or known.filter(facts__period__lt=period).exists()
    )


def _close(bodies: Iterable[Institution], on: date) -> None:
    for body in bodies:
        body.closed_on, body.status = on, Institution.Status.CLOSED
        body.save(update_fields=["closed_on", "status"])


def _start(bodies: Iterable[Institution], on: date) -> None:
    for body in bodies:
        body.established_on, body.status = on, Institution.Status.ACTIVE
        body.save(update_fields=["established_on", "status"])


def _change(body: Institution, on: date, changes: dict[str, Any]) -> None:
    """Write changes from a day on, each until the next event that changed the same thing."""
    span = _span_starting(body, on)
    later = list(body.spans.filter(valid_from__gt=on).order_by("valid_from"))
    for key, value in changes.items():
        old = getattr(span, key)
        setattr(span, key, value)
        for one in later:
            if getattr(one, key) != old:
                break
            setattr(one, key, value)
    for one in (span, *later):
        one.save()
    latest = later[-1] if later else span
    for key in DATED:
        setattr(body, key, getattr(latest, key))
    body.initials = initials_of(body.name)
    body.save()


def _span_starting(body: Institution, on: date) -> InstitutionSpan:
    current = body.spans.filter(valid_from__lte=on).order_by("-valid_from").first()
    if current and current.valid_from == on:
        return current
    values = {key: getattr(current or body, key) for key in DATED}
    if current is None:
        InstitutionSpan.objects.get_or_create(institution=body, valid_from=SINCE_ALWAYS, defaults=values)
    return InstitutionSpan(institution=body, valid_from=on, **values)

"""The factor library: shipped versions and those an administrator added, as the domain chooses among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Max, Q, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from nengtan import reference
from nengtan.domain import carriers as units
from nengtan.domain.factors import ANY_BASIS, Confidence, Factor, FactorLibrary, Kind
from nengtan.identity.access import SYSTEM, Actor, Forbidden
from nengtan.identity.audit import record, snapshot
from nengtan.identity.roles import Capability
from nengtan.ledger.models import FactorVersion
from nengtan.registry.models import Region

_WEIGHT = {Kind.CO2: "kgCO2", Kind.COAL_EQUIVALENT: "kgce", Kind.COAL_EQUIVALENT_PRIMARY: "kgce"}


def library() -> FactorLibrary:
    """Every factor version of this installation; kept in memory until one is added or superseded."""
    state = FactorVersion.objects.aggregate(
        count=Count("id"), added=Max("added_at"), ended=Sum("id", filter=Q(superseded_on__isnull=False))
    )
    return _library(state["count"], state["added"], state["ended"])


@lru_cache(maxsize=2)
def _library(*_state: object) -> FactorLibrary:
    """By a state that no other set of versions has, also where a transaction that added one was taken back."""
    return FactorLibrary(
        _as_domain(row) for row in FactorVersion.objects.exclude(carrier="").select_related("added_by")
    )


def _as_domain(row: FactorVersion) -> Factor:
    kind = Kind(row.kind)
    return Factor(
        id=row.code,
        code=row.code,
        kind=kind,
        carrier=row.carrier,
        region=row.place,
        year=row.year,
        value=Decimal(row.value),
        unit=_WEIGHT[kind],
        per_unit=reference.carriers()[row.carrier].unit,
        basis=row.basis or ANY_BASIS,
        published_on=row.published_on,
        usable_from=row.usable_from,
        superseded_on=row.superseded_on,
        source=row.source,
        url=row.url,
        confidence=Confidence(row.confidence),
        default=row.default,
        added_by=str(row.added_by) if row.added_by else None if row.shipped else SYSTEM,
        stated_value=Decimal(row.stated_value),
        stated_unit=row.stated_unit,
        name_zh=row.name,
        name_en=row.name_en,
        note=row.note,
    )


def sync_factors(**_kwargs: Any) -> int:
    """Add shipped factor versions that the database lacks; how many. Runs after every migrate; overwrites nothing."""
    known = set(FactorVersion.objects.values_list("code", flat=True))
    fresh = [_as_row(factor) for factor in reference.factors() if factor.code not in known]
    FactorVersion.objects.bulk_create(fresh, batch_size=500)
    return len(fresh)


def _as_row(factor: Factor) -> FactorVersion:
    return FactorVersion(
        code=factor.code,
        name=factor.name_zh,
        name_en=factor.name_en,
        kind=factor.kind,
        carrier=factor.carrier,
        place=factor.region,
        year=factor.year,
        basis=factor.basis,
        value=format(factor.value, "f"),
        stated_value=format(factor.stated_value if factor.stated_value is not None else factor.value, "f"),
        stated_unit=factor.stated_unit,
        published_on=factor.published_on,
        usable_from=factor.usable_from,
        superseded_on=factor.superseded_on,
        source=factor.source,
        url=factor.url,
        confidence=factor.confidence,
        default=factor.default,
        note=factor.note,
        shipped=True,
    )


@dataclass(frozen=True)
class FactorInput:
    """A factor version as an administrator states it: ``value`` kgce or kgCO2 per ``unit`` of the carrier."""

    kind: str
    carrier: str
    place: str
    value: Decimal
    unit: str
    source: str
    year: int | None = None
    name: str = ""
    basis: str = ""
    url: str = ""
    published_on: date | None = None
    note: str = ""


def standing_version(data: FactorInput) -> FactorVersion | None:
    """The newest version added here of the same kind, carrier, place, year and basis, if it says the very same."""
    if _problems(data):
        return None
    values = _values(data)
    cell = {name: values[name] for name in ("kind", "carrier", "place", "year", "basis")}
    newest = FactorVersion.objects.filter(**cell, shipped=False, superseded_on=None).order_by("-pk").first()
    same = newest is not None and all(getattr(newest, name) == value for name, value in values.items())
    return newest if same else None


@transaction.atomic
def add_factor(actor: Actor, data: FactorInput) -> FactorVersion:
    """Add a version that is chosen from now on wherever it fits better than those there; nothing is overwritten.

    What the newest version added here says already changes nothing: that version is given back.

    Raises:
        ValidationError: by field: unknown kind, carrier, place or unit, a value below 0, no source.
        Forbidden: the actor does not manage factors of this place.
    """
    actor.require(Capability.MANAGE_FACTORS)
    problems = _problems(data)
    if problems:
        raise ValidationError(problems)
    _require_place(actor, data.place)
    held = standing_version(data)
    if held is not None:
        return held
    row = FactorVersion.objects.create(
        code=_free_code(data), confidence=Confidence.LOCAL, default=True, added_by=actor.user, **_values(data)
    )
    record(actor, "factor.add", row, after=snapshot(row))
    _recompute(data.place)
    return row


def _values(data: FactorInput) -> dict[str, Any]:
    """What a version says: its fields as they are kept."""
    carrier, kind = reference.carriers()[data.carrier], Kind(data.kind)
    per_base = data.value / units.to_base(carrier, Decimal(1), data.unit)
    return {
        "name": data.name or carrier.name_zh,
        "name_en": data.name or carrier.name_en,
        "kind": str(kind),
        "carrier": data.carrier,
        "place": data.place,
        "year": data.year,
        "basis": data.basis or ("location" if kind is Kind.CO2 and carrier.scope == 2 else ANY_BASIS),
        "value": format(per_base.quantize(Decimal("1e-12")).normalize(), "f"),
        "stated_value": format(data.value, "f"),
        "stated_unit": f"{_WEIGHT[kind]}/{data.unit}",
        "published_on": data.published_on,
        "source": data.source.strip(),
        "url": data.url,
        "note": data.note,
    }


@transaction.atomic
def retire_factor(actor: Actor, factor: FactorVersion, reason: str) -> FactorVersion:
    """Stop choosing a version an administrator added; figures of closed years keep it.

    Raises:
        ValidationError: it is shipped, already retired, or no reason is given.
        Forbidden: the actor does not manage factors of its place.
    """
    _require_place(actor, factor.place)
    if factor.shipped or factor.superseded_on:
        raise ValidationError(_("Only a version added here, and still in use, can be retired."))
    if not reason.strip():
        raise ValidationError({"reason": _("A reason is needed.")})
    factor.superseded_on = timezone.localdate()
    factor.save(update_fields=["superseded_on"])
    record(
        actor,
        "factor.retire",
        factor,
        before={"superseded_on": None},
        after={"superseded_on": factor.superseded_on},
        reason=reason,
    )
    _recompute(factor.place)
    return factor


def _require_place(actor: Actor, place: str) -> None:
    """Raise :class:`Forbidden` where figures would move that are not the actor's; a grid spans many regions."""
    actor.require(Capability.MANAGE_FACTORS)
    scope = actor.scope_for(Capability.MANAGE_FACTORS)
    path = Region.objects.filter(code=place).values_list("path", flat=True).first()
    if not (scope.covers(path) if path else scope.whole):
        raise Forbidden(_("This place is outside what you manage."))


def _recompute(place: str) -> None:
    from nengtan.ledger.services.rebuild import refresh_place

    refresh_place(place)


def _problems(data: FactorInput) -> dict[str, str]:
    problems: dict[str, str] = {}
    if data.kind not in list(Kind):
        problems["kind"] = _found(data.kind, list(Kind))
    if data.carrier not in reference.carriers():
        problems["carrier"] = _found(data.carrier, list(reference.carriers()))
    elif data.unit not in reference.carriers()[data.carrier].units:
        problems["unit"] = _found(data.unit, list(reference.carriers()[data.carrier].units))
    if data.place not in reference.grids() and not Region.objects.filter(code=data.place).exists():
        problems["place"] = _("Found “%(found)s”; the code of a region or grid is allowed.") % {"found": data.place}
    if not data.value.is_finite() or data.value < 0:
        problems["value"] = _("Found %(value)s; a value of 0 or more is allowed.") % {"value": data.value}
    if not data.source.strip():
        problems["source"] = _("Say where the value comes from: document, number, date.")
    if data.year is not None and not 1990 <= data.year <= 2100:
        problems["year"] = _("Found %(found)s; a year from 1990 to 2100 is allowed.") % {"found": data.year}
    return problems


def _found(found: str, allowed: Sequence[str]) -> str:
    return _("Found “%(found)s”; allowed: %(allowed)s.") % {"found": found, "allowed": " ".join(allowed)}


def _free_code(data: FactorInput) -> str:
    stem = f"LOCAL_{data.kind}_{data.carrier}_{data.place}_{data.year or 'ALWAYS'}".upper()[:56]
    taken = FactorVersion.objects.filter(code__startswith=stem).count()
    return f"{stem}_V{taken + 1}"

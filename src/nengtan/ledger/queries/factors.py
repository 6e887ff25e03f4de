"""The factor library as lists and records, and where a factor is used."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from nengtan.domain.factors import Choice, Kind
from nengtan.identity.access import Actor
from nengtan.ledger.factors import library
from nengtan.ledger.models import FactorVersion, FrozenFactor, RegionRollup, YearClosing
from nengtan.ledger.places import Places
from nengtan.ledger.queries.history import adders
from nengtan.registry.models import Region


def factors_matching(**wanted: Any) -> QuerySet[FactorVersion]:
    """Versions by kind, carrier, place, year, confidence, default; ``None`` asks for any."""
    return FactorVersion.objects.filter(**{name: value for name, value in wanted.items() if value is not None})


def factor_dict(factor: FactorVersion) -> dict[str, Any]:
    """A factor version as the command and the API print it."""
    return factor_dicts([factor])[0]


def factor_dicts(factors: Iterable[FactorVersion]) -> list[dict[str, Any]]:
    """Factor versions as the command and the API print them, with whoever added them."""
    told = list(factors)
    names = adders(told)
    return [_told(factor, names[factor.pk]) for factor in told]


def _told(factor: FactorVersion, adder: str | None) -> dict[str, Any]:
    return {
        "code": factor.code,
        "name_zh": factor.name,
        "name_en": factor.name_en,
        "kind": factor.kind,
        "carrier": factor.carrier,
        "place": factor.place,
        "year": factor.year,
        "basis": factor.basis,
        "value": factor.number,
        "unit": factor.unit,
        "stated_value": factor.stated_value,
        "stated_unit": factor.stated_unit,
        "source": factor.source,
        "url": factor.url,
        "confidence": factor.confidence,
        "default": factor.default,
        "shipped": factor.shipped,
        "published_on": factor.published_on,
        "retired_on": factor.superseded_on,
        "added_by": adder,
        "added_at": factor.added_at,
        "note": factor.note,
    }


def years_used(actor: Actor, factor: FactorVersion) -> dict[Region, list[int]]:
    """Where the actor's open figures multiply by this factor: region whose choice it is, and years."""
    visible = {region.code: region for region in _visible(actor)}
    chooser = library()
    places = Places.of(chooser)
    cells = RegionRollup.objects.filter(
        carrier=factor.carrier, region__parent=None, cells__gt=0, period__lt=10_000
    ).order_by()
    found: dict[Region, list[int]] = defaultdict(list)
    for zone, year in sorted(cells.values_list("zone", "period").distinct()):
        if zone not in visible:
            continue
        choice = chooser.choose(Kind(factor.kind), factor.carrier, places.chain(zone), year)
        if isinstance(choice, Choice) and choice.factor.id == factor.code:
            found[visible[zone]].append(year)
    return dict(found)


def _visible(actor: Actor) -> list[Region]:
    """Regions the actor sees something of: those granted, below and above."""
    scope = actor.scope
    above = {code for path in scope.granted for code in path.strip("/").split("/")}
    zones = RegionRollup.objects.order_by().values("zone").distinct()
    regions = Region.objects.filter(code__in=zones)
    return [region for region in regions if region.code in above or scope.reaches(region.path)]


def closings_using(actor: Actor, factor: FactorVersion) -> list[YearClosing]:
    """Closed years that keep this factor, of regions the actor sees."""
    used = FrozenFactor.objects.filter(factor=factor).values("closing")
    closings = YearClosing.objects.filter(pk__in=used, reopened_at=None).select_related("region")
    return [closing for closing in closings if actor.scope.covers(closing.region.path)]

"""Which region's factors apply where: zones and their chains."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from nengtan import reference
from nengtan.domain.factors import FactorLibrary
from nengtan.ledger.models import FactorVersion, YearClosing
from nengtan.registry.models import Region
from nengtan.ui.words import named


@dataclass
class Places:
    """Answers for one piece of work; holds what it has looked up.

    A zone is the nearest region, from an institution upwards, that has factors of its own, keeps those of a closed
    year, or is a province, else the root: all below it make the same factor choices, so sums are kept by zone.
    """

    own: frozenset[str]
    _chains: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, library: FactorLibrary, any_closed: bool = True) -> Places:
        """Zones as the factors now there, and the years now closed, draw them; who knows of none can say so."""
        closed = YearClosing.objects.filter(reopened_at=None).values_list("region__code", "factors__zone").distinct()
        kept = frozenset(code for pair in (closed if any_closed else ()) for code in pair if code)
        return cls(kept.union(item.region for item in library if item.default and item.superseded_on is None))

    def zone(self, path: str) -> str:
        """The zone of the region at ``path``."""
        codes = path.strip("/").split("/")
        return next((code for code in reversed(codes) if code in self.own or _is_province(code)), codes[0])

    def chain(self, zone: str) -> tuple[str, ...]:
        """Codes to look for factors at, nearest first."""
        if zone not in self._chains:
            self._chains[zone] = _chain(zone)
        return self._chains[zone]


def _is_province(code: str) -> bool:
    known = reference.regions().get(code)
    return known is not None and known.level == "province"


def _chain(zone: str) -> tuple[str, ...]:
    if zone in reference.regions():
        return reference.region_chain(zone)
    codes = Region.objects.get(code=zone).codes
    shipped = next((code for code in reversed(codes) if code in reference.regions()), None)
    own = tuple(code for code in reversed(codes) if code not in reference.regions())
    return own + (reference.region_chain(shipped) if shipped else ())


def place_labels(codes: Iterable[str]) -> dict[str, str]:
    """The names of factors' places, by code; a code nobody knows stands for itself."""
    found = {code: code for code in codes}
    found |= {region.code: str(region) for region in Region.objects.filter(code__in=found)}
    return found | {code: named(grid) for code, grid in reference.grids().items() if code in found}


def has_factors(place: str) -> bool:
    """Whether a place has any factor version of its own."""
    return FactorVersion.objects.filter(place=place).exists()

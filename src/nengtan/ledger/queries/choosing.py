"""The factors that hold for a question: the library's, or those a closed year has kept."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from nengtan.domain.factors import Choice, Chooser, Factor, FactorLibrary, Kind, NoFactor, Reason, Rule, place_level
from nengtan.ledger.factors import library
from nengtan.ledger.models import FrozenFactor, YearClosing
from nengtan.ledger.places import Places
from nengtan.ledger.services.closing import closed_years


class FrozenChooser:
    """Answers with the factors a closed year was closed with, whatever has been added since.

    ``kept`` are the factors by zone, carrier and kind; None where there was none.
    """

    def __init__(self, kept: Mapping[tuple[str, str, Kind], Factor | None], current: FactorLibrary) -> None:
        self._kept, self._current = kept, current

    @classmethod
    def of(cls, closings: Iterable[YearClosing], current: FactorLibrary) -> dict[int, FrozenChooser]:
        """The choosers of closings, by their id: one query, however many regions closed the year."""
        kept: dict[int, dict[tuple[str, str, Kind], Factor | None]] = {item.pk: {} for item in closings}
        rows = FrozenFactor.objects.filter(closing__in=list(kept)).order_by()
        for pk, zone, carrier, kind, code in rows.values_list("closing_id", "zone", "carrier", "kind", "factor__code"):
            kept[pk][zone, carrier, Kind(kind)] = current.by_id(code) if code else None
        return {pk: cls(held, current) for pk, held in kept.items()}

    def choose(
        self, kind: Kind, carrier: str, chain: Sequence[str], year: int, basis: str = "location"
    ) -> Choice | NoFactor:
        """The factor kept for the nearest place of the chain; the library's where the year had no such carrier."""
        for zone in chain:
            if (zone, carrier, kind) in self._kept:
                factor = self._kept[zone, carrier, kind]
                return _choice(factor, year) if factor else NoFactor(Reason.NO_FACTOR_FOR_PLACE)
        return self._current.choose(kind, carrier, chain, year, basis)


def _choice(factor: Factor, year: int) -> Choice:
    rule = Rule.ALWAYS if factor.year is None else Rule.EXACT_YEAR if factor.year == year else Rule.LATEST_EARLIER
    return Choice(factor, rule, place_level(factor.region))


@dataclass
class Choosers:
    """The library, the zones and the closed years, read once for one page or command."""

    library: FactorLibrary
    places: Places
    closings: list[YearClosing]
    _frozen: dict[int, FrozenChooser] = field(default_factory=dict)

    @classmethod
    def now(cls) -> Choosers:
        """As they stand."""
        current, closings = library(), closed_years()
        return cls(current, Places.of(current, bool(closings)), closings)

    def closing(self, path: str, year: int) -> YearClosing | None:
        """The closing in force over the region at ``path``: its own, or that of a region above."""
        over = [item for item in self.closings if item.year == year and path.startswith(item.region.path)]
        return max(over, key=lambda item: len(item.region.path), default=None)

    def chooser(self, year: int) -> Chooser:
        """Who chooses factors for ``year``, wherever it is closed and wherever it is open."""
        closed = {item.region.code: item for item in self.closings if item.year == year}
        self.read([year])
        frozen = {code: self._frozen[closing.pk] for code, closing in closed.items()}
        return YearChooser(frozen, self.library) if frozen else self.library

    def read(self, years: Collection[int]) -> None:
        """Read what the closings of several years have kept, in one query."""
        unread = [item for item in self.closings if item.year in years and item.pk not in self._frozen]
        self._frozen |= FrozenChooser.of(unread, self.library) if unread else {}


class YearChooser:
    """Asks what the nearest closed region above a place has kept, and the library where the year is open."""

    def __init__(self, closed: Mapping[str, FrozenChooser], current: FactorLibrary) -> None:
        self._closed, self._current = closed, current

    def choose(
        self, kind: Kind, carrier: str, chain: Sequence[str], year: int, basis: str = "location"
    ) -> Choice | NoFactor:
        """The factor of the place at the beginning of ``chain``."""
        chooser: Chooser = next((self._closed[code] for code in chain if code in self._closed), self._current)
        return chooser.choose(kind, carrier, chain, year, basis)

"""What stays hidden from those who see a region's totals and no single institution: figures of too few of them.

Rows of too few institutions are shown as one row of others, which takes in the next smallest while it is too small
itself. A region that is among the others of the region above is not shown by itself either. Types are told apart only
at the top of what the actor may see: below it, the types of one region could be taken from those of another.

Carriers and months are groups that share institutions, so theirs are not added up: those that too few told of are among
the others with the smallest one that enough told of. Of a region below what was granted no carrier is told apart, and
no two cuts are crossed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

from django.db.models import Count, Sum
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from nengtan.domain.confidentiality import added, folded, is_small
from nengtan.identity.access import Actor, Forbidden
from nengtan.identity.roles import Capability
from nengtan.ledger.models import InstitutionYear, RegionRollup
from nengtan.ledger.queries.selection import Selection, sees_whole
from nengtan.reference.report import smallest_class
from nengtan.registry.models import Region

Key = TypeVar("Key", bound=Hashable)

OTHERS = "others"
"""The key of the row of all groups too small to be shown."""

_FIGURES = ("energy_tce", "electricity_kwh", "co2_t", "water_m3", "cost_cny", "area_m2", "persons")

Told = Mapping[tuple[str, str], tuple[int, ...]]
"""By path and kind: bodies, and how many of them have each figure."""


class TooFew(Forbidden):
    """What is asked for would tell of fewer institutions than may be shown; ``field`` is the part of it that does."""

    def __init__(self, words: str, field: str = "region") -> None:
        super().__init__(words)
        self.field = field


@dataclass(frozen=True)
class Veil:
    """What of a region may be shown: the years hidden; by year the kinds and regions below shown by themselves; the
    carriers shown by themselves in every year, and the months (yyyymm).
    """

    hidden: frozenset[int]
    kinds: Mapping[int, frozenset[str]]
    regions: Mapping[int, frozenset[str]]
    carriers: frozenset[str]
    months: frozenset[int]

    def key(self, by: str, key: str, year: int) -> str:
        """The key a row of accounts ``by`` a dimension is shown under."""
        match by:
            case "type":
                shown = key in self.kinds.get(year, ())
            case "region":
                shown = key in self.regions.get(year, ())
            case "carrier":
                shown = key in self.carriers
            case "month":
                shown = int(key) in self.months
            case _:
                shown = True
        return key if shown else OTHERS

    def require(self, selection: Selection, by: str) -> None:
        """Raise :class:`TooFew` where the answer would tell of too few institutions."""
        cuts = {"type": selection.kind, "carrier": selection.carrier, "month": selection.month, "by": by}
        given = [name for name, value in cuts.items() if value]
        unknown = {
            "type": selection.kind not in self.kinds.get(selection.year, ()),
            "carrier": selection.carrier not in self.carriers,
            "month": selection.periods[0] not in self.months,
            "by": False,
        }
        if selection.year in self.hidden:
            raise TooFew(too_few())
        if field := next((name for name in given if unknown[name]), ""):
            raise TooFew(too_few(), field)
        if len(given) > 1:
            raise TooFew(one_at_a_time(), given[-1])

    def permits(self, selection: Selection, by: str) -> bool:
        """Whether accounts may be shown so."""
        try:
            self.require(selection, by)
        except TooFew:
            return False
        return True


def others_word() -> str:
    """The words of the row of all groups too small to be shown."""
    return pgettext("groups", "Others")


def too_few() -> str:
    """Why nothing is shown."""
    return _(
        "A region, type, carrier or month is shown only if at least %(least)s institutions told of it, and none of "
        "them is cut down further: else single institutions could be made out."
    ) % {"least": smallest_class()}


def one_at_a_time() -> str:
    """Why a type, a carrier or a month is not told apart any further."""
    return _(
        "You see totals and no single institution: a list, a type, a carrier or a month is shown one at a time, for "
        "two together would let single institutions be made out."
    )


def veil_of(actor: Actor, selection: Selection) -> Veil | None:
    """What is hidden from the actor of a region in every year; ``None`` where they may see its institutions anyway."""
    region = selection.region
    if (
        region is None
        or actor.scope_for(Capability.VIEW_DETAIL).covers(region.path)
        or not sees_whole(actor, selection)
    ):
        return None
    scope = actor.scope_for(Capability.VIEW)
    chain = [path for path in _down_to(region.path) if scope.covers(path)]
    least = smallest_class()
    hidden, kinds, regions = set(), {}, {}
    for year, told in _told(chain[0]).items():
        inside = {key: sizes for key, sizes in told.items() if key[0].startswith(region.path)}
        if any(_code(below) not in _shown_below(told, path, least) for path, below in pairwise(chain)) or is_small(
            added(inside.values()), least
        ):
            hidden.add(year)
        of_kind = _grouped((kind, sizes) for (_path, kind), sizes in inside.items())
        kinds[year] = frozenset(of_kind) - folded(of_kind, least) if len(chain) == 1 else frozenset()
        regions[year] = _shown_below(inside, region.path, least)
    carriers, months = _shown_of_all(region, least)
    return Veil(frozenset(hidden), kinds, regions, carriers if len(chain) == 1 else frozenset(), months)


def _shown_of_all(region: Region, least: int) -> tuple[frozenset[str], frozenset[int]]:
    """The carriers and the months shown by themselves: what enough bodies told of, and not the smallest of it either
    where anything is left out.
    """
    rows = RegionRollup.objects.filter(region=region, period__gte=10_000).exclude(cells=0, costs=0).order_by()
    told: dict[int, dict[str, int]] = defaultdict(dict)
    for period, carrier, cells, costs in rows.values_list("period", "carrier").annotate(Sum("cells"), Sum("costs")):
        told[period][carrier] = max(cells, costs)
    used: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for period, carriers in told.items():
        for carrier, bodies in carriers.items():
            used[period // 100][carrier] = max(used[period // 100][carrier], bodies)
    everything = {carrier for carriers in used.values() for carrier in carriers}
    left_out = {carrier for carriers in used.values() for carrier in _left_out(carriers, least)}
    months: dict[int, dict[int, int]] = defaultdict(dict)
    for period, carriers in told.items():
        months[period // 100][period] = max(carriers.values())
    shown = {period for of_year in months.values() for period in of_year.keys() - _left_out(of_year, least)}
    return frozenset(everything - left_out), frozenset(shown)


def _left_out(groups: Mapping[Key, int], least: int) -> set[Key]:
    """Groups that may share bodies, of which too few told, and the smallest of which enough did."""
    small = {key for key, bodies in groups.items() if bodies < least}
    rest = groups.keys() - small
    return small | {min(rest, key=lambda key: (groups[key], str(key)))} if small and rest else small


def _told(path: str) -> dict[int, dict[tuple[str, str], tuple[int, ...]]]:
    """Bodies by year, place and kind; none where a body has figures, but its book of the year is elsewhere."""
    within = Region.objects.filter(path__startswith=path).order_by()
    counts = {f"count_{name}": Count(name) for name in ("id", *_FIGURES)}
    books = InstitutionYear.objects.filter(region__in=within).order_by()
    found: dict[int, dict[tuple[str, str], tuple[int, ...]]] = defaultdict(dict)
    for year, place, kind, *sizes in books.values_list("year", "region__path", "kind").annotate(**counts):
        found[year][place, kind] = tuple(sizes)
    sums = RegionRollup.objects.filter(region__in=within, period__lt=10_000).exclude(cells=0, costs=0).order_by()
    nobody = (0,) * len(counts)
    counted = {(year, above, kind) for year, told in found.items() for place, kind in told for above in _down_to(place)}
    for year, place, kind in sums.values_list("period", "region__path", "kind").distinct():
        if (year, place, kind) not in counted:
            found[year][place, kind] = nobody
    return found


def _down_to(path: str) -> list[str]:
    """The paths of the regions from the root down to the one at ``path``."""
    codes = path.strip("/").split("/")
    return [f"/{'/'.join(codes[: place + 1])}/" for place in range(len(codes))]


def _shown_below(told: Told, path: str, least: int) -> frozenset[str]:
    """The regions below shown by themselves; the region's own code stands for the bodies directly in it."""
    depth = len(path.strip("/").split("/"))
    below = _grouped(
        (codes[depth] if len(codes) > depth else codes[-1], sizes)
        for (place, _kind), sizes in told.items()
        if place.startswith(path)
        for codes in [place.strip("/").split("/")]
    )
    return frozenset(below) - folded(below, least)


def _code(path: str) -> str:
    return path.strip("/").split("/")[-1]


def _grouped(rows: Iterable[tuple[str, tuple[int, ...]]]) -> dict[str, tuple[int, ...]]:
    groups: dict[str, list[tuple[int, ...]]] = defaultdict(list)
    for key, sizes in rows:
        groups[key].append(sizes)
    return {key: added(held) for key, held in groups.items()}

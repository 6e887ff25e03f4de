"""Quantities far from an institution's own other months: taken, and told, because their unit may be wrong."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from django.db.models import BigIntegerField, ExpressionWrapper, F, Sum

from nengtan import reference
from nengtan.domain import periods
from nengtan.domain.sheets.problems import Fault, Problem
from nengtan.domain.sheets.tables import ActivityTable
from nengtan.domain.usual import Far, Months, far_from_usual, slip_of
from nengtan.ledger.models import ActivityFact
from nengtan.ledger.services import bulk
from nengtan.reference.limits import usual_month
from nengtan.ui.formats import exact
from nengtan.ui.sheets.wording import unit_name

BACK, AHEAD = -24, 12
"""Months of the ledger around those of a file that say what is usual."""

_STANDING = ActivityFact.Standing
_RAW = Sum(ExpressionWrapper(F("quantity"), output_field=BigIntegerField()))
_DIGITS = 3

Series = tuple[int, str]
"""An institution's id and a carrier."""


@dataclass(frozen=True)
class Figures:
    """The figures of a sheet that pass: by position ``at``, of which series, month and source, and how much [10^-6].

    ``names`` are what the institutions are called. Those at the positions ``known`` the ledger holds already: they say
    what is usual, and are not asked about again.
    """

    table: ActivityTable
    at: Sequence[int]
    series: Sequence[Series]
    quantity: Sequence[int]
    names: Mapping[int, str]
    known: Collection[int] = ()

    @property
    def period(self) -> list[int]:
        """The month of each."""
        return [self.table.period[at] for at in self.at]

    @property
    def origin(self) -> list[str]:
        """The source of each."""
        return [self.table.origin[at] or "" for at in self.at]


def far_off(sheets: Sequence[Figures]) -> Iterator[list[Problem]]:
    """For each sheet, its rows far from the usual months of their institutions, by what is said of them."""
    numbers: dict[Series, int] = {}
    series = [numbers.setdefault(one, len(numbers)) for sheet in sheets for one in sheet.series]
    if not series:
        return
    months = [period for sheet in sheets for period in sheet.period]
    sources: dict[str, int] = {}
    source = [sources.setdefault(origin, len(sources)) for sheet in sheets for origin in sheet.origin]
    rows = Months.of(series, months, [quantity for sheet in sheets for quantity in sheet.quantity])
    thresholds = usual_month()
    found = far_from_usual(rows, _stored(numbers, (min(months), max(months))), source, thresholds)
    start = 0
    for sheet in sheets:
        here = [replace(one, at=one.at - start) for one in found if start <= one.at < start + len(sheet.at)]
        fresh = (one for one in here if sheet.at[one.at] not in sheet.known)
        yield [_told(sheet, one, slip_of(one.times, thresholds)) for one in fresh]
        start += len(sheet.at)


def _stored(numbers: dict[Series, int], span: tuple[int, int]) -> Months:
    """What the ledger holds of these series around these months, bills as they came: shared ones whole."""
    first, last = periods.shift(span[0], BACK), periods.shift(span[1], AHEAD)
    carriers: Collection[str] = {carrier for _body, carrier in numbers}
    columns: tuple[list[int], list[int], list[int]] = ([], [], [])
    for chunk in bulk.chunks(sorted({body for body, _carrier in numbers})):
        facts = ActivityFact.objects.filter(
            institution_id__in=chunk, carrier__in=carriers, period__range=(first, last), quantity__isnull=False,
            standing__in=(_STANDING.COUNTS, _STANDING.ALLOCATED), allocated_from=None,
        ).order_by()  # fmt: skip
        sums = facts.values_list("institution_id", "carrier", "period").annotate(raw=_RAW)
        for body, carrier, period, quantity in sums.iterator(chunk_size=5000):
            if (body, carrier) in numbers:
                for column, value in zip(columns, (numbers[body, carrier], period, quantity), strict=True):
                    column.append(value)
    return Months.of(*columns)


def _told(sheet: Figures, far: Far, slip: int | None) -> Problem:
    """A row that stands out, as a warning: what the cell says, what is usual, how many times."""
    at, (body, carrier) = sheet.at[far.at], sheet.series[far.at]
    table, code = sheet.table, "usual_high" if far.times > 1 else "usual_low"
    times = far.times if far.times > 1 else 1 / far.times
    stated = f"{exact(table.quantity[at])} {unit_name(table.unit[at] or '')}".strip()
    fault = Fault(
        f"{code}_slip" if slip else code,
        stated,
        (),
        {
            "who": sheet.names[body],
            "carrier": carrier,
            "unit": reference.carriers()[carrier].unit,
            "usual": _short(Decimal(far.usual).scaleb(-6)),
            "times": f"{slip:,}" if slip else _short(Decimal(times)),
        },
    )
    return replace(table.problem(at, "quantity", fault), severity="warning")


def _short(value: Decimal) -> str:
    """A number in a few digits, for the eye: 1,234; 0.0123."""
    rounded = round(value) if value >= 10**_DIGITS else Decimal(f"{value:.{_DIGITS}g}")
    return exact(Decimal(rounded))


def alike(found: Sequence[Problem]) -> Iterator[list[Problem]]:
    """Rows of which the same is said, of one carrier."""
    groups: dict[tuple[str, object], list[Problem]] = defaultdict(list)
    for problem in found:
        groups[problem.code, problem.params["carrier"]].append(problem)
    yield from groups.values()

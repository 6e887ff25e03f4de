"""What is odd in the district, on purpose: gaps, a slipped unit, a sudden growth. All of it is declared in a file."""

from collections.abc import Sequence
from dataclasses import dataclass

from nengtan.demo.consumption import Series
from nengtan.demo.tables import table
from nengtan.domain import periods

__all__ = ["Irregularity", "irregularities", "with_growth"]


@dataclass(frozen=True)
class Irregularity:
    """One declared oddity: gap (months without bills), unit_slip (quantity times ten), growth (above last year)."""

    name: str
    code: str
    carriers: tuple[str, ...]
    first: int
    last: int
    factor: float

    def hits(self, code: str, carrier: str, period: int) -> bool:
        """Whether it touches this bill."""
        return self.code == code and carrier in self.carriers and self.first <= period <= self.last


def irregularities(name: str | None = None) -> Sequence[Irregularity]:
    """All declared oddities, or those of one name."""
    found = [
        Irregularity(
            name=row["irregularity"],
            code=row["code"],
            carriers=tuple(row["carriers"].split()),
            first=int(row["first"]),
            last=int(row["last"]),
            factor=float(row["factor"] or 1),
        )
        for row in table("irregularities")
    ]
    return [item for item in found if name in (None, item.name)]


def with_growth(code: str, carrier: str, series: Series) -> Series:
    """The series with a declared growth: its year becomes exactly the factor times the year before."""
    for item in irregularities("growth"):
        if item.code == code and carrier in item.carriers:
            this, before = _total(series, item.first), _total(series, periods.shift(item.first, -12))
            lift = item.factor * before / this
            series = {at: value * (lift if item.hits(code, carrier, at) else 1) for at, value in series.items()}
    return series


def _total(series: Series, first: int) -> float:
    return sum(series[period] for period in periods.months_of_year(periods.year(first)))

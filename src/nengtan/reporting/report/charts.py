"""What the charts of the report show, before anybody draws them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from nengtan.domain.exact import product
from nengtan.domain.returns.report import Line, Report
from nengtan.reporting.report.phrasing import Phrases
from nengtan.ui.words import carrier_word, kind_word

MOST = 24
"""So many bars can be told apart on a page; the smallest beyond stand in the table only."""

_HUNDRED = Decimal(100)


class Shape(StrEnum):
    """How a chart is drawn."""

    BAR = "bar"
    PIE = "pie"
    COLUMN = "column"


@dataclass(frozen=True)
class ChartData:
    """One series over named places; ``unit`` stands beside the numbers."""

    code: str
    shape: Shape
    name: str
    unit: str
    places: tuple[str, ...]
    values: tuple[Decimal, ...]
    decimals: int = 1


def charts_of(report: Report, phrases: Phrases, child_names: dict[str, str]) -> dict[str, ChartData]:
    """Every chart the report has figures for, by code."""
    found = [
        _chart(
            "carriers", Shape.PIE, phrases("measure.tce"), "%",
            [(carrier_word(line.head), line.share) for line in report.carriers if line.share], times=_HUNDRED,
        ),
        _of(report.by_kind, "kinds", Shape.BAR, phrases, "kgce_per_m2", kind_word, 2),
        _of(report.by_child, "children", Shape.BAR, phrases, "energy_tce", lambda code: child_names.get(code, code)),
        _of(report.seasons, "seasons", Shape.COLUMN, phrases, "electricity_kwh", _season, 0, ordered=False),
        _causes(report, phrases),
    ]  # fmt: skip
    return {item.code: item for item in found if item is not None}


def _of(
    lines: Sequence[Line], code: str, shape: Shape, phrases: Phrases, measure: str, word: object, decimals: int = 1,
    ordered: bool = True,
) -> ChartData | None:  # fmt: skip
    assert callable(word)
    pairs = [(word(line.head), line.figures[measure].value) for line in lines]
    if ordered:
        pairs = sorted(pairs, key=lambda pair: -(pair[1] or 0))[:MOST]
    return _chart(code, shape, phrases(f"measure.{measure}"), phrases(f"unit.{measure}"), pairs, decimals=decimals)


def _season(period: str) -> str:
    """A month or quarter below its column, without the year the chart is of.

    >>> _season("2023-01"), _season("2023-Q4")
    ('1', 'Q4')
    """
    return period.partition("-")[2].lstrip("0") or period


def _causes(report: Report, phrases: Phrases) -> ChartData | None:
    """The effects on energy since the year before, else since the base year."""
    explained = next((item for item in report.explained if item.measure == "energy_tce"), None)
    if explained is None:
        return None
    pairs = [(phrases(f"effect.{name}"), value) for name, value in explained.effects.items()]
    return _chart("causes", Shape.COLUMN, phrases("measure.energy_tce"), phrases("unit.energy_tce"), pairs, decimals=2)


def _chart(
    code: str, shape: Shape, name: str, unit: str, pairs: Sequence[tuple[str, Decimal | None]], *,
    times: Decimal = Decimal(1), decimals: int = 1,
) -> ChartData | None:  # fmt: skip
    known = [(place, product(value, times)) for place, value in pairs if value is not None]
    if not known:
        return None
    return ChartData(
        code, shape, name, unit, tuple(place for place, _ in known), tuple(value for _, value in known), decimals
    )

"""The columns every fact of a row shares: institution, month, carrier, unit, origin and the codes beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from .cells import BadCell, Cell, shown
from .columns import convert, period_reader, text_reader, word_reader, year_reader
from .headers import Column, Layout
from .headings import Heading, read_heading
from .marks import Marks
from .problems import Fault
from .rows import Body
from .tables import Rules
from .words import Words, fold

__all__ = ["Periods", "Shared", "check_periods", "read_shared"]

TEXTS = (
    "institution_code", "institution_name", "building_code", "meter_code", "item", "bill_no", "note", "region",
    "credit_code",
)  # fmt: skip
Periods = Sequence[int | Fault | None]


@dataclass(frozen=True)
class Shared:
    """Row-level columns by position; None for a column the sheet does not have."""

    texts: Mapping[str, Sequence[str | None]]
    origins: Sequence[str | None]
    units: Sequence[str | Fault | None] | None
    years: Sequence[int | Fault | None] | None
    periods: Periods | None
    carriers: Sequence[str | Heading | Fault | None] | None


def read_shared(layout: Layout, body: Body, words: Words, rules: Rules, marks: Marks) -> Shared:
    """Read the row-level columns, marking what cannot be read."""
    count = len(body.numbers)

    def cells(key: str) -> tuple[Column, Sequence[Cell]] | None:
        column = layout.by_key(key)
        return (column, body.columns[column.index]) if column else None

    units = cells("unit")
    years = cells("year")
    carriers = cells("carrier")
    periods = cells("period")
    year_list = marks.take(*years, year_reader(words)) if years else None
    return Shared(
        texts=_texts(layout, {key: cells(key) for key in TEXTS}, words, marks, count),
        origins=_origins(cells("origin"), words, rules, marks, count),
        units=marks.take(*units, word_reader(words.units.items(), "unknown_unit", words)) if units else None,
        years=year_list,
        periods=_periods(*periods, year_list, layout, words, rules, marks) if periods else None,
        carriers=marks.take(*carriers, _carrier_reader(words, rules)) if carriers else None,
    )


def _texts(layout: Layout, found: Mapping[str, tuple[Column, Sequence[Cell]] | None], words: Words, marks: Marks,
           count: int) -> dict[str, Sequence[str | None]]:  # fmt: skip
    """Codes, names and remarks; every row must name its institution."""
    texts: dict[str, Sequence[str | None]] = {}
    for key, place in found.items():
        read = marks.take(*place, text_reader(words)) if place else [None] * count
        texts[key] = [None if isinstance(text, Fault) else text for text in read] if marks.bad else read  # type: ignore[assignment]
    if not (found["institution_code"] or found["institution_name"] or found["credit_code"]):
        texts["institution_name"] = [layout.context.institution] * count
    if found["credit_code"]:  # beside the own code, or in its place
        both = zip(texts["institution_code"], texts["credit_code"], strict=True)
        texts["institution_code"] = [code or credit_code for code, credit_code in both]
    codes, names = texts["institution_code"], texts["institution_name"]
    if not all(codes) and not all(names):
        column = layout.by_key("institution_name") or layout.by_key("institution_code") or Column(-1, "")
        for at in range(count):
            if not codes[at] and not names[at]:
                marks.fault(at, column, Fault("missing_institution"))
    return texts


def _origins(found: tuple[Column, Sequence[Cell]] | None, words: Words, rules: Rules, marks: Marks,
             count: int) -> list[str | None]:  # fmt: skip
    default = rules.default_origin
    if not found:
        return [default] * count
    choices = words.choices.get("origin", {})
    origins = marks.take(*found, word_reader(choices.items(), "unknown_origin", words))
    return [origin if isinstance(origin, str) else default for origin in origins]


def _carrier_reader(words: Words, rules: Rules) -> Callable[[Cell], str | Heading | Fault | None]:
    """Reads a carrier by its word; a cell such as `用电量(kWh)` says measure and unit as well."""

    def read(cell: Cell) -> str | Heading | Fault | None:
        if isinstance(cell, BadCell):
            return cell.fault()
        text = shown(cell)
        if (code := words.carriers.get(fold(text))) is not None:
            return code
        if words.is_blank_word(text):
            return None
        heading = read_heading(text, words, frozenset())
        return heading if heading.carrier else Fault("unknown_carrier", text, tuple(rules.units))

    return read


def _periods(column: Column, cells: Sequence[Cell], years: Sequence[int | Fault | None] | None, layout: Layout,
             words: Words, rules: Rules, marks: Marks) -> Periods:  # fmt: skip
    """The month of each row; a bare month takes the row's year, else the year of the title."""
    if years is None:
        read = marks.take(column, cells, period_reader(words, layout.context.year))
        return check_periods(read, column, rules, marks)
    periods: list[int | Fault | None] = [None] * len(cells)
    for year in {year for year in years if not isinstance(year, Fault)}:
        rows = [at for at, own in enumerate(years) if own == year]
        for at, period in zip(rows, convert([cells[at] for at in rows], period_reader(words, year)), strict=True):
            if isinstance(period, int) and year and period // 100 != year:
                period = Fault("year_conflict", shown(cells[at]), (str(year),))
            if isinstance(period, Fault):
                marks.fault(at, column, period)
            periods[at] = period
    return check_periods(periods, column, rules, marks)


def check_periods(periods: Periods, column: Column, rules: Rules, marks: Marks) -> Periods:
    """Mark months outside the allowed span."""
    first, last = rules.first_period, rules.last_period
    outside = {period for period in set(periods) if isinstance(period, int) and not first <= period <= last}
    if outside:
        for at, period in enumerate(periods):
            if period in outside:
                marks.fault(
                    at, column, Fault("period_out_of_range", _written(period), (_written(first), _written(last)))
                )
    return periods


def _written(period: int | Fault | None) -> str:
    """A month as people write it.

    >>> _written(202301)
    '2023-01'
    """
    return f"{period // 100}-{period % 100:02d}" if isinstance(period, int) else ""

"""What the lines above the headings and the name of the sheet say about every row: year, unit, institution, carrier."""

from __future__ import annotations

from dataclasses import dataclass, field

from .cells import Grid, shown
from .dates import find_period, find_year
from .headings import read_heading, split_unit
from .words import Words, fold, plain

__all__ = ["Context", "read_context"]

_LONGEST = 12


@dataclass(frozen=True, slots=True)
class Context:
    """Defaults that hold for a whole sheet, each None when the sheet does not say it; ``above``: lines of titles."""

    title: str = ""
    year: int | None = None
    carrier: str | None = None
    measure: str | None = None
    unit: str | None = None
    institution: str | None = None
    period: int | None = None
    above: tuple[str, ...] = field(default=(), repr=False)


def read_context(grid: Grid, header: int, words: Words) -> Context:
    """Read the title lines above row `header` and the sheet's name.

    >>> words = Words.of([("date", "year", "年"), ("carrier", "electricity", "电"), ("measure", "quantity", "用量"),
    ...                   ("unit", "10MWh", "万kWh"), ("column", "institution_name", "填报单位")])
    >>> grid = Grid("Sheet1", [["2023年用电量统计表（万kWh）"], ["填报单位：第一小学"], ["月份"]])
    >>> read_context(grid, 2, words)  # doctest: +NORMALIZE_WHITESPACE
    Context(title='2023年用电量统计表（万kWh）', year=2023, carrier='electricity', measure='quantity', unit='10MWh',
    institution='第一小学', period=None)
    """
    lines = [[text for cell in row if (text := shown(cell))] for row in grid.rows[:header]]
    texts = list(dict.fromkeys(text for line in lines for text in line))
    named = _named(lines, words)
    years = {year for text in (*texts, grid.name) if (year := find_year(text, words))}
    carrier, measure = _first_carrier([*texts, grid.name], words)
    unit = next((unit for text in (*texts, grid.name) if (unit := split_unit(text, words)[1])), None)
    title = next((text for text in texts), "")
    year = years.pop() if len(years) == 1 else None
    return Context(
        title=title,
        year=year,
        carrier=carrier,
        measure=measure,
        unit=unit,
        institution=named,
        period=find_period(grid.name, words, year) or find_period(title, words),
        above=tuple(texts),
    )


def _named(lines: list[list[str]], words: Words) -> str | None:
    """The institution a title line names, as `label: value` in one cell or in two neighbours."""
    for line in lines:
        for index, text in enumerate(line):
            label, _, value = plain(text).partition(":")
            if "institution_name" not in words.columns.get(fold(label), ()):
                continue
            if value.strip():
                return value.strip()
            if index + 1 < len(line) and fold(line[index + 1]) not in words.columns:
                return line[index + 1]
    return None


def _first_carrier(texts: list[str], words: Words) -> tuple[str | None, str | None]:
    for text in texts:
        whole = read_heading(text, words, frozenset())
        if whole.carrier:
            return whole.carrier, whole.measure
        if found := _inside(split_unit(text, words)[0], words):
            return found
    return None, None


def _inside(text: str, words: Words) -> tuple[str, str] | None:
    """The carrier and measure named by the longest phrase of a title, None when two phrases disagree."""
    text = plain(text)[:80]
    for length in range(min(_LONGEST, len(text)), 1, -1):
        found = set()
        for at in range(len(text) - length + 1):
            heading = read_heading(text[at : at + length], words, frozenset())
            if heading.carrier and heading.measure and not heading.unit:
                found.add((heading.carrier, heading.measure))
        if found:
            return found.pop() if len(found) == 1 else None
    return None

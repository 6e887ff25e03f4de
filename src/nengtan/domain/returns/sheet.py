"""A sheet of returns, one a row (报表数据表): headings by key, code or name, any periods, rooms as rows of their own.

What rows of one sheet say of each other is the affair of :mod:`nengtan.domain.returns.among`.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from nengtan.domain import creditcode
from nengtan.domain.returns.scheme import Edition, Indicator, Records, edition_of
from nengtan.domain.returns.slots import Slot, SlotError, parse
from nengtan.domain.returns.stated import Convert, number, other_unit
from nengtan.domain.sheets.cells import Cell, Grid, is_blank, shown
from nengtan.domain.sheets.problems import Fault, Problem
from nengtan.domain.sheets.words import Words, is_total

__all__ = [
    "COLUMNS",
    "Headings",
    "RefusedUnit",
    "ReturnSheet",
    "SheetError",
    "Typed",
    "Unread",
    "heading_row",
    "is_aside",
    "is_sum",
    "join_named",
    "other_edition",
    "read_returns",
    "refused_units",
    "stated_units",
]

COLUMNS = frozenset({"institution", "code", "credit_code", "period", "record", "class", "region"})
"""Columns that are no indicators."""

Headings = Mapping[str, str]
"""What a heading may say, and the column it means; ``form_3`` and ``form_4`` stand before names of those forms."""

_WHOSE = ("institution", "code", "credit_code")
_LOOK_DOWN = 20
_UNIT = re.compile(r"[(\uff08][^()\uff08\uff09]*[)\uff09]$")


class SheetError(ValueError):
    """The sheet is no sheet of returns: ``code`` says why, ``found`` what stands there, ``allowed`` what may.

    ``sheet`` is the name of the sheet, where that is not what was found.
    """

    def __init__(self, code: str, found: str = "", allowed: str = "", sheet: str = "") -> None:
        super().__init__(f"{code}: found {found!r}, allowed {allowed!r}")
        self.code, self.found, self.allowed, self.sheet = code, found, allowed, sheet


@dataclass(frozen=True, slots=True)
class Unread:
    """A row that could not be reviewed, for its ``period`` is none: where it stands and whose it is."""

    row: int
    institution: str
    period: str
    name: str = ""


@dataclass
class RefusedUnit:
    """A column whose heading states a unit its line cannot be given in: the heading, the unit, the figures in it."""

    heading: str
    unit: str
    figures: int = 0


@dataclass
class Typed:
    """One row: whose, which period and room, what was read, and what could not be.

    ``institution`` tells bodies apart: the code, else the credit code with the name, else the name (:func:`_whose`).
    ``label`` is what a reader is given: the code, else the credit code, else the name, as the sheet has it.
    """

    row: int
    institution: str
    period: Slot
    record: str = ""
    credit_code: str = ""
    institution_class: str = ""
    region: str = ""
    name: str = ""
    values: dict[str, Decimal | None] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    negative: set[str] = field(default_factory=set)
    label: str = ""

    @property
    def sound(self) -> Mapping[str, Decimal | None]:
        """The values other rows may be held against: one below zero is refused, and as good as unknown."""
        if not self.negative:
            return self.values
        return {name: None if name in self.negative else value for name, value in self.values.items()}


@dataclass
class ReturnSheet:
    """What a sheet holds; ``ignored`` are headings that name nothing of the edition, ``unread`` rows left out.

    ``units`` are lines given in another unit than theirs, with that unit: their figures were converted. ``refused``
    are lines whose heading states a unit that leads nowhere, ``unknown`` headings that may be a line's, written over.
    """

    rows: list[Typed] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    units: dict[str, str] = field(default_factory=dict)
    refused: dict[str, RefusedUnit] = field(default_factory=dict)
    unknown: list[Problem] = field(default_factory=list)


def read_returns(grid: Grid, edition: Edition, headings: Headings, words: Words, convert: Convert) -> ReturnSheet:
    """Read a sheet of returns of one edition.

    Raises:
        SheetError: no row of headings with an institution, a period and at least one indicator is found.
    """
    top, columns, ignored = heading_row(grid, edition, headings)
    sheet = ReturnSheet(ignored=list(ignored.values()))
    where = {name: at for at, name in columns.items() if name in COLUMNS}
    indicators = {at: edition.indicators[name] for at, name in columns.items() if name not in COLUMNS}
    stated = stated_units(grid.rows[top], columns, edition, headings)
    wrong = refused_units(indicators, stated, words, convert)
    for row, cells in enumerate(grid.rows[top + 1 :], top + 2):
        texts = {name: _text(cells, at) for name, at in where.items()}
        whose = _whose(texts)
        if not whose or is_sum(texts, words):
            continue
        try:
            period = parse(texts["period"])
        except SlotError:
            sheet.unread.append(Unread(row, _label(texts), texts["period"], texts.get("institution", "")))
            continue
        typed = Typed(
            row,
            whose,
            period,
            texts.get("record", ""),
            creditcode.normalise(texts.get("credit_code", "")),
            texts.get("class", ""),
            texts.get("region", ""),
            texts.get("institution", ""),
            label=_label(texts),
        )
        for at, line in indicators.items():
            said = stated.get(at, "")
            if (edition.forms[line.form].records is Records.ROOM) != bool(typed.record):
                continue
            if (hidden := grid.hiding(row - 1, at)) is not None:
                typed.unreadable[line.key], typed.values[line.key] = hidden.found, None
                continue
            _read(typed, line, cells[at] if at < len(cells) else None, words, convert, said)
            unit = other_unit(said, line, words)
            if unit and typed.values[line.key] is not None:
                sheet.units[line.key] = unit
            elif at in wrong and line.key in typed.unreadable:
                sheet.refused.setdefault(line.key, RefusedUnit(shown(grid.rows[top][at]), said)).figures += 1
        sheet.rows.append(typed)
    return sheet


def refused_units(
    lines: Mapping[int, Indicator], stated: Mapping[int, str], words: Words, convert: Convert
) -> dict[int, str]:
    """The columns whose heading states a unit that cannot be made that of the line, with the unit."""
    units = {at: other_unit(said, lines[at], words) for at, said in stated.items() if at in lines}
    return {at: unit for at, unit in units.items() if unit and convert(Decimal(1), unit, lines[at]) is None}


def other_edition(
    grid: Grid, edition: Edition, editions: Iterable[Edition], headings: Headings, years: set[int]
) -> str:
    """The edition a sheet of rows is of, where that is another than ``edition``; "" where nothing says so.

    It is where its headings are all that the other asks for and not what this one does; or where they fit the other
    alone and no year of its rows is one of this edition. Of several that fit, the one of its years is named.
    """
    known = list(editions)
    of_years = {edition_of(year, known).code for year in years}
    heads = {item.code: _headings(grid, item, headings) for item in known}
    nowhere = frozenset.intersection(*(ignored for _told, ignored in heads.values()))
    fits = {item.code: _fit(item, heads[item.code][0], heads[item.code][1] - nowhere) for item in known}
    mine = fits.pop(edition.code)
    best = max(fits.values(), default=0)
    if best <= mine or (best < _WHOLE and edition.code in of_years):
        return ""
    found = [code for code, fit in fits.items() if fit == best]
    return next((code for code in found if code in of_years), found[-1])


_WHOLE = 2


def _headings(grid: Grid, edition: Edition, headings: Headings) -> tuple[frozenset[str], frozenset[str]]:
    """The lines of an edition the headings of a sheet name, and the headings that name none."""
    try:
        _top, columns, ignored = heading_row(grid, edition, headings)
    except SheetError as error:
        return frozenset(), frozenset([error.found])
    return frozenset(name for name in columns.values() if name not in COLUMNS), frozenset(ignored.values())


def _fit(edition: Edition, told: frozenset[str], ignored: frozenset[str]) -> int:
    """How lines fit an edition: 2 exactly all of its rows or of its rooms, 1 nothing but it asks for, 0 neither."""
    if ignored or not told or not all(edition.indicators[key].statutory for key in told):
        return 0
    wide = {line.key for form in (2, 4) for line in edition.lines(form)}
    return _WHOLE if told in (wide, {line.key for line in edition.lines(3)}) else 1


def _whose(texts: Mapping[str, str]) -> str:
    """What tells a body from others: its code; names are shared, and a credit code may be given to two by mistake.

    >>> _whose({"code": "420106-S1", "institution": "No 1 School"}), _whose({"institution": "No 1 School"})
    ('420106-S1', 'No 1 School')
    >>> _whose({"credit_code": "12420106MB0000001A", "institution": "No 1 School"})
    '12420106MB0000001A No 1 School'
    """
    by_name = " ".join(text for key in ("credit_code", "institution") if (text := texts.get(key)))
    return texts.get("code") or by_name


def _label(texts: Mapping[str, str]) -> str:
    return next((text for key in ("code", "credit_code", "institution") if (text := texts.get(key))), "")


def join_named(rows: Sequence[Typed]) -> None:
    """Give rows that name a body by less (its name or credit code) to the one body other rows say more of."""
    more: dict[str, set[str]] = defaultdict(set)
    labels = {typed.institution: typed.label for typed in rows}
    for typed in rows:
        for less in {typed.name, typed.credit_code} - {"", typed.institution}:
            more[less].add(typed.institution)
    for typed in rows:
        held = more.get(typed.institution, set())
        if len(held) == 1:
            (typed.institution,) = held
            typed.label = labels[typed.institution]


def heading_row(grid: Grid, edition: Edition, headings: Headings) -> tuple[int, dict[int, str], dict[int, str]]:
    """The row of headings (counted from 0), what each column is, and headings that are nothing, by column.

    Raises:
        SheetError: there is no such row, or none with a period or an institution, or a heading stands twice.
    """
    names = _names(edition, headings)
    lacking = ""
    for top, cells in enumerate(grid.rows[:_LOOK_DOWN]):
        texts = {at: _known(shown(cell), names) for at, cell in enumerate(cells) if not is_blank(cell)}
        columns = {at: names[text] for at, text in texts.items() if text in names}
        told = set(columns.values())
        if told & set(_WHOSE) and "period" in told and told - COLUMNS:
            twice = [name for name, times in Counter(columns.values()).items() if times > 1]
            if twice:
                at = max(at for at, name in columns.items() if name == twice[0])
                raise SheetError("heading_twice", shown(cells[at]))
            return top, columns, {at: shown(cells[at]) for at in texts if at not in columns}
        if len(told - COLUMNS) > 1:
            lacking = lacking or ("no_period_heading" if told & set(_WHOSE) else "no_institution_heading")
    raise SheetError(lacking or "no_headings", grid.name, "institution period elec_qty …")


def is_sum(texts: Mapping[str, str], words: Words) -> bool:
    """Whether a row adds up others: it has no code, and a total word where the name of an institution stands.

    >>> is_sum({"institution": "Sum", "code": ""}, Words.of([("total_word", "", "sum")]))
    True
    """
    if texts.get("code") or texts.get("credit_code"):
        return False
    return is_total(texts.get("institution", ""), words)


def is_aside(heading: str, headings: Headings) -> bool:
    """Whether a heading is one people add for themselves, such as a remark or the number of the row.

    >>> is_aside(" No. ", {"no.": "aside"}), is_aside("Nos", {"no.": "aside"})
    (True, False)
    """
    return _bare(heading) in {_bare(word) for word, name in headings.items() if name == "aside"}


def stated_units(
    cells: Sequence[Cell], columns: Mapping[int, str], edition: Edition, headings: Headings
) -> dict[int, str]:
    """What stands in brackets behind the name of an indicator, by column; brackets of the name itself are none."""
    names, found = _names(edition, headings), {}
    for at, name in columns.items():
        text = "".join(shown(cells[at]).split())
        held = _UNIT.search(text)
        if name not in COLUMNS and _bare(text) not in names and held is not None:
            found[at] = held[0][1:-1]
    return found


def _names(edition: Edition, headings: Headings) -> dict[str, str]:
    """What a heading may say: the key, the code, or the name; where two forms have one name, form 2 goes first.

    A name may stand without the brackets at its end, unless several names differ in nothing else.
    """
    before = {name: word for word, name in headings.items() if name.startswith("form_")}
    names: dict[str, str] = {}
    whole: dict[str, str] = {}
    short: dict[str, set[str]] = defaultdict(set)
    for indicator in edition.indicators.values():
        if indicator.is_entered:
            name = before.get(f"form_{indicator.form}", "") + indicator.name_zh
            for text in (indicator.key, indicator.base_code, indicator.name_zh, name, indicator.name_en):
                whole.setdefault(_bare(text), indicator.key)
                names.setdefault(_plain(text), indicator.key)
                if _plain(text) != _bare(text):
                    short[_plain(text)].add(_bare(text))
    for text in (text for text, of in short.items() if len(of) > 1):
        names.pop(text, None)
    names |= whole
    names.pop("", None)
    return names | {_plain(word): name for word, name in headings.items() if name in COLUMNS}


def _known(text: str, names: Mapping[str, str]) -> str:
    """A heading as it is known: whole, for brackets may be part of a name, else without the unit behind it."""
    return _bare(text) if _bare(text) in names else _plain(text)


_BRACKETS = str.maketrans("\uff08\uff09", "()")


def _bare(text: str) -> str:
    return "".join(text.split()).casefold().translate(_BRACKETS)


def _plain(text: str) -> str:
    """A heading without blanks and without the unit in brackets behind it."""
    return _UNIT.sub("", _bare(text))


def _text(cells: Sequence[Cell], at: int) -> str:
    return shown(cells[at]).strip() if at < len(cells) and not is_blank(cells[at]) else ""


def _read(typed: Typed, line: Indicator, cell: Cell, words: Words, convert: Convert, stated: str) -> None:
    value = number(cell, line, words, convert, stated)
    if isinstance(value, Fault):
        unit = f" {stated}" if value.code == "unit_not_allowed" and stated else ""
        typed.unreadable[line.key] = shown(cell) + unit
        typed.values[line.key] = None
    else:
        typed.values[line.key] = value
        if value is not None and value < 0:
            typed.negative.add(line.key)

"""Reviewing returns from a file, without a database: reference data and the rules are all it needs."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from nengtan import reference
from nengtan.domain.returns.among import numbered, rows_of, with_earlier
from nengtan.domain.returns.forms.heads import heads_of, period_written
from nengtan.domain.returns.forms.reading import FormRead, read_form
from nengtan.domain.returns.forms.rows import unknown_headings
from nengtan.domain.returns.forms.seal import Tag, read_blank, read_tag
from nengtan.domain.returns.review.engine import Engine
from nengtan.domain.returns.review.findings import Finding
from nengtan.domain.returns.review.peers import with_peers_among
from nengtan.domain.returns.review.rules import Rule, Scope
from nengtan.domain.returns.review.table import Table, table_of, with_rooms
from nengtan.domain.returns.scheme import Edition, Indicator, edition_of
from nengtan.domain.returns.sheet import (
    RefusedUnit,
    ReturnSheet,
    SheetError,
    Typed,
    join_named,
    other_edition,
    read_returns,
)
from nengtan.domain.returns.slots import Kind, Slot
from nengtan.domain.sheets.cells import Grid
from nengtan.reference import scheme
from nengtan.reference.quotas import quota_settings
from nengtan.reference.rules import rule_book
from nengtan.reference.words import sheet_words
from nengtan.ui.sheets.reader import open_table


def read_file(filename: str, content: bytes, edition: Edition) -> ReturnSheet:
    """The returns of a file: a row each on any of its sheets, or forms as they are drawn here; others are left.

    Raises:
        Refused: the file as a whole is not taken.
        SheetError: no sheet is one of returns, one is read ambiguously, or a form is of another edition.
    """
    whole, refused = ReturnSheet(), list[SheetError]()
    forms: dict[_Place, Typed] = {}
    drawn: Counter[tuple[str, Slot, int]] = Counter()
    grids = [grid for grid in open_table(content, filename) if not grid.hidden]
    blanks = _blanks(grids, edition)
    for at, grid in enumerate(grids):
        tag = blanks.get(at) or read_tag(grid)
        if tag is not None:
            this = (tag.institution, tag.period, tag.form)
            form = _add_form(forms, grid, tag, edition, drawn[this])
            whole.units |= form.units
            whole.refused |= _refused(form)
            drawn[this] += 1
            continue
        try:
            read = read_returns(grid, edition, scheme.headings(), sheet_words(), converted)
        except SheetError as error:
            if error.code not in ("no_headings", "no_period_heading", "no_institution_heading"):
                raise
            refused.append(error)
            continue
        _of_edition(grid, edition, read)
        read.unknown = unknown_headings(grid, list(scheme.editions().values()), scheme.headings())
        wrong = {problem.found for problem in read.unknown}
        read.ignored = [heading for heading in read.ignored if heading not in wrong]
        for name in ("rows", "ignored", "unread", "unknown"):
            getattr(whole, name).extend(getattr(read, name))
        whole.units |= read.units
        whole.refused |= read.refused
    whole.rows += forms.values()
    join_named(whole.rows)
    if refused and not whole.rows and not whole.unread:
        raise refused[0]
    return whole


def _blanks(grids: Sequence[Grid], edition: Edition) -> dict[int, Tag]:
    """The empty forms of a file somebody filled in, by their place: whose they are their header says."""
    words, found = scheme.form_words(), {}
    blanks = [(at, blank) for at, grid in enumerate(grids) if (blank := read_blank(grid)) is not None]
    heads = heads_of([(grids[at], edition) for at, _blank in blanks], words)
    for (at, blank), head in zip(blanks, heads, strict=True):
        whose = next(filter(None, head.whose), "")
        period = period_written(head.texts.get("period", ""))
        if period is None or not whose:
            raise SheetError("blank_unnamed", head.texts.get("period", ""), sheet=grids[at].name)
        found[at] = Tag(whose, period, blank.edition, blank.form, blank.row)
    return found


def _of_edition(grid: Grid, edition: Edition, read: ReturnSheet) -> None:
    """Refuse a sheet of rows of another edition: as its title says where it was drawn here, else as its headings do."""
    words, (title, _blank, code) = scheme.form_words(), grid.name.partition(" ")
    if title in (words["consumption_sheet"], words["rooms_sheet"]) and code in scheme.editions():
        other = "" if code == edition.code else code
    else:
        years = {typed.period.year for typed in read.rows}
        other = other_edition(grid, edition, scheme.editions().values(), scheme.headings(), years)
    if other:
        raise SheetError("wrong_edition", other, edition.code, grid.name)


def years_of_others(sheet: ReturnSheet, edition: Edition) -> dict[str, list[int]]:
    """The years of a sheet by the edition their returns are asked for in, where none is of ``edition``."""
    found: dict[str, list[int]] = {}
    for year in sorted({typed.period.year for typed in sheet.rows}):
        found.setdefault(edition_of(year, scheme.editions().values()).code, []).append(year)
    return {} if edition.code in found else found


_Place = tuple[str, Slot, str, int]
"""The body, the period, the room, and how many times the same stood there before."""


def _add_form(forms: dict[_Place, Typed], grid: Grid, tag: Tag, edition: Edition, before: int) -> FormRead:
    """What a drawn form says, to the return it is of; form 1 has no figures.

    The same form of the same return ``before`` makes this one a double, as a room does that stands in it twice.
    """
    if tag.edition != edition.code:
        raise SheetError("wrong_edition", tag.edition, edition.code, grid.name)
    found = read_form(grid, edition, tag.form, scheme.form_words(), sheet_words(), converted)
    for (record, indicator), placed in found.cells.items():
        key = (tag.institution, tag.period, record, before)
        typed = forms.setdefault(key, Typed(placed.row, tag.institution, tag.period, record))
        typed.values[indicator] = placed.value
        if placed.fault is not None:
            typed.unreadable[indicator] = placed.fault.found
        elif placed.value is not None and placed.value < 0:
            typed.negative.add(indicator)
    for problem in found.problems:
        if problem.code == "room_twice":
            key = (tag.institution, tag.period, problem.found, before + 1)
            forms.setdefault(key, Typed(problem.row, tag.institution, tag.period, problem.found))
    return found


def _refused(read: FormRead) -> dict[str, RefusedUnit]:
    """The columns of a form whose unit leads nowhere."""
    return {
        problem.column: RefusedUnit(problem.label, problem.found, int(str(problem.params["figures"])))
        for problem in read.problems
        if problem.code == "unit_not_allowed"
    }


_MULTIPLES = {("10kCNY", "CNY"): Decimal(10000), ("10km2", "m2"): Decimal(10000)}


def converted(value: Decimal, unit: str, line: Indicator) -> Decimal | None:
    """A value in the unit of a line: by the carrier of the line, or as all carriers of that unit agree.

    Money and areas go by their multiples. None where nothing leads from one unit to the other.
    """
    if unit == line.unit:
        return value
    carriers = reference.carriers()
    held = [carriers[line.carrier]] if line.carrier and line.carrier in carriers else list(carriers.values())
    factors = {carrier.units.get(unit) for carrier in held if carrier.unit == line.unit}
    factor = _MULTIPLES.get((unit, line.unit)) or (factors.pop() if len(factors) == 1 else None)
    return None if factor is None else (value * factor).normalize() + 0


class SheetReview:
    """A sheet held against the rules, row against row, by kind of period."""

    def __init__(self, sheet: ReturnSheet, edition: Edition) -> None:
        self._edition = edition
        kinds = {typed.period.kind for typed in sheet.rows}
        self._tables = [
            held for kind in Kind if kind in kinds for held in _tables(sheet, edition, kind) if len(held.table)
        ]

    def findings(self) -> Iterator[Finding]:
        """Every finding, those of rooms before those of returns."""
        for held in self._tables:
            yield from held.findings()

    def not_run(self) -> list[Rule]:
        """The rules of the edition that were asked of nothing, or could not be: what they compare with is not there."""
        ran = frozenset[str]().union(*(held.engine.rules - held.engine.silent(held.table) for held in self._tables))
        return [
            rule for rule in rule_book().rules
            if rule.id not in ran
            and any(check.scope is not Scope.ROOM and self._edition.code in (check.editions or (self._edition.code,))
                    for check in rule.checks)
        ]  # fmt: skip

    def lacking(self) -> list[Rule]:
        """The rules of which a part compared with nothing, for no quota is known."""
        found = frozenset[str]().union(*(held.engine.lacking(held.table.places) for held in self._tables))
        return [rule for rule in rule_book().rules if rule.id in found]


@dataclass(frozen=True)
class _Held:
    """Rows of one kind of period, with the rules for those of some ``years``."""

    engine: Engine
    table: Table
    years: frozenset[str]

    def findings(self) -> Iterator[Finding]:
        """Of the rows of those years; others stand there to be compared with."""
        return (one for one in self.engine.review(self.table) if one.period.partition("-")[0] in self.years)


def _tables(sheet: ReturnSheet, edition: Edition, kind: Kind) -> list[_Held]:
    """The rooms and the returns of one kind of period with the rules for each, and all that other rows say of them."""
    engine = Engine(rule_book(), edition, kind, Scope.RETURN)
    rows, rooms, of = rows_of(sheet, kind, reference.institution_types(), _chain)
    periods = [typed.period for typed in sheet.rows if not typed.record and typed.period.kind is kind]
    whole, room_table = table_of(rows), table_of(rooms)
    owners = np.array(of, dtype=np.int64)
    (counted,) = np.nonzero(owners >= 0)
    if len(counted):
        whole = with_rooms(whole, room_table.rows(counted), owners[counted])
    if rows:
        whole = with_earlier(whole, rows, periods, engine.columns(), scheme.base_year)
    if kind is Kind.ANNUAL:
        years = np.array([period.year for period in periods], dtype=np.int64)
        whole = with_peers_among(whole, numbered(row.institution for row in rows), years, engine)
    by_quotas: dict[int, set[int]] = defaultdict(set)
    for year in {typed.period.year for typed in sheet.rows}:
        by_quotas[len(quota_settings(year))].add(year)
    room_engine = Engine(rule_book(), edition, kind, Scope.ROOM)
    return [
        _Held(room_engine, room_table, frozenset(str(year) for years in by_quotas.values() for year in years)),
        *(
            _Held(
                Engine(rule_book(), edition, kind, Scope.RETURN, quota_settings(min(years))) if count else engine,
                whole, frozenset(map(str, years)),
            )
            for count, years in sorted(by_quotas.items())
        ),
    ]  # fmt: skip


def _chain(region: str) -> tuple[str, ...]:
    """A region as a file has it, by code, with those above it; one that is no code of the nation stands by itself.

    >>> _chain("420106"), _chain("420106001000"), _chain("Wuchang"), _chain("")
    (('420106', '420100', '420000', 'CN'), ('420106', '420100', '420000', 'CN'), ('Wuchang', 'CN'), ('CN',))
    """
    known = reference.regions()
    above = region if region in known else region[:_DISTRICT]
    chain = []
    while above in known:
        chain.append(above)
        above = known[above].parent or ""
    return tuple(chain) or (((region,) if region else ()) + ("CN",))


_DISTRICT = 6
"""Digits of the code of a district; those of a town have more."""

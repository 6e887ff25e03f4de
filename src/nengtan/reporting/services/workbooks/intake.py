"""A workbook of returns as it was sent: forms, rows, seals; nothing is looked up yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from django.conf import settings

from nengtan.domain.returns.forms.heads import Head, heads_of, period_written, read_head
from nengtan.domain.returns.forms.page import Cell
from nengtan.domain.returns.forms.reading import Placed, is_form, read_form
from nengtan.domain.returns.forms.rows import Row, RowsRead, read_rows, unknown_headings, years_of
from nengtan.domain.returns.forms.seal import Blank, Seal, SealBroken, Tag, is_seal, read_blank, read_seals, read_tag
from nengtan.domain.returns.scheme import Edition, Level, edition_of
from nengtan.domain.returns.sheet import SheetError
from nengtan.domain.returns.slots import Slot
from nengtan.domain.sheets.cells import Grid
from nengtan.domain.sheets.problems import Fault, Problem
from nengtan.reference import scheme
from nengtan.reference.words import sheet_words
from nengtan.reporting.services.headers import Headers
from nengtan.reporting.services.sheets import converted
from nengtan.ui.sheets.collector import paused
from nengtan.ui.sheets.reader import open_table
from nengtan.ui.sheets.refused import Limits, Refused

__all__ = ["FileRead", "Sent", "limits", "read_workbook"]


@dataclass
class Sent:
    """What one sheet, or one row, says of a return; ``edition`` is "" where the sheet names none.

    ``at`` is where the header of a form says whose it is, ``named`` the name it says beside its tag. ``headings`` are
    lines whose heading is wrong, with what is wrong: told once, not at every figure below it; ``unknown`` headings are
    nothing at all.
    """

    sheet: str
    row: int
    whose: tuple[str, str, str]
    period: Slot
    edition: str
    form: int = 0
    cells: dict[Cell, Decimal | None] = field(default_factory=dict)
    faults: dict[Cell, Fault] = field(default_factory=dict)
    places: dict[Cell, Placed] | None = None
    letters: dict[str, str] = field(default_factory=dict)
    at: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    named: str = ""
    problems: list[Problem] = field(default_factory=list)
    headings: Mapping[str, Problem] = field(default_factory=dict)
    unknown: Sequence[Problem] = ()

    def placed(self, cell: Cell) -> Placed:
        """Where a cell stands in the file."""
        if self.places is not None and cell in self.places:
            return self.places[cell]
        letter = self.letters.get(cell[1], "")
        return Placed(self.sheet, self.row, letter, self.cells.get(cell), self.faults.get(cell))

    def problem(self, column: str, fault: Fault) -> Problem:
        """What is wrong with the row, or with the sheet, as a whole."""
        row, letter = self.at.get(column, (self.row, self.letters.get(column, "")))
        return Problem(row, column, "", letter, fault.code, fault.found, fault.allowed, fault.params, sheet=self.sheet)


@dataclass
class FileRead:
    """Everything a file says, and what could not be read of it."""

    sent: list[Sent] = field(default_factory=list)
    seals: dict[tuple[str, Slot], Seal] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)


def limits() -> Limits:
    """How large a file may be in this installation."""
    return Limits(max_bytes=settings.MAX_UPLOAD_BYTES)


def read_workbook(filename: str, content: bytes, only: tuple[str, Slot] | None = None) -> FileRead:
    """Read a file as it was sent. ``only``: the code and period an empty form is of that says neither.

    Raises:
        Refused: the file as a whole is not taken.
    """
    with paused():
        grids = open_table(content, filename, limits())
        read = FileRead()
        for grid in grids:
            if is_seal(grid):
                _unseal(read, grid)
        blanks = [(grid, blank) for grid in grids if (blank := read_blank(grid)) is not None]
        for grid in grids:
            if not is_seal(grid) and all(grid is not one for one, _blank in blanks):
                _read_sheet(read, grid)
        _blanks(read, blanks, only)
    if not read.sent and not read.problems:
        raise Refused("foreign_workbook")
    return read


def _unseal(read: FileRead, grid: Grid) -> None:
    try:
        read.seals |= {(seal.institution, seal.period): seal for seal in read_seals(grid)}
    except SealBroken as broken:
        raise Refused("seal_broken", grid.name) from broken


def _read_sheet(read: FileRead, grid: Grid) -> None:
    tag = read_tag(grid)
    if tag is not None:
        _form(read, grid, tag)
    elif grid.name.split()[:1] == [scheme.form_words()["notes_sheet"]]:
        return
    elif grid.hidden:
        read.notes.append(_of_sheet(grid, "sheet_hidden"))
    else:
        _rows(read, grid)


def _blanks(read: FileRead, blanks: Sequence[tuple[Grid, Blank]], only: tuple[str, Slot] | None) -> None:
    """Empty forms somebody filled in: each of whom and when its header says, else what the first that says it says."""
    words, editions, told = scheme.form_words(), scheme.editions(), set[Fault]()
    forms = [(grid, editions.get(blank.edition) or editions[max(editions)]) for grid, blank in blanks]
    for (grid, blank), head in zip(blanks, heads_of(forms, words), strict=True):
        code, credit_code, name = head.whose
        period = period_written(head.texts.get("period", ""))
        if only is not None:
            code = code if code or credit_code or name else only[0]
            period = period if period or "period" in head.texts else only[1]
        named = bool(code or credit_code or name)
        wrong = {} if named else {"institution": Fault("blank_without_name")}
        stated = head.texts.get("period", "")
        wrong |= (
            {} if period else {"period": Fault("not_a_return_period" if stated else "blank_without_period", stated)}
        )
        for column, fault in wrong.items():
            if fault not in told:  # once, not once a form
                read.problems.append(_of_head(grid, head, column, fault))
        told |= set(wrong.values())
        if period is None or not named:
            continue
        tag = Tag("", period, blank.edition, blank.form, blank.row)
        _form(
            read, grid, tag, (code, credit_code, name), {**head.places, "code": head.places.get("institution", (0, ""))}
        )


def _of_head(grid: Grid, head: Head, column: str, fault: Fault) -> Problem:
    row, letter = head.places.get(column, (0, ""))
    return Problem(row, column, "", letter, fault.code, fault.found, fault.allowed, fault.params, sheet=grid.name)


def _form(
    read: FileRead, grid: Grid, tag: Tag, whose: tuple[str, str, str] | None = None,
    at: Mapping[str, tuple[int, str]] | None = None,
) -> None:  # fmt: skip
    """A form as it was drawn; form 1 holds no figures and stands in the register."""
    edition = scheme.editions().get(tag.edition)
    if edition is None or tag.form not in edition.forms or edition.forms[tag.form].level is not Level.BASE:
        fault = Problem(tag.row, "", "", "A", "unknown_form", f"{tag.edition}/{tag.form}", tuple(scheme.editions()))
        read.problems.append(replace(fault, sheet=grid.name))
        return
    if grid.formulas:
        read.notes.append(replace(_of_sheet(grid, "formulas_taken"), params={"count": grid.formulas}))
    found, named = read_form(grid, edition, tag.form, scheme.form_words(), sheet_words(), converted), ""
    if whose is None:
        head = read_head(grid, edition, scheme.form_words())
        stated = period_written(head.texts.get("period", ""))
        if stated not in (None, tag.period):
            told = Fault("another_period", head.texts["period"], (str(tag.period),))
            read.problems.append(_of_head(grid, head, "period", told))
            return
        named = head.texts.get("institution", "")
        whose, at = (tag.institution, head.texts.get("credit_code", ""), ""), {"code": (tag.row, "A"), **head.places}
    sent = Sent(
        grid.name, 0, whose, tag.period, tag.edition, tag.form, places=found.cells, at=at or {}, named=named,
    )  # fmt: skip
    for cell, placed in found.cells.items():
        if placed.fault is not None:
            sent.faults[cell] = placed.fault
        else:
            sent.cells[cell] = placed.value
    sent.problems = found.problems
    read.notes += [
        replace(_of_sheet(grid, "form_line_missing"), found=edition.indicators[key].name_zh) for key in found.missing
    ]
    read.notes += _converted(grid, edition, found.units)
    read.sent.append(sent)


def _rows(read: FileRead, grid: Grid) -> None:
    """A row for each return, in the edition its period belongs to; mostly all are of one."""
    known = Headers().editions.values()
    try:
        years = years_of(grid, max(known, key=lambda edition: edition.first_year), scheme.headings())
        codes = {year: edition_of(year, known).code for year in years} or {0: max(scheme.editions())}
        unknown = unknown_headings(grid, list(known), scheme.headings())
        for code in sorted(set(codes.values())):
            told = read_rows(grid, scheme.edition(code), scheme.headings(), sheet_words(), converted)
            read.sent += [_sent(told, row, code, unknown) for row in told.rows if codes[row.period.year] == code]
            read.notes += _converted(grid, scheme.edition(code), told.units)
    except SheetError as error:
        _no_rows(read, grid, error)
        return
    read.problems += told.problems
    read.notes += [replace(_of_sheet(grid, "total_row"), row=row) for row in told.totals]
    if grid.formulas:
        read.notes.append(replace(_of_sheet(grid, "formulas_taken"), params={"count": grid.formulas}))
    refused = {problem.found for problem in unknown}
    read.notes += [
        replace(_of_sheet(grid, "heading_ignored"), found=heading) for heading in told.ignored if heading not in refused
    ]


def _no_rows(read: FileRead, grid: Grid, error: SheetError) -> None:
    if error.code == "no_headings" and is_form(grid, scheme.form_words()):
        read.problems.append(replace(_of_sheet(grid, "form_tag_missing"), severity="error"))
    elif error.code == "no_headings":
        read.notes.append(_of_sheet(grid, "sheet_left_out"))
    else:
        read.problems.append(replace(_of_sheet(grid, error.code), found=error.found, severity="error"))


def _sent(found: RowsRead, row: Row, edition: str, unknown: Sequence[Problem]) -> Sent:
    return Sent(
        found.sheet, row.row, (row.code, row.credit_code, row.name), row.period, edition,
        cells={(row.record, key): value for key, value in row.values.items()},
        faults={(row.record, key): fault for key, fault in row.faults.items()},
        letters=found.letters, headings=found.refused, unknown=unknown,
    )  # fmt: skip


def _converted(grid: Grid, edition: Edition, units: Mapping[str, str]) -> list[Problem]:
    """That figures came in another unit than the form's, and were converted."""
    lines = edition.indicators
    return [
        replace(_of_sheet(grid, "unit_converted"), found=lines[key].name_zh, allowed=(lines[key].unit,),
                params={"unit": unit})
        for key, unit in units.items()
    ]  # fmt: skip


def _of_sheet(grid: Grid, code: str) -> Problem:
    return Problem(0, "", "", "", code, grid.name, severity="note", sheet=grid.name)

"""A case from a file, JSON or a workbook with a sheet for each table; every fault with its place."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Any, get_args, get_type_hints

from django.utils import translation
from django.utils.translation import gettext as _

from nengtan import reference
from nengtan.domain.settlement.document import Flaw, read, tables
from nengtan.domain.settlement.terms import Case
from nengtan.domain.sheets.cells import BadCell, Cell, Grid, is_blank, shown
from nengtan.domain.sheets.words import fold
from nengtan.trusteeship.settling.flaws import told
from nengtan.trusteeship.settling.words import CHOICES, FIELDS, ITEM, SHOWN, TABLES
from nengtan.ui.sheets.reader import Limits, Refused, open_table
from nengtan.ui.sheets.wording import refusal_told

__all__ = ["read_case"]

LIMITS = Limits(max_rows=100_000, max_columns=200)
MOST_BYTES = 50 * 2**20
_PATH = re.compile(r"(\w+)(?:\[(\d+)\])?(?:\.(\w+))?")
_YES, _NO = ("yes", "true", "1"), ("no", "false", "0")
_LANGUAGES = ("en", "zh-hans")

Faults = list[dict[str, Any]]


def read_case(content: bytes, name: str) -> tuple[Case | None, Faults]:
    """The case a file holds, or everything that keeps it from being read, told for people and programs.

    ``name`` is the one the file was sent under.
    """
    try:
        if name.lower().endswith(".json"):
            case, flaws = read(_json(content))
            return case, [told(flaw) for flaw in flaws]
        return _workbook(content, name)
    except Refused as refused:
        return None, [refusal_told(refused)]
    except _NotJson as error:
        return None, [told(Flaw(name, "not_json", str(error)))]


def _json(content: bytes) -> object:
    if len(content) > MOST_BYTES:
        raise Refused("too_large", str(len(content)), str(MOST_BYTES))
    try:
        return json.loads(content.decode("utf-8-sig"), parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise _NotJson(str(error)[:120]) from error


class _NotJson(ValueError):
    """The file is no JSON; says where it stops being so."""


def _workbook(content: bytes, name: str) -> tuple[Case | None, Faults]:
    sheets = open_table(content, name, LIMITS)
    names = _table_names()
    document: dict[str, Any] = {}
    rows: dict[str, _Sheet] = {}
    faults: Faults = []
    for grid in sheets:
        code = names.get(fold(grid.name))
        if code in SHOWN or grid.hidden:
            continue
        if code is None:
            faults.append(told(Flaw(grid.name, "unknown_sheet", grid.name, tuple(map(str, TABLES.values())))))
            continue
        sheet = rows[code] = _Sheet(code, grid)
        faults += sheet.faults
        if sheet.value:
            document[code] = sheet.value
    case, flaws = read(document)
    faults += [_placed(flaw, rows) for flaw in flaws]
    return (None, faults) if faults else (case, [])


def _placed(flaw: Flaw, sheets: Mapping[str, _Sheet]) -> dict[str, Any]:
    """A flaw with its sheet, row and heading as they stand in the workbook."""
    matched = _PATH.match(flaw.path)
    sheet = sheets.get(matched[1]) if matched else None
    if matched is None or sheet is None:
        return told(flaw)
    name = matched[3] or ""
    at = int(matched[2]) if matched[2] else 0
    numbers = sheet.numbers[at : at + 1] or [0]
    row = sheet.rows.get(name, 0) if sheet.is_single else numbers[0]
    heading = sheet.headings.get(name, name) or sheet.grid.name
    return {**told(flaw), "sheet": sheet.grid.name, "row": row, "column": heading}


class _Sheet:
    """One sheet: rows of a table below its headings, or the fields of a single record one below the other."""

    def __init__(self, code: str, grid: Grid) -> None:
        self.code, self.grid = code, grid
        record, many = tables()[code]
        self.is_single = not many
        self.known = {field.name for field in fields(record)}
        self.kinds = {name: _kind(hint) for name, hint in get_type_hints(record).items()}
        self.headings: dict[str, str] = {}
        self.rows: dict[str, int] = {}
        self.numbers: list[int] = []
        self.faults: Faults = []
        self.value: Any = self._many() if many else self._single()

    def _single(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for number, row in enumerate(self.grid.rows, 1):
            if is_blank(row[0]) or (number == 1 and fold(shown(row[0])) in _item_words()):
                continue
            name = self._name(row[0], number)
            if name and len(row) > 1 and not is_blank(row[1]):
                found[name] = self._cell(name, row[1], number)
                self.rows[name], self.headings[name] = number, shown(row[0])
        return found

    def _many(self) -> list[dict[str, Any]]:
        if not self.grid.rows:
            return []
        heads = self.grid.rows[0]
        names = [None if is_blank(cell) else self._name(cell, 1) for cell in heads]
        self.headings = {name: shown(cell) for name, cell in zip(names, heads, strict=True) if name}
        found = []
        for number, row in enumerate(self.grid.rows[1:], 2):
            told_of = [(name, cell) for name, cell in zip(names, row, strict=False) if name and not is_blank(cell)]
            if told_of:
                found.append({name: self._cell(name, cell, number) for name, cell in told_of})
                self.numbers.append(number)
        return found

    def _name(self, heading: Cell, row: int) -> str | None:
        name = _field_names(self.code).get(fold(shown(heading)))
        if name is None:
            allowed = tuple(str(FIELDS.get(f"{self.code}.{one}") or FIELDS[one]) for one in self.known if one in FIELDS)
            flaw = Flaw(shown(heading), "unknown_column", shown(heading), allowed)
            self.faults.append({**told(flaw), "sheet": self.grid.name, "row": row})
        return name

    def _cell(self, name: str, cell: Cell, row: int) -> Any:
        """What a cell says, as plain data: words as codes, days as days, whole numbers without a point."""
        if isinstance(cell, BadCell):
            fault = cell.fault()
            flaw = Flaw(f"{self.code}.{name}", fault.code, fault.found)
            self.faults.append({**told(flaw), "sheet": self.grid.name, "row": row})
            return None
        if isinstance(cell, dt.datetime):
            return cell.date()
        if isinstance(cell, float) and cell.is_integer():
            return int(cell)
        kind = self.kinds[name]
        if isinstance(cell, str):
            return _said(name, kind, cell)
        return bool(cell) if kind is bool and cell in (0, 1) else cell


def _kind(hint: Any) -> Any:
    """The plain type behind an annotation: of a tuple its items', of an optional its own."""
    for part in get_args(hint):
        if isinstance(part, type) and part is not type(None):
            return part
    return hint


def _said(name: str, kind: Any, text: str) -> Any:
    if name == "carrier":
        return _carriers().get(fold(text), text.strip())
    if kind is bool:
        plain = text.strip().casefold()
        yes, no = _yes_words()
        return True if plain in yes else False if plain in no else text
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        parts = re.split(r"[;,\uff1b\uff0c\u3001]", text)
        return ";".join(_codes().get(fold(part), part.strip()) for part in parts)
    return text


def _both(code: str, word: Any) -> Iterable[tuple[str, str]]:
    """A word in each language, and the code itself, as they are compared."""
    yield fold(code), code
    for language in _LANGUAGES:
        with translation.override(language):
            yield fold(str(word)), code


@cache
def _table_names() -> dict[str, str]:
    return dict(pair for code, word in {**TABLES, **SHOWN}.items() for pair in _both(code, word))


@cache
def _codes() -> dict[str, str]:
    return dict(pair for code, word in CHOICES.items() for pair in _both(code, word))


@cache
def _field_names(table: str) -> dict[str, str]:
    record, _many = tables()[table]
    names = [field.name for field in fields(record) if field.init]
    return dict(pair for name in names for pair in _both(name, FIELDS.get(f"{table}.{name}") or FIELDS[name]))


@cache
def _carriers() -> dict[str, str]:
    held: Sequence[Any] = list(reference.carriers().values())
    return {fold(word): one.code for one in held for word in (one.code, one.name_zh, one.name_en)}


@cache
def _yes_words() -> tuple[tuple[str, ...], tuple[str, ...]]:
    yes, no = list(_YES), list(_NO)
    for language in _LANGUAGES:
        with translation.override(language):
            yes.append(_("yes").casefold())
            no.append(_("no").casefold())
    return tuple(yes), tuple(no)


@cache
def _item_words() -> frozenset[str]:
    return frozenset(word for word, _code in _both("item", ITEM))

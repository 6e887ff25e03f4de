"""Reviewing returns from a file, without a database: reference data and the rules are all it needs."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import numpy as np

from nengtan import reference
from nengtan.domain.returns.review.engine import Engine
from nengtan.domain.returns.review.findings import Finding
from nengtan.domain.returns.review.rules import Scope
from nengtan.domain.returns.review.table import table_of, with_rooms
from nengtan.domain.returns.scheme import Edition
from nengtan.domain.returns.sheet import ReturnSheet, read_returns, rows_of
from nengtan.domain.returns.slots import Kind
from nengtan.reference import scheme
from nengtan.reference.rules import rule_book
from nengtan.reference.words import sheet_words
from nengtan.ui.sheets.reader import open_table


def read_file(filename: str, content: bytes, edition: Edition) -> list[ReturnSheet]:
    """The sheets of returns in a file.

    Raises:
        Refused: the file as a whole is not taken.
        SheetError: a sheet is none of returns.
    """
    grids = [grid for grid in open_table(content, filename) if not grid.hidden]
    return [read_returns(grid, edition, scheme.headings(), sheet_words(), converted) for grid in grids]


def converted(value: Decimal, unit: str, wanted: str) -> Decimal | None:
    """A value in another unit, by the carrier that knows both, money by its multiples; None where none does."""
    if wanted == "CNY":
        return {"CNY": value, "10kCNY": value * 10000}.get(unit)
    for carrier in reference.carriers().values():
        if carrier.unit == wanted and unit in carrier.units:
            return (value * carrier.units[unit]).normalize() + 0
    return None


def review_sheet(sheet: ReturnSheet, edition: Edition) -> Iterator[Finding]:
    """Every finding of a sheet, by kind of period; rows are held against one another."""
    kinds = {typed.period.kind for typed in sheet.rows}
    for kind in (kind for kind in Kind if kind in kinds):
        rows, rooms, of = rows_of(sheet, kind, reference.institution_types())
        whole = table_of(rows)
        if rooms:
            room_table = table_of(rooms)
            whole = with_rooms(whole, room_table, np.array(of, dtype=np.int64))
            yield from Engine(rule_book(), edition, kind, Scope.ROOM).review(room_table)
        yield from Engine(rule_book(), edition, kind, Scope.RETURN).review(whole)

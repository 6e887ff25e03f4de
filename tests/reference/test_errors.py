"""A fault in a file is told with file, row, field, what was found and what is allowed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nengtan.reference import ReferenceDataError, Row, _rows, rows


def row(**cells: str) -> Row:
    return Row("some.csv", 7, cells)


@pytest.mark.parametrize(
    ("read", "found"),
    [
        (lambda r: r.text("a"), ""),
        (lambda r: r.text("nowhere"), None),
        (lambda r: r.decimal("a"), ""),
        (lambda r: r.decimal("b"), "x"),
        (lambda r: r.decimal("nan"), "NaN"),
        (lambda r: r.optional_integer("b"), "x"),
        (lambda r: r.optional_date("b"), "x"),
        (lambda r: r.flag("b"), "x"),
        (lambda r: r.confidence(), "sure"),
        (lambda r: r.quotient("b"), "x"),
        (lambda r: r.quotient("zero"), "1/0"),
        (lambda r: r.quotient("minus"), "-1"),
    ],
)
def test_a_wrong_cell_names_where_and_what(read: Callable[[Row], Any], found: str | None) -> None:
    with pytest.raises(ReferenceDataError) as refused:
        read(row(a="", b="x", nan="NaN", confidence="sure", zero="1/0", minus="-1"))
    error = refused.value
    assert (error.file, error.row, error.found) == ("some.csv", 7, found)
    assert error.allowed
    assert str(error).startswith("some.csv, row 7, ")


def test_blank_is_none_where_it_may_be() -> None:
    blank = row(a="")
    assert (blank.optional_decimal("a"), blank.optional_integer("a"), blank.optional_date("a")) == (None, None, None)


def test_a_ragged_row_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ragged.csv").write_text("code,name\na,b\nc\n", encoding="utf-8")
    monkeypatch.setattr(_rows, "data_folder", lambda: tmp_path)
    with pytest.raises(ReferenceDataError) as refused:
        list(rows("ragged.csv"))
    assert refused.value.row == 3

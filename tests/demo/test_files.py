"""The files a person can try go through the real reader and mean what the rows mean."""

from decimal import Decimal
from pathlib import Path

import pytest

from nengtan import reference
from nengtan.demo.campus import activity_rows as campus_activity
from nengtan.demo.district import build
from nengtan.demo.samples import faulty_rows, faulty_workbook
from nengtan.demo.workbooks import activity_workbook, registry_workbook, write_workbooks
from nengtan.domain.sheets.activity import ActivityTable, Rules, read_activity
from nengtan.reference.limits import monthly_limits
from nengtan.reference.words import sheet_words
from nengtan.ui.sheets.reader import open_table

LATER = {"duplicate", "unknown_institution"}
"""Faults that only the books and the register can see."""


def read(content: bytes) -> ActivityTable:
    units = {code: dict(carrier.units) for code, carrier in reference.carriers().items()}
    units = {code: {**allowed, "unverified": Decimal(1)} for code, allowed in units.items()}
    return read_activity(open_table(content, "file.xlsx")[0], sheet_words(), Rules(units, monthly_limits()))


def test_each_faulty_row_is_told_apart() -> None:
    table = read(faulty_workbook())
    found: dict[int, set[str]] = {}
    for problem in table.problems:
        found.setdefault(problem.row, set()).add(problem.code)
    for row in faulty_rows():
        if row.fault in {"", "skipped", *LATER}:
            assert row.number not in found
        else:
            assert row.fault in found[row.number]
    assert {item.row for item in table.skipped} == {row.number for row in faulty_rows() if row.fault == "skipped"}


def test_good_rows_of_the_faulty_file_keep_their_meaning() -> None:
    table = read(faulty_workbook())
    read_as = dict(zip(table.row, zip(table.quantity, table.unit, table.period, strict=True), strict=True))
    assert read_as[4] == (Decimal(83650), "kWh", 202401)
    assert read_as[6] == (Decimal("361234.5"), "kWh", 202401)
    assert read_as[12] == (Decimal("1.52"), "10MWh", 202401)


def test_the_faulty_file_names_institutions_of_the_district() -> None:
    names = {row["name"] for row in build().registry_rows()["institutions"]}
    for row in faulty_rows():
        if row.fault not in {"skipped", "unknown_institution"}:
            assert row.cells[0] in names
    assert {row.fault for row in faulty_rows()} >= LATER


@pytest.mark.parametrize("place", ["district", "campus"])
def test_activity_files_read_back_whole(place: str) -> None:
    rows = build().bills[:400] if place == "district" else list(campus_activity())
    table = read(activity_workbook(rows, place))
    assert (table.problems, table.skipped) == ([], [])
    assert table.quantity == [row["quantity"] for row in rows]
    assert table.cost == [row["cost"] for row in rows]
    assert table.institution_code == [row["institution_code"] for row in rows]
    assert table.unit == [row["unit"] for row in rows]


def test_the_register_file_has_a_sheet_for_each_kind_of_record() -> None:
    sheets = build().registry_rows()
    grids = open_table(registry_workbook(sheets), "registry.xlsx")
    assert [len(grid.rows) - 1 for grid in grids] == [len(rows) for rows in sheets.values()]


def test_all_files_are_written(tmp_path: Path) -> None:
    paths = write_workbooks(tmp_path / "try", build())
    assert all(path.stat().st_size > 0 for path in paths)
    assert {"1-registry.xlsx", "3-activity-2023.xlsx", "6-faulty-example.xlsx", "SOURCE.md"} <= {p.name for p in paths}

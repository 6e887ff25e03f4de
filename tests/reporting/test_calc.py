"""Workbooks that LibreOffice Calc opened and saved, as offices do: they come back as if nobody had touched them."""

from __future__ import annotations

import subprocess
from decimal import Decimal
from pathlib import Path

import pytest

from nengtan.reporting.models import Return
from nengtan.reporting.report import office
from nengtan.reporting.services import CellChange, save_cells, workbooks
from tests.cast import Cast
from tests.reporting.desk import opened
from tests.reporting.english import _in_english
from tests.reporting.workbooks import typed

__all__ = ["_in_english"]

pytestmark = pytest.mark.requires("office", "calc")


@pytest.fixture
def school(cast: Cast) -> Return:
    return opened(cast)


def resaved(content: bytes, folder: Path, ending: str = "xlsx") -> bytes:
    """What Calc makes of a workbook."""
    (folder / "in").mkdir(exist_ok=True)
    (folder / "in" / "book.xlsx").write_bytes(content)
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    asked = [office.program(), profile, "--headless", "--convert-to", ending, "--outdir", "out", "in/book.xlsx"]
    subprocess.run(asked, cwd=folder, check=True, capture_output=True, timeout=120)
    return (folder / "out" / f"book.{ending}").read_bytes()


@pytest.mark.parametrize("ending", ["xlsx", "xls", "ods"])
def test_forms_that_calc_saved_change_what_was_typed_and_nothing_else(
    cast: Cast, school: Return, tmp_path: Path, ending: str
) -> None:
    statistician = cast.actor("statistician")
    save_cells(statistician, school, [CellChange("room_elec", Decimal("0.000001"), 0, "0001")])
    given = workbooks.forms_of_returns(statistician, [school])
    same = workbooks.take_file(statistician, f"a.{ending}", resaved(given, tmp_path, ending))
    assert not same.errors
    assert same.cells == 0
    result = workbooks.take_file(statistician, f"a.{ending}", resaved(typed(given, c110=31000), tmp_path, ending))
    assert not result.errors
    assert (result.stored, result.cells) == (True, 1)
    assert school.values.get(indicator="elec_qty").value == Decimal(31000)


def test_a_row_a_return_that_calc_saved_is_taken(cast: Cast, school: Return, tmp_path: Path) -> None:
    district = cast.actor("district")
    given = workbooks.rows_of_returns(district, [school])
    result = workbooks.take_file(district, "a.xlsx", resaved(given, tmp_path))
    assert not result.errors
    assert result.cells == 0

"""The demonstration as real Excel files, in the form the import takes, for somebody who wants to try it by hand."""

from collections.abc import Iterable, Sequence
from datetime import date
from functools import cache
from pathlib import Path

from nengtan import reference
from nengtan.demo import campus
from nengtan.demo.district import District
from nengtan.demo.samples import faulty_workbook
from nengtan.demo.tables import Row, Sheets, word
from nengtan.reference.words import word_rows
from nengtan.ui.sheets.writer import Sheet, SheetColumn, write_workbook

__all__ = ["ACTIVITY_COLUMNS", "activity_workbook", "registry_workbook", "write_workbooks"]

ACTIVITY_COLUMNS = (
    "institution_code",
    "institution_name",
    "period",
    "carrier",
    "quantity",
    "unit",
    "cost",
    "origin",
    "building_code",
    "meter_code",
    "item",
    "bill_no",
    "note",
)
"""Columns of the long activity sheet, in order."""


def registry_workbook(sheets: Sheets) -> bytes:
    """A register workbook of the sheets that have rows."""
    return write_workbook([_sheet(word(f"sheets.{name}"), rows) for name, rows in sheets.items() if rows])


def activity_workbook(rows: Iterable[Row], title: str) -> bytes:
    """A long activity workbook of one sheet."""
    return write_workbook([_sheet(title, list(rows), ACTIVITY_COLUMNS)])


def write_workbooks(folder: Path, district: District) -> list[Path]:
    """Write register, updates, activity by year, the campus and the faulty sample; the paths, in order of import."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {"1-registry.xlsx": registry_workbook(district.registry_rows())}
    for day, sheets in district.registry_updates().items():
        files[f"2-registry-from-{day.isoformat()}.xlsx"] = registry_workbook(sheets)
    rows = district.activity_rows()
    for year in sorted({_year(row) for row in rows}):
        files[f"3-activity-{year}.xlsx"] = activity_workbook((row for row in rows if _year(row) == year), str(year))
    files["4-campus-registry.xlsx"] = registry_workbook(campus.registry_rows())
    files["5-campus-activity.xlsx"] = activity_workbook(campus.activity_rows(), campus.REGION)
    files["6-faulty-example.xlsx"] = faulty_workbook()
    paths = [folder / name for name in files]
    for path, content in zip(paths, files.values(), strict=True):
        path.write_bytes(content)
    source = folder / "SOURCE.md"
    source.write_text(campus.source_text(), encoding="utf-8")
    return [*paths, source]


def _year(row: Row) -> int:
    return int(str(row["period"])) // 100


def _sheet(title: str, rows: Sequence[Row], columns: Sequence[str] = ()) -> Sheet:
    keys = columns or tuple(dict.fromkeys(key for row in rows for key in row))
    headings = [SheetColumn(_heading(key), width=_width(key), number_format=_format(rows, key)) for key in keys]
    return Sheet(title, headings, ([row.get(key) for key in keys] for row in rows))


@cache
def _headings() -> dict[str, str]:
    """The first Chinese heading the import knows for each column; particulars of assets by their own names."""
    found = {field.key: field.zh for kind in reference.asset_kinds().values() for field in kind.fields}
    known: dict[str, str] = {}
    for kind, key, written in word_rows():
        if kind == "column" and not written.isascii():
            known.setdefault(key, written)
    return found | known


def _heading(key: str) -> str:
    return _headings().get(key, key)


def _width(key: str) -> float:
    return 32 if key in {"name", "institution_name", "address", "note"} else 16


def _format(rows: Sequence[Row], key: str) -> str:
    if any(isinstance(row.get(key), date) for row in rows):
        return "yyyy-mm-dd"
    return "@" if key.endswith("code") or key in {"code", "kind", "item"} else ""

"""Files as people send them, and files nobody should open."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from openpyxl.styles import PatternFill
from openpyxl.worksheet.worksheet import Worksheet

from nengtan.domain.sheets.cells import BadCell, Merge
from nengtan.ui.sheets.reader import Limits, Refused, open_table

OLE = bytes.fromhex("d0cf11e0a1b11ae1")


def workbook(fill: Callable[[Worksheet], object]) -> bytes:
    book = openpyxl.Workbook()
    assert book.active is not None
    fill(book.active)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def simple() -> bytes:
    return workbook(lambda sheet: sheet.append(["单位", 1.5]))


def changed(data: bytes, part: str, change: Callable[[bytes], bytes], add: dict[str, bytes] | None = None) -> bytes:
    """A copy of a zip with one part rewritten and others added."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, change(source.read(name)) if name == part else source.read(name))
        for name, content in (add or {}).items():
            target.writestr(name, content)
    return out.getvalue()


def refused(data: bytes | Path, name: str = "a.xlsx", limits: Limits | None = None) -> Refused:
    with pytest.raises(Refused) as caught:
        open_table(data, name, limits)
    return caught.value


SHEET = "xl/worksheets/sheet1.xml"


def test_a_workbook_keeps_places_dates_and_merges() -> None:
    def fill(sheet: Worksheet) -> None:
        sheet["B2"] = "标题"
        sheet.merge_cells("B2:C3")
        sheet["B4"], sheet["C4"] = date(2023, 1, 1), 5
        sheet["D9"] = "末"

    (grid,) = open_table(workbook(fill), "表.XLSX")
    assert grid.rows[1][1] == "标题"
    assert grid.rows[3][1:3] == [date(2023, 1, 1), 5.0]
    assert grid.merges == [Merge(1, 1, 2, 2)]
    assert len(grid.rows) == 9


def test_error_cells_and_formulas_without_a_value_are_marked() -> None:
    def fill(sheet: Worksheet) -> None:
        sheet.append(["a", "b", "c"])
        sheet.append(["x", "=1+1", "#REF!"])
        sheet["C2"].data_type = "e"
        sheet["D5"] = "=SUM(A1:A2)"

    (grid,) = open_table(workbook(fill), "a.xlsx")
    assert grid.rows[1] == ["x", BadCell("formula_uncached", "=1+1"), BadCell("error_cell", "#REF!"), ""]
    assert grid.rows[4][3] == BadCell("formula_uncached", "=SUM(A1:A2)")
    assert grid.formulas == 0, "nothing was taken"


def test_coloured_cells_with_nothing_in_them_make_no_sheet_larger() -> None:
    def fill(sheet: Worksheet) -> None:
        sheet.append(["a", 1])
        for place in ("XFD1048576", "B1000000"):
            sheet[place].fill = PatternFill("solid", fgColor="FFFF00")

    (grid,) = open_table(workbook(fill), "a.xlsx")
    assert grid.rows == [["a", 1.0]]


@pytest.mark.parametrize("inside", [b"<v>1</v>", b"<is><t>x</t></is>", b"<f>1+1</f>", b"<v/>", b"<!-- --><v>1</v>"])
def test_a_far_cell_with_anything_in_it_still_counts(inside: bytes) -> None:
    data = workbook(lambda sheet: sheet.append(["a", 1]))
    far = b'<row r="1048576"><c r="XFD1048576" s="0">' + inside + b"</c></row></sheetData>"
    data = changed(data, SHEET, lambda xml: xml.replace(b"</sheetData>", far))
    assert refused(data, "a.xlsx").code == "too_many_rows"


def test_a_formula_with_its_stored_value_is_that_value() -> None:
    data = workbook(lambda sheet: sheet.append(["x", "=1+1", '=""']))
    data = changed(data, SHEET, lambda xml: xml.replace(b"<v></v>", b"<v />")
        .replace(b"<f>1+1</f><v />", b"<f>1+1</f><v>2</v>")
        .replace(b'<c r="C1"><f>""</f><v />', b'<c r="C1" t="str"><f>""</f><v></v>'))  # fmt: skip
    (grid,) = open_table(data, "a.xlsx")
    assert grid.rows == [["x", 2.0, ""]]
    assert grid.formulas == 2


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_csv_of_any_encoding_and_delimiter(encoding: str, delimiter: str) -> None:
    quoted = "1" if delimiter == "\t" else '"1,5;x"'
    lines = [["单位名称", "月份", "用电量（万kWh）"], ["第一小学", "2023年1月", quoted], ["乙"]]
    data = "\r\n".join(delimiter.join(line) for line in lines).encode(encoding)
    (grid,) = open_table(data, "bills.csv")
    assert grid.name == "bills"
    assert grid.rows[0] == lines[0]
    assert grid.rows[2] == ["乙", "", ""]


def test_a_declared_delimiter_is_obeyed_and_rows_keep_their_numbers() -> None:
    (grid,) = open_table(b"sep=;\na;b\n1;2\n", "a.csv")
    assert grid.rows == [["", ""], ["a", "b"], ["1", "2"]]


def test_csv_that_is_none() -> None:
    assert refused(bytes(range(256)) * 4, "a.csv").code == "not_text"
    assert refused("单位".encode("gbk") + b"\xff\xff", "a.csv").code == "unknown_encoding"
    assert refused(b'a,"' + b"x" * 200_000, "a.csv").code == "bad_csv"
    assert refused(b"a\n" * 11, "a.csv", Limits(max_rows=10)).code == "too_many_rows"


def test_size_is_looked_at_before_the_content(tmp_path: Path) -> None:
    path = tmp_path / "big.xlsx"
    with path.open("wb") as file:
        file.truncate(200 * 2**20)
    found = refused(path, "big.xlsx")
    assert (found.code, found.found, found.allowed) == ("too_large", str(200 * 2**20), str(50 * 2**20))
    assert refused(b"", "a.csv").code == "empty_file"


@pytest.mark.parametrize(
    ("data", "name", "code"),
    [
        (b"x", "a.exe", "extension_not_allowed"),
        (b"x", "a", "extension_not_allowed"),
        (simple(), "a.xls", "extension_mismatch"),
        (simple(), "a.csv", "extension_mismatch"),
        (OLE + bytes(600), "a.xlsx", "extension_mismatch"),
        (b"<html><table>", "a.xls", "extension_mismatch"),
        (b"%PDF-1.4", "a.xlsx", "extension_mismatch"),
        (b"a,b", "a.xlsx", "extension_mismatch"),
        (simple(), "a.xlsm", "macro_workbook"),
        (changed(simple(), "", bytes, {"xl/vbaProject.bin": b"x"}), "a.xlsx", "macro_workbook"),
        (OLE + bytes(600) + "_VBA_PROJECT".encode("utf-16-le"), "a.xls", "macro_workbook"),
        (OLE + bytes(600) + "EncryptedPackage".encode("utf-16-le"), "a.xlsx", "encrypted"),
        (OLE + bytes(600), "a.xls", "damaged"),
        (b"PK\x03\x04junk", "a.xlsx", "damaged"),
        (simple()[:900], "a.xlsx", "damaged"),
        (changed(simple(), "xl/workbook.xml", lambda xml: xml[:50]), "a.xlsx", "damaged"),
        (workbook(lambda sheet: None), "a.xlsx", "empty_file"),
    ],
)
def test_files_that_are_not_what_they_say(data: bytes, name: str, code: str) -> None:
    assert refused(data, name).code == code


def test_macro_content_types_are_refused_under_an_innocent_name() -> None:
    data = changed(simple(), "[Content_Types].xml", lambda xml: xml.replace(b"sheet.main", b"sheet.macroEnabled.main"))
    assert refused(data).code == "macro_workbook"


def test_an_honest_zip_bomb_is_refused_by_its_directory() -> None:
    data = changed(simple(), "", bytes, {"xl/media/x.bin": bytes(80 * 2**20)})
    assert len(data) < 2**20
    assert refused(data).code in ("zip_bomb", "zip_ratio")


def test_a_lying_zip_bomb_is_refused_while_it_unpacks() -> None:
    size = 64 * 2**20
    packed = changed(simple(), "", bytes, {"xl/bomb.xml": bytes(b" " * size)})
    lying = packed.replace(struct.pack("<I", size), struct.pack("<I", 100))
    with zipfile.ZipFile(io.BytesIO(lying)) as file:
        assert file.getinfo("xl/bomb.xml").file_size == 100
    assert refused(lying, limits=Limits(max_unpacked=20 * 2**20)).code == "zip_bomb"


def test_overlapping_parts_count_each_time() -> None:
    """Many directory entries over one compressed stream, the modern bomb."""
    size, count = 2**20, 60
    stream = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = stream.compress(bytes(size)) + stream.flush()
    name, crc = b"x", zlib.crc32(bytes(size))
    local = struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, 0, 8, 0, 0, crc, len(body), size, 1, 0) + name + body
    central = b"".join(
        struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 8, 0, 0, crc, len(body), size, 2, 0, 0, 0, 0, 0, 0)
        + b"%02d" % number
        for number in range(count)
    )
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, count, count, len(central), len(local), 0)
    assert refused(local + central + end).code in ("zip_bomb", "zip_ratio", "damaged")


def test_too_many_parts() -> None:
    data = changed(simple(), "", bytes, {f"x/{number}": b"" for number in range(50)})
    assert refused(data, limits=Limits(max_parts=40)).code == "too_many_parts"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_declared_entities_are_refused(encoding: str) -> None:
    bomb = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><sst>&b;</sst>'
    data = changed(simple(), "", bytes, {"xl/extra.xml": bomb.encode(encoding)})
    assert refused(data).code == "xml_declaration"


@pytest.mark.parametrize(
    ("place", "code"), [("A1048576", "too_many_rows"), ("XFD1", "too_many_columns"), ("ZZ40", "too_many_columns")]
)
def test_a_lone_far_cell_cannot_reserve_the_whole_rectangle(place: str, code: str) -> None:
    def fill(sheet: Worksheet) -> None:
        sheet["A1"] = 1
        sheet[place] = 1

    data = workbook(fill)
    assert refused(data).code == code
    quoted = changed(data, SHEET, lambda xml: xml.replace(b'r="', b"r = '").replace(b'" t=', b"' t=").replace(b'"><v', b"'><v").replace(b'"><c', b"'><c"))  # fmt: skip  # noqa: E501
    assert refused(quoted).code in (code, "damaged")


def test_area_is_limited_too() -> None:
    def fill(sheet: Worksheet) -> None:
        sheet["A1"] = 1
        sheet["SF240000"] = 1

    assert refused(workbook(fill)).code == "too_many_cells"


def test_unusual_markup_is_still_understood() -> None:
    data = workbook(lambda sheet: sheet.append(["x", "=1+1"]))
    data = changed(data, SHEET, lambda xml: xml.replace(b'<c r="B1">', b"<c  r='B1' >"))
    (grid,) = open_table(data, "a.xlsx")
    assert grid.rows[0][1] == BadCell("formula_uncached", "=1+1")


def test_merges_that_cover_everything_many_times_are_refused() -> None:
    def fill(sheet: Worksheet) -> None:
        sheet["A3000"] = 1
        for column in range(1, 60):
            sheet.merge_cells(start_row=1, end_row=3000, start_column=column + 1, end_column=column + 1)

    assert refused(workbook(fill)).code == "too_many_merges"


ODS = """<?xml version="1.0" encoding="UTF-8"?><office:document-content office:version="1.2"
 xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0">
 <office:body><office:spreadsheet><table:table table:name="S">""" + "".join(
    (
        '<table:table-row {row}><table:table-cell office:value-type="float" office:value="5" {cell}>',
        "<text:p>5</text:p></table:table-cell>",
        '<table:table-cell table:number-columns-repeated="16383"/></table:table-row>',
        '<table:table-row table:number-rows-repeated="1048575">',
        '<table:table-cell table:number-columns-repeated="16384"/></table:table-row>',
        "</table:table></office:spreadsheet></office:body></office:document-content>",
    )
)


def ods(row: str = "", cell: str = "") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet", zipfile.ZIP_STORED)
        file.writestr("content.xml", ODS.format(row=row, cell=cell))
        file.writestr("META-INF/manifest.xml", "<manifest/>")
    return out.getvalue()


def test_ods_is_read_and_its_repetitions_are_limited() -> None:
    (grid,) = open_table(ods(), "a.ods")
    assert grid.rows[0][0] == 5.0
    assert refused(ods(row='table:number-rows-repeated="900000000"'), "a.ods").code == "too_many_rows"
    assert refused(ods(cell='table:number-columns-repeated="16000"'), "a.ods").code == "too_many_columns"
    assert refused(ods(), "a.xlsx").code == "extension_mismatch"

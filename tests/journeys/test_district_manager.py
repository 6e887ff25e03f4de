"""A district manager: from two faulty workbooks to figures that open down to the bill.

She founds a sub-district of her own for two institutions, so that every figure of its page can be worked out by hand.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from playwright.sync_api import expect

from tests.journeys import workbooks
from tests.journeys.visitor import Visitor

YEAR = 2023
MONTHS = range(1, 13)

# What the bills say of every month, and what follows for the year:
# electricity 10,000 + 30,000 kWh, 8,000 + 24,000 yuan; gas 1,000 m3, 3,500 yuan; water 500 m3, 1,500 yuan.
# 12 × 40,000 kWh × 0.1229 kgce/kWh = 58,992 kgce; 12 × 1,000 m3 × 1.33 kgce/m3 = 15,960 kgce; together 74.952 tce.
# 480,000 kWh × 0.4044 kgCO2/kWh (Hubei 2023) = 194,112 kg; 12,000 m3 × 2.184 kgCO2/m3 = 26,208 kg: 220.32 t.
# 74,952 kgce ÷ (4,000 + 6,000) m2 = 7.4952; ÷ (400 + 100) persons = 149.904; 12 × 37,000 = 444,000 yuan.
FIGURES = {
    "Energy (calorific)": "75.0tce",
    "CO₂ (statutory)": "220.3tCO₂",
    "Energy per area": "7.50kgce/m²",
    "Energy per person": "149.9kgce/person",
    "Water": "6,000m³",
    "Cost of energy and water": "444,000CNY",
}


class District:
    """The sub-district of one run, with the codes and names that are its own."""

    def __init__(self, width: int) -> None:
        self.region = f"420106{width % 1000:03d}"
        self.name = f"东湖街道{width}"
        self.school, self.clinic = f"J{width}-1", f"J{width}-2"
        self.school_name, self.clinic_name = f"东湖第{width}小学", f"东湖第{width}卫生院"

    def register(self, path: Path, mended: bool) -> Path:
        """Two institutions; unmended, one with a wrong check digit, one of an unknown type."""
        since = "2020年1月1日"
        school = [self.school, "", self.school_name, "021", self.region, "４，０００", 400, since, "电 天然气 水"]
        clinic = [self.clinic, "", self.clinic_name, "024", self.region, "6,000 ", 100, since, "电"]
        if not mended:
            school[1] = "91350100M000100Y44"
            clinic[3] = "卫生院类"
        return workbooks.save(path, "东湖街道公共机构名录", workbooks.REGISTER, [school, clinic])

    def bills(self, path: Path, mended: bool) -> Path:
        """A year of both; unmended, with five rows nobody could take as they are."""
        rows = [row for month in MONTHS for row in self._month(month)]
        if not mended:
            rows[0][3] = -10000
            rows[5][0] = "没有的单位"
            rows[10][1] = "上个月"
            rows[15][4] = None  # electricity without a unit is read as kWh, so its price looks odd
            rows[16][3] = 99_999_999_999
            rows.append(list(rows[20]))
        return workbooks.save(path, f"{YEAR}年能源资源消费", workbooks.BILLS, [*rows, ["合计", None, None, 498_000]])

    def _month(self, month: int) -> list[list[Any]]:
        text = [f"{YEAR}年{month}月", f"{YEAR}/{month}", f"{YEAR}-{month:02d}"][month % 3]
        number = f"{self.school}-{month:02d}"
        return [
            [self.school, text, "电", "１０，０００", "kWh", "8,000.00", f"{number}-E"],
            [self.school, text, "天然气", "1,000", "立方米", 3500, f"{number}-G"],
            [self.school, text, "水", 500, "吨", 1500, f"{number}-W"],
            [self.clinic, text, "电", 3, "万kWh", 24000, f"{self.clinic}-{month:02d}-E"],
        ]


@pytest.fixture
def district(width: int) -> District:
    return District(width)


def test_from_a_spreadsheet_to_the_bill_behind_a_figure(
    visit: Callable[..., Visitor], district: District, tmp_path: Path
) -> None:
    manager = visit("manager")
    found_a_sub_district(manager, district)
    import_the_register(manager, district, tmp_path)
    import_the_bills(manager, district, tmp_path)
    read_the_dashboard(manager, district)
    open_a_figure_down_to_its_bill(manager, district, tmp_path)


def found_a_sub_district(manager: Visitor, district: District) -> None:
    manager.go("Regions")
    manager.follow("武昌区")
    manager.fill(code=district.region, name=district.name, level="street")
    manager.press("Add")
    manager.told(f"{district.name} is added.")


def import_the_register(manager: Visitor, district: District, folder: Path) -> None:
    manager.go("Register")
    manager.follow("Import")
    manager.fill(file=district.register(folder / "register.xlsx", mended=False))
    manager.press("Check the file")
    manager.sees("2 rows refused")
    explained(manager, "B4", "91350100M000100Y44", "18 characters with a right check digit")
    explained(manager, "D5", "卫生院类", "Education", "“卫生院类” is not one of the allowed words.")
    marked = manager.download(manager.main.get_by_role("link", name="The file with faults marked"))
    assert len(openpyxl.load_workbook(io.BytesIO(marked)).sheetnames) == 2, (
        "the file as it came, and a sheet that says what is wrong"
    )
    manager.press("Cancel")

    manager.go("Register")
    manager.follow("Import")
    manager.fill(file=district.register(folder / "register.xlsx", mended=True))
    manager.press("Check the file")
    manager.sees("2 records to add")
    manager.press("Take all 2 rows")
    manager.open(f"/register/?region={district.region}")
    expect(manager.row(district.school_name)).to_be_visible()
    expect(manager.row(district.clinic_name)).to_be_visible()


def explained(manager: Visitor, cell: str, *texts: str) -> None:
    """The row of the list of faults that is about this cell."""
    row = manager.row(cell)
    for text in texts:
        expect(row).to_contain_text(text)


def import_the_bills(manager: Visitor, district: District, folder: Path) -> None:
    manager.go("Import bills")
    manager.fill(file=district.bills(folder / "bills.xlsx", mended=False))
    manager.press("Check the file")
    manager.sees("44 rows can be taken, 5 are refused")
    explained(manager, "D4", "-10000", "zero or more")
    explained(manager, "A9", "没有的单位", "The register you are responsible for has no")
    explained(manager, "B14", "上个月", "a month such as 2023-01")
    explained(manager, "D20", "99999999999", "is beyond belief; the unit is probably wrong")
    explained(manager, "D52", "10,000", "The row repeats row 24")
    manager.sees("electricity at 8000 CNY/kWh", "total row; totals are computed")
    manager.press("Cancel")

    manager.go("Import bills")
    manager.fill(file=district.bills(folder / "bills.xlsx", mended=True))
    manager.press("Check the file")
    manager.press("Take all 48 rows")
    manager.sees("48 rows taken in the ledger", "bills.xlsx")


def read_the_dashboard(manager: Visitor, district: District) -> None:
    manager.go("Overview")
    manager.follow(district.name)
    manager.sees("2 institutions · floor area 10,000 m² · 500 energy users · 100.0% of expected months present")
    for label, figure in FIGURES.items():
        expect(manager.key_figure(label)).to_have_text(figure)


def open_a_figure_down_to_its_bill(manager: Visitor, district: District, folder: Path) -> None:
    drawer = manager.open_lineage(manager.key_figure("CO₂ (statutory)"))
    expect(drawer).to_contain_text("220.32 tCO₂")
    expect(drawer).to_contain_text("480,000 kWh × 0.4044")
    expect(drawer).to_contain_text("12,000 m³ × 2.184")
    expect(drawer).to_contain_text("Hubei 2023")
    expect(drawer).to_contain_text("Notice on the 2023 CO2 emission factors of electricity")
    expect(drawer).to_contain_text("48 of 48 months reported")
    bill = drawer.locator("li").filter(has_text=f"{district.school}-01-E")
    for part in ("10,000 kWh", "¥8,000.00", "bills.xlsx Sheet!4", "刘敏"):
        expect(bill).to_contain_text(part)
    bill.get_by_role("link").click()
    manager.sees(f"{district.school_name} · {YEAR}-01", "10,000", f"{district.school}-01-E", "counts")
    evidence = manager.download(manager.card("Evidence").get_by_role("link", name="bills.xlsx"))
    assert evidence == (folder / "bills.xlsx").read_bytes(), "the file as she sent it"

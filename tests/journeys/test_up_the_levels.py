"""A year goes up the levels: the district hands in, the city decides, publishes and makes its report; all read it."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from openpyxl import load_workbook
from playwright.sync_api import expect

from tests import browsing, machine
from tests.journeys.site import NENGTAN, Site
from tests.journeys.visitor import Visitor

CITY, DISTRICT = "420100", "420106"
YEAR = "2022"
FIRST_PAGE = re.compile(r"%PDF-1\.\d")


@pytest.fixture(scope="module")
def managers(site: Site) -> dict[str, str]:
    """Passwords of managers of the city and the province, as an administrator adds them: good for once."""
    passwords = {}
    environment = {**os.environ, "NENGTAN_DIR": str(site.folder), "LC_ALL": "en_GB.UTF-8"}
    for name, region in (("city", CITY), ("province", "420000")):
        command = [*NENGTAN, "users", "add", f"{name}-manager", "--name", f"The {name}", "--region", region]
        command += ["--role", "regional_manager", "--format", "json"]
        made = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
        passwords[f"{name}-manager"] = json.loads(made.stdout)[0]["password"]
    return passwords


def at_work(visitor: Visitor, managers: dict[str, str], name: str) -> Visitor:
    """Signed in; whoever comes with a password for once sets one of their own."""
    visitor.sign_in(name, managers[name])
    if visitor.path == "/password/":
        once, new = managers[name], f"lantern-{name}-river-3"
        visitor.fill(old_password=once, new_password=new, repeated=new)
        visitor.submit("Change password")
        managers[name] = new
    return visitor


class TestAtTheDesk:
    """What is decided once."""

    @pytest.fixture
    def viewport(self) -> dict[str, int]:
        """Decisions are made once; how the pages look on a phone is told by the others."""
        return browsing.DESK

    def test_the_city_sends_the_roll_up_back_and_approves_the_next_one(
        self, visit: Callable[..., Visitor], managers: dict[str, str]
    ) -> None:
        city, district = at_work(visit(), managers, "city-manager"), visit("manager")
        city.open(f"/returns/rollup/?region={CITY}&period={YEAR}-00")
        city.sees("Handed in by the level below", "115 of 115 returns")
        city.fill(reason="请核对热力消费量")
        city.submit("Send back")

        district.open(f"/returns/rollup/?region={DISTRICT}&period={YEAR}-00")
        district.sees("sent back", "请核对热力消费量")
        district.press("Hand in")
        district.confirm()
        district.sees("reported")
        expect(district.page.get_by_role("button", name="Approve", exact=True)).to_have_count(0)

        city.page.reload()
        city.submit("Approve")
        city.told("Approved.")
        city.sees("approved")

    def test_who_is_not_named_stays_unnamed_one_level_up(
        self, visit: Callable[..., Visitor], managers: dict[str, str]
    ) -> None:
        manager = visit("manager")
        manager.open(f"/returns/publications/naming/?region={DISTRICT}")
        manager.fill(institutions="武昌区财政局", reason="agreed")
        manager.submit("Save")
        city = at_work(visit(), managers, "city-manager")
        city.open(f"/returns/publications/new/?region={CITY}&year={YEAR}&by=kind")
        city.sees("武昌区教育局")
        city.sees_not("武昌区财政局")


def test_a_district_publishes_and_the_public_reads_no_more_than_that(visit: Callable[..., Visitor]) -> None:
    """Who is not named is added up with the others, on the page and in the file; the public sees no single return."""
    manager = visit("manager")
    manager.open(f"/returns/publications/naming/?region={DISTRICT}")
    manager.fill(institutions="武昌区财政局", reason="agreed")
    manager.submit("Save")
    manager.open(f"/returns/publications/new/?region={DISTRICT}&year={YEAR}&by=kind")
    manager.sees_not("武昌区财政局")
    manager.press("Publish")
    manager.confirm()
    manager.told("is published")

    public = visit("public")
    public.go("Publications")
    public.main.locator("tbody tr").filter(has_text="武昌区").first.get_by_role("link").first.click()
    public.sees("武昌区教育局", "that are not named", "added up as “others”")
    public.sees_not("武昌区财政局")
    text = words_of(public.download(public.page.get_by_role("link", name="Word")))
    assert "武昌区教育局" in text
    assert "武昌区财政局" not in text
    assert "Workbench" not in public.menu
    assert "Annual analysis report" not in public.menu


def test_the_city_publishes_and_the_school_reads(visit: Callable[..., Visitor], managers: dict[str, str]) -> None:
    city = at_work(visit(), managers, "city-manager")
    city.go("Publications")
    city.follow("Prepare a publication")
    city.open(f"/returns/publications/new/?region={CITY}&year={YEAR}&by=kind")
    city.sees("Reporting", "Late and overdue", re.compile(r"\d+ reported late, up to \d+ days"))
    city.press("Publish")
    city.confirm()
    city.told("is published")
    expect(city.main.locator(".finding h1")).to_contain_text(YEAR)

    reader = visit("statistician")
    reader.go("Publications")
    reader.main.locator("tbody tr").first.get_by_role("link").first.click()
    reader.sees("Late and overdue", "Days late")
    reader.sees_not("武昌区财政局")
    text = words_of(reader.download(reader.page.get_by_role("link", name="Word")))
    assert "Late and overdue" in text
    book = load_workbook(io.BytesIO(reader.download(reader.page.get_by_role("link", name="Excel"))))
    late = [row for row in book.worksheets[-2].iter_rows(values_only=True) if row[1:2] == ("late",)]
    assert late
    assert all(isinstance(row[2], (int, float)) for row in late)


def test_a_province_makes_its_report_and_opens_a_figure(
    visit: Callable[..., Visitor], managers: dict[str, str]
) -> None:
    province = at_work(visit(), managers, "province-manager")
    province.go("Annual analysis report")
    province.open(f"/returns/report/?region=420000&year={YEAR}")
    province.sees("115 of 115 annual returns are approved", "State of the review", "Waiting for review", "Explained")
    text = words_of(made(province, "docx"))
    assert re.search(r"115", text)
    if not machine.missing("pango"):
        assert FIRST_PAGE.match(made(province, "pdf")[:8].decode("latin-1"))
    province.open(f"/returns/report/?region=420000&year={YEAR}")
    province.main.get_by_role("link", name="Where figures come from").first.click()
    province.sees("Returns behind the figure", "武昌区中心医院")


def made(visitor: Visitor, format: str) -> bytes:
    """Have the report made in the background and save it."""
    visitor.open(f"/returns/report/?region=420000&year={YEAR}")
    visitor.fill(format=format)
    visitor.submit("Make the report")
    expect(visitor.main).to_contain_text("is made, from 115 of 115 returns", timeout=120_000)
    visitor.open(f"/returns/report/?region=420000&year={YEAR}")
    row = visitor.main.locator("#made tbody tr").filter(has_text="PDF" if format == "pdf" else "Word").first
    return visitor.download(row.get_by_role("link").first)


def words_of(document: bytes) -> str:
    """The text of a Word document."""
    with zipfile.ZipFile(io.BytesIO(document)) as package:
        body: Any = package.read("word/document.xml").decode()
    return re.sub(r"<[^>]+>", "", body)

"""A return on its way: the statistician fills it in, her statistics head passes it, the unit head reports it."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.journeys.site import NENGTAN, Site
from tests.journeys.visitor import Visitor

PASTE = """(element, text) => {
  const data = new DataTransfer();
  data.setData("text/plain", text);
  element.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
}"""


@pytest.fixture
def quarter(site: Site, width: int) -> str:
    """A quarter nobody else's journey tells of, opened for the district: how the list names it."""
    return opened(site, width, 1)


@pytest.fixture
def next_quarter(site: Site, width: int) -> str:
    """Another one."""
    return opened(site, width, 2)


def opened(site: Site, width: int, number: int) -> str:
    year = 2021 if width > 1000 else 2022
    environment = {**os.environ, "NENGTAN_DIR": str(site.folder), "LC_ALL": "en_GB.UTF-8"}
    command = [*NENGTAN, "returns", "open", "--region", "420106", "--period", f"{year}-Q{number}"]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    return f"quarter {number} of {year}"


def at_the_return(visitor: Visitor, quarter: str) -> Visitor:
    visitor.go("Returns")
    visitor.open("/returns/?kind=quarter")
    visitor.row(quarter).get_by_role("link").first.click()
    expect(visitor.page.locator(".crumbs")).to_contain_text(quarter)
    everything(visitor)
    return visitor


def everything(visitor: Visitor) -> None:
    """All lines, also on a phone, which shows those that want something first."""
    if visitor.page.locator("[data-return]").count():
        visitor.page.get_by_role("switch", name="Only what needs me").set_checked(False)


def cell(visitor: Visitor, name: str) -> Locator:
    return visitor.page.locator(f"[data-cell='{name}']")


def remarks(visitor: Visitor, name: str) -> Locator:
    return visitor.page.locator(f"[id='row-{name}'] .remarks")


def is_saved(visitor: Visitor) -> None:
    expect(visitor.page.locator("#save-state")).to_have_text("Everything is saved.")


def write(visitor: Visitor, name: str, text: str) -> None:
    cell(visitor, name).fill(text)
    cell(visitor, name).press("Enter")
    is_saved(visitor)


def mend_everything(visitor: Visitor) -> None:
    """Every whole gets the sum of its parts, by the button that offers it."""
    offered = visitor.page.locator("[data-suggest]")
    while offered.count():
        text = offered.first.get_attribute("data-suggest") or ""
        name = offered.first.locator("xpath=ancestor::tr").get_attribute("id") or ""
        offered.first.click()
        is_saved(visitor)
        expect(cell(visitor, name.removeprefix("row-"))).to_have_value(text)


def explain_everything(visitor: Visitor, bill: Path) -> None:
    """Every box that asks for an explanation gets one, with the bill."""
    open_boxes = visitor.page.locator(".remark:has(.is-warn) [data-explain], .remark:has(.is-bad) [data-explain]")
    for _ in range(40):
        if not open_boxes.count():
            return
        box, key = open_boxes.first, open_boxes.first.get_attribute("data-explain")
        box.locator("[name=text]").fill("checked against the bill")
        box.locator("[name=evidence]").set_input_files(bill)
        box.get_by_role("button", name="Explain").click()
        explained = visitor.page.locator(f".remark:has(.is-muted) [data-explain='{key}']")
        expect(explained).to_be_visible()
    raise AssertionError(f"still to explain: {open_boxes.all_inner_texts()}")


def test_a_return_is_filled_in_passed_on_and_reported(
    visit: Callable[..., Visitor], quarter: str, tmp_path: Path
) -> None:
    bill = tmp_path / "bill.pdf"
    bill.write_bytes(b"%PDF-1.4 bill")
    statistician = at_the_return(visit("statistician", strict=False), quarter)  # the connection breaks on purpose
    is_saved(statistician)
    known = cell(statistician, "elec_qty").input_value()
    assert known, "filled in from the bills"

    cell(statistician, "elec_qty").fill("1")
    expect(remarks(statistician, "elec_qty")).to_contain_text("error")
    write(statistician, "elec_qty", known)
    expect(remarks(statistician, "elec_qty")).not_to_contain_text("error")

    expect(cell(statistician, "elec_cost")).to_be_focused()
    cell(statistician, "elec_cost").press("ArrowUp")
    expect(cell(statistician, "elec_qty")).to_be_focused()

    cell(statistician, "vehicles").evaluate(PASTE, "7\n1\n2\n3\n")
    is_saved(statistician)
    expect(cell(statistician, "vehicles_new_energy")).to_have_value("3")
    remarks(statistician, "vehicles").get_by_role("button", name="Write 6").click()
    is_saved(statistician)
    expect(cell(statistician, "vehicles")).to_have_value("6")

    works_on_without_a_connection(statistician)
    write_fuel(statistician)
    mend_everything(statistician)
    explain_everything(statistician, bill)
    statistician.submit("Submit to the statistics head")
    statistician.told("with the statistics head")
    expect(statistician.page.locator("[data-cell]")).to_have_count(0)

    head = at_the_return(visit("head"), quarter)
    head.sees("— → 3")
    head.submit("Pass on to the unit head")
    leader = at_the_return(visit("leader"), quarter)
    leader.submit("Report to the department above")
    leader.told("reported")
    expect(leader.page.get_by_role("button", name="Report to the department above")).to_have_count(0)

    manager = visit("manager")
    assert manager.waiting("Workbench") > 0
    manager.page.goto(leader.page.url)
    manager.submit("Approve")
    manager.told("approved")
    statistician.page.reload()
    statistician.sees("approved")
    expect(statistician.page.get_by_role("button", name="Submit to the statistics head")).to_have_count(0)


def works_on_without_a_connection(visitor: Visitor) -> None:
    """What is typed meanwhile waits on the device, outlives the page, and is stored when the connection is back."""
    state: Any = visitor.page.locator("#save-state")
    visitor.page.context.set_offline(True)
    cell(visitor, "coal_qty").fill("0")
    cell(visitor, "coal_qty").press("Enter")
    expect(state).to_contain_text("No connection")
    visitor.page.context.set_offline(False)
    is_saved(visitor)
    visitor.page.reload()
    everything(visitor)
    expect(cell(visitor, "coal_qty")).to_have_value("0")


def write_fuel(visitor: Visitor) -> None:
    """The vehicles burn something."""
    fuel = {"gasoline_vehicle_qty": "300", "gasoline_vehicle_cost": "2400", "gasoline_qty": "300"}
    fuel |= {"gasoline_cost": "2400", "diesel_vehicle_qty": "100", "diesel_vehicle_cost": "750"}
    for name, text in (fuel | {"diesel_qty": "100", "diesel_cost": "750"}).items():
        write(visitor, name, text)


def test_a_block_of_a_sheet_goes_into_the_rooms(visit: Callable[..., Visitor], next_quarter: str) -> None:
    visitor = at_the_return(visit("statistician"), next_quarter)
    visitor.page.locator("#room").fill("0002")
    with visitor.page.expect_navigation():
        visitor.page.get_by_role("button", name="Add a room").click()
    cell(visitor, "0001.room_power_it").evaluate(PASTE, "31\t\t33\n41\t42\t43\n51\t52\t53\n")
    is_saved(visitor)
    for name, text in (("0001.room_power_it", "31"), ("0001.room_power_supply", "33"), ("0002.room_power_it", "41"),
                       ("0002.room_power_cooling", "42"), ("0002.room_power_supply", "43")):  # fmt: skip
        expect(cell(visitor, name)).to_have_value(text)
    expect(cell(visitor, "0001.room_power_cooling")).not_to_have_value("32")
    visitor.sees("rows there was no room for: 1")


def test_what_was_typed_and_never_stored_is_told(visit: Callable[..., Visitor], site: Site) -> None:
    """The connection broke, and somebody passed the return on meanwhile."""
    head = visit("head")
    head.open("/returns/?state=approved")
    head.main.locator("tbody tr").first.get_by_role("link").first.click()
    key = head.page.locator("#unsent").get_attribute("data-key") or ""
    head.page.evaluate("key => localStorage.setItem(key, JSON.stringify({elec_qty: {text: '777', seen: 1}}))", key)
    head.page.reload()
    head.sees("Typed on this device and never stored", "777")
    head.press("Discard")
    expect(head.page.locator("#unsent")).to_be_hidden()
    head.page.reload()
    expect(head.page.locator("#unsent")).to_be_hidden()


def test_two_people_in_one_cell_lose_nothing(visit: Callable[..., Visitor], next_quarter: str) -> None:
    here, there = (at_the_return(visit("statistician"), next_quarter) for _ in range(2))
    write(here, "water_qty", "1,234")
    cell(there, "water_qty").fill("1,300")
    cell(there, "water_qty").press("Enter")
    there.sees("wrote “1,234”")
    there.press("Write mine: 1,300")
    is_saved(there)
    here.page.reload()
    expect(cell(here, "water_qty")).to_have_value("1,300")


def test_two_windows_of_one_person_lose_nothing(visit: Callable[..., Visitor], next_quarter: str) -> None:
    """A figure half typed keeps the version it was typed over, whatever else this window stores meanwhile."""
    one = at_the_return(visit("statistician", strict=False), next_quarter)
    two = Visitor(one.page.context.new_page(), one.site)
    two.page.goto(one.page.url)
    everything(two)
    cell(two, "gas_qty").fill("71")
    write(one, "gas_qty", "72")
    store_elsewhere(two, "vehicles", "7")
    expect(cell(two, "gas_qty")).to_have_value("71")
    cell(two, "gas_qty").press("Enter")
    two.sees("you yourself, in another window, wrote “72”")
    one.page.reload()
    expect(cell(one, "gas_qty")).to_have_value("72")
    two.press("Keep theirs")
    is_saved(two)
    expect(cell(two, "gas_qty")).to_have_value("72")
    one.page.context.set_offline(True)
    for visitor, text in ((one, "73"), (two, "74")):
        cell(visitor, "gas_qty").fill(text)
        cell(visitor, "gas_qty").press("Enter")
        expect(visitor.page.locator("#save-state")).to_contain_text("No connection")
    one.page.context.set_offline(False)
    first = {"one": one, "two": two}
    while not (asked := [name for name, visitor in first.items() if visitor.page.locator(".conflict").count()]):
        one.page.wait_for_timeout(200)
    assert len(asked) == 1, "who comes second is asked"


def store_elsewhere(visitor: Visitor, name: str, text: str) -> None:
    """Another cell is stored while the one being typed in keeps the cursor."""
    cell(visitor, name).evaluate(
        "(box, text) => { box.value = text; box.dispatchEvent(new Event('change', {bubbles: true})) }", text
    )
    expect(cell(visitor, name)).to_have_attribute("data-version", re.compile("[1-9]"))


def test_a_step_looks_ready_only_when_all_is_stored(visit: Callable[..., Visitor], next_quarter: str) -> None:
    visitor = at_the_return(visit("statistician"), next_quarter)
    bar, held = visitor.page.locator("#bar"), re.compile("is-held")
    expect(bar).not_to_have_class(held)
    cell(visitor, "coal_qty").press_sequentially("1")
    expect(bar).to_have_class(held)
    cell(visitor, "coal_qty").press("Enter")
    is_saved(visitor)
    expect(bar).not_to_have_class(held)
    cell(visitor, "coal_qty").fill("many")
    cell(visitor, "coal_qty").press("Enter")
    expect(visitor.page.locator("#save-state")).to_contain_text("not saved")
    expect(bar).to_have_class(held)
    cell(visitor, "coal_qty").fill("0")
    cell(visitor, "coal_qty").press("Enter")
    is_saved(visitor)
    expect(bar).not_to_have_class(held)


def test_only_what_needs_somebody_is_shown_when_asked(
    visit: Callable[..., Visitor], next_quarter: str, width: int
) -> None:
    visitor = visit("statistician")
    visitor.open("/returns/?kind=quarter")
    visitor.row(next_quarter).get_by_role("link").first.click()
    switch = visitor.page.get_by_role("switch", name="Only what needs me")
    expect(switch).to_be_checked(checked=width < 576)
    switch.set_checked(True)
    lines = visitor.page.locator(".return-table tbody tr:visible")
    short = lines.count()
    for line in lines.all():
        assert line.locator(".is-invalid, .is-doubtful").count() or not line.locator("[data-cell]").input_value()
    switch.set_checked(False)
    assert lines.count() > short
    switch.set_checked(True)
    visitor.page.locator(".tabs .tab").last.click()
    expect(switch).not_to_be_checked()

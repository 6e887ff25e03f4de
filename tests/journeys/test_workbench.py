"""A district manager decides on returns: from the finding to the approved one, and to the figure it is counted in."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.journeys.visitor import Visitor

YEAR = "?region=420106&period=2023-00"


def test_from_the_finding_to_the_roll_up(visit: Callable[..., Visitor]) -> None:
    manager = visit("manager")
    read_the_finding(manager)
    names = approve_two(manager)
    send_one_back_with_a_reason(manager)
    find_them_in_the_roll_up(manager, names)
    see_what_is_due(manager)


def read_the_finding(manager: Visitor) -> None:
    manager.go("Workbench")
    finding = manager.main.locator(".finding h1")
    expect(finding).to_contain_text(re.compile(r"year 2023: \d+ of 115 returns are handed in\."))
    expect(finding).to_contain_text("are late")
    manager.page.get_by_role("link", name=re.compile("are late")).click()
    expect(manager.main.locator("#bench tbody tr").first).to_contain_text("late")


def approve_two(manager: Visitor) -> list[str]:
    manager.open(f"/returns/workbench/{YEAR}&r_look=ready")
    rows = manager.main.locator("#bench tbody tr")
    names = [rows.nth(at).locator("th").inner_text().strip() for at in range(2)]
    for at in range(2):
        rows.nth(at).get_by_role("checkbox").check()
    manager.submit("Approve the chosen")
    manager.told("2 returns approved.")
    for name in names:
        manager.open(f"/returns/workbench/{YEAR}&r_q={name}")
        expect(manager.main.locator("#bench tbody tr").first).to_contain_text("approved")
    return names


def send_one_back_with_a_reason(manager: Visitor) -> None:
    manager.open(f"/returns/workbench/{YEAR}&r_look=ready")
    row = manager.main.locator("#bench tbody tr").last
    name = row.locator("th").inner_text().strip()
    row.get_by_role("checkbox").check()
    manager.fill(reason="请核对账单后重新上报")
    manager.submit("Send the chosen back")
    manager.told("1 return sent back.")
    manager.open(f"/returns/workbench/{YEAR}&r_q={name}")
    expect(manager.main.locator("#bench tbody tr").first).to_contain_text("sent back")


def find_them_in_the_roll_up(manager: Visitor, names: list[str]) -> None:
    manager.open(f"/returns/rollup/{YEAR}&form=6")
    counted = re.compile(r"\d+ of 115 returns are approved and counted")
    manager.sees(counted, "This year and last", "institutions approved in both years")
    manager.main.locator("#summary tbody tr").filter(has_text="kWh").first.get_by_role("link").first.click()
    manager.sees("Returns behind the figure")
    manager.open(f"/returns/rollup/behind/{YEAR}&form=6&head=S001&line=elec_qty&size=100")
    for name in names:
        expect(manager.row(name)).to_be_visible()


def see_what_is_due(manager: Visitor) -> None:
    manager.go("Deadlines")
    manager.sees("are late", "What is due when", "本区通知", "Own deadline")
    manager.open("/returns/checks/?region=420106&period=2022-00")
    manager.sees("sampled institutions are checked", "420106/2022", "Closed on 2023-02-24")

"""Everybody signs in, comes to a home of their own, and finds what is theirs and no more."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests import browsing
from tests.journeys.visitor import Visitor

DISTRICT, SCHOOL, BUREAU = "/regions/420106/", "/institutions/WC041/", "/institutions/WC012/"
LOOK = ["Overview", "Register", "Buildings", "Meters", "Equipment", "Live metering", "Ledger", "Imports"]
LOOK += [
    "Energy and carbon accounts",
    "Carbon inventories",
    "Test a claim",
    "Factor library",
    "Still alive?",
    "Closed years",
]
OWN = [*LOOK, "Contracts", "Returns", "Publications"]
OVERSEEN = [*OWN, "Workbench", "Roll-up", "Joint review and spot check", "Deadlines", "Annual analysis report"]
OVERSEEN += ["Audit trail"]
WHOLE = [*OVERSEEN, "Regional carbon report"]
EVERYTHING = [*WHOLE, "Review rules", "Import bills", "Regions", "Users", "API keys"]

HOMES = {
    "admin": (DISTRICT, [*EVERYTHING, "Form headers"]),
    "manager": (DISTRICT, EVERYTHING),
    "education": (DISTRICT, OVERSEEN),
    "statistician": (SCHOOL, [*OWN, "Import bills", "Audit trail"]),
    "head": (SCHOOL, [*OWN, "Import bills", "Audit trail"]),
    "leader": (SCHOOL, [*OWN, "Audit trail"]),
    "company": (BUREAU, OWN),
    "verifier": (DISTRICT, WHOLE),
    "public": (
        DISTRICT,
        ["Overview", "Energy and carbon accounts", "Test a claim", "Factor library", "Closed years", "Publications"],
    ),
}


@pytest.fixture
def viewport() -> dict[str, int]:
    """What a role may do does not hang on the width; its menu is unfolded on phones by the other journeys."""
    return browsing.DESK


def test_every_role_of_the_demonstration_is_here(visit: Callable[..., Visitor]) -> None:
    assert visit().site.passwords.keys() == HOMES.keys()


@pytest.mark.parametrize("name", HOMES)
def test_everybody_has_a_home_and_a_menu_of_their_own(visit: Callable[..., Visitor], name: str) -> None:
    home, menu = HOMES[name]
    visitor = visit(name)
    assert visitor.path == home
    assert sorted(visitor.menu) == sorted(menu)


@pytest.mark.parametrize("name", ["education", "leader", "company", "verifier", "public"])
def test_who_only_looks_is_offered_nothing_to_change_and_refused_when_asking(
    visit: Callable[..., Visitor], name: str
) -> None:
    visitor = visit(name, strict=False)
    expect(visitor.page.get_by_role("link", name="Enter a bill")).to_have_count(0)
    for address in ("/ledger/add/", "/ledger/import/", "/register/import/", "/users/", "/ledger/factors/add/"):
        assert visitor.page.goto(address).status == 403, address


def test_the_education_department_sees_its_schools_only(visit: Callable[..., Visitor]) -> None:
    department = visit("education", strict=False)
    department.sees("You see the part of this region that is yours; totals are of that part.")
    assert department.page.goto("/institutions/WC041/").status == 200
    assert department.page.goto(BUREAU).status == 404


def test_the_public_sees_totals_without_names_or_evidence(visit: Callable[..., Visitor]) -> None:
    public = visit("public", strict=False)
    expect(public.key_figure("Energy (calorific)")).to_contain_text("tce")
    expect(public.page.locator("[data-drawer]")).to_have_count(0)
    public.sees_not("武昌区临江初级中学", "武昌区中心医院")
    for address, status in ((SCHOOL, 404), ("/ledger/", 403), ("/register/", 403), ("/audit/", 403)):
        assert public.page.goto(address).status in {status, 403}, address


def test_a_verifier_follows_a_figure_to_its_bill_and_cannot_touch_it(visit: Callable[..., Visitor]) -> None:
    verifier = visit("verifier")
    drawer = verifier.open_lineage(verifier.key_figure("CO₂ (statutory)"))
    expect(drawer).to_contain_text("kWh × 0.4044")
    drawer.locator(".evidence a").last.click()
    verifier.sees("As entered", "Evidence")
    expect(verifier.page.get_by_role("link", name="Correct")).to_have_count(0)
    expect(verifier.page.get_by_role("link", name="Withdraw")).to_have_count(0)


def test_signing_out_closes_the_door(visit: Callable[..., Visitor]) -> None:
    leader = visit("leader")
    leader.sign_out()
    leader.open(SCHOOL)
    assert leader.path == "/sign-in/"


def test_a_wrong_password_says_no_more_than_that(visit: Callable[..., Visitor]) -> None:
    stranger = visit(strict=False)
    stranger.sign_in("leader", "not-the-password")
    expect(stranger.page.locator("main, body").first).to_contain_text("User name or password is not right.")


def test_a_changed_password_is_the_only_one_that_opens(visit: Callable[..., Visitor]) -> None:
    company = visit("company")
    old, new = company.site.passwords["company"], "brass-kettle-orbit-7"
    company.open("/password/")
    company.fill(old_password=old, new_password=new, repeated=new)
    company.submit("Change password")
    company.site.passwords["company"] = new
    company.sign_out()
    later = visit(strict=False)
    later.sign_in("company", old)
    expect(later.page.locator("body")).to_contain_text("User name or password is not right.")
    later.sign_in("company", new)
    expect(later.key_figure("Energy (calorific)")).to_be_visible()


def test_who_forgot_the_password_is_told_the_same_whether_known_or_not(visit: Callable[..., Visitor]) -> None:
    stranger = visit()
    stranger.open("/sign-in/")
    stranger.page.get_by_role("link", name="Forgot the password?").click()
    stranger.fill(email="nobody@example.org")
    stranger.submit("Send the link")
    expect(stranger.page.locator("body")).to_contain_text("If the address belongs to an account, a link is on its way.")


def test_a_reset_hands_over_a_one_time_password_that_must_be_changed(visit: Callable[..., Visitor]) -> None:
    head, admin = visit("head", strict=False), visit("admin")
    admin.go("Users")
    admin.row("head", "Statistics head").get_by_role("link").click()
    admin.press("Reset the password")
    admin.confirm()
    once = admin.main.locator("code.secret").inner_text()

    head.page.reload()
    assert head.path == "/sign-in/", "the sessions of before are over"
    head.sign_in("head", once)
    assert head.path == "/password/"
    new = head.site.passwords["head"] = "copper-lantern-river-3"
    head.fill(old_password=once, new_password=new, repeated=new)
    head.submit("Change password")
    head.go("Overview")
    assert head.path == SCHOOL

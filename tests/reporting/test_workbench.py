"""The manager's workbench: counts, what is wrong and against what, one act for many, and who sees what of it."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from click.testing import CliRunner, Result
from django.db import connection
from django.test.utils import CaptureQueriesContext

from nengtan.domain.returns import slots
from nengtan.domain.returns.review.rules import Severity
from nengtan.domain.returns.steps import Action
from nengtan.reporting.commands import returns
from nengtan.reporting.models import Return, Value
from nengtan.reporting.queries import overview
from nengtan.reporting.queries.bench import Bench
from nengtan.reporting.services import explain, open_returns, take_step
from tests.budget import MOST_QUERIES
from tests.cast import Cast
from tests.reporting.books import YEAR, Books, kept
from tests.reporting.desk import QUARTER, handed_in, opened_all
from tests.reporting.english import _in_english

__all__ = ["_in_english"]

ADDRESS = "/returns/workbench/?region=420106&period=2023-Q1"
ACT = "/returns/workbench/act/?region=420106&period=2023-Q1"


@pytest.fixture
def quarter(cast: Cast) -> dict[str, Return]:
    """The hospital's and the office's quarter are handed in; the school's is begun, its vehicles do not add up."""
    found = {of.institution.name.removeprefix("The "): of for of in opened_all(cast)}
    for name in ("hospital", "office"):
        handed_in(cast, found[name])
    school = found["school"]
    Value.objects.filter(of=school, indicator="area").update(value=Decimal(1))
    parts = {"vehicles": 3, "vehicles_gasoline": 1, "vehicles_diesel": 1, "vehicles_new_energy": 0}
    for indicator, count in parts.items():
        Value.objects.create(of=school, indicator=indicator, value=Decimal(count), provenance="typed")
    Return.objects.filter(pk=school.pk).update(state="entering")
    school.refresh_from_db()
    return found


def bench(cast: Cast, who: str = "district", region: str = "420106") -> Bench:
    return Bench(cast.actor(who), cast.regions[region], QUARTER)


def test_it_counts_by_state_and_says_who_is_missing_late_and_wrong(cast: Cast, quarter: dict[str, Return]) -> None:
    found = bench(cast)
    assert dict(found.states) == {"reported": 2, "entering": 1}
    assert (found.handed_in, found.missing, found.late) == (2, 1, 1)
    assert (found.with_errors, found.with_warnings) == (1, 0)
    first = found.rows[0]
    assert (first.of.pk, first.errors > 0, first.late) == (quarter["school"].pk, True, True)


def test_each_value_stands_beside_what_it_is_held_against(cast: Cast, quarter: dict[str, Return]) -> None:
    told = {(item.finding.rule, item.finding.cell.indicator): item for item in bench(cast).flagged}
    vehicles = told["L04", "vehicles"]
    assert (vehicles.severity, vehicles.value, vehicles.settled) == (Severity.BLOCK, 3, False)
    assert vehicles.row.of == quarter["school"]
    crowded = next(item for (rule, _cell), item in told.items() if rule == "P05")
    assert crowded.explanation is None
    cell = crowded.finding.cell.indicator
    explain(cast.actor("statistician"), quarter["school"], "P05", "a shared hall", indicator=cell)
    again = {(item.finding.rule, item.finding.cell.indicator): item for item in bench(cast).flagged}
    said = again["P05", cell]
    assert said.explanation is not None
    assert (said.explanation.text, said.settled) == ("a shared hall", True)


def test_last_year_price_and_peers_are_beside_the_value(cast: Cast) -> None:
    books: Books = kept(cast)
    Value.objects.filter(of=books.returns["office", YEAR], indicator="elec_qty").update(value=Decimal(200_000))
    found = Bench(cast.actor("district"), books.region, slots.annual(YEAR))
    item = next(
        one for one in found.flagged
        if one.row.of == books.returns["office", YEAR] and one.finding.rule == "P03"
        and one.finding.cell.indicator == "elec_qty"
    )  # fmt: skip
    assert (item.value, item.last, item.price) == (200_000, 80_000, Decimal("0.3"))
    assert item.own_share == 100
    assert item.peers is None, "no five agencies to compare with"


def test_what_was_not_begun_is_missing_and_not_wrong(cast: Cast) -> None:
    opened_all(cast)
    found = bench(cast)
    assert (found.missing, found.with_errors, found.flagged) == (3, 0, [])


def test_the_page_says_the_finding_first_in_few_queries(cast: Cast, quarter: dict[str, Return]) -> None:
    client = cast.client("district")
    client.get(ADDRESS)
    with CaptureQueriesContext(connection) as made:
        page = client.get(ADDRESS)
    text = page.content.decode()
    assert "2 of 3 returns are handed in" in text
    assert text.index("2 of 3 returns are handed in") < text.index("Values worth a look")
    assert len(made) <= MOST_QUERIES, "\n".join(query["sql"][:160] for query in made)


def test_many_are_approved_at_once_and_told(cast: Cast, quarter: dict[str, Return]) -> None:
    keys = [quarter[name].pk for name in ("hospital", "office")]
    page = cast.client("district").post(ACT, {"action": "approve", "of": keys}, follow=True)
    assert "2 returns approved." in page.content.decode()
    assert Return.objects.filter(state="approved").count() == 2


def test_one_that_cannot_pass_keeps_all_and_is_named(cast: Cast, quarter: dict[str, Return]) -> None:
    keys = [of.pk for of in quarter.values()]
    page = cast.client("district").post(ACT, {"action": "approve", "of": keys})
    text = page.content.decode()
    assert page.status_code == 422
    assert "Nothing was changed: 1 return cannot be passed." in text
    assert "The school" in text
    assert "Go on with the other 2" in text
    assert not Return.objects.filter(state="approved").exists()


def test_all_in_order_are_approved_with_one_press(cast: Cast, quarter: dict[str, Return]) -> None:
    cast.client("district").post(ACT, {"all": "in-order"})
    assert sorted(Return.objects.values_list("state", flat=True)) == ["approved", "approved", "entering"]


def test_the_console_approves_all_in_order(cast: Cast, quarter: dict[str, Return]) -> None:
    def run(*more: str) -> Result:
        return CliRunner().invoke(returns, ["step", "--period", "2023-Q1", "--format", "json", *more])

    told = json.loads(run("approve", "--region", "420106").stdout)
    assert (told["region"], told["approved"]) == ("420106", 2)
    assert sorted(Return.objects.values_list("state", flat=True)) == ["approved", "approved", "entering"]
    assert json.loads(run("approve", "--region", "420106").stdout)["approved"] == 0
    for wrong in (["approve"], ["reopen", "--region", "420106", "--reason", "x"]):
        assert run(*wrong).exit_code != 0


def test_sending_back_carries_the_reason(cast: Cast, quarter: dict[str, Return]) -> None:
    client, key = cast.client("district"), quarter["office"].pk
    assert client.post(ACT, {"action": "send_back", "of": [key]}).status_code == 422
    client.post(ACT, {"action": "send_back", "of": [key], "reason": "compare with the bills"})
    quarter["office"].refresh_from_db()
    assert quarter["office"].state == "returned"
    assert quarter["office"].steps.order_by("-id")[0].reason == "compare with the bills"


def test_nothing_chosen_does_nothing(cast: Cast, quarter: dict[str, Return]) -> None:
    page = cast.client("district").post(ACT, {"action": "approve"}, follow=True)
    assert "Choose at least one return." in page.content.decode()


def test_a_system_department_sees_its_system_and_decides_nothing(cast: Cast, quarter: dict[str, Return]) -> None:
    page = cast.client("education").get(ADDRESS).content.decode()
    assert "0 of 1 returns are handed in" in page
    assert "The hospital" not in page
    assert "bench-act" not in page
    answer = cast.client("education").post(ACT, {"action": "approve", "of": [quarter["hospital"].pk]})
    assert answer.status_code == 403
    assert not Return.objects.filter(state="approved").exists()


@pytest.mark.parametrize("who", ["neighbour", "other"])
def test_another_districts_manager_sees_and_moves_nothing(cast: Cast, quarter: dict[str, Return], who: str) -> None:
    client = cast.client(who)
    assert client.get(ADDRESS).status_code == 404
    own = client.get("/returns/workbench/?period=2023-Q1").content.decode()
    assert "The school" not in own
    client.post("/returns/workbench/act/?period=2023-Q1", {"action": "approve", "of": [quarter["office"].pk]})
    assert not Return.objects.filter(state="approved").exists()


@pytest.mark.parametrize("who", ["statistician", "outsider", "public", "service"])
def test_those_who_oversee_no_region_are_told_so(cast: Cast, quarter: dict[str, Return], who: str) -> None:
    assert cast.client(who).get("/returns/workbench/").status_code == 403


def test_it_filters_sorts_and_exports(cast: Cast, quarter: dict[str, Return]) -> None:
    client = cast.client("district")
    only = client.get(f"{ADDRESS}&r_look=errors").content.decode()
    table = only[only.index('id="bench"') : only.index('id="values-card"')]
    assert "The school" in table
    assert "The office" not in table
    lines = b"".join(client.get(f"{ADDRESS}&v_export=csv").streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[attr-defined]
    assert any("L04" in line and "The school" in line for line in lines[1:])


def test_who_passed_it_on_may_not_approve_it(cast: Cast, quarter: dict[str, Return]) -> None:
    office = quarter["office"]
    office.hands = [*office.hands, str(cast.user("district").pk)]
    office.save()
    page = cast.client("district").post(ACT, {"action": "approve", "of": [office.pk]})
    assert page.status_code == 422
    take_step(cast.actor("city"), office, Action.APPROVE)
    assert Return.objects.get(pk=office.pk).state == "approved"


def test_the_calendar_opens_extends_and_sets_days(cast: Cast, quarter: dict[str, Return]) -> None:
    client: Any = cast.client("district")
    page = client.get("/returns/calendar/?region=420106&year=2023").content.decode()
    assert "1 return is late" in page
    assert "suggestion, to be settled" in page
    key = quarter["school"].pk
    client.post(f"/returns/{key}/extend/", {"until": "2099-01-01", "reason": "a new statistician"})
    assert "nobody is late" in client.get("/returns/calendar/?region=420106&year=2023").content.decode()
    client.post("/returns/calendar/?region=420106&period=2022-00", {"act": "open"})
    assert Return.objects.filter(year=2022, kind="annual").count() == 3
    client.post(
        "/returns/calendar/?region=420106",
        {"act": "deadline", "kind": "annual", "task": "report", "month": 1, "day": 20},
    )
    assert {str(of.due_on) for of in Return.objects.filter(kind="annual")} == {"2023-01-20"}
    other: Any = cast.client("neighbour")
    assert other.get(f"/returns/{key}/extend/").status_code == 404
    other.post(
        "/returns/calendar/?region=420106", {"act": "deadline", "kind": "annual", "task": "report", "days_after": 1}
    )
    assert {str(of.due_on) for of in Return.objects.filter(kind="annual")} == {"2023-01-20"}


# a province


def test_a_large_region_is_counted_by_the_regions_below_and_reviewed_there(
    cast: Cast, quarter: dict[str, Return], monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    """Three of the district: two handed in, one begun and overdue; one of the neighbour is not begun."""
    open_returns(cast.actor("city"), cast.regions["420111"], QUARTER)
    monkeypatch.setattr(overview, "LARGE", 2)
    client, address = cast.client("city"), "/returns/workbench/?region=420100&period=2023-Q1"
    client.get(address)
    with django_assert_max_num_queries(MOST_QUERIES):
        text = " ".join(client.get(address).content.decode().split())
    assert "2 of 4 returns are handed in" in text
    assert "region=420106&amp;period=2023-Q1" in text
    found = {row.code: row for row in overview.Overview(cast.actor("city"), cast.regions["420100"], QUARTER).rows}
    district = found["420106"]
    assert (district.owed, district.handed_in, district.missing, district.late) == (3, 2, 1, 1)
    assert (found["420111"].owed, found["420111"].late) == (1, 1)
    assert "Values worth a look" in cast.client("district").get(ADDRESS).content.decode(), "nothing lies below it"
    assert cast.client("neighbour").get(address).status_code == 404

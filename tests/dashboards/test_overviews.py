"""Overviews: figures computed by hand, who may open which, how many queries a page costs."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from nengtan.dashboards.region import RegionView
from nengtan.identity.access import system_actor
from nengtan.ledger.queries.accounts import accounts
from nengtan.ledger.services import FactInput, enter_fact
from nengtan.registry.models import Institution
from nengtan.registry.services import InstitutionInput, save_institution, set_attribute
from tests.budget import MOST_QUERIES
from tests.cast import Cast


@pytest.fixture
def books(cast: Cast) -> Cast:
    """The school in 2022 and 2023, the hospital in 2023 only; its neighbour must not matter."""
    system = system_actor()
    school, hospital = cast.institutions["school"], cast.institutions["hospital"]
    for body, area, heads in (
        (school, 18960, 1246),
        (hospital, 10000, 500),
        (cast.institutions["neighbour_school"], 1, 1),
    ):
        set_attribute(system, body, "area_m2", date(2020, 1, 1), Decimal(area))
        set_attribute(system, body, "persons", date(2020, 1, 1), Decimal(heads))
    entered = (
        (school, "electricity", 202210, "350000", "kWh", "262500"),
        (school, "electricity", 202310, "361480", "kWh", "271110"),
        (school, "natural_gas", 202310, "10482", "m3", "31446"),
        (school, "gasoline", 202310, "1312", "L", "10496"),
        (school, "water", 202310, "1870", "m3", "6451.5"),
        (hospital, "electricity", 202310, "10", "10MWh", "75000"),
        (cast.institutions["neighbour_school"], "electricity", 202310, "999999", "kWh", "1"),
    )
    for body, carrier, period, quantity, unit, cost in entered:
        enter_fact(system, FactInput(body, carrier, period, Decimal(quantity), unit, Decimal(cost)))
    return cast


def region_view(cast: Cast, name: str = "district", year: int = 2023) -> RegionView:
    return RegionView(cast.actor(name), cast.regions["420106"], year, 2026)


def test_a_district_adds_up_as_computed_by_hand(books) -> None:
    view = region_view(books)
    assert view.figures.electricity_kwh == Decimal(461480)
    by_hand = (
        Decimal(461480) * Decimal("0.1229") + Decimal(10482) * Decimal("1.33") + Decimal(1312) * Decimal("1.074122")
    ) / 1000
    assert view.figures.energy_tce == by_hand
    # the school's 171.934048 t (published case) and the hospital's 100,000 kWh × 0.4044
    assert view.figures.co2_t == Decimal("171.934048") + Decimal("40.44")
    assert view.figures.water_m3 == Decimal(1870)
    assert view.figures.cost_cny == Decimal("394503.5")
    assert view.bodies.area_m2 == Decimal(28960)


@pytest.mark.parametrize("who", ["district", "education"])
def test_one_hasty_bill_does_not_hide_the_year_before(books, who) -> None:
    """Of four, and of the three of the system, one tells of 2024: no year yet. Two do: half of four is one."""
    system, region = system_actor(), books.regions["420106"]
    for code in ("420106-S2", "420106-S3"):
        kind = InstitutionInput(code=code, name=code, kind="021", region=region, system="education")
        save_institution(system, kind)
    bodies = [books.institutions["school"], *Institution.objects.filter(code__in=("420106-S2", "420106-S3"))]
    for place, body in enumerate(bodies):
        if place:
            enter_fact(system, FactInput(body, "electricity", 202310, Decimal(9), "kWh"))
    enter_fact(system, FactInput(bodies[0], "electricity", 202401, Decimal(7), "kWh"))
    enter_fact(system, FactInput(bodies[0], "water", 202402, Decimal(7), "m3"))

    def shown() -> int:
        return RegionView(books.actor(who), region, None, 2026).year

    assert shown() == 2023
    enter_fact(system, FactInput(bodies[1], "electricity", 202401, Decimal(7), "kWh"))
    assert shown() == 2024


def test_a_region_without_figures_shows_this_year(cast) -> None:
    assert RegionView(cast.actor("district"), cast.regions["420106"], None, 2026).year == 2026


def test_an_intensity_is_the_sum_divided_never_an_average(books) -> None:
    view = region_view(books)
    assert view.per.kgce_per_m2 == view.figures.energy_tce * 1000 / Decimal(28960)


def test_last_year_is_compared_month_for_month(books) -> None:
    view = region_view(books)
    assert view.last_month == 10
    assert view.before.electricity_kwh == Decimal(350000)


def test_the_causes_of_a_change_add_up_to_it(books) -> None:
    known = FactInput(books.institutions["hospital"], "electricity", 202210, Decimal(90000), "kWh")
    enter_fact(system_actor(), known)
    view = region_view(books)
    chart = view.change_chart()
    figures = [row[1] for row in chart.rows]
    assert figures[0] == view.before.co2_t
    assert figures[-1] == view.figures.co2_t
    assert sum(figures[1:-1]) == view.figures.co2_t - view.before.co2_t


def test_a_body_that_reports_nothing_is_missing_too(books) -> None:
    view = region_view(books)
    assert view.bodies.institutions == 3
    office = next(item for item in view.completeness if item.done == 0)
    assert office.total == 24


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("admin", 200),
        ("nation", 200),
        ("province", 200),
        ("city", 200),
        ("district", 200),
        ("education", 200),
        ("verifier", 200),
        ("public", 200),
        ("neighbour", 404),
        ("other", 404),
        ("statistician", 404),
        ("service", 404),
        ("outsider", 403),
        ("anonymous", 302),
    ],
)
def test_a_region_opens_only_to_those_granted_it(books, who, status) -> None:
    assert books.client(who).get("/regions/420106/?year=2023").status_code == status


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("admin", 200),
        ("district", 200),
        ("education", 200),
        ("statistician", 200),
        ("unit_head", 200),
        ("service", 200),
        ("verifier", 200),
        ("verifier_one", 200),
        ("public", 403),
        ("neighbour", 404),
        ("other", 404),
        ("outsider", 403),
    ],
)
def test_an_institution_opens_only_to_those_granted_it(books, who, status) -> None:
    assert books.client(who).get("/institutions/420106-S1/?year=2023").status_code == status


def test_the_public_sees_totals_and_no_names(books) -> None:
    page = books.client("public").get("/regions/420106/?year=2023").content.decode()
    assert "The school" not in page
    assert "The hospital" not in page


def test_a_system_department_sees_its_part_only(books) -> None:
    view = region_view(books, "education")
    assert view.partial
    assert view.figures.electricity_kwh == Decimal(361480)
    assert "The hospital" not in books.client("education").get("/regions/420106/?year=2023").content.decode()


def test_everybody_lands_where_their_work_is(books) -> None:
    assert books.client("district").get("/").url == "/regions/420106/"
    assert books.client("statistician").get("/").url == "/institutions/420106-S1/"
    assert books.client("admin").get("/").status_code == 302


@pytest.mark.parametrize(
    "url", ["/regions/420106/?year=2023", "/regions/420106/attention/?year=2023", "/institutions/420106-S1/?year=2023"]
)
def test_a_page_costs_a_fixed_number_of_queries(books, url) -> None:
    client = books.client("district")
    client.get(url)
    with CaptureQueriesContext(connection) as seen:
        assert client.get(url).status_code == 200
    assert len(seen) <= MOST_QUERIES, [query["sql"][:120] for query in seen]


def test_tables_of_an_overview_are_searched_each_by_its_own_words(books, monkeypatch) -> None:
    client = books.client("district")
    assert 'name="k_q"' not in client.get("/regions/420106/?year=2023").content.decode()  # found at a glance
    monkeypatch.setattr("nengtan.ui.tables.table.FEW", 1)
    word = client.get("/regions/420106/?year=2023").context["kinds"].rows[0].label
    with CaptureQueriesContext(connection) as seen:
        page = client.get("/regions/420106/", {"year": 2023, "k_q": word})
    assert len(seen) <= MOST_QUERIES
    assert [row.label for row in page.context["kinds"].rows] == [word]
    assert not page.context["attention"].is_filtered
    city = books.client("city").get("/regions/420100/", {"year": 2023, "b_q": str(books.regions["420106"].name)})
    assert [row.key for row in city.context["below"].rows] == ["420106"]


def test_who_is_worth_a_look_is_searched_and_the_sentence_still_counts_all(books, monkeypatch) -> None:
    monkeypatch.setattr("nengtan.ui.tables.table.FEW", 1)
    client, address = books.client("district"), "/regions/420106/attention/"
    everybody = client.get(address, {"year": 2023}).context["table"].rows
    assert len(everybody) > 1
    name = everybody[0].book.institution.name
    page = client.get(address, {"year": 2023, "q": name})
    assert [row.book.institution.name for row in page.context["table"].rows] == [name]
    assert page.context["count"] == len(everybody)
    why = client.get(address, {"year": 2023, "q": str(everybody[0].reasons[0].word)})
    assert name in [row.book.institution.name for row in why.context["table"].rows]


def test_the_map_comes_after_the_page_with_every_body_that_has_a_position(books: Cast) -> None:
    client, address = books.client("district"), "/regions/420106/map/?year=2023"
    nobody = client.get(address)
    assert nobody.context["chart"] is None, "nobody has a position yet: it says how to give one"
    assert "/register/" in nobody.content.decode()
    Institution.objects.filter(pk=books.institutions["school"].pk).update(lat=30.55, lon=114.31)
    assert address.encode() in client.get("/regions/420106/", {"year": 2023}).content
    with CaptureQueriesContext(connection) as seen:
        chart = client.get(address).context["chart"]
    assert len(seen) <= MOST_QUERIES
    school, hospital = books.institutions["school"], books.institutions["hospital"]
    drawn = {row[0]: row[-2:] for row in chart.rows}
    assert drawn.keys() == {school.name, hospital.name, books.institutions["office"].name}
    assert drawn[school.name] == ("114.3100", "30.5500")
    (dots,) = [series["data"] for series in chart.option["series"] if series["data"]]
    assert len(dots) == 1, "the others have no position and are counted in the note"
    assert "2" in chart.note
    assert books.client("public").get(address).status_code == 403


def test_the_largest_users_are_ranked_by_energy(books: Cast) -> None:
    """Energy computed above: the school's 71.4 tce of electricity alone is more than the hospital's 12.3."""
    view = region_view(books)
    names = [row[0] for row in view.ranking_chart().rows]
    assert names == [books.institutions["school"].name, books.institutions["hospital"].name]


def test_a_region_without_figures_says_what_to_do(cast) -> None:
    page = cast.client("district").get("/regions/420106/")
    assert page.status_code == 200
    assert "/import" in page.content.decode()


def test_accounts_stand_beside_any_base_year(books: Cast) -> None:
    account = accounts(books.actor("district"), 2023, region=books.regions["420106"], by="month", base_year=2022)
    october = next(row for row in account.rows if row.key == "202310")
    assert october.base is not None
    assert october.base.figures.electricity_kwh == Decimal(350000)
    assert october.changes["electricity_kwh"].absolute == Decimal(111480)
    assert account.total.as_dict()["change_percent"]["electricity_kwh"] == Decimal("31.851429")


def test_a_year_half_reported_is_not_called_a_rise(books: Cast) -> None:
    """2023 has every month of the school and the hospital, 2022 only one: ten times as much is no rise."""
    system = system_actor()
    for body in (books.institutions["school"], books.institutions["hospital"]):
        for month in range(1, 13):
            for carrier, unit in (("electricity", "kWh"), ("water", "m3")):
                if (carrier, month) != ("electricity", 10):
                    enter_fact(system, FactInput(body, carrier, 202300 + month, Decimal(40000 + month), unit))
    view = region_view(books)
    assert not view.is_comparable
    assert view.change_chart() is None
    assert all(figure.change is None for figure in view.key_figures)
    page = books.client("district").get("/regions/420106/?year=2023").content.decode()
    assert "不作同比" in page
    assert "同比上升" not in page


def test_the_figures_of_every_table_open(books: Cast) -> None:
    page = books.client("district").get("/regions/420106/?year=2023").content.decode()
    assert "type=021" in page, "a kind of body"
    body = books.client("district").get("/institutions/420106-S1/?year=2023").content.decode()
    assert "measure=electricity_kwh&amp;month=10" in body or "month=10&amp;measure=electricity_kwh" in body
    assert "/ledger/?institution=420106-S1&amp;carrier=natural_gas&amp;year=2023&amp;month=10&amp;standing=1" in body
    bills = books.client("district").get(
        "/ledger/?institution=420106-S1&carrier=natural_gas&year=2023&month=10&standing=1"
    )
    assert "10,482" in bills.content.decode()


def test_the_line_of_bodies_directly_in_a_region_says_so(books: Cast) -> None:
    from nengtan.registry.services import add_region

    add_region(books.actor("admin"), "420106901", "A town", parent=books.regions["420106"])
    page = books.client("district").get("/regions/420106/?year=2023").content.decode()
    assert f"{books.regions['420106'].name}本级" in page


def test_carbon_without_coal_equivalent_is_told_as_such(cast: Cast) -> None:
    """A region beyond the country's factors, given one of CO2 only: 1 000 kWh × 0.2 kg."""
    from nengtan.ledger.factors import FactorInput, add_factor
    from nengtan.registry.services import InstitutionInput, add_region, save_institution

    abroad = add_region(cast.actor("admin"), "XX-1", "Abroad")
    body = save_institution(system_actor(), InstitutionInput(code="XX-A", name="Abroad A", kind="021", region=abroad))
    enter_fact(system_actor(), FactInput(body, "electricity", 202301, Decimal(1000), "kWh"))
    add_factor(cast.actor("admin"), FactorInput("co2", "electricity", "XX-1", Decimal("0.2"), "kWh", "a notice", 2023))
    page = cast.client("admin").get("/regions/XX-1/?year=2023").content.decode()
    assert "综合能耗与碳排放：" not in page
    assert "折标准煤：电力" in page
    assert "CO₂：电力" not in page


def compared(cast: Cast, base: int | None) -> RegionView:
    return RegionView(cast.actor("district"), cast.regions["420106"], 2023, 2026, base)


def test_a_year_is_compared_with_the_one_chosen(books) -> None:
    school = books.institutions["school"]
    enter_fact(system_actor(), FactInput(school, "electricity", 202010, Decimal(300000), "kWh", Decimal(1)))
    enter_fact(system_actor(), FactInput(school, "electricity", 202012, Decimal(70000), "kWh", Decimal(1)))
    chosen = compared(books, 2020)
    assert chosen.before.electricity_kwh == 300000, "the same months only"
    assert compared(books, None).before.electricity_kwh == compared(books, 2022).before.electricity_kwh == 350000
    assert [code for code, _word in chosen.base_options] == ["", "2020"]
    assert chosen.base_chosen == "2020"
    assert "2020" in str(chosen.monthly_chart())
    assert "2020" not in str(compared(books, None).monthly_chart())


@pytest.mark.parametrize("base", [2023, 2024, 2022, 2019])
def test_a_base_year_that_is_not_earlier_or_has_no_figures_is_last_year(books, base: int) -> None:
    view = compared(books, base)
    assert (view.base, view.is_on_last_year, view.base_chosen) == (2022, True, "")


def test_the_base_year_is_chosen_on_the_page_in_few_queries(books) -> None:
    enter_fact(
        system_actor(), FactInput(books.institutions["school"], "electricity", 202010, Decimal(5), "kWh", Decimal(1))
    )
    client = books.client("district")
    client.cookies["django_language"] = "en"
    for address in ("/regions/420106/", "/regions/420106/attention/", "/institutions/420106-S1/"):
        client.get(f"{address}?year=2023&base=2020")
        with CaptureQueriesContext(connection) as queries:
            page = client.get(f"{address}?year=2023&base=2020").content.decode()
        assert len(queries) <= MOST_QUERIES, address
        assert "base=2020" in page, address
        assert "on 2020" in page, address


def test_the_completeness_of_a_month_or_a_carrier_is_its_own(books: Cast) -> None:
    """Each of three reports electricity and water; in October the school told of both, the hospital of electricity.

    The school's gas and petrol, which it need not report, make up for nothing.
    """
    actor, region = books.actor("district"), books.regions["420106"]

    def coverage(**cut: Any) -> tuple[int, int]:
        held = accounts(actor, 2023, region=region, **cut).total.bodies.coverage
        return held.present, held.expected

    for by, cut in (("month", {"month": 10}), ("carrier", {"carrier": "electricity"})):
        rows = {row.key: row.bodies.coverage for row in accounts(actor, 2023, region=region, by=by).rows}
        row = rows["202310" if by == "month" else "electricity"]
        assert coverage(**cut) == (row.present, row.expected)
    assert coverage(month=10) == (3, 6)
    assert coverage(month=9) == (0, 6)
    assert coverage(carrier="electricity") == (2, 36)
    assert coverage(carrier="electricity", month=10) == (2, 3)
    by_type = accounts(actor, 2023, region=region, by="type", month=10)
    told = [(row.bodies.coverage.present, row.bodies.coverage.expected) for row in by_type.rows]
    assert sorted(told) == [(0, 2), (1, 2), (2, 2)]


def test_a_year_told_of_by_fewer_institutions_is_not_called_a_change(cast: Cast) -> None:
    """Both years are as complete as each other by far, but one of the two institutions has no 2022 at all."""
    system = system_actor()
    for body, first in ((cast.institutions["school"], 2022), (cast.institutions["hospital"], 2023)):
        body.carriers = ["electricity"]
        body.save()
        for year in range(first, 2024):
            enter_fact(system, FactInput(body, "electricity", year * 100 + 1, Decimal(1000), "kWh"))
    view = region_view(cast)
    assert view.told == (1, 2)
    assert not view.is_comparable
    page = cast.client("district").get("/regions/420106/?year=2023").content.decode()
    assert "上年有数的单位 1 家，本年 2 家，不作同比" in page
    assert "同比上升" not in page
    enter_fact(system, FactInput(cast.institutions["hospital"], "electricity", 202201, Decimal(1000), "kWh"))
    assert region_view(cast).is_comparable


def test_figures_after_a_closing_are_told_of_everywhere(books: Cast) -> None:
    """The school of two Octobers merges into the hospital in June 2023: the second October counts no more."""
    district = books.client("district")
    event = {"kind": "merged", "effective_on": "2023-06-30", "before": ["420106-S1"], "after": ["420106-H1"]}
    sent = district.post("/api/institution-events", event, "application/json")
    assert sent.status_code == 201, sent.content
    assert sent.json()["months_after"] == {"420106-S1": 1}
    view = region_view(books)
    assert view.figures.electricity_kwh == Decimal(100000)
    late = [item for item in view.attention() if item.book.institution.code == "420106-S1"]
    assert "注销以后 1 个月" in late[0].reasons[0].text
    page = district.get("/institutions/420106-S1/?year=2023").content.decode()
    assert "已于 2023-06-30 并入或改设为" in page
    assert "此后 1 个月的用量在台账中，不计入" in page
    assert "standing=8" in page

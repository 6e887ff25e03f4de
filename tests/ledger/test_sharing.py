"""Bills shared by several bodies, by each of the four ways, computed by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from nengtan.identity.access import system_actor
from nengtan.ledger.models import ActivityFact, InstitutionYear, RegionRollup
from nengtan.ledger.services import (
    FactInput,
    close_year,
    correct_fact,
    enter_fact,
    intake,
    reopen_year,
    withdraw_batch,
    withdraw_fact,
)
from nengtan.ledger.services.rebuild import rebuild_everything
from nengtan.registry.models import Institution
from nengtan.registry.services import EventInput, record_event, save_institution, set_attribute
from nengtan.registry.services.institutions import input_of
from tests.cast import Cast
from tests.ledger.files import bills

JANUARY = 202301


def host(cast: Cast, way: str, share: str | None = None) -> Institution:
    """The school holds the account; the office has none of its own."""
    school, office = cast.institutions["school"], cast.institutions["office"]
    office.utility_account, office.host, office.allocation = "none", school, way
    office.share = Decimal(share) if share else None
    office.save()
    return school


def bill(
    body: Institution, quantity: str, cost: str | None = None, carrier: str = "electricity", period: int = JANUARY
) -> ActivityFact:
    unit = {"electricity": "kWh", "water": "m3", "gasoline": "L"}[carrier]
    money = Decimal(cost) if cost else None
    return enter_fact(system_actor(), FactInput(body, carrier, period, Decimal(quantity), unit, money))


def parts(of: ActivityFact) -> dict[str, tuple[Decimal | None, Decimal | None, Decimal | None]]:
    rows = of.parts.filter(superseded_by=None).exclude(standing=ActivityFact.Standing.WITHDRAWN)
    return {part.institution.name: (part.quantity, part.cost, part.share) for part in rows}


def measure(cast: Cast, key: str, school: str, office: str) -> None:
    for name, value in (("school", school), ("office", office)):
        set_attribute(system_actor(), cast.institutions[name], key, date(2022, 1, 1), Decimal(value))


def close(cast: Cast, name: str, on: date) -> None:
    body = Institution.objects.get(pk=cast.institutions[name].pk)
    record_event(system_actor(), EventInput("closed", on, before=[body]))


def test_by_area(cast: Cast) -> None:
    whole = bill(host(cast, "area"), "100", None)
    assert parts(whole) == {}
    measure(cast, "area_m2", "3000", "1000")
    whole = bill(cast.institutions["school"], "1000.01", "750.01")
    assert parts(whole) == {
        "The school": (Decimal("750.0075"), Decimal("562.51"), Decimal("0.75")),
        "The office": (Decimal("250.0025"), Decimal("187.50"), Decimal("0.25")),
    }
    assert whole.standing == ActivityFact.Standing.ALLOCATED


def test_by_headcount(cast: Cast) -> None:
    school = host(cast, "headcount")
    measure(cast, "persons", "200", "100")
    assert parts(bill(school, "10")) == {
        "The school": (Decimal("6.666667"), None, Decimal("0.666667")),
        "The office": (Decimal("3.333333"), None, Decimal("0.333333")),
    }


def test_by_agreed_share(cast: Cast) -> None:
    assert parts(bill(host(cast, "share", "0.125"), "1000", "800")) == {
        "The school": (Decimal(875), Decimal(700), Decimal("0.875")),
        "The office": (Decimal(125), Decimal(100), Decimal("0.125")),
    }


def test_by_submeter(cast: Cast) -> None:
    school = host(cast, "submeter")
    office = cast.institutions["office"]
    undivided = bill(school, "1000", "800")
    assert undivided.standing == ActivityFact.Standing.COUNTS
    reading = FactInput(office, "electricity", JANUARY, Decimal(300), "kWh", origin="meter")
    enter_fact(system_actor(), reading)
    divided = correct_fact(
        system_actor(),
        undivided,
        FactInput(school, "electricity", JANUARY, Decimal(1000), "kWh", Decimal(800)),
        "meter read",
    )
    assert parts(divided) == {
        "The school": (Decimal(700), Decimal(560), Decimal("0.7")),
        "The office": (Decimal(300), Decimal(240), Decimal("0.3")),
    }


def test_a_reading_that_comes_later_divides_the_bill_that_waited(cast: Cast) -> None:
    school = host(cast, "submeter")
    waiting = bill(school, "1000", "800")
    reading = FactInput(cast.institutions["office"], "electricity", JANUARY, Decimal(300), "kWh", origin="meter")
    enter_fact(system_actor(), reading)
    assert parts(waiting)["The office"][:2] == (Decimal(300), Decimal(240))
    waiting.refresh_from_db()
    assert waiting.standing == ActivityFact.Standing.ALLOCATED


def test_a_reading_beyond_the_bill_leaves_it_whole(cast: Cast) -> None:
    school = host(cast, "submeter")
    reading = FactInput(cast.institutions["office"], "electricity", JANUARY, Decimal(3000), "kWh", origin="meter")
    enter_fact(system_actor(), reading)
    assert parts(bill(school, "1000")) == {}


def test_parts_add_up_to_the_whole_and_the_whole_counts_no_more(cast: Cast) -> None:
    school = host(cast, "area")
    measure(cast, "area_m2", "3", "7")
    bill(school, "0.1", "0.1")
    sums = RegionRollup.objects.filter(region=cast.regions["420106"]).values_list("period", "kind", "quantity")
    assert {(kind, quantity) for _period, kind, quantity in sums} == {("021", Decimal("0.03")), ("01", Decimal("0.07"))}


def test_fuel_bought_by_the_tank_is_the_buyers_own(cast: Cast) -> None:
    assert parts(bill(host(cast, "share", "0.5"), "100", carrier="gasoline")) == {}


@pytest.mark.parametrize("end", ["withdraw", "correct"])
def test_parts_follow_the_bill(cast: Cast, end: str) -> None:
    school = host(cast, "share", "0.5")
    whole = bill(school, "100")
    if end == "withdraw":
        withdraw_fact(system_actor(), whole, "twice")
        assert not ActivityFact.objects.counting().exists()
        return
    fixed = correct_fact(
        system_actor(), whole, FactInput(school, "electricity", JANUARY, Decimal(60), "kWh"), "misread"
    )
    assert {name: part[0] for name, part in parts(fixed).items()} == {
        "The school": Decimal(30),
        "The office": Decimal(30),
    }
    assert parts(whole) == {}
    assert sum(fact.quantity or 0 for fact in ActivityFact.objects.counting()) == 60


def rows(quantity: int) -> list[tuple[Any, ...]]:
    return [
        ("420106-S1", None, "2023-01", "电力", quantity, "kWh", quantity, "账单", "B"),
        ("420106-O1", None, "2023-01", "电力", 30, "kWh", None, "表计", None),
        ("420106-H1", None, "2023-01", "电力", 5, "kWh", None, "账单", None),
    ]


def counting() -> dict[str, Decimal | None]:
    facts = ActivityFact.objects.counting().select_related("institution")
    return {fact.institution.name: fact.quantity for fact in facts}


def test_an_import_divides_with_the_readings_it_brings_and_takes_all_back(cast: Cast) -> None:
    host(cast, "submeter")
    first = intake.import_file(system_actor(), "a.xlsx", bills(*rows(100)))
    assert counting() == {"The school": Decimal(70), "The office": Decimal(30), "The hospital": Decimal(5)}
    second = intake.import_file(system_actor(), "b.xlsx", bills(*rows(200)), on_existing="correct")
    assert (second.accepted, second.unchanged, second.corrected) == (1, 2, 1)
    assert counting() == {"The school": Decimal(170), "The office": Decimal(30), "The hospital": Decimal(5)}
    withdraw_batch(system_actor(), second.batch, "wrong file")  # type: ignore[arg-type]
    assert counting() == {"The school": Decimal(70), "The office": Decimal(30), "The hospital": Decimal(5)}
    withdraw_batch(system_actor(), first.batch, "wrong file")  # type: ignore[arg-type]
    assert set(counting()) <= {"The school", "The office"}


def figures(cast: Cast) -> dict[str, Decimal | None]:
    """What the kept sums and books have of the two, in January."""
    sums = RegionRollup.objects.filter(region=cast.regions["420106"], period=JANUARY)
    return dict(sums.exclude(cells=0).values_list("kind", "quantity"))


def test_a_corrected_area_divides_the_bill_anew_and_tells_why(cast: Cast) -> None:
    school = host(cast, "area")
    measure(cast, "area_m2", "500", "500")
    whole = bill(school, "1000", "800")
    assert parts(whole)["The office"] == (Decimal(500), Decimal(400), Decimal("0.5"))
    measure(cast, "area_m2", "500", "1500")
    assert parts(whole) == {
        "The school": (Decimal(250), Decimal(200), Decimal("0.25")),
        "The office": (Decimal(750), Decimal(600), Decimal("0.75")),
    }
    assert figures(cast) == {"021": Decimal(250), "01": Decimal(750)}
    assert InstitutionYear.objects.get(institution=school, year=2023).electricity_kwh == Decimal(250)
    new = whole.parts.get(superseded_by=None, institution=school)
    assert new.supersedes is not None
    assert new.supersedes.quantity == Decimal(500)
    assert new.note == "重新分摊：名录有变"
    again = rebuild_everything()
    assert (again["sums_differing"], again["books_differing"]) == (0, 0)
    assert figures(cast) == {"021": Decimal(250), "01": Decimal(750)}


def test_an_area_from_a_later_day_leaves_the_bills_before_it(cast: Cast) -> None:
    school = host(cast, "area")
    measure(cast, "area_m2", "500", "500")
    whole = bill(school, "1000")
    set_attribute(system_actor(), cast.institutions["office"], "area_m2", date(2023, 2, 1), Decimal(1500))
    assert whole.parts.count() == 2
    set_attribute(system_actor(), cast.institutions["office"], "area_m2", date(2022, 12, 1), Decimal(1500))
    assert parts(whole)["The office"][0] == Decimal(750)


def test_the_record_of_a_guest_divides_its_hosts_bills(cast: Cast) -> None:
    school = host(cast, "share", "0.125")
    whole = bill(school, "1000")
    office = Institution.objects.get(pk=cast.institutions["office"].pk)
    save_institution(system_actor(), replace(input_of(office), share=Decimal("0.25")), office)
    assert parts(whole)["The office"][0] == Decimal(250)
    save_institution(system_actor(), replace(input_of(office), utility_account="own", host=None), office)
    assert parts(whole) == {"The school": (Decimal(1000), None, Decimal(1))}
    assert figures(cast) == {"021": Decimal(1000)}
    save_institution(system_actor(), replace(input_of(office), utility_account="none", host=school), office)
    assert parts(whole)["The office"][0] == Decimal(250)


def test_a_closed_guest_has_no_part_from_the_month_it_is_gone(cast: Cast) -> None:
    school = host(cast, "area")
    measure(cast, "area_m2", "500", "500")
    january, february = bill(school, "1000"), bill(school, "600", period=202302)
    close(cast, "office", date(2023, 2, 1))
    assert parts(january)["The office"][0] == Decimal(500)
    assert parts(february) == {"The school": (Decimal(600), None, Decimal(1))}
    march = bill(school, "300", period=202303)
    assert parts(march) == {}
    assert march.standing == ActivityFact.Standing.COUNTS


def test_a_closed_year_keeps_its_shares_until_it_is_reopened(cast: Cast) -> None:
    school = host(cast, "area")
    measure(cast, "area_m2", "500", "500")
    whole = bill(school, "1000")
    closing = close_year(system_actor(), cast.regions["420106"], 2023)
    measure(cast, "area_m2", "500", "1500")
    rebuild_everything()
    assert parts(whole)["The office"][0] == Decimal(500)
    reopen_year(system_actor(), closing, "area was wrong")
    assert parts(whole)["The office"][0] == Decimal(750)
    assert figures(cast) == {"021": Decimal(250), "01": Decimal(750)}


def test_a_reading_taken_back_leaves_the_bill_with_its_holder(cast: Cast) -> None:
    school = host(cast, "submeter")
    reading = FactInput(cast.institutions["office"], "electricity", JANUARY, Decimal(300), "kWh", origin="meter")
    entered = enter_fact(system_actor(), reading)
    whole = bill(school, "1000")
    withdraw_fact(system_actor(), entered, "wrong meter")
    assert parts(whole) == {"The school": (Decimal(1000), None, Decimal(1))}


def test_figures_after_the_closing_do_not_count_whenever_they_came(cast: Cast) -> None:
    school = cast.institutions["school"]
    early, late = bill(school, "100"), bill(school, "200", period=202307)
    close(cast, "school", date(2023, 6, 30))
    early.refresh_from_db()
    late.refresh_from_db()
    assert (early.standing, late.standing) == (ActivityFact.Standing.COUNTS, ActivityFact.Standing.AFTER_CLOSING)
    book = InstitutionYear.objects.get(institution=school, year=2023)
    assert (book.electricity_kwh, book.months, book.present) == (Decimal(100), 6, 1)
    assert not RegionRollup.objects.filter(period=202307).exclude(cells=0).exists()
    with pytest.raises(ValidationError):
        bill(Institution.objects.get(pk=school.pk), "200", period=202308)
    office = cast.institutions["office"]
    moved = FactInput(office, "electricity", 202307, Decimal(200), "kWh")
    assert correct_fact(system_actor(), late, moved, "belongs to the successor").standing == 1
    assert rebuild_everything(check_only=True)["sums_differing"] == 0


def test_a_closed_year_keeps_what_counted_in_it_when_a_body_is_closed_later(cast: Cast) -> None:
    school = cast.institutions["school"]
    late = bill(school, "200", period=202307)
    closing = close_year(system_actor(), cast.regions["420106"], 2023)
    close(cast, "school", date(2023, 6, 30))
    late.refresh_from_db()
    assert late.standing == ActivityFact.Standing.COUNTS
    reopen_year(system_actor(), closing, "it was closed in June")
    late.refresh_from_db()
    assert late.standing == ActivityFact.Standing.AFTER_CLOSING

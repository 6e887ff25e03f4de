"""A closed year stands: no figure enters it, and nothing added later moves it."""

from __future__ import annotations

import random
from contextlib import suppress
from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from nengtan.identity.access import Forbidden, system_actor
from nengtan.ledger.factors import FactorInput, add_factor, library, retire_factor
from nengtan.ledger.models import ActivityFact, FactorVersion, FrozenFactor, InstitutionYear, YearClosing
from nengtan.ledger.queries.accounts import AccountRow, accounts
from nengtan.ledger.queries.closings import closings_for, figures_agree
from nengtan.ledger.queries.lineage import explain
from nengtan.ledger.queries.selection import Selection
from nengtan.ledger.services import (
    FactInput,
    YearClosed,
    close_year,
    correct_fact,
    enter_fact,
    reopen_year,
    withdraw_fact,
)
from nengtan.ledger.services.rebuild import rebuild_everything
from nengtan.registry.models import InstitutionEvent
from nengtan.registry.services import (
    EventInput,
    InstitutionInput,
    add_region,
    record_event,
    save_institution,
    set_attribute,
)
from tests.cast import Cast


def used(cast: Cast, year: int = 2023, quantity: int = 1000, who: str = "school") -> ActivityFact:
    data = FactInput(cast.institutions[who], "electricity", year * 100 + 1, Decimal(quantity), "kWh")
    return enter_fact(system_actor(), data)


def move_school(cast: Cast) -> None:
    school, region = cast.institutions["school"], cast.regions["420111"]
    move = EventInput(InstitutionEvent.Kind.MOVED, date(2023, 1, 1), before=[school], region=region)
    record_event(cast.actor("city"), move)


def total(cast: Cast, year: int = 2023) -> AccountRow:
    return accounts(system_actor(), year, region=cast.regions["420106"]).total


def local_factor(cast: Cast, value: str, place: str = "420106", year: int = 2022) -> str:
    data = FactorInput("co2", "electricity", place, Decimal(value), "kWh", "District notice 1", year)
    return add_factor(cast.actor("admin"), data).code


def test_no_figure_enters_changes_or_leaves_a_closed_year(cast: Cast) -> None:
    fact = used(cast)
    close_year(cast.actor("district"), cast.regions["420106"], 2023)
    other = FactInput(cast.institutions["school"], "electricity", 202301, Decimal(1), "kWh")
    with pytest.raises(YearClosed):
        used(cast)
    with pytest.raises(YearClosed):
        correct_fact(system_actor(), fact, other, "misread")
    with pytest.raises(YearClosed):
        withdraw_fact(system_actor(), fact, "twice")
    used(cast, 2024)
    used(cast, who="neighbour_school")
    assert ActivityFact.objects.count() == 3


def test_a_factor_added_later_leaves_a_closed_year_alone_and_moves_an_open_one(cast: Cast) -> None:
    used(cast)
    used(cast, 2022)
    closing = close_year(cast.actor("district"), cast.regions["420106"], 2023)
    frozen, opened = total(cast).figures.co2_t, total(cast, 2022).figures.co2_t
    books = InstitutionYear.objects.filter(year=2023, institution=cast.institutions["school"])
    book = books.get().co2_t
    local_factor(cast, "0.9")
    assert total(cast).figures.co2_t == frozen
    assert books.get().co2_t == book
    assert total(cast, 2022).figures.co2_t == Decimal("0.9") != opened
    assert figures_agree(closing)


def test_an_area_set_later_leaves_a_closed_year_alone(cast: Cast) -> None:
    used(cast)
    set_attribute(system_actor(), cast.institutions["school"], "area_m2", date(2022, 1, 1), Decimal(100))
    closing = close_year(cast.actor("district"), cast.regions["420106"], 2023)
    set_attribute(system_actor(), cast.institutions["school"], "area_m2", date(2023, 1, 1), Decimal(999))
    assert total(cast).bodies.area_m2 == 100
    assert figures_agree(closing)
    reopen_year(cast.actor("district"), closing, "the area was wrong")
    assert total(cast).bodies.area_m2 == 999


def test_a_body_that_moves_keeps_its_closed_figures_where_they_were(cast: Cast) -> None:
    used(cast)
    closing = close_year(cast.actor("district"), cast.regions["420106"], 2023)
    before = total(cast).figures.electricity_kwh
    move_school(cast)
    assert total(cast).figures.electricity_kwh == before == 1000
    assert figures_agree(closing)


def test_a_reopened_year_follows_factors_again_and_keeps_the_record(cast: Cast) -> None:
    used(cast)
    closing = close_year(cast.actor("district"), cast.regions["420106"], 2023)
    local_factor(cast, "0.9")
    with pytest.raises(ValidationError):
        reopen_year(cast.actor("district"), closing, " ")
    reopen_year(cast.actor("district"), closing, "late bills")
    assert total(cast).figures.co2_t == Decimal("0.9")
    closing.refresh_from_db()
    assert (closing.reason, figures_agree(closing)) == ("late bills", None)
    used(cast, quantity=7)
    again = close_year(cast.actor("district"), cast.regions["420106"], 2023)
    assert again.pk != closing.pk


def test_the_lineage_of_a_closed_year_tells_what_it_was_closed_with(cast: Cast) -> None:
    """1,000 kWh over 100 m²: that the register says 999 since then is not what was divided by."""
    used(cast)
    school = cast.institutions["school"]
    set_attribute(system_actor(), school, "area_m2", date(2022, 1, 1), Decimal(100))
    close_year(cast.actor("district"), cast.regions["420106"], 2023)
    set_attribute(system_actor(), school, "area_m2", date(2023, 1, 1), Decimal(999))
    told = explain(system_actor(), "kwh_per_m2", Selection(2023, institution=school))
    assert (told.value, told.denominator.value) == (10, 100)
    (held,) = told.denominator.entries
    assert (held.value, held.months) == (100, 12)
    assert "结账" in held.source or "closed" in held.source


def test_a_reopened_year_follows_the_register_again(cast: Cast) -> None:
    """The school moved on 1 January 2023, recorded while the year was closed: its kilowatt-hours go where it went."""
    used(cast)
    set_attribute(system_actor(), cast.institutions["school"], "area_m2", date(2022, 1, 1), Decimal(500))
    closing = close_year(cast.actor("district"), cast.regions["420106"], 2023)
    move_school(cast)
    reopen_year(cast.actor("district"), closing, "the school had moved")
    there = accounts(system_actor(), 2023, region=cast.regions["420111"]).total
    assert (there.figures.electricity_kwh, there.bodies.area_m2) == (1000, 500)
    here = total(cast)
    assert (here.figures.electricity_kwh, here.bodies.area_m2) == (None, None)
    assert not [row for row in rebuild_everything(check_only=True).items() if row[0].endswith("differing") and row[1]]


def test_the_factor_of_a_closed_year_is_kept_with_it(cast: Cast) -> None:
    used(cast)
    code = local_factor(cast, "0.5")
    close_year(cast.actor("district"), cast.regions["420106"], 2023)
    kept = FrozenFactor.objects.get(kind="co2", carrier="electricity")
    assert kept.factor.code == code  # type: ignore[union-attr]
    retire_factor(cast.actor("admin"), kept.factor, "withdrawn by the office")  # type: ignore[arg-type]
    assert total(cast).figures.co2_t == Decimal("0.5")
    assert all(factor.superseded_on for factor in library() if factor.id == code)


def test_what_cannot_be_closed(cast: Cast) -> None:
    district, region = cast.actor("district"), cast.regions["420106"]
    with pytest.raises(ValidationError):
        close_year(district, region, 2023)
    used(cast)
    used(cast, 2026)
    for year in (2026, 2027):
        with pytest.raises(ValidationError):
            close_year(district, region, year)
    close_year(cast.actor("city"), cast.regions["420100"], 2023)
    with pytest.raises(ValidationError):
        close_year(district, region, 2023)
    assert [item.region.code for item in closings_for(district)] == ["420100"]


@pytest.mark.parametrize("who", ["neighbour", "education", "statistician", "verifier", "public", "outsider"])
def test_years_are_closed_by_those_responsible_for_the_region(cast: Cast, who: str) -> None:
    used(cast)
    with pytest.raises(Forbidden):
        close_year(cast.actor(who), cast.regions["420106"], 2023)
    assert not YearClosing.objects.exists()
    close_year(cast.actor("district"), cast.regions["420106"], 2023)


def test_the_province_adds_a_closed_district_with_the_factors_it_was_closed_with(cast: Cast) -> None:
    used(cast)
    used(cast, who="neighbour_school")
    close_year(cast.actor("district"), cast.regions["420106"], 2023)
    district = total(cast).figures.co2_t
    add_factor(
        cast.actor("admin"), FactorInput("co2", "electricity", "420000", Decimal("0.9"), "kWh", "Notice 2", 2023)
    )
    province = accounts(system_actor(), 2023, region=cast.regions["420000"])
    assert total(cast).figures.co2_t == district
    assert province.total.figures.co2_t == Decimal("0.9") + district  # type: ignore[operator]
    parts = accounts(system_actor(), 2023, region=cast.regions["420100"], by="region").rows
    assert sum(row.figures.co2_t or 0 for row in parts) == province.total.figures.co2_t


def test_a_body_that_moves_into_a_closed_region_brings_it_no_figures(cast: Cast) -> None:
    used(cast)
    used(cast, who="neighbour_school")
    closing = close_year(cast.actor("neighbour"), cast.regions["420111"], 2023)
    move_school(cast)
    assert figures_agree(closing)
    assert total(cast).figures.electricity_kwh == 1000
    reopen_year(cast.actor("neighbour"), closing, "the school came")
    used(cast, quantity=1)
    assert not [row for row in rebuild_everything(check_only=True).items() if row[0].endswith("differing") and row[1]]


@pytest.mark.parametrize("seed", range(6))
def test_closing_and_reopening_in_any_order_keeps_the_sums_those_of_the_facts(cast: Cast, seed: int) -> None:
    town = add_region(cast.actor("admin"), "420106901", "A town", parent=cast.regions["420106"])
    body = InstitutionInput(code="TOWN-1", name="The town school", kind="021", region=town, system="education")
    school = save_institution(system_actor(), body)
    for year in (2021, 2022):
        used(cast, year)
        enter_fact(system_actor(), FactInput(school, "electricity", year * 100 + 2, Decimal(300), "kWh"))
    dice = random.Random(seed)
    for _step in range(12):
        region = dice.choice([cast.regions["420100"], cast.regions["420106"], town])
        year = dice.choice([2021, 2022])
        standing = YearClosing.objects.filter(region=region, year=year, reopened_at=None).first()
        with suppress(ValidationError):
            if standing:
                reopen_year(system_actor(), standing, "again")
            else:
                close_year(system_actor(), region, year)
        if dice.random() < 0.3 and not FactorVersion.objects.filter(place="420106").exists():
            local_factor(cast, "0.1")
        found = rebuild_everything(check_only=True)
        assert (found["sums_differing"], found["books_differing"]) == (0, 0)
        months = accounts(system_actor(), 2022, region=cast.regions["420106"], by="month").rows
        by_month = sum(row.figures.co2_t or 0 for row in months)
        assert by_month == total(cast, 2022).figures.co2_t

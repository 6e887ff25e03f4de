"""Two inventories of one set of facts: computed by hand, and what holds whatever the facts."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nengtan import reference
from nengtan.domain.carbon.inventory import (
    Basis,
    Gwp,
    Item,
    MarketGreen,
    Negative,
    Part,
    Remark,
    Result,
    SecondHand,
    Settings,
    Supply,
    Treatment,
    inventory,
)
from nengtan.domain.factors import Reason, Rule

WUCHANG = reference.region_chain("420106")
SOURCES = reference.carbon_sources()
HUBEI, RESIDUAL = Decimal("0.4044"), Decimal("0.6096")


def item(source: str, quantity: str | Decimal | int, supply: Supply = Supply.PURCHASED) -> Item:
    return Item(SOURCES[source], supply, Decimal(quantity))


def made(*items: Item, year: int = 2023, settings: Settings | None = None, region: str = "420106") -> Result:
    return inventory(items, reference.carbon_library(), reference.region_chain(region), year, settings)


SCHOOL = (item("electricity", 361_480), item("natural_gas", 10_482), item("gasoline", 1_312))
"""The school of Hubei whose figure is published: 171.93 t."""


def test_a_school_by_hand() -> None:
    found = made(*SCHOOL)
    assert found.parts[Part.ELECTRICITY] == Decimal("146.182512")  # 361,480 x 0.4044
    assert found.parts[Part.DIRECT] == Decimal("25.751536")  # 10,482 x 2.184 + 1,312 x 2.179
    assert found.parts[Part.HEAT] == 0
    assert found.statutory_t == found.extended_t == Decimal("171.934048")
    assert found.statutory_market_t == Decimal("246.109744")  # 361,480 x 0.6096 + 25.751536
    assert (found.other_t, found.lacks, found.remarks) == (0, (), ())


def test_power_and_heat_passed_on_are_deducted_with_the_factor_they_came_with() -> None:
    found = made(
        item("electricity", 100_000), item("electricity", 25_000, Supply.PASSED_ON),
        item("heat", 900), item("heat", 100, Supply.PASSED_ON),
    )  # fmt: skip
    assert found.parts[Part.ELECTRICITY] == Decimal("30.33")  # 75,000 x 0.4044
    assert found.parts[Part.HEAT] == 88  # 800 x 0.11
    assert found.statutory_t == Decimal("118.33")
    assert found.statutory_market_t == Decimal("133.72")  # 75,000 x 0.6096 + 88


def test_the_rule_table_of_green_power() -> None:
    bought = (
        item("electricity", 100_000), item("electricity", 40_000, Supply.DIRECT_GREEN),
        item("electricity", 50_000, Supply.MARKET_GREEN),
    )  # fmt: skip
    found = made(*bought)
    assert found.statutory_t == Decimal("60.66")  # (100,000 + 50,000) x 0.4044
    assert found.statutory_market_t == Decimal("60.96")  # 100,000 x 0.6096
    assert {Remark.MARKET_GREEN_OPEN, Remark.GREEN_NEEDS_PROOF} <= set(found.remarks)
    other = made(*bought, settings=Settings(market_green=MarketGreen.ZERO))
    assert other.statutory_t == Decimal("40.44")  # the open question, decided the other way
    assert other.statutory_market_t == found.statutory_market_t
    assert other.settings.market_green is MarketGreen.ZERO


def test_more_passed_on_than_came_in_is_nought_or_kept_and_said() -> None:
    facts = (item("electricity", 1_000), item("electricity", 3_000, Supply.PASSED_ON), item("gasoline", 1_000))
    found = made(*facts)
    assert found.statutory_t == Decimal("2.179")
    ((part, basis, amount), _market) = [(one.part, one.basis, one.t) for one in found.adjustments]
    assert (part, basis, amount) == (Part.ELECTRICITY, Basis.LOCATION, Decimal("0.8088"))  # 2,000 x 0.4044
    assert {Remark.CLAMPED, Remark.PASSED_ON_EXCEEDS} <= set(found.remarks)
    assert made(*facts, settings=Settings(negative=Negative.KEEP)).statutory_t == Decimal("1.3702")


def test_refrigerants_by_the_chosen_report_of_the_ipcc() -> None:
    def leaked(gwp: Gwp) -> Decimal | None:
        return made(item("r410a", 12), settings=Settings(gwp=gwp)).extended_t

    assert leaked(Gwp.AR4) == Decimal("25.05")  # 12 x 2,087.5 kg
    assert leaked(Gwp.AR5) == Decimal("23.082")
    assert leaked(Gwp.AR6) == Decimal("27.066")
    assert made(item("r410a", 12)).statutory_t == 0


def test_charging_away_from_site_is_power_of_the_extended_inventory_alone() -> None:
    found = made(*SCHOOL, item("ev_charging", 10_000))
    assert found.statutory_t == Decimal("171.934048")
    assert found.extended_t == Decimal("175.978048")  # + 10,000 x 0.4044


def test_factors_not_read_in_their_source_are_marked_or_left_out() -> None:
    found = made(item("water", 8_000))
    assert found.extended_t == Decimal("1.344")
    assert Remark.SECOND_HAND in found.remarks
    strict = made(item("water", 8_000), settings=Settings(second_hand=SecondHand.LEFT_OUT))
    assert strict.extended_t is None
    assert next((lack.source, lack.reason) for lack in strict.lacks) == ("water", Reason.NO_FACTOR_FOR_CARRIER)


def test_what_nobody_has_published_is_said_and_never_nought() -> None:
    found = made(*SCHOOL, item("cooling", 300), item("paper", 50), item("hotel", 3))
    assert {lack.source for lack in found.lacks} == {"cooling", "paper", "hotel"}
    assert found.statutory_t == Decimal("171.934048")
    assert found.parts[Part.HEAT] is None
    assert Remark.INCOMPLETE in found.remarks


def test_a_year_after_the_last_notice_takes_the_latest_and_says_so_one_before_the_first_none() -> None:
    found = made(item("electricity", 1_000), year=2025)
    assert found.lines[0].location.choice is not None
    assert found.lines[0].location.choice.rule is Rule.LATEST_EARLIER
    assert (found.statutory_t, found.remarks) == (Decimal("0.4044"), (Remark.EARLIER_FACTOR,))
    early = made(item("electricity", 1_000), year=2010)
    assert early.statutory_t is None
    assert early.lacks[0].reason is Reason.ONLY_LATER_YEARS


def test_tibet_has_the_factor_of_its_grid() -> None:
    assert made(item("electricity", 1_000_000), region="540000").statutory_t == Decimal("247.2")


def test_no_national_factor_reaches_hong_kong() -> None:
    found = made(item("bituminous", 1), item("r32", 1), region="810000")
    assert {lack.reason for lack in found.lacks} == {Reason.NO_FACTOR_FOR_PLACE}


def test_a_named_coal_has_its_own_factor_and_an_unnamed_one_that_of_anthracite() -> None:
    assert made(item("bituminous", 2)).statutory_t == Decimal("4.348")
    assert made(item("coal", 2)).statutory_t == made(item("anthracite", 2)).statutory_t == Decimal("4.858")


@pytest.mark.parametrize("wrong", [item("electricity", -1), item("natural_gas", 1, Supply.OWN_PV)])
def test_what_cannot_be_is_refused(wrong: Item) -> None:
    with pytest.raises(ValueError, match=r"below 0|never"):
        made(wrong)


amounts = st.decimals(min_value=0, max_value=Decimal("1e9"), places=3)


def _items(statutory: bool) -> st.SearchStrategy[list[Item]]:
    choices = [
        (source, kind) for source in SOURCES.values() if source.is_statutory is statutory for kind in source.kinds
    ]
    one = st.builds(lambda pair, amount: Item(pair[0], pair[1], amount), st.sampled_from(choices), amounts)
    return st.lists(one, max_size=8)


settings_ = st.builds(
    Settings, st.sampled_from(MarketGreen), st.sampled_from(Negative), st.sampled_from(Gwp), st.sampled_from(SecondHand)
)
years = st.integers(2005, 2030)


@given(_items(True), _items(False), settings_, years)
def test_an_extended_item_never_leaks_into_the_statutory_total(
    inside: list[Item], outside: list[Item], settings: Settings, year: int
) -> None:
    alone, both = made(*inside, year=year, settings=settings), made(*inside, *outside, year=year, settings=settings)
    assert both.statutory_t == alone.statutory_t
    assert both.statutory_market_t == alone.statutory_market_t
    assert both.parts == alone.parts
    assert made(*outside, year=year, settings=settings).statutory_t == 0


@given(_items(True), _items(False), amounts, settings_, years)
def test_own_solar_power_used_on_site_changes_nothing(
    inside: list[Item], outside: list[Item], roof: Decimal, settings: Settings, year: int
) -> None:
    facts = [*inside, *outside]
    without = made(*facts, year=year, settings=settings)
    with_it = made(*facts, item("pv_generation", roof, Supply.OWN_PV), year=year, settings=settings)
    for total in ("statutory_t", "statutory_market_t", "extended_t", "extended_market_t"):
        before = getattr(without, total)
        assert getattr(with_it, total) == before or (before is None and getattr(with_it, total) == 0)


@given(amounts, amounts, settings_)
def test_power_passed_on_takes_off_its_kilowatt_hours_times_the_factor(
    bought: Decimal, passed: Decimal, settings: Settings
) -> None:
    found = made(item("electricity", bought), item("electricity", passed, Supply.PASSED_ON), settings=settings)
    net = (bought - passed) * HUBEI / 1000
    assert found.statutory_t == (max(net, Decimal(0)) if settings.negative is Negative.ZERO else net)


@given(_items(True), _items(False), settings_, years)
def test_lines_and_adjustments_add_up_to_the_totals(
    inside: list[Item], outside: list[Item], settings: Settings, year: int
) -> None:
    found = made(*inside, *outside, year=year, settings=settings)
    adjusted = sum((one.t for one in found.adjustments if one.basis is Basis.LOCATION), Decimal(0))
    statutory = sum((line.statutory_t or Decimal(0) for line in found.lines), adjusted)
    extended = sum((line.location.t or Decimal(0) for line in found.lines), adjusted)
    assert (found.statutory_t or 0) == statutory
    assert (found.extended_t or 0) == extended


@given(_items(True), _items(False), settings_)
def test_every_figure_has_its_factor_or_its_reason(inside: list[Item], outside: list[Item], settings: Settings) -> None:
    for line in made(*inside, *outside, settings=settings).lines:
        for side in (line.location, line.market):
            by_rule = side.treatment in (Treatment.ZERO, Treatment.NO_ENTRY)
            assert (side.choice is not None) + (side.reason is not None) + by_rule == 1
            assert (side.t is None) == (side.reason is not None)

"""Accounts add unrounded, divide last, and never take the unknown for zero."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from nengtan.domain.accounts import (
    Figures,
    Use,
    account,
    account_lines,
    energy_tce,
    figures_of_line,
    intensities,
    primary_kind,
    sum_figures,
)
from nengtan.domain.factors import FactorLibrary, Kind, Reason
from tests.domain.strategies import CARRIERS, DISTRICT, GAS, POWER, amounts, factor, quantities

LIBRARY = FactorLibrary(
    [
        factor("CN", None, "0.1229", Kind.COAL_EQUIVALENT),
        factor("CN", None, "1.33", Kind.COAL_EQUIVALENT, "natural_gas"),
        factor("420000", 2022, "0.4364"),
        factor("420000", 2023, "0.4044"),
        factor("CN", None, "2.184", Kind.CO2, "natural_gas"),
    ]
)
uses = st.lists(
    st.builds(
        Use,
        carrier=st.sampled_from(list(CARRIERS)),
        year=st.integers(min_value=2020, max_value=2025),
        chain=st.sampled_from([DISTRICT, ("GB-CAM",)]),
        quantity=st.none() | quantities,
        cost=st.none() | amounts,
    ),
    max_size=12,
)


def used(
    carrier: str, quantity: str | None, year: int = 2023, chain: tuple[str, ...] = DISTRICT, cost: str | None = None
) -> Use:
    return Use(
        carrier, year, chain, None if quantity is None else Decimal(quantity), None if cost is None else Decimal(cost)
    )


def accounts(*held: Use) -> Figures:
    return account(held, CARRIERS, LIBRARY)


def test_power_and_gas_in_their_scopes() -> None:
    figures = accounts(used("electricity", "361480", cost="272000.5"), used("natural_gas", "10482"))
    assert figures.co2_scope1_t == Decimal("22.892688")
    assert figures.co2_scope2_t == Decimal("146.182512")
    assert figures.co2_t == Decimal("169.0752")
    assert figures.energy_tce == Decimal("44.425892") + Decimal("13.94106")
    assert figures.electricity_kwh == 361480
    assert figures.cost_cny == Decimal("272000.5")


def test_water_is_not_energy_and_own_sun_is_in_no_total() -> None:
    figures = accounts(used("water", "100", cost="345"), used("pv_generation", "9000", cost="1"))
    assert (figures.water_m3, figures.cost_cny, figures.pv_generation_kwh) == (100, 345, 9000)
    assert (figures.energy_tce, figures.co2_t, figures.electricity_kwh, figures.missing) == (None, None, None, ())


def test_the_primary_equivalent_of_power_is_missing_and_that_of_gas_is_its_calorific_one() -> None:
    figures = accounts(used("electricity", "1000"), used("natural_gas", "1000"))
    assert figures.energy_tce_primary == Decimal("1.33")
    assert figures.incomplete == {Kind.COAL_EQUIVALENT_PRIMARY}
    assert primary_kind(POWER) is Kind.COAL_EQUIVALENT_PRIMARY
    assert primary_kind(GAS) is Kind.COAL_EQUIVALENT


def test_no_factor_for_a_foreign_place_leaves_the_reason() -> None:
    figures = accounts(used("electricity", "5000", chain=("GB-CAM",), cost="900"))
    assert (figures.energy_tce, figures.co2_t, figures.cost_cny, figures.electricity_kwh) == (None, None, 900, 5000)
    assert {
        (entry.kind, entry.reason) for entry in figures.missing if entry.kind is not Kind.COAL_EQUIVALENT_PRIMARY
    } == {
        (Kind.COAL_EQUIVALENT, Reason.NO_FACTOR_FOR_PLACE),
        (Kind.CO2, Reason.NO_FACTOR_FOR_PLACE),
    }


def test_a_cost_without_quantity_is_not_zero_energy() -> None:
    figures = accounts(used("natural_gas", None, cost="88"))
    assert (figures.energy_tce, figures.co2_t, figures.cost_cny) == (None, None, 88)
    assert {entry.reason for entry in figures.missing} == {Reason.NO_QUANTITY}


def test_a_zero_quantity_is_a_known_zero() -> None:
    figures = accounts(used("natural_gas", "0"))
    assert (figures.energy_tce, figures.co2_t, figures.missing) == (0, 0, ())


def test_the_known_part_is_summed_and_the_gap_named() -> None:
    figures = accounts(used("electricity", "1000", year=2021), used("natural_gas", "10000"))
    assert figures.co2_t == Decimal("21.84")
    assert (Kind.CO2, Reason.ONLY_LATER_YEARS) in {(entry.kind, entry.reason) for entry in figures.missing}


def test_a_line_is_a_formula_with_numbers_in_it() -> None:
    (line,) = account_lines([used("electricity", "12")], CARRIERS, LIBRARY)
    assert line.co2 is not None
    assert line.co2.factor is not None
    assert line.use.quantity is not None
    assert line.use.quantity * line.co2.factor.value / 1000 == line.co2.value
    assert [term.kind for term in line.terms] == list(Kind)


def test_factors_used_are_named_once() -> None:
    figures = accounts(used("electricity", "1"), used("electricity", "2"), used("electricity", "3", year=2022))
    co2 = [(entry.year, entry.factor_id) for entry in figures.factors if entry.kind is Kind.CO2]
    assert [year for year, _ in co2] == [2023, 2022]


@given(first=uses, second=uses)
def test_roll_up_adds(first: list[Use], second: list[Use]) -> None:
    assert accounts(*first) + accounts(*second) == accounts(*first, *second)


@given(held=uses)
def test_energy_alone_is_the_energy_of_the_accounts(held: list[Use]) -> None:
    assert energy_tce(held, CARRIERS, LIBRARY) == account(held, CARRIERS, LIBRARY).energy_tce


@given(held=uses, data=st.data())
def test_the_order_of_uses_changes_no_total(held: list[Use], data: st.DataObject) -> None:
    here, there = accounts(*held), accounts(*data.draw(st.permutations(held)))
    names = ("energy_tce", "energy_tce_primary", "co2_t", "water_m3", "cost_cny", "electricity_kwh")
    assert [getattr(here, name) for name in names] == [getattr(there, name) for name in names]
    assert (set(here.factors), set(here.missing)) == (set(there.factors), set(there.missing))


@given(held=uses)
def test_a_total_is_none_only_when_every_part_is(held: list[Use]) -> None:
    lines = account_lines(held, CARRIERS, LIBRARY)
    parts = [figures_of_line(line).energy_tce for line in lines]
    assert (sum_figures(map(figures_of_line, lines)).energy_tce is None) == all(part is None for part in parts)


@given(parts=st.lists(amounts, min_size=1, max_size=200))
def test_sums_keep_every_digit(parts: list[Decimal]) -> None:
    summed = sum_figures(Figures(energy_tce=part) for part in parts).energy_tce
    assert summed is not None
    assert int(summed.scaleb(6)) == sum(int(part.scaleb(6)) for part in parts)


def test_intensities_divide_what_was_added() -> None:
    shown = intensities(
        Figures(energy_tce=Decimal(20), co2_scope1_t=Decimal(6), co2_scope2_t=Decimal(4), water_m3=Decimal(300),
                electricity_kwh=Decimal(5000)), Decimal(1000), Decimal(100)
    )  # fmt: skip
    assert (shown.kgce_per_m2, shown.kgce_per_person, shown.m3_per_person) == (20, 200, 3)
    assert (shown.kgco2_per_m2, shown.kwh_per_m2) == (10, 5)


def test_a_missing_or_zero_denominator_gives_none() -> None:
    shown = intensities(Figures(energy_tce=Decimal(1), water_m3=Decimal(1)), Decimal(0), None)
    assert (shown.kgce_per_m2, shown.kgce_per_person, shown.m3_per_person) == (None, None, None)
    nothing = intensities(Figures(), Decimal(1), Decimal(1))
    assert nothing.kgce_per_m2 is None


@given(
    parts=st.lists(st.tuples(amounts, st.decimals(min_value=1, max_value=1000000, places=2)), min_size=2, max_size=8)
)
def test_a_group_lies_between_its_extremes_but_is_not_their_mean(parts: list[tuple[Decimal, Decimal]]) -> None:
    figures = [Figures(energy_tce=energy) for energy, _ in parts]
    each = [intensities(f, area, None).kgce_per_m2 for f, (_, area) in zip(figures, parts, strict=True)]
    group = intensities(sum_figures(figures), sum((area for _, area in parts), Decimal(0)), None).kgce_per_m2
    assert group is not None
    known = [value for value in each if value is not None]
    slack = max(known) * Decimal("1e-20")
    assert min(known) - slack <= group <= max(known) + slack

"""Which factor is chosen: place first, then year; never a later year, never a non-default."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nengtan.domain.factors import Choice, Factor, FactorLibrary, Kind, NoFactor, Reason, Rule, choose
from tests.domain.strategies import DISTRICT, factor

POWER = (Kind.CO2, "electricity", DISTRICT)
years = st.integers(min_value=2000, max_value=2030)
libraries = st.lists(
    st.builds(
        factor,
        region=st.sampled_from([*DISTRICT, "110000", "GB"]),
        year=st.none() | years,
        value=st.sampled_from(["0.1", "0.2", "0.3"]),
        kind=st.sampled_from(list(Kind)),
        carrier=st.sampled_from(["electricity", "heat"]),
        default=st.booleans(),
        basis=st.sampled_from(["any", "location", "market"]),
        superseded_on=st.none() | st.just(date(2024, 1, 1)),
    ),
    max_size=25,
)


def chosen(factors: list[Factor], year: int, chain: tuple[str, ...] = DISTRICT, basis: str = "location") -> Factor:
    answer = choose(factors, Kind.CO2, "electricity", chain, year, basis)
    assert isinstance(answer, Choice), answer
    return answer.factor


def reason(factors: list[Factor], year: int, chain: tuple[str, ...] = DISTRICT) -> Reason:
    answer = choose(factors, Kind.CO2, "electricity", chain, year)
    assert isinstance(answer, NoFactor), answer
    return answer.reason


def test_a_near_place_wins_over_an_exact_year_far_away() -> None:
    near, far = factor("420000", 2021), factor("CN", 2023)
    assert chosen([far, near], 2023) is near


def test_a_place_with_only_later_years_is_passed_over() -> None:
    later, nation = factor("420000", 2024), factor("CN", 2021)
    assert chosen([later, nation], 2023) is nation


def test_the_grid_stands_between_province_and_nation() -> None:
    grid, nation = factor("GRID_SW", 2023), factor("CN", 2023)
    tibet = ("540102", "540100", "540000", "GRID_SW", "CN")
    assert chosen([nation, grid], 2023, tibet) is grid


def test_exact_year_then_latest_earlier_then_always() -> None:
    always, y21, y22 = factor("CN", None), factor("CN", 2021), factor("CN", 2022)
    held = [y22, always, y21]
    assert chosen(held, 2021) is y21
    assert chosen(held, 2025) is y22
    assert chosen(held, 2019) is always


@pytest.mark.parametrize(
    ("year", "rule", "exact"),
    [(2022, Rule.EXACT_YEAR, True), (2023, Rule.LATEST_EARLIER, False), (2000, Rule.ALWAYS, True)],
)
def test_the_rule_is_told(year: int, rule: Rule, exact: bool) -> None:
    answer = choose([factor("CN", 2022), factor("CN", None)], *POWER, year)
    assert isinstance(answer, Choice)
    assert (answer.rule, answer.exact) == (rule, exact)


def test_reasons_for_none() -> None:
    assert reason([], 2023) is Reason.NO_FACTOR_FOR_CARRIER
    assert reason([factor("CN", 2023)], 2022) is Reason.ONLY_LATER_YEARS
    assert reason([factor("CN", 2023)], 2023, ("GB-CAM",)) is Reason.NO_FACTOR_FOR_PLACE
    assert reason([factor("CN", 2023)], 2023, ()) is Reason.NO_FACTOR_FOR_PLACE


def test_bases_do_not_mix_but_any_serves_both() -> None:
    location, market = factor("CN", 2023, basis="location"), factor("CN", 2023, "0.6", basis="market")
    assert chosen([location, market], 2023) is location
    assert chosen([location, market], 2023, basis="market") is market
    both = factor("CN", 2023, basis="any")
    assert chosen([both], 2023, basis="market") is both


def test_an_added_version_is_preferred_to_the_shipped_one() -> None:
    shipped = factor("CN", 2023, version=9)
    first, second = factor("CN", 2023, "0.7", added_by="wang"), factor("CN", 2023, "0.8", added_by="wang", version=2)
    assert chosen([first, shipped], 2023) is first
    assert chosen([second, first, shipped], 2023) is second


def test_a_superseded_version_serves_only_its_time() -> None:
    old = factor("CN", 2023, superseded_on=date(2024, 6, 1))
    new = factor("CN", 2023, "0.6", usable_from=date(2024, 6, 1), version=2)
    assert chosen([old, new], 2023) is new
    before = choose([old, new], *POWER, 2023, as_of=date(2024, 5, 31))
    assert isinstance(before, Choice)
    assert before.factor is old


@given(held=libraries, year=years, basis=st.sampled_from(["location", "market"]))
def test_never_a_later_year_a_non_default_a_superseded_or_a_foreign_one(
    held: list[Factor], year: int, basis: str
) -> None:
    answer = choose(held, *POWER, year, basis)
    if isinstance(answer, Choice):
        found = answer.factor
        assert found.year is None or found.year <= year
        assert found.default
        assert found.superseded_on is None
        assert found.basis in (basis, "any")
        assert found.region in DISTRICT
        assert (found.kind, found.carrier) == (Kind.CO2, "electricity")


@given(held=libraries, year=years)
def test_no_nearer_place_could_have_served(held: list[Factor], year: int) -> None:
    answer = choose(held, *POWER, year)
    served = DISTRICT.index(answer.factor.region) if isinstance(answer, Choice) else len(DISTRICT)
    nearer = DISTRICT[:served]
    assert isinstance(choose(held, Kind.CO2, "electricity", nearer, year), NoFactor)


@given(held=libraries, year=years, data=st.data())
def test_the_order_of_the_library_does_not_matter(held: list[Factor], year: int, data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(held))
    assert choose(held, *POWER, year) == choose(shuffled, *POWER, year)


@given(held=libraries, year=years)
def test_the_library_answers_as_the_function_does_and_remembers(held: list[Factor], year: int) -> None:
    library = FactorLibrary(held)
    answer = library.choose(*POWER, year)
    assert answer == choose(held, *POWER, year)
    assert library.choose(*POWER, year) is answer


def test_the_library_finds_by_id_and_lists_versions() -> None:
    held = [factor("CN", 2022), factor("CN", 2023), factor("CN", 2023, carrier="heat")]
    library = FactorLibrary(held)
    assert library.by_id(held[1].id) is held[1]
    assert library.by_id("nothing") is None
    assert library.of(Kind.CO2, "electricity") == tuple(held[:2])
    assert (len(library), list(library)) == (3, held)

"""Change against another year, and whether it may be read as one."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nengtan.domain.change import Coverage, Remark, change, coverage_remark, like_for_like
from tests.domain.strategies import amounts

years = st.dictionaries(st.integers(0, 9), st.none() | amounts, max_size=10)


@pytest.mark.parametrize(
    ("now", "base", "absolute", "percent"),
    [
        ("18.03", "18.48", "-0.45", "-2.44"),
        ("321.27", "329.56", "-8.29", "-2.52"),
        ("20.99", "21.53", "-0.54", "-2.51"),
    ],
)
def test_the_nation_in_2022_against_2020_as_published(now: str, base: str, absolute: str, percent: str) -> None:
    found = change(Decimal(now), Decimal(base))
    assert found.absolute == Decimal(absolute)
    assert found.percent is not None
    assert round(found.percent, 2) == Decimal(percent)


def test_no_percent_of_a_missing_zero_or_negative_base() -> None:
    assert change(Decimal(1), None).absolute is None
    assert change(None, Decimal(1)).absolute is None
    assert change(Decimal(1), Decimal(0)).absolute == 1
    assert change(Decimal(1), Decimal(0)).percent is None
    assert change(Decimal(1), Decimal(-2)).percent is None


@given(value=amounts)
def test_no_change_is_zero(value: Decimal) -> None:
    assert change(value, value).absolute == 0


@pytest.mark.parametrize(
    ("now", "base", "remark"),
    [
        ((12, 12), (12, 12), Remark.COMPARABLE),
        ((24, 24), (12, 12), Remark.COMPARABLE),
        ((11, 12), (12, 12), Remark.NOW_LESS_COMPLETE),
        ((12, 12), (3, 12), Remark.BASE_LESS_COMPLETE),
        ((6, 12), (6, 12), Remark.BOTH_INCOMPLETE),
        ((12, 12), (0, 12), Remark.NO_BASE),
        ((12, 12), (0, 0), Remark.NO_BASE),
        ((0, 0), (12, 12), Remark.NOW_LESS_COMPLETE),
    ],
)
def test_the_remark_beside_a_comparison(now: tuple[int, int], base: tuple[int, int], remark: Remark) -> None:
    assert coverage_remark(Coverage(*now), Coverage(*base)) is remark


def test_coverage_of_nothing_expected_is_unknown() -> None:
    assert Coverage(0, 0).share is None
    assert Coverage(9, 12).share == Decimal("0.75")


@given(now=years, base=years)
def test_every_unit_is_in_both_or_in_one(now: dict[int, Decimal | None], base: dict[int, Decimal | None]) -> None:
    found = like_for_like(now, base)
    known = {k for k, v in now.items() if v is not None} | {k for k, v in base.items() if v is not None}
    assert found.units_in_both + found.only_now + found.only_base == len(known)


@given(now=years)
def test_the_same_year_twice_shows_no_change(now: dict[int, Decimal | None]) -> None:
    found = like_for_like(now, now)
    assert found.all_units == found.same_units
    assert found.all_units.absolute in (0, None)

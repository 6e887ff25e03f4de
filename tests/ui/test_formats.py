"""Numbers as people read them."""

from decimal import Decimal

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from nengtan.ui import formats

WAN, YI = "\u4e07", "\u4ebf"


@pytest.mark.parametrize(
    ("value", "digits", "scale"),
    [
        (42_130_000, "4,213", WAN),
        (19_800, "1.98", WAN),
        (1_382_000, "138.2", WAN),
        (123_456_789, "1.23", YI),
        (9_999, "9,999", ""),
        (Decimal("-19800"), "−1.98", WAN),
        (0, "0", ""),
    ],
)
def test_large_figures_are_short_in_chinese(value: int, digits: str, scale: str) -> None:
    with translation.override("zh-hans"):
        short = formats.compact(value)
    assert (short.digits, short.scale) == (digits, scale)


def test_english_shows_exact_thousands() -> None:
    with translation.override("en"):
        assert str(formats.compact(42_130_000)) == "42,130,000"


def test_the_exact_value_stays_behind_the_short_one() -> None:
    assert formats.compact(Decimal("42130000.500000"), language="zh-hans").exact == "42,130,000.5"


@pytest.mark.parametrize("nothing", [None, "", "abc", float("nan"), float("inf"), True])
def test_what_is_no_number_is_a_dash_and_never_zero(nothing: object) -> None:
    assert formats.fixed(nothing, 2) == formats.plain(nothing) == formats.exact(nothing) == "—"  # type: ignore[arg-type]
    assert formats.percent(nothing) == "—"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "text"), [("0.125", "0.13"), ("-0.125", "−0.13"), ("2.5", "2.50"), ("-0.001", "0.00")]
)
def test_rounding_is_half_away_from_zero_without_negative_zero(value: str, text: str) -> None:
    assert formats.fixed(Decimal(value), 2) == text


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=6))
def test_exact_text_reads_back_to_the_same_number(value: Decimal) -> None:
    assert Decimal(formats.exact(value).replace(",", "").replace("−", "-")) == value


@given(st.decimals(min_value=-(10**15), max_value=10**15, places=4), st.integers(0, 4))
def test_fixed_always_has_its_decimals(value: Decimal, decimals: int) -> None:
    text = formats.fixed(value, decimals)
    assert len(text.partition(".")[2]) == decimals


def test_units_join_as_they_are_written() -> None:
    assert formats.join_unit(WAN, "kWh") == f"{WAN} kWh"
    assert formats.join_unit(WAN, "\u5143") == f"{WAN}\u5143"

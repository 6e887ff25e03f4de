"""Claims of tonnes saved: the published figures of Wuchang, each well-known mistake, and what holds for any claim."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nengtan import reference
from nengtan.domain.carbon.claims import Check, Claim, ClaimKind, Verdict, Why, check

SAVING, PV = ClaimKind.SAVING, ClaimKind.PV


def checked(kind: ClaimKind, kwh: str, claimed: str, year: int = 2023, region: str = "420106") -> Check:
    claim = Claim(kind, Decimal(kwh), Decimal(claimed), reference.region_chain(region), year)
    return check(claim, reference.carbon_library(), reference.power_factors(), reference.claim_mistakes())


def codes(found: Check) -> list[str]:
    return [one.code for one in found.explanations]


@pytest.mark.parametrize(("year", "official", "tonnes"), [
    (2021, "0.3672", "2361.096"), (2022, "0.4364", "2806.052"), (2023, "0.4044", "2600.292"),
    (2025, "0.4044", "2600.292"),
])  # fmt: skip
def test_wuchang_took_coal_equivalent_for_carbon(year: int, official: str, tonnes: str) -> None:
    found = checked(SAVING, "6430000", "2900", year)
    assert found.verdict is Verdict.TOO_HIGH
    assert found.implied_factor.quantize(Decimal("1e-4")) == Decimal("0.4510")
    assert found.official is not None
    assert found.official.factor.value == Decimal(official)
    assert found.official_t == Decimal(tonnes)
    first = found.explanations[0]
    assert (first.code, first.expected_t and round(first.expected_t, 1)) == ("coal_44_12", Decimal("2897.6"))


def test_solar_power_of_133_kw_that_saves_180_t() -> None:
    """At 1,000 hours of full load a year no grid gives it; at 1,357 hours it is the 0.997 that goes round."""
    few = checked(PV, "133000", "180")
    assert (few.verdict, few.official_t, codes(few)) == (Verdict.TOO_HIGH, Decimal("53.7852"), ["beyond_fossil"])
    assert few.ratio is not None
    assert few.ratio.quantize(Decimal("0.001")) == Decimal("3.347")
    assert codes(checked(PV, "180542", "180")) == ["folk_997", "beyond_fossil"]


def test_what_the_official_factor_gives_agrees() -> None:
    found = checked(SAVING, "6430000", "2600")
    assert (found.verdict, codes(found)) == (Verdict.AGREES, ["agrees"])
    assert found.nearest[0].is_official


@pytest.mark.parametrize(("claimed", "code", "published"), [
    ("808.8", "twice", "ELEC_AVG_420000_2023"),  # 2 x 404.4
    ("4044", "power_of_ten", "ELEC_AVG_420000_2023"),
    ("0.04044", "power_of_ten", "ELEC_AVG_420000_2023"),  # ten thousand kWh taken for one
    ("436.4", "other_year", "ELEC_AVG_420000_2022"),
    ("530.6", "wider_place", "ELEC_AVG_CN_2023"),
    ("609.6", "residual", "ELEC_RESIDUAL_CN_2023"),
    ("827.3", "fossil", "ELEC_FOSSIL_CN_2023"),
    ("620.5", "footprint", "ELEC_FOOTPRINT_CN_2023"),
    ("858.7", "baseline", "ELEC_OM_CENTRAL_2019"),
    ("679.6", "other_place", "ELEC_AVG_120000_2023"),
    ("997", "folk_997", None),
    ("326.9", "coal_266", None),
])  # fmt: skip
def test_each_mistake_is_found(claimed: str, code: str, published: str | None) -> None:
    """Of one million kilowatt-hours in Wuhan in 2023."""
    found = {one.code: one for one in checked(SAVING, "1000000", claimed).explanations}
    assert code in found
    assert (found[code].published.code if found[code].published else None) == published  # type: ignore[union-attr]


def test_another_place_is_named_only_when_nothing_better_fits() -> None:
    assert codes(checked(SAVING, "1000000", "450.6")) == ["coal_44_12"]


def test_nothing_that_fits_is_said() -> None:
    assert codes(checked(SAVING, "1000000", "21.37")) == ["none_known"]


def test_a_place_without_factor_has_no_official_figure_but_mistakes() -> None:
    found = checked(SAVING, "1000000", "450.6", region="810000")
    assert (found.verdict, found.official_t, found.ratio) == (Verdict.NO_FACTOR, None, None)
    assert codes(found) == ["coal_44_12"]


def test_nearest_factors_say_whether_they_apply() -> None:
    near = {one.factor.code: one for one in checked(SAVING, "1000000", "436.4").nearest}
    assert near["ELEC_AVG_420000_2022"].applies_place
    assert not near["ELEC_AVG_420000_2022"].applies_year
    assert not any(one.is_official for one in near.values())


@pytest.mark.parametrize(("kwh", "claimed"), [("0", "1"), ("1", "0"), ("-1", "1")])
def test_nothing_and_less_are_refused(kwh: str, claimed: str) -> None:
    with pytest.raises(ValueError, match="above 0"):
        checked(SAVING, kwh, claimed)


positive = st.decimals(min_value=Decimal("0.001"), max_value=Decimal("1e12"), places=3)


@given(st.sampled_from(ClaimKind), positive, positive, st.integers(1995, 2040))
def test_any_claim_has_a_verdict_and_an_explanation(kind: ClaimKind, kwh: Decimal, claimed: Decimal, year: int) -> None:
    found = checked(kind, str(kwh), str(claimed), year)
    assert found.explanations
    assert len(found.nearest) == 5
    assert (found.official_t is None) == (found.verdict is Verdict.NO_FACTOR)
    assert (Why.AGREES in [one.why for one in found.explanations]) == (found.verdict is Verdict.AGREES)
    if found.official_t is not None and found.verdict is not Verdict.AGREES:
        assert (found.verdict is Verdict.TOO_HIGH) == (claimed > found.official_t)

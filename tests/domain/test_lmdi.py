"""LMDI-I: no remainder, both directions alike, zeros by their limits, unknown refused."""

from __future__ import annotations

from decimal import Decimal, localcontext
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nengtan.domain.lmdi import NotDecomposable, chain, chained, decompose, logarithmic_mean

NAMES = ["persons", "area_per_person", "per_area"]
TINY = Decimal("1e-20")

amounts = st.one_of(st.just(Decimal(0)), st.decimals(min_value="0.000001", max_value="1e9", places=6))
rows = st.dictionaries(st.sampled_from("abcde"), st.tuples(amounts, amounts, amounts), max_size=5)


def near(left: Decimal, right: Decimal, scale: Decimal = Decimal(1)) -> bool:
    return abs(left - right) <= TINY * max(abs(left), abs(right), abs(scale), Decimal(1))


def some(*values: str | int) -> tuple[Decimal, ...]:
    return tuple(map(Decimal, values))


def chain_of(energy: str, per_person: str, per_area: str) -> tuple[Decimal, ...]:
    persons = Decimal(energy) / Decimal(per_person)
    return persons, Decimal(per_person) / Decimal(per_area), Decimal(per_area)


def test_one_factor_alone_explains_everything() -> None:
    found = decompose(NAMES, {"a": some(10, 2, 3)}, {"a": some(15, 2, 3)})
    assert (found.base, found.now, found.change) == (60, 90, 30)
    assert near(found.effects["persons"], Decimal(30))
    assert [found.effects[name] for name in NAMES[1:]] == [0, 0]


@pytest.mark.parametrize(
    ("base", "now", "effects", "multipliers"),
    [
        (("18300", "370.73", "20.55"), ("16400", "329.56", "18.48"), "140.3 -200.1 -1840.2", "1.00813 0.98852 0.89927"),
        (("16400", "329.56", "18.48"), ("16500", "317.16", "17.9"), "730.9 -106.3 -524.6", "1.04543 0.99356 0.96861"),
    ],
    ids=["2015-2020", "2020-2023"],
)
def test_the_nation(base: tuple[str, ...], now: tuple[str, ...], effects: str, multipliers: str) -> None:
    """Published: energy [10 000 tce], kgce a person, kgce a m2. Persons × area a person × energy an area."""
    found = decompose(NAMES, {"all": chain_of(*base)}, {"all": chain_of(*now)})
    assert " ".join(str(round(found.effects[name], 1)) for name in NAMES) == effects
    assert found.multipliers is not None
    assert " ".join(str(round(found.multipliers[name], 5)) for name in NAMES) == multipliers


def test_hand_computed() -> None:
    """L(24, 10) = 14 / ln 2.4 = 15.991...; ln 2 and ln 1.2 of it."""
    found = decompose(["area", "per_area"], {"a": some(5, 2)}, {"a": some(10, "2.4")})
    assert {name: round(value, 4) for name, value in found.effects.items()} == {
        "area": Decimal("11.0844"),
        "per_area": Decimal("2.9156"),
    }


@pytest.mark.parametrize(
    ("base", "now", "expected"),
    [
        (some(0, 2), some(3, 2), some(6, 0)),  # the factor that was zero takes the whole term
        (some(3, 2), some(3, 0), some(0, -6)),
        (some(0, 0), some(3, 2), some(6, 0)),  # several at once: the first in the chain
        (some(0, 5), some(0, 9), some(0, 0)),
        (some(0, 5), some(4, 0), some(0, 0)),
    ],
)
def test_zeros(base: tuple[Decimal, ...], now: tuple[Decimal, ...], expected: tuple[Decimal, ...]) -> None:
    found = decompose(["x", "y"], {"a": base}, {"a": now})
    assert tuple(found.effects.values()) == expected


def test_a_type_that_appears_or_goes_counts_as_structure() -> None:
    found = decompose(["area", "per_area"], {"old": some(4, 2)}, {"new": some(3, 5)})
    assert found.effects == {"area": Decimal(7), "per_area": Decimal(0)}
    assert found.by_row["old"]["area"] == -8


@pytest.mark.parametrize(
    "wrong", [(None, Decimal(1)), (Decimal(-1), Decimal(1)), (Decimal(1),), (Decimal("NaN"), Decimal(1))]
)
def test_what_is_unknown_or_negative_is_refused(wrong: tuple[Decimal, ...]) -> None:
    with pytest.raises(NotDecomposable) as refused:
        decompose(["x", "y"], {"school": wrong}, {"school": some(1, 1)})
    assert refused.value.row == "school"


def test_no_multipliers_where_a_year_is_zero() -> None:
    assert decompose(["x"], {}, {"a": some(4)}).multipliers is None


@given(rows, rows)
def test_effects_add_up_to_the_change(
    base: dict[str, tuple[Decimal, ...]], now: dict[str, tuple[Decimal, ...]]
) -> None:
    found = decompose(NAMES, base, now)
    assert near(sum(found.effects.values(), Decimal(0)), found.change, max(found.base, found.now))
    for name in NAMES:
        assert near(sum((row[name] for row in found.by_row.values()), Decimal(0)), found.effects[name], found.now)


@given(rows, rows)
def test_backwards_is_the_negative(base: dict[str, tuple[Decimal, ...]], now: dict[str, tuple[Decimal, ...]]) -> None:
    there, back = decompose(NAMES, base, now), decompose(NAMES, now, base)
    assert all(near(there.effects[name], -back.effects[name], there.now + there.base) for name in NAMES)


@given(st.tuples(*[st.decimals("0.001", "1e6", places=3)] * 3), st.tuples(*[st.decimals("0.001", "1e6", places=3)] * 3))
def test_the_order_of_factors_does_not_matter_without_zeros(
    base: tuple[Decimal, ...], now: tuple[Decimal, ...]
) -> None:
    expected = decompose(NAMES, {"a": base}, {"a": now}).effects
    for order in permutations(range(3)):
        found = decompose(
            [NAMES[at] for at in order], {"a": [base[at] for at in order]}, {"a": [now[at] for at in order]}
        )
        assert all(near(found.effects[name], expected[name], found.now + found.base) for name in NAMES)


@given(rows, rows)
def test_multipliers_multiply_to_the_ratio(
    base: dict[str, tuple[Decimal, ...]], now: dict[str, tuple[Decimal, ...]]
) -> None:
    found = decompose(NAMES, base, now)
    if (multipliers := found.multipliers) is None:
        return
    product = Decimal(1)
    for value in multipliers.values():
        product *= value
    assert abs(product * found.base - found.now) <= Decimal("1e-15") * found.now


def test_a_chain_of_amounts_ends_at_the_last() -> None:
    persons, area, energy = some(7, 13, "0.1")
    found = decompose(NAMES, {}, {"a": chain(persons, area, energy)})
    assert near(found.now, energy)
    assert chain(*some(7, 0, 0)) == some(7, 0, 0)
    with pytest.raises(NotDecomposable):
        chain(*some(0, 0, 5))


@given(st.lists(rows, min_size=2, max_size=4))
def test_a_chain_adds_up_to_the_whole_change(years: list[dict[str, tuple[Decimal, ...]]]) -> None:
    found = chained(NAMES, years)
    scale = max(decompose(NAMES, year, year).base for year in years)
    assert near(sum(found.effects.values(), Decimal(0)), found.change, scale)


@given(st.decimals("0.001", "1e9", places=3), st.decimals("0.001", "1e9", places=3))
def test_the_logarithmic_mean_lies_between(left: Decimal, right: Decimal) -> None:
    mean = logarithmic_mean(left, right)
    assert min(left, right) <= mean <= max(left, right)
    assert near(mean, logarithmic_mean(right, left))


@pytest.mark.parametrize("digits", [14, 16, 30, 60, 70])
def test_amounts_that_differ_in_their_last_digits_have_a_mean_between_them(digits: int) -> None:
    """Persons twice as many, each using half: the two effects cancel whatever the last digit of the product."""
    with localcontext(prec=100):
        apart = Decimal(1).scaleb(-digits)
        mean = logarithmic_mean(Decimal(20) + apart, Decimal(20))
        assert abs(mean - Decimal(20) - apart / 2) < apart / 1000
        base = {"a": [Decimal(10), Decimal(2)]}
        found = decompose(["persons", "each"], base, {"a": [Decimal(20), Decimal(1) + apart]})
        assert abs(found.effects["persons"] - 20 * Decimal(2).ln() - 10 * apart) < Decimal("1e-12")
        assert abs(sum(found.effects.values()) - (found.now - found.base)) < Decimal("1e-70")

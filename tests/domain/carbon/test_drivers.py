"""Why emissions moved: exact sums with zeros present, causes that are alone, what cannot be split."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nengtan.domain.carbon.drivers import EFFECTS, Used, drivers
from nengtan.domain.lmdi import NotDecomposable

AMOUNT = st.one_of(st.just(Decimal(0)), st.decimals("0.001", "100000", places=3))
USED = st.builds(lambda tce, per: Used(tce, tce * per), AMOUNT, AMOUNT)
ROWS = st.dictionaries(st.sampled_from(["power", "gas", "coal", "heat", "petrol"]), USED, max_size=5)


@given(ROWS, ROWS, st.lists(USED, max_size=3), st.lists(USED, max_size=3))
def test_causes_add_up_to_the_change(
    base: dict[str, Used], now: dict[str, Used], gone: list[Used], come: list[Used]
) -> None:
    found = drivers(base, now, gone, come)
    assert abs(found.residual) < Decimal("1e-9")
    assert tuple(found.effects) == EFFECTS
    for name in EFFECTS[:3]:
        assert abs(sum(row[name] for row in found.by_row.values()) - found.effects[name]) < Decimal("1e-9")


@given(ROWS)
def test_nothing_moved_nothing_explained(rows: dict[str, Used]) -> None:
    assert all(abs(effect) < Decimal("1e-9") for effect in drivers(rows, rows, [], []).effects.values())


def used(tce: str, t: str) -> Used:
    return Used(Decimal(tce), Decimal(t))


def test_the_grid_alone_is_a_change_of_factor() -> None:
    found = drivers({"power": used("10", "36.72")}, {"power": used("10", "43.64")}, [], [])
    assert found.effects["factor"] == pytest.approx(Decimal("6.92"))
    assert found.effects["activity"] == found.effects["structure"] == found.effects["boundary"] == 0


def test_a_fuel_given_up_for_power_is_structure() -> None:
    before = {"coal": used("10", "27"), "power": used("10", "33")}
    after = {"power": used("20", "66")}
    found = drivers(before, after, [], [])
    assert found.effects["structure"] == pytest.approx(Decimal(6))
    assert abs(found.effects["activity"]) < Decimal("1e-30")


def test_a_body_that_came_is_boundary_alone() -> None:
    same = {"power": used("10", "33")}
    found = drivers(same, same, [used("1", "2")], [used("5", "15"), used("0", "0")])
    assert found.effects["boundary"] == 13
    assert (found.base, found.now) == (35, 48)


def test_emissions_without_energy_are_refused() -> None:
    with pytest.raises(NotDecomposable):
        drivers({"power": used("0", "5")}, {"power": used("1", "5")}, [], [])

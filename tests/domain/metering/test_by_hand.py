"""The rules over whole columns come to what they come to when followed by hand, reading by reading."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nengtan.domain.metering import cleaning
from nengtan.domain.metering.codes import Step
from tests.domain.metering.by_hand import Clerk, Register, consumption
from tests.domain.metering.lists import MINUTE, RULES, START, Listed, clean_all, lists


def by_hand(listed: Listed) -> Clerk:
    return Clerk(listed.times, listed.values, listed.register, listed.events, RULES)


@settings(max_examples=400, deadline=None)
@given(listed=lists())
def test_one_register(listed: Listed) -> None:
    found, told = clean_all([listed]), by_hand(listed).clean()
    assert found.verdict.tolist() == told.verdict
    assert found.step.tolist() == told.step
    wanted = consumption(told)
    assert found.intervals.start.tolist() == [start for start, _ in wanted]
    np.testing.assert_allclose(found.intervals.value, [value for _, value in wanted], rtol=1e-9, atol=1e-9)


@settings(max_examples=100, deadline=None)
@given(listed=st.lists(lists(most=10), min_size=2, max_size=5), block=st.sampled_from([1, 7, 1 << 16]))
def test_many_registers_at_once_are_each_alone(listed: list[Listed], block: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cleaning, "BLOCK", block)
        together = clean_all(listed)
    alone = [clean_all([one]) for one in listed]
    assert together.verdict.tolist() == [code for one in alone for code in one.verdict.tolist()]
    assert together.step.tolist() == [code for one in alone for code in one.step.tolist()]
    assert together.settled.tolist() == [flag for one in alone for flag in one.settled.tolist()]
    np.testing.assert_array_equal(together.total, np.concatenate([one.total for one in alone]))
    for name in ("start", "value", "known", "quality", "method"):
        np.testing.assert_array_equal(
            getattr(together.intervals, name), np.concatenate([getattr(one.intervals, name) for one in alone])
        )
    numbers = [number for number, one in enumerate(alone) for _ in range(len(one.intervals))]
    assert together.intervals.register.tolist() == numbers


def test_a_fall_at_the_end_of_a_list_is_not_looked_for_in_the_next() -> None:
    """The next register has no cap and begins when this one still stood: no use over no time is no number."""
    falling = Listed([START, START + 15 * MINUTE], [500.0, 1.0], Register(), [])
    following = Listed([START], [900.0], Register(), [])
    together = clean_all([falling, following])
    assert together.step.tolist() == [*clean_all([falling]).step, *clean_all([following]).step]


def test_every_rule_is_met_by_the_lists_compared() -> None:
    """The comparison is worth what the lists hold: one of each kind, by hand."""
    met: set[int] = set()

    @settings(max_examples=400, deadline=None, database=None, derandomize=True)
    @given(listed=lists())
    def look(listed: Listed) -> None:
        met.update(by_hand(listed).clean().step)

    look()
    assert met == set(Step), "a rule that no list meets"

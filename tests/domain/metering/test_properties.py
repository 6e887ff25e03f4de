"""What holds for readings of any kind: nothing is made or lost, and how they are handed over does not matter."""

from __future__ import annotations

import math
import random

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nengtan.domain.metering.cleaning import Cleaned, clean
from nengtan.domain.metering.codes import Quality, Step, Verdict
from nengtan.domain.metering.readings import Events, Readings, arrange
from nengtan.domain.metering.rules import HOUR, SECOND
from nengtan.domain.metering.shapes import DayTypes, usual
from nengtan.domain.metering.statistics import days, hours, months, roll_up
from tests.domain.metering.lists import RULES, START, Listed, clean_all, events_of, lists, readings_of, registers_of

CHINA = 8 * HOUR


def near(left: float, right: float, scale: float = 1.0) -> bool:
    return math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-6 * max(scale, 1.0))


def known(values: np.ndarray) -> float:
    return float(np.nansum(values))


def part(listed: Listed, first: int, last: int | None) -> Listed:
    return Listed(listed.times[first:last], listed.values[first:last], listed.register, listed.events)


@settings(deadline=None)
@given(listed=lists(swaps=False))
def test_intervals_add_up_to_last_less_first(listed: Listed) -> None:
    """Plus a modulus for each roll-over, less the steps of which nobody knows what they are."""
    found = clean_all([listed])
    taken = np.flatnonzero(found.step != Step.NONE)
    values = np.array(listed.values)[taken]
    rolls = int((found.step == Step.ROLLOVER).sum())
    unknown = np.isin(found.step[taken][1:], (Step.RESET, Step.UNCONFIRMED))
    left_out = float(np.diff(values)[unknown].sum())
    modulus = 0.0 if math.isnan(listed.register.modulus) else listed.register.modulus
    rise = float(values[-1] - values[0]) if len(values) else 0.0
    wanted = (rise + rolls * modulus - left_out) * listed.register.ratio
    assert near(known(found.intervals.value), wanted, 1e9)
    assert near(known(found.total), wanted, 1e9)


@settings(deadline=None)
@given(rises=st.lists(st.integers(0, 50), min_size=1, max_size=30), swap=st.integers(1, 29), final=st.integers(0, 50),
       start=st.integers(0, 999))  # fmt: skip
def test_a_swap_adds_what_the_old_register_ran_on_and_the_new_began_with(
    rises: list[int], swap: int, final: int, start: int
) -> None:
    """Sum of intervals = last - first + (F - S), wherever the swap lies."""
    swap = min(swap, len(rises))
    old = np.cumsum([5000, *rises])[:swap].astype(float)
    new = np.cumsum([start, *rises[swap - 1 :]])[1:].astype(float)
    values = np.concatenate([old, new])
    times = START + np.arange(len(values)) * 900 * SECOND
    events = Events.of([0], [times[swap] - SECOND], [old[-1] + final], [float(start)])
    one = Listed([], [], *_plain())
    found = clean(Readings.of_one(times, values), registers_of([one]), events)
    wanted = values[-1] - values[0] + (old[-1] + final) - start
    assert near(known(found.intervals.value), wanted)
    assert Step.EVENT in found.step


def _plain() -> tuple:
    from tests.domain.metering.by_hand import Register

    return Register(), []


@settings(deadline=None)
@given(listed=lists())
def test_what_is_clean_stays_as_it_is(listed: Listed) -> None:
    found = clean_all([listed])
    kept = [at for at, verdict in enumerate(found.verdict) if verdict == Verdict.KEPT]
    again = Listed(
        [listed.times[at] for at in kept], [listed.values[at] for at in kept], listed.register, listed.events
    )
    twice = clean_all([again])
    assert not twice.verdict.any()
    assert twice.step.tolist() == found.step[kept].tolist()
    same(twice, found)


def same(left: Cleaned, right: Cleaned) -> None:
    for name in ("start", "value", "quality", "method"):
        np.testing.assert_array_equal(getattr(left.intervals, name), getattr(right.intervals, name))


@settings(deadline=None)
@given(listed=lists(repeats=False), choice=st.randoms(use_true_random=False))
def test_readings_may_be_parted_where_they_are_settled(listed: Listed, choice: random.Random) -> None:
    """What a lake recomputes after a late reading: from a settled one on, and no further back."""
    whole = clean_all([listed])
    places = np.flatnonzero(whole.settled)
    assume(len(places))
    at = int(choice.choice(places))
    before, after = clean_all([part(listed, 0, at + 1)]), clean_all([part(listed, at, None)])
    assert before.step.tolist() == whole.step[: at + 1].tolist()
    assert before.verdict.tolist() == whole.verdict[: at + 1].tolist()
    assert after.step.tolist()[1:] == whole.step[at + 1 :].tolist()
    assert after.verdict.tolist() == whole.verdict[at:].tolist()
    assert near(known(before.total) + known(after.total), known(whole.total), 1e9)
    if listed.times[at] % RULES.interval == 0:
        parted = np.concatenate([before.intervals.value, after.intervals.value])
        np.testing.assert_allclose(parted, whole.intervals.value, rtol=1e-9, atol=1e-9)


@settings(deadline=None)
@given(listed=st.lists(lists(most=8), min_size=1, max_size=4), mixed=st.randoms(use_true_random=False))
def test_in_what_order_readings_come_does_not_matter(listed: list[Listed], mixed: random.Random) -> None:
    """Of two that say different things at one time the one that arrived first counts, wherever it stands."""
    inside = [(number, one.times[at], one.values[at]) for number, one in enumerate(listed) for at in range(len(one))]
    arrived = list(range(len(inside)))
    order = arrived.copy()
    mixed.shuffle(order)
    rows = [(*inside[at], arrived[at]) for at in order]
    register, time, value, came = (list(column) for column in zip(*rows, strict=True)) if rows else ([], [], [], [])
    readings, places = arrange(register, time, value, len(listed), came)
    assert [order[place] for place in places] == arrived
    given_in_order = readings_of(listed)
    np.testing.assert_array_equal(readings.time, given_in_order.time)
    np.testing.assert_array_equal(readings.value, given_in_order.value)
    shuffled = clean(Readings(readings.time, readings.value, readings.offsets), registers_of(listed), events_of(listed))
    same(shuffled, clean_all(listed))


@settings(deadline=None)
@given(listed=lists())
def test_missing_is_no_value_and_no_value_is_missing(listed: Listed) -> None:
    intervals = clean_all([listed]).intervals
    assert ((intervals.quality == Quality.MISSING) == np.isnan(intervals.value)).all()
    assert ((intervals.known == 0) == np.isnan(intervals.value)).all()
    assert (intervals.known <= 1).all()
    assert (np.diff(intervals.start) == intervals.length).all(), "every interval from first to last"
    assert not (intervals.value < 0).any()


@settings(deadline=None)
@given(listed=st.lists(lists(), min_size=1, max_size=3), by=st.sampled_from([hours, days, months]))
def test_statistics_keep_the_sum_and_say_of_how_much_time(listed: list[Listed], by: type) -> None:
    found = clean_all(listed)
    told = roll_up(found.intervals, *by(found.intervals.start, CHINA))
    assert near(known(told.value), known(found.total), 1e9)
    np.testing.assert_allclose(told.good + told.estimated + told.missing, 1.0)
    assert (np.minimum(told.good, np.minimum(told.estimated, told.missing)) >= 0).all()
    assert ((told.quality == Quality.MISSING) == np.isnan(told.value)).all()


@settings(deadline=None)
@given(listed=lists(swaps=False), types=st.lists(st.integers(-1, 1), min_size=1, max_size=3))
def test_a_gap_shared_like_other_days_keeps_its_sum(listed: Listed, types: list[int]) -> None:
    readings, registers = readings_of([listed]), registers_of([listed])
    evenly = clean(readings, registers)
    calendar = DayTypes((START + CHINA) // (24 * HOUR), np.array(types, np.int64), 2, CHINA)
    shapes = usual(evenly.intervals, calendar, 1, least=1)
    found = clean(readings, registers, shapes=shapes)
    assert near(known(found.intervals.value), known(evenly.intervals.value), 1e9)
    np.testing.assert_array_equal(found.intervals.quality, evenly.intervals.quality)
    np.testing.assert_array_equal(found.total, evenly.total)

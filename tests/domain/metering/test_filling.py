"""Gaps nobody measured: like days, what the meter above leaves over, short lines; never good, never a measured sum."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from nengtan.domain.metering.cleaning import clean
from nengtan.domain.metering.codes import Method, Quality
from nengtan.domain.metering.filling import bridge, fill
from nengtan.domain.metering.intervals import Intervals
from nengtan.domain.metering.readings import Readings, Registers
from nengtan.domain.metering.rules import HOUR, SECOND
from nengtan.domain.metering.shapes import DayTypes
from tests.domain.metering.lists import Listed, clean_all, lists

CHINA = 8 * HOUR
DAY = 24 * HOUR
MONDAY = 1_767_542_400 * SECOND  # 2026-01-05 in China
WEEK = DayTypes((MONDAY + CHINA) // DAY, np.array([0, 0, 0, 0, 0, 1, 1] * 2), 2, CHINA)


def two_weeks(reset_at: int | None = None) -> Intervals:
    """Workdays of 1 a quarter of an hour, weekends of 0.2; the step into one interval unknown."""
    used = np.where(np.repeat(WEEK.types, 96) == 0, 1.0, 0.2)
    values = 1000 + np.concatenate([[0.0], np.cumsum(used)])
    if reset_at is not None:
        values[reset_at + 1 :] -= values[reset_at + 1] - 3.0
    times = MONDAY + np.arange(len(values)) * HOUR // 4
    return clean(Readings.of_one(times, values), Registers.alike(1)).intervals


@pytest.mark.parametrize(("day", "usual"), [(9, 1.0), (12, 0.2)])
def test_like_days_fill_a_gap(day: int, usual: float) -> None:
    lacking = two_weeks(reset_at=day * 96 + 40)
    assert lacking.quality[day * 96 + 40] == Quality.MISSING
    found = fill(lacking, WEEK)
    assert found.value[day * 96 + 40] == pytest.approx(usual)
    assert (found.quality[day * 96 + 40], found.method[day * 96 + 40]) == (Quality.ESTIMATED, Method.FILLED)
    rest = np.arange(len(found)) != day * 96 + 40
    np.testing.assert_array_equal(found.value[rest], lacking.value[rest])


def test_only_the_last_four_like_days_count() -> None:
    lacking = two_weeks(reset_at=9 * 96)  # a Wednesday: Tuesday, Monday, Friday, Thursday before it
    value = lacking.value.copy()
    value[[8 * 96, 7 * 96, 4 * 96, 3 * 96]] = [4.0, 3.0, 2.0, 1.0]
    value[2 * 96] = 100.0
    changed = Intervals(
        lacking.register, lacking.start, value, lacking.known, lacking.quality, lacking.method, lacking.length
    )
    assert fill(changed, WEEK).value[9 * 96] == pytest.approx(2.5)


def test_without_a_like_day_before_it_stays_missing() -> None:
    found = fill(two_weeks(reset_at=40), WEEK)
    assert np.isnan(found.value[40])
    assert found.quality[40] == Quality.MISSING
    nothing_known = fill(two_weeks(reset_at=9 * 96), DayTypes(0, np.zeros(0, np.int64), 2, CHINA))
    assert np.isnan(nothing_known.value[9 * 96])


def test_a_gap_is_scaled_to_what_the_meter_above_leaves_over() -> None:
    lacking = two_weeks(reset_at=9 * 96 + 40)
    left_over = np.full(len(lacking), 1.7)
    assert fill(lacking, WEEK, left_over).value[9 * 96 + 40] == pytest.approx(1.7)
    assert fill(lacking, WEEK, left_over * np.nan).value[9 * 96 + 40] == pytest.approx(1.0)
    assert fill(lacking, WEEK, -left_over).value[9 * 96 + 40] == pytest.approx(1.0), (
        "a meter above that shows too little"
    )


@settings(deadline=None)
@given(listed=lists())
def test_what_is_measured_stays(listed: Listed) -> None:
    before = clean_all([listed]).intervals
    after = fill(before, WEEK)
    same = after.method != Method.FILLED
    np.testing.assert_array_equal(after.value[same], before.value[same])
    np.testing.assert_array_equal(after.quality[same], before.quality[same])
    assert (before.known[~same] < 1).all()
    assert not np.isnan(after.value[~same]).any()


def test_short_gaps_of_momentary_values_are_bridged() -> None:
    time = np.array([0, 60, 121, 122]) * HOUR // 60
    value, estimated = bridge(
        time, np.array([10.0, 20.0, 30.0, 31.0]), np.array([-1, 30, 60, 90, 122, 123]) * HOUR // 60
    )
    assert value[[1, 2, 4]].tolist() == [15.0, 20.0, 31.0]
    assert np.isnan(value[[0, 3, 5]]).all(), "before, more than an hour, after"
    assert estimated.tolist() == [False, True, False, False, False, False]
    assert np.isnan(bridge(time[:0], np.zeros(0), time)[0]).all()

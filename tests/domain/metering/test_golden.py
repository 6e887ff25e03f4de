"""The golden cases of the rules, each rule alone, and its edges."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nengtan.domain.metering.checks import contradicts, mark, stuck
from nengtan.domain.metering.cleaning import Cleaned, clean
from nengtan.domain.metering.codes import Method, Quality, Step, Verdict
from nengtan.domain.metering.readings import Events, Readings, Registers
from nengtan.domain.metering.rules import HOUR, SECOND, Rules, rated_kw
from nengtan.domain.metering.shapes import DayTypes, usual
from nengtan.domain.metering.statistics import days, hours, months, roll_up

T0 = 1_767_225_600 * SECOND  # a Thursday, 08:00 in China
QUARTER = 900 * SECOND
NAN = math.nan


def times(count: int, every: int = QUARTER) -> np.ndarray:
    return T0 + np.arange(count) * every


def one(values: list[float], at: np.ndarray | list[int] | None = None, events: Events | None = None,
        rules: Rules | None = None, now: int | None = None, **known: float) -> Cleaned:  # fmt: skip
    taken = times(len(values)) if at is None else at
    return clean(Readings.of_one(taken, values), Registers.alike(1, **known), events, rules, now=now)


def names(found: Cleaned) -> list[str]:
    return [Step(code).name for code in found.step]


def test_a_plain_step() -> None:
    found = one([100.0, 101.5])
    assert found.intervals.value.tolist() == [1.5]
    assert found.intervals.start.tolist() == [T0]
    assert (found.intervals.quality[0], found.intervals.method[0]) == (Quality.GOOD, Method.MEASURED)
    assert found.total.tolist() == [1.5]


def test_a_roll_over() -> None:
    found = one([999998.50, 3.25], modulus=1e6)
    assert found.intervals.value.tolist() == [4.75]
    assert found.intervals.method[0] == Method.ROLLOVER


def test_a_replaced_meter() -> None:
    found = one([12345.00, 3.12], events=Events.of([0], [T0 + 1], [12345.67], [0.12]))
    assert found.total == pytest.approx([0.67 + 3.00])
    assert (found.intervals.quality[0], found.intervals.method[0]) == (Quality.GOOD, Method.EVENT)


def test_a_reset_nobody_recorded() -> None:
    found = one([5000.0, 2.0, 3.0])
    assert math.isnan(found.intervals.value[0])
    assert found.intervals.quality.tolist() == [Quality.MISSING, Quality.GOOD]
    assert names(found) == ["BASE", "RESET", "MEASURED"]
    assert found.total.tolist() == [1.0], "the first reading after is a base, never a consumption"


def test_a_catch_up_after_a_gap_keeps_its_sum() -> None:
    found = one([38312088.0, 38315900.0], at=[T0, T0 + 25 * QUARTER])
    assert len(found.intervals) == 25
    assert found.intervals.value.sum() == pytest.approx(3812)
    assert set(found.intervals.quality) == {Quality.ESTIMATED}
    assert set(found.intervals.method) == {Method.LINEAR}


def test_a_dip() -> None:
    found = one([165746.0, 0.003, 0.003, 165747.2])
    assert found.verdict.tolist() == [Verdict.KEPT, Verdict.DIP, Verdict.DIP, Verdict.KEPT]
    assert found.total == pytest.approx([1.2])


def test_the_first_reading_is_a_base_only() -> None:
    found = one([56842170.0])
    assert not len(found.intervals)
    assert np.isnan(found.total).all(), "unknown, not zero"


@pytest.mark.parametrize(
    "value",
    [NAN, math.inf, -math.inf, 4294967295.0, 4294967.295, 2147483.647, 16777.215, 65535.0, 1.8446744073709552e19],
)
def test_values_that_mean_no_value(value: float) -> None:
    found = one([100.0, value, 102.0])
    assert found.verdict.tolist() == [Verdict.KEPT, Verdict.SENTINEL, Verdict.KEPT]
    assert found.intervals.value.tolist() == [1.0, 1.0]
    assert set(found.intervals.quality) == {Quality.ESTIMATED}


def test_a_register_shows_less_than_its_modulus() -> None:
    assert one([1.0, 1000.0, 2.0], modulus=1000).verdict.tolist() == [0, Verdict.OUT_OF_RANGE, 0]


def test_of_two_values_at_one_time_the_first_counts() -> None:
    found = one([1.0, 2.0, 2.0, 9.0, 3.0], at=[T0, T0 + QUARTER, T0 + QUARTER, T0 + QUARTER, T0 + 2 * QUARTER])
    assert found.verdict.tolist() == [0, 0, Verdict.DUPLICATE, Verdict.CONFLICT, 0]
    assert found.intervals.value.tolist() == [1.0, 1.0]


def test_a_clock_that_is_off_makes_its_steps_suspect() -> None:
    at = times(4)
    late = at + np.array([0, 301, 299, -10]) * SECOND
    found = clean(Readings.of_one(at, [1.0, 2.0, 3.0, 4.0], late), Registers.alike(1))
    assert found.late.tolist() == [False, True, False, False]
    assert found.intervals.quality.tolist() == [Quality.SUSPECT, Quality.SUSPECT, Quality.GOOD]
    assert found.total.tolist() == [3.0], "kept"


def test_clocks_never_set_and_running_ahead() -> None:
    at = [0, T0, T0 + QUARTER, T0 + 10**9 * SECOND]
    found = one([1.0, 5.0, 6.0, 7.0], at=at, now=T0 + QUARTER)
    assert found.verdict.tolist() == [Verdict.EARLY, 0, 0, Verdict.FUTURE]
    assert found.total.tolist() == [1.0]


def test_a_cap_bounds_a_roll_over() -> None:
    assert names(one([950000.0, 100000.0], modulus=1e6, cap_kw=100)) == ["BASE", "RESET"]
    assert names(one([950000.0, 100000.0], modulus=1e6)) == ["BASE", "RESET"], "without a cap, a tenth of the modulus"
    assert names(one([950000.0, 30000.0], modulus=1e6)) == ["BASE", "ROLLOVER"]
    assert names(one([899999.0, 1.0], modulus=1e6)) == ["BASE", "RESET"], "not near its end"


def test_what_comes_back_was_no_roll_over() -> None:
    found = one([999998.0, 0.0, 999998.5], modulus=1e6)
    assert found.verdict.tolist() == [0, Verdict.DIP, 0]
    assert found.total.tolist() == [0.5]


def test_a_dip_lasts_so_many_readings_and_no_more() -> None:
    assert names(one([50.0, 0.0, 0.0, 0.0, 51.0])) == ["BASE", "NONE", "NONE", "NONE", "MEASURED"]
    assert names(one([50.0, 0.0, 15.0, 25.0, 40.0, 51.0])) == ["BASE", "RESET", *["MEASURED"] * 4]
    strict = Rules(dip_share=0.5)
    assert names(one([50.0, 49.0, 51.0], rules=strict)) == ["BASE", "RESET", "MEASURED"]


@pytest.mark.parametrize("known", [{}, {"cap_kw": 60}])
def test_a_long_dip_that_ends_in_a_jump_is_one_still(known: dict[str, float]) -> None:
    """Else the whole register would be counted as used in one interval."""
    found = one([165746.0, *[0.003] * 30, 165747.2, 165748.0], **known)
    assert found.verdict.tolist() == [0, *[Verdict.DIP] * 30, 0, 0]
    assert found.total == pytest.approx([2.0])


def test_a_dip_by_the_hour() -> None:
    assert one([165746.0, 0.003, 0.003, 165747.2], at=times(4, HOUR)).total == pytest.approx([1.2])


def test_a_register_set_to_zero_every_day_is_no_dip() -> None:
    day = np.linspace(0.0, 47.5, 96)
    found = one(np.tile(day, 3).tolist())
    assert names(found).count("RESET") == 2
    assert found.total == pytest.approx([3 * 47.5])


def test_a_spike_that_goes_is_left_out() -> None:
    found = one([100.0, 900.0, 101.0, 102.0], cap_kw=60)
    assert found.verdict.tolist() == [0, Verdict.SPIKE, 0, 0]
    assert found.intervals.value.tolist() == [0.5, 0.5, 1.0]


def test_a_spike_the_next_reading_confirms_is_a_catch_up() -> None:
    found = one([100.0, 900.0, 901.0], cap_kw=60)
    assert names(found) == ["BASE", "CATCH_UP", "MEASURED"]
    assert found.intervals.value.tolist() == [800.0, 1.0]
    assert found.intervals.quality.tolist() == [Quality.SUSPECT, Quality.GOOD]


def test_a_spike_at_the_end_waits() -> None:
    found = one([100.0, 900.0], cap_kw=60)
    assert names(found) == ["BASE", "UNCONFIRMED"]
    assert np.isnan(found.intervals.value).all()
    assert np.isnan(found.total).all()
    assert found.settled.tolist() == [True, False]


def test_the_cap_is_after_the_ratio() -> None:
    assert names(one([100.0, 101.0, 102.0], cap_kw=100, ratio=20)) == ["BASE", "MEASURED", "MEASURED"]
    assert names(one([100.0, 101.0, 102.0], cap_kw=100, ratio=30)) == ["BASE", "NONE", "UNCONFIRMED"]
    assert rated_kw(380, 5, ct=30) * Rules().cap_margin == pytest.approx(118.47, abs=0.01)


def test_a_ratio_holds_from_its_day() -> None:
    """Replaced with other transformers: (F - r0) x old + (r1 - S) x new."""
    events = Events.of([0], [T0 + QUARTER + 1], [12.0], [0.0], [60.0])
    found = one([10.0, 11.0, 2.0, 3.0], events=events, ratio=40)
    assert found.intervals.value.tolist() == [40.0, 1 * 40 + 2 * 60.0, 60.0]


def test_a_ratio_changed_at_a_reading_nobody_took_is_shared_by_time() -> None:
    events = Events.of([0], [T0 + QUARTER // 3], [NAN], [NAN], [10.0])
    found = one([0.0, 3.0], events=events)
    assert found.intervals.value.tolist() == [1 * 1 + 2 * 10.0]
    assert found.intervals.quality.tolist() == [Quality.ESTIMATED]


def test_two_swaps_between_two_readings() -> None:
    events = Events.of([0, 0], [T0 + 1, T0 + 2], [105.0, 7.0], [2.0, 50.0])
    assert one([100.0, 51.0], events=events).total.tolist() == [5 + 5 + 1]


def test_an_event_that_contradicts_the_readings_is_for_a_person() -> None:
    found = one([100.0, 3.0, 4.0], events=Events.of([0], [T0 + 1], [99.0], [0.0]))
    assert names(found) == ["BASE", "MISMATCH", "MEASURED"]
    assert found.total.tolist() == [1.0]
    unknown = one([100.0, 3.0], events=Events.of([0], [T0 + 1], [NAN], [NAN]))
    assert names(unknown) == ["BASE", "MISMATCH"]


def test_events_before_the_first_and_after_the_last_reading_change_no_step() -> None:
    events = Events.of([0, 0], [T0 - 1, T0 + 99 * QUARTER], [5.0, 8.0], [0.0, 0.0], [2.0, 7.0])
    assert one([1.0, 2.0], events=events).total.tolist() == [2.0]


def test_intervals_known_for_a_part_say_so() -> None:
    found = one([0.0, 3.0], at=[T0 + QUARTER // 3, T0 + QUARTER])
    assert found.intervals.value.tolist() == [3.0]
    assert found.intervals.known == pytest.approx([2 / 3])
    assert found.intervals.quality.tolist() == [Quality.PARTIAL]


def test_readings_by_the_minute_make_whole_intervals() -> None:
    found = one([float(minute) for minute in range(31)], at=times(31, 60 * SECOND))
    assert found.intervals.value.tolist() == [15.0, 15.0]
    assert found.intervals.quality.tolist() == [Quality.GOOD, Quality.GOOD]


def test_readings_beside_the_grid_are_shared_by_time() -> None:
    found = one([0.0, 3.0, 6.0, 9.0], at=times(4) + QUARTER // 3)
    assert found.intervals.value == pytest.approx([2.0, 3.0, 3.0, 1.0])
    assert found.intervals.method.tolist()[1:3] == [Method.PRORATED] * 2
    assert found.intervals.quality.tolist() == [Quality.PARTIAL, Quality.GOOD, Quality.GOOD, Quality.PARTIAL]


def test_a_register_read_by_the_hour_has_no_gaps_between_hours() -> None:
    found = one([0.0, 4.0, 8.0], at=times(3, HOUR), period_s=3600)
    assert found.intervals.value.tolist() == [1.0] * 8
    assert set(found.intervals.quality) == {Quality.GOOD}
    assert set(found.intervals.method) == {Method.PRORATED}


def test_a_gap_is_shared_like_other_days_of_its_type() -> None:
    """Two days of 1 by day and 0.2 by night; on the third, half a day is missing."""
    day = np.where((np.arange(96) >= 32) & (np.arange(96) < 72), 1.0, 0.2)
    values = np.concatenate([[0.0], np.cumsum(np.tile(day, 3))])
    at = T0 - 8 * HOUR + np.arange(len(values)) * QUARTER
    kept = np.ones(len(at), np.bool_)
    kept[2 * 96 + 20 : 2 * 96 + 60] = False
    readings, registers = Readings.of_one(at[kept], values[kept]), Registers.alike(1)
    calendar = DayTypes(int((T0 + 8 * HOUR) // (24 * HOUR)), np.zeros(3, np.int64), 1, 8 * HOUR)
    first = clean(readings, registers)
    shapes = usual(first.intervals, calendar, 1, least=2)
    found = clean(readings, registers, shapes=shapes)
    assert found.intervals.value == pytest.approx(np.tile(day, 3))
    gap = found.intervals.quality == Quality.ESTIMATED
    assert gap.sum() == 41
    assert set(found.intervals.method[gap]) == {Method.PROFILE}


def test_stuck_while_something_ran() -> None:
    """Rule 10: zero for a day while power says otherwise; a quiet day is no fault."""
    found = one([5.0] * 97 + [6.0, 6.0])
    always = np.ones(len(found.intervals), np.bool_)
    doubted = stuck(found.intervals, always, Rules())
    assert doubted.sum() == 96
    assert not stuck(found.intervals, ~always, Rules()).any()
    assert not stuck(found.intervals, always, Rules(stuck_s=97 * 900)).any()
    told = mark(found.intervals, doubted, Method.STUCK)
    assert (told.quality == Quality.SUSPECT).sum() == 96
    assert told.value.tolist() == found.intervals.value.tolist()


def test_consumption_against_the_integral_of_power() -> None:
    """Rule 11: more than a fifth of the larger apart, and both more than 1 kWh."""
    consumption, integral = np.array([10.0, 10.0, 10.0, 1.0, NAN]), np.array([8.0, 7.99, 12.6, 9.0, 9.0])
    assert contradicts(consumption, integral, Rules()).tolist() == [False, True, True, False, False]


def test_hours_days_and_months_with_their_shares() -> None:
    found = one([0.0, 1.0, 2.0, 3.0, 4.0, 8.0], at=[*times(5).tolist(), T0 + 8 * QUARTER])
    told = roll_up(found.intervals, *hours(found.intervals.start, 8 * HOUR))
    assert told.value.tolist() == [4.0, 4.0]
    assert told.good.tolist() == [1.0, 0.0]
    assert told.estimated.tolist() == [0.0, 1.0]
    assert told.quality.tolist() == [Quality.GOOD, Quality.ESTIMATED]
    day = roll_up(found.intervals, *days(found.intervals.start, 8 * HOUR))
    assert day.value.tolist() == [8.0]
    assert day.missing == pytest.approx([22 / 24])
    assert day.quality.tolist() == [Quality.PARTIAL]
    month = roll_up(found.intervals, *months(found.intervals.start, 8 * HOUR))
    assert month.period.tolist() == [202601]
    assert month.missing == pytest.approx([1 - 2 / (31 * 24)])


def test_midnight_is_local() -> None:
    at = T0 + 16 * HOUR - QUARTER + np.arange(3) * QUARTER
    found = one([0.0, 1.0, 3.0], at=at)
    assert roll_up(found.intervals, *days(found.intervals.start, 8 * HOUR)).value.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("wrong", [{"ratio": 0}, {"ratio": math.inf}, {"modulus": 0}, {"period_s": 0}, {"cap_kw": -1}])
def test_registers_that_cannot_be(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="allowed"):
        Registers.alike(1, **wrong)


def test_columns_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="one length"):
        Readings.of_one([1, 2], [1.0])
    with pytest.raises(ValueError, match="offsets"):
        Readings(times(2), np.zeros(2), np.array([0, 3]))
    with pytest.raises(ValueError, match="registers"):
        clean(Readings.of_one([], []), Registers.alike(2))
    with pytest.raises(ValueError, match="event"):
        one([1.0], events=Events.of([1], [T0], [1.0], [1.0]))
    with pytest.raises(ValueError, match="interval_s"):
        Rules(interval_s=7)

"""What is expected of a day, computed by hand; when an alarm begins and ends, against a plain reading of the rule."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nengtan.domain.watching.conditions import budget_used, leaking, loss, night_base, night_watch, too_cold
from nengtan.domain.watching.episodes import Watch, episodes
from nengtan.domain.watching.expectation import Settings, Slopes, expect, slopes

amounts = st.floats(0, 1000, allow_nan=False).map(lambda value: round(value, 3))


def test_the_last_of_five_like_days_weighs_five_times_the_first() -> None:
    """(1·10 + 2·20 + 3·30 + 4·40 + 5·50) / 15 = 36.667; the sixth day back, 999, is not looked at."""
    history = np.array([[999.0], [10.0], [20.0], [30.0], [40.0], [50.0]])
    found = expect(history)
    assert found.mean[0] == pytest.approx(550 / 15)
    # deviations from the median 30: 20, 10, 0, 10, 20, of which the median is 10: twice that is 20, more than 15 %
    assert (found.low[0], found.high[0]) == (pytest.approx(550 / 15 - 20), pytest.approx(550 / 15 + 20))


def test_days_alike_to_the_last_watt_still_have_a_band() -> None:
    found = expect(np.full((5, 1), 100.0))
    assert (found.low[0], found.mean[0], found.high[0]) == (85, 100, pytest.approx(115))


def test_an_unknown_slot_is_left_to_the_days_that_know_it() -> None:
    found = expect(np.array([[4.0, 1.0], [np.nan, 2.0], [np.nan, 3.0]]))
    assert found.mean[0] == 4
    assert found.mean[1] == pytest.approx((1 + 4 + 9) / 6)
    assert found.days == 3


def test_a_day_of_nothing_known_is_not_one_of_the_five() -> None:
    history = np.array([[10.0], [20.0], [np.nan], [30.0], [40.0], [50.0]])
    assert expect(history).mean[0] == pytest.approx(550 / 15)


@pytest.mark.parametrize("history", [np.full((3, 2), np.nan), np.empty((0, 2))])
def test_without_like_days_nothing_is_expected(history: np.ndarray) -> None:
    found = expect(history)
    assert found.days == 0
    assert np.isnan([found.mean, found.low, found.high]).all()


def test_nothing_less_than_nothing_is_expected() -> None:
    found = expect(np.array([[0.0], [40.0], [80.0], [0.0], [40.0]]))
    assert found.low[0] == 0


def season(days: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Ten in every slot, three more for each degree over 26, two for each under 18; temperatures from 8 to 36."""
    temperature = np.linspace(8, 36, days * 4).reshape(days, 4)
    return 10 + 3 * np.maximum(temperature - 26, 0) + 2 * np.maximum(18 - temperature, 0), temperature


def test_the_slopes_of_a_made_season_are_found_again() -> None:
    history, temperature = season()
    history[3, 1] = np.nan
    temperature[5, 2] = np.nan
    found = slopes(history, temperature)
    assert found.cooling == pytest.approx(3, abs=0.05)
    assert found.heating == pytest.approx(2, abs=0.05)


def test_a_month_is_needed_before_the_weather_counts() -> None:
    history, temperature = season(29)
    assert slopes(history, temperature) == Slopes()
    assert slopes(history, temperature, Settings(fit_days=29)).cooling > 2


def test_a_hot_day_is_expected_to_cost_more() -> None:
    """Mild days of 10, then 34 °C: eight degrees over 26 at three each."""
    mild = np.full((5, 1), 20.0)
    found = expect(np.full((5, 1), 10.0), temperature=mild, today=np.array([34.0]), slope=Slopes(cooling=3))
    assert found.mean[0] == 10 + 3 * 8


@given(st.lists(st.lists(amounts, min_size=3, max_size=3), min_size=1, max_size=8), st.floats(0.5, 3))
def test_an_expectation_lies_within_its_days_and_grows_with_them(days: list[list[float]], times: float) -> None:
    history = np.array(days)
    found = expect(history)
    last = history[-5:]
    assert (found.mean >= last.min(0) - 1e-9).all()
    assert (found.mean <= last.max(0) + 1e-9).all()
    assert (found.low <= found.mean).all()
    assert (found.high >= found.mean).all()
    grown = expect(history * times)
    for name in ("mean", "low", "high"):
        assert getattr(grown, name) == pytest.approx(getattr(found, name) * times, abs=1e-6)


MINUTES = np.arange(0, 200 * 15, 15)


def raised(values: list[float], watch: Watch, gap: int = 60) -> list[tuple[int, int, int | None]]:
    found = episodes(MINUTES[: len(values)], np.array(values), watch, gap)
    return [(item.begun, item.raised, item.ended) for item in found]


def test_a_moment_over_the_limit_is_no_alarm_and_an_hour_is() -> None:
    watch = Watch(10, 8, hold=60)
    assert raised([9, 11, 11, 9, 9, 9], watch) == []
    assert raised([9, 11, 11, 11, 11, 11, 7], watch) == [(15, 75, 90)]


def test_at_the_limit_an_alarm_neither_begins_nor_ends() -> None:
    assert raised([10, 10, 10], Watch(10, 8)) == []
    assert raised([11, 10, 9, 10, 11, 8], Watch(10, 8)) == [(0, 0, 75)]


def test_it_lasts_until_it_is_over() -> None:
    assert raised([7, 11, 12], Watch(10, 8)) == [(15, 15, None)]


def test_what_is_not_known_neither_raises_nor_ends_and_a_long_gap_begins_anew() -> None:
    nan = float("nan")
    assert raised([11, nan, nan, 11, 7], Watch(10, 8, hold=45)) == [(0, 45, 60)]
    assert raised([11, nan, nan, nan, nan, 11, 7], Watch(10, 8, hold=45)) == [], "75 minutes of which nothing is known"
    assert raised([11, 11, nan, nan, nan, nan, nan, 7], Watch(10, 8)) == [(0, 0, 15)], "over when it was last known"


def test_two_close_to_each_other_are_one() -> None:
    values = [11.0, 7, 7, 12, 7]
    assert raised(values, Watch(10, 8)) == [(0, 0, 15), (45, 45, 60)]
    assert raised(values, Watch(10, 8, silence=30)) == [(0, 0, 60)]
    (one,) = episodes(MINUTES[:5], np.array(values), Watch(10, 8, silence=30), 60)
    assert (one.worst, one.worst_at) == (12, 45)


def test_a_limit_is_not_left_above_itself() -> None:
    with pytest.raises(ValueError, match="back: found 11; allowed: at most 10"):
        Watch(10, 11)


@given(st.lists(st.one_of(amounts, st.just(float("nan"))), max_size=60), st.integers(0, 90), st.integers(0, 60))
def test_an_alarm_is_raised_where_a_plain_reading_says_so(values: list[float], hold: int, silence: int) -> None:
    """Without hysteresis and gaps: runs of known values over the limit that last as long as the hold."""
    watch = Watch(500, 500, hold)
    found = raised(values, watch, gap=10**9)
    known = [(int(at), value) for at, value in zip(MINUTES, values, strict=False) if value == value]
    runs: list[list[int]] = []
    high = False
    for at, value in known:
        if value > 500:
            runs = runs if high else [*runs, []]
            runs[-1].append(at)
        high = value > 500
    assert [begun for begun, *_ in found] == [run[0] for run in runs if run[-1] - run[0] >= hold]
    joined = raised(values, Watch(500, 500, hold, silence), gap=10**9)
    assert len(joined) <= len(found)
    assert all(ended is not None for *_, ended in joined[:-1])


def test_a_night_is_too_much_by_a_third_and_two_kilowatts() -> None:
    assert night_base(np.array([np.nan, np.nan])) is None
    assert night_base(np.arange(100.0)) == 89.5, "the last twenty"
    assert night_watch(1.0, 0).over == 3, "1.3 times is less than 2 kW more"
    assert night_watch(20.0, 0).over == 26


def test_one_night_of_standing_water_is_no_leak() -> None:
    flow = np.full((3, 8), 0.2)
    assert leaking(flow)
    flow[1, 4] = 0
    assert not leaking(flow)
    flow[1, 4] = np.nan
    assert not leaking(flow)


def test_children_that_show_more_than_their_parent_are_a_loss_below_nothing() -> None:
    assert loss(np.array([100.0]), np.array([[70.0], [40.0]]), np.ones(1))[0] == pytest.approx(-0.1)
    assert np.isnan(loss(np.array([0.0]), np.array([[1.0]]), np.ones(1))[0])


def test_a_room_is_too_cold_only_while_it_is_cooled_and_used() -> None:
    degrees = too_cold(np.array([24.0, 24.0, 27.0]), np.array([True, False, True]), np.ones(3, np.bool_), 26.0)
    assert degrees[0] == 2
    assert np.isnan(degrees[1])
    assert degrees[2] == -1


def test_a_budget_of_nothing_is_no_budget() -> None:
    with pytest.raises(ValueError, match="budget: found 0; allowed: above 0"):
        budget_used(np.ones(3), 0)

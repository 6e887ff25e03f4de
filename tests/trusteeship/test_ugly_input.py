"""A figure with its rules or a named reason for any input: nothing falls over, nothing is not a number."""

from __future__ import annotations

import json
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nengtan.domain.baseline.daily import DAY, HOUR
from nengtan.domain.baseline.savings import Method, Why
from nengtan.trusteeship.calendars import calendar_of
from nengtan.trusteeship.measuring import BASES, Question, answers, record
from nengtan.trusteeship.mv_commands import RULES, WHY
from nengtan.trusteeship.series import Told

FIRST = 18_262  # 2020-01-01, a leap year
YEAR = (FIRST, FIRST + 365)
NEXT = (FIRST + 366, FIRST + 730)
MONTH = (FIRST, FIRST + 30)
DAYS = FIRST + np.arange(731)
RNG = np.random.default_rng(6)
AIR = 12 - 14 * np.cos(2 * np.pi * np.arange(731) / 365.25) + RNG.normal(0, 3, 731)
USE = 400 + 12 * np.maximum(15 - AIR, 0) + 8 * np.maximum(AIR - 22, 0) + RNG.normal(0, 20, 731)

STEPS = {"days": DAY, "hours": HOUR, "months": 30 * DAY}


def series(step: str) -> tuple[np.ndarray, np.ndarray]:
    """Moments and use."""
    if step == "hours":
        return np.arange(FIRST * 24, (FIRST + 731) * 24) * HOUR, np.repeat(USE / 24, 24)
    if step == "months":
        return DAYS[::30] * DAY, 30 * USE[::30]
    return DAYS * DAY, USE.copy()


def broken(draw: Any, time: np.ndarray, use: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Some of what happens to data."""
    count = len(use)
    for kind in draw(st.lists(st.sampled_from(sorted(FAULTS)), max_size=3)):
        where = np.arange(count) % draw(st.integers(1, 40)) == 0
        use = FAULTS[kind](use, where)
    kept = np.arange(draw(st.integers(0, 10)), count - draw(st.integers(0, count)))
    time, use = time[kept], use[kept]
    if draw(st.booleans()) and len(time):
        again = draw(st.lists(st.integers(0, len(time) - 1), max_size=5))
        time, use = np.append(time, time[again]), np.append(use, use[again] * draw(st.sampled_from([1.0, 2.0])))
    return time, use


FAULTS: dict[str, Any] = {
    "gaps": lambda use, where: np.where(where, np.nan, use),
    "zeros": lambda use, where: np.where(where, 0.0, use),
    "negative": lambda use, where: np.where(where, -use, use),
    "spikes": lambda use, where: np.where(where, use * 1e6, use),
    "constant": lambda use, where: np.full(len(use), 7.0),
    "all zero": lambda use, where: np.zeros(len(use)),
    "all negative": lambda use, where: -np.abs(use),
    "nothing": lambda use, where: np.full(len(use), np.nan),
    "tiny": lambda use, where: use * 1e-12,
    "huge": lambda use, where: use * 1e24,
    "a step": lambda use, where: np.where(np.arange(len(use)) > len(use) // 3, use / 1000, use),
}

WARMTH: dict[str, Any] = {
    "as it is": lambda air: air,
    "told in °F": lambda air: air * 9 / 5 + 32,
    "the same all year": lambda air: np.full(len(air), 18.0),
    "half missing": lambda air: np.where(np.arange(len(air)) % 2 == 0, np.nan, air),
    "missing": lambda air: np.full(len(air), np.nan),
    "never cold": lambda air: air + 40,
}


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
@pytest.mark.parametrize("method", list(Method))
def test_a_figure_or_a_named_reason(method: Method, data: st.DataObject) -> None:
    draw = data.draw
    time, use = broken(draw, *series(draw(st.sampled_from(sorted(STEPS)))))
    air = WARMTH[draw(st.sampled_from(sorted(WARMTH)))](AIR)
    baseline, report = draw(st.sampled_from([(YEAR, NEXT), (MONTH, NEXT), (YEAR, MONTH), (MONTH, MONTH), (NEXT, YEAR)]))
    days = [day for first, last in (baseline, report) for day in range(first, last + 1)]
    carrier = draw(st.sampled_from(sorted(BASES)))
    calendar = calendar_of(days, draw(st.sampled_from(["cn", "week"])), {})
    question = Question(method, carrier, baseline, report, Told(DAYS * DAY, ("air",), air[None]), calendar)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ((name, found),) = answers(question, Told(time, ("meter",), use[None]))
    told = json.loads(json.dumps(record(question, found), allow_nan=False))
    assert name == "meter"
    assert (told["reason"] is None) == (told["savings"] is not None)
    assert told["reason"] is None or told["reason"] in {str(why) for why in Why} & set(WHY)
    assert {check["rule"] for check in told["sufficiency"]} <= set(RULES)
    assert told["band_90"] is None or told["band_90"][0] <= told["savings"] <= told["band_90"][1]
    if told["savings"] is not None:
        assert told["savings"] == pytest.approx(told["counterfactual"] - told["observed"])

"""Random readings that meet every rule: small steps, and now and then zeros, spikes, swaps, gaps, repeats, nonsense."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from nengtan.domain.metering.cleaning import Cleaned, clean
from nengtan.domain.metering.readings import Events, Readings, Registers
from nengtan.domain.metering.rules import SECOND, Rules
from tests.domain.metering.by_hand import Happened, Register

START = 1_767_225_600 * SECOND
MINUTE = 60 * SECOND
RULES = Rules()

_gaps = st.one_of(
    st.just(15), st.just(15), st.just(15), st.integers(0, 40), st.sampled_from([30, 60, 375]),
)  # fmt: skip
_moves = st.one_of(
    st.integers(0, 4).map(float),
    st.integers(0, 4).map(float),
    st.sampled_from([-1.0, -5.0, 6.0, 40.0, 500.0, 995.0, -995.0, 1e9]),
)
_shown = st.one_of(
    st.none(), st.none(), st.none(), st.none(),
    st.sampled_from([0.0, 0.003, 2.0, 999.0, math.nan, math.inf, 4294967.295, 65535.0, 2e15, -3.0]),
)  # fmt: skip


@dataclass(frozen=True)
class Listed:
    """The list of one register."""

    times: list[int]
    values: list[float]
    register: Register
    events: list[Happened]

    def __len__(self) -> int:
        return len(self.times)


@st.composite
def lists(draw: st.DrawFn, most: int = 24, swaps: bool = True, repeats: bool = True) -> Listed:
    """A list sorted by time, repeats among it."""
    times, values, now, value = [], [], START + draw(st.integers(0, 30)) * MINUTE, float(draw(st.integers(0, 999)))
    for _ in range(draw(st.integers(0, most))):
        shown = draw(_shown)
        times.append(now)
        values.append(value if shown is None else shown)
        now += max(draw(_gaps), 0 if repeats else 1) * MINUTE
        value = max(value + draw(_moves), 0.0)
    register = Register(
        draw(st.sampled_from([1.0, 40.0, 0.01])),
        draw(st.sampled_from([math.nan, 1000.0])),
        draw(st.sampled_from([math.inf, 20.0, 1000.0])),
        draw(st.sampled_from([15, 60])) * MINUTE,
    )
    events = draw(st.lists(_events(now), max_size=3)) if swaps else []
    return Listed(times, values, register, events)


def _events(until: int) -> st.SearchStrategy[Happened]:
    readings = st.one_of(st.integers(0, 999).map(float), st.just(math.nan))
    ratios = st.sampled_from([math.nan, math.nan, 1.0, 60.0])
    minutes = st.integers(0, max((until - START) // MINUTE, 1))
    swap = st.builds(lambda at, f, s, k: Happened(START + at * MINUTE, f, s, k), minutes, readings, readings, ratios)
    ratio = st.builds(lambda at: Happened(START + at * MINUTE, math.nan, math.nan, 30.0), minutes)
    return st.one_of(swap, ratio)


def registers_of(listed: list[Listed]) -> Registers:
    known = [one.register for one in listed]
    return Registers(
        np.array([one.ratio for one in known], np.float64),
        np.array([one.modulus for one in known], np.float64),
        np.array([one.cap_kw for one in known], np.float64),
        np.array([one.period for one in known], np.int64),
    )


def events_of(listed: list[Listed]) -> Events:
    told = [(number, event) for number, one in enumerate(listed) for event in one.events]
    return Events.of(
        [number for number, _ in told],
        [event.time for _, event in told],
        [event.final for _, event in told],
        [event.start for _, event in told],
        [event.ratio for _, event in told],
    )


def readings_of(listed: list[Listed]) -> Readings:
    return Readings(
        np.array([time for one in listed for time in one.times], np.int64),
        np.array([value for one in listed for value in one.values], np.float64),
        np.cumsum([0, *map(len, listed)]),
    )


def clean_all(listed: list[Listed]) -> Cleaned:
    return clean(readings_of(listed), registers_of(listed), events_of(listed), RULES)

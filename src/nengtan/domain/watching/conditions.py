"""What is watched: night load, leaks, demand, power factor, completeness, balance, temperature, budget.

Each gives a series or a figure to hold against a limit; the limits are settings, and the defaults here this project's
design. What a notice or a contract sets is given by the caller.
"""

from __future__ import annotations

import numpy as np

from nengtan.domain.metering.readings import Flags, Floats
from nengtan.domain.watching.episodes import Watch

__all__ = [
    "budget_used",
    "leaking",
    "loss",
    "night_base",
    "night_watch",
    "power_factor",
    "too_cold",
    "too_warm",
]


def night_base(values: Floats, most: int = 20) -> float | None:
    """What runs at night or on a holiday anyway: the median of the last known values of nights of one type.

    >>> night_base(np.array([2.0, 4.0, np.nan, 3.0]))
    3.0
    """
    known = values[np.isfinite(values)][-most:]
    return float(np.median(known)) if len(known) else None


def night_watch(base: float, hold: int, times: float = 1.3, least: float = 2.0) -> Watch:
    """Above ``times`` the base and by more than ``least`` kW; over again within the base and half of what is allowed.

    >>> night_watch(10.0, 7200)
    Watch(over=13.0, back=11.5, hold=7200, silence=0)
    """
    over = max(base * times, base + least)
    return Watch(over, base + (over - base) / 2, hold)


def leaking(flow: Floats, nights: int = 3) -> bool:
    """Whether water never stopped in the small hours of each of the last ``nights``.

    Parameters: ``flow``: nights x slots of 02:00 to 04:00, the last night last; a night of which a slot is unknown
    proves nothing.

    >>> leaking(np.array([[0.0, 0.1], [0.1, 0.1], [0.2, 0.1], [0.1, 0.3]])), leaking(np.array([[0.1, 0.1]]))
    (True, False)
    """
    last = flow[-nights:]
    return len(last) == nights and bool((np.nan_to_num(last, nan=0.0) > 0).all())


def power_factor(active: Floats, reactive: Floats, least: float = 0.0) -> Floats:
    """Active to apparent energy of each interval; NaN where nothing, or not more than ``least``, was drawn.

    >>> power_factor(np.array([3.0, 0.0]), np.array([4.0, 0.0])).tolist()
    [0.6, nan]
    """
    apparent = np.hypot(active, reactive)
    found: Floats = np.divide(active, apparent, out=np.full(len(active), np.nan), where=apparent > least)
    return found


def loss(parent: Floats, children: Floats, complete: Floats, least: float = 0.95) -> Floats:
    """What of a meter the meters below it do not show, as a share; NaN where any of them is not complete enough.

    Parameters: ``parent``: days; ``children``: meters x days; ``complete``: the least share of good intervals of all
    of them, of each day. Below 0 the children show more than the parent: a ratio or the wiring is wrong.

    >>> loss(np.array([100.0, 100.0]), np.array([[60.0, 60.0], [30.0, 30.0]]), np.array([1.0, 0.9])).tolist()
    [0.1, nan]
    """
    rest = parent - children.sum(0)
    usable = (complete >= least) & (parent > 0)
    found: Floats = np.divide(rest, parent, out=np.full(len(parent), np.nan), where=usable)
    return found


def too_cold(temperature: Floats, cooling: Flags, occupied: Flags, limit: float) -> Floats:
    """Degrees below what a cooled room may have [°C] while somebody is there; NaN else.

    >>> too_cold(np.array([24.5, 24.5]), np.array([True, True]), np.array([True, False]), 26.0).tolist()
    [1.5, nan]
    """
    return np.where(cooling & occupied, limit - temperature, np.nan)


def too_warm(temperature: Floats, heating: Flags, occupied: Flags, limit: float) -> Floats:
    """Degrees above what a heated room may have [°C] while somebody is there; NaN else.

    >>> too_warm(np.array([22.0]), np.array([True]), np.array([True]), 20.0).tolist()
    [2.0]
    """
    return np.where(heating & occupied, temperature - limit, np.nan)


def budget_used(used: Floats, budget: float) -> Floats:
    """How much of a month's budget is used up after each day, as a share; an unknown day adds nothing.

    >>> budget_used(np.array([10.0, np.nan, 30.0]), 50.0).tolist()
    [0.2, 0.2, 0.8]
    """
    if budget <= 0:
        raise ValueError(f"budget: found {budget}; allowed: above 0")
    return np.asarray(np.nancumsum(used) / budget)

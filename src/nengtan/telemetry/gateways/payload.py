"""The message a gateway sends over MQTT, as columns.

``{"mid": "…", "ts": "2026-01-01T08:15:00+08:00", "items": [{"p": "E-1", "v": 1.5, "q": 0, "t": "…"}]}``: ``p`` is the
point, ``v`` its value (null: the device had none), ``q`` other than 0 says that it may be wrong, ``t`` its own time
where it differs from ``ts``. The messages of the HTTP interface are taken too.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

from nengtan.telemetry.sent import Fault, Sent, Unreadable, moments, sent_as_json

__all__ = ["MOST_BYTES", "read_payload"]

MOST_BYTES = 10 * 1024 * 1024
MOST_ITEMS = 100_000
FORM = '{"mid": "…", "ts": "…+08:00", "items": [{"p": "…", "v": 0}]}'


def read_payload(body: bytes, key: Callable[[str], tuple[str, str]]) -> Sent:
    """The readings of a message; ``key`` gives meter and register code of a point.

    Raises:
        Unreadable: it is too large, no JSON, or of another form.
    """
    if len(body) > MOST_BYTES:
        raise Unreadable(f"{len(body)} > {MOST_BYTES}")
    try:
        told = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreadable(str(error)[:200]) from error
    if not isinstance(told, dict) or "items" not in told:
        return sent_as_json(body)
    items, name, moment = told["items"], told.get("mid", ""), told.get("ts", "")
    if not isinstance(items, list) or len(items) > MOST_ITEMS or not isinstance(name, str) or len(name) > 200:
        raise Unreadable(FORM)
    if not name.isprintable() or not isinstance(moment, str):
        raise Unreadable(FORM)
    faults: list[Fault] = []
    good = [read for at, one in enumerate(items, 1) if (read := _item(at, one, moment, faults)) is not None]
    return _columns(good, key, faults, name)


Item = tuple[int, str, int, float, bool]
"""Place, point, time [µs], value, whether it is doubted."""


def _item(at: int, one: Any, moment: str, faults: list[Fault]) -> Item | None:
    if not isinstance(one, dict) or not isinstance(one.get("p"), str) or not one["p"]:
        faults.append(Fault(at, "", "no_meter", str(one)[:80]))
        return None
    point, value, when, quality = one["p"], one.get("v"), one.get("t", moment), one.get("q", 0)
    number = _number(value)
    if number is None or "v" not in one:
        faults.append(Fault(at, point[:64], "bad_value", str(value)[:80]))
        return None
    try:
        time = int(moments(pa.array([when], pa.string()))[0])
    except (pa.ArrowException, TypeError):
        faults.append(Fault(at, point[:64], "bad_time", str(when)[:80]))
        return None
    return at, point, time, number, quality not in (0, None, "", "0")


def _number(value: Any) -> float | None:
    """A number, or the text of one; NaN for none at all; None for anything else."""
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def _columns(good: list[Item], key: Callable[[str], tuple[str, str]], faults: list[Fault], name: str) -> Sent:
    keys: dict[tuple[str, str], int] = {}
    place = [keys.setdefault(key(point), len(keys)) for _at, point, _time, _value, _doubted in good]
    return Sent(
        list(keys),
        np.array(place, np.int64),
        np.array([one[0] for one in good], np.int64),
        np.array([one[2] for one in good], np.int64),
        np.array([one[3] for one in good], np.float64),
        faults,
        name=name,
        doubted=np.array([one[4] for one in good], np.bool_),
    )

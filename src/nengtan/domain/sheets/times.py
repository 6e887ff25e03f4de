"""Moments as devices and people write them: ISO 8601, 2026/1/5 8:15, 20260105081500, Unix seconds, 24:00."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata

from .cells import BadCell, Cell, shown
from .problems import Fault
from .words import Words

__all__ = ["parse_time"]

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)
_TIME = re.compile(
    r"(?P<y>[0-9]{4})[-/.](?P<m>[0-9]{1,2})[-/.](?P<d>[0-9]{1,2})"
    r"(?:[t ]+(?P<H>[0-9]{1,2})(?::(?P<M>[0-9]{1,2})(?::(?P<S>[0-9]{1,2})(?:[.,](?P<f>[0-9]{1,9}))?)?)?)?"
    r" *(?P<zone>z|utc|[+-][0-9]{2}:?[0-9]{2})?"
)
_DIGITS = re.compile(r"(?P<y>[0-9]{4})(?P<m>[0-9]{2})(?P<d>[0-9]{2})(?P<H>[0-9]{2})(?P<M>[0-9]{2})(?P<S>[0-9]{2})?")
_MARKS = {"year": "-", "month": "-", "day": " ", "hour": ":", "minute": ":", "second": ""}
_UNIX = {10: 1_000_000, 13: 1_000}
"""Microseconds in the unit of a Unix time of so many digits."""


def parse_time(cell: Cell, words: Words, zone: dt.tzinfo) -> int | Fault:
    """Read one cell as a moment [µs since 1970-01-01 UTC]; one without an offset is of ``zone``.

    >>> words = Words.of(
    ...     [("clock", "year", "年"), ("clock", "month", "月"), ("clock", "day", "日"), ("clock", "hour", "时")]
    ... )
    >>> china = dt.timezone(dt.timedelta(hours=8))
    >>> moments = ("2026-01-05T08:15:00+08:00", "2026/1/5 8:15", "2026年1月5日8时15", "20260105081500", "1767572100")
    >>> {parse_time(text, words, china) for text in moments}
    {1767572100000000}
    >>> parse_time("2026-02-30 08:00", words, china).code, parse_time("soon", words, china).code
    ('no_such_time', 'not_a_time')
    """
    if isinstance(cell, BadCell):
        return cell.fault()
    if isinstance(cell, dt.datetime):
        return _since_epoch(cell, zone)
    if isinstance(cell, dt.date):
        return _since_epoch(dt.datetime.combine(cell, dt.time()), zone)
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    text = _flat(shown(cell), words)
    if text.isascii() and text.isdigit() and len(text) in _UNIX:
        return int(text) * _UNIX[len(text)]
    match = _TIME.fullmatch(text) or _DIGITS.fullmatch(text)
    if match is None:
        return Fault("not_a_time" if text else "missing_value", shown(cell))
    try:
        return _since_epoch(_moment(match.groupdict()), zone)
    except (ValueError, OverflowError):
        return Fault("no_such_time", shown(cell))


def _flat(text: str, words: Words) -> str:
    """Full-width forms made plain, and words for year, month, day, hour, minute, second made marks."""
    flat = unicodedata.normalize("NFKC", text).casefold().strip()
    if not flat.isascii():
        for word, part in words.choices.get("clock", {}).items():
            flat = flat.replace(word, _MARKS[part])
    return " ".join(flat.split()).removesuffix(":").removesuffix("-")


def _moment(parts: dict[str, str | None]) -> dt.datetime:
    """The moment a match says; 24:00 is the end of its day."""
    hour, minute, second = (int(parts[key] or 0) for key in "HMS")
    ends = (hour, minute, second) == (24, 0, 0)
    fraction = int((parts.get("f") or "0").ljust(6, "0")[:6])
    day = dt.date(int(parts["y"] or 0), int(parts["m"] or 0), int(parts["d"] or 0))
    moment = dt.datetime.combine(
        day, dt.time(0 if ends else hour, minute, second, fraction, _offset(parts.get("zone")))
    )
    return moment + dt.timedelta(days=1) if ends else moment


def _offset(zone: str | None) -> dt.tzinfo | None:
    if not zone:
        return None
    if zone in ("z", "utc"):
        return dt.UTC
    size = dt.timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
    return dt.timezone(-size if zone[0] == "-" else size)


def _since_epoch(moment: dt.datetime, zone: dt.tzinfo) -> int:
    return ((moment if moment.tzinfo else moment.replace(tzinfo=zone)) - _EPOCH) // _MICROSECOND

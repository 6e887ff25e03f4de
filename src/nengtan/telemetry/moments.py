"""Moments between Python, whole microseconds and the local calendar."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

__all__ = ["EPOCH", "local_offset", "micros"]

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def micros(moment: dt.datetime) -> int:
    """A moment as µs since 1970 UTC.

    >>> micros(dt.datetime(1970, 1, 1, 8, 0, 1, tzinfo=dt.timezone(dt.timedelta(hours=8))))
    1000000
    """
    return (moment - EPOCH) // dt.timedelta(microseconds=1)


def local_offset() -> int:
    """What the installation's local time is ahead of UTC [µs]; one all the year round, as in China."""
    return (timezone.localtime().utcoffset() or dt.timedelta()) // dt.timedelta(microseconds=1)

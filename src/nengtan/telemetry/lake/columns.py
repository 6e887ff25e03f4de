"""Columns between NumPy and Arrow, and the partition a moment lies in."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nengtan.domain.metering.readings import Floats, Ints
from nengtan.domain.metering.rules import SECOND
from nengtan.telemetry.lake.tables import MOMENT

__all__ = ["ENDLESS", "among", "local_months", "moment_text", "months_of", "packed", "table_of", "unpacked", "within"]

ENDLESS = 1 << 61
"""A time after all others [µs]."""

DAY = 24 * 3600 * SECOND
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_LATEST = (dt.datetime(9999, 1, 1, tzinfo=dt.UTC) - _EPOCH) // dt.timedelta(microseconds=1)

_INBOX = pa.schema([("register", pa.int64()), ("time", MOMENT), ("value", pa.float64()), ("mark", pa.int8())])


def months_of(time: Ints) -> NDArray[np.int32]:
    """The UTC month of each time [µs] as yyyymm: the partition of readings and intervals.

    >>> months_of(np.array([0, 1_767_225_600_000_000])).tolist()
    [197001, 202601]
    """
    if not len(time):
        return np.zeros(0, np.int32)
    day = time // DAY
    first = int(day.min())
    every = np.arange(first, int(day.max()) + 1).view("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    month = ((1970 + every // 12) * 100 + every % 12 + 1).astype(np.int32)
    return month[day - first]


def local_months(time: Ints, offset: int) -> NDArray[np.int32]:
    """The local month of each time [µs]: the partition of statistics."""
    return months_of(np.asarray(time + offset))


def moment_text(time: int) -> str:
    """A time [µs] as a condition has it, nothing before 1970 and nothing after 9999.

    >>> moment_text(1_767_225_600_000_000)
    "'2026-01-01T00:00:00.000000Z'"
    """
    moment = _EPOCH + dt.timedelta(microseconds=min(max(time, 0), _LATEST))
    return f"'{moment:%Y-%m-%dT%H:%M:%S.%fZ}'"


def within(low: int, high: int, of: str = "") -> str:
    """A condition over files, and over rows of the alias ``of``: they may hold times from ``low`` to ``high`` [µs].

    Delta keeps the smallest and largest times to the millisecond: a second either way makes up for it.
    """
    return f"{of}time >= {moment_text(low - SECOND)} AND {of}time <= {moment_text(high + SECOND)}"


def among(register: Ints, of: str = "") -> str:
    """A condition over files or rows: they may hold some registers."""
    return f"{of}register >= {register.min()} AND {of}register <= {register.max()}"


def table_of(schema: pa.Schema, columns: Mapping[str, Any]) -> pa.Table:
    """Columns by name as Arrow has them; NaN is null, but for readings, which stay as they came."""
    arrays = [pa.array(columns[field.name], from_pandas=field.name == "value", type=_wide(field)) for field in schema]
    return pa.table(arrays, names=schema.names).cast(schema)


def _wide(field: pa.Field) -> pa.DataType | None:
    return pa.int64() if pa.types.is_timestamp(field.type) else None


def packed(register: Ints, time: Ints, value: Floats, mark: NDArray[np.int8]) -> bytes:
    """Readings as the inbox keeps them."""
    table = pa.table([register, pa.array(time).cast(MOMENT), value, mark], schema=_INBOX)
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, _INBOX, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
        writer.write_table(table)
    return sink.getvalue()


def unpacked(payload: bytes) -> pa.Table:
    """The readings of a message."""
    return pa.ipc.open_stream(payload).read_all()

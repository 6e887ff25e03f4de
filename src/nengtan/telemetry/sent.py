"""Readings as they are sent: by meter, as columns; from JSON, CSV, Excel and Parquet."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet

from nengtan.domain.metering.readings import Flags, Floats, Ints
from nengtan.domain.sheets.problems import Problem
from nengtan.telemetry.files import MeterReadingRow, read_meter_readings
from nengtan.telemetry.lake.tables import MOMENT

__all__ = ["Fault", "Sent", "Unreadable", "moments", "read_file", "sent_as_csv", "sent_as_json"]

_BETWEEN = "\x1f"
_HEADINGS = {"meter", "time", "value"}
_DEEPEST = 8


class Unreadable(ValueError):
    """What was sent is nothing that readings come in; `str` says what it is and what is wanted."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A reading that cannot be read: its place in what was sent, from 1; its meter, why, and what it said."""

    row: int
    meter: str
    reason: str
    found: str


@dataclass(frozen=True, slots=True)
class Sent:
    """Readings of registers; columns of one length.

    ``keys``: (meter code, register code); ``key``: for each reading its place there. ``row``: where each stood.
    ``time`` [µs since 1970 UTC]; ``value``: NaN where a device said that it has none. ``doubted``: where the sender
    itself says that a value may be wrong; None: nowhere.
    """

    keys: Sequence[tuple[str, str]]
    key: Ints
    row: Ints
    time: Ints
    value: Floats
    faults: list[Fault] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    name: str = ""
    doubted: Flags | None = None

    def __len__(self) -> int:
        return len(self.time)


def _of_columns(meter: Sequence[str], register: Sequence[str], time: Any, value: Any, row: Any, **told: Any) -> Sent:
    joined = pc.binary_join_element_wise(_texts(meter), _texts(register), _BETWEEN)
    coded = joined.dictionary_encode()
    keys = [(key.partition(_BETWEEN)[0], key.partition(_BETWEEN)[2]) for key in coded.dictionary.to_pylist()]
    indices = np.asarray(coded.indices, np.int64)
    return Sent(
        keys, indices, np.asarray(row, np.int64), np.asarray(time, np.int64), np.asarray(value, np.float64), **told
    )


def _texts(found: Any) -> Any:
    """Texts as one Arrow column."""
    if isinstance(found, pa.ChunkedArray):
        return found.combine_chunks()
    return found if isinstance(found, pa.Array) else pa.array(found, pa.string())


def read_file(path: Path, zone: ZoneInfo) -> Sent:
    """The readings of a file with the columns meter, time and value, and register where a meter has several.

    A time without an offset is local, as people write it. Faults are told by row and column, as `Problem`; raises
    `Refused` for a file that is no table, `Unreadable` for Parquet that is none.
    """
    if path.suffix.lower() == ".parquet":
        return _parquet(path, zone)
    content = path.read_bytes() if path.suffix.lower() == ".csv" else b""
    plain = _plain_csv(content) if content else None
    if plain is not None:
        return plain
    rows, problems = read_meter_readings(path, zone)
    return _of_rows(rows, problems)


def _of_rows(rows: Sequence[MeterReadingRow], problems: list[Problem]) -> Sent:
    return _of_columns(
        [row.meter for row in rows], [row.register for row in rows], [row.time for row in rows],
        [row.value for row in rows], [row.row for row in rows], problems=problems,
    )  # fmt: skip


def _plain_csv(content: bytes) -> Sent | None:
    """A file as programs write it, all at once; None for one that needs to be looked at cell by cell."""
    content = content.removeprefix(b"\xef\xbb\xbf")
    head = content[: content.find(b"\n") + 1].decode("ascii", "replace").strip().lower().split(",")
    if not set(head) >= _HEADINGS or not set(head) <= _HEADINGS | {"register"} or len(set(head)) < len(head):
        return None
    try:
        table = pyarrow.csv.read_csv(
            io.BytesIO(content),
            read_options=pyarrow.csv.ReadOptions(column_names=head, skip_rows=1),
            parse_options=pyarrow.csv.ParseOptions(newlines_in_values=False),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(head, pa.string()), strings_can_be_null=False
            ),
        )
        time = moments(table["time"])
        value = _values(table["value"])
    except pa.ArrowInvalid:
        return None
    meter = table["meter"].combine_chunks()
    if not table.num_rows or pc.any(_needs_care(meter)).as_py():
        return None
    register = table["register"].combine_chunks() if "register" in head else pa.repeat(pa.scalar(""), len(meter))
    return _of_columns(meter, register, time, value, np.arange(len(meter)) + 2)


def _needs_care(meter: pa.StringArray) -> pa.BooleanArray:
    """Whether a code is empty, has spaces around it, or is not plain text."""
    trimmed = pc.utf8_trim_whitespace(meter)
    return pc.or_(pc.not_equal(trimmed, meter), pc.or_(pc.equal(meter, ""), pc.invert(pc.string_is_ascii(meter))))


def moments(texts: Any) -> Ints:
    """Times with an offset [µs]; raises `pa.ArrowInvalid` for any other."""
    found: Ints = pc.cast(texts, MOMENT).cast(pa.int64()).to_numpy()
    return found


def _values(texts: Any) -> Floats:
    """Numbers, NaN for empty ones; raises `pa.ArrowInvalid` for what is no number."""
    empty = pc.equal(texts, "")
    held = pc.cast(pc.if_else(empty, None, texts), pa.float64())
    found: Floats = pc.fill_null(held, math.nan).to_numpy()
    return found


def _parquet(path: Path, zone: ZoneInfo) -> Sent:
    try:
        table = pyarrow.parquet.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise Unreadable(f"{path.name}: {error}".splitlines()[0][:200]) from error
    lacking = sorted(_HEADINGS - set(table.column_names))
    if lacking:
        problem = Problem(0, lacking[0], "", "", "missing_column", " ".join(table.column_names)[:80], tuple(lacking))
        return _of_rows([], [problem])
    meter, time, value = (table[name].combine_chunks() for name in ("meter", "time", "value"))
    register = table["register"] if "register" in table.column_names else pa.repeat(pa.scalar(""), len(meter))
    try:
        if pa.types.is_timestamp(time.type) and time.type.tz is None:
            time = pc.assume_timezone(time, str(zone))
        return _of_columns(
            pc.cast(meter, pa.string()).fill_null(""), pc.cast(register, pa.string()).fill_null(""), moments(time),
            pc.fill_null(pc.cast(value, pa.float64()), math.nan).to_numpy(), np.arange(len(meter)) + 1,
        )  # fmt: skip
    except pa.ArrowException as error:
        raise Unreadable(f"{path.name}: {error}".splitlines()[0][:200]) from error


def sent_as_json(body: bytes) -> Sent:
    """A reading, a list of them, or ``{"message": …, "readings": […]}``; times bear an offset.

    Raises:
        Unreadable: it is no JSON, or none of these.
    """
    plain = _plain_json(body)
    if plain is not None:
        return plain
    try:
        told = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreadable(str(error)[:200]) from error
    name = told.get("message", "") if isinstance(told, dict) else ""
    listed = told.get("readings", [told] if "meter" in told else None) if isinstance(told, dict) else told
    if not isinstance(listed, list) or not isinstance(name, str) or len(name) > 200 or not name.isprintable():
        raise Unreadable('{"message": "…", "readings": [{"meter": "…", "time": "…", "value": 0}]}')
    faults: list[Fault] = []
    good = [(at, one) for at, one in enumerate(listed, 1) if _is_reading(at, one, faults)]
    sent = _of_records(
        [at for at, _one in good], [one["meter"] for _at, one in good], [one.get("register", "") for _at, one in good],
        [one["time"] for _at, one in good], [one["value"] for _at, one in good], faults,
    )  # fmt: skip
    return Sent(sent.keys, sent.key, sent.row, sent.time, sent.value, faults, name=name)


_ENVELOPE = re.compile(
    rb'\s*(?:\{\s*(?:"message"\s*:\s*"([^"\\]{0,200})"\s*,\s*)?"readings"\s*:\s*)?\[(\{[^\n\\]*\})\s*\]\s*(\})?\s*'
)
"""A list of readings on one line without escapes, by itself or in a message."""

_READING = pa.schema(
    [("meter", pa.string()), ("register", pa.string()), ("time", pa.string()), ("value", pa.float64())]
)


def _plain_json(body: bytes) -> Sent | None:
    """A message as programs write it, all at once; None for one that needs to be looked at reading by reading."""
    found = _ENVELOPE.fullmatch(body)
    if found is None or (found[3] is not None) != body.lstrip().startswith(b"{"):
        return None
    lines = found[2].replace(b"}, {", b"}\n{").replace(b"},{", b"}\n{")
    try:
        table = pyarrow.json.read_json(
            io.BytesIO(lines),
            read_options=pyarrow.json.ReadOptions(block_size=max(len(lines) // 4, 1 << 20)),
            parse_options=pyarrow.json.ParseOptions(explicit_schema=_READING, unexpected_field_behavior="error"),
        )
        if table.num_rows != lines.count(b"\n") + 1 or any(table[name].null_count for name in _HEADINGS):
            return None
        meter, time = table["meter"].combine_chunks(), moments(table["time"])
        name = (found[1] or b"").decode()
    except (pa.ArrowException, UnicodeDecodeError):
        return None
    if pc.any(pc.equal(meter, "")).as_py() or not name.isprintable():
        return None
    register = pc.fill_null(table["register"].combine_chunks(), "")
    return _of_columns(meter, register, time, table["value"].to_numpy(), np.arange(len(meter)) + 1, name=name)


def _is_reading(at: int, one: Any, faults: list[Fault]) -> bool:
    """Whether a record has a meter, a time and a value of the kinds these are; else its fault."""
    if not isinstance(one, Mapping) or not isinstance(one.get("meter"), str) or not one["meter"]:
        faults.append(Fault(at, "", "no_meter", _short(one)))
        return False
    if not isinstance(one.get("register", ""), str) or _BETWEEN in one["meter"] + one.get("register", ""):
        faults.append(Fault(at, one["meter"][:64], "no_meter", _short(one)))
        return False
    if not isinstance(one.get("time"), str):
        faults.append(Fault(at, one["meter"][:64], "bad_time", _short(one.get("time"))))
        return False
    value = one.get("value", "")
    if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float, str))):
        faults.append(Fault(at, one["meter"][:64], "bad_value", _short(value)))
        return False
    return True


def _short(found: Any) -> str:
    return str(found)[:80]


def sent_as_csv(body: bytes) -> Sent:
    """Columns meter, time and value, and register where a meter has several, under these headings; UTF-8.

    Raises:
        Unreadable: it is no such table.
    """
    plain = _plain_csv(body)
    if plain is not None:
        return plain
    try:
        lines = list(csv.DictReader(io.StringIO(body.decode("utf-8-sig")), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise Unreadable(str(error)[:200]) from error
    if not lines or not set(lines[0]) >= _HEADINGS:
        raise Unreadable("meter,time,value")
    faults: list[Fault] = []
    good = [(at, one) for at, one in enumerate(lines, 2) if _is_reading(at, _without_rest(one), faults)]
    return _of_records(
        [at for at, _one in good], [one["meter"] for _at, one in good],
        [one.get("register") or "" for _at, one in good], [one["time"] for _at, one in good],
        [one["value"] for _at, one in good], faults,
    )  # fmt: skip


def _without_rest(line: Mapping[Any, Any]) -> dict[str, Any]:
    return {key: value or "" for key, value in line.items() if key is not None}


def _of_records(
    row: list[int], meter: list[str], register: list[str], time: list[str], value: list[Any], faults: list[Fault]
) -> Sent:
    """Readings of which meter, time and value are there; at once, or one by one where one of them is odd."""
    try:
        return _of_columns(meter, register, moments(pa.array(time, pa.string())), _numbers(value), row, faults=faults)
    except (pa.ArrowException, ValueError, TypeError, OverflowError):
        pass
    times, values, kept = [], [], []
    for at, (moment, shown) in enumerate(zip(time, value, strict=True)):
        try:
            read = int(moments(pa.array([moment], pa.string()))[0])
        except pa.ArrowException:
            faults.append(Fault(row[at], meter[at][:64], "bad_time", moment[:80]))
            continue
        try:
            values.append(float(_numbers([shown])[0]))
        except (ValueError, TypeError, OverflowError):
            faults.append(Fault(row[at], meter[at][:64], "bad_value", _short(shown)))
            continue
        times.append(read)
        kept.append(at)
    return _of_columns(
        [meter[at] for at in kept], [register[at] for at in kept], times, values, [row[at] for at in kept],
        faults=faults,
    )  # fmt: skip


def _numbers(value: Sequence[Any]) -> Floats:
    """Numbers, and texts of numbers; None and empty texts are no value."""
    found: Floats = np.array([math.nan if one is None or one == "" else one for one in value], np.float64)
    return found

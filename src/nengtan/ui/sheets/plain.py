"""Delimited text of unknown encoding and delimiter as rows of text."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from itertools import islice

from .refused import Limits, Refused
from .xlsx import check_extent

__all__ = ["decode", "read_plain"]

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_DELIMITERS = (",", "\t", ";")
_SAMPLE_ROWS, _SAMPLE_BYTES = 30, 4096


def decode(data: bytes) -> str:
    """Text from UTF-8, UTF-16 or GB 18030 (and so GBK), with or without a mark at its start.

    >>> decode("单位".encode("gbk")), decode("单位".encode("utf-16")), decode("单位".encode("utf-8-sig"))
    ('单位', '单位', '单位')
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _decoded(data, encoding)
    head = data[:_SAMPLE_BYTES]
    if b"\x00" in head:
        odd, even = head[1::2].count(0), head[::2].count(0)
        if max(odd, even) * 4 < len(head) // 2:
            raise Refused("not_text", head[:8].hex(" "))
        return _decoded(data, "utf-16-le" if odd > even else "utf-16-be")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _decoded(data, "gb18030")


def _decoded(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise Refused("unknown_encoding", data[error.start : error.start + 4].hex(" ")) from error


def read_plain(data: bytes, limits: Limits) -> list[list[str]]:
    """Rows of text, all of one width.

    >>> read_plain(b"a;b\\n1;2,5\\n", Limits())
    [['a', 'b'], ['1', '2,5']]
    """
    text = decode(data)
    delimiter, declared = _delimiter(text)
    rows: list[list[str]] = []
    lines = io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8", newline="")  # a quarter of StringIO's memory
    reader = csv.reader(lines, delimiter=delimiter)
    try:
        for row in reader:
            rows.append(row)
            if len(rows) > limits.max_rows:
                raise Refused("too_many_rows", f">{limits.max_rows}", str(limits.max_rows))
    except csv.Error as error:
        raise Refused("bad_csv", f"{reader.line_num}: {error}") from error
    width = max(map(len, rows), default=0)
    check_extent(len(rows), width, limits)
    if declared and rows:
        rows[0] = [""]
    return [row if len(row) == width else row + [""] * (width - len(row)) for row in rows]


def _delimiter(text: str) -> tuple[str, bool]:
    """The delimiter that splits the first rows most evenly, or the one a `sep=` line declares."""
    first = text[:8].lower().lstrip("\ufeff")
    if first.startswith("sep=") and first[4:5] in _DELIMITERS:
        return first[4:5], True
    scores = {}
    for delimiter in _DELIMITERS:
        try:
            rows = list(islice(csv.reader(io.StringIO(text[:65536], newline=""), delimiter=delimiter), _SAMPLE_ROWS))
        except csv.Error:
            rows = []
        widths = Counter(len(row) for row in rows if len(row) > 1)
        scores[delimiter] = max((width * count for width, count in widths.items()), default=0)
    return max(_DELIMITERS, key=lambda delimiter: scores[delimiter]), False

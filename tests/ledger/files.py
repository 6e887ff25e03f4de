"""Files as people send them."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import Any

from openpyxl import Workbook

LONG = ("单位编码", "单位名称", "月份", "能源品种", "数量", "计量单位", "费用（元）", "数据来源", "账单号")


def workbook(rows: Iterable[Sequence[Any]], merges: Sequence[str] = (), title: str = "数据") -> bytes:
    """An .xlsx of these rows."""
    book = Workbook()
    page = book.active
    page.title = title
    for row in rows:
        page.append(list(row))
    for merge in merges:
        page.merge_cells(merge)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def bills(*rows: Sequence[Any]) -> bytes:
    """An .xlsx in long form: code, name, month, carrier, quantity, unit, cost, source, bill number."""
    return workbook([LONG, *rows])


def text(*lines: str, encoding: str = "utf-8-sig") -> bytes:
    """A CSV of these lines."""
    return ("\n".join(lines) + "\n").encode(encoding)

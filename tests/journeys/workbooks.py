"""Workbooks as a district's manager gets them: a title over merged headings, odd numbers, and faults."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook

REGISTER = ("编码", "统一社会信用代码", "名称", "类型", "行政区划代码", "建筑面积", "用能人数", "生效日期", "使用能源")
BILLS = ("单位编码", "月份", "能源品种", "用量", "计量单位", "费用（元）", "账单号")


def save(path: Path, title: str, headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> Path:
    """A sheet whose title is merged over all columns and whose every heading is merged over two rows."""
    book = Workbook()
    sheet = book.active
    sheet.append([title])
    sheet.append(list(headings))
    sheet.append([])
    sheet.merge_cells(start_row=1, start_column=1, end_row=1, end_column=len(headings))
    for column in range(1, len(headings) + 1):
        sheet.merge_cells(start_row=2, start_column=column, end_row=3, end_column=column)
    for row in rows:
        sheet.append(list(row))
    book.save(path)
    return path


FIRST_ROW = 4
"""Number of the first row under the headings."""

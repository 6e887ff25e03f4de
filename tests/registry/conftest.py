from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from nengtan.domain.sheets.cells import Grid
from tests.cast import cast  # noqa: F401

INSTITUTION = ("编码", "名称", "单位类型", "行政区划代码")


@pytest.fixture
def sheet() -> Callable[..., Grid]:
    """A sheet of institutions: more headings, then rows."""

    def make(more: Sequence[str] = (), *rows: Sequence[Any]) -> Grid:
        return Grid("单位", [[*INSTITUTION, *more], *[list(row) for row in rows]])

    return make

"""Everybody on stage, and a school that owes a return."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cast import Cast, cast

__all__ = ["cast"]


@pytest.fixture(autouse=True)
def _own_files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "files"


@pytest.fixture
def school(cast: Cast) -> Any:
    """The school's return of the first quarter of 2023 (:func:`tests.reporting.desk.opened`)."""
    from tests.reporting.desk import opened

    return opened(cast)


@pytest.fixture
def books(cast: Cast) -> Any:
    """Five bodies' annual returns (:mod:`tests.reporting.books`)."""
    from tests.reporting.books import kept

    return kept(cast)

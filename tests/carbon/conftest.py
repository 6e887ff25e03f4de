"""Everybody on stage, with a place of their own for files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cast import cast

__all__ = ["cast"]


@pytest.fixture(autouse=True)
def _own_files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "files"

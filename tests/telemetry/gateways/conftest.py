"""Installations, made once and copied."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.telemetry.gateways.site import Site


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """An installation to copy."""
    site = Site(tmp_path_factory.mktemp("master") / "data")
    site.prepare()
    return site


@pytest.fixture
def site(made: Site, tmp_path: Path) -> Iterator[Site]:
    """An installation of its own: institutions 420106-S1 and 420106-H1 with meters S1-E1, S1-E2, H1-E1, H1-E2."""
    own = Site.copied(made, tmp_path / "data")
    yield own
    own.close()

"""The suite's own promises: skips give reasons, required parts fail."""

from __future__ import annotations

import pytest

from tests import machine


@pytest.fixture
def absent(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setitem(machine.PROBES, "lathe", lambda: "no lathe in the house")
    machine.missing.cache_clear()
    return "lathe"


def test_absent_part_skips_with_its_reason(absent: str) -> None:
    with pytest.raises(pytest.skip.Exception, match="no lathe in the house"):
        machine.require(absent)


def test_required_part_fails_instead(absent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "REQUIRED", frozenset({absent}))
    with pytest.raises(pytest.fail.Exception, match="NENGTAN_TEST_REQUIRE names lathe"):
        machine.require(absent)


def test_present_part_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(machine.PROBES, "floor", lambda: "")
    machine.missing.cache_clear()
    machine.require("floor")

"""The real campus: no Chinese factor reaches it, and its carbon appears once somebody with the right adds one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from playwright.sync_api import expect

from tests.journeys.visitor import Visitor

CAMPUS, YEAR = "GB-CAM", 2018


@dataclass
class Missing:
    """A factor the campus lacks: at the desk that of carbon, on the phone that of energy, both on the same campus."""

    kind: str
    named: str
    figure: str
    value: str


@pytest.fixture
def missing(width: int) -> Missing:
    return {
        1440: Missing("co2", "CO₂: Electricity", "CO₂ (statutory)", "0.25"),
        390: Missing("coal_equivalent", "coal equivalent: Electricity", "Energy (calorific)", "0.125"),
    }[width]


def test_a_figure_appears_with_the_first_factor_of_the_place(visit: Callable[..., Visitor], missing: Missing) -> None:
    admin = visit("admin")
    admin.open(f"/regions/{CAMPUS}/?year={YEAR}")
    admin.sees("No factor for this place.", missing.named)
    expect(admin.key_figure(missing.figure)).to_contain_text("—")
    used = admin.main.locator("h1 .figure").first.get_attribute("title")

    admin.follow("Add a factor")
    admin.fill(kind=missing.kind, carrier="electricity", year=YEAR, value=missing.value, unit="kWh")
    admin.fill(source="Greenhouse gas reporting: conversion factors")
    admin.submit("Add")
    admin.open(f"/regions/{CAMPUS}/?year={YEAR}")
    admin.sees_not(missing.named)
    drawer = admin.open_lineage(admin.key_figure(missing.figure))
    # so many kWh × so many kg for each, in tonnes
    kwh = float(used.removesuffix(" kWh").replace(",", ""))
    shown = drawer.locator(".lineage-value").get_attribute("title")
    assert float(shown.split()[0].replace(",", "")) == pytest.approx(kwh * float(missing.value) / 1000)
    expect(drawer).to_contain_text(f"kWh × {missing.value}")
    expect(drawer).to_contain_text("Greenhouse gas reporting: conversion factors")
    expect(drawer).to_contain_text("of this very year")


def test_a_manager_may_not_add_factors(visit: Callable[..., Visitor]) -> None:
    manager = visit("manager", strict=False)
    assert manager.page.goto("/ledger/factors/add/").status == 403

"""Somebody of the public tests a claim they read in the paper."""

from __future__ import annotations

from collections.abc import Callable

from tests.journeys.visitor import Visitor


def test_a_claim_from_the_paper_is_tested(visit: Callable[..., Visitor]) -> None:
    visitor = visit("public", language="zh-hans")
    visitor.go("减排量核对")
    for name, value in (("kwh", "6,430,000"), ("claimed", "2900"), ("year", "2023")):
        visitor.main.locator(f"[name={name}]").fill(value)
    visitor.submit("核对")
    visitor.sees(
        "比按官方因子计算的 2,600.3 t 偏高 11.5%", "0.1229 kgce/kWh × 44/12 = 0.4506", "广西电力平均二氧化碳排放因子"
    )
    visitor.main.locator("[name=claimed]").fill("2600")
    visitor.submit("核对")
    visitor.sees("与按官方因子计算的 2,600.3 t 相符")
    assert visitor.page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")

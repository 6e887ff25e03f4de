"""The returns for programs; every operation calls the service or query its page calls."""

from __future__ import annotations

from ninja import Router

from nengtan.reporting.api import checks, cycles, deciding, headers, report, returns, rollup, rules, workbooks, writing

assert writing.router is returns.router, "an address that is read and written belongs to one router"

router = Router(tags=["returns"])
for part in (
    report.router,
    rollup.router,
    rules.router,
    headers.router,
    cycles.router,
    checks.router,
    deciding.router,
    workbooks.router,
    returns.router,
):
    router.add_router("", part)

__all__ = ["router"]

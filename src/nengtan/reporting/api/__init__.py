"""The returns for programs; every operation calls the service or query its page calls."""

from __future__ import annotations

from ninja import Router

from nengtan.reporting.api import rules

router = Router(tags=["returns"])
for part in (rules.router,):
    router.add_router("", part)

__all__ = ["router"]

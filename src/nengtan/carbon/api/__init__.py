"""Carbon books for programs; every operation calls the service its page calls."""

from __future__ import annotations

from ninja import Router

from nengtan.carbon.api import claims, inventories, regions

router = Router(tags=["carbon"])
for part in (claims.router, inventories.router, regions.router):
    router.add_router("", part)

__all__ = ["router"]

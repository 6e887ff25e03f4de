"""Carbon books for programs; every operation calls the service its page calls."""

from __future__ import annotations

from ninja import Router

from nengtan.carbon.api import claims

router = Router(tags=["carbon"])
router.add_router("", claims.router)

__all__ = ["router"]

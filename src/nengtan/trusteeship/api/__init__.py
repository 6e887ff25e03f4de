"""Contracts and settlements for programs; every operation calls the service or query its page calls."""

from __future__ import annotations

from ninja import Router

from nengtan.trusteeship.api import contracts

router = Router(tags=["contracts"])
router.add_router("", contracts.router)

__all__ = ["router"]

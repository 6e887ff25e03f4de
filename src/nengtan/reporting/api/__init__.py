"""The returns for programs; every operation calls the service or query its page calls."""

from __future__ import annotations

from ninja import Router

router = Router(tags=["returns"])

__all__ = ["router"]

"""The ledger for programs; every operation calls the service or query its page calls."""

from __future__ import annotations

from ninja import Router

from nengtan.ledger.api import books, factors, facts, imports

router = Router(tags=["ledger"])
for part in (facts.router, imports.router, factors.router, books.router):
    router.add_router("", part)

__all__ = ["router"]

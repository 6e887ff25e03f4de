"""Codes people give to things."""

from __future__ import annotations

from django.utils.translation import gettext as _


def code_fault(code: str) -> str:
    """What is wrong with a code; empty if it can stand in an address, where “.” and “..” mean other places."""
    if not code.strip() or "/" in code or code.strip() in {".", ".."}:
        return _("A code is needed, without “/”, and other than “.” and “..”.")
    return ""

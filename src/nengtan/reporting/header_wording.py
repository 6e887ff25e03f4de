"""The marks in the header of a form in words."""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nengtan.reporting.models.headers import FIELDS
from nengtan.reporting.services.headers import HeaderLine

__all__ = ["STATES", "field_word", "form_word", "header_dict"]

STATES: dict[str, Promise] = {
    "set": gettext_lazy("entered here"),
    "verified": gettext_lazy("read in its source"),
    "unverified": gettext_lazy("as shipped, not verified"),
    "unknown": gettext_lazy("not known"),
}


def field_word(field: str) -> str:
    """A mark in words."""
    return str(dict(FIELDS)[field])


def form_word(form: int) -> str:
    """A form by its number; 0 is all of them."""
    return _("form %(number)s") % {"number": form} if form else _("all forms")


def header_dict(line: HeaderLine) -> dict[str, Any]:
    """A mark for programs: what holds, what is shipped, who entered it from where."""
    held = line.setting
    return {
        "edition": line.edition, "form": line.form, "field": line.field, "value": line.value, "state": line.state,
        "shipped": line.shipped, "source": held.source if held and line.is_set else "",
        "reason": held.reason if held else "", "by": str(held.by) if held and held.by else "",
        "at": held.at if held else None,
    }  # fmt: skip

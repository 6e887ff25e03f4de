"""Trees, items and virtual meters in words, and formulas as people write them."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext_lazy

from nengtan.telemetry.services.formulas import TermInput

if TYPE_CHECKING:
    from nengtan.telemetry.models import Formula
    from nengtan.telemetry.queries.trees import ItemRow

__all__ = [
    "JUDGED_BALANCES",
    "TRUST",
    "VERDICTS",
    "formula_dict",
    "item_row_word",
    "remainder_word",
    "term_of",
    "terms_of",
    "terms_text",
    "too_many_meters",
]

VERDICTS: dict[str, Promise] = {
    "fine": pgettext_lazy("balance", "fine"),
    "watch": pgettext_lazy("balance", "to be watched"),
    "alarm": pgettext_lazy("balance", "error"),
    "undecided": pgettext_lazy("balance", "too little known"),
}

JUDGED_BALANCES = {"fine": "good", "watch": "warn", "alarm": "bad", "undecided": "muted"}

TRUST: dict[str, Promise] = {
    "high": pgettext_lazy("how sure", "high"),
    "medium": pgettext_lazy("how sure", "medium"),
    "low": pgettext_lazy("how sure", "low"),
}

_TERM = re.compile(r"^\s*(?P<code>\S+?)\s*[=×\s]\s*(?P<weight>[+-]?[0-9.]+)\s*(?P<optional>\?)?\s*$")


def remainder_word() -> str:
    """未计量."""
    return gettext("not metered")


def item_row_word(row: ItemRow) -> str:
    """An item, or what of it no sub-item has."""
    if row.kind == "remainder":
        return remainder_word()
    return row.name or gettext("of no item in this table")


def too_many_meters() -> str:
    """Why there is nothing to see."""
    return gettext("Here are too many meters to look at together; choose a smaller region.")


def formula_dict(one: Formula) -> dict[str, Any]:
    """A version of a virtual meter as API and command tell it."""
    terms = [
        {"meter": term.meter.code, "weight": term.weight, "optional": term.optional} for term in one.terms.all()
    ]  # fmt: skip
    return {
        "id": one.pk, "meter": one.meter.code, "valid_from": one.valid_from, "constant": one.constant,
        "note": one.note, "terms": terms,
    }  # fmt: skip


def term_of(text: str) -> TermInput:
    """A term as written: code, sign and share, “?” where it may be missing.

    >>> term_of("M-1 = -0.5 ?")
    TermInput(meter='M-1', weight=Decimal('-0.5'), optional=True)
    >>> term_of("M-1")
    TermInput(meter='M-1', weight=Decimal('1'), optional=False)
    """
    written = text.strip()
    if written and " " not in written and "=" not in written:
        return TermInput(written)
    found = _TERM.match(text)
    try:
        if found is not None:
            return TermInput(found["code"], Decimal(found["weight"]), found["optional"] is not None)
    except InvalidOperation:
        pass
    said = gettext("Found “%(found)s”; a meter with sign and share such as M-1 = 0.5 is allowed.") % {"found": text}
    raise ValidationError({"terms": said})


def terms_of(text: str) -> list[TermInput]:
    """A term a line."""
    return [term_of(line) for line in text.splitlines() if line.strip()]


def terms_text(one: Formula) -> str:
    """A version as it is written, a term a line."""
    return "\n".join(
        f"{term.meter.code} = {term.weight.normalize():f}{' ?' if term.optional else ''}" for term in one.terms.all()
    )

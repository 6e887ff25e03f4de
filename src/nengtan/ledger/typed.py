"""Numbers as people type them."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from nengtan.domain.sheets.words import plain


def number(text: str) -> Decimal | None:
    """The number typed; full-width digits and thousands separators are understood, nothing typed is nothing known.

    Raises:
        ValueError: it is no finite number.

    >>> number("1,234.50"), number(" "), number("１２")
    (Decimal('1234.50'), None, Decimal('12'))
    """
    digits = plain(text).replace(",", "").replace(" ", "")
    if not digits:
        return None
    try:
        found = Decimal(digits)
    except InvalidOperation:
        found = Decimal("nan")
    if not found.is_finite():
        raise ValueError(text)
    return found

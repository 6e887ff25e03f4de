"""What operations on periods share: how one is written."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from nengtan.domain.returns import slots

__all__ = ["slot_of"]


def slot_of(text: str) -> slots.Slot:
    """A period as it is written.

    Raises:
        ValidationError: it is none.
    """
    try:
        return slots.parse(text)
    except slots.SlotError as error:
        words = _("found “%(found)s”; allowed: 2025-00 (year), 2025-03 (month), 2025-Q1 (quarter)")
        raise ValidationError({"period": words % {"found": error.found}}) from error

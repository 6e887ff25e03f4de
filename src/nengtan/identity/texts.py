"""The one judge of text: whatever the door, what no file can hold is refused before it is stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from nengtan.domain.text import unclean

__all__ = ["message", "refuse", "require", "unclean_at"]


def message(found: str) -> str:
    """What to do about a character that cannot be kept."""
    words = _("The text holds a character that cannot be kept (U+%(code)s). Type it anew, or paste as plain text.")
    return words % {"code": f"{ord(found):04X}"}


def refuse(value: object) -> None:
    """A validator of form fields: raises :class:`ValidationError` for text that cannot be kept."""
    if isinstance(value, str) and (found := unclean(value)):
        raise ValidationError(message(found), code="unclean")


def require(values: Mapping[str, Any]) -> None:
    """Refuse a record whose values, however deep, hold text that cannot be kept.

    Raises:
        ValidationError: by the field it is in.
    """
    problems = {path.split(".")[0]: message(found) for path, found in unclean_at(values)}
    if problems:
        raise ValidationError(problems)


def unclean_at(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Where in nested values text cannot be kept (names and numbers with dots between), and the character."""
    if isinstance(value, str):
        if found := unclean(value):
            yield path, found
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from unclean_at(str(key), path)
            yield from unclean_at(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, (list, tuple)):
        for at, item in enumerate(value):
            yield from unclean_at(item, f"{path}.{at}" if path else str(at))

"""Declared filters of a table: text, choice, range; each reads the address and narrows a query set or a list."""

import functools
import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from django.db.models import Q, QuerySet

from nengtan.ui import formats
from nengtan.ui.tables.columns import Text, resolve

__all__ = ["ChoiceFilter", "Filter", "RangeFilter", "TextFilter"]

Rows = QuerySet[Any, Any] | Sequence[Any]
Choices = Iterable[tuple[Any, Text]]


@dataclass(frozen=True)
class Filter(ABC):
    """What all filters share: the key in the address and the label."""

    key: str
    label: Text
    kind: ClassVar[str] = "text"

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the address this filter reads."""
        return (self.key,)

    @abstractmethod
    def apply(self, rows: Rows, chosen: Mapping[str, str]) -> Rows:
        """The rows that fit what was chosen."""

    def words(self, chosen: Mapping[str, str]) -> str:
        """What was chosen, for the head of an export; empty when nothing was."""
        return ", ".join(chosen[key] for key in self.keys if chosen.get(key))


@dataclass(frozen=True)
class TextFilter(Filter):
    """Every word typed must occur in one of the fields, capitals or not; of a list, a field may be a function."""

    fields: Sequence[str | Callable[[Any], str]] = ()
    placeholder: Text = ""

    def apply(self, rows: Rows, chosen: Mapping[str, str]) -> Rows:
        """The rows in which each word occurs somewhere."""
        for word in chosen.get(self.key, "").split()[:8]:
            if isinstance(rows, QuerySet):
                rows = rows.filter(
                    functools.reduce(operator.or_, (Q(**{f"{field}__icontains": word}) for field in self.fields))
                )
            else:
                rows = [row for row in rows if any(word.casefold() in _folded(row, field) for field in self.fields)]
        return rows


@dataclass(frozen=True)
class ChoiceFilter(Filter):
    """One of several values; ``where`` replaces plain equality for choices that are no field."""

    choices: Choices | Callable[[], Choices] = ()
    field: str = ""
    where: Callable[[Rows, str], Rows] | None = None
    kind: ClassVar[str] = "choice"

    @property
    def options(self) -> list[tuple[str, Text]]:
        """Code and word of each choice."""
        listed = self.choices() if callable(self.choices) else self.choices
        return [(str(code), word) for code, word in listed]

    def apply(self, rows: Rows, chosen: Mapping[str, str]) -> Rows:
        """The rows with the chosen value; an unknown choice is no choice."""
        value = chosen.get(self.key, "")
        if not value or value not in dict(self.options):
            return rows
        if self.where is not None:
            return self.where(rows, value)
        field = self.field or self.key
        if isinstance(rows, QuerySet):
            return rows.filter(**{field: value})
        return [row for row in rows if str(resolve(row, field)) == value]

    def words(self, chosen: Mapping[str, str]) -> str:
        """The word of the choice."""
        return str(dict(self.options).get(chosen.get(self.key, ""), ""))


@dataclass(frozen=True)
class RangeFilter(Filter):
    """From a number to a number, either end open; rows without a value fit no range."""

    field: str = ""
    unit: Text = ""
    placeholder: Text = ""
    kind: ClassVar[str] = "range"

    @property
    def keys(self) -> tuple[str, ...]:
        """Lower and upper end."""
        return (f"{self.key}_min", f"{self.key}_max")

    def apply(self, rows: Rows, chosen: Mapping[str, str]) -> Rows:
        """The rows within the range."""
        low, high = (_number(chosen.get(key, "")) for key in self.keys)
        field = self.field or self.key
        if isinstance(rows, QuerySet):
            rows = rows if low is None else rows.filter(**{f"{field}__gte": low})
            return rows if high is None else rows.filter(**{f"{field}__lte": high})
        if low is None and high is None:
            return rows
        return [row for row in rows if _within(formats.to_decimal(resolve(row, field)), low, high)]

    def words(self, chosen: Mapping[str, str]) -> str:
        """Both ends, as typed."""
        low, high = (chosen.get(key, "") for key in self.keys)
        return f"{low or '…'} - {high or '…'} {self.unit}".strip() if low or high else ""


def _folded(row: Any, field: str | Callable[[Any], str]) -> str:
    return str((field(row) if callable(field) else resolve(row, field)) or "").casefold()


def _number(text: str) -> Decimal | None:
    return formats.to_decimal(text.replace(",", "").strip())


def _within(value: Decimal | None, low: Decimal | None, high: Decimal | None) -> bool:
    return value is not None and (low is None or value >= low) and (high is None or value <= high)

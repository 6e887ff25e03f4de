"""What a column of a table shows, sorts by, adds up and exports."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import conditional_escape, escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import pgettext

from nengtan.ui import formats

__all__ = ["Column", "resolve"]

Text = str | Promise


def resolve(row: Any, path: str) -> Any:
    """Follow ``a__b`` (or ``a.b``) through mappings, attributes and methods without arguments; None where it ends.

    >>> resolve({"region": {"name": "A"}}, "region__name"), resolve({"x": None}, "x__y")
    ('A', None)
    """
    value = row
    for part in _parts(path):
        if value is None:
            return None
        value = value.get(part) if isinstance(value, Mapping) else getattr(value, part, None)
        if callable(value) and not isinstance(value, type):
            value = value()
    return value


@cache
def _parts(path: str) -> tuple[str, ...]:
    return tuple(path.replace(".", "__").split("__"))


@dataclass(frozen=True)
class Column:
    """One column.

    ``value`` is a path or a function of the row (default: the key). ``sort`` is True, or the path to sort by.
    ``numeric`` aligns right and formats with ``decimals`` (by size when None; ``exact``: every digit).
    ``render`` returns the cell's markup,
    ``href`` makes the cell a link, ``drawer`` opens that link in the lineage drawer. On a phone, where rows become
    cards, ``priority`` 1 is the card's title, 2 a line, 3 is left out; ``whole`` takes the card's full width.
    ``total`` is True (sum of all filtered rows) or a function of the mapping of sums: an intensity's total is computed
    from sums, never averaged. ``export`` gives the exported value where it differs from the shown one.
    """

    key: str
    heading: Text
    unit: Text = ""
    value: str | Callable[[Any], Any] | None = None
    numeric: bool = False
    decimals: int | None = None
    exact: bool = False
    sort: bool | str = False
    render: Callable[[Any], Any] | None = None
    href: Callable[[Any], str] | None = None
    drawer: bool = False
    priority: int = 2
    whole: bool = False
    nowrap: bool = False
    total: bool | Callable[[Mapping[str, Any]], Any] = False
    export: Callable[[Any], Any] | None = None
    reason: Text | Callable[[Any], Text] = ""
    help: Text = ""

    @property
    def path(self) -> str:
        """Where the value is found, for databases and lists alike."""
        return self.value if isinstance(self.value, str) else self.key

    @property
    def sort_path(self) -> str:
        """What to sort by; empty when the column does not sort."""
        return self.sort if isinstance(self.sort, str) else (self.path if self.sort else "")

    @property
    def title(self) -> str:
        """The heading with its unit, as exports and cards print it."""
        return f"{self.heading} ({self.unit})" if self.unit else str(self.heading)

    @property
    def classes(self) -> str:
        """The cell's classes."""
        wanted = {
            "is-end": self.numeric,
            "is-nowrap": self.nowrap,
            "is-first": self.priority == 1,
            "hide-phone": self.priority >= 3,
            "is-whole": self.whole,
        }
        return " ".join(name for name, on in wanted.items() if on)

    def raw(self, row: Any) -> Any:
        """The value itself."""
        return self.value(row) if callable(self.value) else resolve(row, self.path)

    def cell(self, row: Any) -> str | SafeString:
        """The value as shown."""
        if self.render is not None:
            return self._linked(row, _shown(self.render(row)))
        value = self.raw(row)
        if value is None or value == "":
            return self._missing(row)
        return self._linked(row, self.text(value))

    def text(self, value: Any) -> str:
        """A value as text in this column's manner."""
        if self.numeric:
            return formats.exact(value) if self.exact else formats.plain(value, self.decimals)
        return _shown(value)

    def exported(self, row: Any) -> Any:
        """The value as a spreadsheet takes it: numbers stay numbers, moments to the second and dates too, else text."""
        value = self.export(row) if self.export else self.raw(row)
        if value is None or (isinstance(value, (Decimal, int, float)) and not isinstance(value, bool)):
            return value
        if isinstance(value, datetime):
            return timezone.localtime(value).replace(tzinfo=None, microsecond=0) if timezone.is_aware(value) else value
        return value if isinstance(value, date) else str(_shown(value))

    def words(self, row: Any) -> str:
        """The value as a search reads it: what a file says of it, in words."""
        value = self.exported(row)
        return "" if value is None else str(_shown(value))

    def _missing(self, row: Any) -> SafeString:
        reason = self.reason(row) if callable(self.reason) else self.reason
        return format_html('<span class="figure is-missing" title="{}">{}</span>', reason, formats.DASH)

    def _linked(self, row: Any, text: str | SafeString) -> str | SafeString:
        url = self.href(row) if self.href else ""
        if not url:
            return text
        address, shown = escape(url), conditional_escape(text)
        if not self.drawer:
            return mark_safe(f'<a href="{address}">{shown}</a>')
        opens = f'href="{address}" data-drawer hx-get="{address}" hx-target="#drawer-body" hx-swap="innerHTML"'
        return mark_safe(f'<a class="figure" {opens}>{shown}</a>')


def _shown(value: Any) -> Any:
    if isinstance(value, bool):
        return pgettext("answer", "yes") if value else pgettext("answer", "no")
    if value is None:
        return formats.DASH
    if isinstance(value, datetime):
        local = timezone.localtime(value) if timezone.is_aware(value) else value
        return f"{local:%Y-%m-%d %H:%M}"
    if isinstance(value, (Decimal, float)):
        return formats.plain(value)
    return value if isinstance(value, str) else str(value)

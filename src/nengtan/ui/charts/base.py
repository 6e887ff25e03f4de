"""What all charts share: the value itself, colours, months, axes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import pgettext

from nengtan.ui import formats
from nengtan.ui.formats import Number

Text = str | Promise
Values = Sequence[Number | None]

COLOURS: Final = {
    "electricity": "electricity", "natural_gas": "gas", "manufactured_gas": "town-gas", "lpg": "lpg", "gas": "gas",
    "coal": "coal", "heat": "heat", "cooling": "cooling", "water": "water", "pv_generation": "renewable",
    "gasoline": "oil", "diesel": "diesel", "kerosene": "kerosene", "fuel_oil": "fuel-oil", "oil": "oil",
    "renewable": "renewable",
    "other_energy": "other", "total": "total", "bad": "bad", "warn": "warn-fill", "good": "good-fill", "muted": "other",
    "brand": "brand",
}  # fmt: skip
FALLBACKS: Final = ("electricity", "gas", "oil", "water", "renewable", "heat", "coal", "other")


@dataclass(frozen=True)
class Series:
    """One line or one layer of bars; ``key`` is a carrier code, a judgement, or anything else."""

    key: str
    label: Text
    values: Values
    dashed: bool = False


@dataclass(frozen=True)
class Chart:
    """A picture, its caption, and the data behind it."""

    key: str
    title: Text
    unit: Text
    description: Text
    option: dict[str, Any]
    columns: tuple[Text, ...]
    rows: tuple[tuple[Any, ...], ...]
    note: Text = ""
    meta: dict[str, Any] = field(default_factory=dict)

    @property
    def payload(self) -> dict[str, Any]:
        """What the browser needs: the option, and how to word tooltips."""
        return {"option": self.option, "meta": {"unit": str(self.unit), "title": str(self.title), **self.meta}}

    @property
    def table_rows(self) -> list[tuple[str, list[tuple[str, bool]]]]:
        """The data table as text: a heading and cells, each cell with whether it is a number."""
        return [(str(row[0]), [_cell(value) for value in row[1:]]) for row in self.rows]

    @property
    def is_empty(self) -> bool:
        """Whether no value at all is known."""
        return not any(value is not None for row in self.rows for value in row[1:])


def colour_of(key: str, position: int = 0) -> str:
    """The colour of a carrier or judgement; anything else takes the next of a fixed row.

    >>> colour_of("electricity"), colour_of("diesel"), colour_of("whatever", 1)
    ('var(--nt-electricity)', 'var(--nt-diesel)', 'var(--nt-gas)')
    """
    return f"var(--nt-{COLOURS.get(key) or FALLBACKS[position % len(FALLBACKS)]})"


def number(value: Number | None) -> float | None:
    """For drawing only."""
    known = formats.to_decimal(value)
    return None if known is None else float(known)


def numbers(values: Values) -> list[float | None]:
    """For drawing only."""
    return [number(value) for value in values]


def months() -> list[str]:
    """The twelve months as axis labels."""
    return [
        pgettext("month", "Jan"), pgettext("month", "Feb"), pgettext("month", "Mar"), pgettext("month", "Apr"),
        pgettext("month", "May"), pgettext("month", "Jun"), pgettext("month", "Jul"), pgettext("month", "Aug"),
        pgettext("month", "Sep"), pgettext("month", "Oct"), pgettext("month", "Nov"), pgettext("month", "Dec"),
    ]  # fmt: skip


def category_axis(labels: Sequence[str], **extra: Any) -> dict[str, Any]:
    """An axis of names."""
    return {
        "type": "category",
        "data": list(labels),
        "axisTick": {"show": False},
        "axisLabel": {"hideOverlap": True},
        **extra,
    }


def value_axis(**extra: Any) -> dict[str, Any]:
    """An axis of numbers."""
    return {"type": "value", "axisLine": {"show": False}, "splitNumber": 4, **extra}


def grid(**extra: Any) -> dict[str, Any]:
    """The drawing area; labels stay inside."""
    return {"left": 4, "right": 12, "top": 36, "bottom": 4, "containLabel": True, **extra}


def legend(**extra: Any) -> dict[str, Any]:
    """The legend, top right."""
    return {"top": 0, "right": 0, "icon": "roundRect", "itemWidth": 10, "itemHeight": 10, "itemGap": 14, **extra}


def columns_of(series: Sequence[Series], labels: Sequence[Any]) -> tuple[tuple[Any, ...], ...]:
    """The data table of several series over the same labels."""
    return tuple((label, *(_at(item.values, row) for item in series)) for row, label in enumerate(labels))


def _at(values: Values, position: int) -> Number | None:
    return values[position] if position < len(values) else None


def _cell(value: Any) -> tuple[str, bool]:
    if value is None:
        return formats.DASH, True
    if isinstance(value, (str, Promise)):
        return str(value), False
    return formats.plain(value), True

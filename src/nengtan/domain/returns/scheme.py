"""The statistical survey scheme (统计调查制度) as data: editions, forms, indicators, fields, deadlines, prices.

An indicator is named by a key that says what it means; the official codes are attributes, since one code means
liquefied petroleum gas in form 2 and vehicles in the summaries. A return always belongs to one edition.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cached_property

from nengtan.domain.factors import Confidence
from nengtan.domain.returns.slots import Kind, Slot

__all__ = [
    "ROOM_CODE",
    "Column",
    "Deadline",
    "Edition",
    "Field",
    "Form",
    "Gap",
    "Indicator",
    "Level",
    "Measure",
    "Price",
    "Records",
    "Relation",
    "Task",
    "edition_of",
]


class Measure(StrEnum):
    """How an indicator adds up over time: a flow and a cost add, a stock is an average or a state."""

    FLOW = "flow"
    STOCK = "stock"
    COST = "cost"


class Relation(StrEnum):
    """What an indicator is to its parent: one of the parts that make it up, or only some of it (其中)."""

    PART = "part"
    SUBSET = "subset"


class Level(StrEnum):
    """On which forms an indicator stands: what institutions fill in, what departments sum up, or both."""

    BASE = "base"
    SUMMARY = "summary"
    BOTH = "both"


ROOM_CODE = re.compile(r"[0-9A-Za-z]{1,4}")
"""The code of a data room: four digits in the scheme, letters where a region has them."""


class Records(StrEnum):
    """How many records a form has: one, one for each room, each child of the region, each class of institution."""

    ONE = "one"
    ROOM = "room"
    CHILD = "child"
    CLASS = "class"


class Task(StrEnum):
    """What is due: the return, its review by the department, the final figures."""

    REPORT = "report"
    REVIEW = "review"
    FINAL = "final"


@dataclass(frozen=True, slots=True)
class Indicator:
    """One line of a form (指标) in one edition.

    ``parent`` with ``relation``: the line it belongs under. ``cost_of``: the quantity this cost pays for.
    ``of_which``: the line of form 2 that already contains it (其中), so that the two are never added.
    ``adds``: whether it adds up over institutions. ``statutory``: false for what only the platform still asks.
    Empty codes are unknown.
    """

    form: int
    key: str
    base_code: str
    sum_code: str
    parent: str | None
    relation: Relation | None
    cost_of: str | None
    of_which: str | None
    name_zh: str
    name_en: str
    unit: str
    unit_zh: str
    measure: Measure
    adds: bool
    carrier: str | None
    required: bool
    level: Level
    statutory: bool
    source: str
    confidence: Confidence
    code_confidence: Confidence
    unit_confidence: Confidence
    note: str
    source_zh: str = ""
    note_zh: str = ""

    @property
    def is_entered(self) -> bool:
        """Whether institutions fill it in (the summaries count the rest)."""
        return self.level is not Level.SUMMARY


@dataclass(frozen=True, slots=True)
class Form:
    """One of the eight forms; ``of_form`` is the base form a summary adds up, ``form_number`` is the official 表号."""

    number: int
    key: str
    title_zh: str
    title_en: str
    level: Level
    records: Records
    of_form: int | None
    filler_zh: str
    filler_en: str
    system_code: str
    form_number: str
    source: str
    confidence: Confidence
    note: str


@dataclass(frozen=True, slots=True)
class Field:
    """A field of header, form 1 or footer; ``filled_from`` says where the platform takes it from."""

    code: str
    part: str
    name_zh: str
    name_en: str
    type: str
    required: bool
    filled_from: str
    source: str
    confidence: Confidence
    note: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the summaries by class; ``institution_class`` is a class or the head of several, None for all."""

    code: str
    name_zh: str
    name_en: str
    institution_class: str | None
    source: str
    confidence: Confidence

    def holds(self, institution_class: str) -> bool:
        """Whether an institution of a class stands in this column."""
        return self.institution_class is None or institution_class.startswith(self.institution_class)


@dataclass(frozen=True, slots=True)
class Price:
    """What a unit of an indicator may cost somewhere [CNY per unit]: a range to ask about, not a tariff."""

    indicator: str
    region: str
    unit: str
    low: Decimal
    high: Decimal
    source: str
    confidence: Confidence
    note: str


@dataclass(frozen=True, slots=True)
class Deadline:
    """When something is due: so many days after the period, or on a day of the next year; ``applies``: no example."""

    code: str
    region: str
    kind: Kind
    task: Task
    days_after: int | None
    fixed: tuple[int, int] | None
    applies: bool
    source: str
    confidence: Confidence
    note: str

    def due(self, slot: Slot) -> date:
        """The last day on which it is in time.

        >>> eight = Deadline("m", "CN", Kind.MONTH, Task.REPORT, 8, None, True, "", Confidence.GENERAL_KNOWLEDGE, "")
        >>> eight.due(Slot(2025, 12, Kind.MONTH))
        datetime.date(2026, 1, 8)
        """
        if self.fixed is not None:
            month, day = self.fixed
            return date(slot.year + 1, month, min(day, monthrange(slot.year + 1, month)[1]))
        year, month = divmod(slot.months[-1], 100)
        return date(year, month, monthrange(year, month)[1]) + timedelta(days=self.days_after or 0)


@dataclass(frozen=True, slots=True)
class Gap:
    """Something about the scheme that is not known, in words for whoever uses it; ``forms`` it shows on, maybe none."""

    code: str
    editions: tuple[str, ...]
    forms: tuple[int, ...]
    text_zh: str
    text_en: str


@dataclass(frozen=True)
class Edition:
    """An edition of the scheme with everything it asks. ``first_year``: the first whose returns use it (editable)."""

    code: str
    title_zh: str
    title_en: str
    document: str
    issued_on: str
    first_year: int
    org_code_allowed: bool
    directory_only: bool
    number_of_approval: str
    valid_until: str
    authority_zh: str
    authority_en: str
    approver_zh: str
    approver_en: str
    source: str
    confidence: Confidence
    note: str
    forms: Mapping[int, Form]
    indicators: Mapping[str, Indicator]
    fields: tuple[Field, ...]
    columns: tuple[Column, ...]
    gaps: tuple[Gap, ...]

    def lines(self, form: int, *, platform: bool = False) -> tuple[Indicator, ...]:
        """The indicators of a form in official order; of a summary those of its base form, with what only it counts."""
        summary = self.forms[form].level is Level.SUMMARY
        base = self.forms[form].of_form or form
        return tuple(
            line
            for line in self.indicators.values()
            if line.form == base and (line.statutory or platform) and (summary or line.is_entered)
        )

    @cached_property
    def parts(self) -> Mapping[str, tuple[str, ...]]:
        """The lines that make up a line, by its key."""
        found: dict[str, tuple[str, ...]] = {}
        for line in self.indicators.values():
            if line.relation is Relation.PART and line.parent:
                found[line.parent] = (*found.get(line.parent, ()), line.key)
        return found

    @cached_property
    def costs(self) -> Mapping[str, str]:
        """The cost of a quantity, by the key of the quantity."""
        return {line.cost_of: line.key for line in self.indicators.values() if line.cost_of}


def edition_of(year: int, editions: Iterable[Edition]) -> Edition:
    """The edition whose returns are asked for a year: the latest that has begun, the first for years before all."""
    ordered = sorted(editions, key=lambda edition: edition.first_year)
    begun = [edition for edition in ordered if edition.first_year <= year]
    return begun[-1] if begun else ordered[0]

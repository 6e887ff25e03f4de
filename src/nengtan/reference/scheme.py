"""The statistical survey scheme as shipped: `data/scheme_*.csv` into the types of `nengtan.domain.returns.scheme`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cache
from types import MappingProxyType
from typing import TypeVar

from nengtan.domain.returns.scheme import (
    Column,
    Deadline,
    Edition,
    Field,
    Form,
    Gap,
    Indicator,
    Level,
    Measure,
    Price,
    Records,
    Relation,
    Task,
)
from nengtan.domain.returns.sheet import COLUMNS
from nengtan.domain.returns.slots import Kind
from nengtan.reference._carriers import carriers, units
from nengtan.reference._classes import institution_types
from nengtan.reference._places import regions
from nengtan.reference._rows import Row, rows

__all__ = ["base_year", "deadlines", "edition", "editions", "form_words", "headings", "prices"]

T = TypeVar("T")
_OWN_UNITS = ("count", "vehicle", "day", "kW", "kVA", "MW", "t/h")
_PARTS = ("header", "form1", "footer")
_TYPES = (
    "text", "credit_code", "class", "region", "period", "phone", "email", "flag", "integer", "date",
)  # fmt: skip
_HEADINGS = (*sorted(COLUMNS), "form_3", "form_4", "aside")
_FILLED_FROM = ("edition", "institution", "return", "step")


@cache
def editions() -> Mapping[str, Edition]:
    """Every edition by code, oldest first.

    >>> list(editions())
    ['2020', '2022', '2025']
    >>> editions()["2022"].indicators["land_area"].statutory, editions()["2025"].indicators["land_area"].statutory
    (True, False)
    """
    found: dict[str, Edition] = {}
    for row in rows("scheme_editions.csv"):
        if row.text("code") in found:
            raise row.wrong("code", "each code once")
        found[row.text("code")] = _edition(row)
    return MappingProxyType(found)


def edition(code: str) -> Edition:
    """One edition.

    >>> edition("2025").indicators["elec_qty"].base_code
    '110'
    """
    return editions()[code]


@cache
def deadlines() -> tuple[Deadline, ...]:
    """Default due days, editable, and local ones seen in public notices as examples (``applies`` is false)."""
    return tuple(map(_deadline, rows("scheme_deadlines.csv")))


@cache
def _base_years() -> tuple[tuple[int, int], ...]:
    found = []
    for row in rows("scheme_base_years.csv"):
        row.text("source")
        row.confidence()
        first, base = row.optional_integer("first_year"), row.optional_integer("base_year")
        if first is None or base is None or base >= first:
            raise row.wrong("base_year", "a year before first_year")
        found.append((first, base))
    return tuple(sorted(found))


def base_year(year: int) -> int | None:
    """The year figures of a year are held against (定比): the eve of the plan it lies in; None before the first.

    >>> base_year(2023), base_year(2025), base_year(2010)
    (2020, 2020, None)
    """
    return next((base for first, base in reversed(_base_years()) if first <= year), None)


@cache
def prices() -> tuple[Price, ...]:
    """Ranges of unit prices to ask about; the local price authority's table replaces them."""
    return tuple(map(_price, rows("scheme_prices.csv")))


@cache
def headings() -> Mapping[str, str]:
    """What headings of a sheet of returns may say, by word: the column meant, or the form a word tells apart.

    >>> headings()["报告期"]
    'period'
    """
    return MappingProxyType({row.text("word"): row.one_of("key", _HEADINGS) for row in rows("scheme_headings.csv")})


@cache
def form_words() -> Mapping[str, str]:
    """What stands on a printed form beside its lines, by key: heads, ordinals, notes; always in Chinese, as filed.

    >>> form_words()["indicator"]
    '指标名称'
    """
    return MappingProxyType({row.text("code"): row.text("word") for row in rows("scheme_words.csv")})


@cache
def _codes() -> tuple[str, ...]:
    return tuple(row.text("code") for row in rows("scheme_editions.csv"))


def _holds(row: Row, code: str) -> bool:
    """Whether a row with a first and perhaps a last edition belongs to an edition."""
    order = _codes()
    first = row.one_of("first_edition", order)
    last = row.one_of("last_edition", ("", *order)) or order[-1]
    if order.index(last) < order.index(first):
        raise row.wrong("last_edition", f"{first} or later")
    return order.index(first) <= order.index(code) <= order.index(last)


def _edition(row: Row) -> Edition:
    code, first_year = row.text("code"), row.optional_integer("first_year")
    if first_year is None:
        raise row.wrong("first_year", "a year")
    return Edition(
        code=code,
        title_zh=row.text("title_zh"),
        title_en=row.text("title_en"),
        document=row.optional("document"),
        issued_on=row.text("issued_on"),
        first_year=first_year,
        org_code_allowed=row.flag("org_code_allowed"),
        directory_only=row.flag("directory_only"),
        number_of_approval=row.optional("number_of_approval"),
        valid_until=row.optional("valid_until"),
        authority_zh=row.text("authority_zh"),
        authority_en=row.text("authority_en"),
        approver_zh=row.text("approver_zh"),
        approver_en=row.text("approver_en"),
        source=row.text("source"),
        confidence=row.confidence(),
        note=row.text("note"),
        forms=_forms(),
        indicators=_indicators(code),
        fields=tuple(_field(field) for field in rows("scheme_fields.csv") if _holds(field, code)),
        columns=_columns(),
        gaps=tuple(gap for gap in _gaps() if code in gap.editions),
    )


@cache
def _forms() -> Mapping[int, Form]:
    found: dict[int, Form] = {}
    for row in rows("scheme_forms.csv"):
        number = row.optional_integer("code")
        if number != len(found) + 1:
            raise row.wrong("code", str(len(found) + 1))
        of_form = row.optional_integer("of_form")
        level = Level(row.one_of("level", ("base", "summary")))
        if (level is Level.SUMMARY) != (of_form is not None) or (of_form is not None and of_form not in found):
            raise row.wrong("of_form", "a base form above for a summary, blank for a base form")
        found[number] = Form(
            number,
            row.text("key"),
            row.text("title_zh"),
            row.text("title_en"),
            level,
            Records(row.one_of("records", list(Records))),
            of_form,
            row.text("filler_zh"),
            row.text("filler_en"),
            row.text("system_code"),
            row.optional("form_number"),
            row.text("source"),
            row.confidence(),
            row.optional("note"),
        )
    return MappingProxyType(found)


def _indicators(code: str) -> Mapping[str, Indicator]:
    """The lines of one edition; parents, quantities and the lines of form 2 stand above what refers to them."""
    found: dict[str, Indicator] = {}
    for row in rows("scheme_indicators.csv"):
        if not _holds(row, code):
            continue
        line = _indicator(row, code, found)
        if line.key in found:
            raise row.wrong("key", "each key once in an edition")
        found[line.key] = line
    return MappingProxyType(found)


def _indicator(row: Row, code: str, above: Mapping[str, Indicator]) -> Indicator:
    base = [str(form.number) for form in _forms().values() if form.level is Level.BASE]
    form = int(row.one_of("form", base))
    parent, cost_of, of_which = (_key(row, field, above) for field in ("parent", "cost_of", "of_which"))
    relation = _optional(row, "relation", list(Relation), Relation)
    if (parent is None) != (relation is None) or (parent and above[parent].form != form):
        raise row.wrong("relation", "part or subset with a parent of the same form")
    if of_which is not None and (form == 2 or above[of_which].form != 2):
        raise row.wrong("of_which", "a line of form 2, for forms 3 and 4")
    measure = Measure(row.one_of("kind", list(Measure)))
    if cost_of is not None and measure is not Measure.COST:
        raise row.wrong("cost_of", "blank for what is no cost")
    carrier = row.one_of("carrier", ("", *carriers())) or None
    unit = row.one_of("unit", (*units(), *_OWN_UNITS))
    if carrier is not None and carriers()[carrier].unit != unit:
        raise row.wrong("unit", f"{carriers()[carrier].unit}, the unit of {carrier}")
    platform_from = row.one_of("platform_from", ("", *_codes()))
    return Indicator(
        form=form,
        key=row.text("key"),
        base_code=row.optional("base_code"),
        sum_code=row.optional("sum_code"),
        parent=parent,
        relation=relation,
        cost_of=cost_of,
        of_which=of_which,
        name_zh=row.text("name_zh"),
        name_en=row.text("name_en"),
        unit=unit,
        unit_zh=row.text("unit_zh"),
        measure=measure,
        adds=row.flag("adds"),
        carrier=carrier,
        required=row.flag("required"),
        level=Level(row.one_of("level", list(Level))),
        statutory=not platform_from or _codes().index(code) < _codes().index(platform_from),
        source=row.text("source"),
        confidence=row.confidence(),
        code_confidence=row.confidence("code_confidence"),
        unit_confidence=row.confidence("unit_confidence"),
        note=row.optional("note"),
        source_zh=row.text("source_zh"),
        note_zh=row.optional("note_zh"),
    )


def _key(row: Row, field: str, above: Collection[str]) -> str | None:
    return row.one_of(field, ("", *above)) or None


def _optional(row: Row, field: str, allowed: Collection[str], make: Callable[[str], T]) -> T | None:
    value = row.one_of(field, ("", *allowed))
    return make(value) if value else None


def _field(row: Row) -> Field:
    return Field(
        row.text("code"),
        row.one_of("part", _PARTS),
        row.text("name_zh"),
        row.text("name_en"),
        row.one_of("type", _TYPES),
        row.flag("required"),
        row.one_of("filled_from", _FILLED_FROM),
        row.text("source"),
        row.confidence(),
        row.optional("note"),
    )


@cache
def _columns() -> tuple[Column, ...]:
    return tuple(
        Column(
            row.text("code"),
            row.text("name_zh"),
            row.text("name_en"),
            None if row.one_of("class", ("*", *institution_types())) == "*" else row.text("class"),
            row.text("source"),
            row.confidence(),
        )
        for row in rows("scheme_columns.csv")
    )


@cache
def _gaps() -> tuple[Gap, ...]:
    found = []
    for row in rows("scheme_gaps.csv"):
        named = tuple(row.text("editions").split("|"))
        if not set(named) <= set(_codes()):
            raise row.wrong("editions", ", ".join(_codes()))
        shown = tuple(int(number) for number in row.optional("forms").split("|") if number)
        if not set(shown) <= set(_forms()):
            raise row.wrong("forms", "numbers of forms with | between them")
        row.text("source")
        row.confidence()
        found.append(Gap(row.text("code"), named, shown, row.text("text_zh"), row.text("text_en")))
    return tuple(found)


def _deadline(row: Row) -> Deadline:
    days, day = row.optional_integer("days_after"), row.optional_day_of_year("fixed_day")
    if (days is None) == (day is None):
        raise row.wrong("days_after", "a number of days, or a day of the year in fixed_day, and only one of them")
    return Deadline(
        row.text("code"),
        row.one_of("region_code", regions()),
        Kind(row.one_of("kind", list(Kind))),
        Task(row.one_of("task", list(Task))),
        days,
        day,
        row.one_of("use", ("default", "example")) == "default",
        row.text("source"),
        row.confidence(),
        row.optional("note"),
    )


def _price(row: Row) -> Price:
    low, high = row.decimal("low"), row.decimal("high")
    if not 0 < low < high:
        raise row.wrong("low", f"above 0 and below {high}")
    keys = {key for held in editions().values() for key in held.indicators}
    return Price(
        row.one_of("indicator", sorted(keys)),
        row.one_of("region_code", regions()),
        row.text("unit"),
        low,
        high,
        row.text("source"),
        row.confidence(),
        row.optional("note"),
    )

"""The review rules as shipped: `data/scheme_rules.json` with price ranges and coal equivalents as a `RuleBook`.

Thresholds are suggestions to be set by each region; a rule says where it comes from.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any

from nengtan.domain.factors import Choice, Confidence, Kind
from nengtan.domain.returns.review.findings import BLANKS, PLACEHOLDER
from nengtan.domain.returns.review.rules import Check, Explanation, InWords, Parameters, Rule, RuleBook, Scope, Severity
from nengtan.domain.returns.slots import Kind as PeriodKind
from nengtan.reference._factors import factor_library
from nengtan.reference._rows import ReferenceDataError, document
from nengtan.reference.scheme import editions, prices

__all__ = ["read_check", "rule_book"]

FILE = "scheme_rules.json"
_CHECK_FIELDS = (
    "key", "severity", "flag", "wording_zh", "wording_en", "each", "cell", "scope", "found", "low", "high", "show",
    "in_words", "ladder", "kinds", "editions", "classes", "not_classes", "systems", "overridable", "needs_evidence",
    "refuses", "wants",
)  # fmt: skip
_RULE_FIELDS = (
    "id", "title_zh", "title_en", "source", "source_zh", "confidence", "parameters", "explanations", "checks"
)  # fmt: skip
_WORDS = frozenset(("name", "unit", "found", "low", "high", "expected", BLANKS))


@cache
def rule_book() -> RuleBook:
    """The catalogue L01–L17 and P01–P15 with everything its expressions name.

    >>> len(rule_book().rules), rule_book().rule("P02").parameters["share"]
    (32, Decimal('0.10'))
    """
    held = document(FILE)
    rules = [_rule(entry, number) for number, entry in enumerate(held["rules"], start=1)]
    for number, rule in enumerate(rules):
        if rule.id in [earlier.id for earlier in rules[:number]]:
            raise _wrong(rule.id, "id", rule.id, "each id once")
    known = {key for edition in editions().values() for key in edition.indicators}
    for name, members in held["groups"].items():
        for member in members:
            if member not in known:
                raise _wrong(name, "groups", member, "an indicator of some edition")
    return RuleBook(
        rules=tuple(rules),
        groups={name: tuple(members) for name, members in held["groups"].items()},
        derived=dict(held["derived"]),
        constants=_constants(),
        facts=frozenset(held["facts"]),
        units=dict(held["units"]),
        words={name: (zh, en) for name, (zh, en) in held["words"].items()},
    )


_BRACES = re.compile(r"[{}][^{}]*")
"""What looks like a placeholder and is none."""


def read_check(entry: Mapping[str, Any], where: str = "check") -> Check:
    """A check from JSON, also one an administrator wrote; `ReferenceDataError` names the field that is wrong.

    >>> entry = {"key": "k", "severity": "block", "flag": "value < 0", "wording_zh": "-", "wording_en": "-"}
    >>> read_check(entry).severity
    <Severity.BLOCK: 'block'>
    """
    _only(entry, _CHECK_FIELDS, where)
    show = entry.get("show", {})
    check = Check(
        key=_text(entry, "key", where),
        severity=Severity(_one_of(entry, "severity", list(Severity), where)),
        flag=_text(entry, "flag", where),
        wording_zh=_text(entry, "wording_zh", where),
        wording_en=_text(entry, "wording_en", where),
        each=entry["each"] if isinstance(entry.get("each"), str) else tuple(entry.get("each", ())),
        cell=entry.get("cell", "" if entry.get("each") else "return"),
        scope=Scope(_one_of({"scope": "return", **entry}, "scope", list(Scope), where)),
        found=entry.get("found", ""),
        low=entry.get("low", ""),
        high=entry.get("high", ""),
        show=show,
        in_words={name: _in_words(item, show, where) for name, item in entry.get("in_words", {}).items()},
        ladder=entry.get("ladder", ""),
        kinds=tuple(map(PeriodKind, _all_of(entry, "kinds", list(PeriodKind), where))),
        editions=_all_of(entry, "editions", list(editions()), where),
        classes=tuple(entry.get("classes", ())),
        not_classes=tuple(entry.get("not_classes", ())),
        systems=tuple(entry.get("systems", ())),
        overridable=bool(entry.get("overridable", False)),
        needs_evidence=bool(entry.get("needs_evidence", False)),
        refuses=bool(entry.get("refuses", False)),
        wants=entry.get("wants", ""),
    )
    for field in ("wording_zh", "wording_en"):
        unknown = set(PLACEHOLDER.findall(entry[field])) - _WORDS - set(show) - set(check.in_words)
        unknown |= set(_BRACES.findall(PLACEHOLDER.sub("", entry[field])))
        if unknown:
            raise _wrong(where, field, ", ".join(sorted(unknown)), ", ".join(sorted({*_WORDS, *show})))
    return check


def _in_words(item: Sequence[str], show: Collection[str], where: str) -> InWords:
    """A shown figure and the table that has its words."""
    figure, name = item
    tables = document(FILE)["in_words"]
    if figure not in show or name not in tables:
        raise _wrong(where, "in_words", ", ".join(item), "a figure that is shown and a table of words")
    return InWords(figure, {key: (zh, en) for key, (zh, en) in tables[name].items()})


def _rule(entry: Mapping[str, Any], number: int) -> Rule:
    where = str(entry.get("id", number))
    _only(entry, _RULE_FIELDS, where)
    checks = tuple(read_check(check, f"{where} {check.get('key', '')}") for check in entry["checks"])
    if not checks or len({check.key for check in checks}) != len(checks):
        raise _wrong(where, "checks", [check.key for check in checks], "at least one, each key once")
    return Rule(
        id=_text(entry, "id", where),
        title_zh=_text(entry, "title_zh", where),
        title_en=_text(entry, "title_en", where),
        checks=checks,
        parameters={
            name: None if value is None else _number(value, name, where)
            for name, value in entry.get("parameters", {}).items()
        },
        explanations=tuple(Explanation(one["code"], one["zh"], one["en"]) for one in entry.get("explanations", ())),
        source=_text(entry, "source", where),
        source_zh=_text(entry, "source_zh", where),
        confidence=Confidence(_one_of(entry, "confidence", [str(level) for level in Confidence], where)),
    )


def _constants() -> Parameters:
    """Coal equivalents and price ranges by indicator; a part or a detail has those of the line it belongs to."""
    low = {price.indicator: price.low for price in prices() if price.region == "CN"}
    high = {price.indicator: price.high for price in prices() if price.region == "CN"}
    lines = [line for edition in editions().values() for line in edition.indicators.values()]
    for line in lines:
        owner = line.of_which or line.parent
        if owner in low and line.unit != "m2":
            low[line.key], high[line.key] = low[owner], high[owner]
    kgce = {line.key: value for line in lines if line.carrier and (value := _kgce(line.carrier)) is not None}
    return {"price_low": low, "price_high": high, "kgce": kgce}


def _kgce(carrier: str) -> Decimal | None:
    """The scheme's coal equivalent of a carrier [kgce per base unit]."""
    choice = factor_library().choose(Kind.COAL_EQUIVALENT, carrier, ("CN",), 9999)
    return choice.factor.value if isinstance(choice, Choice) else None


def _wrong(where: str, field: str, found: object, allowed: str) -> ReferenceDataError:
    return ReferenceDataError(FILE, 0, f"{where}: {field}", found, allowed)


def _only(entry: Mapping[str, Any], fields: Collection[str], where: str) -> None:
    for field in entry:
        if field not in fields:
            raise _wrong(where, field, field, ", ".join(fields))


def _text(entry: Mapping[str, Any], field: str, where: str) -> str:
    value = entry.get(field)
    if not isinstance(value, str) or not value.strip():
        raise _wrong(where, field, value, "a text")
    return value


def _one_of(entry: Mapping[str, Any], field: str, allowed: Collection[str], where: str) -> str:
    value = entry.get(field)
    if value not in allowed:
        raise _wrong(where, field, value, ", ".join(allowed))
    return str(value)


def _all_of(entry: Mapping[str, Any], field: str, allowed: Collection[str], where: str) -> tuple[str, ...]:
    return tuple(_one_of({field: value}, field, allowed, where) for value in entry.get(field, ()))


def _number(value: object, field: str, where: str) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise _wrong(where, field, value, "a number") from None
    if not number.is_finite():
        raise _wrong(where, field, value, "a finite number")
    return number

"""Which rules hold for a return: those shipped, what its regions changed, and those added, as of its period.

A return that is handed in keeps the rules under which it was handed in: changing a rule changes no earlier finding.
"""

from __future__ import annotations

import logging
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Any

from nengtan.domain import periods
from nengtan.domain.returns import slots
from nengtan.domain.returns.review.engine import Engine, RuleError
from nengtan.domain.returns.review.rules import Check, Parameters, Rule, RuleBook, Scope, Setting, Severity
from nengtan.reference import scheme
from nengtan.reference.quotas import quota_settings
from nengtan.reference.rules import rule_book
from nengtan.reporting.lateness import HANDED_IN
from nengtan.reporting.models import Return, RuleSetting, RuleVersion

__all__ = ["OWN", "History", "Rules", "as_rule", "as_setting", "engine_of", "last_day"]

OWN = "own"
"""Key of the one check of a rule that was added here."""

NATION = "CN"
_log = logging.getLogger(__name__)


def last_day(period: slots.Slot) -> date:
    """The day a period ends, by which rules are chosen."""
    return periods.last_day(period.months[-1])


def as_rule(version: RuleVersion) -> Rule:
    """A rule added here as the engine reads it."""
    each: Any = version.each
    check = Check(
        key=OWN,
        severity=Severity(version.severity),
        flag=version.flag,
        wording_zh=version.wording_zh,
        wording_en=version.wording_en,
        each=each if isinstance(each, str) else tuple(each),
        cell=version.cell,
        scope=Scope(version.scope),
        found=version.found,
        low=version.low,
        high=version.high,
        kinds=tuple(map(slots.Kind, version.kinds)),
        editions=tuple(version.editions),
        classes=tuple(version.classes),
        systems=tuple(version.systems),
        overridable=version.overridable,
        needs_evidence=version.needs_evidence,
    )
    return Rule(version.code, version.title_zh, version.title_en, (check,))


def as_setting(row: RuleSetting) -> Setting:
    """What a region changed as the engine reads it."""
    return Setting(
        rule=row.rule,
        check=row.check_key,
        region=row.region.code,
        institution_class=row.institution_class,
        enabled=row.enabled,
        severity=Severity(row.severity) if row.severity else None,
        parameters=read_parameters(row.parameters),
    )


def read_parameters(held: Mapping[str, Any]) -> Parameters:
    """Thresholds from JSON, where numbers are kept as text."""
    return {
        name: {key: Decimal(number) for key, number in value.items()} if isinstance(value, Mapping) else Decimal(value)
        for name, value in held.items()
    }


@dataclass(frozen=True)
class Rules:
    """The rules of one day as they were known at one time; equal where the same versions and settings hold."""

    key: tuple[object, ...] = ()
    quotas: tuple[Setting, ...] = field(default=(), compare=False, repr=False)
    added: tuple[RuleVersion, ...] = field(default=(), compare=False, repr=False)
    changed: tuple[RuleSetting, ...] = field(default=(), compare=False, repr=False)

    @cached_property
    def book(self) -> RuleBook:
        """The catalogue with the rules added."""
        return replace(rule_book(), rules=(*rule_book().rules, *map(as_rule, self.added)))

    @cached_property
    def settings(self) -> tuple[Setting, ...]:
        """Quotas of standards; an added rule is on in its own region only; then what regions changed."""
        homes = [
            setting
            for version in self.added
            for setting in (
                Setting(version.code, region=NATION, enabled=False),
                Setting(version.code, region=version.region.code, enabled=True),
            )
        ]
        return (*self.quotas, *homes, *map(as_setting, self.changed))


class History:
    """Every version of every rule and every change of a setting, read once for a review; two queries."""

    def __init__(self) -> None:
        self._versions = list(RuleVersion.objects.select_related("region").order_by("id"))
        self._settings = list(RuleSetting.objects.select_related("region").order_by("id"))
        self._moments = sorted([*(row.at for row in self._versions), *(row.at for row in self._settings)])
        self._known: dict[tuple[date, int], Rules] = {}

    def of(self, item: Return) -> Rules:
        """The rules a return is held against: of its period, as they stood when it was handed in, else as of now."""
        moment = item.reported_at if item.state in HANDED_IN else None
        return self.at(last_day(item.period), moment)

    def at(self, day: date, moment: datetime | None = None) -> Rules:
        """The rules for a period that ends on a day, as known at a moment (now when None)."""
        stage = len(self._moments) if moment is None else bisect_right(self._moments, moment)
        found = self._known.get((day, stage))
        if found is None:
            found = self._known[day, stage] = self._assembled(day, moment)
        return found

    def _assembled(self, day: date, moment: datetime | None) -> Rules:
        added = _last(self._versions, lambda row: row.code, day, moment)
        changed = _last(self._settings, lambda row: (row.region_id, row.rule, row.check_key, row.institution_class),
                        day, moment)  # fmt: skip
        held = tuple(row for row in added if row.enabled)
        quotas = quota_settings(day.year)
        told = (tuple(map(_trace, held)), tuple(map(_trace, changed)), len(quotas))
        return Rules(told, quotas, held, tuple(changed))


def _last(rows: Iterable[Any], key: Any, day: date, moment: datetime | None) -> list[Any]:
    """Of each key the last row known then that holds for the day."""
    found = {}
    for row in rows:
        if row.since <= day and (moment is None or row.at <= moment):
            found[key(row)] = row
    return list(found.values())


def _trace(row: RuleVersion | RuleSetting) -> tuple[object, ...]:
    """What tells a row from one that had its number in a transaction taken back."""
    told = row.flag if isinstance(row, RuleVersion) else str(sorted(row.parameters.items()))
    return (row.pk, row.at, told, row.enabled, row.severity)


@lru_cache(maxsize=64)
def engine_of(edition: str, kind: slots.Kind, scope: Scope, rules: Rules = Rules()) -> Engine:
    """The rules of an edition for returns or rooms, compiled once; an added rule it cannot read is left out and told.

    An added rule was checked against the editions there were then; a later edition may lack an indicator it names.
    """
    book = rules.book
    while True:
        try:
            return Engine(book, scheme.edition(edition), kind, scope, rules.settings)
        except RuleError as error:
            kept = tuple(rule for rule in book.rules if rule.id != error.rule)
            if len(kept) == len(book.rules) or error.rule in {rule.id for rule in rule_book().rules}:
                raise
            _log.warning("rule %s cannot be used in edition %s: %s", error.rule, edition, error.error)
            book = replace(book, rules=kept)

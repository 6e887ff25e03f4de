"""Review rules (审核规则) as data: what is checked, how severe it is, how it is said, what a region changes about it.

A rule has an id of the catalogue (L01 … P15, or an administrator's own) and one or more checks; each check flags a
return by an expression of the rule language (`language`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from nengtan.domain.factors import Confidence
from nengtan.domain.returns.slots import Kind

__all__ = ["Check", "Explanation", "Parameter", "Parameters", "Rule", "RuleBook", "Scope", "Setting", "Severity"]

Parameter = Decimal | Mapping[str, Decimal] | None
Parameters = Mapping[str, Parameter]
"""A threshold by its name: one number, or one for each indicator; None is not known (a quota nobody set)."""


class Severity(StrEnum):
    """What a finding does: blocks submission, needs a written explanation, or only informs."""

    BLOCK = "block"
    EXPLAIN = "explain"
    INFORM = "inform"

    @property
    def rank(self) -> int:
        """0 is the most severe."""
        return list(Severity).index(self)


class Scope(StrEnum):
    """What a check looks at: a return, each data room of it, or a summary return of a department."""

    RETURN = "return"
    ROOM = "room"
    SUMMARY = "summary"


@dataclass(frozen=True)
class InWords:
    """A figure shown in words, Chinese and English: by unit and figure (``kWh -4``), else by figure, else nothing."""

    figure: str
    table: Mapping[str, tuple[str, str]]

    def word(self, language: str, figure: str, unit: str) -> str:
        """The word for a figure in a unit.

        >>> InWords("power", {"-1": ("-", "a tenth of"), "t -1": ("-", "a tenth, in t, of")}).word("en", "-1", "kWh")
        'a tenth of'
        """
        found = self.table.get(f"{unit} {figure}") or self.table.get(figure)
        return found[0 if language.startswith("zh") else 1] if found else ""


@dataclass(frozen=True)
class Check:
    """One condition of a rule.

    ``flag`` is true where something is wrong. With ``each`` (a group of indicators, or their keys) it is asked of every
    one, as ``value``; without, ``cell`` is the indicator the finding is shown at. ``found``, ``low``, ``high`` and
    ``show`` are expressions for the message; ``in_words`` puts some of what is shown in words. Of the checks of a rule
    on one ``ladder`` only the most severe speaks. What one that ``refuses`` flags is no figure: no other check speaks
    of it. ``wants`` is the indicator (or ``value``, or its ``cost``) that should be above zero where no figure can say
    what was expected.
    """

    key: str
    severity: Severity
    flag: str
    wording_zh: str
    wording_en: str
    each: str | tuple[str, ...] = ()
    cell: str = ""
    scope: Scope = Scope.RETURN
    found: str = ""
    low: str = ""
    high: str = ""
    show: Mapping[str, str] = field(default_factory=dict)
    in_words: Mapping[str, InWords] = field(default_factory=dict)
    ladder: str = ""
    kinds: tuple[Kind, ...] = ()
    editions: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    not_classes: tuple[str, ...] = ()
    systems: tuple[str, ...] = ()
    overridable: bool = False
    needs_evidence: bool = False
    refuses: bool = False
    wants: str = ""

    def holds_for(self, edition: str, kind: Kind, scope: Scope) -> bool:
        """Whether it is asked of returns of an edition and a kind of period at all."""
        return (
            scope is self.scope
            and (not self.editions or edition in self.editions)
            and (not self.kinds or kind in self.kinds)
        )


@dataclass(frozen=True, slots=True)
class Explanation:
    """A reason that may be chosen when a finding is explained (such as free supply)."""

    code: str
    zh: str
    en: str


@dataclass(frozen=True)
class Rule:
    """One rule of the catalogue with its checks and thresholds."""

    id: str
    title_zh: str
    title_en: str
    checks: tuple[Check, ...]
    parameters: Parameters = field(default_factory=dict)
    explanations: tuple[Explanation, ...] = ()
    source: str = ""
    confidence: Confidence = Confidence.GENERAL_KNOWLEDGE
    source_zh: str = ""


@dataclass(frozen=True)
class RuleBook:
    """The rules with what their expressions may name besides indicators.

    ``groups``: lists of indicators; ``derived``: named expressions; ``constants``: numbers by indicator (coal
    equivalents, price ranges); ``facts``: what is known about a return beside its cells; ``units`` of derived figures,
    constants and facts; ``words`` for thresholds in Chinese and English.
    """

    rules: tuple[Rule, ...]
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    derived: Mapping[str, str] = field(default_factory=dict)
    constants: Parameters = field(default_factory=dict)
    facts: frozenset[str] = frozenset()
    units: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def rule(self, rule_id: str) -> Rule:
        """One rule by its id."""
        return next(rule for rule in self.rules if rule.id == rule_id)


@dataclass(frozen=True)
class Setting:
    """What a region or a class of institution has changed about a rule or one of its checks.

    The nearest region wins, then the finest class; what a setting leaves None stays as it was.
    """

    rule: str
    check: str = ""
    region: str = "CN"
    institution_class: str = ""
    enabled: bool | None = None
    severity: Severity | None = None
    parameters: Parameters = field(default_factory=dict)

    def concerns(self, rule: str, check: str) -> bool:
        """Whether it is about this check of this rule."""
        return rule == self.rule and self.check in ("", check)

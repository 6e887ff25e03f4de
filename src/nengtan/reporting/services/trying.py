"""Trying a rule on past returns: what it would have flagged, in one pass over only the columns it reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from nengtan.domain.returns import slots
from nengtan.domain.returns.review.engine import Engine
from nengtan.domain.returns.review.findings import Finding, Findings
from nengtan.domain.returns.review.rules import Parameters, Rule, Scope, Setting, Severity
from nengtan.domain.returns.review.table import Table
from nengtan.identity.access import Actor, Forbidden
from nengtan.identity.roles import Capability
from nengtan.reference import scheme
from nengtan.reference.rules import rule_book
from nengtan.registry.models import Region
from nengtan.reporting.models import Return, ReturnQuerySet, RuleTrial, RuleVersion
from nengtan.reporting.services.past import BEGUN, past
from nengtan.reporting.services.peering import among_peers
from nengtan.reporting.services.rulebook import History, as_rule, last_day
from nengtan.reporting.services.rules import shipped

__all__ = ["EXAMPLES", "Example", "Trial", "trial_of", "try_rule"]

EXAMPLES = 50
"""So many flagged returns are named; all are counted."""


@dataclass(frozen=True)
class Example:
    """A return the rule would flag, with the finding."""

    of: Return
    finding: Finding


@dataclass(frozen=True)
class Trial:
    """What a rule flags among the returns of a region and period; ``before`` is how many it flags as it is set now."""

    rule: Rule
    region: Region
    period: slots.Slot
    looked_at: int
    flagged: int
    findings: int
    before: int | None
    examples: Sequence[Example]


def try_rule(
    actor: Actor,
    rule: Rule,
    region: Region,
    period: slots.Slot,
    parameters: Parameters | None = None,
    severity: Severity | None = None,
) -> Trial:
    """Hold the begun returns of a region and period against one rule, added or shipped, as ``parameters`` would set it.

    Raises:
        ValidationError: the rule is for no return of this kind of period.
        Forbidden: the actor sets no rules there.
    """
    if not actor.scope_for(Capability.MANAGE_RULES).covers(region.path):
        raise Forbidden(Capability.MANAGE_RULES)
    if not any(not check.kinds or period.kind in check.kinds for check in rule.checks):
        raise ValidationError({"period": _("The rule is not for periods of this kind.")})
    settings = [one for one in History().at(last_day(period)).settings if one.rule == rule.id and shipped(rule.id)]
    proposed = Setting(rule.id, region=region.code, enabled=True, severity=severity, parameters=parameters or {})
    rows = _begun(region, period)
    counted = _Count(rule, period, settings, [*settings, proposed])
    for edition in rows.order_by().values_list("edition", flat=True).distinct():
        counted.add(edition, rows.filter(edition=edition))
    before = len(counted.flagged_before) if shipped(rule.id) else None
    named = _named(counted.examples)
    return Trial(rule, region, period, rows.count(), len(counted.flagged), counted.findings, before, named)


@dataclass
class _Count:
    """Counts in the making, over editions."""

    rule: Rule
    period: slots.Slot
    settings: Sequence[Setting]
    proposed: Sequence[Setting]
    flagged: set[int] = field(default_factory=set)
    flagged_before: set[int] = field(default_factory=set)
    findings: int = 0
    examples: list[Finding] = field(default_factory=list)

    def add(self, edition: str, rows: QuerySet[Return]) -> None:
        for scope in (Scope.RETURN, Scope.ROOM):
            engine = self._engine(edition, scope, self.proposed)
            if not engine.asks:
                continue
            table = self._table(engine, rows, edition, scope)
            found = engine.review(table)
            self.flagged |= _returns(found, table)
            self.findings += len(found)
            self.examples += islice(found, EXAMPLES - len(self.examples))
            if shipped(self.rule.id):
                self.flagged_before |= _returns(self._engine(edition, scope, self.settings).review(table), table)

    def _engine(self, edition: str, scope: Scope, settings: Sequence[Setting]) -> Engine:
        book = replace(rule_book(), rules=(self.rule,))
        return Engine(book, scheme.edition(edition), self.period.kind, scope, settings)

    def _table(self, engine: Engine, rows: QuerySet[Return], edition: str, scope: Scope) -> Table:
        """What the rule reads."""
        table = past(rows, self.period, engine.columns(), rooms=scope is Scope.ROOM)
        return table if scope is Scope.ROOM else among_peers(table, self.period, edition, engine)


def trial_of(actor: Actor, version: RuleVersion, region: Region, period: slots.Slot) -> Trial:
    """Try an added rule as it stands and keep that it was tried, so that it may be switched on."""
    trial = try_rule(actor, as_rule(version), region, period)
    RuleTrial.objects.create(
        version=version, region=region, period=str(period), looked_at=trial.looked_at, flagged=trial.flagged,
        by=actor.user, at=timezone.now(),
    )  # fmt: skip
    return trial


def _begun(region: Region, period: slots.Slot) -> ReturnQuerySet:
    return Return.objects.filter(
        region__path__startswith=region.path, year=period.year, slot=period.number, kind=period.kind, state__in=BEGUN
    )


def _returns(found: Findings, table: Table) -> set[int]:
    """The returns flagged, by their id."""
    ids = np.array(table.institutions, dtype=np.int64)
    return set(np.concatenate([ids[hits.rows] for hits in found.hits]).tolist()) if found.hits else set()


def _named(findings: Sequence[Finding]) -> list[Example]:
    held = Return.objects.select_related("institution", "region").in_bulk([item.institution for item in findings])
    return [Example(held[int(str(item.institution))], item) for item in findings]

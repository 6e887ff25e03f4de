"""How far the review of a year is, beside its report: approved, waiting, missing, and what the rules still say."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.http import Http404, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from nengtan.domain.returns import slots
from nengtan.domain.returns.review.rules import Severity
from nengtan.domain.returns.steps import State
from nengtan.identity.doors import ActorRequest, page
from nengtan.identity.roles import Capability
from nengtan.reference.rules import rule_book
from nengtan.reporting.catalogue import title_of
from nengtan.reporting.pages.report import region_and_year, regions_of
from nengtan.reporting.queries.bench import Bench
from nengtan.reporting.queries.overview import ChildRow, Overview
from nengtan.reporting.report.gather import known_rules
from nengtan.reporting.wording import severity_word
from nengtan.ui.components import KeyFigure

__all__ = ["report_state"]

MOST = 2000
"""Returns that are reviewed for the page; of more, the workbench tells district by district."""

_JUDGED = {Severity.BLOCK: "bad", Severity.EXPLAIN: "warn", Severity.INFORM: "muted"}
_ORDER = tuple(_JUDGED)


@dataclass
class _Tally:
    """How often one rule flagged values, in how many returns, and how many of them are explained."""

    rule: str
    severity: Severity
    values: int = 0
    explained: int = 0
    bodies: set[int] = field(default_factory=set)


@require_GET
@page(Capability.VIEW_DETAIL)
def report_state(request: ActorRequest) -> HttpResponseBase:
    """A part of the report's page, fetched after it: the rules are held against every return."""
    region, year = region_and_year(request, regions_of(request.actor))
    if region is None:
        raise Http404
    period = slots.annual(year)
    whole = Overview(request.actor, region, period).total
    bench = Bench(request.actor, region, period) if whole.owed <= MOST else None
    context = {
        "figures": _figures(whole), "reviewed": bench is not None, "tallies": _tallies(bench) if bench else [],
        "errors": bench.with_errors if bench else 0, "warnings": bench.with_warnings if bench else 0,
        "workbench": f"{reverse('workbench')}?region={region.code}&period={period}"
        if request.actor.can(Capability.OVERSEE_RETURNS) else "",
    }  # fmt: skip
    return render(request, "reporting/report/state.html", context)


def _figures(whole: ChildRow) -> list[KeyFigure]:
    owed, approved = whole.owed, whole.states[State.APPROVED]
    share = _("%(share)s %% of those owed") % {"share": f"{100 * approved / owed:.1f}"} if owed else ""
    return [
        KeyFigure(_("Owed"), owed),
        KeyFigure(_("Approved"), approved, note=share),
        KeyFigure(_("Waiting for review"), whole.states[State.REPORTED]),
        KeyFigure(
            _("Not handed in"), whole.missing, note=_("%(n)s of them late") % {"n": whole.late} if whole.late else "",
            judgement="bad" if whole.late else "muted",
        ),
    ]  # fmt: skip


def _tallies(bench: Bench) -> list[dict[str, object]]:
    """The gravest first, then the most frequent."""
    held: dict[tuple[str, Severity], _Tally] = {}
    for item in bench.flagged:
        key = item.rule, item.hit.severity
        tally = held.setdefault(key, _Tally(*key))
        tally.values += 1
        tally.explained += item.settled
        tally.bodies.add(item.row.of.pk)
    rules = {rule.id: rule for rule in rule_book().rules}
    if not rules.keys() >= {item.rule for item in held.values()}:
        rules = known_rules()
    ordered = sorted(held.values(), key=lambda item: (_ORDER.index(item.severity), -item.values, item.rule))
    return [
        {
            "rule": item.rule, "title": title_of(rules[item.rule]), "judgement": _JUDGED[item.severity],
            "severity": severity_word(item.severity), "values": item.values, "bodies": len(item.bodies),
            "explained": item.explained,
        }
        for item in ordered
    ]  # fmt: skip

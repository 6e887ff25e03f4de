"""Findings and states in words, as pages, operations and commands tell them."""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from nengtan.domain.returns import slots
from nengtan.domain.returns.review.findings import Finding
from nengtan.domain.returns.review.rules import Severity
from nengtan.domain.returns.scheme import Edition, Form, Indicator
from nengtan.domain.returns.steps import Action, Role, State
from nengtan.reference import scheme
from nengtan.reporting.lateness import HANDED_IN, days_again, days_late
from nengtan.reporting.models import Return
from nengtan.ui.components import Judgement
from nengtan.ui.words import named, unit_word


def told(finding: Finding, edition: Edition, institution: str, name: str = "") -> dict[str, Any]:
    """A finding by its parts and in a sentence of the reader's language, which says the ``name`` of the body."""
    cell = finding.cell.indicator + (f"@{finding.cell.record}" if finding.cell.record else "")
    return {
        "institution": institution,
        "period": finding.period,
        "rule": finding.rule,
        "severity": str(finding.severity),
        "cell": cell,
        "found": None if finding.found is None else str(finding.found),
        "expected": expected_word(finding, edition),
        "message": of_body(name, _message(finding, edition)),
    }


def of_body(name: str, message: str) -> str:
    """A sentence about a body, with its name before it."""
    return _("%(name)s: %(message)s") % {"name": name, "message": message} if name else message


def expected_word(finding: Finding, edition: Edition) -> str:
    """What a finding expected: a figure, a range, or the line that should be above zero."""
    wants = edition.indicators.get(finding.wants)
    return finding.expected or (f"{named(wants)} > 0" if wants else "")


def message_of(of: Return, finding: Finding) -> str:
    """A finding of a return as a sentence of the reader's language."""
    return _message(finding, scheme.edition(of.edition))


def _message(finding: Finding, edition: Edition) -> str:
    indicator = edition.indicators.get(finding.cell.indicator)
    name, unit = (named(indicator), line_unit(indicator)) if indicator else ("", "")
    return finding.message(get_language() or "zh-hans", name, unit)


_NEXT: dict[str, Promise] = {
    State.EMPTY: gettext_lazy("fill in: statistician"),
    State.ENTERING: gettext_lazy("fill in and submit: statistician"),
    State.STATISTICS_HEAD: gettext_lazy("pass on: statistics head"),
    State.UNIT_HEAD: gettext_lazy("report: unit head"),
    State.REPORTED: gettext_lazy("review: department above"),
    State.RETURNED: gettext_lazy("correct and submit: statistician"),
}
"""What happens next to a return that stands somewhere, and whose turn it is."""

_JUDGED: dict[str, Judgement] = {
    State.STATISTICS_HEAD: "warn",
    State.UNIT_HEAD: "warn",
    State.REPORTED: "good",
    State.APPROVED: "good",
    State.RETURNED: "bad",
}


def state_judgement(state: str) -> Judgement:
    """In which colour a state stands beside its word."""
    return _JUDGED.get(state, "muted")


def next_word(state: str) -> str:
    """What is next and whose turn it is; nothing where all is done."""
    return str(_NEXT.get(state, ""))


def period_word(period: slots.Slot) -> str:
    """A period as people say it."""
    if period.kind is slots.Kind.ANNUAL:
        return _("year %(year)s") % {"year": period.year}
    if period.kind is slots.Kind.QUARTER:
        return _("quarter %(quarter)s of %(year)s") % {"quarter": period.number // 3, "year": period.year}
    return _("%(year)s-%(month)s") % {"year": period.year, "month": f"{period.number:02d}"}


def lateness_word(of: Return) -> str:
    """By how many days a return is late, or how many are left, first and again; empty where nothing is due."""
    return " · ".join(word for word in (_first_word(of), _again_word(of)) if word)


def _again_word(of: Return) -> str:
    """The same of a return that was sent back with a day to hand it in again by."""
    days = days_again(of)
    if days is None or (days <= 0 and of.state in HANDED_IN):
        return ""
    if days > 0:
        return ngettext("again %(days)s day late", "again %(days)s days late", days) % {"days": days}
    if days == 0:
        return _("to be handed in again today")
    words = ngettext("%(days)s day left to hand in again", "%(days)s days left to hand in again", -days)
    return words % {"days": -days}


def _first_word(of: Return) -> str:
    days = days_late(of)
    if days is None or (days <= 0 and of.reported_at is not None):
        return ""
    if days > 0 and of.reported_at is not None:
        return ngettext("handed in %(days)s day late", "handed in %(days)s days late", days) % {"days": days}
    if days > 0:
        return ngettext("%(days)s day late", "%(days)s days late", days) % {"days": days}
    if days == 0:
        return _("due today")
    return ngettext("%(days)s day left", "%(days)s days left", -days) % {"days": -days}


def line_unit(of: Indicator) -> str:
    """The unit of an indicator: in Chinese as the form has it, else its symbol, or its code where that is Chinese."""
    if not (get_language() or "").startswith("en"):
        return of.unit_zh or unit_word(of.unit)
    symbol = unit_word(of.unit)
    return symbol if symbol[:1].isascii() else of.unit


def cell_word(cell: str, edition: Edition | None = None) -> str:
    """A cell in words, by an edition or the latest that has it: the indicator, and its room; empty where none has."""
    rule, _space, rest = cell.rpartition(" ")
    if rule:  # what an explanation answers to: the rule, and the cell
        return f"{rule} {word}" if (word := cell_word(rest, edition)) else ""
    record, _dot, key = cell.rpartition(".")
    editions = [edition] if edition else reversed(list(scheme.editions().values()))
    indicator = next((found for item in editions if (found := item.indicators.get(key))), None)
    name = named(indicator) if indicator else ""
    return f"{record} {name}" if record and name else name


def title_word(of: Form | Edition) -> str:
    """The title of a form or an edition in the reader's language."""
    return of.title_en if (get_language() or "").startswith("en") and of.title_en else of.title_zh


_ACTIONS: dict[str, Promise] = {
    Action.ENTER: gettext_lazy("Fill in"),
    Action.SUBMIT: gettext_lazy("Submit to the statistics head"),
    Action.PASS: gettext_lazy("Pass on to the unit head"),
    Action.SEND_BACK: gettext_lazy("Send back"),
    Action.APPROVE: gettext_lazy("Approve"),
    Action.REOPEN: gettext_lazy("Reopen"),
}

_ROLES: dict[str, Promise] = {
    Role.STATISTICIAN: gettext_lazy("statistician"),
    Role.STATISTICS_HEAD: gettext_lazy("statistics head"),
    Role.UNIT_HEAD: gettext_lazy("unit head"),
    Role.REVIEWER: gettext_lazy("department above"),
}

_SEVERITIES: dict[Severity, Promise] = {
    Severity.BLOCK: gettext_lazy("error"),
    Severity.EXPLAIN: gettext_lazy("explain"),
    Severity.INFORM: gettext_lazy("for information"),
}


def action_word(action: str, state: str = "") -> str:
    """A step in words; what is passed on by the unit head is thereby reported."""
    if action == Action.PASS and state == State.UNIT_HEAD:
        return _("Report to the department above")
    return str(_ACTIONS[action])


def role_word(role: str) -> str:
    """Who acts on a return."""
    return str(_ROLES.get(role, role))


def severity_word(severity: Severity) -> str:
    """What a finding wants."""
    return str(_SEVERITIES[severity])

"""The parts of a return's page that change while somebody types; the same markup first and later."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from nengtan.domain.returns.review.findings import Finding
from nengtan.domain.returns.review.rules import Severity
from nengtan.domain.returns.scheme import Measure
from nengtan.domain.returns.steps import Role
from nengtan.identity.access import Actor
from nengtan.reporting.filling import Filling, Line, Said
from nengtan.reporting.lateness import usual_again
from nengtan.reporting.models import Return, Value
from nengtan.reporting.turns import can_enter, offers
from nengtan.reporting.wording import action_word, line_unit, message_of, next_word, role_word, severity_word
from nengtan.ui import formats
from nengtan.ui.components import Change, badge_html, change_html
from nengtan.ui.words import named

__all__ = ["answer", "bar", "parts", "shown", "summary"]

_JUDGED = {Severity.BLOCK: "bad", Severity.EXPLAIN: "warn", Severity.INFORM: "muted"}
_MARKS = {Severity.BLOCK: "is-invalid", Severity.EXPLAIN: "is-doubtful"}
_ENTERED = (Value.Provenance.TYPED, Value.Provenance.FILE)
_DRAWER = '<a class="figure" href="{}" data-drawer hx-get="{}" hx-target="#drawer-body" hx-swap="innerHTML">{}</a>'
_PRICE_PLACES = Decimal("0.001")


def answer(actor: Actor, filling: Filling, **more: Any) -> dict[str, Any]:
    """What the page shows anew after something was typed, stored or explained."""
    may = can_enter(actor, filling.of)
    return {
        "version": filling.of.version,
        "editable": may,
        "cells": {line.name: {"version": line.version, "shown": shown(line)} for line in filling.lines},
        "parts": {line.name: parts(filling.of, line, may) for line in filling.lines},
        "summary": summary(filling),
        "bar": bar(actor, filling, may),
        **more,
    }


def shown(line: Line) -> str:
    """A cell as it stands in its box; nothing where nothing is known."""
    return "" if line.amount is None else formats.exact(line.amount)


def parts(of: Return, line: Line, may: bool) -> dict[str, str]:
    """Mark, origin, change, price and remarks of a line."""
    return {
        "mark": _mark(line),
        "origin": _origin(of, line),
        "change": _change(line),
        "price": "" if line.price is None else formats.exact(line.price.quantize(_PRICE_PLACES)),
        "remarks": _remarks(of, line, may),
    }


def _mark(line: Line) -> str:
    """How the box of a cell is coloured: by its gravest open finding, else by who filled it in."""
    for said in line.said:
        if not said.settled and said.finding.severity in _MARKS:
            return _MARKS[said.finding.severity]
    filled = line.value is not None and line.amount is not None and line.value.provenance not in _ENTERED
    return "is-filled" if filled else ""


def _origin(of: Return, line: Line) -> SafeString:
    """Where the value came from, opening to what is behind it; what meters say, and what it is part of."""
    lines: list[str] = []
    if line.value is not None and line.amount is not None:
        url = reverse("return_cell", args=[of.pk, line.name])
        lines.append(format_html(_DRAWER + "{}", url, url, line.value.get_provenance_display(), _coverage(line.value)))
    if line.metered is not None:
        lines.append(_metered(line))
    if line.whole is not None and line.whole_amount is not None:
        words = _("of which: %(name)s %(amount)s %(unit)s")
        told = {"name": named(line.whole), "amount": formats.exact(line.whole_amount)}
        lines.append(words % {**told, "unit": line_unit(line.whole)})
    return format_html_join("", '<div class="cell-origin">{}</div>', ((item,) for item in lines))


def _coverage(value: Value) -> str:
    months, of = value.source.get("months"), value.source.get("of")
    if months is None or of is None or months >= of:
        return ""
    return " · " + _("%(months)s of %(of)s months") % {"months": months, "of": of}


def _metered(line: Line) -> str:
    ratio = Change(line.amount, line.metered, "").ratio
    words = _("meters read %(amount)s") % {"amount": formats.exact(line.metered)}
    return words if not ratio else f"{words} ({formats.percent(ratio, signed=True)})"


def _change(line: Line) -> SafeString | str:
    before = line.booked if line.last is None else line.last
    if before is None or line.amount is None:
        return ""
    stock = line.indicator.measure is Measure.STOCK
    return change_html(Change(line.amount, before, _("on last year"), None if stock else "down"), brief=True)


def _remarks(of: Return, line: Line, may: bool) -> SafeString:
    """The findings at a line, each with the box to explain it in; a word that all is well where there is none."""
    if not line.said:
        return badge_html("good", pgettext("cell", "in order")) if line.amount is not None else SafeString("")
    return format_html_join("", "{}", ((_remark(of, said, may),) for said in line.said))


def _remark(of: Return, said: Said, may: bool) -> SafeString:
    finding = said.finding
    judgement = "muted" if said.settled else _JUDGED[finding.severity]
    head = format_html(
        '<p class="remark-words is-{}"><b>{}</b> {} <small>{}</small></p>',
        judgement, _settled_word(said), message_of(of, said.finding), finding.rule,
    )  # fmt: skip
    return format_html('<div class="remark">{}{}{}</div>', head, _suggestion(said, may), _explanation(of, said, may))


def _suggestion(said: Said, may: bool) -> SafeString | str:
    """A button that writes what a finding expects: the sum of the parts, or the value with its unit put right."""
    value = suggested(said.finding)
    if not may or said.settled or value is None or said.finding.severity is not Severity.BLOCK:
        return ""
    text = formats.exact(value)
    button = '<button type="button" class="btn btn-sm" data-suggest="{}">{}</button>'
    return format_html(button, text, _("Write %(value)s") % {"value": text})


def suggested(finding: Finding) -> Decimal | None:
    """The one figure a finding expects; None where it names none."""
    power = finding.params.get("power")
    if "before" in finding.params and isinstance(power, Decimal) and isinstance(finding.found, Decimal):
        return finding.found.scaleb(-int(power)).normalize()
    return finding.low if finding.low is not None and finding.low == finding.high else None


def _settled_word(said: Said) -> str:
    return _("explained") if said.settled else severity_word(said.finding.severity)


def _explanation(of: Return, said: Said, may: bool) -> str:
    finding = said.finding
    wanted = finding.severity is Severity.EXPLAIN or finding.overridable
    if not wanted or (not may and said.explanation is None):
        return SafeString("")
    context = {
        "of": of, "finding": finding, "explanation": said.explanation, "may": may,
        "key": f"{finding.rule}-{finding.cell.record}-{finding.cell.indicator}",
    }  # fmt: skip
    return render_to_string("reporting/explanation.html", context)


def summary(filling: Filling) -> str:
    """The sentence at the top, and every finding with a link to its cell."""
    findings = [
        {
            "said": said, "message": message_of(filling.of, said.finding), "target": _target(filling, said),
            "judgement": _judged(said), "word": _settled_word(said),
        }
        for said in filling.findings
    ]  # fmt: skip
    context = {"filling": filling, "findings": findings}
    return render_to_string("reporting/summary.html", context)


def _judged(said: Said) -> str:
    return "muted" if said.settled else _JUDGED[said.finding.severity]


def _target(filling: Filling, said: Said) -> str:
    if said in filling.elsewhere:
        return ""
    cell = said.finding.cell
    return f"{cell.record}.{cell.indicator}" if cell.record else cell.indicator


def bar(actor: Actor, filling: Filling, may: bool) -> str:
    """What can be done with the return now, and why not; ``may`` is whether the actor enters figures."""
    of = filling.of
    found = offers(actor, of, filling.blocking, filling.unexplained, enters=may)
    context: Mapping[str, Any] = {
        "of": of,
        "offers": [
            {"step": offer, "word": action_word(offer.action, of.state), "back": offer.role is Role.REVIEWER}
            for offer in found
            if offer.mine
        ],
        "waits_for": sorted({role_word(offer.role) for offer in found}),
        "mine": any(offer.mine for offer in found),
        "can_accept": of.state == "empty" and may,
        "next": next_word(of.state),
        "again_by": usual_again(),
    }
    return render_to_string("reporting/bar.html", context)

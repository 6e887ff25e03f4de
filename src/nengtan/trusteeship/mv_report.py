"""The report of measurement and verification (节能量测量与验证报告) of one meter as a Word document.

It says what a reader needs to compute the savings again: boundary, data used and left out, model and its parameters,
how good it is, savings with their band, and both signs by name.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from nengtan import __version__
from nengtan.domain.text import without_unclean
from nengtan.reporting.report.notice import Part, word_table
from nengtan.reporting.report.shipped import add_line, styled
from nengtan.trusteeship.mv_commands import FIGURES, MODELS, OUTCOMES, PARAMS, RULES, WHY, cell, figures
from nengtan.ui.formats import DASH

__all__ = ["report"]


def report(told: Mapping[str, Any], given: Mapping[str, str], boundary: str, unit: str, made_on: dt.date) -> bytes:
    """The document.

    Parameters: ``told``: the answer as the commands print it; ``given``: what was asked, by its name; ``boundary`` and
    ``unit`` [of the use] in the words of whoever asks.
    """
    document = styled()
    add_line(document, "title", _("Report of measured and verified savings"))
    add_line(
        document, "byline", _("made on %(day)s with nengtan %(version)s") % {"day": made_on, "version": __version__}
    )
    sections: tuple[tuple[str, list[str], list[Part]], ...] = (
        (
            _("1. Boundary"),
            [boundary or _("Not told."), _("All use is in %(unit)s.") % {"unit": unit}],
            [_given(given)],
        ),
        (_("2. Data used and left out"), _data(told), [_rules(told["sufficiency"])]),
        (_("3. Model"), [str(MODELS[told["model"]])], _params(told["params"])),
        (_("4. Savings"), _savings(told, unit), [_figures(told)]),
        (_("5. Signs"), _signs(told, unit), []),
    )
    for heading, lines, tables in sections:
        add_line(document, "subheading", heading)
        for line in lines:
            add_line(document, "text", without_unclean(line))
        for table in tables:
            word_table(document, table)
    document.core_properties.title = _("Report of measured and verified savings")
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _given(given: Mapping[str, str]) -> Part:
    return _table([_("What"), _("Value")], given.items(), (40, 60), words=2)


def _data(told: Mapping[str, Any]) -> list[str]:
    failed = [str(RULES[check["rule"]]) for check in told["sufficiency"] if check["outcome"] == "fail"]
    looked = [str(RULES[check["rule"]]) for check in told["sufficiency"] if check["outcome"] == "flag"]
    lines = [
        _("Every rule with what was found. A rule that failed does not change a figure; it says what it is worth.")
    ]
    if failed:
        lines.append(_("Failed: %(rules)s.") % {"rules": _("; ").join(failed)})
    if looked:
        lines.append(_("To be looked at: %(rules)s.") % {"rules": _("; ").join(looked)})
    return lines


def _rules(checks: Sequence[Mapping[str, Any]]) -> Part:
    rows = [
        (str(RULES[check["rule"]]), str(OUTCOMES[check["outcome"]]), _text(check["found"]), _text(check["allowed"]))
        for check in checks
    ]
    return _table(
        [_("Rule"), _("Outcome"), pgettext("rule", "Found"), pgettext("rule", "Allowed")],
        rows,
        (44, 14, 26, 16),
        words=2,
    )


def _params(params: Any) -> list[Part]:
    rows = params if isinstance(params, list) else [params] if params else []
    heads = {key: str(head) for key, head in PARAMS.items() if any(key in row for row in rows)}
    if not rows:
        return []
    told = [[_text(cell(row.get(key))) for key in heads] for row in rows]
    return [_table(list(heads.values()), told, [1] * len(heads), words=1)]


def _savings(told: Mapping[str, Any], unit: str) -> list[str]:
    if told["reason"]:
        return [_("No figure: %(why)s.") % {"why": WHY[told["reason"]]}]
    lines = [_("Avoided use is what the model says would have been used on what is reported, less what was measured.")]
    if told["band_90"]:
        low, high = (_number(value) for value in told["band_90"])
        words = {"low": low, "high": high, "unit": unit}
        lines.append(_("With 90%% confidence it lies between %(low)s and %(high)s %(unit)s.") % words)
    return lines


def _figures(told: Mapping[str, Any]) -> Part:
    rows = [(str(FIGURES[key]), _text(value)) for key, value in figures(told).items() if key in FIGURES]
    return _table([_("Figure"), _("Value")], rows, (60, 40), words=1)


def _signs(told: Mapping[str, Any], unit: str) -> list[str]:
    savings = told["savings"]
    if savings is None:
        return []
    names = {"avoided": _number(savings), "gb": _number(-savings), "unit": unit}
    return [
        _("Avoided energy use (IPMVP), adjusted baseline less measured, positive is saved: %(avoided)s %(unit)s.")
        % names,
        _("Savings of GB/T 28750, measured less adjusted baseline, negative is saved: %(gb)s %(unit)s.") % names,
    ]


def _table(heads: Sequence[str], rows: Any, widths: Sequence[int], words: int) -> Part:
    return Part("", tuple(heads), tuple(tuple(map(str, row)) for row in rows), words, tuple(widths))


def _text(value: Any) -> str:
    if isinstance(value, float):
        return _number(value)
    return DASH if value in (None, "") else str(value)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"

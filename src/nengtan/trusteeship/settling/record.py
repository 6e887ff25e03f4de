"""A settlement as plain records, for JSON, tables, workbooks and documents alike."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from nengtan.domain.settlement.engine import RULES, advances
from nengtan.domain.settlement.lines import CNY, Figure, Line, Refused, Settlement
from nengtan.domain.settlement.terms import Case
from nengtan.trusteeship.settling.words import choice, line_word, note, refusal
from nengtan.ui.formats import exact
from nengtan.ui.words import unit_word

__all__ = ["computed", "legend", "record", "unit_shown", "value_shown"]


def record(case: Case, settled: Settlement) -> dict[str, Any]:
    """Everything of a settlement: sums [CNY], lines, notes, refusals, advances of the year, both fingerprints."""
    return {
        "settled": settled.is_settled,
        "contract": case.contract.number,
        "kind": str(case.contract.kind),
        "version": case.contract.version,
        "year": settled.year,
        "first": case.period.first,
        "last": case.period.last,
        "due": settled.due,
        "net": settled.net,
        "tax": settled.tax,
        "gross": settled.gross,
        "paid": settled.paid,
        "balance": settled.balance,
        "saved_share": settled.saved_share,
        "lines": [_line(one) for one in settled.lines],
        "notes": [{"code": str(one.what), "site": one.site, "carrier": one.carrier, "about": one.about,
                   "value": one.value, "message": note(one)} for one in settled.notes],
        "refusals": [{"code": str(one.why), "site": one.site, "carrier": one.carrier, "found": one.found,
                      "allowed": one.allowed, "message": refusal(one)} for one in settled.refusals],
        "advances": _advances(case),
        "rules": RULES,
        "inputs_hash": settled.inputs_hash,
        "result_hash": settled.result_hash,
    }  # fmt: skip


def _line(one: Line) -> dict[str, Any]:
    return {
        "code": one.code,
        "section": str(one.section),
        "site": one.site,
        "carrier": one.carrier,
        "about": one.about,
        "what": line_word(one.code, one.about),
        "value": one.value,
        "unit": one.unit,
        "counts": one.counts,
        "formula": one.formula,
        "inputs": {figure.symbol: {"value": figure.value, "unit": figure.unit} for figure in one.inputs},
        "clause": one.clause,
        "evidence": list(one.evidence),
    }


def _advances(case: Case) -> list[dict[str, Any]]:
    try:
        return [{"month": month, "amount": amount} for month, amount in advances(case)]
    except Refused:
        return []


def unit_shown(unit: str) -> str:
    """A unit as people read it: CNY/kWh, m³."""
    return "/".join(unit_word(part) for part in unit.split("/"))


def value_shown(value: Decimal, unit: str) -> str:
    """Money to the 分, everything else with every digit."""
    return f"{value:,.2f}".replace("-", "\u2212") if unit == CNY else exact(value)


def computed(one: Line) -> str:
    """The formula, how its factor came, and the figures in it."""
    figures = _(", ").join(_figure(figure) for figure in one.inputs)
    return _("; ").join(part for part in (_how(one), one.formula, figures) if part)


def _how(one: Line) -> str:
    """By which rule the baseline or the price came, or how the factor of an adjustment did."""
    if one.code == "baseline_use":
        rule, _colon, version = one.about.partition(":")
        return _("%(rule)s (version %(version)s of the rule)") % {"rule": choice(rule), "version": version}
    if one.code == "price":
        return choice(one.about)
    return one.about if one.code.startswith("adjust_") else ""


def legend() -> str:
    """What the symbols of the formulas stand for."""
    return _(
        "Symbols: B baseline use, E use before a step or as measured, ΔE step, Ba adjusted use, f factor, W and X "
        "driver of the year, W0 and X0 of the baseline, k weight, δ dead band, P price of the year, P0 of the "
        "contract, d discount, I index, S savings, H and L ends of its band, g share promised or guaranteed, C cost, "
        "F fee, x and n measure of service, x0 its limit, s share deducted, p CNY a case, R surplus or over-run, "
        "b share of the client, A and i principal and interest, A0 left owing, t rate of tax, Z payment."
    )


def _figure(figure: Figure) -> str:
    unit = f" {unit_shown(figure.unit)}" if figure.unit else ""
    return f"{figure.symbol} = {value_shown(figure.value, figure.unit)}{unit}"

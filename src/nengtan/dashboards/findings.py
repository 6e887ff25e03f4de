"""Findings of the review in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from nengtan.domain import periods
from nengtan.domain.review import Finding
from nengtan.ui import formats
from nengtan.ui.words import carrier_word

Params = Mapping[str, Any]
Unverified = Mapping[tuple[str, str], int]
"""Months kept as received because nobody has verified their unit, by institution code and carrier."""


@dataclass(frozen=True)
class Worded:
    """Why an institution is worth a look: the judgement, a short word for it, and the reason."""

    institution: str
    severity: str
    word: str
    text: str
    score: float


def _month(params: Params) -> str:
    return periods.label(int(params["month"]))


def _slip(params: Params) -> tuple[str, str]:
    power = int(params["power"])
    pattern = (
        _("%(carrier)s of %(month)s is about %(times)s times what it was")
        if power > 0
        else _("%(carrier)s of %(month)s is about 1/%(times)s of what it was")
    )
    text = pattern % {
        "carrier": carrier_word(params["carrier"]),
        "month": _month(params),
        "times": f"{10 ** abs(power):,}",
    }
    return _("unit slip?"), text


def _sudden(params: Params) -> tuple[str, str]:
    text = _("%(carrier)s of %(month)s is %(times).1f times a usual month") % {
        "carrier": carrier_word(params["carrier"]),
        "month": _month(params),
        "times": params["times"],
    }
    return _("sudden month"), text


def _peers(params: Params) -> tuple[str, str]:
    if params["times"] > 1:
        above = _("%(times).1f times the median of %(peers)s bodies of its kind (%(median).1f kgce/m²)")
        return _("far above peers"), above % dict(params)
    below = _("%(share)s of the median of %(peers)s bodies of its kind (%(median).1f kgce/m²)")
    return _("far below peers"), below % {**params, "share": formats.percent(params["times"], 0)}


def _change(params: Params) -> tuple[str, str]:
    text = _("energy %(change)+.1f%% on last year") % {"change": params["change"] * 100}
    return (_("rise") if params["change"] > 0 else _("fall")), text


def _missing(params: Params) -> tuple[str, str]:
    months = params["months"]
    carrier = carrier_word(params["carrier"])
    if len(months) > 3:
        text = _("%(carrier)s: %(n)s of %(expected)s months not reported") % {
            "carrier": carrier,
            "n": len(months),
            "expected": params["expected"],
        }
    else:
        listed = _(", ").join(periods.label(month) for month in months)
        text = _("%(carrier)s: %(months)s not reported") % {"carrier": carrier, "months": listed}
    return pgettext("months", "missing"), text


def _price(params: Params) -> tuple[str, str]:
    text = _("%(carrier)s costs %(price).2f, its peers pay %(median).2f CNY a unit") % {
        "carrier": carrier_word(params["carrier"]),
        "price": params["price"],
        "median": params["median"],
    }
    return _("odd price"), text


def _after(params: Params) -> tuple[str, str]:
    text = _(
        "figures of %(n)s months after it was closed do not count: withdraw them, or correct them to its successor"
    )
    return _("after closing"), text % {"n": params["months"]}


_WORDS: dict[str, Callable[[Params], tuple[str, str]]] = {
    "unit_slip": _slip,
    "sudden_month": _sudden,
    "above_peers": _peers,
    "below_peers": _peers,
    "rise": _change,
    "fall": _change,
    "missing_months": _missing,
    "price_high": _price,
    "price_low": _price,
    "after_closing": _after,
}


def worded(finding: Finding, unverified: Unverified) -> Worded:
    """A finding as a person reads it."""
    if is_doubtful(finding, unverified):
        return _doubtful(finding)
    word, text = _WORDS[finding.code](finding.params)
    return Worded(finding.institution, finding.severity, word, text, finding.score)


def by_institution(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    """Findings of each institution, the most important institution first."""
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        found.setdefault(finding.institution, []).append(finding)
    return found


def _carrier(finding: Finding) -> str:
    return str(finding.params["carrier"])


def _months(finding: Finding) -> int:
    months = finding.params["months"]
    return len(months) if isinstance(months, tuple) else 0


def is_doubtful(finding: Finding, unverified: Unverified) -> bool:
    """Whether the months a finding calls missing are there, in a unit nobody has verified."""
    if finding.code != "missing_months":
        return False
    return unverified.get((finding.institution, _carrier(finding)), 0) >= _months(finding)


def _doubtful(finding: Finding) -> Worded:
    text = _("%(carrier)s: %(n)s months reported in a unit that is not verified, so not counted") % {
        "carrier": carrier_word(_carrier(finding)),
        "n": _months(finding),
    }
    return Worded(finding.institution, "warn", _("unit to verify"), text, finding.score)

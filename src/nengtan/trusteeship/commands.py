"""Commands of energy-cost trusteeship."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable
from typing import Any, NoReturn

import click
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nengtan.domain import finance as figures
from nengtan.ledger.typed import number
from nengtan.trusteeship.contract_commands import contract
from nengtan.trusteeship.mv_commands import mv
from nengtan.ui.cli import die, emit_one, format_option, to_json

MOST_YEARS = 100

HEADINGS = {
    "static_payback": gettext_lazy("Payback, years"),
    "dynamic_payback": gettext_lazy("Payback of discounted savings, years"),
    "npv": gettext_lazy("Net present value"),
    "irr": gettext_lazy("Internal rate of return"),
}
WHY = {
    figures.NoRate.NOTHING_PAID: gettext_lazy("nothing is invested"),
    figures.NoRate.NEVER_BACK: gettext_lazy("the savings never bring anything back"),
    figures.NoRate.SEVERAL: gettext_lazy("the cash flow changes its sign more than once, so that no single rate holds"),
}


def _refuse(option: str, found: str, allowed: str) -> NoReturn:
    words = {"option": option, "found": found[:40] or "-", "allowed": allowed}
    die(_("%(option)s: found %(found)s; allowed: %(allowed)s.") % words)


def _number(option: str, text: str, allowed: str, least: float = -math.inf) -> float:
    """A number as people write it: full-width digits, per cent."""
    plain = unicodedata.normalize("NFKC", text).strip().replace("\u2212", "-")
    try:
        held = number(plain.removesuffix("%"))
    except ValueError:
        held = None
    value = math.nan if held is None else float(held) / (100 if plain.endswith("%") else 1)
    if not math.isfinite(value) or value < least:
        _refuse(option, text, allowed)
    return value


@click.command("finance", help=_("What an investment brings: paybacks, net present value, internal rate of return."))
@click.option("--capex", required=True, metavar="N", help=_("What is invested at the beginning."))
@click.option(
    "--cash-flow", required=True, metavar="A,B,C",
    help=_("The net saving at the end of each year, with commas between; 280000*8 is eight years of it."),
)  # fmt: skip
@click.option("--rate", required=True, metavar="R", help=_("Discount rate of a year, such as 0.06 or 6%."))
@format_option
def finance(capex: str, cash_flow: str, rate: str, format: str) -> None:
    """Works without a database."""
    paid = _number("--capex", capex, _("a number of 0 or more"), 0)
    share = _number("--rate", rate, _("a rate above -1, such as 0.06 or 6%"), math.nextafter(-1, 0))
    flows = _flows(cash_flow)
    found = figures.irr(paid, flows)
    told: dict[str, Any] = {
        "static_payback": figures.static_payback(paid, flows),
        "dynamic_payback": figures.dynamic_payback(paid, flows, share),
        "npv": figures.npv(paid, flows, share),
        "irr": found.value,
    }
    if format != "table":
        reason = {} if found.reason is None else {"irr_reason": str(found.reason)}
        told |= {"years": len(flows), **reason}
        click.echo(to_json(told)) if format == "json" else emit_one(told, format)
        return
    never = _("not recovered within %(n)s years") % {"n": len(flows)}
    words: dict[str, Callable[[Any], object]] = {
        "static_payback": "{:.2f}".format,
        "dynamic_payback": "{:.2f}".format,
        "npv": "{:,.2f}".format,
        "irr": "{:.2%}".format,
    }
    nothing = {"static_payback": never, "dynamic_payback": never, "irr": WHY[found.reason] if found.reason else ""}
    shown = {key: words[key](value) if value is not None else nothing[key] for key, value in told.items()}
    emit_one(shown, format, HEADINGS)


def _flows(text: str) -> list[float]:
    """The years of a cash flow; full-width digits, commas and their Chinese brothers are taken as meant."""
    allowed = _("numbers with commas between, such as 280000,280000 or 280000*8")
    found: list[float] = []
    for part in re.split(r"[,;\u3001\uff0c\uff1b]", text):
        amount, times, count = unicodedata.normalize("NFKC", part).partition("*")
        years = int(count) if re.fullmatch(r" *[0-9]{1,3} *", count) else 0 if times else 1
        if not 1 <= years <= MOST_YEARS:
            _refuse("--cash-flow", part, allowed)
        found += [_number("--cash-flow", amount, allowed)] * years
    if len(found) > MOST_YEARS:
        _refuse("--cash-flow", str(len(found)), _("at most %(n)s years") % {"n": MOST_YEARS})
    return found


commands: list[click.Command] = [finance, mv, contract]

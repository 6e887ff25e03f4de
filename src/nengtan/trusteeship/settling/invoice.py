"""The settlement sheet (结算单): what both parties sign, before it becomes a workbook or a document."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from nengtan import __version__
from nengtan.domain.settlement.capitals import capitals
from nengtan.domain.settlement.engine import RULES
from nengtan.domain.settlement.lines import Settlement
from nengtan.domain.settlement.terms import Case, Tax
from nengtan.trusteeship.settling.words import choice, line_word, note
from nengtan.ui.formats import DASH
from nengtan.ui.words import carrier_word

__all__ = ["Invoice", "invoice"]


@dataclass(frozen=True, slots=True)
class Invoice:
    """Heading as label and text, what counts as text, amount [CNY] and clause, sums, the amount in words, notes."""

    title: str
    heading: tuple[tuple[str, str], ...]
    amounts: tuple[tuple[str, Decimal, str], ...]
    sums: tuple[tuple[str, Decimal], ...]
    in_capitals: str
    notes: tuple[str, ...]
    signatures: tuple[tuple[str, str], ...]


def invoice(case: Case, settled: Settlement, made_on: dt.date) -> Invoice:
    """The sheet of a year that was settled; raises `ValueError` for one that was not."""
    if settled.gross is None or settled.balance is None:
        raise ValueError("only what is settled has a settlement sheet")
    contract = case.contract
    sites = {one.site for one in settled.lines if one.site}
    amounts = tuple(
        (_told(one.code, one.about, one.site if len(sites) > 1 else "", one.carrier), one.value, one.clause)
        for one in settled.lines
        if one.counts
    )
    period = {"first": case.period.first, "last": case.period.last, "year": settled.year}
    heading = (
        (_("Contract"), f"{contract.number} {contract.title}".strip()),
        (pgettext("settlement", "Form of the contract"), choice(contract.kind)),
        (_("Client (party A)"), contract.client or DASH),
        (_("Company (party B)"), contract.company or DASH),
        (_("Period settled"), _("%(first)s to %(last)s (year %(year)s of the contract)") % period),
        (_("Terms"), _("version %(version)s") % {"version": contract.version}),
    )
    return Invoice(
        _("Yearly settlement sheet: %(kind)s") % {"kind": choice(contract.kind)},
        heading,
        amounts,
        _sums(case, settled),
        _in_capitals(settled.balance),
        _notes(settled, made_on),
        (
            (_("Party A (seal):"), _("Party B (seal):")),
            (_("Handled by:"), _("Handled by:")),
            (_("Date:"), _("Date:")),
        ),
    )


def _told(code: str, about: str, site: str, carrier: str) -> str:
    of = " ".join(part for part in (site, carrier_word(carrier) if carrier else "") if part)
    word = line_word(code, about)
    return _("%(of)s: %(what)s") % {"of": of, "what": word} if of else word


def _sums(case: Case, settled: Settlement) -> tuple[tuple[str, Decimal], ...]:
    due, gross, paid, balance = (value or Decimal(0) for value in (
        settled.due, settled.gross, settled.paid, settled.balance,
    ))  # fmt: skip
    sums = [(_("Sum due for the year"), due)]
    if case.contract.tax is Tax.ADDED:
        sums += [(_("Tax on top"), settled.tax or Decimal(0)), (_("Sum with tax"), gross)]
    elif case.contract.tax is Tax.INCLUDED and settled.tax:
        sums += [(_("Of it without tax"), settled.net or Decimal(0)), (_("Of it tax"), settled.tax)]
    sums.append((_("Paid already"), paid))
    return *sums, (_("Left to pay to party B") if balance >= 0 else _("To be paid back to party A"), abs(balance))


def _in_capitals(balance: Decimal) -> str:
    words = {"amount": f"{abs(balance):,.2f}", "capitals": capitals(abs(balance))}
    if balance >= 0:
        return _("Left to pay to party B: CNY %(amount)s (%(capitals)s)") % words
    return _("To be paid back to party A: CNY %(amount)s (%(capitals)s)") % words


def _notes(settled: Settlement, made_on: dt.date) -> tuple[str, ...]:
    made = {"version": __version__, "day": made_on, "rules": RULES}
    lines = [note(one) for one in settled.notes]
    numbered = [f"{number}. {line}" for number, line in enumerate(lines, 1)]
    return (
        *([_("What to know:")] if numbered else []),
        *numbered,
        _("Every line that counts is rounded to the cent, halves away from nought; the sum is the sum of the lines."),
        _("Made on %(day)s with nengtan %(version)s, rules %(rules)s. Whoever settles the same figures again gets the "
          "same fingerprints.") % made,
        _("Fingerprint of the figures given: %(hash)s") % {"hash": settled.inputs_hash},
        _("Fingerprint of the result: %(hash)s") % {"hash": settled.result_hash},
    )  # fmt: skip

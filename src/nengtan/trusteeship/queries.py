"""What pages, API and commands read of contracts and settlements."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import fields
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from nengtan.domain.settlement.document import tables
from nengtan.domain.settlement.engine import settle
from nengtan.domain.settlement.lines import Settlement as Settled
from nengtan.domain.settlement.terms import Case
from nengtan.trusteeship.models import Contract, ContractQuerySet, Settlement, SettlementAnswer
from nengtan.trusteeship.services import standing
from nengtan.trusteeship.settling.words import TABLES, choice, column
from nengtan.ui.words import carrier_word

__all__ = ["again", "promised_share", "state_words", "terms_told", "two_sides"]


def again(settlement: Settlement) -> tuple[Case, Settled, bool]:
    """A settlement computed anew from its figures, and whether it comes to the same fingerprints."""
    case = settlement.case
    found = settle(case)
    same = (found.inputs_hash, found.result_hash) == (settlement.inputs_hash, settlement.result_hash)
    return case, found, same


def state_words(contracts: ContractQuerySet) -> dict[str, int]:
    """How many contracts are in each state, in the order of states."""
    held = Counter(contracts.order_by().values_list("state", flat=True))
    return {str(one.label): held[one.value] for one in Contract.State if held[one.value]}


def two_sides(settlement: Settlement) -> str:
    """What each party has said of a settlement."""
    said = standing(settlement.answers.all())
    waiting = _("not answered yet")
    return _("; ").join(
        _("%(party)s: %(answer)s")
        % {"party": side.label, "answer": SettlementAnswer.Kind(said[side]).label if side in said else waiting}
        for side in SettlementAnswer.Side
    )


def terms_told(contract: Contract) -> list[tuple[str, list[str], list[list[str]]]]:
    """The terms in force as tables: title, headings, rows; only columns that say something."""
    latest = contract.versions.order_by("-number").first()
    held = json.loads(latest.document) if latest else {}
    return [_one_table(name, rows) for name in TABLES if (rows := held.get(name))]


def _one_table(name: str, rows: Any) -> tuple[str, list[str], list[list[str]]]:
    """One table, its columns in the order of a workbook's."""
    order = [field.name for field in fields(tables()[name][0])]
    if isinstance(rows, dict):
        told = [[column(name, key), _said(key, rows[key])] for key in order if rows.get(key)]
        return str(TABLES[name]), [], told
    keys = [key for key in order if any(row.get(key) for row in rows)]
    return str(TABLES[name]), [column(name, key) for key in keys], [
        [_said(key, row.get(key, "")) for key in keys] for row in rows
    ]  # fmt: skip


def _said(key: str, value: Any) -> str:
    if isinstance(value, list):
        return _(", ").join(choice(one) for one in value)
    if key == "carrier" and value:
        return carrier_word(str(value))
    return choice(str(value)) if value not in (None, "") else ""


def promised_share(contract: Contract) -> Decimal | None:
    """The share promised to be saved by the terms in force."""
    latest = contract.versions.order_by("-number").first()
    told = json.loads(latest.document)["contract"].get("promised_share") if latest else None
    return None if told is None else Decimal(told)

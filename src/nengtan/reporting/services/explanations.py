"""Explanations answer for figures as they were: what has changed since is asked for anew."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from nengtan.domain.returns.forms.page import Cell
from nengtan.domain.returns.scheme import Edition
from nengtan.ledger.services import bulk
from nengtan.reporting.models import Explanation

__all__ = ["unsettle"]


def unsettle(changed: Mapping[int, Collection[Cell]], edition: Edition) -> None:
    """Ask anew for what was said of cells that have changed, or whose quantity or cost has; cells by return."""
    beside = {cost: quantity for quantity, cost in edition.costs.items()} | dict(edition.costs)
    for chunk in bulk.chunks(sorted(changed)):
        rows = Explanation.objects.filter(of__in=chunk, stands=True).order_by()
        stale = [
            pk
            for pk, of, record, indicator in rows.values_list("pk", "of_id", "record", "indicator")
            if {(record, indicator), (record, beside.get(indicator, ""))} & set(changed[of])
        ]
        Explanation.objects.filter(pk__in=stale).update(stands=False)

"""What is still owed of a body that was closed or merged (注销、合并), and who reports afterwards."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from nengtan.registry.queries.endings import heirs_of
from nengtan.reporting.models import Return

__all__ = ["Closing", "closed_short", "closed_word", "closings"]


@dataclass(frozen=True)
class Closing:
    """When a body ended, the months of the period it lived in (yyyymm), and the bodies it became."""

    on: date
    months: tuple[int, ...]
    heirs: tuple[str, ...] = ()


def closings(returns: Iterable[Return]) -> dict[int, Closing]:
    """Of the returns of closed bodies what is left to report, by return; one query, none where nobody was closed."""
    held = {of.pk: of for of in returns if of.institution.closed_on is not None}
    heirs = heirs_of({of.institution_id for of in held.values()}) if held else {}
    return {
        pk: Closing(of.institution.closed_on, of.months_owed, heirs.get(of.institution_id, ()))
        for pk, of in held.items()
        if of.institution.closed_on is not None
    }


def closed_short(of: Return) -> str:
    """In a list: that the body was closed, and how many months of the period it owes; empty where it was not."""
    on, months = of.institution.closed_on, of.months_owed
    if on is None:
        return ""
    if not months:
        return _("closed on %(on)s, not owed") % {"on": on}
    told = {"on": on, "months": len(months), "of": len(of.period.months)}
    return _("closed on %(on)s, %(months)s of %(of)s months owed") % told


def closed_word(of: Return, closing: Closing) -> str:
    """On the page of a return: what is still owed and who reports from then on."""
    told = {"name": of.institution.name, "on": closing.on, "heirs": _(", ").join(closing.heirs)}
    if not closing.months:
        words = _("“%(name)s” was closed on %(on)s, before this period began: no return is owed, and none is taken.")
    elif len(closing.months) == len(of.period.months):
        words = _("“%(name)s” was closed on %(on)s; this period is owed in full.")
    else:
        words = _("“%(name)s” was closed on %(on)s: of this period it reports %(months)s, %(count)s of %(of)s months.")
        first, last = closing.months[0], closing.months[-1]
        told |= {"months": _span(first, last), "count": len(closing.months), "of": len(of.period.months)}
    if closing.heirs:
        return f"{words % told} {_('From then on %(heirs)s reports.') % told}"
    return f"{words % told} {_('Nobody reports in its place: the register names no successor.')}"


def _span(first: int, last: int) -> str:
    """The first and the last month as they are written: 2025-01 to 2025-05."""
    start, end = (f"{month // 100}-{month % 100:02d}" for month in (first, last))
    return start if start == end else _("%(start)s to %(end)s") % {"start": start, "end": end}

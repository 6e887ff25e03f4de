"""Rent of equipment (融资租赁): an annuity in arrears, to the 分."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from nengtan.domain.periods import first_day, last_day, of_date, shift
from nengtan.domain.settlement.lines import CNY, Figure, Line, Refused, Section, Why
from nengtan.domain.settlement.money import added, compounded, fen, quotient, times
from nengtan.domain.settlement.terms import Case, Lease

__all__ = ["rent_lines", "rent_schedule"]


def rent_schedule(lease: Lease) -> list[tuple[date, Decimal, Decimal, Decimal]]:
    """Every rent: due day, interest, principal, and what is left owing [CNY]; the last rent clears what is left.

    >>> terms = Lease(Decimal(1000), Decimal("0.01"), 3, 1, first_due=date(2025, 1, 31))
    >>> [(f"{due}", interest + paid, left) for due, interest, paid, left in rent_schedule(terms)]
    [('2025-01-31', Decimal('340.02'), Decimal('669.98')),
     ('2025-02-28', Decimal('340.02'), Decimal('336.66')),
     ('2025-03-31', Decimal('340.03'), Decimal('0.00'))]
    """
    if lease.rate:
        kept = added(Decimal(1), -quotient(Decimal(1), compounded(lease.rate, lease.periods)))
        rent = fen(quotient(times(lease.principal, lease.rate), kept))
    else:
        rent = fen(quotient(lease.principal, Decimal(lease.periods)))
    left, found = fen(lease.principal), []
    for at in range(lease.periods):
        interest = fen(times(left, lease.rate))
        paid = left if at == lease.periods - 1 else min(left, added(rent, -interest))
        left = added(left, -paid)
        found.append((_later(lease.first_due, at * lease.months), interest, paid, left))
    return found


def rent_lines(case: Case) -> list[Line]:
    """The rents that fall due in the period; raises `Refused` without the terms of the lease."""
    if case.lease is None:
        raise Refused(Why.LEASE_MISSING)
    lines = []
    for at, (due, interest, paid, left) in enumerate(rent_schedule(case.lease), 1):
        if case.period.first <= due <= case.period.last:
            inputs = (Figure("A", paid, CNY), Figure("i", interest, CNY), Figure("A0", left, CNY))
            lines.append(Line("rent", Section.FEE, added(paid, interest), CNY, "A + i", inputs,
                              about=f"{at}/{case.lease.periods} {due}", counts=True,
                              clause=case.lease.clause))  # fmt: skip
    return lines


def _later(day: date, months: int) -> date:
    """The same day some months on, or the last of a month that is shorter."""
    period = shift(of_date(day), months)
    return first_day(period).replace(day=min(day.day, last_day(period).day))

"""What was used in the period, meter by meter, and at which price."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from nengtan.domain.settlement.lines import CNY, Figure, Line, Note, Noted, Refused, Section, Why
from nengtan.domain.settlement.money import added, quotient, rounded, times
from nengtan.domain.settlement.terms import Account, Case, PriceRule, Use

__all__ = ["PRICE_PLACES", "measured_line", "price_line"]

PRICE_PLACES = 6
_DAY = timedelta(days=1)


def measured_line(case: Case, account: Account) -> tuple[Line | None, list[Note]]:
    """What an account used in the period; None where nothing is told of it.

    The days of each place of metering follow one another without a gap, whatever meter stood there: a row whose meter
    has a name of its own after another meter's last day is its replacement. Raises `Refused` for days that are missing
    or told twice and readings that run back.
    """
    rows = [one for one in case.uses if (one.site, one.carrier) == (account.site, account.carrier)]
    if not rows:
        return None, []
    places: dict[str, list[Use]] = defaultdict(list)
    for one in rows:
        places[_place(one.meter)].append(one)
    notes: list[Note] = []
    for held in places.values():
        held.sort(key=lambda one: one.first)
        _follow(account, held, case.period.first, case.period.last)
        meters = list(dict.fromkeys(one.meter for one in held))
        if len(meters) > 1:
            notes.append(Note(Noted.METER_REPLACED, account.site, account.carrier, " → ".join(meters)))
    ordered = [one for place in sorted(places) for one in places[place]]
    figures = tuple(Figure(f"E{at}", _of_row(account, one), account.unit) for at, one in enumerate(ordered, start=1))
    value = rounded(added(*(figure.value for figure in figures)), case.contract.use_places)
    evidence = tuple(dict.fromkeys(one.evidence for one in ordered))
    formula = " + ".join(figure.symbol for figure in figures)
    line = Line(
        "measured_use", Section.USE, value, account.unit, formula, figures, account.site, account.carrier,
        evidence=evidence,
    )  # fmt: skip
    return line, notes


def price_line(case: Case, account: Account) -> Line:
    """The price of the period [CNY a unit]; raises `Refused` where it is not known."""
    base = Figure("P0", account.base_price, f"{CNY}/{account.unit}")
    formula, value = "P0", account.base_price
    inputs: tuple[Figure, ...] = (base,)
    evidence: tuple[str, ...] = ()
    if account.price_rule is PriceRule.INDEXED:
        index = next((one for one in case.indices if one.code == account.price_index), None)
        if index is None:
            raise Refused(Why.INDEX_MISSING, account.site, account.carrier, account.price_index)
        value = rounded(times(account.base_price, index.value), PRICE_PLACES)
        formula, inputs, evidence = "P0 × I", (base, Figure("I", index.value)), (index.evidence,)
    elif account.price_rule is PriceRule.PASS_THROUGH:
        value, formula, inputs, evidence = _asked(case, account)
    return Line(
        "price", Section.USE, value, f"{CNY}/{account.unit}", formula, inputs, account.site, account.carrier,
        about=str(account.price_rule), clause=account.clause, evidence=evidence,
    )  # fmt: skip


def _place(meter: str) -> str:
    """Where a meter stands: what is before the last ``/`` of its name, so that ``roof/2`` replaces ``roof/1``."""
    return meter.rpartition("/")[0] or meter


def _follow(account: Account, rows: Sequence[Use], first: date, last: date) -> None:
    """Each row begins on the day after the one before it, from the first day of the period to its last."""
    wanted = first
    for one in rows:
        if one.last < one.first or one.first < wanted:
            raise _refused(Why.METER_OVERLAP, account, f"{one.meter}: {one.first}:{one.last}", f"{wanted}")
        if one.first > wanted:
            raise _refused(Why.METER_GAP, account, f"{one.meter}: {one.first}", f"{wanted}")
        wanted = one.last + _DAY
    if wanted != last + _DAY:
        why = Why.METER_GAP if wanted <= last else Why.METER_OVERLAP
        raise _refused(why, account, f"{rows[-1].meter}: {wanted - _DAY}", f"{last}")


def _of_row(account: Account, one: Use) -> Decimal:
    if one.use is not None:
        return one.use
    if one.start is None or one.end is None:
        raise _refused(Why.USE_MISSING, account, f"{one.meter}: {one.first}", "use; start, end")
    if one.end < one.start:
        raise _refused(Why.READING_RUNS_BACK, account, f"{one.meter}: {one.start} > {one.end}")
    return times(added(one.end, -one.start), one.ratio)


def _asked(case: Case, account: Account) -> tuple[Decimal, str, tuple[Figure, ...], tuple[str, ...]]:
    """What the supplier asked on the average: bills less penalties, by what was billed."""
    rows = [one for one in case.prices if (one.site, one.carrier) == (account.site, account.carrier)]
    unit = f"{CNY}/{account.unit}"
    if len(rows) > 1:
        raise _refused(Why.TWICE, account, "prices")
    if rows and rows[0].price is not None:
        return rows[0].price, "P", (Figure("P", rows[0].price, unit),), (rows[0].evidence,)
    if not rows or rows[0].billed is None or rows[0].quantity is None:
        raise _refused(Why.PRICE_MISSING, account, "", "price; billed, quantity")
    one = rows[0]
    billed, quantity = rows[0].billed, rows[0].quantity
    value = rounded(quotient(added(billed, -one.penalties), quantity), PRICE_PLACES)
    inputs = (Figure("C", billed, CNY), Figure("C′", one.penalties, CNY), Figure("Q", quantity, account.unit))
    return value, "(C − C′) / Q", inputs, (one.evidence,)


def _refused(why: Why, account: Account, found: str = "", allowed: str = "") -> Refused:
    return Refused(why, account.site, account.carrier, found, allowed)

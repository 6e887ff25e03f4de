"""From baseline use to adjusted use: what is expected to vary first, then what was not, in one order for everybody.

Weather, area, persons, hours, volume by their factors, then single changes by day and code. Each step is a line with
the use before it, so that the lines add up to the adjusted use. A driver is adjusted for once: not by two factors, not
by a factor and a model that explains it, not by a factor and a single change that comes from it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from nengtan.domain.settlement.lines import Figure, Line, Note, Noted, Refused, Section, Why
from nengtan.domain.settlement.money import added, power, quotient, rounded, times
from nengtan.domain.settlement.terms import Account, Adjustment, Beyond, Case, Driver, DriverValue, Event, Period

__all__ = ["adjusted_lines", "concerns", "mean_of_period"]

_ROUTINE = (Driver.WEATHER, Driver.AREA, Driver.PERSONS, Driver.HOURS, Driver.VOLUME)
_ORDER = list(Driver)


def concerns(row_site: str, row_carrier: str, account: Account) -> bool:
    """Whether a row is about an account; a blank site or carrier is about all of them.

    >>> gas = Account("A", "gas", "m3", Decimal(3))
    >>> concerns("", "gas", gas), concerns("B", "", gas)
    (True, False)
    """
    return row_site in ("", account.site) and row_carrier in ("", account.carrier)


def mean_of_period(values: Sequence[DriverValue], period: Period) -> Decimal | None:
    """What a driver was on the average of the days of a period; None where it is not known from its first day.

    >>> half = [DriverValue("", "", Driver.AREA, date(2025, 1, 1), Decimal(100), evidence="a"),
    ...         DriverValue("", "", Driver.AREA, date(2025, 7, 2), Decimal(200), evidence="b")]
    >>> mean_of_period(half, Period(date(2025, 1, 1), date(2025, 12, 31))).quantize(Decimal("0.0001"))
    Decimal('150.1370')
    """
    dated = sorted(values, key=lambda one: one.since)
    if not dated or dated[0].since > period.first:
        return None
    ends = [one.since for one in dated[1:]] + [period.last + timedelta(days=1)]
    weighted = Decimal(0)
    for one, end in zip(dated, ends, strict=True):
        days = (min(end, period.last + timedelta(days=1)) - max(one.since, period.first)).days
        weighted = added(weighted, times(one.value, Decimal(max(days, 0))))
    return quotient(weighted, Decimal((period.last - period.first).days + 1))


def adjusted_lines(case: Case, account: Account, baseline_use: Decimal) -> tuple[list[Line], list[Note]]:
    """The lines from baseline to adjusted use of an account, that of the adjusted use last.

    Raises `Refused` for a driver that is missing or would be adjusted for twice.
    """
    terms = [one for one in case.adjustments if concerns(one.site, one.carrier, account)]
    terms.sort(key=lambda one: _ORDER.index(one.driver))
    values = {driver: _values(case.drivers, driver, account) for driver in _ROUTINE}
    events = [one for one in case.events if concerns(one.site, one.carrier, account)]
    _check(account, terms, values, events)
    lines: list[Line] = []
    notes: list[Note] = []
    use = baseline_use
    for term in terms:
        line, said = _routine(case, account, term, values[term.driver], use)
        lines.append(line)
        notes += said
        use = added(use, line.value)
    for event in sorted(events, key=lambda one: (one.since, one.code)):
        if not (event.by_client and event.by_company):
            notes.append(Note(Noted.EVENT_NOT_CONFIRMED, account.site, account.carrier, event.code))
            continue
        line = _single(case, account, event)
        lines.append(line)
        use = added(use, line.value)
    formula = "B" + "".join(f" + ΔE{at}" for at in range(1, len(lines) + 1))
    inputs = [Figure("B", baseline_use, account.unit)]
    inputs += [Figure(f"ΔE{at}", line.value, account.unit) for at, line in enumerate(lines, 1)]
    lines.append(
        Line("adjusted_use", Section.USE, use, account.unit, formula, tuple(inputs), account.site, account.carrier)
    )
    return lines, notes


def _values(rows: Iterable[DriverValue], driver: Driver, account: Account) -> list[DriverValue]:
    """What is told of a driver most closely: of this carrier of this site, of the site, of the carrier, of all."""
    held = [one for one in rows if one.driver is driver and concerns(one.site, one.carrier, account)]
    closest = max(((bool(one.site), bool(one.carrier)) for one in held), default=None)
    return [one for one in held if (bool(one.site), bool(one.carrier)) == closest]


def _check(
    account: Account, terms: Sequence[Adjustment], values: dict[Driver, list[DriverValue]], events: Sequence[Event]
) -> None:
    for term in terms:
        if term.driver not in _ROUTINE:
            raise _refused(Why.NOT_A_ROUTINE_DRIVER, account, term.driver, ", ".join(_ROUTINE))
    by_factor = [term.driver for term in terms]
    explained = {driver for term in terms for one in values[term.driver] for driver in one.explains}
    single = {event.driver for event in events} - {Driver.EQUIPMENT, Driver.OTHER}
    held = Counter([*by_factor, *explained, *single])
    twice = [driver for driver in Driver if held[driver] > 1]
    if twice:
        raise _refused(Why.DRIVER_TWICE, account, ", ".join(twice))
    codes = Counter(event.code for event in events)
    again = sorted(code for code, count in codes.items() if count > 1)
    if again:
        raise _refused(Why.TWICE, account, ", ".join(again))


def _routine(
    case: Case, account: Account, term: Adjustment, values: list[DriverValue], use: Decimal
) -> tuple[Line, list[Note]]:
    days = Counter(one.since for one in values)
    if any(count > 1 for count in days.values()):
        raise _refused(Why.TWICE, account, f"{term.driver}: {max(days, key=lambda day: days[day])}")
    now = mean_of_period(values, case.period)
    if now is None:
        first = min((one.since for one in values), default=None)
        raise _refused(Why.DRIVER_MISSING, account, term.driver, "" if first is None else f"{first}")
    notes: list[Note] = []
    within = [one for one in values if case.period.first < one.since <= case.period.last]
    if within:
        shown = rounded(now, 4)
        notes.append(Note(Noted.DRIVER_CHANGED, account.site, account.carrier, term.driver, shown))
    base, still = term.base, abs(now - term.base) <= times(term.dead_band, term.base)
    if still and now != base:
        notes.append(Note(Noted.WITHIN_DEAD_BAND, account.site, account.carrier, term.driver, rounded(now, 4)))
    factor = rounded(_factor(term, now, still), case.contract.factor_places)
    value = rounded(times(use, added(factor, Decimal(-1))), case.contract.use_places)
    x = "W" if term.driver is Driver.WEATHER else "X"
    inputs = (
        Figure("E", use, account.unit), Figure("f", factor), Figure(x, rounded(now, 6)), Figure(f"{x}0", base),
        Figure("k", term.weight), *([Figure("δ", term.dead_band)] if term.dead_band else []),
    )  # fmt: skip
    used = [one for one, end in _spans(values) if end is None or end > case.period.first]
    evidence = tuple(dict.fromkeys(one.evidence for one in used if one.since <= case.period.last))
    line = Line(
        f"adjust_{term.driver}", Section.USE, value, account.unit, "E × (f − 1)", inputs, account.site,
        account.carrier, about=_shape(term, still), clause=term.clause, evidence=evidence,
    )  # fmt: skip
    return line, notes


def _spans(values: list[DriverValue]) -> list[tuple[DriverValue, date | None]]:
    """Values in the order of their days, each with the day the next one holds from."""
    dated = sorted(values, key=lambda one: one.since)
    ends: list[date | None] = [later.since for _earlier, later in pairwise(dated)]
    return list(zip(dated, [*ends, None], strict=True))


def _shape(term: Adjustment, still: bool) -> str:
    """How the factor came: the formula of `f`."""
    if still:
        return "f = 1"
    x = "W" if term.driver is Driver.WEATHER else "X"
    changed = f"{x} / {x}0"
    if term.dead_band and term.beyond is Beyond.EXCESS:
        changed = f"({x} / {x}0 ∓ δ)"
    return f"f = 1 + k × ({changed} − 1)" if term.driver is Driver.WEATHER else f"f = ({changed}) ^ k"


def _factor(term: Adjustment, now: Decimal, still: bool) -> Decimal:
    if still:
        return Decimal(1)
    changed = quotient(now, term.base)
    if term.beyond is Beyond.EXCESS:
        changed = added(changed, -term.dead_band if changed > 1 else term.dead_band)
    if term.driver is Driver.WEATHER:
        return added(Decimal(1), times(term.weight, rounded(added(changed, Decimal(-1)), 20)))
    return power(changed, term.weight)


def _single(case: Case, account: Account, event: Event) -> Line:
    if event.since > case.period.last:
        raise _refused(Why.EVENT_OUTSIDE_PERIOD, account, f"{event.code}: {event.since}", f"{case.period.last}")
    if event.use is not None:
        value, formula = event.use, "ΔE"
        inputs: tuple[Figure, ...] = (Figure("ΔE", event.use, account.unit),)
    elif event.kw is not None and event.hours is not None and event.load is not None:
        value, formula = times(event.kw, event.hours, event.load), "P × h × η"
        inputs = (Figure("P", event.kw, "kW"), Figure("h", event.hours, "h"), Figure("η", event.load))
    else:
        raise _refused(Why.EVENT_WITHOUT_AMOUNT, account, event.code, "use; kw, hours, load")
    return Line(
        "event", Section.USE, rounded(value, case.contract.use_places), account.unit, formula, inputs, account.site,
        account.carrier, about=f"{event.code} {event.title}".strip(), clause=event.clause, evidence=(event.evidence,),
    )  # fmt: skip


def _refused(why: Why, account: Account, found: str = "", allowed: str = "") -> Refused:
    return Refused(why, account.site, account.carrier, found, allowed)

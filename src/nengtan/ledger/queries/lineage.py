"""Where a figure comes from: formula with numbers, factor versions, facts, evidence, and what was left out and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Count
from django.utils.translation import gettext as _

from nengtan import reference
from nengtan.domain import periods
from nengtan.domain.accounts import Line, Term, account_lines
from nengtan.domain.change import Coverage
from nengtan.domain.factors import Chooser, Factor
from nengtan.domain.overtime import SINCE_ALWAYS, series, year_mean
from nengtan.identity.access import Actor, Forbidden
from nengtan.identity.roles import Capability
from nengtan.ledger.models import ActivityFact, YearClosing
from nengtan.ledger.queries.accounts import Account, AccountRow, accounts, at_the_door
from nengtan.ledger.queries.bodies import as_kept
from nengtan.ledger.queries.choosing import Choosers
from nengtan.ledger.queries.history import known_tellers
from nengtan.ledger.queries.selection import Selection, books_of, facts_of
from nengtan.ledger.services import bulk
from nengtan.registry.models import Attribute, Institution, Region
from nengtan.registry.regions import near_words

UNITS = {
    "energy_tce": "tce",
    "energy_tce_primary": "tce",
    "co2_t": "tCO₂",
    "co2_scope1_t": "tCO₂",
    "co2_scope2_t": "tCO₂",
    "water_m3": "m³",
    "cost_cny": "CNY",
    "electricity_kwh": "kWh",
    "area_m2": "m²",
    "persons": "",
    "kgce_per_m2": "kgce/m²",
    "kgce_per_person": "kgce",
    "m3_per_person": "m³",
    "kgco2_per_m2": "kgCO₂/m²",
    "kwh_per_m2": "kWh/m²",
    "coverage": "",
}
"""Every measure that can be explained, with its unit."""

_NUMERATOR = {
    "kgce_per_m2": ("energy_tce", "area_m2"),
    "kgce_per_person": ("energy_tce", "persons"),
    "m3_per_person": ("water_m3", "persons"),
    "kgco2_per_m2": ("co2_t", "area_m2"),
    "kwh_per_m2": ("electricity_kwh", "area_m2"),
}
"""What each intensity divides by what."""

FACTS_SHOWN = 30
PARTS_SHOWN = 300


@dataclass(frozen=True)
class FormulaLine:
    """One product: ``quantity`` × ``factor`` = ``value``; a sum has lines without factor."""

    carrier: str
    place: str
    quantity: Decimal | None
    unit: str
    value: Decimal | None
    factor: Factor | None = None
    rule: str = ""
    place_level: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Held:
    """A dated value of the register and the months (yyyymm) of the year in which it held, out of those that count."""

    institution: str
    since: date
    value: Decimal
    source: str
    first: int
    last: int
    months: int


@dataclass(frozen=True)
class Denominator:
    """What an intensity divides by: the mean of the months of the year, of a month its own value, and those behind it.

    ``lacking``: institutions of which it is not known; what they used is in the numerator all the same.
    """

    measure: str
    value: Decimal | None
    entries: tuple[Held, ...] = ()
    lacking: int = 0


@dataclass(frozen=True)
class Part:
    """An institution's or region's contribution to a figure."""

    key: str
    label: str
    value: Decimal | None


@dataclass(frozen=True)
class Explanation:
    """The lineage of one figure (数据溯源)."""

    measure: str
    selection: Selection
    value: Decimal | None
    unit: str
    lines: tuple[FormulaLine, ...]
    numerator: Decimal | None = None
    denominator: Denominator | None = None
    parts: tuple[Part, ...] = ()
    parts_are: str = ""
    facts: tuple[ActivityFact, ...] = ()
    fact_count: int = 0
    uncounted: tuple[ActivityFact, ...] = ()
    uncounted_by_standing: tuple[tuple[int, int], ...] = ()
    coverage: Coverage = field(default_factory=lambda: Coverage(0, 0))
    closing: YearClosing | None = None
    partial: bool = False

    @property
    def factors(self) -> tuple[FormulaLine, ...]:
        """The lines whose factors differ, each once."""
        return tuple({line.factor.id: line for line in self.lines if line.factor}.values())

    @property
    def missing(self) -> tuple[FormulaLine, ...]:
        """The lines that have no value, and so are in no total."""
        return tuple(line for line in self.lines if line.reason)

    def as_dict(self) -> dict[str, Any]:
        """The lineage as the command and the API print it."""
        return {
            "measure": self.measure,
            "subject": {"code": self.selection.subject.code, "name": str(self.selection.subject)},
            "year": self.selection.year,
            "month": self.selection.month,
            "carrier": self.selection.carrier or None,
            "type": self.selection.kind or None,
            "value": _number(self.value, self.measure),
            "unit": self.unit,
            "numerator": _number(self.numerator),
            "denominator": _denominator(self.denominator),
            "formula": [_line(line) for line in self.lines],
            "coverage": _number(self.coverage.share),
            "parts": [
                {"code": part.key, "name": part.label, "value": _number(part.value, self.measure)}
                for part in self.parts
            ],
            "facts": fact_dicts(self.facts),
            "fact_count": self.fact_count,
            "not_counted": fact_dicts(self.uncounted),
            "closed": self.closing.closed_at.isoformat() if self.closing else None,
        }


def _number(value: Decimal | None, measure: str = "") -> Decimal | None:
    return None if value is None else at_the_door(value, measure)


def _denominator(found: Denominator | None) -> dict[str, Any] | None:
    if found is None:
        return None
    entries = [
        {
            "institution": held.institution,
            "from": None if held.since == SINCE_ALWAYS else held.since.isoformat(),
            "value": held.value,
            "source": held.source,
            "held": {"first": held.first, "last": held.last, "months": held.months},
        }
        for held in found.entries
    ]
    value = _number(found.value, found.measure)
    return {"measure": found.measure, "value": value, "entries": entries, "lacking": found.lacking}


def _line(line: FormulaLine) -> dict[str, Any]:
    factor = line.factor
    told = (
        {key: getattr(factor, key) for key in ("id", "value", "unit", "per_unit", "region", "year", "source", "url")}
        if factor
        else None
    )
    if told is not None and factor is not None:
        told |= {"confidence": str(factor.confidence), "rule": line.rule, "place_level": line.place_level}
    return {
        "carrier": line.carrier,
        "quantity": _number(line.quantity),
        "unit": line.unit,
        "factor": told,
        "value": _number(line.value),
        "missing": line.reason or None,
    }


def fact_dicts(facts: Iterable[ActivityFact]) -> list[dict[str, Any]]:
    """Facts as the command and the API print them, with who entered each."""
    told: list[dict[str, Any]] = []
    for chunk in bulk.chunks(list(facts)):
        names = known_tellers(chunk)
        told += [_fact_dict(fact, names[fact.pk]) for fact in chunk]
    return told


def fact_dict(fact: ActivityFact) -> dict[str, Any]:
    """A fact as the command and the API print it."""
    return fact_dicts([fact])[0]


def _fact_dict(fact: ActivityFact, teller: str | None) -> dict[str, Any]:
    return {
        "id": fact.pk,
        "institution": {"code": fact.institution.code, "name": fact.institution.name},
        "carrier": fact.carrier,
        "period": fact.period,
        "quantity": fact.quantity,
        "unit": reference.carriers()[fact.carrier].unit,
        "entered_quantity": fact.entered_quantity,
        "entered_unit": fact.entered_unit,
        "cost_cny": fact.cost,
        "origin": fact.origin,
        "bill_no": fact.bill_no,
        "standing": ActivityFact.Standing(fact.standing).name.lower(),
        "evidence": fact.evidence.name if fact.evidence else None,
        "source_row": fact.source_row,
        "entered_by": teller,
        "entered_at": fact.entered_at.isoformat(),
        "supersedes": fact.supersedes_id,
        "allocated_from": fact.allocated_from_id,
        "note": fact.note,
    }


def explain(actor: Actor, measure: str, selection: Selection) -> Explanation:
    """Everything behind one figure of the accounts.

    Raises:
        Forbidden: the actor may not see the subject, or may not open figures.
        ValueError: the measure is none of :data:`UNITS`.
    """
    if measure not in UNITS:
        raise ValueError(f"found {measure!r}; allowed: {', '.join(UNITS)}")
    actor.require(Capability.VIEW_LINEAGE)
    by = _parts_by(actor, selection)
    choosers = Choosers.now()
    account = _account(actor, selection, by, choosers)
    upper, lower = _NUMERATOR.get(measure, (measure, ""))
    facts = _facts(actor, selection, upper)
    shown = facts.counting()
    uncounted = facts.exclude(standing=ActivityFact.Standing.COUNTS)
    by_standing = dict(facts.order_by("standing").values_list("standing").annotate(Count("id")))
    return Explanation(
        measure,
        selection,
        value_of(account.total, measure),
        UNITS[measure],
        _lines(account.total, upper, choosers.chooser(selection.year)),
        numerator=value_of(account.total, upper) if lower else None,
        denominator=_below(
            actor, account.total, lower or (measure if measure in ("area_m2", "persons") else ""), selection
        ),
        parts=tuple(Part(row.key, row.label, value_of(row, measure)) for row in account.rows[:PARTS_SHOWN]),
        parts_are=by or "",
        facts=tuple(_with_evidence(shown)[:FACTS_SHOWN]),
        fact_count=by_standing.pop(ActivityFact.Standing.COUNTS, 0),
        uncounted=tuple(_with_evidence(uncounted)[:FACTS_SHOWN]),
        uncounted_by_standing=tuple(by_standing.items()),
        coverage=account.total.bodies.coverage,
        closing=account.closing,
        partial=account.partial,
    )


def _account(actor: Actor, selection: Selection, by: str | None, choosers: Choosers) -> Account:
    return accounts(
        actor,
        selection.year,
        region=selection.region,
        institution=selection.institution,
        by=by,
        kind=selection.kind,
        carrier=selection.carrier,
        month=selection.month,
        choosers=choosers,
    )


def _parts_by(actor: Actor, selection: Selection) -> str | None:
    """A region opens into its institutions while they are few, else into those below; an institution into months."""
    if selection.institution is not None:
        return None if selection.month else "month"
    few = books_of(actor, selection).count() <= PARTS_SHOWN
    return "institution" if few and actor.can(Capability.VIEW_DETAIL) else "region"


def value_of(row: AccountRow, measure: str) -> Decimal | None:
    """A measure of a row, by its fixed name."""
    if measure == "energy_tce_primary":
        return row.primary_tce
    if measure == "coverage":
        return row.bodies.coverage.share
    if measure in ("area_m2", "persons"):
        return getattr(row.bodies, measure)
    found = row.intensities if measure in _NUMERATOR else row.figures
    return getattr(found, measure)


def _lines(row: AccountRow, measure: str, chooser: Chooser) -> tuple[FormulaLine, ...]:
    if measure in ("area_m2", "persons", "coverage"):
        return ()
    lines = account_lines(row.uses, reference.carriers(), chooser)
    found = [_formula(line, measure) for line in lines]
    return tuple(line for line in found if line is not None)


def _formula(line: Line, measure: str) -> FormulaLine | None:
    use, carrier = line.use, line.carrier
    place = use.chain[0] if use.chain else ""
    if measure == "cost_cny":
        return (
            None if carrier.is_memo or use.cost is None else FormulaLine(use.carrier, place, use.cost, "CNY", use.cost)
        )
    if measure == "water_m3":
        return FormulaLine(use.carrier, place, use.quantity, carrier.unit, use.quantity) if carrier.is_water else None
    if measure == "electricity_kwh":
        return (
            FormulaLine(use.carrier, place, use.quantity, carrier.unit, use.quantity)
            if carrier.code == "electricity"
            else None
        )
    term = _term(line, measure)
    if term is None:
        return None
    choice = term.choice
    return FormulaLine(
        use.carrier,
        place,
        use.quantity,
        carrier.unit,
        term.value,
        term.factor,
        str(choice.rule) if choice else "",
        str(choice.place_level) if choice else "",
        str(term.reason or ""),
    )


def _term(line: Line, measure: str) -> Term | None:
    if measure == "energy_tce":
        return line.energy
    if measure == "energy_tce_primary":
        return line.energy_primary
    scope = {"co2_scope1_t": 1, "co2_scope2_t": 2}.get(measure)
    return line.co2 if scope is None or line.carrier.scope == scope else None


def _facts(actor: Actor, selection: Selection, measure: str) -> Any:
    facts = facts_of(actor, selection, counting=False)
    carriers: Sequence[str] = [
        carrier.code for carrier in reference.carriers().values() if _takes_part(carrier.code, measure)
    ]
    return facts.filter(carrier__in=carriers)


def _takes_part(code: str, measure: str) -> bool:
    carrier = reference.carriers()[code]
    if measure in ("area_m2", "persons", "coverage"):
        return measure == "coverage"
    if measure == "cost_cny":
        return not carrier.is_memo
    if measure == "water_m3":
        return carrier.is_water
    if measure == "electricity_kwh":
        return code == "electricity"
    scope = {"co2_scope1_t": 1, "co2_scope2_t": 2}.get(measure)
    return carrier.is_energy and (scope is None or carrier.scope == scope)


def _with_evidence(facts: Any) -> Any:
    related = (
        "institution",
        "evidence",
        "entered_by",
        "building",
        "meter",
        "supersedes",
        "allocated_from__institution",
    )
    return facts.select_related(*related).order_by("institution__code", "carrier", "period", "id")


def _below(actor: Actor, row: AccountRow, measure: str, selection: Selection) -> Denominator | None:
    if not measure:
        return None
    value = value_of(row, measure)
    lacking = row.bodies.without_area if measure == "area_m2" else row.bodies.without_persons
    columns = ("institution_id", "first_period", "last_period", measure)
    books = list(books_of(actor, selection).values_list(*columns)[: FACTS_SHOWN + 1])
    if len(books) > FACTS_SHOWN or not actor.can(Capability.VIEW_DETAIL):
        return Denominator(measure, value, lacking=lacking)
    first_asked, last_asked = selection.periods
    kept = {
        body: (list(periods.months_between(first, last)), amount)
        for body, first, last, amount in books
        if first <= last_asked and last >= first_asked
    }
    entries = Attribute.objects.filter(institution_id__in=kept, key=measure, valid_from__year__lte=selection.year)
    dated = entries.select_related("institution").order_by("institution__code", "valid_from")
    return Denominator(measure, value, tuple(_held(dated, kept, selection)), lacking)


Kept = tuple[list[int], Decimal | None]
"""The months a body existed in, and the mean of them that its book of the year has."""


def _held(entries: Iterable[Attribute], kept: Mapping[int, Kept], selection: Selection) -> Iterator[Held]:
    """The entries that held in any of the months asked about of their institution, each with those months.

    Where the register no longer says what the book was drawn with (its year was closed first), the book is told.
    """
    by_body: dict[int, list[Attribute]] = defaultdict(list)
    for entry in entries:
        by_body[entry.institution_id].append(entry)  # type: ignore[index]
    for body, dated in by_body.items():
        span, amount = kept[body]
        who = str(dated[0].institution)
        mean = year_mean(series((entry.valid_from, entry.value) for entry in dated), selection.year, span)
        if as_kept(mean) != as_kept(amount):
            if amount is not None:
                begun = periods.first_day(span[0])
                yield Held(
                    who, begun, amount, _("as closed; the register was changed later"), span[0], span[-1], len(span)
                )
            continue
        of = series((entry.valid_from, entry) for entry in dated)
        months: dict[int, list[int]] = defaultdict(list)
        for period in periods.months_between(*selection.periods):
            held = of.month_value(period)
            if held is not None and period in span:
                months[held.pk].append(period)
        for entry in dated:
            if found := months[entry.pk]:
                yield Held(who, entry.valid_from, entry.value, entry.source, found[0], found[-1], len(found))


class WrongPart(ValueError):
    """A part of a selection that cannot be taken; ``field`` is its name in addresses."""

    def __init__(self, field: str, words: str) -> None:
        super().__init__(words)
        self.field = field


def selection_from(actor: Actor, values: dict[str, str]) -> Selection:
    """A selection as addresses and commands write it: region or institution, year, month, carrier, type.

    Raises:
        WrongPart: names what was found and what is allowed.
        Forbidden: the subject is not visible to the actor, or is not there.
    """
    year, month = _whole(values, "year", 1990, 2100), _whole(values, "month", 1, 12)
    if year is None:
        raise WrongPart(
            "year", _wrong(_("Year"), "", _("a whole number from %(low)s to %(high)s") % {"low": 1990, "high": 2100})
        )
    if values.get("carrier") and values["carrier"] not in reference.carriers():
        raise WrongPart("carrier", _wrong(_("Carrier"), values["carrier"], ", ".join(reference.carriers())))
    region = institution = None
    if values.get("institution"):
        institution = (
            Institution.objects.for_actor(actor, Capability.VIEW_DETAIL).filter(code=values["institution"]).first()
        )
        if institution is None:
            raise Forbidden(Capability.VIEW_DETAIL)
    else:
        region = Region.objects.filter(code=values.get("region", "")).first()
        if region is None:
            text = values.get("region", "")
            raise WrongPart("region", _wrong(_("Region"), text, _("the code of a region")) + near_words(text))
    return Selection(year, region, institution, values.get("type", ""), values.get("carrier", ""), month)


def _wrong(name: str, found: str, allowed: str) -> str:
    """What is wrong with a part of a selection, for whoever wrote it."""
    return _("%(option)s: found “%(found)s”; allowed: %(allowed)s.") % {
        "option": name,
        "found": found,
        "allowed": allowed,
    }


def _whole(values: dict[str, str], name: str, low: int, high: int) -> int | None:
    text = str(values.get(name) or "")
    if not text:
        return None
    if not text.isdecimal() or not low <= int(text) <= high:
        label = _("Year") if name == "year" else _("Month")
        allowed = _("a whole number from %(low)s to %(high)s") % {"low": low, "high": high}
        raise WrongPart(name, _wrong(label, text, allowed))
    return int(text)

"""Where a figure comes from, in the drawer and on a page of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlencode

from django.http import Http404, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from nengtan import reference
from nengtan.domain import periods
from nengtan.domain.overtime import SINCE_ALWAYS
from nengtan.identity.access import Forbidden
from nengtan.identity.doors import ActorRequest, page
from nengtan.identity.roles import Capability
from nengtan.ledger.models import ActivityFact
from nengtan.ledger.pages.cells import fact_url, part_words
from nengtan.ledger.queries.accounts import at_the_door
from nengtan.ledger.queries.history import tellers
from nengtan.ledger.queries.lineage import UNITS, Explanation, FormulaLine, explain, selection_from
from nengtan.ledger.queries.selection import Selection
from nengtan.ledger.words import (
    CONFIDENCE,
    KINDS,
    MEASURES,
    PLACE_LEVELS,
    REASONS,
    RULES,
    held_words,
    lacking_words,
    measure_unit,
    origin_word,
    place_words,
    source_words,
    weight,
)
from nengtan.registry.models import Region
from nengtan.registry.since import since_word
from nengtan.ui import formats
from nengtan.ui.components import Crumb, EvidenceItem
from nengtan.ui.words import carrier_word, kind_word, unit_word

PARTS_SHOWN = 12
FACTS_SHOWN = 15
SHOWN_LINES = 12
"""Products written out in the formula; the rest is told as a number of lines."""


def explain_url(selection: Selection, measure: str, **more: str) -> str:
    """The address of a figure's lineage."""
    where = {"institution": selection.institution.code} if selection.institution else {"region": selection.subject.code}
    values = {
        **where,
        "year": str(selection.year),
        "measure": measure,
        "type": selection.kind,
        "carrier": selection.carrier,
        "month": str(selection.month or ""),
        **more,
    }
    return f"{reverse('explain')}?{urlencode({name: value for name, value in values.items() if value})}"


@page(Capability.VIEW_LINEAGE)
def explain_page(request: ActorRequest) -> HttpResponseBase:
    """The lineage of one figure: ?region= or ?institution=, year, measure, and month, carrier, type."""
    measure = request.GET.get("measure", "energy_tce")
    try:
        selection = selection_from(request.actor, request.GET.dict())
        found = explain(request.actor, measure, selection)
    except ValueError as error:
        raise Http404(str(error)) from error
    except Forbidden as error:
        raise Http404(_("There is no such figure, or it is not yours to open.")) from error
    return render(request, "ledger/explain.html", context_of(found))


def context_of(found: Explanation) -> dict[str, object]:
    """What the template shows of a lineage."""
    selection = found.selection
    parts = _parts(found)
    left_out = [fact for fact in found.uncounted if not _replaced(fact)]
    names = tellers(_all(found))
    places = place_words(
        {line.factor.region for line in found.lines if line.factor} | {line.place for line in found.lines}
    )
    return {
        "found": found,
        "unit": measure_unit(found.measure),
        "measure": MEASURES[found.measure],
        "subject": subject_words(selection, found.measure),
        "formula": _formula(found, places),
        "factors": [_factor(line, places) for line in found.factors],
        "missing": [
            EvidenceItem(carrier_word(line.carrier), str(REASONS.get(line.reason, line.reason)), judgement="warn")
            for line in found.missing
        ],
        "denominator": _denominator(found),
        "below": _below(found),
        "below_note": _("on the last day of the month") if selection.month else _("mean over the months of the year"),
        "parts": parts[:PARTS_SHOWN],
        "more_parts": parts[PARTS_SHOWN:],
        "facts": [_fact(fact, names) for fact in found.facts[:FACTS_SHOWN]],
        "facts_note": _("%(count)s records") % {"count": formats.fixed(found.fact_count, 0)},
        "corrections": _corrections(found, names),
        "uncounted": [_fact(fact, names, fact.get_standing_display()) for fact in left_out[:FACTS_SHOWN]],
        "uncounted_counts": [
            (ActivityFact.Standing(standing).label, count) for standing, count in found.uncounted_by_standing
        ],
        "all_facts": _all_facts_url(selection),
        "closed": found.closing,
        "crumbs": [Crumb(_("Where this figure comes from"))],
        "coverage": _("%(present)s of %(expected)s months reported")
        % {"present": found.coverage.present, "expected": found.coverage.expected},
        "notice": selection.region.notice if selection.region else _notice(selection),
    }


def subject_words(selection: Selection, measure: str) -> str:
    """Whose figure it is, of when, and which."""
    when = f"{selection.year}-{selection.month:02d}" if selection.month else str(selection.year)
    cuts = [
        kind_word(selection.kind) if selection.kind else "",
        carrier_word(selection.carrier) if selection.carrier else "",
    ]
    return " · ".join(word for word in [str(selection.subject), when, *cuts, str(MEASURES[measure])] if word)


def _notice(selection: Selection) -> str:
    return selection.institution.region.notice if selection.institution else ""


@dataclass(frozen=True)
class FormulaText:
    """The formula with letters, with numbers, and its clause."""

    pattern: str
    lines: tuple[str, ...]
    more: int
    note: str


_PATTERNS = {
    "energy_tce": "GB/T 2589",
    "energy_tce_primary": "GB/T 2589",
    "co2_t": "JS/T 303",
    "co2_scope1_t": "JS/T 303",
    "co2_scope2_t": "JS/T 303",
}
"""The standard behind a formula."""


def _formula(found: Explanation, places: dict[str, str] | object) -> FormulaText | None:
    if found.denominator is not None and found.numerator is not None:
        below = found.denominator
        times = " × 1,000" if UNITS[found.measure].startswith("kg") else ""
        numbers = (
            f"{formats.exact(_shown(found.numerator))}{times} ÷ {formats.exact(_shown(below.value, below.measure))}"
        )
        pattern = f"{MEASURES[found.measure]} = {_('total')} ÷ {MEASURES[below.measure]}"
        return FormulaText(pattern, (numbers, *_products(found)[:SHOWN_LINES]), 0, _("added up first, divided last"))
    if not found.lines:
        return None
    products = _products(found)
    plain_sum = all(line.factor is None for line in found.lines)
    pattern = _("Σ figures that count") if plain_sum else _("Σ quantity × factor")
    return FormulaText(
        pattern, products[:SHOWN_LINES], max(len(products) - SHOWN_LINES, 0), _PATTERNS.get(found.measure, "")
    )


def _products(found: Explanation) -> tuple[str, ...]:
    return tuple(_product(line) for line in found.lines if not line.reason)


def _product(line: FormulaLine) -> str:
    quantity = f"{formats.exact(line.quantity)} {unit_word(line.unit)}"
    if line.factor is None:
        return quantity
    return f"{quantity} × {formats.exact(line.factor.value)}"


def _shown(value: Decimal | None, measure: str = "") -> Decimal | None:
    return None if value is None else at_the_door(value, measure)


def _factor(line: FormulaLine, places: object) -> EvidenceItem:
    factor = line.factor
    if factor is None:
        return EvidenceItem("")
    named = places.get(factor.region, factor.region) if isinstance(places, dict) else factor.region
    judgement, sure = CONFIDENCE.get(str(factor.confidence), ("muted", str(factor.confidence)))
    year = f" {factor.year}" if factor.year else ""
    note = " · ".join(
        str(word)
        for word in (
            f"{named}{year}", PLACE_LEVELS.get(line.place_level, ""), RULES.get(line.rule, line.rule),
            source_words(factor.source),
        )
        if word
    )  # fmt: skip
    unit = f"{weight(factor.unit)}/{unit_word(factor.per_unit)}"
    text = f"{carrier_word(factor.carrier)} {formats.exact(factor.value)} {unit}"
    kind = KINDS.get(str(factor.kind), "")
    link = reverse("factor", args=[factor.id])
    return EvidenceItem(text, f"{kind} · {note}", link, sure, judgement)  # type: ignore[arg-type]


def _below(found: Explanation) -> str:
    if found.denominator is None:
        return ""
    measure = found.denominator.measure
    return f"{formats.exact(_shown(found.denominator.value, measure))} {measure_unit(measure)}".strip()


def _denominator(found: Explanation) -> list[EvidenceItem]:
    if found.denominator is None:
        return []
    unit = measure_unit(found.denominator.measure)
    items = []
    for held in found.denominator.entries:
        since = _("from %(day)s") % {"day": held.since} if held.since != SINCE_ALWAYS else since_word(held.since)
        note = " · ".join(word for word in (since, held_words(held), held.source) if word)
        items.append(EvidenceItem(f"{held.institution} {formats.exact(held.value)} {unit}".strip(), note))
    if lacking := lacking_words(found.denominator):
        items.append(EvidenceItem(lacking, judgement="warn"))
    return items


def _parts(found: Explanation) -> list[dict[str, object]]:
    by_size = sorted(found.parts, key=lambda part: part.value or Decimal(-1), reverse=True)
    parts = found.parts if found.parts_are == "month" else by_size
    return [{"label": part.label, "value": part.value, "url": _part_url(found, part.key)} for part in parts]


def _part_url(found: Explanation, key: str) -> str:
    selection = found.selection
    if found.parts_are == "institution":
        return explain_url(selection, found.measure, region="", institution=key)
    if found.parts_are == "region":
        if key == selection.subject.code and len(selection.regions) > 1:  # what stands directly in it has no page
            return ""
        return explain_url(selection, found.measure, region=key)
    return explain_url(selection, found.measure, month=str(int(key) % 100))


def _fact(fact: ActivityFact, names: Mapping[int, str], standing: str = "") -> EvidenceItem:
    unit = unit_word(reference.carriers()[fact.carrier].unit)
    quantity = f"{formats.exact(fact.quantity)} {unit}"
    if fact.quantity is None:
        quantity = _("unit not verified: %(found)s") % {"found": fact.entered_quantity or formats.DASH}
    money = f"¥{formats.fixed(fact.cost, 2)}" if fact.cost is not None else ""
    text = " ".join(word for word in (periods.label(fact.period), carrier_word(fact.carrier), quantity, money) if word)
    by = f"{names[fact.pk]} {localtime(fact.entered_at):%Y-%m-%d}"
    proof = f"{fact.evidence.name} {fact.source_row}".strip() if fact.evidence else ""
    shared = (
        _("part of the bill of %(body)s") % {"body": fact.allocated_from.institution} if fact.allocated_from else ""
    )
    note = " · ".join(
        word
        for word in (fact.institution.name, origin_word(fact.origin), part_words(fact), shared, fact.bill_no, proof, by)
        if word
    )
    return EvidenceItem(text, note, fact_url(fact), standing, "muted")


def _replaced(fact: ActivityFact) -> bool:
    return fact.standing in (ActivityFact.Standing.SUPERSEDED, ActivityFact.Standing.WITHDRAWN)


def _corrections(found: Explanation, names: Mapping[int, str]) -> list[EvidenceItem]:
    """What counting facts replaced, and what was withdrawn."""
    return [_correction(fact, names) for fact in _all(found) if fact.supersedes is not None]


def _all(found: Explanation) -> Iterable[ActivityFact]:
    return [*found.facts, *found.uncounted]


def _correction(fact: ActivityFact, names: Mapping[int, str]) -> EvidenceItem:
    unit = unit_word(reference.carriers()[fact.carrier].unit)
    before = fact.supersedes.quantity if fact.supersedes else None
    withdrawn = fact.standing == ActivityFact.Standing.WITHDRAWN
    after = _("withdrawn") if withdrawn else f"{formats.exact(fact.quantity)} {unit}"
    text = f"{periods.label(fact.period)} {carrier_word(fact.carrier)} {formats.exact(before)} → {after}"
    by = f"{names[fact.pk]} {localtime(fact.entered_at):%Y-%m-%d}"
    return EvidenceItem(text, " · ".join(word for word in (fact.note, by) if word), fact_url(fact))


def _all_facts_url(selection: Selection) -> str:
    values = {"year": str(selection.year), "carrier": selection.carrier, "month": str(selection.month or "")}
    if selection.institution is not None:
        values["institution"] = selection.institution.code
    elif isinstance(selection.subject, Region):
        values["region"] = selection.subject.code
    return f"{reverse('facts')}?{urlencode({name: value for name, value in values.items() if value})}"

"""A lineage as an indented tree."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import click
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from nengtan.domain import periods
from nengtan.ledger.models import ActivityFact
from nengtan.ledger.queries.accounts import at_the_door
from nengtan.ledger.queries.history import tellers
from nengtan.ledger.queries.lineage import Explanation, FormulaLine
from nengtan.ledger.words import (
    CONFIDENCE,
    MEASURES,
    REASONS,
    RULES,
    held_words,
    lacking_words,
    origin_word,
    place_words,
    source_words,
)
from nengtan.reference import carriers
from nengtan.registry.since import since_word
from nengtan.ui.formats import exact, plain
from nengtan.ui.words import carrier_word, unit_word


def print_tree(found: Explanation) -> None:
    """Print every stage: formula, factors, denominator, facts, what is not counted."""
    where = found.selection
    when = f"{where.year}-{where.month:02d}" if where.month else str(where.year)
    click.echo(f"{where.subject} {when} · {MEASURES[found.measure]}")
    click.echo(f"  = {_value(found.value, found.measure)} {found.unit}".rstrip())
    _section(_("Formula"), [_formula(line) for line in found.lines])
    _below(found)
    places = place_words({line.factor.region for line in found.factors if line.factor})
    _section(_("Factors"), [_factor(line, places.get(line.factor.region, "")) for line in found.factors if line.factor])
    _section(_("Without a factor, so in no total"), [_missing(line) for line in found.missing])
    _section(
        _("Parts"),
        [
            f"{part.label} ({part.key}): {_value(part.value, found.measure)} {found.unit}".rstrip()
            for part in found.parts
        ],
    )
    title = _("Facts: %(shown)s of %(count)s") % {"shown": len(found.facts), "count": found.fact_count}
    names = tellers([*found.facts, *found.uncounted])
    _section(title, [_fact(fact, names) for fact in found.facts])
    _section(_("Not counted"), [f"{_fact(fact, names)} · {fact.get_standing_display()}" for fact in found.uncounted])
    coverage = found.coverage
    click.echo(
        _("  Completeness: %(present)s of %(expected)s months")
        % {"present": coverage.present, "expected": coverage.expected}
    )
    if found.closing:
        day = f"{localtime(found.closing.closed_at):%Y-%m-%d}"
        click.echo(_("  Closed on %(day)s: factors and figures stand.") % {"day": day})


def _missing(line: FormulaLine) -> str:
    return f"{carrier_word(line.carrier)}: {REASONS.get(line.reason, line.reason)}"


def _section(title: str, lines: list[str]) -> None:
    if lines:
        click.echo(f"  {title}")
        for line in lines:
            click.echo(f"    {line}")


def _below(found: Explanation) -> None:
    if found.denominator is None:
        return
    of = found.denominator
    lines = [f"{_value(found.numerator)} ÷ {_value(of.value, of.measure)}"] if found.numerator is not None else []
    lines += [
        f"{held.institution}: {exact(held.value)} ({since_word(held.since)}; {held_words(held)}) {held.source}".rstrip()
        for held in of.entries
    ]
    lines += [words] if (words := lacking_words(of)) else []
    _section(_("Divided by: %(measure)s") % {"measure": MEASURES[of.measure]}, lines)


def _formula(line: FormulaLine) -> str:
    quantity = f"{exact(line.quantity)} {unit_word(line.unit)}" if line.quantity is not None else _("unknown")
    if line.factor is None:
        return f"{carrier_word(line.carrier)}: {quantity}" + (
            f" ({REASONS.get(line.reason, line.reason)})" if line.reason else ""
        )
    factor = f"{exact(line.factor.value)} {line.factor.unit}/{unit_word(line.factor.per_unit)}"
    return f"{carrier_word(line.carrier)}: {quantity} × {factor} = {_value(line.value)}"


def _factor(line: FormulaLine, place: str) -> str:
    factor = line.factor
    if factor is None:
        return ""
    sure = CONFIDENCE.get(str(factor.confidence), ("", factor.confidence))[1]
    value = f"{factor.id}: {exact(factor.value)} {factor.unit}/{unit_word(factor.per_unit)}"
    words = (
        value,
        f"{place} {factor.year or ''}".strip(),
        RULES.get(line.rule, line.rule),
        sure,
        source_words(factor.source),
    )
    return " · ".join(str(word) for word in words if word)


def _fact(fact: ActivityFact, names: Mapping[int, str]) -> str:
    unit = unit_word(carriers()[fact.carrier].unit)
    quantity = (
        f"{exact(fact.quantity)} {unit}"
        if fact.quantity is not None
        else f"{fact.entered_quantity or '—'} ({_('not in any total')})"
    )
    parts = [
        f"#{fact.pk}", fact.institution.name, periods.label(fact.period), carrier_word(fact.carrier), quantity,
        f"¥{plain(fact.cost, 2)}" if fact.cost is not None else "", origin_word(fact.origin), fact.bill_no,
        f"{fact.evidence.name} {fact.source_row}".strip() if fact.evidence else "",
        f"{names[fact.pk]} {localtime(fact.entered_at):%Y-%m-%d}",
    ]  # fmt: skip
    return " · ".join(part for part in parts if part)


def _value(value: Decimal | None, measure: str = "") -> str:
    return "—" if value is None else exact(at_the_door(value, measure))

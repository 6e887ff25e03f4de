"""The carbon report of a region's year as tables R1 to R7, with the trend and why emissions moved."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nengtan import reference
from nengtan.carbon.blocks import settings_block
from nengtan.carbon.regional import FactorSet, RegionInventory, TrendYear, per_area, per_person
from nengtan.carbon.report import Block, Figure, Head, Report, Row
from nengtan.carbon.words import remark
from nengtan.domain.carbon.inventory import Basis, Part, Remark
from nengtan.domain.exact import ratio, total
from nengtan.ledger.queries.accounts import AccountRow
from nengtan.ledger.words import REASONS, source_words
from nengtan.ui.formats import fixed, percent
from nengtan.ui.words import carrier_word, kind_word, named, unit_word

__all__ = ["EFFECT_SHORT", "EFFECT_WORDS", "region_report"]

EFFECT_WORDS: dict[str, Promise] = {
    "activity": gettext_lazy("Activity: more or less energy used"),
    "structure": gettext_lazy("Structure: shifts between types and carriers"),
    "factor": gettext_lazy("Factors: what a unit of energy emits"),
    "boundary": gettext_lazy("Boundary: bodies that came or went"),
}
EFFECT_SHORT: dict[str, Promise] = {
    "activity": gettext_lazy("Activity"),
    "structure": gettext_lazy("Structure"),
    "factor": gettext_lazy("Emission factors"),
    "boundary": gettext_lazy("Boundary"),
}
UNDECOMPOSED: dict[str, Promise] = {
    "same_year": gettext_lazy("There is no earlier year with figures to compare with."),
    "no_base": gettext_lazy("Nothing is known of one of the two years."),
    "no_energy": gettext_lazy("A carrier emits but has no coal equivalent, so that its share of energy is not known."),
}
"""Why the change of emissions is not split."""


def region_report(found: RegionInventory) -> Report:
    """Every table, in order, with the finding and what a reader has to know."""
    title = _("Carbon emission report of %(unit)s, %(year)s") % {"unit": found.region.label, "year": found.year}
    tables = (
        _kinds(found), _below(found), _sources(found), _intensity(found), _trend(found), _causes(found),
        _largest(found), _coverage(found), _instruments(found), _sets(found), settings_block(found.result),
    )  # fmt: skip
    return Report(title, _headline(found), tuple(_remarks(found)), tables)


def _headline(found: RegionInventory) -> str:
    values = {"region": found.region.label, "year": found.year, "base": found.base_year}
    now, base = found.result.statutory_t, found.base
    if now is None or not found.uses:
        return _("Nothing is known of the emissions of %(unit)s in %(year)s.") % {
            "unit": found.region.label, "year": found.year,
        }  # fmt: skip
    text = _("Public institutions of %(region)s emitted %(t)s tCO₂ in %(year)s") % {**values, "t": fixed(now, 2)}
    if base is None or found.base_year == found.year:
        return text + _(".")
    moved = _moved(per_area(now, found.bodies), per_area(base.current.statutory_t, base.bodies))
    alike = _moved(
        per_area(found.now.constant.statutory_t, found.bodies), per_area(base.constant.statutory_t, base.bodies)
    )
    if not moved or not alike:
        return text + _(".")
    return text + _("; per floor area %(moved)s on %(base)s, by constant factors %(alike)s.") % {
        **values, "moved": moved, "alike": alike,
    }  # fmt: skip


def _moved(now: Decimal | None, before: Decimal | None) -> str:
    """By how much a figure moved, in percent with its sign; empty where one is not known or it was nought."""
    if now is None or not before:
        return ""
    return percent((now - before) / before, signed=True)


def _remarks(found: RegionInventory) -> Iterable[str]:
    if found.mixed:
        carriers = dict.fromkeys(carrier_word(one.carrier) for one in found.mixed)
        yield _(
            "Factors of different sets were used for %(carriers)s: R7 tells what was computed with each. The total "
            "adds them and is to be reported only with this remark."
        ) % {"carriers": _(", ").join(carriers)}
    for one in found.result.remarks:
        if one is not Remark.SECOND_HAND:
            yield remark(one)
    names = {line.source.code: named(line.source) for line in found.result.lines}
    lacks = {(lack.source, lack.reason): lack for lack in found.result.lacks if lack.basis is Basis.LOCATION}
    for source, reason in lacks:
        yield _("%(source)s is in no total: %(reason)s.") % {"source": names[source], "reason": REASONS[str(reason)]}
    covered = found.bodies.coverage
    if covered.expected and covered.present < covered.expected:
        yield _(
            "%(present)s of %(expected)s months to be reported are there; what is lacking is not in the totals."
        ) % {"present": covered.present, "expected": covered.expected}
    base = found.base
    if base is not None and base is not found.now and base.bodies.coverage.share != covered.share:
        yield _(
            "Completeness was %(base)s in %(year)s and is %(now)s now: part of a change may be one of reporting."
        ) % {
            "base": percent(base.bodies.coverage.share), "year": base.year, "now": percent(covered.share),
        }  # fmt: skip


def _account_heads(first: str) -> tuple[Head, ...]:
    return (
        Head(first, width=26), Head(_("Number of institutions"), True, 0, 12), Head(_("Emissions, t"), True, 2, 16),
        Head(_("Share"), width=10), Head(_("Fuels, t"), True, 2, 14), Head(_("Power and heat, t"), True, 2, 16),
        Head(_("kgCO₂/m²"), True, 2, 12), Head(_("kgCO₂ per person"), True, 1, 14),
    )  # fmt: skip


def _account_row(row: AccountRow, label: str, whole: Decimal | None, cut: Figure) -> Row:
    figures = row.figures
    share = percent(ratio(figures.co2_t, whole)) if figures.co2_t is not None else None
    return Row(
        (
            label, Decimal(row.bodies.institutions), figures.co2_t, share, figures.co2_scope1_t, figures.co2_scope2_t,
            per_area(figures.co2_t, row.bodies), per_person(figures.co2_t, row.bodies),
        ),
        {2: {"measure": "co2_t", **cut}} if cut else {},
    )  # fmt: skip


def _total_row(found: RegionInventory) -> Row:
    result, bodies = found.result, found.bodies
    indirect = total(t for part, t in result.parts.items() if part is not Part.DIRECT)
    direct = result.parts[Part.DIRECT]
    return Row(
        (
            _("Total"), Decimal(bodies.institutions), result.statutory_t, "", direct, indirect,
            per_area(result.statutory_t, bodies), per_person(result.statutory_t, bodies),
        )
    )  # fmt: skip


def _kinds(found: RegionInventory) -> Block:
    whole = found.result.statutory_t
    rows = [_account_row(row, kind_word(row.key), whole, {"type": row.key}) for row in found.by_kind]
    return Block("R1", _("By type of institution"), _account_heads(_("Type")), (*rows, _total_row(found)))


def _below(found: RegionInventory) -> Block:
    whole = found.result.statutory_t
    own = found.region.code  # what stands directly in the region has no lineage of its own
    rows = [
        _account_row(row, row.label, whole, {} if row.key == own else {"region": row.key})
        for row in found.by_region
        if row.bodies.institutions
    ]
    return Block("R1b", _("By level and region"), _account_heads(_("Region")), (*rows, _total_row(found)))


def _sources(found: RegionInventory) -> Block:
    held: dict[str, list[int]] = {}
    for at, line in enumerate(found.result.lines):
        held.setdefault(line.source.code, []).append(at)
    rows = []
    for positions in held.values():
        lines = [found.result.lines[at] for at in positions]
        source, t = lines[0].source, total(line.location.t for line in lines)
        statutory = t if source.is_statutory else None
        rows.append(
            Row(
                (
                    named(source), total(line.quantity for line in lines), unit_word(source.unit),
                    statutory, percent(ratio(statutory, found.result.statutory_t)) if statutory is not None else None,
                    total(line.market.t for line in lines) if source.is_statutory else None,
                    None if source.is_statutory else t,
                )
            )
        )  # fmt: skip
    rows.append(
        Row(
            (
                _("Total"), None, "", found.result.statutory_t, "", found.result.statutory_market_t,
                found.result.other_t,
            )
        )
    )  # fmt: skip
    heads = (
        Head(_("Emission source"), width=24), Head(_("Quantity"), True, None, 22),
        Head(_("Unit of measure"), width=10), Head(_("Statutory, t"), True, 2, 16), Head(_("Share"), width=10),
        Head(_("By market, t"), True, 2, 16), Head(_("Extended, tCO₂e"), True, 2, 16),
    )  # fmt: skip
    return Block("R2", _("By source"), heads, tuple(rows), (_("Extended sources are never part of the total."),))


def _intensity(found: RegionInventory) -> Block:
    """This year, the year before and the base year; changes by the factors of each year, and by constant ones."""
    years = [
        (_("the year reported"), found.now),
        (_("the year before"), found.last),
        (_("the year of comparison"), found.base),
    ]
    t = found.result.statutory_t
    now_area, now_person = per_area(t, found.bodies), per_person(t, found.bodies)
    rows = []
    for at, (word, item) in enumerate(years):
        if item is None or (at and item is found.now):
            continue
        current, constant = item.current.statutory_t, item.constant.statutory_t
        area, person = per_area(current, item.bodies), per_person(current, item.bodies)
        same = _moved(per_area(found.now.constant.statutory_t, found.bodies), per_area(constant, item.bodies))
        is_now = item is found.now
        rows.append(
            Row(
                (
                    f"{item.year} ({word})", current, area, person,
                    None if is_now else _moved(now_area, area) or None,
                    None if is_now else _moved(now_person, person) or None, None if is_now else same or None,
                )
            )
        )  # fmt: skip
    heads = (
        Head(_("Year"), width=18), Head(_("Statutory, t"), True, 2, 16), Head(_("kgCO₂/m²"), True, 2, 14),
        Head(_("kgCO₂ per person"), True, 1, 14), Head(_("This year on it, per m²"), width=16),
        Head(_("This year on it, per person"), width=16), Head(_("The same by constant factors, per m²"), width=18),
    )  # fmt: skip
    notes = (_("Constant factors are those of the base year, %(year)s.") % {"year": found.base_year},)
    return Block("R3", _("Intensity and decline"), heads, tuple(rows), notes)


def _trend(found: RegionInventory) -> Block:
    heads = (
        Head(_("Year"), width=14), Head(_("Number of institutions"), True, 0, 14),
        Head(_("By the year's factors, t"), True, 2, 22),
        Head(_("By the factors of %(year)s, t") % {"year": found.base_year}, True, 2, 22),
        Head(_("Difference, t"), True, 2, 18), Head(_("Completeness"), width=14),
    )  # fmt: skip
    return Block("R3b", _("Trend by both factor bases"), heads, tuple(map(_trend_row, found.trend)))


def _trend_row(item: TrendYear) -> Row:
    current, constant = item.current.statutory_t, item.constant.statutory_t
    gap = None if current is None or constant is None else current - constant
    return Row(
        (
            str(item.year), Decimal(item.bodies.institutions), current, constant, gap,
            percent(item.bodies.coverage.share) if item.bodies.coverage.expected else None,
        )
    )  # fmt: skip


def _causes(found: RegionInventory) -> Block:
    heads = (Head(_("Cause"), width=60), Head(_("Change, t"), True, 2, 24), Head(_("On the base year"), width=16))
    title = _("Why emissions moved since %(year)s") % {"year": found.base_year}
    split = found.drivers
    if split is None:
        return Block("R3c", title, heads, (), (str(UNDECOMPOSED[found.undecomposed]),))
    rows = [
        Row((str(EFFECT_WORDS[name]), effect, percent(ratio(effect, split.base), signed=True)))
        for name, effect in split.effects.items()
    ]
    rows.append(Row((_("Together"), split.change, percent(ratio(split.change, split.base), signed=True))))
    notes = (
        _("Logarithmic mean Divisia decomposition (LMDI-I) over types and carriers of the bodies of both years; it "
          "adds up without a remainder."),
    )  # fmt: skip
    return Block("R3c", title, heads, tuple(rows), notes)


def _largest(found: RegionInventory) -> Block:
    heads = (
        Head(_("Institution"), width=40), Head(_("Type"), width=20), Head(_("Emissions, t"), True, 2, 16),
        Head(_("Share"), width=10), Head(_("kgCO₂/m²"), True, 2, 14),
    )  # fmt: skip
    rows = [
        Row(
            (
                book.institution.name, kind_word(book.kind), book.co2_t,
                percent(ratio(book.co2_t, found.result.statutory_t)),
                ratio(book.co2_t * 1000 if book.co2_t is not None else None, book.area_m2),
            )
        )
        for book in found.largest
    ]  # fmt: skip
    notes = (_("The official list of key users is not in the register: these are the largest emitters."),)
    return Block("R4", _("Key users"), heads, tuple(rows), notes)


def _coverage(found: RegionInventory) -> Block:
    bodies = found.bodies
    rows = [
        Row((_("institutions that should report"), Decimal(bodies.institutions))),
        Row((_("institutions with any figure"), Decimal(found.reporting))),
        Row((_("institutions with every month"), Decimal(found.complete))),
        Row((_("months to be reported"), Decimal(bodies.coverage.expected))),
        Row((_("months reported"), Decimal(bodies.coverage.present))),
        Row((_("institutions without floor area"), Decimal(bodies.without_area))),
        Row((_("institutions without headcount"), Decimal(bodies.without_persons))),
    ]  # fmt: skip
    return Block("R5", _("Coverage"), (Head(_("Particular"), width=60), Head(_("How many"), True, 0, 40)), tuple(rows))


def _instruments(found: RegionInventory) -> Block:
    solar = total(use.quantity for use in found.uses if use.carrier == "pv_generation")
    nothing = _("no record in the ledger")
    rows = [
        Row((_("solar power generated on own roofs, kWh"), solar, "" if solar is not None else nothing)),
        Row((_("green certificates retired"), None, nothing)),
        Row((_("credits retired (CCER, inclusive carbon)"), None, nothing)),
    ]
    heads = (Head(_("Particular"), width=50), Head(_("Quantity"), True, None, 25), Head(_("Remark"), width=25))
    return Block(
        "R6", _("Certificates, credits and solar power"), heads, tuple(rows),
        (_("None of them changes the statutory total."),),
    )  # fmt: skip


def _sets(found: RegionInventory) -> Block:
    heads = (
        Head(_("Carrier"), width=14), Head(_("Set of factors"), width=40), Head(_("Data year"), width=10),
        Head(_("Factors in use"), True, 0, 10), Head(_("Computed with it, t"), True, 2, 16),
        Head(_("One set only"), width=12),
    )  # fmt: skip
    mixed = set(found.mixed)
    rows = tuple(_set_row(one, one in mixed) for one in found.sets)
    notes = [_("A set is one source and one data year; factors of several provinces from one notice are one set.")]
    if not mixed:
        notes.append(_("Every carrier was computed with one set."))
    return Block("R7", _("Factor sets used"), heads, rows, tuple(notes))


def _set_row(one: FactorSet, is_mixed: bool) -> Row:
    source = reference.sources().get(one.source)
    said = named(source) if source else source_words(one.source)
    year = str(one.year) if one.year else _("any year")
    return Row(
        (
            carrier_word(one.carrier), said, year, Decimal(len(one.factors)), one.t,
            _("no: mixed") if is_mixed else _("yes"),
        )
    )  # fmt: skip

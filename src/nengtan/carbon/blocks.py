"""The report of an institution's year as tables T1 to T10."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import partial

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from nengtan import __version__, reference
from nengtan.carbon.books import InstitutionInventory, MonthUse, by_source, grade_shares, half_width, uncertainty
from nengtan.carbon.report import Block, Figure, Head, Report, Row, Value
from nengtan.carbon.words import SETTING_WORDS, SETTINGS, SUPPLIES, remark
from nengtan.domain import periods
from nengtan.domain.carbon.inventory import Basis, Line, Part, Result, Supply
from nengtan.domain.exact import ratio, total
from nengtan.domain.factors import Choice
from nengtan.ledger.words import BASES, CONFIDENCE, REASONS, RULES, source_words, weight
from nengtan.registry.models import Building
from nengtan.ui.formats import DASH, exact, fixed, percent
from nengtan.ui.words import kind_word, named, unit_word

__all__ = ["PARTS", "factor_row", "institution_report", "settings_block"]

SCOPES: dict[int, Promise] = {1: gettext_lazy("scope 1"), 2: gettext_lazy("scope 2"), 3: gettext_lazy("scope 3")}
ORIGINS: dict[str, Promise] = {
    "machine": gettext_lazy("meter, read by machine"),
    "bill": gettext_lazy("bill of the supplier"),
    "meter": gettext_lazy("meter, read by hand"),
    "report": gettext_lazy("statistical report"),
    "estimate": gettext_lazy("estimated"),
}
PARTS: dict[Part, Promise] = {
    Part.DIRECT: gettext_lazy("Fuels burnt"),
    Part.ELECTRICITY: gettext_lazy("Power bought"),
    Part.HEAT: gettext_lazy("Heat and cooling bought"),
}


def institution_report(found: InstitutionInventory) -> Report:
    """Every table, in order, with the finding and what a reader has to know."""
    title = _("Carbon emission report of %(unit)s, %(year)s") % {"unit": found.institution.name, "year": found.year}
    tables = (
        _unit(found), _sources(found), _activity(found), _factors(found), _power(found), _result(found),
        settings_block(found.result), _intensity(found), _extended(found), _quality(found), _declaration(found),
    )  # fmt: skip

    return Report(title, _headline(found), tuple(_remarks(found)), tables)


def _headline(found: InstitutionInventory) -> str:
    """The finding in one sentence."""
    values = {
        "unit": str(found.institution), "year": found.year, "t": fixed(found.result.statutory_t, 2),
        "per_area": fixed(found.intensities.kgco2_per_m2, 2),
    }  # fmt: skip
    if found.result.statutory_t is None or not found.uses:
        return _("Nothing is known of the emissions of %(unit)s in %(year)s.") % values
    text = _("%(unit)s emitted %(t)s tCO₂ in %(year)s by the statutory inventory") % values
    if found.intensities.kgco2_per_m2 is not None:
        text += _(", %(per_area)s kgCO₂/m²") % values
    alike = found.last_alike.statutory_t if found.last_alike else None
    moved = _moved(found, found.result.statutory_t, alike)
    return text + (_("; by the same factors %(change)s on the year before.") % {"change": moved} if moved else _("."))


def _moved(found: InstitutionInventory, now: Decimal | None, before: Decimal | None) -> str:
    """By how much a figure moved, in percent with its sign; empty where the years cannot be compared."""
    if not found.comparable or now is None or not before:
        return ""
    return percent((now - before) / before, signed=True)


def _remarks(found: InstitutionInventory) -> list[str]:
    """What a reader has to know before using a figure."""
    told = [remark(one) for one in found.result.remarks]
    names = {line.source.code: named(line.source) for line in found.result.lines}
    told += [
        _("%(source)s is in no total: %(reason)s.") % {
            "source": names[lack.source], "reason": REASONS[str(lack.reason)],
        }
        for lack in found.result.lacks
        if lack.basis is Basis.LOCATION
    ]  # fmt: skip
    book = found.book
    if book is not None and book.expected and book.present < book.expected:
        told.append(
            _("%(present)s of %(expected)s months to be reported are there; what is lacking is not in the totals.")
            % {"present": book.present, "expected": book.expected}
        )
    if found.last is not None and not found.comparable:
        told.append(_("Another part of the year before was reported: no change on it is told."))
    return list(dict.fromkeys(told))


def _unit(found: InstitutionInventory) -> Block:
    body, book, last = found.institution, found.book, found.last_book
    rows: list[tuple[str, Value]] = [
        (_("Institution"), body.name),
        (_("Code"), body.code),
        (_("Credit code"), body.credit_code or None),
        (_("Type"), kind_word(book.kind if book else body.kind)),
        (_("Region"), str(body.region)),
        (_("Address"), body.address or None),
        (_("Floor area, m²"), _plain(book.area_m2 if book else None)),
        (_("Floor area of the year before, m²"), _plain(last.area_m2 if last else None)),
        (_("Energy users"), _plain(book.persons if book else None)),
        (_("Energy users of the year before"), _plain(last.persons if last else None)),
        (_("Months counted"), _months(book.first_period, book.last_period) if book else None),
    ]
    rows += [(_("Building within the boundary"), _building(item)) for item in found.buildings if not item.out_of_use_on]
    rows += [(_("Building out of use"), f"{_building(item)} {item.out_of_use_on}") for item in found.buildings
             if item.out_of_use_on]  # fmt: skip
    rows.append((_("Passed on to others"), _("no record in the ledger")))
    return Block(
        "T1", _("Unit and boundary"), (Head(_("Particular"), width=30), Head(_("Content"), width=70)),
        tuple(Row(row) for row in rows),
        (
            _("Boundary of JS/T 303-2026 as known: fuels burnt, power and heat bought within the statistical boundary; "
              "bills shared with others count with the part of this institution."),
        ),
    )  # fmt: skip


def _building(item: Building) -> str:
    return f"{item.name} {item.code}"


def _months(first: int, last: int) -> str:
    return f"{periods.label(first)} – {periods.label(last)}"


def _plain(value: Decimal | None) -> str | None:
    return None if value is None else exact(round(value, 2))


def _sources(found: InstitutionInventory) -> Block:
    meters: dict[str, list[str]] = {}
    for meter in found.meters:
        meters.setdefault(meter.carrier, []).append(meter.code)
    rows = [
        Row((
            named(line.source), str(SUPPLIES[line.supply]), str(SCOPES[line.source.scope]),
            _("yes") if line.source.is_statutory and line.supply is not Supply.OWN_PV else _("no"),
            _few(meters.get(line.source.code, ())) or None,
        ))
        for line in found.result.lines
    ]  # fmt: skip
    heads = (
        Head(_("Emission source"), width=24), Head(_("Supply"), width=24), Head(_("Scope"), width=12),
        Head(_("In the statutory total"), width=16), Head(_("Meters"), width=24),
    )  # fmt: skip
    return Block("T2", _("Sources"), heads, tuple(rows))


def _few(codes: Iterable[str], most: int = 3) -> str:
    held = list(codes)
    shown = _(", ").join(held[:most])
    return shown if len(held) <= most else _("%(codes)s and %(more)s more") % {
        "codes": shown, "more": len(held) - most,
    }  # fmt: skip


def _activity(found: InstitutionInventory) -> Block:
    heads = (
        Head(_("Emission source"), width=20), Head(_("Month"), width=13), Head(_("Quantity"), True, None, 20),
        Head(_("Unit of measure"), width=11), Head(_("How obtained"), width=22),
        Head(_("With evidence / records"), width=16), Head(_("Grade"), width=9),
    )  # fmt: skip
    rows = [
        Row(
            (
                named(reference.carbon_sources()[use.carrier]), periods.label(use.period), use.quantity,
                unit_word(reference.carriers()[use.carrier].unit), str(ORIGINS[use.origin]),
                f"{use.proved} / {use.records}", use.grade,
            ),
            {2: _figure(_measure(use.carrier), use.carrier, use.period % 100)} if _measure(use.carrier) else {},
        )
        for use in found.uses
    ]  # fmt: skip
    return Block("T3", _("Activity data"), heads, tuple(rows))


def _figure(measure: str, carrier: str = "", month: int | None = None) -> Figure:
    return {"measure": measure, "carrier": carrier, "month": str(month or "")}


def _measure(carrier: str) -> str:
    """Which figure of the accounts opens the records of a carrier."""
    held = reference.carriers()[carrier]
    return "water_m3" if held.is_water else "co2_t" if held.is_energy else ""


def _factors(found: InstitutionInventory) -> Block:
    heads = (
        Head(_("Factor"), width=26), Head(_("Value"), True, None, 12), Head(_("Unit of measure"), width=15),
        Head(_("Data year"), width=9), Head(_("Basis"), width=9), Head(_("How chosen"), width=17),
        Head(_("Source"), width=36), Head(_("Confidence"), width=14),
    )  # fmt: skip
    rows: dict[tuple[str, str], Row] = {}
    for basis in Basis:
        for line in found.result.lines:
            side = line.location if basis is Basis.LOCATION else line.market
            if side.choice is not None and (basis is Basis.LOCATION or side.choice != line.location.choice):
                rows.setdefault((side.choice.factor.id, basis), factor_row(side.choice, str(BASES[basis])))
    return Block("T4", _("Emission factors"), heads, tuple(rows.values()))


def factor_row(choice: Choice, basis: str) -> Row:
    factor = choice.factor
    sure = CONFIDENCE[str(factor.confidence)][1] if str(factor.confidence) in CONFIDENCE else factor.confidence
    unit = f"{weight(factor.unit)}/{unit_word(factor.per_unit)}"
    year = str(factor.year) if factor.year else _("any year")
    cells = (named(factor, factor.code), factor.value, unit, year, basis, str(RULES[choice.rule]),
             source_words(factor.source), str(sure))  # fmt: skip
    return Row(cells)


def _power(found: InstitutionInventory) -> Block:
    lines = [line for line in found.result.lines if line.source.part is Part.ELECTRICITY]
    held = {
        str(supply): total(line.quantity for line in lines if line.supply is supply)
        for supply in {line.supply for line in lines}
    }
    nothing = _("no record in the ledger")
    rows = [
        Row((str(word), held.get(supply), "" if supply in held else nothing)) for supply, word in SUPPLIES.items()
    ]  # fmt: skip
    rows += [Row((str(_("own solar power fed to the grid")), None, nothing)),
             Row((str(_("green certificates retired")), None, nothing))]  # fmt: skip
    heads = (Head(_("Power"), width=40), Head(_("Quantity, kWh"), True, None, 30), Head(_("Remark"), width=30))
    notes = (
        _("Own solar power makes no entry and no deduction; what is generated on the own roof is a memo item."),
    )  # fmt: skip
    return Block("T5", _("Power by kind"), heads, tuple(rows), notes)


def _result(found: InstitutionInventory) -> Block:
    result, last, alike = found.result, found.last, found.last_alike
    heads = (
        Head(_("Emission source"), width=24), Head(_("Activity data"), True, None, 20),
        Head(_("Unit of measure"), width=10), Head(_("Factor"), True, None, 12), Head(_("Emissions, t"), True, 2, 16),
        Head(_("Share"), width=14), Head(_("Last year, t"), True, 2, 16),
        Head(_("Last year by this year's factors, t"), True, 2, 18), Head(_("Change by the same factors"), width=14),
    )  # fmt: skip
    rows = [_line(line, found) for line in result.lines if line.source.is_statutory]
    rows += [_sum_row(str(word), found, partial(_of_part, part)) for part, word in PARTS.items()]
    rows.append(
        _sum_row(_("Statutory inventory (by place)"), found, lambda one: one.statutory_t, {4: _figure("co2_t")})
    )
    rows.append(_sum_row(_("The same boundary by market"), found, lambda one: one.statutory_market_t, has_share=False))
    notes = [_("Statutory total = fuels + power + heat; products of activity data and factor are added up unrounded.")]
    if last is not None and alike is not None and last.statutory_t != alike.statutory_t:
        notes.append(
            _("Last year stands twice: by the factors of its own year, and recomputed by this year's, so that the "
              "change is one of activity and not of the grid.")
        )  # fmt: skip
    notes += [
        _("Added to %(part)s (%(basis)s) so that it is not below nought: %(t)s t.")
        % {"part": PARTS.get(one.part, one.part), "basis": BASES[one.basis], "t": fixed(one.t, 2)}
        for one in result.adjustments
    ]
    return Block("T6", _("Result"), heads, tuple(rows), tuple(notes))


def _of_part(part: Part, result: Result) -> Decimal | None:
    return result.parts[part]


def _alike(line: Line, result: Result | None) -> Decimal | None:
    """What the same source and supply emitted in another year."""
    if result is None:
        return None
    held = [
        one.location.t
        for one in result.lines
        if (one.source.code, one.supply) == (line.source.code, line.supply) and one.location.t is not None
    ]
    return total(held)


def _line(line: Line, found: InstitutionInventory) -> Row:
    side = line.location
    before, alike = _alike(line, found.last), _alike(line, found.last_alike)
    name = named(line.source)
    if line.supply is not Supply.PURCHASED:
        name = f"{name} · {SUPPLIES[line.supply]}"
    measure = _measure(line.source.code) if line.source.carrier else ""
    return Row(
        (
            name, line.quantity, unit_word(line.source.unit), side.choice.factor.value if side.choice else None,
            side.t, percent(ratio(side.t, found.result.statutory_t)) if side.t is not None else None, before, alike,
            _moved(found, side.t, alike) or None,
        ),
        {4: _figure(measure, line.source.code)} if measure and side.t is not None else {},
    )  # fmt: skip


def _sum_row(
    label: str,
    found: InstitutionInventory,
    of: Callable[[Result], Decimal | None],
    figures: Mapping[int, Figure] | None = None,
    has_share: bool = True,
) -> Row:
    now, before, alike = (None if one is None else of(one) for one in (found.result, found.last, found.last_alike))
    share = percent(ratio(now, found.result.statutory_t)) if now is not None and has_share else ""
    return Row((label, None, "", None, now, share, before, alike, _moved(found, now, alike) or None), figures or {})


def settings_block(result: Result) -> Block:
    """What the standard leaves open, as it was decided for these figures."""
    rows = [
        Row((str(word), str(SETTING_WORDS[name][getattr(result.settings, name)]))) for name, word in SETTINGS.items()
    ]  # fmt: skip
    return Block(
        "", _("Settings of the inventory"), (Head(_("Open question"), width=60), Head(_("Decided here"), width=40)),
        tuple(rows), (_("The text of JS/T 303-2026 could not be read; where it is silent here, the setting decides."),),
    )  # fmt: skip


def _intensity(found: InstitutionInventory) -> Block:
    book, last, per = found.book, found.last_book, found.intensities
    t, alike = found.result.statutory_t, found.last_alike.statutory_t if found.last_alike else None
    kilograms = None if t is None else t * 1000
    kilograms_alike = None if alike is None else alike * 1000
    before_area = ratio(kilograms_alike, last.area_m2 if last else None)
    before_person = ratio(kilograms_alike, last.persons if last else None)
    person = ratio(kilograms, book.persons if book else None)
    peers = found.peers
    rows = [
        Row((_("Emissions per floor area, kgCO₂/m²"), per.kgco2_per_m2, before_area,
             _moved(found, per.kgco2_per_m2, before_area) or None), {1: _figure("kgco2_per_m2")}),
        Row((_("Emissions per energy user, kgCO₂"), person, before_person,
             _moved(found, person, before_person) or None)),
        Row((_("Emissions per energy, tCO₂/tce"), ratio(t, book.energy_tce if book else None),
             ratio(alike, last.energy_tce if last else None), None)),
        Row((_("Rank per floor area among peers, lowest first"),
             f"{peers.rank} / {peers.count}" if peers else _("fewer than %(n)s peers") % {"n": 5}, None, None)),
        Row((_("Middle of the peers, kgCO₂/m²"), peers.middle if peers else None, None, None)),
    ]  # fmt: skip
    heads = (
        Head(_("Indicator"), width=44), Head(str(found.year), True, 2, 18),
        Head(_("Last year by this year's factors"), True, 2, 20), Head(_("Change"), width=18),
    )  # fmt: skip
    notes = (
        _("Area and headcount are means over the months of the year. Peers are bodies of the same type in the same "
          "region. No target is set."),
    )  # fmt: skip
    return Block("T7", _("Intensity"), heads, tuple(rows), notes)


def _extended(found: InstitutionInventory) -> Block:
    result = found.result
    rows = [
        Row(
            (
                named(line.source), str(SCOPES[line.source.scope]), line.quantity, unit_word(line.source.unit),
                line.location.choice.factor.value if line.location.choice else None, line.location.t,
            ),
            {2: _figure(_measure(line.source.code), line.source.code)}
            if line.source.code in reference.carriers() and _measure(line.source.code) else {},
        )
        for line in result.lines
        if not line.source.is_statutory
    ]  # fmt: skip
    rows.append(Row((_("Extended sources together"), "", None, "", None, result.other_t)))
    rows.append(Row((_("Extended inventory: statutory and extended"), "", None, "", None, result.extended_t)))
    heads = (
        Head(_("Emission source"), width=30), Head(_("Scope"), width=12), Head(_("Quantity"), True, None, 18),
        Head(_("Unit of measure"), width=12), Head(_("Factor"), True, None, 12),
        Head(_("Emissions, tCO₂e"), True, 2, 18),
    )  # fmt: skip
    held = {line.source.code for line in result.lines}
    groups = (
        (_("refrigerants"), {"r22", "r32", "r134a", "r410a"}), (_("waste"), {"waste_incineration", "hazardous_waste"}),
        (_("sewage"), {"sewage_septic", "sewage_anaerobic", "sewage_aerobic"}), (_("tap water"), {"water"}),
        (_("commuting and travel"), {"metro", "bus", "car", "car_electric", "hotel"}),
        (_("charging away from site"), {"ev_charging"}), (_("food and paper"), {"food", "paper"}),
    )  # fmt: skip
    without = [word for word, codes in groups if not codes & held]
    notes = [_("Never part of the statutory total.")]
    if without:
        notes.append(_("Nothing is recorded of: %(sources)s.") % {"sources": _(", ").join(without)})
    return Block("T8", _("Extended sources (a total of their own)"), heads, tuple(rows), tuple(notes))


def _quality(found: InstitutionInventory) -> Block:
    heads = (
        Head(_("Emission source"), width=26), Head(_("Share of the statutory total"), width=20),
        Head(_("Months known"), width=14), Head(_("Grades by quantity"), width=28),
        Head(_("Uncertainty of the activity data"), width=16),
    )  # fmt: skip
    uses = by_source(found.uses)
    rows = []
    for line in found.result.lines:
        own = uses.get(line.source.code, [])
        share = percent(ratio(line.statutory_t, found.result.statutory_t)) if line.source.is_statutory else DASH
        width = half_width(own)
        months = str(len({use.period for use in own}))
        rows.append(Row((named(line.source), share, months, _grades(own) or None, _plus_minus(width))))
    sure = uncertainty(found)
    if sure is not None:
        rows.append(Row((_("Statutory total"), percent(Decimal(1)), "", "", _plus_minus(sure.half_width))))
    told = [
        _("%(code)s: %(meaning)s") % {"code": code, "meaning": named(grade)}
        for code, grade in reference.carbon_grades().items()
    ]
    notes = [_("; ").join(told) + _(".")]
    if sure is not None:
        notes += [
            _("95%% interval of the statutory total by Monte Carlo: %(low)s to %(high)s t.")
            % {"low": fixed(sure.interval.low, 2), "high": fixed(sure.interval.high, 2)},
            _("Half-widths of grades are placeholders of the platform, no official ones are published; factors are "
              "taken as exact, months of one source err alike, sources by themselves."),
        ]  # fmt: skip
    return Block("T9", _("Data quality and uncertainty"), heads, tuple(rows), tuple(notes))


def _plus_minus(width: Decimal | None) -> str | None:
    return None if width is None else f"±{percent(width)}"


def _grades(uses: Iterable[MonthUse]) -> str:
    """B 92.0%, D 8.0%."""
    return _(", ").join(f"{code} {percent(share)}" for code, share in grade_shares(uses).items())


def _declaration(found: InstitutionInventory) -> Block:
    closed = f"{found.closing.closed_at:%Y-%m-%d}" if found.closing else _("the year is open")
    rows = [
        Row((_("Prepared by (name, date)"), "")), Row((_("Reviewed by (name, date)"), "")),
        Row((_("Signed by the head of the unit (name, date)"), "")),
        Row((_("Closing of the year"), closed)),
        Row((_("Program"), f"nengtan {__version__}")), Row((_("Fingerprint (SHA-256)"), found.fingerprint)),
    ]  # fmt: skip
    notes = (
        _("The unit declares that the activity data agree with its bills, meters and records. The fingerprint is drawn "
          "over activity data, factors, settings and program: whoever computes again gets the same from the same."),
    )  # fmt: skip
    heads = (Head(pgettext("carbon", "Declaration"), width=34), Head(_("Content"), width=66))
    return Block("T10", _("Declaration"), heads, tuple(rows), notes)

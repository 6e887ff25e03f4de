"""The tables of the report as rows of texts, by the column names of the reference data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal

from nengtan import reference
from nengtan.domain.returns.report import (
    MEASURES,
    RATIOS,
    Explained,
    Figure,
    Flagged,
    Line,
    Missing,
    Report,
    Reporter,
    measure_of,
)
from nengtan.domain.returns.steps import State
from nengtan.ledger.places import place_labels
from nengtan.reporting.models.returns import STATES
from nengtan.reporting.report.gather import FactorLine, Gathered
from nengtan.reporting.report.phrasing import Phrases, number, on_last, share, signed
from nengtan.ui.formats import DASH, exact, fixed, plain
from nengtan.ui.words import carrier_word, kind_word, system_word, unit_word

Row = Mapping[str, str]
Word = Callable[[str], str]

INDICATORS = (
    "energy_tce", "electricity_kwh", "water_m3", "co2_t", "cost_cny", "area_m2", "persons", "kgce_per_m2",
    "kgce_per_person", "kwh_per_m2", "m3_per_person", "kgco2_per_m2",
)  # fmt: skip
PRINTED: Mapping[str, tuple[str, ...]] = {
    "": MEASURES,
    "kind": ("area_m2", "persons", "energy_tce", "kgce_per_m2", "kgce_per_person", "kwh_per_m2", "m3_per_person"),
    "system": ("energy_tce", "electricity_kwh", "water_m3", "kgce_per_m2"),
    "child": ("energy_tce", "electricity_kwh", "water_m3", "kgce_per_m2"),
    "carrier": ("quantity", "tce", "cost_cny"),
    "season": ("energy_tce", "electricity_kwh", "water_m3"),
}
"""Which measures the tables print, by what their lines are of; the rest need no lineage there."""


def tables_of(found: Gathered, phrases: Phrases, child_names: Mapping[str, str]) -> dict[str, list[Row]]:
    """Every table, by name."""
    report = found.report

    def system(code: str) -> str:
        return system_word(code) if code else phrases("no_system")

    def child(code: str) -> str:
        return child_names.get(code, code)

    def used(line: Line, name: str) -> Row:
        return _used(line, name, report.comparable)

    def intensity(line: Line, name: str) -> Row:
        return _intensity(line, name, report.comparable)

    words: dict[str, Word] = {"kind": kind_word, "system": system, "child": child, "carrier": carrier_word}
    total = phrases("total")
    return {
        "by_kind": [*(_counted(line, kind_word(line.head)) for line in report.by_kind), _counted(report.total, total)],
        "flagged": [_flagged(item, found, phrases) for item in report.flagged],
        "indicators": [_indicator(report.total.figures[name], report, phrases) for name in INDICATORS],
        "seasons": [_season(line) for line in report.seasons],
        "carriers": [_carrier(line, report.comparable) for line in report.carriers],
        "kind_intensities": [
            *(intensity(line, kind_word(line.head)) for line in report.by_kind), intensity(report.total, total),
        ],
        "by_system": [*(used(line, system(line.head)) for line in report.by_system), used(report.total, total)],
        "by_child": [*(used(line, child(line.head)) for line in report.by_child), used(report.total, total)],
        "explained": [_explained(item, phrases) for item in report.explained],
        "top": [_top(at, item, report.total) for at, item in enumerate(report.top, 1)],
        "standouts": [
            {"name": item.name, "kind": kind_word(item.kind), "why": phrases(f"why.{item.why}"),
             "value": signed(item.value) if item.why in ("rose", "fell") else fixed(item.value, 2)}
            for item in report.standouts
        ],
        "missing": [_missing(item) for item in report.missing],
        "factors": _factors(found.factors, phrases),
        "lineage": list(_lineage(found, phrases, words)),
    }  # fmt: skip


def _amounts(line: Line, *measures: str) -> dict[str, str]:
    return {measure: number(line.figures[measure].value, measure) for measure in measures}


def _counted(line: Line, name: str) -> Row:
    held = line.coverage
    counts = {"owed": str(held.expected), "approved": str(held.present), "coverage": _percent(held.share)}
    return {"name": name, **counts, **_amounts(line, "area_m2", "persons")}


def _percent(part: Decimal | None) -> str:
    text = share(part)
    return text if text == DASH else f"{text}%"


def _flagged(item: Flagged, found: Gathered, phrases: Phrases) -> Row:
    held = found.rules[item.rule]
    title = held.title_zh if phrases.language.startswith("zh") else held.title_en
    counts = {"found": str(item.values), "bodies": str(item.bodies), "explained": str(item.explained)}
    return {"rule": item.rule, "title": title, "severity": phrases(f"severity.{item.severity}"), **counts}


def _indicator(figure: Figure, report: Report, phrases: Phrases) -> Row:
    measure = figure.measure
    return {
        "name": phrases(f"measure.{measure}"), "unit": phrases(f"unit.{measure}"),
        "now": number(figure.value, measure), "last": number(figure.last, measure),
        "yoy": on_last(figure.on_last) if report.comparable else DASH,
        "base": number(figure.base, measure),
        "vs_base": signed(figure.on_base.percent) if report.comparable_base else DASH,
    }  # fmt: skip


def _season(line: Line) -> Row:
    held = _amounts(line, "energy_tce", "electricity_kwh", "water_m3")
    return {"name": line.head, "bodies": str(line.coverage.present), **held}


def _carrier(line: Line, comparable: bool) -> Row:
    quantity, figures = line.figures["quantity"], line.figures
    return {
        "name": carrier_word(line.head), "unit": unit_word(reference.carriers()[line.head].unit),
        "quantity": plain(quantity.value), "last": plain(quantity.last),
        "yoy": on_last(quantity.on_last) if comparable else DASH,
        "tce": number(figures["tce"].value, "tce"), "share": share(line.share),
        "cost_cny": number(figures["cost_cny"].value, "cost_cny"),
    }  # fmt: skip


def _intensity(line: Line, name: str, comparable: bool) -> Row:
    held = _amounts(line, "energy_tce", "kgce_per_m2", "kgce_per_person", "kwh_per_m2", "m3_per_person")
    moved = on_last(line.figures["kgce_per_m2"].on_last) if comparable else DASH
    return {"name": name, "share": share(line.share), "kgce_per_m2_yoy": moved, **held}


def _used(line: Line, name: str, comparable: bool) -> Row:
    held = _amounts(line, "energy_tce", "electricity_kwh", "water_m3", "kgce_per_m2")
    moved = on_last(line.figures["energy_tce"].on_last) if comparable else DASH
    counts = {"approved": str(line.coverage.present), "share": share(line.share)}
    return {"name": name, **counts, "energy_tce_yoy": moved, **held}


def _explained(item: Explained, phrases: Phrases) -> Row:
    names = ("area", "structure", "intensity", "mix", "factor")
    return {
        "measure": f"{phrases(f'measure.{item.measure}')} [{phrases(f'unit.{item.measure}')}]",
        "since": str(item.since), "bodies": str(item.bodies), "change": signed(item.now - item.base, 2),
        **{name: signed(item.effects.get(name), 2) for name in names},
    }  # fmt: skip


def _top(at: int, item: Reporter, total: Line) -> Row:
    energy, whole = item.amounts.get("energy_tce"), total.figures["energy_tce"].value
    return {
        "rank": str(at), "name": item.name, "kind": kind_word(item.kind), "energy_tce": number(energy, "energy_tce"),
        "share": share(energy / whole if energy and whole else None),
        "kgce_per_m2": number(measure_of(item.amounts, "kgce_per_m2"), "kgce_per_m2"),
    }  # fmt: skip


def _missing(item: Missing) -> Row:
    return {"name": item.name, "kind": kind_word(item.kind), "state": str(dict(STATES)[State(item.state)])}


def _factors(lines: Sequence[FactorLine], phrases: Phrases) -> list[Row]:
    names = place_labels(line.factor.region if line.factor else line.zone for line in lines)
    return [_factor(line, phrases, names) for line in lines]


def _factor(line: FactorLine, phrases: Phrases, places: Mapping[str, str]) -> Row:
    held = {"carrier": carrier_word(line.carrier), "what": phrases(f"factor.{line.kind}")}
    factor = line.factor
    if factor is None:
        none = phrases("factor.none")
        return {**held, "value": DASH, "unit": none, "place": places[line.zone], "year": DASH, "code": DASH}
    return {
        **held, "value": exact(factor.value), "unit": f"{factor.unit}/{factor.per_unit}",
        "place": places[factor.region], "code": factor.id,
        "year": str(factor.year or phrases("always")),
    }  # fmt: skip


def _lineage(found: Gathered, phrases: Phrases, words: Mapping[str, Word]) -> Iterator[Row]:
    shown = [figure for figure in found.report.figures if figure.value is not None and _is_printed(figure)]
    for at, figure in enumerate(shown, 1):
        yield {
            "number": str(at), "key": figure.key, "name": figure_name(figure.key, phrases, words),
            "value": _shown(figure), "unit": figure_unit(figure.key, phrases),
            "how": how(figure, phrases),
        }  # fmt: skip


def _shown(figure: Figure) -> str:
    return plain(figure.value) if figure.measure == "quantity" else number(figure.value, figure.measure)


def _is_printed(figure: Figure) -> bool:
    cut = figure.key.partition(":")[2].partition("=")[0]
    return figure.measure in PRINTED[cut]


def figure_name(key: str, phrases: Phrases, words: Mapping[str, Word]) -> str:
    """What a figure is of, by its key."""
    measure, _, condition = key.partition(":")
    name, _, head = condition.partition("=")
    said = phrases(f"measure.{measure}")
    return phrases("cut_of", head=words[name](head) if name in words else head, measure=said) if name else said


def figure_unit(key: str, phrases: Phrases) -> str:
    """The unit of a figure, by its key."""
    measure, _, condition = key.partition(":")
    if measure == "quantity":
        return unit_word(reference.carriers()[condition.partition("=")[2]].unit)
    return phrases(f"unit.{measure}")


def how(figure: Figure, phrases: Phrases) -> str:
    """How a figure was made."""
    if figure.measure in RATIOS:
        above, below, _ = RATIOS[figure.measure]
        said = {"above": phrases(f"measure.{above}"), "below": phrases(f"measure.{below}")}
        return phrases("how.ratio", bodies=figure.bodies, **said)
    return phrases("how.season" if ":season=" in figure.key else "how.sum", bodies=figure.bodies)

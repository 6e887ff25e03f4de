"""The report in words: what every tag of a template stands for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from nengtan import reference
from nengtan.domain.returns.report import MEASURES, Explained, Figure, Line, Report, Reporter, YearOf, compose
from nengtan.domain.returns.scheme import edition_of
from nengtan.reference import scheme
from nengtan.reference.report import limits
from nengtan.reference.report import tables as outlined
from nengtan.registry.models import Region
from nengtan.reporting import clock
from nengtan.reporting.report import tables
from nengtan.reporting.report.charts import ChartData, charts_of
from nengtan.reporting.report.gather import Gathered
from nengtan.reporting.report.phrasing import Phrases, number, share, signed
from nengtan.ui.formats import DASH, fixed
from nengtan.ui.words import carrier_word, kind_word

LISTS = ("findings", "causes", "problems", "tasks")


@dataclass(frozen=True)
class Wording:
    """The report as texts: ``tags`` for a template, ``charts`` to be drawn, ``headline`` for a page."""

    tags: Mapping[str, Any]
    charts: Mapping[str, ChartData]
    title: str
    headline: str


def worded(found: Gathered, made_on: date, language: str | None = None, *, with_tables: bool = True) -> Wording:
    """Everything a template may name, in the reader's language; a page that shows none does without the tables."""
    phrases, report = Phrases(language), found.report
    names = child_names(found.region, (line.head for line in report.by_child), phrases)
    charts = charts_of(report, phrases, names)
    region = found.region.label
    lists = {
        "findings": _findings(report, phrases),
        "causes": [_cause(item, phrases) for item in report.explained],
        "problems": _problems(found, phrases),
        "tasks": _tasks(report, phrases),
    }
    tags = {
        "region": region,
        "year": str(report.year),
        "last_year": str(report.last_year),
        "base_year": str(report.base_year or ""),
        "edition": phrases("edition", code=found.edition.code),
        "made_on": phrases("made_on", year=made_on.year, month=made_on.month, day=made_on.day),
        "counted": str(report.total.coverage.present),
        "owed": str(report.total.coverage.expected),
        "coverage": f"{share(report.total.coverage.share)}%",
        "total": _total_tags(report, phrases),
        "same": _same(report, phrases),
        "first_carrier": _first_carrier(report),
        "first_kind": _first_kind(report),
        "top_count": str(len(report.top)),
        "top_share": f"{share(report.top_share)}%",
        "limits": {name: f"{getattr(limits(), name):f}" for name in ("change_percent", "peer_high", "peer_low")},
        "tables": tables.tables_of(found, phrases, names) if with_tables else {},
        **{name: [phrases("item", number=at, text=text) for at, text in enumerate(texts, 1)]
           for name, texts in lists.items()},
    }  # fmt: skip
    tags["has"] = _has(report, charts)
    title = phrases("file", region=region, year=report.year)
    return Wording(tags, charts, title, " ".join(lists["findings"][:2]))


def child_names(region: Region, codes: Iterable[str], phrases: Phrases) -> dict[str, str]:
    """The regions below by code; what lies directly in the region is told apart from it."""
    names = {item.code: item.label for item in Region.objects.filter(code__in=set(codes) - {region.code})}
    return {region.code: phrases("own_level", region=region.label), **names}


def sample() -> dict[str, Any]:
    """Every tag there is, with something in each list and table: a template is tried on it."""
    body = Reporter("", DASH, "01", "", "", {"energy_tce": Decimal(1), "area_m2": Decimal(1), "persons": Decimal(1)})
    year = clock.today().year
    report = compose(YearOf(year, (body,)), YearOf(year - 1, (body,)), YearOf(year - 2, (body,)), limits())
    region = Region(code="", name=DASH, path="/")
    edition = edition_of(year, scheme.editions().values())
    tags = dict(worded(Gathered(region, edition, report, ()), clock.today()).tags)
    tags["tables"] = {name: [{column.name: DASH for column in columns}] for name, columns in outlined().items()}
    tags["has"] = dict.fromkeys(tags["has"], True)
    return tags | {name: [DASH] for name in LISTS}


def _has(report: Report, charts: Mapping[str, ChartData]) -> dict[str, bool]:
    """What there is, for parts of a template that stand only then."""
    return {
        "same": report.same["energy_tce"].units_in_both > 0,
        "base": report.base_year is not None,
        "flagged": bool(report.flagged),
        "seasons": "seasons" in charts,
        "first_carrier": "carriers" in charts,
        "first_kind": "kinds" in charts,
        "systems": any(line.head for line in report.by_system),
        "children": len(report.by_child) > 1 and "children" in charts,
        "explained": any(item.measure == "energy_tce" for item in report.explained),
        "top": bool(report.top),
        "standouts": bool(report.standouts),
        "missing": bool(report.missing),
    }


def _total_tags(report: Report, phrases: Phrases) -> dict[str, str]:
    found = {}
    for measure in MEASURES:
        found[measure] = number(report.total.figures[measure].value, measure)
        found[f"{measure}_yoy"] = yoy(report, measure, phrases)
        found[f"{measure}_vs_base"] = _vs_base(report, measure, phrases)
    return found


def yoy(report: Report, measure: str, phrases: Phrases) -> str:
    """How a total moved on the year before; of the same bodies alone where the years were not reported alike."""
    if report.comparable:
        return phrases.moved(report.total.figures[measure].on_last.percent)
    same = report.same_bodies[measure].percent
    return phrases("no_comparison") if same is None else phrases("same_bodies", moved=phrases.moved(same))


def _vs_base(report: Report, measure: str, phrases: Phrases) -> str:
    if not report.comparable_base:
        return phrases("no_comparison")
    return phrases.moved(report.total.figures[measure].on_base.percent)


def _same(report: Report, phrases: Phrases) -> dict[str, str]:
    energy = report.same["energy_tce"]
    moved = {f"{name}_yoy": phrases.moved(item.same_units.percent) for name, item in report.same.items()}
    counts = {"bodies": energy.units_in_both, "only_now": energy.only_now, "only_last": energy.only_base}
    return moved | {name: str(count) for name, count in counts.items()}


def _first(lines: Iterable[Line]) -> Line | None:
    return max((line for line in lines if line.share), key=lambda line: line.share or 0, default=None)


def _first_carrier(report: Report) -> dict[str, str]:
    line = _first(report.carriers)
    value = line.figures["tce"].value if line else None
    name = carrier_word(line.head) if line else ""
    return {"name": name, "energy_tce": number(value, "tce"), "share": f"{share(line.share if line else None)}%"}


def _first_kind(report: Report) -> dict[str, str]:
    line = _first(report.by_kind)
    value = line.figures["energy_tce"].value if line else None
    name = kind_word(line.head) if line else ""
    return {"name": name, "energy_tce": number(value, "energy_tce"), "share": f"{share(line.share if line else None)}%"}


def _findings(report: Report, phrases: Phrases) -> list[str]:
    """The main findings: each a sentence made from the figures, none where its figures are missing."""
    of, has = report.total.figures, _Known(report, phrases)
    if not report.total.coverage.present:
        return [has.coverage(), phrases("finding.nothing")]
    found = [
        has.coverage(),
        has("finding.energy", of["energy_tce"], energy="energy_tce", electricity="electricity_kwh", water="water_m3"),
        has.same(),
        has(
            "finding.intensity", of["kgce_per_m2"], area="kgce_per_m2", person="kgce_per_person",
            water="m3_per_person",
        ),
        has.base(),
        has("finding.carbon", of["co2_t"], carbon="co2_t"),
        has.leading("finding.carrier", "carrier", _first_carrier(report), _first(report.carriers)),
        has.leading("finding.kind", "kind", _first_kind(report), _first(report.by_kind)),
        has.largest(),
    ]  # fmt: skip
    return [text for text in found if text]


class _Known:
    """Sentences of the totals."""

    def __init__(self, report: Report, phrases: Phrases) -> None:
        self.report, self.phrases, self.of = report, phrases, report.total.figures

    def __call__(self, code: str, needed: Figure, **measures: str) -> str:
        """A sentence with figures and their changes on the year before; nothing without the one it needs."""
        if needed.value is None:
            return ""
        texts = {"yoy": yoy(self.report, needed.measure, self.phrases)}
        for name, measure in measures.items():
            texts[name] = number(self.of[measure].value, measure)
            texts[f"{name}_yoy"] = yoy(self.report, measure, self.phrases)
        return self.phrases(code, **texts)

    def coverage(self) -> str:
        """How many returns are in it."""
        held = self.report.total.coverage
        return self.phrases(
            "finding.coverage", owed=held.expected, counted=held.present, coverage=f"{share(held.share)}%"
        )

    def same(self) -> str:
        """Like for like."""
        held = self.report.same["energy_tce"]
        moved = self.phrases.moved(held.same_units.percent)
        return self.phrases("finding.same", bodies=held.units_in_both, yoy=moved) if held.units_in_both else ""

    def largest(self) -> str:
        """The share of the largest users, where there are several."""
        top, part = self.report.top, share(self.report.top_share)
        return self.phrases("finding.top", count=len(top), share=f"{part}%") if len(top) > 1 else ""

    def base(self) -> str:
        """Against the base year."""
        known = self.report.comparable_base and self.of["energy_tce"].on_base.percent is not None
        if self.report.base_year is None or not known:
            return ""
        moved = {
            name: _vs_base(self.report, measure, self.phrases)
            for name, measure in (
                ("energy", "energy_tce"), ("area", "kgce_per_m2"), ("person", "kgce_per_person"),
                ("water", "m3_per_person"),
            )
        }  # fmt: skip
        return self.phrases("finding.base", year=self.report.base_year, **moved)

    def leading(self, code: str, name: str, told: Mapping[str, str], line: Line | None) -> str:
        """Which carrier or type comes first."""
        return self.phrases(code, share=told["share"], **{name: told["name"]}) if line else ""


def _cause(item: Explained, phrases: Phrases) -> str:
    unit, measure = phrases(f"unit.{item.measure}"), phrases(f"measure.{item.measure}")
    effects = [
        phrases(
            "cause.effect", name=phrases(f"effect.{name}"), value=signed(value, 2), unit=unit,
            percent=signed(item.percent(name)),
        )
        for name, value in item.effects.items()
    ]  # fmt: skip
    first = max(item.effects, key=lambda name: abs(item.effects[name]))
    moved = item.now - item.base
    change = phrases("cause.increase" if moved >= 0 else "cause.decrease", value=fixed(abs(moved), 2))
    return phrases(
        "cause", year=item.since, bodies=item.bodies, measure=measure, change=change, unit=unit,
        effects=phrases.joined(effects), first=phrases(f"effect.{first}"),
    )  # fmt: skip


def _problems(found: Gathered, phrases: Phrases) -> list[str]:
    report = found.report
    moved = {item.code for item in report.standouts if item.why == "rose"}
    apart = {item.code for item in report.standouts if item.why.endswith("peers")}
    unknown = {line.carrier for line in found.factors if line.factor is None}
    bare = sum(not (item.amounts.get("area_m2") and item.amounts.get("persons")) for item in report.reporters)
    explain = sum(item.values for item in report.flagged if item.severity == "explain")
    values, rules = sum(item.values for item in report.flagged), len({item.rule for item in report.flagged})
    order = [code for code in reference.carriers() if code in unknown]
    told = [
        (bool(report.missing), phrases("problem.missing", count=len(report.missing))),
        (values > 0, phrases("problem.flagged", values=values, rules=rules, explain=explain)),
        (bool(moved), phrases("problem.rose", count=len(moved), limit=f"{limits().change_percent:f}")),
        (bool(apart), phrases("problem.peers", count=len(apart))),
        (bool(order), phrases("problem.factor", carriers=phrases.joined([carrier_word(code) for code in order]))),
        (bare > 0, phrases("problem.area", count=bare)),
    ]
    return [text for holds, text in told if holds] or [phrases("problem.none")]


def _tasks(report: Report, phrases: Phrases) -> list[str]:
    apart = len({item.code for item in report.standouts})
    told = [
        (bool(report.missing), phrases("task.missing", count=len(report.missing))),
        (apart > 0, phrases("task.standouts", count=apart)),
        (bool(report.top), phrases("task.top", count=len(report.top))),
        (True, phrases("task.quality")),
    ]
    return [text for holds, text in told if holds]

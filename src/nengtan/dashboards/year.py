"""One year of a region or an institution, beside an earlier one, as both pages show it."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from urllib.parse import quote, urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from nengtan.domain.accounts import Figures, Intensities, intensities
from nengtan.domain.change import Coverage
from nengtan.domain.factors import Kind, Reason
from nengtan.identity.access import Actor
from nengtan.identity.roles import Capability
from nengtan.ledger.models import YearClosing
from nengtan.ledger.queries.cube import Cube
from nengtan.ledger.queries.selection import Selection
from nengtan.ledger.queries.veil import OTHERS, others_word
from nengtan.ui import charts, formats
from nengtan.ui.components import Change, KeyFigure
from nengtan.ui.words import carrier_word

_REASONS: dict[str, Callable[[], str]] = {
    Reason.NO_FACTOR_FOR_CARRIER: lambda: _("no factor for this carrier"),
    Reason.NO_FACTOR_FOR_PLACE: lambda: _("no factor for this place"),
    Reason.ONLY_LATER_YEARS: lambda: _("no factor for so early a year"),
    Reason.NO_QUANTITY: lambda: _("quantity not known"),
}


COMPARABLE = Decimal("0.05")
"""Two years are compared while their completeness differs by no more: to report less is not to save."""

ALIKE = Decimal("0.02")
"""And while the number of institutions with figures differs by no more: what others use is no change."""


@dataclass(frozen=True)
class Bodies:
    """Denominators and completeness of a year; ``None`` is unknown."""

    institutions: int = 0
    area_m2: Decimal | None = None
    persons: Decimal | None = None
    present: int = 0
    expected: int = 0
    without_area: int = 0
    without_persons: int = 0

    @property
    def coverage(self) -> Coverage:
        """How many of the expected months are there."""
        return Coverage(self.present, self.expected)


@dataclass
class YearView:
    """The figures of a year, and of the same months of a base year: last year, unless an earlier one is chosen."""

    actor: Actor
    selection: Selection
    cube: Cube
    bodies: Bodies
    bodies_before: Bodies
    base: int

    @property
    def base_options(self) -> list[tuple[str, str]]:
        """What the year can be compared with: last year, and every earlier year with figures."""
        earlier = [year for year in reversed(self.cube.years) if year < self.year - 1]
        return [("", self._against(self.year - 1)), *((str(year), self._against(year)) for year in earlier)]

    @property
    def base_chosen(self) -> str:
        """The code of the choice in force."""
        return "" if self.is_on_last_year else str(self.base)

    @property
    def is_on_last_year(self) -> bool:
        """Whether the year is compared with the one before."""
        return self.base == self.year - 1

    def _against(self, year: int) -> str:
        return _("on last year") if year == self.year - 1 else _("on %(year)s") % {"year": year}

    @property
    def year(self) -> int:
        """The year shown."""
        return self.selection.year

    @cached_property
    def last_month(self) -> int:
        """The last month with figures."""
        return self.cube.last_month(self.year)

    @cached_property
    def figures(self) -> Figures:
        """The year's accounts."""
        return self.cube.figures(self.year)

    @cached_property
    def before(self) -> Figures:
        """The accounts of the same months of the base year."""
        months = (cell for cell in self.cube.part(self.base) if cell.period % 100 <= self.last_month)
        return self.cube.account(self.base, months)

    @cached_property
    def per(self) -> Intensities:
        """Per area and head."""
        return intensities(self.figures, self.bodies.area_m2, self.bodies.persons)

    @cached_property
    def per_before(self) -> Intensities:
        """Per area and head, in the base year."""
        return intensities(self.before, self.bodies_before.area_m2, self.bodies_before.persons)

    @property
    def closing(self) -> YearClosing | None:
        """The closing of the year, if closed."""
        return self.cube.closing(self.year)

    @property
    def odd(self) -> int:
        """Institutions that stand out."""
        return 0

    @property
    def late(self) -> int:
        """Institutions with missing months."""
        return 0

    @property
    def doubtful(self) -> int:
        """Institutions whose missing months are there, in a unit nobody has verified."""
        return 0

    @property
    def electricity_url(self) -> str:
        """What explains the electricity of the finding."""
        return self.lineage("electricity_kwh")

    @property
    def energy_url(self) -> str:
        """What explains the energy of the finding."""
        return self.lineage("energy_tce")

    @property
    def co2_url(self) -> str:
        """What explains the CO2 of the finding."""
        return self.lineage("co2_t")

    @property
    def energy_reason(self) -> str:
        """Why there is no energy figure."""
        return self.reason(Kind.COAL_EQUIVALENT)

    @property
    def co2_reason(self) -> str:
        """Why there is no CO2 figure."""
        return self.reason(Kind.CO2)

    def facts_in_words(self) -> list[str]:
        """Size and completeness, for the line below the finding."""
        words = []
        if self.bodies.area_m2 is not None:
            words.append(_("floor area %(value)s m²") % {"value": formats.compact(self.bodies.area_m2)})
        if self.bodies.persons is not None:
            words.append(_("%(value)s energy users") % {"value": formats.compact(self.bodies.persons)})
        if self.bodies.coverage.share is not None:
            words.append(
                _("%(share)s of expected months present") % {"share": formats.percent(self.bodies.coverage.share)}
            )
        if 0 < self.last_month < 12:
            words.append(_("January to month %(month)s") % {"month": self.last_month})
        if self.not_compared:
            words.append(self.not_compared)
        return words

    @property
    def subtitle(self) -> str:
        """The line below the finding."""
        return " · ".join(self.facts_in_words())

    @property
    def is_comparable(self) -> bool:
        """Whether the base year is about as complete as this one, and of as many, so that a change says something."""
        now, before = self.bodies.coverage.share, self.bodies_before.coverage.share
        return self._told_alike and (now is None or before is None or abs(now - before) <= COMPARABLE)

    @cached_property
    def told(self) -> tuple[int, int]:
        """How many institutions stand behind the figures of the base year and of this one, in the months compared."""
        return self.cube.told(self.base, self.last_month), self.cube.told(self.year, self.last_month)

    @property
    def _told_alike(self) -> bool:
        return abs(self.told[0] - self.told[1]) <= ALIKE * max(self.told)

    @property
    def not_compared(self) -> str:
        """Why the year is not compared with the base year, where it has figures; else empty."""
        if self.is_comparable or self.before.electricity_kwh is None:
            return ""
        if not self._told_alike:
            return self._told_otherwise
        shares = {
            "before": formats.percent(self.bodies_before.coverage.share),
            "now": formats.percent(self.bodies.coverage.share),
        }
        if self.is_on_last_year:
            return _("not compared with last year: %(before)s of its months are there, %(now)s of this year's") % shares
        words = _("not compared with %(year)s: %(before)s of its months are there, %(now)s of this year's")
        return words % {**shares, "year": self.base}

    @property
    def _told_otherwise(self) -> str:
        told = {"before": self.told[0], "now": self.told[1], "year": self.base}
        if self.is_on_last_year:
            return _("not compared with last year: %(before)s institutions had figures then, %(now)s this year") % told
        return _("not compared with %(year)s: %(before)s institutions had figures then, %(now)s this year") % told

    @property
    def against(self) -> str:
        """What the year is compared with, in words."""
        return self._against(self.base)

    def lineage(self, measure: str, **cut: str | int) -> str:
        """The address that explains a figure of this view; none for those who may not open it."""
        if not self.actor.can(Capability.VIEW_LINEAGE):
            return ""
        return (
            f"{self._explained}&measure={measure}{''.join(f'&{name}={quote(str(part))}' for name, part in cut.items())}"
        )

    @cached_property
    def _explained(self) -> str:
        """The page that explains, of whom and of which year."""
        of = "institution" if self.selection.institution else "region"
        return f"{reverse('explain')}?{urlencode({of: self.selection.subject.code, 'year': self.year})}"

    def change(self, now: Decimal | None, before: Decimal | None) -> Change:
        """A figure against the base year; less is better."""
        return Change(now, before, self.against)

    def reason(self, kind: Kind) -> str:
        """Why a figure of ``kind`` is not there, or lacks a part."""
        gaps = [item for item in self.figures.missing if item.kind == kind]
        if not gaps:
            return _("no figures yet")
        return _REASONS[gaps[0].reason]()

    def gaps(self, kind: Kind) -> list[str]:
        """Carriers used that a total of ``kind`` leaves out."""
        return list(dict.fromkeys(carrier_word(item.carrier) for item in self.figures.missing if item.kind == kind))

    @property
    def key_figures(self) -> list[KeyFigure]:
        """The strip below the finding."""
        now, old, per, per_old = self.figures, self.before, self.per, self.per_before
        energy, carbon = Kind.COAL_EQUIVALENT, Kind.CO2
        return [
            self._key(
                _("Energy (calorific)"),
                now.energy_tce,
                old.energy_tce,
                "tce",
                "energy_tce",
                self.reason(energy),
                self._lacks(energy),
            ),
            self._key(
                _("CO₂ (statutory)"), now.co2_t, old.co2_t, "tCO₂", "co2_t", self.reason(carbon), self._lacks(carbon)
            ),
            self._key(
                _("Energy per area"),
                per.kgce_per_m2,
                per_old.kgce_per_m2,
                "kgce/m²",
                "kgce_per_m2",
                self._divided(self.bodies.area_m2, _("area not known")),
                self._without_area,
                decimals=2,
            ),
            self._key(
                _("Energy per person"),
                per.kgce_per_person,
                per_old.kgce_per_person,
                _("kgce/person"),
                "kgce_per_person",
                self._divided(self.bodies.persons, _("headcount not known")),
                self._without_persons,
                decimals=1,
            ),
            self._key(_("Water"), now.water_m3, old.water_m3, "m³", "water_m3", _("no figures yet")),
            self._key(
                _("Cost of energy and water"), now.cost_cny, old.cost_cny, _("CNY"), "cost_cny", _("no figures yet")
            ),
        ]

    def _key(
        self,
        label: str,
        now: Decimal | None,
        old: Decimal | None,
        unit: str,
        measure: str,
        reason: str,
        note: str = "",
        decimals: int | None = None,
    ) -> KeyFigure:
        return KeyFigure(
            label,
            now,
            unit=unit,
            href=self.lineage(measure) if now is not None else "",
            change=self.change(now, old) if self.is_comparable and now is not None and old is not None else None,
            note=note if now is not None else reason,
            decimals=decimals,
            reason=reason if now is None else "",
        )

    def _lacks(self, kind: Kind) -> str:
        gaps = self.gaps(kind)
        return (
            _("without %(carriers)s") % {"carriers": _(", ").join(gaps)}
            if gaps and self.figures.energy_tce is not None
            else ""
        )

    @property
    def _without_area(self) -> str:
        """Of how many institutions the area lacks in the denominator; what they used is in the numerator."""
        count = self.bodies.without_area
        words = ngettext("%(n)s institution without area", "%(n)s institutions without area", count)
        return words % {"n": count} if count else ""

    @property
    def _without_persons(self) -> str:
        count = self.bodies.without_persons
        words = ngettext("%(n)s institution without headcount", "%(n)s institutions without headcount", count)
        return words % {"n": count} if count else ""

    def _divided(self, denominator: Decimal | None, unknown: str) -> str:
        return unknown if denominator is None else self.reason(Kind.COAL_EQUIVALENT)

    @property
    def lacking_factors(self) -> list[str]:
        """Factors this place and year lacks, by what they give, each with its carriers."""
        names = {Kind.COAL_EQUIVALENT: _("coal equivalent"), Kind.CO2: _("CO₂")}
        lacking = {
            name: [
                carrier_word(item.carrier)
                for item in self.figures.missing
                if item.kind == kind and item.reason == Reason.NO_FACTOR_FOR_PLACE
            ]
            for kind, name in names.items()
        }
        return [
            _("%(what)s: %(carriers)s") % {"what": name, "carriers": _(", ").join(dict.fromkeys(words))}
            for name, words in lacking.items()
            if words
        ]

    @property
    def in_energy(self) -> bool:
        """Whether energy in coal equivalent is known, else electricity stands in its place."""
        return self.figures.energy_tce is not None

    def _measure(self, year: int, **cut: str | int) -> Decimal | None:
        return self.cube.energy_tce(year, **cut) if self.in_energy else self.cube.electricity_kwh(year, **cut)

    @property
    def _unit(self) -> str:
        return "tce" if self.in_energy else "kWh"

    def monthly_chart(self) -> charts.Chart:
        """Months of the year by carrier, the base year as a dashed line; in total where bodies are veiled."""
        carriers = [code for code in self.cube.carriers(self.year, self.base) if code != "water"]
        if self.cube.veil is not None:
            carriers = [""]
        series = [
            charts.Series(
                code,
                _carrier_word(code),
                [self._measure(self.year, carrier=code, month=month) for month in range(1, 13)],
            )
            for code in carriers
        ]
        shown = [item for item in series if any(item.values)]
        before = [self._measure(self.base, month=month) for month in range(1, 13)]
        title = _("Energy by month") if self.in_energy else _("Electricity by month")
        last = before if any(value is not None for value in before) else None
        return charts.monthly_by_carrier(title, self._unit, shown, last_year=last, last_year_label=str(self.base))

    def structure_chart(self) -> charts.Chart:
        """What the year's energy is made of."""
        shares = [
            charts.Share(code, _carrier_word(code), figures.energy_tce, self.lineage("energy_tce", carrier=code))
            for code in self.cube.carriers(self.year)
            if (figures := self.cube.figures(self.year, carrier=code)).energy_tce
        ]
        return charts.structure(_("Structure by carrier"), "tce", shares)

    def yearly_chart(self) -> charts.Chart:
        """Years side by side, by carrier."""
        years = self.cube.years
        carriers = [code for code in self.cube.carriers() if code != "water"]
        series = [
            charts.Series(code, _carrier_word(code), [self._measure(year, carrier=code) for year in years])
            for code in carriers
        ]
        title = _("Energy by year") if self.in_energy else _("Electricity by year")
        return charts.yearly_trend(title, self._unit, years, [item for item in series if any(item.values)])

    def change_chart(self) -> charts.Chart | None:
        """Where the change of CO2 comes from: use of each carrier at the base year's factors, then the factors.

        The steps add up to the change exactly, since use is valued at one year's factors and the rest is the factors'.
        """
        now, before = self.figures.co2_t, self.before.co2_t
        if now is None or before is None or not self.is_comparable:
            return None
        deltas: dict[str, Decimal] = {}
        at_old_factors = Decimal(0)
        for code in self.cube.carriers(self.year, self.base):
            cells = self.cube.part(self.year, carrier=code)
            valued = self.cube.account(self.year, cells, factor_year=self.base).co2_t or Decimal(0)
            months = (cell for cell in self.cube.part(self.base, carrier=code) if cell.period % 100 <= self.last_month)
            delta = valued - (self.cube.account(self.base, months).co2_t or Decimal(0))
            at_old_factors += valued
            deltas[_carrier_word(code)] = delta
        steps = _largest(deltas, 2)
        steps.append(charts.Step(_("Emission factors"), now - at_old_factors))
        return charts.waterfall(
            _("Where the change comes from"),
            "tCO₂",
            charts.Share("total", str(self.base), before),
            steps,
            charts.Share("total", str(self.year), now),
        )


def _carrier_word(code: str) -> str:
    """The word of a carrier, of the rest, or of all together."""
    if code == OTHERS:
        return others_word()
    return carrier_word(code) if code else _("All carriers")


def base_of(year: int, wanted: int | None, known: Container[int]) -> int:
    """The year to compare ``year`` with: the one wanted where it is earlier and has figures, else last year."""
    return wanted if wanted is not None and wanted < year and wanted in known else year - 1


def _largest(deltas: Mapping[str, Decimal], most: int) -> list[charts.Step]:
    """The largest changes of use by name, the rest as one step."""
    ranked = sorted(deltas.items(), key=lambda item: -abs(item[1]))
    steps = [charts.Step(_("%(carrier)s used") % {"carrier": word}, delta) for word, delta in ranked[:most] if delta]
    rest = sum((delta for _word, delta in ranked[most:]), Decimal(0))
    return [*steps, charts.Step(_("Other fuels used"), rest)] if rest else steps

"""What the page of an institution shows."""

from __future__ import annotations

from decimal import Decimal
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from nengtan import reference
from nengtan.dashboards.findings import Worded, worded
from nengtan.dashboards.region import FIRST_YEAR, per_area
from nengtan.dashboards.year import Bodies, YearView, base_of
from nengtan.domain import periods
from nengtan.identity.access import Actor
from nengtan.ledger.models import ActivityFact, InstitutionYear
from nengtan.ledger.queries.cube import cube
from nengtan.ledger.queries.selection import Selection, require_visible
from nengtan.ledger.queries.standing_out import standing_out
from nengtan.registry.models import Attribute, Institution, Region
from nengtan.registry.queries.endings import heirs_of, months_after
from nengtan.ui import formats
from nengtan.ui.components import Definition
from nengtan.ui.words import carrier_word, kind_word, unit_word


class InstitutionView(YearView):
    """An institution's year."""

    def __init__(
        self, actor: Actor, institution: Institution, year: int | None, this_year: int, base: int | None = None
    ) -> None:
        selection = Selection(year or this_year, institution=institution)
        require_visible(actor, selection)
        months = cube(actor, selection, (FIRST_YEAR, this_year))
        if year is None and months.years:
            selection = selection.of_year(months.years[-1])
        self.institution = institution
        self.books = {book.year: book for book in institution.years.all()}
        base = base_of(selection.year, base, months.years)
        super().__init__(actor, selection, months, self._bodies(selection.year), self._bodies(base), base)

    def _bodies(self, year: int) -> Bodies:
        book = self.books.get(year)
        return Bodies(1, book.area_m2, book.persons, book.present, book.expected) if book else Bodies()

    @cached_property
    def reasons(self) -> list[Worded]:
        """What was found about it among the bodies of its region; what came after its end stands with its ending."""
        around = Selection(self.year, region=self.institution.region)
        found = standing_out(self.actor, around)
        own = [item for item in found.findings if item.institution == self.institution.code]
        return [worded(item, found.unverified) for item in own if item.code != "after_closing"]

    @cached_property
    def peers(self) -> list[float]:
        """kgce per m² of the bodies of its kind in its region, itself included."""
        books = InstitutionYear.objects.filter(
            year=self.year, kind=self.institution.kind, region__path__startswith=self.institution.region.path
        )
        values = [per_area(*book) for book in books.values_list("energy_tce", "area_m2")[:500]]
        return [float(value) for value in values if value is not None]

    @cached_property
    def ending(self) -> str:
        """That it was closed or merged, when, and into what; empty while it is there."""
        body = self.institution
        if body.closed_on is None:
            return ""
        heirs = heirs_of([body.pk]).get(body.pk, ())
        told = {"day": body.closed_on, "heirs": _(", ").join(heirs)}
        return (_("became %(heirs)s on %(day)s") if heirs else _("closed on %(day)s")) % told

    @cached_property
    def months_after(self) -> int:
        """Months after its end of which figures are held."""
        return months_after([self.institution]).get(self.institution.code, 0)

    @property
    def late_url(self) -> str:
        """The figures of months after its end."""
        late = {"institution": self.institution.code, "standing": ActivityFact.Standing.AFTER_CLOSING.value}
        return f"{reverse('facts')}?{urlencode(late)}"

    @property
    def judgement(self) -> str:
        """The gravest finding."""
        return next(
            (word for word in ("bad", "warn") if any(reason.severity == word for reason in self.reasons)), "muted"
        )

    @property
    def definitions(self) -> list[Definition]:
        """What the register says of it, as far as figures depend on it."""
        body = self.institution
        rows = [
            Definition(_("Code"), body.code),
            Definition(_("Credit code"), body.credit_code or ""),
            Definition(_("Type"), kind_word(body.kind)),
            Definition(_("Region"), str(body.region)),
            Definition(_("Address"), body.address),
        ]
        rows += [Definition(item.get_key_display(), formats.plain(item.value), _since(item)) for item in self.dated]
        if body.host:
            rows.append(Definition(_("Account held by"), body.host.name, body.get_allocation_display()))
        return rows

    @property
    def matrix(self) -> list[dict[str, Any]]:
        """Carriers down, months across: what counts, each cell with the address that explains it."""
        rows = []
        for code in self.cube.carriers(self.year):
            months = []
            for month in range(1, 13):
                quantities = [
                    cell.quantity
                    for cell in self.cube.part(self.year, carrier=code, month=month)
                    if cell.quantity is not None
                ]
                value = sum(quantities, Decimal(0)) if quantities else None
                months.append({"month": month, "value": value, "href": self._cell_url(code, month)})
            known = [item["value"] for item in months if item["value"] is not None]
            unit = unit_word(reference.carriers()[code].unit)
            rows.append(
                {
                    "code": code,
                    "word": carrier_word(code),
                    "unit": unit,
                    "months": months,
                    "total": sum(known, Decimal(0)) if known else None,
                    "href": self._cell_url(code),
                }
            )
        return rows

    def _cell_url(self, carrier: str, month: int = 0) -> str:
        """What explains a quantity; of carriers that are only measured in tce and CO2, the bills themselves."""
        cut = {"month": month} if month else {}
        if reference.carriers()[carrier].is_water:
            return self.lineage("water_m3", **cut)
        if carrier == "electricity":
            return self.lineage("electricity_kwh", **cut)
        chosen = {"institution": self.institution.code, "carrier": carrier, "year": self.year, **cut, "standing": 1}
        return f"{reverse('facts')}?{urlencode(chosen)}"

    @cached_property
    def dated(self) -> list[Attribute]:
        """Area and headcount in force at the end of the year, with since when."""
        end = periods.last_day(self.year * 100 + 12)
        found: dict[str, Attribute] = {}
        for attribute in self.institution.attributes.filter(valid_from__lte=end).order_by("valid_from"):
            found[attribute.key] = attribute
        return list(found.values())

    @property
    def notices(self) -> list[str]:
        """Notices of the regions it stands in."""
        return list(dict.fromkeys(region.notice for region in self.above if region.notice))

    @property
    def above(self) -> list[Region]:
        """The regions from the root down to its own."""
        return self.institution.region.line


def _since(item: Attribute) -> str:
    return _("since %(day)s") % {"day": item.since} if item.known_from else item.since

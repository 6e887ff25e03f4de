"""The good rows of a checked workbook, written in bulk: so many queries a thousand rows, whatever the rows say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from nengtan.domain.overtime import SINCE_ALWAYS
from nengtan.identity.access import Actor
from nengtan.registry.models import (
    Asset,
    Attribute,
    Building,
    Contact,
    Institution,
    InstitutionSpan,
    Meter,
    Occupancy,
)
from nengtan.registry.services.attributes import announce, stage_attribute
from nengtan.registry.services.institutions import initials_of
from nengtan.registry.services.intake.known import Known, chunks
from nengtan.registry.services.intake.plan import Progress, RegistryPlan, RowPlan
from nengtan.registry.services.intake.rows import DATED
from nengtan.registry.services.writing import Writing

Dated = dict[tuple[str, int, str, date], Attribute]


class Writer:
    """Writes the good rows; records are found by code as they come into being."""

    def __init__(self, actor: Actor, plan: RegistryPlan, progress: Progress | None) -> None:
        known = plan.known or Known(actor)
        self.plan, self.known, self.progress = plan, known, progress
        self.writing = Writing(actor, self._written)
        self.done, self.total = 0, sum(len(sheet.good) for sheet in plan.sheets)
        self.bodies = {**known.owners}
        self.buildings = {**known.buildings}
        self.meters = {**known.meters}
        self.people: dict[tuple[str, str, str], Contact] = {}
        self.changed: dict[str, Institution] = {}

    def _written(self, count: int) -> None:
        """A piece is in; also where the work can be cancelled."""
        self.done = min(self.done + count, self.total - 1)
        self._tell(_("Writing the records"))

    def _tell(self, note: str) -> None:
        if self.progress is not None:
            self.progress(self.done, self.total, note)

    def run(self) -> None:
        self._institutions()
        self._buildings()
        self._each("occupancies", self._occupancy)
        self._meters()
        self._each("assets", self._asset)
        self._each("contacts", self._contact)
        self._tell(_("Renewing the accounts"))
        announce(*self.changed.values())
        self.done = self.total
        self._tell(_("Renewing the accounts"))

    def _each(self, kind: str, stage: Callable[[RowPlan], None]) -> None:
        for row in self.plan.rows(kind):
            if row.action != "same":
                stage(row)
        self.writing.flush()

    def _institutions(self) -> None:
        rows = [row for row in self.plan.rows("institutions") if row.action != "same"]
        fresh = [row for row in rows if row.action == "create"]
        for level in _levels(fresh, "superior"):
            for row in level:
                body = self.bodies[row.code] = Institution(code=row.code)
                self._body(row, body)
            self.writing.flush()
        for row in rows:
            if row.action == "update" and row.lead is None:
                self._body(row, self.bodies[row.code])
        self.writing.flush()
        for row in rows:
            if "host" in row.values:
                body = self.bodies[row.code]
                self.writing.put("institution", body, {"host": self.bodies[row.values["host"]]})
        self.writing.flush()
        self._beside(rows)

    def _body(self, row: RowPlan, body: Institution) -> None:
        values = {key: value for key, value in row.values.items() if key != "host"}
        if "superior" in values:
            values["superior"] = self.bodies[values["superior"]]
        if "name" in values:
            values["initials"] = initials_of(values["name"])
        if values or body.pk is None:
            self.writing.put("institution", body, values)

    def _beside(self, rows: Sequence[RowPlan]) -> None:
        """Spans, dated values and contacts of bodies that are there by now."""
        held = self._held("institution", [self.bodies[row.code] for row in rows])
        for row in rows:
            body = self.bodies[row.code]
            if row.lead is None:
                self._span(row, body)
            self._dated(row, body, held)
            self._contacts(row, body)
            self.changed[body.code] = body
        self.writing.flush()

    def _span(self, row: RowPlan, body: Institution) -> None:
        if row.existing is None or row.span_from is None:
            values = {key: getattr(body, key) for key in DATED}
            span = InstitutionSpan(institution=body, valid_from=body.established_on or SINCE_ALWAYS, **values)
            self.writing.stage(span, set(values))
        elif row.span:
            values = dict(row.span)
            if "superior" in values:
                values["superior"] = self.bodies[values["superior"]]
            span = next(one for one in self.known.spans[body.pk] if one.valid_from == row.span_from)
            self.writing.put("institution.span", span, values, body)

    def _held(self, owner: str, subjects: Sequence[Institution | Building]) -> Dated:
        """Dated values of the records, to be replaced where a row gives another of the same day."""
        found: Dated = {}
        for chunk in chunks({subject.pk for subject in subjects}):
            for one in Attribute.objects.filter(**{f"{owner}__in": chunk}):
                found[owner, getattr(one, f"{owner}_id"), one.key, one.valid_from] = one
        return found

    def _dated(self, row: RowPlan, subject: Institution | Building, held: Dated) -> None:
        owner = "institution" if isinstance(subject, Institution) else "building"
        for key, (since, value) in row.dated.items():
            old = held.get((owner, subject.pk, key, since))
            stage_attribute(self.writing, subject, key, since, value, self.plan.source[:200], old)

    def _contacts(self, row: RowPlan, body: Institution) -> None:
        for role, (name, phone) in row.contacts.items():
            held = self.known.contacts.get((body.pk, role), [])
            contact = next((one for one in held if one.name == name), held[0] if held else None)
            contact = contact or Contact(institution=body, role=role)
            values = {"name": name} | ({"phone": phone} if phone is not None else {})
            self.people[body.code, role, name] = contact
            self.writing.put("contact", contact, values, body)

    def _contact(self, row: RowPlan) -> None:
        """A person of the own sheet; whom the sheet of institutions names too is one and the same."""
        body, role, name = self.bodies[row.given["institution_code"]], row.given["role"], row.given["name"]
        contact = row.existing if isinstance(row.existing, Contact) else self.people.get((body.code, role, name))
        self.writing.put("contact", contact or Contact(institution=body, role=role, name=name), row.values, body)

    def _buildings(self) -> None:
        rows = [row for row in self.plan.rows("buildings") if row.action != "same"]
        for row in rows:
            if row.lead is None:
                self._building(row)
        self.writing.flush()
        held = self._held("building", [self.buildings[row.code] for row in rows])
        for row in rows:
            building = self.buildings[row.code]
            self._dated(row, building, held)
            self._touch(building.institution)
        self.writing.flush()

    def _building(self, row: RowPlan) -> None:
        building = row.existing if isinstance(row.existing, Building) else Building(code=row.code)
        values = dict(row.values)
        if "institution" in values:
            values["institution"] = self.bodies[values["institution"]]
            values["region"] = values["institution"].region
        self.buildings[row.code] = building
        if values:
            self.writing.put("building", building, values)

    def _touch(self, body: Institution) -> None:
        self.changed.setdefault(body.code, self.bodies.get(body.code, body))

    def _meters(self) -> None:
        rows = [row for row in self.plan.rows("meters") if row.action != "same"]
        for level in _levels(rows, "parent"):
            for row in level:
                meter = row.existing if isinstance(row.existing, Meter) else Meter(code=row.code)
                values = self._linked(row.values)
                if "parent" in values:
                    values["parent"] = self.meters[values["parent"]]
                self.meters[row.code] = meter
                self.writing.put("meter", meter, values, values.get("institution"))
            self.writing.flush()

    def _linked(self, values: dict[str, Any]) -> dict[str, Any]:
        """Values with institution and building as records."""
        linked = dict(values)
        if "institution" in linked:
            linked["institution"] = self.bodies[linked["institution"]]
        if "building" in linked:
            linked["building"] = self.buildings[linked["building"]]
        return linked

    def _occupancy(self, row: RowPlan) -> None:
        body = self.bodies[row.given["institution_code"]]
        building = self.buildings[row.given["building_code"]]
        fresh = Occupancy(building=building, institution=body)
        occupancy = row.existing if isinstance(row.existing, Occupancy) else fresh
        self.writing.put("occupancy", occupancy, row.values, body)
        self._touch(body)

    def _asset(self, row: RowPlan) -> None:
        body = self.bodies[row.given["institution_code"]]
        fresh = Asset(institution=body, kind=row.given["kind"], name=row.given["name"])
        asset = row.existing if isinstance(row.existing, Asset) else fresh
        self.writing.put("asset", asset, self._linked(row.values), body)


def _levels(rows: Sequence[RowPlan], upper: str) -> Iterator[list[RowPlan]]:
    """Rows level by level, whoever stands above before whoever stands below."""
    by_code = {row.code: row for row in rows}
    depths: dict[str, int] = {}
    for row in rows:
        line = [row.code]
        while line[-1] not in depths and (above := by_code[line[-1]].values.get(upper)) in by_code:
            line.append(above)
        depth = depths.get(line[-1], 0)
        for step, code in enumerate(reversed(line)):
            depths.setdefault(code, depth + step)
    levels: dict[int, list[RowPlan]] = defaultdict(list)
    for row in rows:
        levels[depths[row.code]].append(row)
    return (levels[depth] for depth in sorted(levels))

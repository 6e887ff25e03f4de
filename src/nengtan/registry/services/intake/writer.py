"""The good rows of a checked workbook, written in bulk: so many queries a thousand rows, whatever the rows say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
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
from nengtan.registry.services.events import EventInput, record_event
from nengtan.registry.services.institutions import initials_of
from nengtan.registry.services.intake.events import parties
from nengtan.registry.services.intake.known import Happening, Known, chunks
from nengtan.registry.services.intake.plan import Progress, RegistryPlan, RowPlan
from nengtan.registry.services.intake.rows import DATED
from nengtan.registry.services.writing import Writing
from nengtan.ui.sheets.refused import Refused

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
        self._events()
        self._tell(_("Renewing the accounts"))
        announce(self.writing.actor, *self.changed.values())
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

    def _events(self) -> None:
        """What happened, told to the register in the order of its days; then what the rows say of the time after it."""
        rows = [row for row in self.plan.rows("events") if row.action == "create"]
        for row in sorted(rows, key=lambda row: row.given["effective_on"]):
            try:
                record_event(self.writing.actor, self._event(row.given))
            except ValidationError as error:
                raise Refused("event_refused", str(row.row), params={"why": " ".join(error.messages)}) from error
            self._written(1)
        codes = {code for row in rows for code in parties(row.given)}
        if not codes:
            return
        for chunk in chunks(codes):
            for body in Institution.objects.filter(code__in=chunk).select_related("region", "superior"):
                self.bodies[body.code] = self.changed[body.code] = body
        self._after(codes)

    def _event(self, given: Mapping[str, Any]) -> EventInput:
        told, held = Happening.of(given), Institution.objects.select_related("region", "superior")
        assert told is not None
        bodies = {body.code: body for body in held.filter(code__in={*told.before, *told.after})}
        superior = given.get("superior_code")
        return EventInput(
            told.kind,
            told.on,
            [bodies[code] for code in told.before],
            [bodies[code] for code in told.after],
            document=given.get("document") or "",
            note=given.get("note") or "",
            name=given.get("new_name") or "",
            region=self.known.regions.get(given.get("region_code") or ""),
            superior=held.get(code=superior) if superior else None,
            reports_to=given.get("reports_to") or "",
        )

    def _after(self, codes: set[str]) -> None:
        """Rows of bodies with events: the day they began, and what they were called from a day after an event on."""
        spans: dict[int, list[InstitutionSpan]] = defaultdict(list)
        for chunk in chunks([self.bodies[code].pk for code in codes]):
            for span in InstitutionSpan.objects.filter(institution__in=chunk).order_by("valid_from"):
                spans[span.institution_id].append(span)
        for row in [row for row in self.plan.rows("institutions") if row.code in codes]:
            body = self.bodies[row.code]
            begun = row.given.get("established_on")
            if begun is not None and body.established_on != begun:
                self.writing.put("institution", body, {"established_on": begun})
            if row.named:
                self._named(row, body, spans[body.pk])
        self.writing.flush()

    def _named(self, row: RowPlan, body: Institution, spans: Sequence[InstitutionSpan]) -> None:
        day = row.given.get("valid_from")
        span = next((one for one in reversed(spans) if day is None or one.valid_from <= day), spans[0])
        values = dict(row.named)
        if values.get("superior"):
            values["superior"] = self.bodies[values["superior"]]
        self.writing.put("institution.span", span, values, body)
        if span is spans[-1]:
            self.writing.put("institution", body, {**values, "initials": initials_of(values.get("name", body.name))})

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

"""The workbook people fill in, and the register given out in the same layout."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from nengtan import reference
from nengtan.domain.overtime import SINCE_ALWAYS
from nengtan.domain.sheets.records import Field
from nengtan.registry.models import (
    Asset,
    Attribute,
    Building,
    Contact,
    EventParty,
    Institution,
    InstitutionEvent,
    InstitutionSpan,
    Meter,
    Occupancy,
)
from nengtan.registry.services.equipment import field_word
from nengtan.registry.services.intake import schema
from nengtan.registry.services.intake.known import CHANGING, chunks
from nengtan.registry.since import since_word
from nengtan.ui.harmless import safe_text
from nengtan.ui.sheets.wording import column_name, unit_name
from nengtan.ui.sheets.writer import Sheet, SheetColumn, SheetValue, write_workbook
from nengtan.ui.words import carrier_word, kind_word, named, system_word

TEXT = "@"
WIDE = {"name", "address", "note"}
SIZES = ("area_m2", "persons", "establishment")
LISTED = 60
"""Words in a drop-down at most."""

Row = list[SheetValue]


def template() -> bytes:
    """The Excel file to fill in: a sheet a kind of record, drop-downs, hints, an example row each."""
    specs, titles = schema.fields(), schema.titles()
    examples = _examples()
    sheets = [Sheet(titles[kind], _columns(kind, specs[kind], examples[kind])) for kind in schema.SHEETS]
    return write_workbook(sheets, _notes(), _("How to fill in"))


def export_workbook(institutions: QuerySet[Institution], history: bool = False) -> bytes:
    """These institutions with all that belongs to them, as the import takes them; reading it in changes nothing.

    Dated values are the latest; with ``history`` each earlier day has a row of its own.
    """
    specs, titles = schema.fields(), schema.titles()
    return write_workbook(
        [Sheet(titles[kind], _columns(kind, specs[kind], {}), _rows(kind, institutions, history)) for kind in specs]
    )


def export_csv(institutions: QuerySet[Institution], kind: str, history: bool = False) -> bytes:
    """One sheet of :func:`export_workbook` as CSV (UTF-8 with a mark, for Excel), as the import takes it."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(column.heading for column in _columns(kind, schema.fields()[kind], {}))
    writer.writerows([safe_text(value) for value in row] for row in _rows(kind, institutions, history))
    return text.getvalue().encode("utf-8-sig")


def _rows(kind: str, institutions: QuerySet[Institution], history: bool) -> Iterable[Row]:
    dated: dict[str, Callable[[QuerySet[Institution], bool], Iterable[Row]]] = {
        "institutions": _institution_rows,
        "buildings": _building_rows,
    }
    others: dict[str, Callable[[QuerySet[Institution]], Iterable[Row]]] = {
        "occupancies": _occupancy_rows,
        "meters": _meter_rows,
        "assets": _asset_rows,
        "contacts": _contact_rows,
        "events": _event_rows,
    }
    return dated[kind](institutions, history) if kind in dated else others[kind](institutions)


def _columns(kind: str, entries: Sequence[Field], examples: dict[str, SheetValue]) -> list[SheetColumn]:
    columns = [_column(kind, entry, examples.get(entry.key)) for entry in entries]
    if kind == "assets":
        columns += [
            SheetColumn(_particular_heading(key), 14, comment=_("Only for: %(kinds)s") % {"kinds": _(", ").join(kinds)})
            for key, kinds in _particulars().items()
        ]
    return columns


def _column(kind: str, entry: Field, example: SheetValue) -> SheetColumn:
    heading = column_name(entry.key)
    choices = entry.labels[:LISTED] if entry.kind == "choice" and len(entry.labels) <= LISTED else ()
    number = (
        "yyyy-mm-dd" if entry.kind in {"date", "since"} else TEXT if entry.kind in {"code", "text", "choices"} else ""
    )
    hint = _hints().get((kind, entry.key)) or _hints().get(("", entry.key), "")
    return SheetColumn(heading, 30 if entry.key in WIDE else 16, number, choices, hint, example, entry.required)


def _hints() -> dict[tuple[str, str], str]:
    return {
        ("institutions", "code"): _("Your own code; a code the register knows is an update of that record."),
        ("", "credit_code"): _("18 characters; the check digit is tested (GB 32100)."),
        ("", "region_code"): _("Six-digit code of GB/T 2260, or the code of a sub-district added here."),
        ("", "superior_code"): _("May be the code of a later row."),
        ("", "valid_from"): _("Day from which area and headcount hold; earlier values stay. Not known: “%(word)s”.")
        % {"word": since_word(SINCE_ALWAYS)},
        ("", "share"): _("0 to 1, or a percentage."),
        ("", "carriers"): _("Several are separated by commas: %(words)s")
        % {"words": _(", ").join(map(_listed_carrier, reference.carriers()))},
        ("", "host_code"): _("Body that holds the utility account, if this one has none."),
        ("events", "before_codes"): _("Whom it happens to; several, for a merger, are separated by commas."),
        ("events", "after_codes"): _("Who comes of it: one for a merger or a new body, several for a split."),
        ("events", "new_name"): _("For a renaming."),
        ("events", "region_code"): _("For a move: the new region."),
        ("events", "superior_code"): _("For a move: the new superior body."),
        ("events", "reports_to"): _("For a move."),
        ("meters", "parent_code"): _("The meter above this one, if it is a sub-meter."),
        ("meters", "item"): _("Only if it measures a part of use: code or name of the sub-item."),
    }


def _examples() -> dict[str, dict[str, SheetValue]]:
    today = timezone.localdate()
    year: date = today.replace(month=1, day=1)
    words = {kind: {entry.key: entry.labels for entry in entries} for kind, entries in schema.fields().items()}
    return {
        "institutions": {
            "code": "A001", "name": _("Example Primary School"), "kind": kind_word("021"), "region_code": "420106",
            "system": system_word("education"), "area_m2": 12500, "persons": 860, "establishment": 62,
            "valid_from": year, "carriers": ",".join(map(_listed_carrier, ("electricity", "water"))),
            "occupancy": words["institutions"]["occupancy"][0],
            "utility_account": words["institutions"]["utility_account"][0],
        },
        "buildings": {
            "code": "A001-1", "name": _("Teaching building"), "institution_code": "A001", "year_built": 2008,
            "area_m2": 8200, "valid_from": year, "floors": 5,
        },
        "occupancies": {"building_code": "A001-1", "institution_code": "A001", "share": 1, "valid_from": year},
        "meters": {
            "code": "A001-E1", "name": _("Main electricity meter"), "institution_code": "A001",
            "building_code": "A001-1", "carrier": carrier_word("electricity"), "ratio": 40,
        },
        "assets": {
            "institution_code": "A001", "kind": schema.asset_word("vehicle"), "name": _("Official cars"), "count": 3,
        },
        "contacts": {
            "institution_code": "A001", "role": words["contacts"]["role"][0], "name": _("Somebody"),
            "phone": "027-0000-0000",
        },
        "events": {
            "event_kind": words["events"]["event_kind"][0], "effective_on": year, "after_codes": "A001",
            "document": _("Document No. 1"),
        },
    }  # fmt: skip


def _notes() -> list[str]:
    return [
        _("One row is one record. Delete the example rows. Columns with a brown heading are needed."),
        _("A code the register knows is an update; an empty cell leaves what is there."),
        _("Rows may refer to later rows and to other sheets; sheets that are not needed may stay empty."),
        _("Area and headcount hold from a day: the figures of a past year keep the values of that year."),
        _("A code may stand in several rows, each with a day of its own: values over time."),
        _("Mergers, splits, renamings and moves are events: they have a sheet of their own, a row an event."),
        _("Importing the same file again changes nothing."),
    ]


def _particulars() -> dict[str, list[str]]:
    """Each particular's key, with the kinds that have it."""
    found: dict[str, list[str]] = {}
    for kind in reference.asset_kinds().values():
        for entry in kind.fields:
            found.setdefault(entry.key, []).append(schema.asset_word(kind.code))
    return found


def _particular_heading(key: str) -> str:
    fields = (entry for kind in reference.asset_kinds().values() for entry in kind.fields)
    entry = next(entry for entry in fields if entry.key == key)
    return f"{field_word(entry)} ({unit_name(entry.unit)})" if entry.unit else field_word(entry)


def _listed_carrier(code: str) -> str:
    """A carrier as it can stand in a list that is split at commas and blanks."""
    word = carrier_word(code)
    return code if " " in word else word


Values = dict[str, dict[date, Decimal]]
"""By attribute: since when it holds, and how much."""


def _dated(owner: str, rows: QuerySet[Any]) -> dict[int, Values]:
    found: dict[int, Values] = {}
    ids = rows.order_by().values("pk")
    for one in Attribute.objects.filter(**{f"{owner}__in": ids}).order_by("valid_from"):
        found.setdefault(getattr(one, f"{owner}_id"), {}).setdefault(one.key, {})[one.valid_from] = one.value
    return found


def _days(values: Values) -> list[date]:
    """Every day on which a value begins, in order; all the latest values hold on the last."""
    return sorted({day for held in values.values() for day in held})


def _since(values: Values) -> str | date | None:
    return _begin(max(_days(values), default=None))


def _begin(day: date | None) -> str | date | None:
    """A beginning as a cell shows it: in words where nobody knows it."""
    return since_word(day) if day == SINCE_ALWAYS else day


def _value(values: Values, key: str) -> SheetValue:
    return list(values[key].values())[-1] if key in values else None


def _earlier(values: Values) -> Iterator[tuple[date, Callable[[str], SheetValue]]]:
    """The days before the last, and what begins on them."""
    for day in _days(values)[:-1]:
        yield day, lambda key, day=day: values.get(key, {}).get(day)  # type: ignore[misc]


def _institution_rows(institutions: QuerySet[Institution], history: bool) -> Iterator[Row]:
    sizes = _dated("institution", institutions)
    spans = _spans(institutions) if history else {}
    keys = [entry.key for entry in schema.fields()["institutions"]]
    contacts: dict[tuple[int, str], Contact] = {}
    for contact in Contact.objects.filter(institution__in=institutions.order_by().values("pk")).order_by("-pk"):
        contacts[contact.institution_id, contact.role] = contact
    for body in institutions.select_related("region", "superior", "host").order_by("code"):
        size = sizes.get(body.pk, {})
        held = spans.get(body.pk, [])
        days = _with_spans(size, held)
        for day in days[:-1] if history else ():
            cells = _then(body, held, day)
            cells |= {key: size.get(key, {}).get(day) for key in SIZES} | {"valid_from": _begin(day)}
            yield [cells.get(key) for key in keys]
        people: Row = []
        for role in schema.CONTACTS:
            known = contacts.get((body.pk, role))
            people += [known.name, known.phone or None] if known else [None, None]
        yield [
            body.code, body.credit_code, body.name, kind_word(body.kind), body.region.code,
            system_word(body.system) or None, body.superior.code if body.superior else None,
            str(body.get_reports_to_display()), body.address or None, body.lat, body.lon,
            *(_value(size, key) for key in SIZES), _begin(days[-1]) if days else None,
            str(body.get_occupancy_display()), str(body.get_utility_account_display()),
            str(body.get_allocation_display()) if body.allocation else None,
            body.host.code if body.host else None, body.share,
            ",".join(map(_listed_carrier, body.carriers)), body.established_on, *people, body.note or None,
        ]  # fmt: skip


def _with_spans(size: Values, spans: Sequence[InstitutionSpan]) -> list[date]:
    """Every day on which a size begins to hold, or another name or place; and one before the first of these."""
    sizes, later = _days(size), [span.valid_from for span in spans[1:]]
    first = [spans[0].valid_from] if later and not any(day < later[0] for day in sizes) else []
    return sorted({*sizes, *first, *later})


def _spans(institutions: QuerySet[Institution]) -> dict[int, list[InstitutionSpan]]:
    found: dict[int, list[InstitutionSpan]] = {}
    rows = InstitutionSpan.objects.filter(institution__in=institutions.order_by().values("pk"))
    for span in rows.select_related("region", "superior").order_by("valid_from"):
        found.setdefault(span.institution_id, []).append(span)
    return found


def _then(body: Institution, spans: Sequence[InstitutionSpan], day: date) -> dict[str, SheetValue]:
    """What a body was called on a day, and where it belonged."""
    held = [span for span in spans if span.valid_from <= day] or list(spans[:1])
    then: Any = held[-1] if held else body
    return {
        "code": body.code, "name": then.name, "kind": kind_word(then.kind), "region_code": then.region.code,
        "system": system_word(then.system) or None, "superior_code": then.superior.code if then.superior else None,
        "reports_to": str(then.get_reports_to_display()),
    }  # fmt: skip


def _building_rows(institutions: QuerySet[Institution], history: bool) -> Iterator[Row]:
    keys = [entry.key for entry in schema.fields()["buildings"]]
    rows = Building.objects.filter(institution__in=institutions.order_by().values("pk"))
    sizes = _dated("building", rows)
    for one in rows.select_related("institution").order_by("code"):
        size = sizes.get(one.pk, {})
        for day, begins in _earlier(size) if history else ():
            cells: dict[str, SheetValue] = {"code": one.code, "name": one.name, "valid_from": _begin(day)}
            cells["institution_code"] = one.institution.code
            yield [cells.get(key) or begins(key) for key in keys]
        yield [
            one.code, one.name, one.institution.code, named(reference.building_uses().get(one.use), one.use) or None,
            one.year_built, _value(size, "area_m2"), _since(size),
            named(reference.climate_zones().get(one.climate_zone), one.climate_zone) or None, one.floors,
            one.address or None, one.lat, one.lon, _value(size, "roof_area_m2"), one.out_of_use_on,
        ]  # fmt: skip


def _occupancy_rows(institutions: QuerySet[Institution]) -> Iterator[Row]:
    rows = Occupancy.objects.filter(institution__in=institutions.order_by().values("pk"))
    for one in rows.select_related("institution", "building").order_by(
        "building__code", "institution__code", "valid_from"
    ):
        yield [one.building.code, one.institution.code, one.share, one.area_m2, _begin(one.valid_from), one.valid_to]


def _meter_rows(institutions: QuerySet[Institution]) -> Iterator[Row]:
    rows = Meter.objects.filter(institution__in=institutions.order_by().values("pk"))
    for one in rows.select_related("institution", "building", "parent").order_by("code"):
        yield [
            one.code, one.name or None, one.institution.code, one.building.code if one.building else None,
            one.parent.code if one.parent else None, carrier_word(one.carrier),
            one.item or None, one.ratio, one.account_no or None, one.removed_on,
        ]  # fmt: skip


def _asset_rows(institutions: QuerySet[Institution]) -> Iterator[Row]:
    rows = Asset.objects.filter(institution__in=institutions.order_by().values("pk"))
    keys = list(_particulars())
    for one in rows.select_related("institution", "building").order_by("institution__code", "kind", "name"):
        yield [
            one.institution.code, one.building.code if one.building else None, schema.asset_word(one.kind), one.name,
            one.count, one.in_use_on, one.out_of_use_on, *(one.attributes.get(key) for key in keys),
        ]  # fmt: skip


def _contact_rows(institutions: QuerySet[Institution]) -> Iterator[Row]:
    rows = Contact.objects.filter(institution__in=institutions.order_by().values("pk"))
    for one in rows.select_related("institution").order_by("institution__code", "role", "name"):
        yield [one.institution.code, str(one.get_role_display()), one.name, one.phone or None, one.email or None]


def _event_rows(institutions: QuerySet[Institution]) -> Iterator[Row]:
    """Events in which one of the institutions has a part, with what a renaming or move left behind."""
    mine = InstitutionEvent.objects.filter(parties__institution__in=institutions.order_by().values("pk")).distinct()
    events = list(mine.prefetch_related("parties__institution").order_by("effective_on", "id"))
    bodies = {part.institution_id for event in events for part in event.parties.all() if event.kind in CHANGING}
    spans: dict[int, list[InstitutionSpan]] = {}
    for chunk in chunks(bodies):
        rows = InstitutionSpan.objects.filter(institution__in=chunk).select_related("region", "superior")
        for span in rows.order_by("valid_from"):
            spans.setdefault(span.institution_id, []).append(span)
    keys = [entry.key for entry in schema.fields()["events"]]
    for event in events:
        parts = {side: [one for one in event.parties.all() if one.side == side] for side in EventParty.Side.values}
        cells: dict[str, SheetValue] = {
            "event_kind": str(event.get_kind_display()), "effective_on": event.effective_on,
            "before_codes": _codes(parts["before"]), "after_codes": _codes(parts["after"]),
            "document": event.document or None, "note": event.note or None,
        }  # fmt: skip
        if event.kind in CHANGING:
            cells |= _changed(event, spans.get(parts["before"][0].institution_id, []))
        yield [cells.get(key) for key in keys]


def _codes(parts: Sequence[EventParty]) -> str | None:
    return ",".join(part.institution.code for part in parts) or None


def _changed(event: InstitutionEvent, spans: Sequence[InstitutionSpan]) -> dict[str, SheetValue]:
    """What a body was called, or where it belonged, from the day of an event on."""
    span = next((one for one in spans if one.valid_from == event.effective_on), None)
    if span is None:
        return {}
    if event.kind == InstitutionEvent.Kind.RENAMED:
        return {"new_name": span.name}
    before: Any = next((one for one in reversed(spans) if one.valid_from < event.effective_on), None)
    told: dict[str, SheetValue] = {"region_code": span.region.code}
    if span.superior and (before is None or before.superior_id != span.superior_id):
        told["superior_code"] = span.superior.code
    if before is None or before.reports_to != span.reports_to:
        told["reports_to"] = str(span.get_reports_to_display())
    return told

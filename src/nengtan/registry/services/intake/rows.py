"""What one row means: which record, and what would change in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils import timezone
from django.utils.translation import gettext as _

from nengtan.domain import creditcode
from nengtan.domain.sheets.problems import Fault
from nengtan.identity.roles import Capability
from nengtan.registry.models import Building, Institution, Meter, Region
from nengtan.registry.services.equipment import read_particulars
from nengtan.registry.services.institutions import IDENTITY as IDENTITY_FIELDS
from nengtan.registry.services.institutions import keeper_words
from nengtan.registry.services.intake import events
from nengtan.registry.services.intake.known import Change, Happening, Known
from nengtan.registry.services.intake.plan import RowPlan
from nengtan.registry.services.intake.reading import particulars
from nengtan.registry.services.intake.schema import CONTACTS

Faults = Iterator[tuple[str, Fault]]

PLAIN = ("name", "kind", "system", "reports_to", "address", "lat", "lon", "occupancy", "utility_account", "allocation",
         "share", "carriers", "established_on", "note")  # fmt: skip
HOUSE = ("name", "use", "year_built", "climate_zone", "floors", "address", "lat", "lon", "out_of_use_on")
NAMED_IN = {"name": "name", "region": "region_code", "superior": "superior_code", "reports_to": "reports_to"}
"""What events change, and in which column rows tell it."""

DATED = ("name", "kind", "region", "system", "superior", "reports_to")


IDENTITY = {
    "occupancies": ("building_code", "institution_code"),
    "contacts": ("institution_code", "role", "name"),
    "assets": ("institution_code", "kind", "name"),
}
"""What tells the records of a sheet apart, where it is no code of their own."""


def identity(kind: str, record: Mapping[str, Any]) -> str:
    """What tells a row's record from others of its sheet; empty where that could not be read."""
    if kind == "events":
        return str(Happening.of(record) or "")
    parts = [record.get(key) for key in IDENTITY.get(kind, ("code",))]
    if None in parts:
        return ""
    if kind == "occupancies" and record.get("valid_from") is not None:
        parts.append(record["valid_from"])
    return " · ".join(map(str, parts))


def build(known: Known, plan: RowPlan) -> Faults:
    """Fill in the plan of a row; yields what is wrong with it, also where some of its cells could not be read."""
    builders: dict[str, Callable[[Known, RowPlan], Faults]] = {
        "institutions": _institution,
        "buildings": _building,
        "occupancies": _occupancy,
        "meters": _meter,
        "assets": _asset,
        "contacts": _contact,
        "events": events.build,
    }
    if "/" in str(plan.given.get("code") or ""):
        yield "code", Fault("bad_code", plan.code)
    yield from builders[plan.sheet](known, plan)


def _given(plan: RowPlan, keys: tuple[str, ...]) -> dict[str, Any]:
    """The filled cells of ``keys`` as the models keep them."""
    values = {key: plan.given[key] for key in keys if plan.given.get(key) is not None}
    for key in ("lat", "lon"):
        if key in values:
            values[key] = float(values[key])
    if "carriers" in values:
        values["carriers"] = list(values["carriers"])
        if not values["carriers"]:
            del values["carriers"]
    return values


def _institution(known: Known, plan: RowPlan) -> Faults:
    body = plan.existing = known.institutions.get(plan.code)
    told = plan.given.get("region_code")
    region = known.regions.get(told) if told else None if body else known.region
    if told and region is None:
        yield "region_code", Fault("unknown_region", told)
    else:
        yield from _scope(known, body, region)
    values = _given(plan, PLAIN)
    if region is not None:
        values["region"] = region
    for column, key in (("superior_code", "superior"), ("host_code", "host")):
        if plan.given.get(column) is not None:
            values[key] = plan.given[column]
    yield from _credit_code(known, plan, values)
    yield from _together(plan, values)
    yield from events.differs(known, plan, _split(known, plan, values))
    yield from _identity(known, plan)
    plan.first_day = _first_day(plan, body)
    _contacts(known, plan)


def _scope(known: Known, body: Institution | None, region: Region | None) -> Faults:
    """Whether the actor may change the body, and put it where the row says.

    A row that puts a body where the actor has no say is answered alike whether somebody has its code there or nobody.
    """
    mine = body is not None and body.pk in known.writable
    covered = region is not None and known.actor.scope_for(Capability.KEEP_INSTITUTIONS).covers(region.path)
    if body is not None and not mine and (region is None or covered):
        yield "code", Fault("out_of_scope", body.code)
    if region is None or covered:
        return
    spans = known.spans.get(body.pk, []) if body else []
    if body is None or not mine or region.pk not in {body.region_id, *(span.region_id for span in spans)}:
        yield "region_code", Fault("out_of_scope", region.code)


def _identity(known: Known, plan: RowPlan) -> Faults:
    """What a body is and where it belongs is not its own people's to change."""
    body = plan.existing
    if not isinstance(body, Institution) or body.pk not in known.writable or body.pk in known.kept:
        return
    for key in IDENTITY_FIELDS:
        if key in plan.values or key in plan.span or key in plan.named:
            column = {"region": "region_code", "superior": "superior_code"}.get(key, key)
            yield column, Fault("not_yours", str(plan.given.get(column)), (), {"why": keeper_words(body)})


def _credit_code(known: Known, plan: RowPlan, values: dict[str, Any]) -> Faults:
    text = plan.given.get("credit_code")
    if not text:
        return
    code = values["credit_code"] = creditcode.normalise(text)
    if not creditcode.is_valid(code):
        yield "credit_code", Fault("bad_credit_code", text)
    elif known.credit_codes.setdefault(code, plan.code) != plan.code:
        holder = known.credit_codes[code]
        told = _("another institution") if holder in known.hidden_holders else holder
        yield "credit_code", Fault("duplicate_credit_code", text, (), {"holder": told})


def _together(plan: RowPlan, values: dict[str, Any]) -> Faults:
    """What the cells of a row, with what is known already, must say together."""

    def now(key: str) -> Any:
        return values.get(key) or (getattr(plan.existing, key) if plan.existing else None)

    if now("reports_to") == Institution.ReportsTo.SUPERIOR and not now("superior"):
        yield "superior_code", Fault("missing_value")
    hosted = now("utility_account") == Institution.UtilityAccount.NONE and now("host")
    if hosted and not now("allocation"):
        yield "allocation", Fault("missing_value")
    if now("allocation") == Institution.Allocation.SHARE and now("share") is None:
        yield "share", Fault("missing_value")


def _split(known: Known, plan: RowPlan, values: dict[str, Any]) -> list[Change]:
    """What differs from the record; what is dated is held against the span in force on the row's day.

    Where events of the file come before that day, names and places are held against what these leave behind, when they
    are written; such events are the answer. What is true today is no claim on an earlier span: lists are filled in with
    today's names, whatever day their areas hold from.
    """
    body, day = plan.existing, plan.given.get("valid_from")
    spans = known.spans.get(body.pk, []) if isinstance(body, Institution) else []
    span = next((one for one in reversed(spans) if day is None or one.valid_from <= day), spans[0] if spans else None)
    before = [
        one
        for one in known.changes.get(plan.code, ())
        if (day is None or one.day <= day) and (span is None or one.day >= span.valid_from)
    ]
    if before:
        plan.named = {key: value for key, value in values.items() if key in DATED}
        plan.named |= _left_empty(plan) if body is None else {}
        plan.span_from = before[-1].day
        plan.needs += [("events", one.event, "name") for one in before]
    if not isinstance(body, Institution):
        plan.values = values
        return before
    latest = not spans or span is spans[-1]
    if span is not None and not before:
        plan.span_from = span.valid_from
        plan.span = {
            key: value
            for key, value in values.items()
            if key in DATED and _differs(span, key, value) and (latest or _differs(body, key, value))
        }
    for one in known.changes.get(plan.code, ()):
        told = {key: (one.says.get(column), plan.given.get(column)) for key, column in NAMED_IN.items()}
        plan.span = {key: value for key, value in plan.span.items() if len({*told.get(key, (0, 1))}) > 1}
    for key, value in values.items():
        mine = key not in DATED or (latest and not before and (span is None or key in plan.span))
        if mine and _differs(body, key, value):
            plan.values[key] = value
    return before


def _left_empty(plan: RowPlan) -> dict[str, Any]:
    """In a new body's row that tells to whom it reports, an empty superior and system are none."""
    if not plan.given.get("reports_to"):
        return {}
    empty = {"superior": None} if "superior_code" in plan.given and not plan.given["superior_code"] else {}
    return empty | ({"system": ""} if "system" in plan.given and not plan.given["system"] else {})


def _differs(record: Any, key: str, value: Any) -> bool:
    held = getattr(record, key)
    if key in {"superior", "host", "building", "parent", "institution"}:
        return (held.code if held else None) != value
    return bool(held != value)


def _first_day(plan: RowPlan, body: Institution | None) -> date | None:
    established = plan.given.get("established_on") or (body.established_on if body else None)
    return established if isinstance(established, date) else None


def _contacts(known: Known, plan: RowPlan) -> None:
    for role, (name_key, phone_key) in CONTACTS.items():
        name, phone = plan.given.get(name_key), plan.given.get(phone_key)
        held = known.contacts.get((plan.existing.pk, role), []) if plan.existing else []
        if name is None and (phone is None or not held):
            continue
        name = name or held[0].name
        if not any(one.name == name and phone in (None, one.phone) for one in held):
            plan.contacts[role] = (name, phone)


def _owned(known: Known, plan: RowPlan) -> Faults:
    """The code belongs to nobody out of reach."""
    record = plan.existing
    if isinstance(record, (Building, Meter)) and record.institution_id not in known.writable:
        yield "code", Fault("out_of_scope", plan.code)


def _changes(plan: RowPlan, values: dict[str, Any]) -> None:
    record = plan.existing
    plan.values = {key: value for key, value in values.items() if record is None or _differs(record, key, value)}


def _building(known: Known, plan: RowPlan) -> Faults:
    plan.existing = known.buildings.get(plan.code)
    yield from _owned(known, plan)
    values = _given(
        plan, ("name", "use", "year_built", "climate_zone", "floors", "address", "lat", "lon", "out_of_use_on")
    )
    _changes(plan, values | {"institution": plan.given.get("institution_code")})
    year = plan.given.get("year_built")
    plan.first_day = date(year, 1, 1) if isinstance(year, int) else None


def _occupancy(known: Known, plan: RowPlan) -> Faults:
    building = known.buildings.get(plan.given.get("building_code") or "")
    body = known.institutions.get(plan.given.get("institution_code") or "")
    held = known.occupancies.get((building.pk, body.pk), []) if building and body else []
    since, until = plan.given.get("valid_from"), plan.given.get("valid_to")
    if since is None:
        plan.existing = held[-1] if held else None
        since = held[-1].valid_from if held else timezone.localdate().replace(month=1, day=1)
    else:
        plan.existing = next((one for one in held if one.valid_from == since), None)
    if until is not None and until < since and "valid_from" not in plan.faulty:
        yield "valid_to", Fault("too_small", until.isoformat(), (since.isoformat(),))
    sized = plan.faulty & {"share", "area_m2"} or {plan.given.get("share"), plan.given.get("area_m2")} != {None}
    if plan.existing is None and not sized:
        yield "share", Fault("missing_value")
    values = _given(plan, ("share", "area_m2", "valid_to")) | {"valid_from": since}
    record = plan.existing
    plan.values = {key: value for key, value in values.items() if record is None or getattr(record, key) != value}


def _meter(known: Known, plan: RowPlan) -> Faults:
    plan.existing = known.meters.get(plan.code)
    yield from _owned(known, plan)
    values = _given(plan, ("name", "carrier", "item", "ratio", "removed_on"))
    columns = {"institution_code": "institution", "building_code": "building", "parent_code": "parent",
               "utility_account_no": "account_no"}  # fmt: skip
    values |= {key: plan.given[column] for column, key in columns.items() if plan.given.get(column) is not None}
    _changes(plan, values)


def _asset(known: Known, plan: RowPlan) -> Faults:
    body = known.institutions.get(plan.given.get("institution_code") or "")
    kind, name = plan.given.get("kind"), plan.given.get("name")
    if kind is None or name is None:
        return
    asset = plan.existing = known.assets.get((body.pk, kind, name)) if body else None
    values = _given(plan, ("count", "in_use_on", "out_of_use_on"))
    if plan.given.get("building_code") is not None:
        values["building"] = plan.given["building_code"]
    found, faults = read_particulars(kind, particulars(plan.given))
    for key, text, allowed in faults:
        yield _column(plan, key), Fault("not_a_particular", text, allowed or (_("nothing for this kind"),))
    held = dict(asset.attributes) if asset else {}
    if {**held, **found} != held:
        values["attributes"] = {**held, **found}
    _changes(plan, values)


def _contact(known: Known, plan: RowPlan) -> Faults:
    body = known.institutions.get(plan.given.get("institution_code") or "")
    held = known.contacts.get((body.pk, plan.given.get("role") or ""), []) if body else []
    plan.existing = next((one for one in held if one.name == plan.given.get("name")), None)
    email = plan.given.get("email")
    if email is not None:
        try:
            validate_email(email)
        except ValidationError:
            yield "email", Fault("bad_email", email)
    _changes(plan, _given(plan, ("phone", "email")))


def _column(plan: RowPlan, key: str) -> str:
    return next(
        (name for name in plan.given if name.startswith(f"particular:{key}") and plan.given[name] is not None), "kind"
    )

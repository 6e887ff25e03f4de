"""Adding and changing what belongs to an institution: buildings, occupancies, meters, equipment, contacts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from nengtan import reference
from nengtan.identity.access import Actor
from nengtan.identity.roles import Capability
from nengtan.registry.models import Asset, Building, Contact, Institution, Meter, Occupancy
from nengtan.registry.services.attributes import announce, require_writable
from nengtan.registry.services.codes import code_fault
from nengtan.registry.services.equipment import read_particulars
from nengtan.registry.services.shares import Part, most_held
from nengtan.registry.services.writing import drop, put

Values = Mapping[str, Any]


@transaction.atomic
def save_building(actor: Actor, body: Institution, values: Values, building: Building | None = None) -> Building:
    """Add a building of ``body``, or change one.

    Raises:
        ValidationError: by field.
    """
    building = _begin(actor, body, building) or Building(institution=body)
    problems = _code(Building, building, values) | _coded(
        values, use=reference.building_uses(), climate_zone=reference.climate_zones()
    )
    _settle(problems)
    put(actor, "building", building, {**values, "institution": body, "region": body.region})
    announce(actor, body)
    return building


@transaction.atomic
def save_occupancy(actor: Actor, body: Institution, values: Values, occupancy: Occupancy | None = None) -> Occupancy:
    """Say that ``body`` holds a part of a building for a time.

    Raises:
        ValidationError: by field; the shares of a building on a day do not exceed one.
    """
    occupancy = _begin(actor, body, occupancy) or Occupancy(institution=body)
    building = values.get("building") or occupancy.building
    problems: dict[str, str] = {}
    since, until = values.get("valid_from") or occupancy.valid_from, values.get("valid_to")
    if values.get("share") is None and values.get("area_m2") is None:
        problems["share"] = _("A share or an area is needed.")
    if until and since and until < since:
        problems["valid_to"] = _("Found %(day)s; a day from %(since)s on is allowed.") % {"day": until, "since": since}
    problems |= _out_of_reach(actor, body, occupancy, building=values.get("building"))
    others = Occupancy.objects.filter(building=building).exclude(pk=occupancy.pk)
    if others.filter(institution=body, valid_from=since).exists():
        problems["valid_from"] = _("There is an entry of this day already.")
    share = values.get("share")
    if share is not None and (free := _free(others.exclude(institution=body), since, until)) < share:
        problems["share"] = _("Found %(found)s; at most %(free)s of this building is free on that day.") % {
            "found": share,
            "free": free,
        }
    _settle(problems)
    put(actor, "occupancy", occupancy, values, body)
    announce(actor, body)
    return occupancy


def _free(others: Any, since: date, until: date | None) -> Decimal:
    """The part of a building that nobody else holds through a time."""
    held = [Part(one.institution_id, one.valid_from, one.valid_to, one.share) for one in others.exclude(share=None)]
    return Decimal(1) - most_held(held, since, until)


def _out_of_reach(actor: Actor, body: Institution, record: Any, **named: Any) -> dict[str, str]:
    """Buildings and meters a record of ``body`` may newly name: those seen, and those of the houses it is in."""
    houses = Building.objects.filter(
        Q(pk__in=Building.objects.for_actor(actor).values("pk")) | Q(occupancies__institution=body)
    )
    meters = Meter.objects.filter(
        Q(pk__in=Meter.objects.for_actor(actor).values("pk")) | Q(building__occupancies__institution=body)
    )
    known: dict[str, Any] = {"building": houses, "parent": meters}
    return {
        key: _("This is outside what you may name.")
        for key, value in named.items()
        if value is not None
        and getattr(record, f"{key}_id") != value.pk
        and not known[key].filter(pk=value.pk).exists()
    }


@transaction.atomic
def save_meter(actor: Actor, body: Institution, values: Values, meter: Meter | None = None) -> Meter:
    """Add a meter of ``body``, or change one.

    Raises:
        ValidationError: by field; a meter does not stand above itself, and measures what the meter above it measures.
    """
    meter = _begin(actor, body, meter) or Meter(institution=body)
    problems = _code(Meter, meter, values) | _coded(values, carrier=reference.carriers(), item=reference.item_codes())
    parent = values.get("parent")
    problems |= _out_of_reach(actor, body, meter, building=values.get("building"), parent=parent)
    if parent is not None and meter.pk and _is_above(meter, parent):
        problems["parent"] = _("“%(code)s” would stand above itself.") % {"code": meter.code}
    elif parent is not None and parent.carrier != values.get("carrier", meter.carrier):
        problems["parent"] = _("The meter above measures something else.")
    elif meter.pk and Meter.objects.filter(parent=meter).exclude(carrier=values.get("carrier", meter.carrier)).exists():
        problems["carrier"] = _("A meter below measures something else.")
    ratio = values.get("ratio")
    if ratio is not None and ratio <= 0:
        problems["ratio"] = _("Found %(found)s; a number above 0 is allowed.") % {"found": ratio}
    _settle(problems)
    put(actor, "meter", meter, values, body)
    return meter


def _is_above(meter: Meter, other: Meter | None) -> bool:
    seen: set[int] = set()
    while other is not None and other.pk not in seen:
        if other.pk == meter.pk:
            return True
        seen.add(other.pk)
        other = other.parent
    return False


@transaction.atomic
def save_asset(
    actor: Actor, body: Institution, values: Values, particulars: Mapping[str, str], asset: Asset | None = None
) -> Asset:
    """Add equipment of ``body``, or change it; ``particulars`` are texts by key, as the kind asks for them.

    Raises:
        ValidationError: by field, particulars under their own key.
    """
    asset = _begin(actor, body, asset) or Asset(institution=body)
    kind = values.get("kind") or asset.kind
    if kind not in reference.asset_kinds():
        raise ValidationError({"kind": _not_allowed(kind, reference.asset_kinds())})
    found, wrong = read_particulars(kind, particulars)
    problems = {key: _not_allowed(text, allowed) for key, text, allowed in wrong}
    problems |= _out_of_reach(actor, body, asset, building=values.get("building"))
    name = values.get("name") or asset.name
    if body.assets.filter(kind=kind, name=name).exclude(pk=asset.pk).exists():
        problems["name"] = _("There is equipment of this kind and name already.")
    _settle(problems)
    put(actor, "asset", asset, {**values, "attributes": found}, body)
    return asset


@transaction.atomic
def save_contact(actor: Actor, body: Institution, values: Values, contact: Contact | None = None) -> Contact:
    """Add somebody to call, or change the entry.

    Raises:
        ValidationError: by field.
    """
    contact = _begin(actor, body, contact) or Contact(institution=body)
    same = body.contacts.filter(role=values.get("role"), name=values.get("name")).exclude(pk=contact.pk)
    _settle({"name": _("This person has this duty already.")} if same.exists() else {})
    put(actor, "contact", contact, values, body)
    return contact


@transaction.atomic
def remove_contact(actor: Actor, contact: Contact) -> None:
    """Take somebody off the list; the trail keeps who it was."""
    actor.require(Capability.WRITE_REGISTRY)
    require_writable(actor, contact.institution)
    drop(actor, "contact", contact, contact.institution)


def _begin(actor: Actor, body: Institution, record: Any) -> Any:
    """The record as the database has it, for an actor who may change it."""
    actor.require(Capability.WRITE_REGISTRY)
    require_writable(actor, body)
    if record is None:
        return None
    if record.institution_id != body.pk:
        raise ValidationError(_("This record belongs to another institution."))
    return type(record)._default_manager.get(pk=record.pk)


def _code(model: type[Building | Meter], record: Building | Meter, values: Values) -> dict[str, str]:
    code = str(values.get("code", record.code)).strip()
    if fault := code_fault(code):
        return {"code": fault}
    if model.objects.filter(code=code).exclude(pk=record.pk).exists():
        return {"code": _("Code %(code)s is taken.") % {"code": code}}
    return {}


def _coded(values: Values, **lists: Mapping[str, Any]) -> dict[str, str]:
    """Values that are not in their code list."""
    return {
        key: _not_allowed(values[key], entries)
        for key, entries in lists.items()
        if values.get(key) and values[key] not in entries
    }


def _not_allowed(found: object, allowed: Any) -> str:
    words = " ".join(allowed)
    if not words:
        return _("“%(found)s” does not suit this kind of equipment.") % {"found": found}
    return _("Found “%(found)s”; allowed: %(allowed)s.") % {"found": found, "allowed": words}


def _settle(problems: Mapping[str, str]) -> None:
    if problems:
        raise ValidationError(dict(problems))

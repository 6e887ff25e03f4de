"""Registers of meters: added, changed, and the main one of each meter made when it is first needed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from nengtan import reference
from nengtan.identity.access import Actor
from nengtan.identity.audit import event, keep
from nengtan.identity.roles import Capability
from nengtan.registry.models import Meter
from nengtan.registry.services.attributes import require_writable
from nengtan.registry.services.writing import put
from nengtan.telemetry.lake.columns import ENDLESS
from nengtan.telemetry.models import Formula, Redo, Register
from nengtan.telemetry.services.faults import not_allowed

__all__ = ["FROM_THE_FIRST", "main_registers", "redo", "save_register"]

FROM_THE_FIRST = 0
"""A moment before all readings [µs]."""

_COUNTS = ("kind", "modulus", "cap", "period_s")
"""What changes consumption when it changes."""

LONGEST_PERIOD_S = 366 * 24 * 3600


@transaction.atomic
def save_register(actor: Actor, meter: Meter, values: Mapping[str, Any], register: Register | None = None) -> Register:
    """Add a register of a meter, or change one; its consumption is then computed again.

    A cumulative one has a unit of ours; what a momentary one shows may be anything (kW, V, °C).

    Raises:
        ValidationError: by field.
    """
    actor.require(Capability.WRITE_REGISTRY)
    require_writable(actor, meter.institution)
    if register is not None and register.meter_id != meter.pk:
        raise ValidationError(_("This record belongs to another institution."))
    record = Register.objects.get(pk=register.pk) if register else Register(meter=meter, unit=_unit(meter))
    _check(meter, record, values)
    before = {name: getattr(record, name) for name in _COUNTS}
    put(actor, "register", record, values, meter.institution)
    if register is not None and before != {name: getattr(record, name) for name in _COUNTS}:
        redo(record, FROM_THE_FIRST, ENDLESS)
    return record


def redo(register: Register, since: int, until: int | None = None) -> None:
    """Have consumption computed again [µs], what settles soon after included; in the transaction of the change.

    Without ``until`` what changed is of one moment.
    """
    Redo.objects.create(register=register, since=since, until=since if until is None else until)


def main_registers(actor: Actor, meters: Collection[Meter]) -> None:
    """Give each meter its main register, where it has none: cumulative, in the unit of its carrier, read every
    quarter of an hour. A virtual meter is computed, and gets none."""
    ids = [meter.pk for meter in meters]
    having = set(Register.objects.filter(code="", meter__in=ids).values_list("meter", flat=True))
    having |= set(Formula.objects.filter(meter__in=ids).values_list("meter", flat=True))
    lacking = [meter for meter in meters if meter.pk not in having]
    if not lacking:
        return
    with transaction.atomic():
        made = Register.objects.bulk_create(
            [Register(meter=meter, unit=_unit(meter)) for meter in lacking], ignore_conflicts=True
        )
        known = {one.meter_id: one for one in Register.objects.filter(code="", meter__in=lacking)}
        keep(
            [
                event(
                    actor, "register.add", known[one.meter_id], after={"meter_id": one.meter_id, "unit": one.unit},
                    region_path=one.meter.institution.region.path, institution_id=one.meter.institution_id,
                )
                for one in made
            ]
        )  # fmt: skip


def _unit(meter: Meter) -> str:
    return reference.carriers()[meter.carrier].unit


def _check(meter: Meter, record: Register, values: Mapping[str, Any]) -> None:
    problems: dict[str, str] = {}
    if record._state.adding and Formula.objects.filter(meter=meter).exists():
        problems["meter"] = _("%(code)s is a virtual meter: it is computed, not read.") % {"code": meter.code}
    code = str(values.get("code", record.code))
    if code.strip() != code or not code.isprintable():
        problems["code"] = _("A code without spaces around it is allowed.")
    elif Register.objects.filter(meter=meter, code=code).exclude(pk=record.pk).exists():
        problems["code"] = _("Code %(code)s is taken.") % {"code": code or "“”"}
    unit = values.get("unit", record.unit)
    counts = values.get("kind", record.kind) == Register.Kind.CUMULATIVE
    allowed = reference.carriers()[meter.carrier].units if not code else reference.units()
    if not unit.strip() or not unit.isprintable() or (counts and unit not in allowed):
        problems["unit"] = not_allowed(unit, " ".join(allowed))
    for name, choices in (("kind", Register.Kind.values), ("direction", Register.Direction.values)):
        if values.get(name, getattr(record, name)) not in choices:
            problems[name] = not_allowed(values[name], " ".join(choices))
    for name in ("modulus", "cap"):
        if (found := values.get(name)) is not None and not 0 < found < Decimal(10) ** 12:
            problems[name] = _("Found %(found)s; a number above 0 is allowed.") % {"found": found}
    period = values.get("period_s", record.period_s)
    if not 1 <= period <= LONGEST_PERIOD_S:
        problems["period_s"] = _("Found %(found)s; from 1 to %(most)s s is allowed.") % {
            "found": period,
            "most": LONGEST_PERIOD_S,
        }
    if problems:
        raise ValidationError(problems)

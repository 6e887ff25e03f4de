"""Devices that are asked for readings: how they are reached, and whether they answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from nengtan.identity.access import Actor
from nengtan.identity.audit import record, snapshot
from nengtan.identity.roles import Capability
from nengtan.reference.devices import device_templates
from nengtan.registry.models import Meter
from nengtan.telemetry.models import Device
from nengtan.telemetry.services.faults import host_fault, not_allowed, own_code_fault
from nengtan.telemetry.services.links import require
from nengtan.telemetry.services.registers import main_registers

__all__ = ["device_failed", "device_heard", "end_device", "save_device"]

KEPT = (
    "code", "gateway_id", "meter_id", "protocol", "host", "port", "address", "template", "period_s", "ended_at",
)  # fmt: skip

LONGEST_S = 86400


@transaction.atomic
def save_device(actor: Actor, values: Mapping[str, Any], device: Device | None = None) -> Device:
    """Add a device, or change how one is reached: ``code``, ``gateway``, ``meter``, ``host``, ``port``, ``address``,
    ``template`` (which names the protocol), ``period_s``.

    Raises:
        ValidationError: by field.
    """
    made = Device.objects.get(pk=device.pk) if device else Device()
    before = snapshot(made, *KEPT) if device else None
    for name, value in values.items():
        setattr(made, name, value)
    require(actor, made.gateway.institution)
    template = device_templates().get(made.template)
    made.protocol = template.protocol if template else ""
    made.ended_at = None
    if problems := _problems(actor, made):
        raise ValidationError(problems)
    main_registers(actor, [made.meter])
    made.save()
    _tell(actor, "device.change" if device else "device.add", made, before)
    return made


def _problems(actor: Actor, made: Device) -> dict[str, str]:
    problems: dict[str, str] = {}
    if fault := own_code_fault(made):
        problems["code"] = fault
    if made.template not in device_templates():
        problems["template"] = not_allowed(made.template, " ".join(device_templates()))
    if not Meter.objects.for_actor(actor, Capability.WRITE_REGISTRY).filter(pk=made.meter_id).exists():
        problems["meter"] = _("This is outside what you may name.")
    elif not _sends(made):
        problems["meter"] = _("The gateway may not send for this meter.")
    if fault := host_fault(made.host):
        problems["host"] = fault
    if not 0 < made.port < 65536:
        problems["port"] = not_allowed(made.port, "1–65535")
    if made.protocol and not _fits(made.protocol, made.address):
        problems["address"] = not_allowed(made.address, _ADDRESSES[made.protocol])
    if not 1 <= made.period_s <= LONGEST_S:
        problems["period_s"] = not_allowed(made.period_s, f"1–{LONGEST_S}")
    return problems


_ADDRESSES = {"modbus": "0–255", "dlt645": "000000000161", "cjt188": "10:00000000000001"}


def _fits(protocol: str, address: str) -> bool:
    """Whether an address is one of its protocol.

    >>> _fits("modbus", "256"), _fits("dlt645", "161"), _fits("cjt188", "20:11223344556677"), _fits("cjt188", "1")
    (False, True, True, False)
    """
    if protocol == "modbus":
        return address.isdecimal() and int(address[:9]) <= 255
    if protocol == "dlt645":
        return address.isascii() and address.isdecimal() and len(address) <= 12
    kind, colon, number = address.partition(":")
    digits = set("0123456789abcdefABCDEF")
    return bool(colon) and len(kind) == 2 and len(number) == 14 and not set(kind + number) - digits


def _sends(made: Device) -> bool:
    named = made.gateway.meters.all()
    return named.filter(pk=made.meter_id).exists() if named.exists() else (
        made.meter.institution_id == made.gateway.institution_id
    )  # fmt: skip


@transaction.atomic
def end_device(actor: Actor, device: Device) -> None:
    """Ask a device no longer."""
    require(actor, device.gateway.institution)
    before = snapshot(device, *KEPT)
    device.ended_at = timezone.now()
    device.save(update_fields=["ended_at"])
    _tell(actor, "device.end", device, before)


def device_heard(pk: int, fault: str = "") -> None:
    """A device answered; ``fault`` is what of its answer could not be used."""
    Device.objects.filter(pk=pk).update(seen_at=timezone.now(), fault=fault, failing_since=None)


def device_failed(pk: int, fault: str) -> None:
    """A device did not answer, or not as it should."""
    Device.objects.filter(pk=pk, failing_since=None).update(failing_since=timezone.now())
    Device.objects.filter(pk=pk).exclude(fault=fault).update(fault=fault)


def _tell(actor: Actor, action: str, device: Device, before: dict[str, Any] | None) -> None:
    body = device.gateway.institution
    record(
        actor, action, device, before=before, after=snapshot(device, *KEPT), region_path=body.region.path,
        institution_id=body.pk,
    )  # fmt: skip

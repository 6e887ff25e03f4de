"""Adding and changing institutions."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from nengtan import reference
from nengtan.domain import creditcode
from nengtan.domain.overtime import SINCE_ALWAYS
from nengtan.identity.access import Actor, Forbidden
from nengtan.identity.audit import record, snapshot
from nengtan.identity.roles import Capability
from nengtan.registry.models import Institution, InstitutionSpan, Region
from nengtan.registry.services.attributes import announce
from nengtan.registry.services.codes import code_fault

DATED = ("name", "kind", "region_id", "system", "superior_id", "reports_to")
"""What an :class:`InstitutionSpan` keeps."""

IDENTITY = ("code", "name", "kind", "credit_code", "region", "system", "superior", "reports_to", "established_on")
"""What a body is and where it belongs: kept by the managers above it, not by its own people."""


@dataclass(frozen=True)
class InstitutionInput:
    """What a form, a file or a program says of an institution; ``None`` and ``""`` mean not known."""

    code: str
    name: str
    kind: str
    region: Region
    credit_code: str = ""
    system: str = ""
    superior: Institution | None = None
    reports_to: str = Institution.ReportsTo.REGION
    address: str = ""
    lat: float | None = None
    lon: float | None = None
    occupancy: str = Institution.Occupancy.OWN
    utility_account: str = Institution.UtilityAccount.OWN
    host: Institution | None = None
    allocation: str = ""
    share: Decimal | None = None
    carriers: list[str] = field(default_factory=lambda: ["electricity", "water"])
    established_on: date | None = None
    note: str = ""


def initials_of(name: str) -> str:
    """The pinyin initials a person types to find a name: 武昌区 gives ``wcq``."""
    from pypinyin import Style, lazy_pinyin  # 50 MB and half a second, which commands that name nothing do without

    return "".join(lazy_pinyin(name, style=Style.FIRST_LETTER)).lower()[:120]


def check(data: InstitutionInput) -> dict[str, str]:
    """What is wrong with ``data`` by itself, by field."""
    problems: dict[str, str] = {}
    if fault := code_fault(data.code):
        problems["code"] = fault
    if not data.name.strip():
        problems["name"] = _("A name is needed.")
    kinds = reference.institution_types()
    if data.kind not in kinds:
        problems["kind"] = _("Found “%(found)s”; allowed: %(allowed)s.") % {
            "found": data.kind,
            "allowed": " ".join(kinds),
        }
    if data.credit_code and not creditcode.is_valid(data.credit_code):
        problems["credit_code"] = _("“%(code)s” is not a valid unified social credit code (GB 32100).") % {
            "code": data.credit_code
        }
    unknown = [carrier for carrier in data.carriers if carrier not in reference.carriers()]
    if unknown:
        problems["carriers"] = _("Unknown carriers: %(unknown)s.") % {"unknown": " ".join(unknown)}
    return problems | _check_relations(data)


def _check_relations(data: InstitutionInput) -> dict[str, str]:
    problems: dict[str, str] = {}
    if data.reports_to == Institution.ReportsTo.SUPERIOR and data.superior is None:
        problems["superior"] = _("A body that reports to its superior needs one.")
    if data.utility_account == Institution.UtilityAccount.NONE and data.host and not data.allocation:
        problems["allocation"] = _("A body without an account of its own needs a way to divide the shared bill.")
    if data.allocation == Institution.Allocation.SHARE and data.share is None:
        problems["share"] = _("The agreed share is needed, between 0 and 1.")
    if data.share is not None and not 0 <= data.share <= 1:
        problems["share"] = _("Found %(found)s; a share between 0 and 1 is allowed.") % {"found": data.share}
    return problems


def input_of(body: Institution) -> InstitutionInput:
    """An institution as it stands, as the input that would make it."""
    values = {item.name: getattr(body, item.name) for item in fields(InstitutionInput)}
    return InstitutionInput(**{**values, "credit_code": body.credit_code or ""})


@transaction.atomic
def save_institution(
    actor: Actor, data: InstitutionInput, institution: Institution | None = None, on: date | None = None
) -> Institution:
    """Add an institution, or change one.

    A change of what is dated (name, kind, region, parent) made here mends the span in force on ``on`` (the latest by
    default); a change that happened on a day is an event, see :func:`record_event`.

    Raises:
        ValidationError: by field; also where the institution or the region it would go to is out of reach.
        Forbidden: the actor may not change the register, or would change what :data:`IDENTITY` lists without being
            its keeper.
    """
    actor.require(Capability.WRITE_REGISTRY)
    problems = check(data)
    if problems:
        raise ValidationError(problems)
    _check_scope(actor, data.region, institution)
    _check_identity(actor, data, institution)
    _check_taken(data, institution)
    _check_reach(actor, data, institution)
    _check_above(data, institution)
    before = snapshot(institution) if institution else None
    institution = institution or Institution()
    for key, value in _columns(data).items():
        setattr(institution, key, value)
    institution.save()
    _keep_span(institution, on)
    record(
        actor,
        "institution.change" if before else "institution.add",
        institution,
        before=before,
        after=snapshot(institution),
        region_path=data.region.path,
        institution_id=institution.pk,
    )
    announce(actor, institution)
    return institution


def _check_scope(actor: Actor, region: Region, institution: Institution | None) -> None:
    scope = actor.scope_for(Capability.WRITE_REGISTRY)
    if institution is not None:
        if not Institution.objects.for_actor(actor, Capability.WRITE_REGISTRY).filter(pk=institution.pk).exists():
            raise ValidationError(_("This institution is outside what you may change."))
        if institution.region_id == region.pk:
            return
    if not scope.covers(region.path):
        raise ValidationError({"region": _("This region is outside what you may change.")})


def keeps(actor: Actor, body: Institution) -> bool:
    """Whether the actor may record events of a body and change what :data:`IDENTITY` lists."""
    return Institution.objects.for_actor(actor, Capability.KEEP_INSTITUTIONS).filter(pk=body.pk).exists()


def keeper_words(body: Institution) -> str:
    """Who keeps the identity of a body, and whom to ask."""
    return _(
        "Name, codes, type, region, superior and founding day of an institution, and its events, are kept by the "
        "manager of its region. Ask the manager of %(region)s."
    ) % {"region": body.region}


def _check_identity(actor: Actor, data: InstitutionInput, institution: Institution | None) -> None:
    if institution is None:
        actor.require(Capability.KEEP_INSTITUTIONS)
        return
    new, old = _columns(data), {key: getattr(institution, key) for key in IDENTITY}
    changed = [key for key in IDENTITY if new[key] != old[key]]
    if changed and not keeps(actor, institution):
        names = (getattr(Institution._meta.get_field(key), "verbose_name", key) for key in changed)
        labels = _(", ").join(map(str, names))
        raise Forbidden(_("Not yours to change: %(fields)s.") % {"fields": labels} + " " + keeper_words(institution))


def _check_taken(data: InstitutionInput, institution: Institution | None) -> None:
    others = Institution.objects.exclude(pk=institution.pk) if institution else Institution.objects.all()
    if others.filter(code=data.code.strip()).exists():
        raise ValidationError({"code": _("Code %(code)s is taken.") % {"code": data.code}})
    credit_code = creditcode.normalise(data.credit_code) if data.credit_code else ""
    if credit_code and others.filter(credit_code=credit_code).exists():
        raise ValidationError({"credit_code": _("Another institution has this credit code.")})


def stands_above(body: Institution, other: Institution | None, by: str = "superior") -> bool:
    """Whether ``body`` is ``other``, or stands somewhere above it in the register."""
    seen: set[int] = set()
    at = other.pk if other is not None else None
    while at is not None and at not in seen:
        if at == body.pk:
            return True
        seen.add(at)
        at = Institution.objects.filter(pk=at).values_list(f"{by}_id", flat=True).first()
    return False


def _check_reach(actor: Actor, data: InstitutionInput, institution: Institution | None) -> None:
    """Whom a record may newly name: a superior in reach; a host (its bills are divided) that one may change."""
    for key in ("superior", "host"):
        named = getattr(data, key)
        if named is None or (institution is not None and getattr(institution, f"{key}_id") == named.pk):
            continue
        everybody = Institution.objects.all()
        reach = (
            everybody.referable(actor) if key == "superior" else everybody.for_actor(actor, Capability.WRITE_REGISTRY)
        )
        if not reach.filter(pk=named.pk).exists():
            raise ValidationError({key: _("This institution is outside what you may name.")})


def _check_above(data: InstitutionInput, institution: Institution | None) -> None:
    """A body does not stand above itself, nor holds the account of who holds its own."""
    if institution is None:
        return
    for key, named in (("superior", data.superior), ("host", data.host)):
        if stands_above(institution, named, key):
            raise ValidationError({key: _("“%(code)s” would stand above itself.") % {"code": data.code}})


def _columns(data: InstitutionInput) -> dict[str, Any]:
    values: dict[str, Any] = {item.name: getattr(data, item.name) for item in fields(data)}
    values["code"] = data.code.strip()
    values["name"] = data.name.strip()
    values["credit_code"] = creditcode.normalise(data.credit_code) if data.credit_code else None
    values["initials"] = initials_of(data.name)
    return values


def _keep_span(institution: Institution, on: date | None) -> None:
    spans = institution.spans.order_by("-valid_from")
    span = (spans.filter(valid_from__lte=on) if on else spans).first()
    if span is None:
        span = InstitutionSpan(institution=institution, valid_from=institution.established_on or SINCE_ALWAYS)
    for key in DATED:
        setattr(span, key, getattr(institution, key))
    span.save()

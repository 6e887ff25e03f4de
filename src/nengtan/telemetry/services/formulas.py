"""Virtual meters: what they are computed from, and since when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from nengtan import reference
from nengtan.domain.metering import virtual
from nengtan.identity.access import Actor
from nengtan.identity.audit import record, snapshot
from nengtan.identity.roles import Capability
from nengtan.registry.models import Meter
from nengtan.registry.services.attributes import require_writable
from nengtan.registry.services.writing import put
from nengtan.telemetry.models import Formula, FormulaTerm, Register

__all__ = ["MOST_TERMS", "TermInput", "remove_formula", "set_formula"]

MOST_TERMS = 500
FIRST, LAST = dt.date(1990, 1, 1), dt.date(2100, 1, 1)
_LARGEST = Decimal(10) ** 6


@dataclass(frozen=True, slots=True)
class TermInput:
    """A meter by its code, its sign and share, and whether it may be missing."""

    meter: str
    weight: Decimal = Decimal(1)
    optional: bool = False


@transaction.atomic
def set_formula(
    actor: Actor, meter: Meter, valid_from: dt.date, terms: Sequence[TermInput], constant: Decimal = Decimal(0),
    note: str = "",
) -> Formula:  # fmt: skip
    """Say what a virtual meter is computed from, from a day on; said again of the same day, it is a correction.

    The meters named must be of the same unit, and within what the actor sees; the meter itself is read by nobody.

    Raises:
        ValidationError: by field; a meter that would be computed from itself is told with the way round.
        Forbidden: the actor may not change the register.
    """
    actor.require(Capability.WRITE_REGISTRY)
    require_writable(actor, meter.institution)
    meters = _meters(actor, terms)
    problems = _problems(meter, valid_from, terms, constant, meters)
    if problems:
        raise ValidationError(problems)
    made = Formula.objects.filter(meter=meter, valid_from=valid_from).first() or Formula(
        meter=meter, valid_from=valid_from
    )
    before = _told(made) if made.pk else None
    put(actor, "formula", made, {"constant": constant, "note": note, "entered_by": actor.user}, meter.institution)
    made.terms.all().delete()
    FormulaTerm.objects.bulk_create(
        FormulaTerm(formula=made, meter=meters[one.meter], weight=one.weight, optional=one.optional) for one in terms
    )
    _refuse_cycles()
    after = _told(made)
    if before != after:
        _trace(actor, "formula.terms", made, before or {}, after)
    return made


@transaction.atomic
def remove_formula(actor: Actor, formula: Formula) -> None:
    """Take a version out: what held before holds on; without any the meter is virtual no more.

    Raises:
        ValidationError: the meter is of an institution the actor may not change.
        Forbidden: the actor may not change the register.
    """
    actor.require(Capability.WRITE_REGISTRY)
    require_writable(actor, formula.meter.institution)
    _trace(actor, "formula.remove", formula, {**snapshot(formula), **_told(formula)}, {})
    formula.delete()


def _trace(actor: Actor, action: str, formula: Formula, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    body = formula.meter.institution
    record(
        actor, action, formula, before=before, after=after, region_path=body.region.path, institution_id=body.pk
    )  # fmt: skip


def _told(formula: Formula) -> dict[str, str]:
    rows = formula.terms.order_by("meter__code").values_list("meter__code", "weight", "optional")
    return {"terms": "; ".join(f"{code} × {weight}{' ?' if optional else ''}" for code, weight, optional in rows)}


def _meters(actor: Actor, terms: Sequence[TermInput]) -> dict[str, Any]:
    seen = Meter.objects.for_actor(actor, Capability.VIEW_DETAIL)
    found: Any = seen.filter(code__in=[one.meter for one in terms])
    return {one.code: one for one in found}


def _problems(
    meter: Meter, valid_from: dt.date, terms: Sequence[TermInput], constant: Decimal, meters: Mapping[str, Any]
) -> dict[str, str]:
    problems: dict[str, str] = {}
    if Register.objects.filter(meter=meter).exists():
        problems["meter"] = _("%(code)s is read; a virtual meter is computed only.") % {"code": meter.code}
    if not FIRST <= valid_from < LAST:
        problems["valid_from"] = _("Found %(found)s; a day from 1990 to 2099 is allowed.") % {"found": valid_from}
    if not constant.is_finite() or not abs(constant) < _LARGEST:
        problems["constant"] = _("Found %(found)s; a number below %(most)s is allowed.") % {
            "found": constant, "most": _LARGEST,
        }  # fmt: skip
    wrong = _wrong_terms(meter, terms, meters)
    if wrong or not (terms or constant):
        problems["terms"] = wrong or _("Name at least one meter, or a constant.")
    return problems


def _wrong_terms(meter: Meter, terms: Sequence[TermInput], meters: Mapping[str, Any]) -> str:
    """What is wrong with the first term that is; empty where none is."""
    if len(terms) > MOST_TERMS:
        return _("Found %(found)s meters; at most %(most)s are allowed.") % {"found": len(terms), "most": MOST_TERMS}
    carriers, named = reference.carriers(), set()
    unit = carriers[meter.carrier].unit
    for one in terms:
        known = meters.get(one.meter)
        if known is None:
            return _("There is no “%(code)s” within your reach.") % {"code": one.meter}
        if one.meter in named:
            return _("%(code)s is named twice.") % {"code": one.meter}
        named.add(one.meter)
        if carriers[known.carrier].unit != unit:
            return _("%(code)s counts %(found)s; allowed: %(allowed)s.") % {
                "code": one.meter, "found": carriers[known.carrier].unit, "allowed": unit,
            }  # fmt: skip
        if not one.weight.is_finite() or not 0 < abs(one.weight) < _LARGEST:
            return _("%(code)s: found weight %(found)s; a number other than 0 is allowed.") % {
                "code": one.meter, "found": one.weight,
            }  # fmt: skip
    return ""


def _refuse_cycles() -> None:
    """No virtual meter is computed from itself, on any day on which something else begins to hold."""
    rows = list(Formula.objects.prefetch_related("terms__meter").select_related("meter").order_by("valid_from"))
    held: dict[str, virtual.Formula] = {}
    for at, one in enumerate(rows):
        held[one.meter.code] = virtual.Formula(tuple(virtual.Term(term.meter.code) for term in one.terms.all()))
        if at + 1 < len(rows) and rows[at + 1].valid_from == one.valid_from:
            continue
        measured = {term.meter for formula in held.values() for term in formula.terms} - held.keys()
        try:
            virtual.ordered(held, measured)
        except virtual.Cycle as error:
            raise ValidationError(
                {"terms": _("It would be computed from itself: %(path)s.") % {"path": " ← ".join(error.path)}}
            ) from error

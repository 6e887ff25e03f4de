"""Closing a year: no more facts, and the factors and figures stand as they are."""

from __future__ import annotations

import hashlib
import json

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from nengtan import reference
from nengtan.domain.accounts import primary_kind
from nengtan.domain.factors import Choice, Kind
from nengtan.identity.access import Actor, Forbidden
from nengtan.identity.audit import plain, record
from nengtan.identity.roles import Capability
from nengtan.ledger.factors import library
from nengtan.ledger.models import FactorVersion, FrozenFactor, InstitutionYear, RegionRollup, YearClosing
from nengtan.ledger.places import Places
from nengtan.ledger.services import bulk
from nengtan.registry.models import Region


def closed_years() -> list[YearClosing]:
    """Every year that is closed now."""
    return list(YearClosing.objects.filter(reopened_at=None).select_related("region"))


def _require(actor: Actor, region: Region) -> None:
    if not actor.scope_for(Capability.CLOSE_YEAR).covers(region.path):
        raise Forbidden(Capability.CLOSE_YEAR)


@transaction.atomic
def close_year(actor: Actor, region: Region, year: int) -> YearClosing:
    """Close a region's year, with all regions below it.

    Raises:
        ValidationError: it is closed already, holds no figures, or has not ended.
        Forbidden: the actor may not close years of this region.
    """
    from nengtan.ledger.services.rebuild import redraw

    _require(actor, region)
    bulk.hold_sums()
    if any(item.year == year and region.path.startswith(item.region.path) for item in closed_years()):
        raise ValidationError(_("%(year)s is already closed.") % {"year": year})
    if year >= timezone.localdate().year:
        raise ValidationError(_("%(year)s has not ended yet.") % {"year": year})
    cells = RegionRollup.objects.filter(region=region, period__range=(year * 100 + 1, year * 100 + 12))
    if not cells.exists():
        raise ValidationError(_("%(region)s has no figures for %(year)s.") % {"region": region, "year": year})
    zones = Places.of(library())
    closing = YearClosing.objects.create(
        region=region, year=year, digest=figures_digest(region, year), closed_by=actor.user
    )
    _freeze(closing, set(cells.values_list("zone", "carrier").distinct()))
    redraw(zones)
    record(
        actor,
        "year.close",
        closing,
        after={"region_id": region.pk, "year": year, "digest": closing.digest},
        region_path=region.path,
    )
    return closing


def _freeze(closing: YearClosing, used: set[tuple[str, str]]) -> None:
    """Keep the factor chosen today for every place and carrier used, and the absence of one too."""
    chooser = library()
    places = Places.of(chooser)
    ids = dict(FactorVersion.objects.values_list("code", "id"))
    rows = []
    for zone, carrier in sorted(used):
        for kind in {Kind.COAL_EQUIVALENT, primary_kind(reference.carriers()[carrier]), Kind.CO2}:
            choice = chooser.choose(kind, carrier, places.chain(zone), closing.year)
            factor_id = ids[choice.factor.id] if isinstance(choice, Choice) else None
            rows.append(FrozenFactor(closing=closing, zone=zone, carrier=carrier, kind=kind, factor_id=factor_id))
    FrozenFactor.objects.bulk_create(rows)


def figures_digest(region: Region, year: int) -> str:
    """SHA-256 over the sums and the yearly books of a region's year: equal figures give an equal digest.

    Zones are left out: a factor added later may draw them anew, and moves no figure of a closed year.
    """
    sums = RegionRollup.objects.filter(region=region, period__range=(year * 100 + 1, year * 100 + 12))
    keys = ("period", "kind", "carrier")
    totals = sums.order_by(*keys).values(*keys).annotate(quantity_sum=Sum("quantity"), cost_sum=Sum("cost"))
    books = InstitutionYear.objects.filter(region__path__startswith=region.path, year=year)
    figures = ("area_m2", "persons", "energy_tce", "co2_t", "water_m3", "cost_cny", "expected", "present")
    content = [
        list(totals.values_list(*keys, "quantity_sum", "cost_sum")),
        list(books.order_by("institution__code").values_list("institution__code", *figures)),
    ]
    return hashlib.sha256(json.dumps(plain(content), ensure_ascii=False).encode()).hexdigest()


@transaction.atomic
def reopen_year(actor: Actor, closing: YearClosing, reason: str) -> YearClosing:
    """Reopen a closed year; its figures follow facts, register and factors again.

    Raises:
        ValidationError: no reason, or it is open already.
        Forbidden: the actor may not close years of this region.
    """
    from nengtan.ledger.services.rebuild import redraw, refresh_region_year

    _require(actor, closing.region)
    bulk.hold_sums()
    closing.refresh_from_db(fields=["reopened_at"])
    if closing.reopened_at:
        raise ValidationError(_("%(year)s is open already.") % {"year": closing.year})
    if not reason.strip():
        raise ValidationError({"reason": _("A reason is needed.")})
    zones = Places.of(library())
    closing.reopened_at, closing.reopened_by, closing.reason = timezone.now(), actor.user, reason.strip()
    closing.save(update_fields=["reopened_at", "reopened_by", "reason"])
    record(
        actor,
        "year.reopen",
        closing,
        after={"region_id": closing.region_id, "year": closing.year},
        region_path=closing.region.path,
        reason=reason,
    )
    redraw(zones)
    refresh_region_year(actor, closing.region, closing.year)
    return closing

"""Regions below the shipped tree, and roots of other trees."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from nengtan.identity.access import Actor, Forbidden
from nengtan.identity.audit import record, snapshot
from nengtan.identity.roles import Capability
from nengtan.registry.models import Region
from nengtan.registry.services.codes import code_fault


@transaction.atomic
def add_region(
    actor: Actor,
    code: str,
    name: str,
    *,
    parent: Region | None = None,
    name_en: str = "",
    level: str = Region.Level.CUSTOM,
    notice: str = "",
    lat: float | None = None,
    lon: float | None = None,
) -> Region:
    """Add a region under ``parent``, or a new root (platform administrators only).

    Raises:
        ValidationError: the code is taken, empty, or holds a slash.
        Forbidden: the parent is outside the actor's scope; a root, by a key limited to a region.
    """
    actor.require(Capability.WRITE_REGISTRY)
    scope = actor.scope_for(Capability.WRITE_REGISTRY)
    if not (scope.covers(parent.path) if parent else scope.whole):
        raise Forbidden(_("You may add regions only below your own."))
    if fault := code_fault(code):
        raise ValidationError({"code": fault})
    if Region.objects.filter(code=code).exists():
        raise ValidationError({"code": _("Code %(code)s is taken.") % {"code": code}})
    path = f"{parent.path if parent else '/'}{code}/"
    region = Region.objects.create(
        code=code, name=name, name_en=name_en, level=level, parent=parent, path=path, notice=notice, lat=lat, lon=lon
    )
    record(actor, "region.add", region, after=snapshot(region), region_path=path)
    return region


@transaction.atomic
def set_notice(actor: Actor, region: Region, notice: str) -> None:
    """Change what is shown with every figure of the region.

    Raises:
        ValidationError: the region is outside the actor's scope.
    """
    actor.require(Capability.WRITE_REGISTRY)
    if not actor.scope_for(Capability.WRITE_REGISTRY).covers(region.path):
        raise ValidationError(_("This region is outside what you may change."))
    before = {"notice": region.notice}
    region.notice = notice
    region.save(update_fields=["notice"])
    record(actor, "region.notice", region, before=before, after={"notice": notice}, region_path=region.path)

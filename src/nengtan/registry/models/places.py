"""Buildings, who is in them, meters and equipment."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from nengtan.registry.models.institution import CODE_LENGTH, Institution
from nengtan.registry.models.region import Region
from nengtan.registry.since import Dated
from nengtan.ui.fields import FixedPointField

if TYPE_CHECKING:
    from nengtan.identity.access import Actor


class OwnedQuerySet(models.QuerySet[models.Model]):
    """Records that belong to an institution."""

    def for_actor(self, actor: Actor, capability: str = "view_detail") -> OwnedQuerySet:
        """Records of the institutions the actor may use ``capability`` on."""
        return self.filter(actor.scope_for(capability).institutions_q("institution__"))


class Building(models.Model):
    """A building (建筑), kept by the institution responsible for it; others in it are :class:`Occupancy`."""

    code = models.CharField(_("code"), max_length=CODE_LENGTH, unique=True)
    name = models.CharField(_("name"), max_length=120)
    institution = models.ForeignKey(
        Institution, models.PROTECT, related_name="buildings", verbose_name=_("responsible body")
    )
    region = models.ForeignKey(Region, models.PROTECT, related_name="+", verbose_name=_("region"))
    use = models.CharField(_("use"), max_length=24, blank=True)
    year_built = models.PositiveSmallIntegerField(_("year built"), null=True, blank=True)
    climate_zone = models.CharField(_("climate zone"), max_length=24, blank=True)
    floors = models.PositiveSmallIntegerField(_("floors"), null=True, blank=True)
    address = models.CharField(_("address"), max_length=200, blank=True)
    lat = models.FloatField(_("latitude"), null=True, blank=True)
    lon = models.FloatField(_("longitude"), null=True, blank=True)
    out_of_use_on = models.DateField(_("out of use since"), null=True, blank=True)

    objects: ClassVar[OwnedQuerySet] = OwnedQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ("code",)

    def __str__(self) -> str:
        return self.name


class Occupancy(Dated):
    """An institution's part of a building for a time (占用), as a share, an area, or both."""

    building = models.ForeignKey(Building, models.PROTECT, related_name="occupancies", verbose_name=_("building"))
    institution = models.ForeignKey(
        Institution, models.PROTECT, related_name="occupancies", verbose_name=_("institution")
    )
    share = FixedPointField(_("share"), null=True, blank=True)
    area_m2 = FixedPointField(_("floor area, m²"), null=True, blank=True)
    valid_from = models.DateField(_("from"))
    valid_to = models.DateField(_("to"), null=True, blank=True)

    objects: ClassVar[OwnedQuerySet] = OwnedQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ("building_id", "institution_id", "valid_from")
        constraints = [
            models.UniqueConstraint(fields=["building", "institution", "valid_from"], name="one_occupancy_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.institution} – {self.building}"


class Meter(models.Model):
    """A metering point (计量器具), in a tree by household, class and item (分户、分类、分项)."""

    code = models.CharField(_("code"), max_length=CODE_LENGTH, unique=True)
    name = models.CharField(_("name"), max_length=120, blank=True)
    institution = models.ForeignKey(Institution, models.PROTECT, related_name="meters", verbose_name=_("household"))
    building = models.ForeignKey(
        Building, models.PROTECT, null=True, blank=True, related_name="meters", verbose_name=_("building")
    )
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("upper meter")
    )
    carrier = models.CharField(_("class"), max_length=24)
    item = models.CharField(_("item"), max_length=8, blank=True)
    ratio = FixedPointField(_("ratio"), default=Decimal(1))
    account_no = models.CharField(_("supplier's account number"), max_length=40, blank=True)
    removed_on = models.DateField(_("removed on"), null=True, blank=True)

    objects: ClassVar[OwnedQuerySet] = OwnedQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ("code",)

    def __str__(self) -> str:
        return self.name or self.code


class Asset(models.Model):
    """Equipment that uses, makes or stores energy (用能设备): the fields of each kind are reference data."""

    institution = models.ForeignKey(Institution, models.PROTECT, related_name="assets", verbose_name=_("institution"))
    building = models.ForeignKey(
        Building, models.PROTECT, null=True, blank=True, related_name="assets", verbose_name=_("building")
    )
    kind = models.CharField(_("kind"), max_length=16)
    name = models.CharField(_("name"), max_length=120)
    count = models.PositiveIntegerField(_("count"), default=1)
    attributes = models.JSONField(_("particulars"), default=dict)
    in_use_on = models.DateField(_("in use since"), null=True, blank=True)
    out_of_use_on = models.DateField(_("out of use since"), null=True, blank=True)

    objects: ClassVar[OwnedQuerySet] = OwnedQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ("institution_id", "kind", "name")
        constraints = [models.UniqueConstraint(fields=["institution", "kind", "name"], name="one_asset_a_name")]

    def __str__(self) -> str:
        return self.name

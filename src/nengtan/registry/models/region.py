"""The tree of regions."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from nengtan.identity.access import Actor


ABOVE = "parent__parent__parent__parent"
"""What to fetch with a region so that its line is known, from a street up to the nation."""


class RegionQuerySet(models.QuerySet["Region"]):
    """Regions by scope and place."""

    def for_actor(self, actor: Actor, capability: str = "view") -> RegionQuerySet:
        """Regions whose totals the actor may see."""
        return self.filter(actor.scope_for(capability).regions_q())

    def below(self, region: Region) -> RegionQuerySet:
        """The region and all within it."""
        return self.filter(path__startswith=region.path)

    def in_line(self) -> RegionQuerySet:
        """Regions with those above them."""
        return self.select_related(ABOVE)


class Region(models.Model):
    """An administrative division (行政区划), by its GB/T 2260 code down to districts and by own codes below.

    ``path`` is the codes from the root, ``/CN/420000/420100/420106/``; ``notice`` is shown with every figure of the
    region, such as the licence of a published data set.
    """

    class Level(models.TextChoices):
        """How far down the tree a region stands."""

        NATION = "nation", _("nation")
        PROVINCE = "province", _("province")
        CITY = "city", _("city")
        DISTRICT = "district", _("district")
        STREET = "street", _("sub-district")
        CUSTOM = "custom", _("other")

    code = models.CharField(_("code"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=64)
    name_en = models.CharField(_("English name"), max_length=64, blank=True)
    level = models.CharField(_("level"), max_length=8, choices=Level.choices)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("parent")
    )
    path = models.CharField(max_length=120, unique=True)
    lat = models.FloatField(_("latitude"), null=True, blank=True)
    lon = models.FloatField(_("longitude"), null=True, blank=True)
    shipped = models.BooleanField(default=False)
    notice = models.TextField(_("notice"), blank=True)

    objects: ClassVar[RegionQuerySet] = RegionQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ("path",)

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """The name in the reader's language."""
        return self.name_en if self.name_en and (get_language() or "").startswith("en") else self.name

    @cached_property
    def within(self) -> list[int]:
        """The primary keys of the region and of all below it."""
        return list(Region.objects.below(self).order_by().values_list("pk", flat=True))

    @cached_property
    def line(self) -> list[Region]:
        """The regions from the root down to this one; found with :data:`ABOVE` it asks nothing more."""
        return [*self.parent.line, self] if self.parent else [self]

    @property
    def codes(self) -> list[str]:
        """Codes from the root down to this region."""
        return self.path.strip("/").split("/")

"""What a region reports to the level above: forms 5 to 8 as they were added up that day."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from nengtan.identity.models import User
from nengtan.registry.models import Region
from nengtan.reporting.models.returns import KINDS

if TYPE_CHECKING:
    from nengtan.identity.access import Actor


class RegionReportQuerySet(models.QuerySet["RegionReport"]):
    """Reports of regions by scope."""

    def for_actor(self, actor: Actor, capability: str = "view_detail") -> RegionReportQuerySet:
        """Those of regions the actor may use ``capability`` on as a whole."""
        return self.filter(region__in=Region.objects.for_actor(actor, capability).order_by())


class RegionReport(models.Model):
    """A region's own return to the level above (汇总上报): frozen when it is handed in, with what it was added up from.

    ``forms`` holds heads, lines, cells and coverage of forms 5 to 8; ``digest`` tells whether the returns below still
    add up to it. Sent back, another is made; what was handed in stays as it was.
    """

    class State(models.TextChoices):
        """How far it came."""

        REPORTED = "reported", _("reported")
        APPROVED = "approved", _("approved")
        RETURNED = "returned", _("sent back")

    region = models.ForeignKey(Region, models.PROTECT, related_name="reports", verbose_name=_("region"))
    year = models.PositiveSmallIntegerField(_("year"))
    slot = models.PositiveSmallIntegerField(_("slot"))
    kind = models.CharField(_("period"), max_length=8, choices=KINDS)
    edition = models.CharField(_("edition"), max_length=8)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.REPORTED)
    present = models.PositiveIntegerField(_("approved returns"))
    expected = models.PositiveIntegerField(_("returns owed"))
    forms = models.JSONField()
    digest = models.CharField(_("digest"), max_length=64)
    note = models.CharField(_("remark"), max_length=400, blank=True)
    reported_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("reported by"))
    reported_at = models.DateTimeField(_("reported at"), default=timezone.now)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("decided by"))
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=400, blank=True)

    objects: ClassVar[RegionReportQuerySet] = RegionReportQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ("-year", "-slot", "region__path", "-id")
        constraints = [
            models.UniqueConstraint(
                fields=["region", "year", "slot", "kind"],
                condition=~models.Q(state="returned"),
                name="one_standing_report_a_period",
            )
        ]

    def __str__(self) -> str:
        return f"{self.region} {self.year}-{self.slot:02d}"

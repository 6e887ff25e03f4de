"""Closed years."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from nengtan.identity.models import User
from nengtan.ledger.models.factors import FactorVersion
from nengtan.registry.models import Region


class YearClosing(models.Model):
    """A region's year, closed (年度结账): no fact enters it, and its factors and figures stand.

    ``digest`` is the SHA-256 of the figures at closing. A reopened year keeps its row, with who and why.
    """

    region = models.ForeignKey(Region, models.PROTECT, related_name="closings", verbose_name=_("region"))
    year = models.PositiveSmallIntegerField(_("year"))
    digest = models.CharField(max_length=64)
    closed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("closed by"))
    closed_at = models.DateTimeField(_("closed at"), default=timezone.now)
    reopened_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("reopened by"))
    reopened_at = models.DateTimeField(_("reopened at"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=400, blank=True)

    class Meta:
        ordering = ("-closed_at",)
        constraints = [
            models.UniqueConstraint(fields=["region", "year"], condition=models.Q(reopened_at=None), name="closed_once")
        ]

    def __str__(self) -> str:
        return f"{self.region} {self.year}"


class FrozenFactor(models.Model):
    """The factor version a closed year uses for one place, carrier and kind, whatever is added later."""

    closing = models.ForeignKey(YearClosing, models.PROTECT, related_name="factors")
    zone = models.CharField(max_length=20)
    carrier = models.CharField(max_length=24)
    kind = models.CharField(max_length=24)
    factor = models.ForeignKey(FactorVersion, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["closing", "zone", "carrier", "kind"], name="one_frozen_choice")]

    def __str__(self) -> str:
        return f"{self.closing}: {self.factor}"

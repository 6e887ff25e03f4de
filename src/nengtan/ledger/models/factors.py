"""Factor versions."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from nengtan import reference
from nengtan.identity.models import User


class FactorVersion(models.Model):
    """One version of a coal equivalent or an emission factor (折标系数、排放因子), shipped or added here.

    ``value`` is kgce or kgCO2 per base unit of the carrier; ``stated_value`` and ``stated_unit`` are as the source
    prints them. Never overwritten: a newer version stands beside it.
    """

    code = models.CharField(_("code"), max_length=64, unique=True)
    name = models.CharField(_("name"), max_length=120)
    name_en = models.CharField(_("English name"), max_length=160, blank=True)
    kind = models.CharField(_("kind"), max_length=24)
    carrier = models.CharField(_("carrier"), max_length=24, blank=True)
    place = models.CharField(_("place"), max_length=20)
    year = models.PositiveSmallIntegerField(_("data year"), null=True, blank=True)
    basis = models.CharField(_("basis"), max_length=12, blank=True)
    value = models.CharField(_("value per base unit"), max_length=40, blank=True)
    stated_value = models.CharField(_("value as published"), max_length=40)
    stated_unit = models.CharField(_("unit as published"), max_length=40)
    published_on = models.DateField(_("published on"), null=True, blank=True)
    usable_from = models.DateField(_("usable from"), null=True, blank=True)
    superseded_on = models.DateField(_("superseded on"), null=True, blank=True)
    source = models.TextField(_("source"))
    url = models.URLField(_("address"), max_length=300, blank=True)
    confidence = models.CharField(_("confidence"), max_length=20)
    default = models.BooleanField(_("chosen by default"), default=False)
    note = models.TextField(_("remark"), blank=True)
    shipped = models.BooleanField(default=False)
    added_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("added by"))
    added_at = models.DateTimeField(_("added at"), default=timezone.now)

    class Meta:
        ordering = ("kind", "carrier", "place", "-year")
        indexes = [models.Index(fields=["kind", "carrier", "place"])]

    def __str__(self) -> str:
        return self.code

    @property
    def label(self) -> str:
        """The name in the reader's language."""
        return self.name_en if self.name_en and (get_language() or "").startswith("en") else self.name

    @property
    def number(self) -> Decimal:
        """The value as a number: ``unit`` says of what."""
        return Decimal(self.value)

    @property
    def unit(self) -> str:
        """Such as kgCO₂/kWh."""
        carrier = reference.carriers().get(self.carrier)
        base = reference.units()[carrier.unit].symbol if carrier else ""
        return f"{'kgCO₂' if self.kind == 'co2' else 'kgce'}/{base}"

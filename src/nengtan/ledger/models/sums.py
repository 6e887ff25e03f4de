"""Sums kept up to date with every fact, so that a page over a province reads a few hundred rows."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from nengtan.registry.models import Institution, Region
from nengtan.ui.fields import FixedPointField


class RegionRollup(models.Model):
    """What counts in a region and all below it, by kind of body, carrier and month, and year (区域汇总).

    ``period`` is the month as yyyymm, or as yyyy the year, the sum of its months. ``zone`` is the code of the region
    whose factors apply, so that one row is one factor choice. Kept by adding the difference each write makes; exact,
    because the columns are whole numbers. ``cells`` and ``costs`` count the months of institutions whose quantity and
    cost are known, so that unknown is not zero.
    """

    region = models.ForeignKey(Region, models.PROTECT, related_name="+", db_index=False)
    zone = models.CharField(max_length=20)
    kind = models.CharField(max_length=3)
    carrier = models.CharField(max_length=24)
    period = models.PositiveIntegerField()
    quantity = FixedPointField(default=0)
    cost = FixedPointField(default=0)
    cells = models.IntegerField(default=0)
    costs = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["region", "period", "zone", "kind", "carrier"], name="one_rollup_cell")
        ]

    def __str__(self) -> str:
        return f"{self.region} {self.period} {self.kind} {self.carrier}"


class InstitutionYear(models.Model):
    """One institution's year in its books (单位年度账): figures, denominators and completeness.

    ``first_period`` to ``last_period`` are the ``months`` it existed and could report; ``expected`` and ``present``
    count months of the ``carriers`` its record named, codes joined by spaces. Figures are ``None`` where nothing is
    known.
    ``energy_gaps`` and ``co2_gaps`` count carriers used that no factor could be found for. ``drawn_at`` grows with each
    change of a fact, the record or a factor: what was worked out from books still holds while the newest is no newer.
    """

    institution = models.ForeignKey(
        Institution, models.PROTECT, related_name="years", verbose_name=_("institution"), db_index=False
    )
    year = models.PositiveSmallIntegerField(_("year"))
    region = models.ForeignKey(Region, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=3)
    first_period = models.PositiveIntegerField()
    last_period = models.PositiveIntegerField()
    months = models.PositiveSmallIntegerField()
    area_m2 = FixedPointField(null=True)
    persons = FixedPointField(null=True)
    energy_tce = FixedPointField(null=True)
    electricity_kwh = FixedPointField(null=True)
    co2_t = FixedPointField(null=True)
    water_m3 = FixedPointField(null=True)
    cost_cny = FixedPointField(null=True)
    carriers = models.CharField(max_length=240, blank=True, default="")
    expected = models.PositiveSmallIntegerField(default=0)
    present = models.PositiveSmallIntegerField(default=0)
    energy_gaps = models.PositiveSmallIntegerField(default=0)
    co2_gaps = models.PositiveSmallIntegerField(default=0)
    drawn_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["institution", "year"], name="one_year_an_institution")]
        indexes = [models.Index(fields=["year", "region"], name="year_region")]

    def __str__(self) -> str:
        return f"{self.institution} {self.year}"


class RegionBooks(models.Model):
    """The yearly books of a region and all below it, added up (区域年度账): how many, how large, how complete.

    One row for each kind of body, span of months and set of carriers to report, so that what is expected of a month or
    a carrier follows from a few rows. ``areas`` and ``heads`` count the books whose area and persons are known. Kept by
    adding the difference each refreshed book makes, as :class:`RegionRollup` is.
    """

    region = models.ForeignKey(Region, models.PROTECT, related_name="+", db_index=False)
    year = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=3)
    first_period = models.PositiveIntegerField()
    last_period = models.PositiveIntegerField()
    carriers = models.CharField(max_length=240, blank=True)
    institutions = models.IntegerField(default=0)
    area_m2 = FixedPointField(default=0)
    areas = models.IntegerField(default=0)
    persons = FixedPointField(default=0)
    heads = models.IntegerField(default=0)
    expected = models.IntegerField(default=0)
    present = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["region", "year", "kind", "first_period", "last_period", "carriers"], name="one_sum_of_books"
            )
        ]

    def __str__(self) -> str:
        return f"{self.region} {self.year} {self.kind}"

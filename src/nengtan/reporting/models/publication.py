"""Reports a region has made, the templates they are made from, and what it has published."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from nengtan.identity.models import User
from nengtan.registry.models import Institution, Region

if TYPE_CHECKING:
    from nengtan.identity.access import Actor

BY = [("kind", _("type of institution")), ("system", _("system")), ("child", _("region below"))]


class ReportTemplate(models.Model):
    """A region's own Word template of the analysis report (报告模板), for it and all below that have none."""

    region = models.ForeignKey(Region, models.PROTECT, related_name="+", verbose_name=_("region"))
    name = models.CharField(_("file"), max_length=200)
    content = models.BinaryField()
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"), default=timezone.now)
    retired_at = models.DateTimeField(_("retired at"), null=True, blank=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.region} {self.name}"


class ReportQuerySet(models.QuerySet["AnnualReport"]):
    """Made reports by scope."""

    def for_actor(self, actor: Actor, capability: str = "view_detail") -> ReportQuerySet:
        """Reports of regions the actor may use ``capability`` on as a whole: they name institutions."""
        return self.filter(region__in=Region.objects.for_actor(actor, capability).order_by())


class AnnualReport(models.Model):
    """An annual analysis report as it was made (统计分析报告): append-only, with the returns behind its figures.

    ``books`` are those returns, packed: what a figure was drawn from can be shown after a return was reopened.
    """

    class Format(models.TextChoices):
        """What it was written as."""

        DOCX = "docx", _("Word")
        PDF = "pdf", "PDF"

    region = models.ForeignKey(Region, models.PROTECT, related_name="+", verbose_name=_("region"))
    year = models.PositiveSmallIntegerField(_("year"))
    base_year = models.PositiveSmallIntegerField(_("base year"), null=True, blank=True)
    format = models.CharField(_("format"), max_length=4, choices=Format.choices)
    title = models.CharField(_("title"), max_length=200)
    template = models.ForeignKey(
        ReportTemplate, models.PROTECT, null=True, related_name="+", verbose_name=_("template")
    )
    counted = models.PositiveIntegerField(_("approved returns"))
    owed = models.PositiveIntegerField(_("returns owed"))
    content = models.BinaryField()
    books = models.BinaryField()
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("made by"))
    at = models.DateTimeField(_("made at"), default=timezone.now)

    objects: ClassVar[ReportQuerySet] = ReportQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.title

    @property
    def filename(self) -> str:
        """The name it is saved under."""
        return f"{self.title}.{self.format}"


class NamingRule(models.Model):
    """What a region does not name when it publishes (不予公开): institutions, types, systems, classes too small.

    What it does not name is named by nobody: neither by regions below it, nor by those above. How small a class may be
    holds for the region and all below it that have set none themselves.
    """

    region = models.OneToOneField(Region, models.PROTECT, related_name="naming_rule", verbose_name=_("region"))
    smallest_class = models.PositiveSmallIntegerField(
        _("institutions a class needs to be shown by itself"),
        validators=[MinValueValidator(1), MaxValueValidator(100)],
    )
    kinds = models.JSONField(_("types not named"), default=list, blank=True)
    systems = models.JSONField(_("systems not named"), default=list, blank=True)
    institutions = models.ManyToManyField(
        Institution, related_name="+", blank=True, verbose_name=_("institutions not named")
    )
    reason = models.CharField(_("reason"), max_length=400, blank=True)

    def __str__(self) -> str:
        return str(self.region)


class Publication(models.Model):
    """A publication of a region's year (通报、公示): frozen, append-only; withdrawn with a reason, never changed.

    ``content`` is all it says; ``number`` counts the editions of the same region, year and classes. What later ones of
    the year must know and nobody is shown, by code: ``named`` with figures, ``kept_back`` everywhere, and ``unnamed``:
    by figure, of each class those that have it and are not named in it.
    """

    region = models.ForeignKey(Region, models.PROTECT, related_name="+", verbose_name=_("region"))
    year = models.PositiveSmallIntegerField(_("year"))
    classes = models.CharField(_("by"), max_length=8, choices=BY)
    number = models.PositiveSmallIntegerField(_("edition"))
    title = models.CharField(_("title"), max_length=200)
    content = models.JSONField()
    named = models.JSONField(default=list, editable=False)
    kept_back = models.JSONField(default=list, editable=False)
    unnamed = models.JSONField(default=dict, editable=False)
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("published by"))
    at = models.DateTimeField(_("published at"), default=timezone.now)
    withdrawn_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("withdrawn by")
    )
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=400, blank=True)

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(fields=["region", "year", "classes", "number"], name="one_publication_an_edition")
        ]

    def __str__(self) -> str:
        return self.title

"""Facts of consumption and what proves them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from nengtan.identity.models import User
from nengtan.registry.models import Building, Institution, Meter, Region
from nengtan.ui.fields import FixedPointField

if TYPE_CHECKING:
    from nengtan.identity.access import Actor


class Origin(models.TextChoices):
    """Where a quantity comes from (数据来源), best first."""

    BILL = "bill", _("bill")
    METER = "meter", _("meter")
    REPORT = "report", _("report")
    ESTIMATE = "estimate", _("estimate")


class Evidence(models.Model):
    """A file that proves facts (凭证), kept once under its hash and never changed."""

    sha256 = models.CharField(max_length=64, unique=True)
    name = models.CharField(_("file name"), max_length=200)
    size = models.PositiveBigIntegerField(_("size, bytes"))
    media_type = models.CharField(max_length=80, blank=True)
    uploaded_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("uploaded by"))
    uploaded_at = models.DateTimeField(_("uploaded at"), default=timezone.now)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.name

    @property
    def storage_name(self) -> str:
        """Where the bytes lie, below the media root."""
        return f"evidence/{self.sha256[:2]}/{self.sha256}"


class BatchQuerySet(models.QuerySet["ImportBatch"]):
    """Imports by scope."""

    def for_actor(self, actor: Actor, capability: str = "view_detail") -> BatchQuerySet:
        """Imports all of whose institutions the actor may use ``capability`` on, and the actor's own."""
        scope = actor.scope_for(capability)
        if not scope.everything:
            seen = models.Q(institution__in=Institution.objects.for_actor(actor, capability))
            for path in scope.regions:
                seen |= models.Q(region_path__startswith=path)
            if actor.user is not None and actor.can(capability):
                seen |= models.Q(entered_by=actor.user)
            return self.filter(seen & models.Q(region_path__startswith=scope.limit))
        return self.filter(region_path__startswith=scope.limit)


class ImportBatch(models.Model):
    """One file taken in (导入批次): all of it, or its good rows by choice.

    ``region_path`` is the smallest region above all its institutions, ``institution`` the only one where it is of one:
    who sees the whole of that sees the import and its file.
    """

    evidence = models.ForeignKey(Evidence, models.PROTECT, related_name="batches", verbose_name=_("file"))
    accepted = models.PositiveIntegerField(_("rows accepted"))
    rejected = models.PositiveIntegerField(_("rows refused"))
    unchanged = models.PositiveIntegerField(_("rows already known"), default=0)
    entered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("entered by"))
    entered_at = models.DateTimeField(_("entered at"), default=timezone.now)
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True)
    region_path = models.CharField(max_length=120, blank=True, db_index=True)
    institution = models.ForeignKey(
        Institution, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("institution")
    )

    objects: ClassVar[BatchQuerySet] = BatchQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.evidence} ({timezone.localdate(self.entered_at)})"


class FactQuerySet(models.QuerySet["ActivityFact"]):
    """Facts by scope, and those that count."""

    def for_actor(self, actor: Actor, capability: str = "view_detail") -> FactQuerySet:
        """Facts of the institutions the actor may use ``capability`` on."""
        return self.filter(actor.scope_for(capability).institutions_q("institution__"))

    def counting(self) -> FactQuerySet:
        """Facts that enter the accounts."""
        return self.filter(standing=ActivityFact.Standing.COUNTS)


class ActivityFact(models.Model):
    """What a body used of one carrier in one month, as one source tells it (活动数据).

    Append-only: a correction is a new fact that ``supersedes`` the old one. ``quantity`` is in the carrier's base
    unit, ``entered_quantity`` and ``entered_unit`` are as received. The columns ``standing``, ``region`` and ``kind``
    are worked out, by one rule and by the register of that month, and are the only ones the database lets change.
    """

    class Standing(models.IntegerChoices):
        """Whether a fact enters the accounts, and if not, why."""

        COUNTS = 1, _("counts")
        SUPERSEDED = 2, _("corrected by a later entry")
        OUTRANKED = 3, _("a better source is there")
        DETAIL = 4, _("a part of a figure that counts")
        ALLOCATED = 5, _("divided among those who share it")
        WITHDRAWN = 6, _("withdrawn")
        UNVERIFIED = 7, _("unit not verified")
        AFTER_CLOSING = 8, _("after the institution was closed")

    institution = models.ForeignKey(Institution, models.PROTECT, related_name="facts", verbose_name=_("institution"))
    building = models.ForeignKey(
        Building, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("building")
    )
    meter = models.ForeignKey(Meter, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("meter"))
    carrier = models.CharField(_("carrier"), max_length=24)
    item = models.CharField(_("item"), max_length=8, blank=True)
    period = models.PositiveIntegerField(_("month"))
    quantity = FixedPointField(_("quantity"), null=True, blank=True)
    cost = FixedPointField(_("cost, CNY"), null=True, blank=True)
    entered_quantity = models.CharField(_("quantity as entered"), max_length=40, blank=True)
    entered_unit = models.CharField(_("unit as entered"), max_length=16, blank=True)
    origin = models.CharField(_("source"), max_length=8, choices=Origin.choices)
    bill_no = models.CharField(_("bill or account number"), max_length=64, blank=True)
    evidence = models.ForeignKey(
        Evidence, models.PROTECT, null=True, blank=True, related_name="facts", verbose_name=_("evidence")
    )
    source_row = models.CharField(_("place in the file"), max_length=64, blank=True)
    batch = models.ForeignKey(
        ImportBatch, models.PROTECT, null=True, blank=True, related_name="facts", verbose_name=_("import")
    )
    entered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("entered by"))
    entered_at = models.DateTimeField(_("entered at"), default=timezone.now)
    supersedes = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="superseded_by", verbose_name=_("corrects")
    )
    allocated_from = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="parts", verbose_name=_("part of")
    )
    share = FixedPointField(_("share"), null=True, blank=True)
    note = models.CharField(_("remark"), max_length=400, blank=True)

    standing = models.PositiveSmallIntegerField(_("standing"), choices=Standing.choices, default=Standing.COUNTS)
    region = models.ForeignKey(Region, models.PROTECT, related_name="+", verbose_name=_("region"))
    kind = models.CharField(_("type"), max_length=3)

    objects: ClassVar[FactQuerySet] = FactQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ("-id",)
        indexes = [
            models.Index(fields=["institution", "period", "carrier"], name="fact_cell"),
            models.Index(fields=["standing", "period"], condition=models.Q(quantity=None), name="fact_no_quantity"),
        ]

    def __str__(self) -> str:
        return f"{self.institution} {self.period} {self.carrier}"

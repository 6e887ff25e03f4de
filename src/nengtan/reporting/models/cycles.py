"""What a region sets itself for its cycles of reporting, and who was reminded of what."""

from __future__ import annotations

from calendar import monthrange
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from nengtan.domain.factors import Confidence
from nengtan.domain.returns import slots
from nengtan.domain.returns.scheme import Deadline, Task
from nengtan.identity.models import User
from nengtan.registry.models import Region
from nengtan.reporting.models.returns import KINDS
from nengtan.ui.fields import FixedPointField

if TYPE_CHECKING:
    from nengtan.identity.access import Actor

TASKS = [(Task.REPORT, _("returns handed in")), (Task.REVIEW, _("review done")), (Task.FINAL, _("final figures"))]


class OfRegionQuerySet(models.QuerySet["OwnDeadline"]):
    """Settings of regions by scope."""

    def for_actor(self, actor: Actor, capability: str = "view_detail") -> OfRegionQuerySet:
        """Those of regions the actor may use ``capability`` on as a whole."""
        return self.filter(region__in=Region.objects.for_actor(actor, capability).order_by())


class OwnDeadline(models.Model):
    """A region's own day for what is due (报送期限): so many days after the period, or a day of the next year.

    It holds for the region and all below it that set none themselves; ``document`` is the notice that says so.
    """

    region = models.ForeignKey(Region, models.PROTECT, related_name="own_deadlines", verbose_name=_("region"))
    kind = models.CharField(_("period"), max_length=8, choices=KINDS)
    task = models.CharField(_("what is due"), max_length=8, choices=TASKS, default=Task.REPORT)
    days_after = models.PositiveSmallIntegerField(
        _("days after the period"), null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(366)]
    )
    month = models.PositiveSmallIntegerField(
        _("month of the next year"), null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(12)]
    )
    day = models.PositiveSmallIntegerField(
        _("day of the month"), null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(31)]
    )
    document = models.CharField(pgettext_lazy("document", "notice"), max_length=200, blank=True)
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"), default=timezone.now)

    objects: ClassVar[OfRegionQuerySet] = OfRegionQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ("region__path", "kind", "task")
        constraints = [
            models.UniqueConstraint(fields=["region", "kind", "task"], name="one_deadline_a_region"),
            models.CheckConstraint(
                name="days_or_a_day",
                condition=models.Q(days_after__isnull=False, month=None, day=None)
                | models.Q(days_after=None, month__isnull=False, day__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.region}: {self.get_kind_display()}, {self.get_task_display()}"

    @property
    def rule(self) -> Deadline:
        """The same as a deadline of the scheme."""
        fixed = (self.month, self.day) if self.month and self.day else None
        kind, task = slots.Kind(self.kind), Task(self.task)
        return Deadline(
            "", self.region.code, kind, task, self.days_after, fixed, True, self.document, Confidence.VERIFIED, ""
        )

    @property
    def exists_in_a_year(self) -> bool:
        """Whether the day is one of the calendar."""
        return not (self.month and self.day) or self.day <= monthrange(2024, self.month)[1]


class CycleSetting(models.Model):
    """How a region's cycles run (报送周期设置); holds for all below it that set nothing themselves."""

    region = models.OneToOneField(Region, models.PROTECT, related_name="cycle", verbose_name=_("region"))
    opens_months = models.BooleanField(_("open months by themselves"), default=False)
    opens_quarters = models.BooleanField(_("open quarters by themselves"), default=False)
    opens_years = models.BooleanField(_("open years by themselves"), default=False)
    remind_days = models.PositiveSmallIntegerField(
        _("remind so many days before"), default=3, validators=[MaxValueValidator(60)]
    )
    escalate_days = models.PositiveSmallIntegerField(
        _("tell the level above after so many days late"), default=10,
        validators=[MinValueValidator(1), MaxValueValidator(366)],
    )  # fmt: skip
    spot_share = FixedPointField(_("share to check on the spot [%]"), default=Decimal(5))

    def __str__(self) -> str:
        return str(self.region)


class Reminder(models.Model):
    """One mail to one person on one day (催报), with the returns it spoke of; kept so that none is sent twice."""

    user = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=pgettext_lazy("receiver", "to"))
    day = models.DateField(_("day"))
    address = models.EmailField(_("e-mail"))
    due = models.JSONField(default=list)
    late = models.JSONField(default=list)
    escalated = models.JSONField(default=list)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    fault = models.CharField(_("not sent because"), max_length=200, blank=True)

    class Meta:
        ordering = ("-day", "user_id")
        constraints = [models.UniqueConstraint(fields=["user", "day"], name="one_reminder_a_day")]

    def __str__(self) -> str:
        return f"{self.user} {self.day}"

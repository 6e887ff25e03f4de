"""What a department does once a year with the returns of last year: joint review and spot check."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from nengtan.identity.models import User
from nengtan.registry.models import Institution, Region
from nengtan.reporting.models.returns import Return
from nengtan.ui.fields import FixedPointField

if TYPE_CHECKING:
    from nengtan.identity.access import Actor


class JointReview(models.Model):
    """The yearly round in which a department looks at the returns of a year together (会审).

    ``outcome`` is counted when it is closed: returns by state, findings by severity, what the spot check found.
    """

    region = models.ForeignKey(Region, models.PROTECT, related_name="joint_reviews", verbose_name=_("region"))
    year = models.PositiveSmallIntegerField(_("year"))
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("until"))
    place = models.CharField(pgettext_lazy("joint review", "place"), max_length=120, blank=True)
    note = models.CharField(_("remark"), max_length=400, blank=True)
    opened_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("opened by"))
    opened_at = models.DateTimeField(_("opened at"), default=timezone.now)
    closed_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name=pgettext_lazy("joint review", "closed by")
    )
    closed_at = models.DateTimeField(pgettext_lazy("joint review", "closed at"), null=True, blank=True)
    outcome = models.JSONField(_("outcome"), default=dict)

    class Meta:
        ordering = ("-year", "region__path")
        constraints = [models.UniqueConstraint(fields=["region", "year"], name="one_joint_review_a_year")]

    def __str__(self) -> str:
        return f"{self.region} {self.year}"


class SpotCheck(models.Model):
    """A drawn sample of the institutions of a year (抽查): with the seed anybody can repeat the draw."""

    region = models.ForeignKey(Region, models.PROTECT, related_name="spot_checks", verbose_name=_("region"))
    year = models.PositiveSmallIntegerField(_("year"))
    share = FixedPointField(_("share [%]"))
    seed = models.CharField(_("seed"), max_length=80)
    drawn_from = models.PositiveIntegerField(_("drawn from"))
    drawn_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("drawn by"))
    drawn_at = models.DateTimeField(_("drawn at"), default=timezone.now)

    class Meta:
        ordering = ("-year", "region__path")
        constraints = [models.UniqueConstraint(fields=["region", "year"], name="one_spot_check_a_year")]

    def __str__(self) -> str:
        return f"{self.region} {self.year}"


class SampledQuerySet(models.QuerySet["Sampled"]):
    """Sampled institutions by scope."""

    def for_actor(self, actor: Actor, capability: str = "review_returns") -> SampledQuerySet:
        """Those whose return the actor may use ``capability`` on."""
        return self.filter(of__in=Return.objects.for_actor(actor, capability).order_by())


class Sampled(models.Model):
    """One institution of a spot check: who goes there, and what was found."""

    class Outcome(models.TextChoices):
        """What the visit came to."""

        PENDING = "pending", _("not yet checked")
        AGREES = "agrees", _("agrees")
        CORRECTED = "corrected", _("corrected")
        REFUSED = "refused", _("refused")

    check_of = models.ForeignKey(SpotCheck, models.PROTECT, related_name="sampled", verbose_name=_("spot check"))
    institution = models.ForeignKey(Institution, models.PROTECT, related_name="+", verbose_name=_("institution"))
    of = models.ForeignKey(Return, models.PROTECT, related_name="+", verbose_name=_("return"))
    institution_kind = models.CharField(_("type"), max_length=3)
    assigned_to = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("assigned to")
    )
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome.choices, default=Outcome.PENDING)
    findings = models.CharField(_("findings"), max_length=1000, blank=True)
    checked_on = models.DateField(_("checked on"), null=True, blank=True)
    recorded_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("recorded by"))

    objects: ClassVar[SampledQuerySet] = SampledQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ("institution_kind", "institution__code")
        constraints = [models.UniqueConstraint(fields=["check_of", "institution"], name="sampled_once")]

    def __str__(self) -> str:
        return f"{self.check_of}: {self.institution}"

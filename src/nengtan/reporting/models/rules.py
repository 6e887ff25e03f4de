"""Review rules an administrator adds, what regions change about rules, and trials on past data: all append-only."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from nengtan.domain.returns.review.rules import Scope, Severity
from nengtan.identity.models import User
from nengtan.identity.roles import Capability
from nengtan.registry.models import Region

if TYPE_CHECKING:
    from nengtan.identity.access import Actor
    from nengtan.identity.access import Scope as Reach

SEVERITIES = [
    (Severity.BLOCK, _("blocks submission")),
    (Severity.EXPLAIN, _("needs an explanation")),
    (Severity.INFORM, _("informs")),
]
SCOPES = [(Scope.RETURN, _("the return")), (Scope.ROOM, _("each data room"))]


class RuleQuerySet(models.QuerySet["RuleVersion"]):
    """Rules by scope."""

    def for_actor(self, actor: Actor) -> RuleQuerySet:
        """Rules of the regions the actor sets rules for, and those from above that hold there too."""
        return self.filter(around(actor))

    def newest(self) -> RuleQuerySet:
        """The last version of each rule."""
        later = RuleVersion.objects.filter(code=models.OuterRef("code"), number__gt=models.OuterRef("number"))
        return self.filter(~models.Exists(later))


def around(actor: Actor, prefix: str = "region__") -> Q:
    """Filter on what belongs to regions the actor sets rules for, or to one above them."""
    scope = actor.scope_for(Capability.MANAGE_RULES)
    if scope.whole:
        return Q()
    wanted = Q(pk__in=[])
    for root in _roots(scope):
        wanted |= Q(**{f"{prefix}path__startswith": root}) | Q(**{f"{prefix}code__in": root.strip("/").split("/")})
    return wanted


def _roots(reach: Reach) -> list[str]:
    """The highest regions of a scope, cut down to what a key is limited to."""
    if reach.everything:
        return [reach.limit]
    within = [path if path.startswith(reach.limit) else reach.limit for path in reach.regions]
    return [root for root, path in zip(within, reach.regions, strict=True) if root.startswith(path)]


class RuleVersion(models.Model):
    """One version of a rule an administrator wrote (自定义审核规则): a change is a new version, the earlier stay.

    It holds for returns of ``region`` and all below it, for periods that end on ``since`` or later, and only while
    ``enabled``; empty lists of editions, kinds, classes and systems mean all. ``each`` names indicators or a group.
    """

    code = models.CharField(_("rule"), max_length=24)
    number = models.PositiveIntegerField(_("version"))
    region = models.ForeignKey(Region, models.PROTECT, related_name="+", verbose_name=_("region"))
    title_zh = models.CharField(_("title in Chinese"), max_length=80)
    title_en = models.CharField(_("title in English"), max_length=160)
    severity = models.CharField(_("severity"), max_length=8, choices=SEVERITIES)
    scope = models.CharField(_("looks at"), max_length=8, choices=SCOPES, default=Scope.RETURN)
    each = models.JSONField(_("for each of"), default=list)
    cell = models.CharField(_("shown at"), max_length=40, blank=True)
    flag = models.CharField(_("condition"), max_length=1000)
    found = models.CharField(_("figure found"), max_length=1000, blank=True)
    low = models.CharField(_("lowest expected"), max_length=1000, blank=True)
    high = models.CharField(_("highest expected"), max_length=1000, blank=True)
    wording_zh = models.CharField(_("wording in Chinese"), max_length=400)
    wording_en = models.CharField(_("wording in English"), max_length=400)
    editions = models.JSONField(_("editions"), default=list)
    kinds = models.JSONField(_("periods"), default=list)
    classes = models.JSONField(_("types"), default=list)
    systems = models.JSONField(_("systems"), default=list)
    overridable = models.BooleanField(_("an explanation overrules it"), default=False)
    needs_evidence = models.BooleanField(_("explanation needs a file"), default=False)
    enabled = models.BooleanField(_("on"), default=False)
    since = models.DateField(_("for periods that end from"))
    reason = models.CharField(_("reason"), max_length=400, blank=True)
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"), default=timezone.now)

    objects: ClassVar[RuleQuerySet] = RuleQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ("code", "number")
        constraints = [models.UniqueConstraint(fields=["code", "number"], name="one_rule_version")]

    def __str__(self) -> str:
        return f"{self.code} ({self.number})"


class RuleSetting(models.Model):
    """What a region changed about a rule (审核规则设置): the last of each region, rule, check and type holds.

    None and empty leave it as it is above; ``parameters`` are numbers, or numbers by indicator.
    """

    region = models.ForeignKey(Region, models.PROTECT, related_name="+", verbose_name=_("region"))
    rule = models.CharField(_("rule"), max_length=24)
    check_key = models.CharField(pgettext_lazy("rule", "check"), max_length=24, blank=True)
    institution_class = models.CharField(_("type"), max_length=3, blank=True)
    enabled = models.BooleanField(_("on"), null=True)
    severity = models.CharField(_("severity"), max_length=8, choices=SEVERITIES, blank=True)
    parameters = models.JSONField(_("thresholds"), default=dict)
    since = models.DateField(_("for periods that end from"))
    reason = models.CharField(_("reason"), max_length=400)
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        ordering = ("id",)
        indexes = [models.Index(fields=["rule", "region"], name="settings_of_a_rule")]

    def __str__(self) -> str:
        return f"{self.rule}: {self.region}"


class RuleTrial(models.Model):
    """What a rule flagged when it was tried on past returns (试算): kept as the reason it could be switched on."""

    version = models.ForeignKey(RuleVersion, models.PROTECT, related_name="trials", verbose_name=_("rule"))
    region = models.ForeignKey(Region, models.PROTECT, related_name="+", verbose_name=_("region"))
    period = models.CharField(_("period"), max_length=8)
    looked_at = models.PositiveIntegerField(_("returns looked at"))
    flagged = models.PositiveIntegerField(_("returns flagged"))
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.version}: {self.flagged}/{self.looked_at}"

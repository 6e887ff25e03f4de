"""Institutions, and everything about them that holds from a date."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from nengtan.identity.models import User
from nengtan.registry.models.region import Region
from nengtan.registry.since import Dated
from nengtan.ui.fields import FixedPointField

if TYPE_CHECKING:
    from nengtan.identity.access import Actor

CODE_LENGTH = 32


def default_carriers() -> list[str]:
    """What every body is expected to report until its record says otherwise."""
    return ["electricity", "water"]


class InstitutionQuerySet(models.QuerySet["Institution"]):
    """Institutions by scope: the one door to them."""

    def for_actor(self, actor: Actor, capability: str = "view_detail") -> InstitutionQuerySet:
        """Institutions the actor may use ``capability`` on."""
        return self.filter(actor.scope_for(capability).institutions_q())

    def referable(self, actor: Actor) -> InstitutionQuerySet:
        """Institutions a record may name as superior or host: those seen, and those of the regions above one's own."""
        scope = actor.scope_for("view_detail")
        if scope.everything:  # an empty Q or another is the other
            return self.for_actor(actor)
        own = actor.scope_for("write_registry").regions
        above = {code for path in own for code in path.strip("/").split("/")}
        return self.filter(scope.institutions_q() | models.Q(region__code__in=above))

    def within(self, region: Region) -> InstitutionQuerySet:
        """Institutions that stand in the region today."""
        return self.filter(region__path__startswith=region.path)


class Institution(models.Model):
    """A public institution (公共机构): an organ of state, a public service unit, or a mass organisation.

    Name, kind, region, superior and reporting line are those of today; :class:`InstitutionSpan` keeps the past.
    """

    class Status(models.TextChoices):
        """Whether the body still exists."""

        ACTIVE = "active", pgettext_lazy("institution", "active")
        CLOSED = "closed", pgettext_lazy("institution", "closed")

    class ReportsTo(models.TextChoices):
        """The one parent that collects its return (报送关系)."""

        REGION = "region", _("the region")
        SUPERIOR = "superior", _("the superior body")

    class Occupancy(models.TextChoices):
        """Whether it has an office of its own (办公用房)."""

        OWN = "own", _("own office")
        COLOCATED = "colocated", _("co-located")

    class UtilityAccount(models.TextChoices):
        """Whether suppliers bill it directly (独立户号)."""

        OWN = "own", _("own account")
        NONE = "none", _("no account of its own")

    class Allocation(models.TextChoices):
        """How a shared bill is divided (分摊方式)."""

        SUBMETER = "submeter", _("by sub-meter")
        AREA = "area", _("by area")
        HEADCOUNT = "headcount", _("by headcount")
        SHARE = "share", _("by agreed share")

    code = models.CharField(_("code"), max_length=CODE_LENGTH, unique=True)
    credit_code = models.CharField(_("unified social credit code"), max_length=18, null=True, blank=True, unique=True)
    name = models.CharField(_("name"), max_length=120)
    initials = models.CharField(max_length=120, db_index=True, blank=True)
    kind = models.CharField(_("type"), max_length=3, db_index=True)
    region = models.ForeignKey(Region, models.PROTECT, related_name="institutions", verbose_name=_("region"))
    system = models.CharField(_("system"), max_length=24, blank=True)
    superior = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="subordinates", verbose_name=_("superior body")
    )
    reports_to = models.CharField(_("reports to"), max_length=8, choices=ReportsTo.choices, default=ReportsTo.REGION)
    status = models.CharField(_("status"), max_length=8, choices=Status.choices, default=Status.ACTIVE)
    address = models.CharField(_("address"), max_length=200, blank=True)
    lat = models.FloatField(_("latitude"), null=True, blank=True)
    lon = models.FloatField(_("longitude"), null=True, blank=True)
    occupancy = models.CharField(_("office"), max_length=12, choices=Occupancy.choices, default=Occupancy.OWN)
    utility_account = models.CharField(
        _("utility account"), max_length=8, choices=UtilityAccount.choices, default=UtilityAccount.OWN
    )
    host = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="guests",
        verbose_name=_("body that holds the account"),
    )
    allocation = models.CharField(_("shared bills are divided"), max_length=12, choices=Allocation.choices, blank=True)
    share = FixedPointField(_("agreed share"), null=True, blank=True)
    carriers = models.JSONField(_("carriers to report"), default=default_carriers)
    established_on = models.DateField(_("established on"), null=True, blank=True)
    closed_on = models.DateField(_("closed on"), null=True, blank=True)
    note = models.CharField(_("remark"), max_length=400, blank=True)

    objects: ClassVar[InstitutionQuerySet] = InstitutionQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ("code",)
        constraints = [
            models.CheckConstraint(
                name="superior_if_reported_to",
                condition=models.Q(reports_to="region") | models.Q(superior__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return self.name


class InstitutionSpan(Dated):
    """What an institution was called, what it was, and where it belonged, from a date on (名录变更)."""

    institution = models.ForeignKey(Institution, models.PROTECT, related_name="spans", verbose_name=_("institution"))
    valid_from = models.DateField(_("from"))
    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(_("type"), max_length=3)
    region = models.ForeignKey(Region, models.PROTECT, related_name="+", verbose_name=_("region"))
    system = models.CharField(_("system"), max_length=24, blank=True)
    superior = models.ForeignKey(
        Institution, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("superior body")
    )
    reports_to = models.CharField(
        _("reports to"), max_length=8, choices=Institution.ReportsTo.choices, default="region"
    )

    class Meta:
        ordering = ("institution_id", "valid_from")
        constraints = [models.UniqueConstraint(fields=["institution", "valid_from"], name="one_span_a_day")]

    def __str__(self) -> str:
        return f"{self.name} ({self.since})"


class Attribute(Dated):
    """A figure that holds from a date until the next (建筑面积、用能人数 …), of an institution or a building."""

    class Key(models.TextChoices):
        """The attributes kept over time, unit in the name."""

        AREA = "area_m2", _("floor area, m²")
        PERSONS = "persons", _("energy users, persons")
        ESTABLISHMENT = "establishment", _("established posts, persons")
        ROOF = "roof_area_m2", _("roof area, m²")

    institution = models.ForeignKey(Institution, models.PROTECT, null=True, blank=True, related_name="attributes")
    building = models.ForeignKey("registry.Building", models.PROTECT, null=True, blank=True, related_name="attributes")
    key = models.CharField(_("attribute"), max_length=16, choices=Key.choices)
    valid_from = models.DateField(_("from"))
    value = FixedPointField(_("value"))
    source = models.CharField(_("source"), max_length=200, blank=True)
    entered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("entered by"))
    entered_at = models.DateTimeField(_("entered at"), default=timezone.now)

    class Meta:
        ordering = ("key", "valid_from")
        constraints = [
            models.UniqueConstraint(fields=["institution", "key", "valid_from"], name="one_institution_value_a_day"),
            models.UniqueConstraint(fields=["building", "key", "valid_from"], name="one_building_value_a_day"),
            models.CheckConstraint(
                name="attribute_of_one_thing",
                condition=models.Q(institution__isnull=False, building__isnull=True)
                | models.Q(institution__isnull=True, building__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_key_display()} {self.value} ({self.since})"


class InstitutionEvent(models.Model):
    """Something that happened to bodies as such (机构变动), on a date, by a document."""

    class Kind(models.TextChoices):
        """The six events of the directory."""

        ADDED = "added", _("added")
        CLOSED = "closed", _("deregistered")
        MERGED = "merged", _("merged")
        SPLIT = "split", _("split")
        RENAMED = "renamed", _("renamed")
        MOVED = "moved", _("moved to another parent")

    kind = models.CharField(_("event"), max_length=8, choices=Kind.choices)
    effective_on = models.DateField(_("effective on"))
    document = models.CharField(_("document"), max_length=120, blank=True)
    note = models.CharField(_("remark"), max_length=400, blank=True)
    entered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("entered by"))
    entered_at = models.DateTimeField(_("entered at"), default=timezone.now)

    class Meta:
        ordering = ("-effective_on", "-id")

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.effective_on}"


class EventParty(models.Model):
    """A body's part in an event: what went in, what came out."""

    class Side(models.TextChoices):
        """Before or after the event."""

        BEFORE = "before", _("before")
        AFTER = "after", _("after")

    event = models.ForeignKey(InstitutionEvent, models.PROTECT, related_name="parties")
    institution = models.ForeignKey(Institution, models.PROTECT, related_name="event_parts")
    side = models.CharField(max_length=6, choices=Side.choices)

    class Meta:
        ordering = ("event_id", "id")
        constraints = [models.UniqueConstraint(fields=["event", "institution", "side"], name="one_part_a_side")]

    def __str__(self) -> str:
        return f"{self.institution} ({self.get_side_display()})"


class Contact(models.Model):
    """Somebody to call (联络员、统计员、碳排放管理员)."""

    class Role(models.TextChoices):
        """What the person does for energy work."""

        LIAISON = "liaison", _("liaison officer")
        STATISTICIAN = "statistician", _("statistician")
        CARBON_MANAGER = "carbon_manager", _("carbon manager")

    institution = models.ForeignKey(Institution, models.PROTECT, related_name="contacts")
    role = models.CharField(_("duty"), max_length=16, choices=Role.choices)
    name = models.CharField(_("name"), max_length=64)
    phone = models.CharField(_("telephone"), max_length=32, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)

    class Meta:
        ordering = ("institution_id", "role", "name")
        constraints = [models.UniqueConstraint(fields=["institution", "role", "name"], name="one_contact_a_duty")]

    def __str__(self) -> str:
        return f"{self.get_role_display()} {self.name}"

"""A return, its values with where each came from, and its way from hand to hand."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import Case, F, Q, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from nengtan.domain.returns import slots
from nengtan.domain.returns.steps import Standing, State
from nengtan.identity.models import User
from nengtan.ledger.models import Evidence
from nengtan.registry.models import Institution, Region
from nengtan.ui.fields import FixedPointField

if TYPE_CHECKING:
    from nengtan.identity.access import Actor

KINDS = [(slots.Kind.MONTH, _("monthly")), (slots.Kind.QUARTER, _("quarterly")), (slots.Kind.ANNUAL, _("annual"))]
STATES = [
    (State.EMPTY, _("not begun")),
    (State.ENTERING, _("being filled in")),
    (State.STATISTICS_HEAD, _("with the statistics head")),
    (State.UNIT_HEAD, _("with the unit head")),
    (State.REPORTED, _("reported")),
    (State.APPROVED, _("approved")),
    (State.RETURNED, _("sent back")),
]


_FIRST_MONTH = Case(
    When(kind=slots.Kind.ANNUAL, then=1),
    When(kind=slots.Kind.QUARTER, then=F("slot") - 2),
    default="slot",
    output_field=models.IntegerField(),
)
_CLOSED = "institution__closed_on"
OWED = (
    Q(**{_CLOSED: None})
    | Q(**{f"{_CLOSED}__year__gt": F("year")})
    | Q(**{f"{_CLOSED}__year": F("year"), f"{_CLOSED}__month__gt": _FIRST_MONTH})
    | Q(**{f"{_CLOSED}__year": F("year"), f"{_CLOSED}__month": _FIRST_MONTH, f"{_CLOSED}__day__gt": 1})
)
"""What :func:`owed_months` says of a return, for the database: the body was not closed before the period began."""


def owed_months(period: slots.Slot, closed: date | None) -> tuple[int, ...]:
    """The months of a period (yyyymm) in which a body existed; none where it was closed before they began.

    >>> owed_months(slots.quarter(2025, 1), date(2025, 2, 1)), owed_months(slots.annual(2025), date(2025, 1, 1))
    ((202501,), ())
    """
    return tuple(month for month in period.months if closed is None or date(month // 100, month % 100, 1) < closed)


class ReturnQuerySet(models.QuerySet["Return"]):
    """Returns by scope."""

    def owed(self) -> ReturnQuerySet:
        """Without those of bodies that were closed or merged before the period began."""
        return self.filter(OWED)

    def for_actor(self, actor: Actor, capability: str = "view_detail") -> ReturnQuerySet:
        """Returns of the institutions the actor may use ``capability`` on."""
        return self.filter(actor.scope_for(capability).institutions_q("institution__"))


class Return(models.Model):
    """What one institution reports for one period (统计报表), in the edition of the scheme that was then in force.

    ``region``, ``institution_kind``, ``system`` and ``superior`` are those of the period's last day: a body that moves
    later stays where it reported. ``hands`` are the people who entered what stands or passed the present round; none of
    them approves it. ``version`` grows with every write. Punctuality is judged by ``first_reported_at`` (首次上报时间);
    what is sent back may be given a day of its own, ``again_by``.
    """

    institution = models.ForeignKey(Institution, models.PROTECT, related_name="returns", verbose_name=_("institution"))
    year = models.PositiveSmallIntegerField(_("year"))
    slot = models.PositiveSmallIntegerField(_("slot"))
    kind = models.CharField(_("period"), max_length=8, choices=KINDS)
    edition = models.CharField(_("edition"), max_length=8)
    state = models.CharField(_("state"), max_length=16, choices=STATES, default=State.EMPTY)
    hands = models.JSONField(default=list)
    rounds = models.PositiveSmallIntegerField(_("times sent back"), default=0)
    version = models.PositiveIntegerField(default=1)
    region = models.ForeignKey(Region, models.PROTECT, related_name="+", verbose_name=_("region"))
    institution_kind = models.CharField(_("type"), max_length=3)
    system = models.CharField(_("system"), max_length=24, blank=True)
    superior = models.ForeignKey(
        Institution, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("superior body")
    )
    due_on = models.DateField(_("due on"), null=True, blank=True)
    opened_at = models.DateTimeField(_("opened at"), default=timezone.now)
    reported_at = models.DateTimeField(_("reported at"), null=True, blank=True)
    first_reported_at = models.DateTimeField(_("first reported at"), null=True, blank=True)
    again_by = models.DateField(_("to be handed in again by"), null=True, blank=True)
    approved_at = models.DateTimeField(_("approved at"), null=True, blank=True)

    objects: ClassVar[ReturnQuerySet] = ReturnQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ("-year", "-slot", "institution__code")
        constraints = [
            models.UniqueConstraint(fields=["institution", "year", "slot", "kind"], name="one_return_a_period")
        ]
        indexes = [
            models.Index(fields=["year", "slot", "kind", "region"], name="returns_of_a_period"),
            models.Index(fields=["state", "institution"], name="returns_to_review"),
        ]

    def __str__(self) -> str:
        return f"{self.institution} {self.period}"

    @property
    def period(self) -> slots.Slot:
        """The period reported on."""
        return slots.Slot(self.year, self.slot, slots.Kind(self.kind))

    @property
    def months_owed(self) -> tuple[int, ...]:
        """The months of the period (yyyymm) in which the body existed; none where it was closed before they began."""
        return owed_months(self.period, self.institution.closed_on)

    @property
    def standing(self) -> Standing:
        """Where it stands on its way."""
        return Standing(State(self.state), frozenset(self.hands), self.rounds)


class Value(models.Model):
    """One cell of a return (指标值): an indicator of the body, or of one room (``record``) where each has a record.

    A cell that is not there, or whose value is ``None``, is not applicable or not measured; zero is measured none.
    ``source`` says from which facts, attribute or period a value that nobody typed was drawn.
    """

    class Provenance(models.TextChoices):
        """Where a value came from."""

        BILL = "bill", _("bills")
        METER = "meter", _("meter readings")
        MIXED = "mixed", _("bills and readings")
        ESTIMATE = "estimate", _("estimate")
        REPORT = "report", _("earlier report")
        REGISTER = "register", _("register")
        SUM = "sum", _("sum of its parts")
        TYPED = "typed", _("typed")
        FILE = "file", _("workbook")

    of = models.ForeignKey(Return, models.PROTECT, related_name="values", verbose_name=_("return"))
    record = models.CharField(_("room"), max_length=4, blank=True)
    indicator = models.CharField(_("indicator"), max_length=40)
    value = FixedPointField(_("value"), null=True, blank=True)
    provenance = models.CharField(_("came from"), max_length=8, choices=Provenance.choices)
    source = models.JSONField(default=dict)
    version = models.PositiveIntegerField(default=1)
    entered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("entered by"))
    entered_at = models.DateTimeField(_("entered at"), default=timezone.now)

    class Meta:
        ordering = ("of_id", "record", "indicator")
        constraints = [models.UniqueConstraint(fields=["of", "record", "indicator"], name="one_value_a_cell")]

    def __str__(self) -> str:
        return f"{self.of} {self.indicator}{self.record and f' {self.record}'}"


class ReturnStep(models.Model):
    """One step of a return on its way (流转记录): append-only, with what changed since the step before."""

    of = models.ForeignKey(Return, models.PROTECT, related_name="steps", verbose_name=_("return"))
    action = models.CharField(_("step"), max_length=16)
    role = models.CharField(_("as"), max_length=16)
    before = models.CharField(_("state before"), max_length=16, choices=STATES)
    after = models.CharField(_("state after"), max_length=16, choices=STATES)
    reason = models.CharField(_("reason"), max_length=400, blank=True)
    changes = models.JSONField(_("changes"), default=dict)
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        ordering = ("of_id", "id")

    def __str__(self) -> str:
        return f"{self.of}: {self.action}"


class Explanation(models.Model):
    """Why a flagged value is right all the same (情况说明), in the institution's words, maybe with a file.

    It ``stands`` while the value does that it was written for.
    """

    of = models.ForeignKey(Return, models.PROTECT, related_name="explanations", verbose_name=_("return"))
    rule = models.CharField(_("rule"), max_length=24)
    record = models.CharField(_("room"), max_length=4, blank=True)
    indicator = models.CharField(_("indicator"), max_length=40, blank=True)
    text = models.CharField(_("explanation"), max_length=1000)
    evidence = models.ForeignKey(
        Evidence, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("evidence")
    )
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"), default=timezone.now)
    stands = models.BooleanField(_("stands"), default=True)

    class Meta:
        ordering = ("of_id", "rule", "indicator")
        constraints = [
            models.UniqueConstraint(fields=["of", "rule", "record", "indicator"], name="one_explanation_a_finding")
        ]

    def __str__(self) -> str:
        return f"{self.of}: {self.rule} {self.indicator}"


class Extension(models.Model):
    """A later day on which a return is due (延期), and why: append-only."""

    of = models.ForeignKey(Return, models.PROTECT, related_name="extensions", verbose_name=_("return"))
    until = models.DateField(_("due on"))
    reason = models.CharField(_("reason"), max_length=400)
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        ordering = ("of_id", "id")

    def __str__(self) -> str:
        return f"{self.of}: {self.until}"

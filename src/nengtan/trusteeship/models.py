"""Contracts of energy services on record, their terms by version, and the settlements both parties open."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from nengtan.domain.settlement.document import read
from nengtan.domain.settlement.terms import Case, Kind
from nengtan.identity.models import User
from nengtan.registry.models import Institution
from nengtan.trusteeship.settling.words import CHOICES
from nengtan.ui.fields import FixedPointField

if TYPE_CHECKING:
    from nengtan.identity.access import Actor

__all__ = ["Contract", "ContractStep", "Settlement", "SettlementAnswer", "TermsVersion"]

_LONGEST = 400
NUMBER_LENGTH = 80
KINDS = [(str(one), CHOICES[one]) for one in Kind]


class ContractQuerySet(models.QuerySet["Contract"]):
    """Contracts by scope."""

    def for_actor(self, actor: Actor, capability: str = "view_detail") -> ContractQuerySet:
        """Contracts of the institutions the actor may use ``capability`` on."""
        return self.filter(actor.scope_for(capability).institutions_q("institution__"))


class Contract(models.Model):
    """A contract of energy services (能源费用托管、合同能源管理) of an institution, the client, with a company."""

    class State(models.TextChoices):
        """From survey to hand-over, in this order."""

        SURVEY = "survey", pgettext_lazy("contract", "survey")
        PROPOSED = "proposed", pgettext_lazy("contract", "drawn up")
        SIGNED = "signed", pgettext_lazy("contract", "signed")
        BUILDING = "building", pgettext_lazy("contract", "being built")
        OPERATING = "operating", pgettext_lazy("contract", "in operation")
        HANDED_OVER = "handed_over", pgettext_lazy("contract", "handed over")
        ENDED = "ended", pgettext_lazy("contract", "ended early")

    institution = models.ForeignKey(
        Institution, models.PROTECT, related_name="contracts", verbose_name=_("institution")
    )
    number = models.CharField(pgettext_lazy("contract", "number"), max_length=NUMBER_LENGTH, unique=True)
    title = models.CharField(pgettext_lazy("contract", "title"), max_length=300, blank=True)
    kind = models.CharField(pgettext_lazy("contract", "kind"), max_length=20, choices=KINDS)
    company = models.CharField(pgettext_lazy("contract", "company"), max_length=300, blank=True)
    starts = models.DateField(pgettext_lazy("contract", "from"))
    ends = models.DateField(pgettext_lazy("contract", "until"))
    state = models.CharField(_("state"), max_length=16, choices=State.choices, default=State.PROPOSED)

    objects: ClassVar[ContractQuerySet] = ContractQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ("number",)

    def __str__(self) -> str:
        return self.number


class ContractStep(models.Model):
    """A contract came into a state on a day (append-only)."""

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="steps", verbose_name=_("contract"))
    state = models.CharField(_("state"), max_length=16, choices=Contract.State.choices)
    on = models.DateField(pgettext_lazy("contract", "on"))
    reason = models.CharField(_("reason"), max_length=_LONGEST, blank=True)
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.contract} {self.state}"


class TermsVersion(models.Model):
    """The terms of a contract as they hold from a day (append-only): an amendment is a new version.

    ``document``: the tables of terms as canonical text, see `domain.settlement.document`.
    """

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="versions", verbose_name=_("contract"))
    number = models.PositiveSmallIntegerField(_("version"))
    holds_from = models.DateField(_("holds from"))
    document = models.TextField(pgettext_lazy("contract", "terms"))
    digest = models.CharField(max_length=64)
    reason = models.CharField(_("reason"), max_length=_LONGEST, blank=True)
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        ordering = ("-number",)
        constraints = (models.UniqueConstraint(fields=("contract", "number"), name="one_terms_version_a_number"),)

    def __str__(self) -> str:
        return f"{self.contract} {self.number}"


class SettlementQuerySet(models.QuerySet["Settlement"]):
    """Settlements by scope."""

    def for_actor(self, actor: Actor, capability: str = "view_detail") -> SettlementQuerySet:
        """Settlements of the institutions the actor may use ``capability`` on."""
        return self.filter(actor.scope_for(capability).institutions_q("contract__institution__"))


class Settlement(models.Model):
    """A year of a contract as it was settled (年度结算), with all its figures (append-only).

    ``document``: the case as canonical text; from it the same lines and fingerprints come at any time.
    """

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="settlements", verbose_name=_("contract"))
    terms = models.ForeignKey(
        TermsVersion, models.PROTECT, related_name="+", verbose_name=pgettext_lazy("contract", "terms")
    )
    year = models.PositiveSmallIntegerField(_("year of the contract"))
    first = models.DateField(pgettext_lazy("contract", "from"))
    last = models.DateField(pgettext_lazy("contract", "until"))
    document = models.TextField(pgettext_lazy("contract", "figures"))
    due = FixedPointField(pgettext_lazy("contract", "due"), places=2)
    balance = FixedPointField(_("left to pay"), places=2)
    saved_share = FixedPointField(_("share saved"), places=6, null=True)
    rules = models.CharField(max_length=8)
    inputs_hash = models.CharField(max_length=64)
    result_hash = models.CharField(max_length=64)
    replaces = models.OneToOneField(
        "self",
        models.PROTECT,
        null=True,
        related_name="replaced_by",
        verbose_name=pgettext_lazy("contract", "replaces"),
    )
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"), default=timezone.now)

    objects: ClassVar[SettlementQuerySet] = SettlementQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ("-first", "-id")

    def __str__(self) -> str:
        return f"{self.contract} {self.first:%Y-%m-%d}"

    @property
    def is_replaced(self) -> bool:
        """Whether a later settlement of the year took its place."""
        return hasattr(self, "replaced_by")

    @property
    def case(self) -> Case:
        """The figures as the engine takes them."""
        case, flaws = read(json.loads(self.document))
        if case is None:
            raise ValueError(f"settlement {self.pk} holds no case: {flaws[:3]}")
        return case


class SettlementAnswer(models.Model):
    """A party agrees to a settlement or disputes it (append-only)."""

    class Side(models.TextChoices):
        """Who answers."""

        CLIENT = "client", pgettext_lazy("contract", "client")
        COMPANY = "company", pgettext_lazy("contract", "service company")

    class Kind(models.TextChoices):
        """What it says."""

        AGREE = "agree", pgettext_lazy("contract", "agreed")
        DISPUTE = "dispute", pgettext_lazy("contract", "disputed")

    settlement = models.ForeignKey(Settlement, models.PROTECT, related_name="answers", verbose_name=_("settlement"))
    side = models.CharField(pgettext_lazy("contract", "party"), max_length=8, choices=Side.choices)
    kind = models.CharField(pgettext_lazy("contract", "answer"), max_length=8, choices=Kind.choices)
    reason = models.CharField(_("reason"), max_length=_LONGEST, blank=True)
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.settlement} {self.side} {self.kind}"

"""Cells of the lists and pages of the ledger: records in words and colours."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from nengtan import reference
from nengtan.ledger.models import ActivityFact, FactorVersion, ImportBatch
from nengtan.ledger.words import confidence_badge, item_word
from nengtan.ui.components import badge_html
from nengtan.ui.words import carrier_word, unit_word


def who(user: Any) -> str:
    """A person; the installation itself where nobody was signed in."""
    return str(user) if user else gettext("the platform itself")


def carrier_html(code: str) -> SafeString:
    """A carrier's colour with its name."""
    return format_html('<span class="carrier carrier-{}">{}</span>', code, carrier_word(code))


def base_unit_code(code: str) -> str:
    """The code of the unit a carrier's quantities are kept in; empty where nobody knows the carrier."""
    carriers = reference.carriers()
    return carriers[code].unit if code in carriers else ""


def base_unit(code: str) -> str:
    """The unit a carrier's quantities are kept in."""
    return unit_word(reference.carriers()[code].unit)


def fact_url(fact: ActivityFact) -> str:
    """The page of a fact."""
    return reverse("fact", args=[fact.pk])


def part_words(fact: ActivityFact) -> str:
    """The part of the institution a fact is of."""
    named = [str(fact.building) if fact.building else "", str(fact.meter) if fact.meter else ""]
    return " / ".join(word for word in [*named, item_word(fact.item)] if word)


def batch_word(batch: ImportBatch) -> str:
    """Whether an import still holds."""
    return gettext("withdrawn") if batch.withdrawn_at else gettext("in the ledger")


def batch_badge(batch: ImportBatch) -> SafeString:
    """Whether an import still holds, in colour."""
    return badge_html("muted" if batch.withdrawn_at else "good", batch_word(batch))


def factor_year(factor: FactorVersion) -> str:
    """The data year, or that it holds always."""
    return str(factor.year) if factor.year else gettext("every year")


def factor_state(factor: FactorVersion) -> SafeString:
    """Confidence, and whether it has been retired."""
    badge = confidence_badge(factor.confidence)
    if factor.superseded_on is None:
        return badge
    return format_html("{} {}", badge, badge_html("muted", gettext("retired")))

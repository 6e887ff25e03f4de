"""Closed years as lists and records."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Q, QuerySet

from nengtan.identity.access import Actor
from nengtan.identity.roles import Capability
from nengtan.ledger.models import InstitutionYear, YearClosing
from nengtan.ledger.queries.history import closers
from nengtan.ledger.services.closing import figures_digest


def closings_for(actor: Actor) -> QuerySet[YearClosing]:
    """Closings of regions the actor sees, and those above them that bind them."""
    scope = actor.scope
    closings = YearClosing.objects.select_related("region", "closed_by", "reopened_by")
    if scope.everything:
        return closings
    paths = [*scope.granted]
    from nengtan.registry.models import Institution

    if scope.institutions:
        own = Institution.objects.filter(pk__in=scope.institutions)
        paths += own.values_list("region__path", flat=True).distinct()
    above = {code for path in paths for code in path.strip("/").split("/")}
    seen = Q(region__code__in=above)
    for path in scope.regions:
        seen |= Q(region__path__startswith=path)
    return closings.filter(seen)


def facts_exist(actor: Actor) -> bool:
    """Whether there is anything to close in what the actor sees."""
    return InstitutionYear.objects.filter(actor.scope_for(Capability.VIEW).institutions_q("institution__")).exists()


def figures_agree(closing: YearClosing) -> bool | None:
    """Whether a closed year's figures are still those it was closed with; ``None`` once it is open again."""
    if closing.reopened_at is not None:
        return None
    return figures_digest(closing.region, closing.year) == closing.digest


def closing_dict(closing: YearClosing) -> dict[str, Any]:
    """A closing as the command and the API print it."""
    return closing_dicts([closing])[0]


def closing_dicts(closings: Iterable[YearClosing]) -> list[dict[str, Any]]:
    """Closings as the command and the API print them, with whoever closed and reopened them."""
    told = list(closings)
    names = closers(told)
    return [_told(closing, *names[closing.pk]) for closing in told]


def _told(closing: YearClosing, closer: str | None, reopener: str | None) -> dict[str, Any]:
    return {
        "id": closing.pk,
        "region": closing.region.code,
        "name": str(closing.region),
        "year": closing.year,
        "digest": closing.digest,
        "closed_by": closer,
        "closed_at": closing.closed_at,
        "reopened_by": reopener,
        "reopened_at": closing.reopened_at,
        "reason": closing.reason,
    }

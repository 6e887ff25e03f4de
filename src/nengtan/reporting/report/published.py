"""Who may read which publication."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from nengtan.identity.access import Actor
from nengtan.identity.roles import Capability
from nengtan.registry.models import Institution, Region
from nengtan.reporting.models import Publication

UNSHOWN = ("named", "kept_back", "unnamed")
"""What a publication is remembered by and nobody is shown."""


def readable(actor: Actor) -> QuerySet[Publication]:
    """Publications of the regions whose totals the actor may see, and of those the actor's institutions belong to.

    Withdrawn ones only for those who review the returns of the region. Who is not named in them is not read at all.
    """
    seen = Region.objects.for_actor(actor, Capability.VIEW).order_by()
    own = Institution.objects.for_actor(actor, Capability.VIEW_DETAIL).order_by()
    paths = own.values_list("region__path", flat=True).distinct() if not actor.scope.everything else ()
    above = {code for path in paths for code in path.strip("/").split("/")}
    managed = Region.objects.for_actor(actor, Capability.REVIEW_RETURNS).order_by()
    limit = Q(region__path__startswith=actor.scope.limit) if actor.scope.limit else Q()
    rows = Publication.objects.filter(Q(region__in=seen) | Q(region__code__in=above), limit)
    return rows.filter(Q(withdrawn_at=None) | Q(region__in=managed)).select_related("region", "by").defer(*UNSHOWN)

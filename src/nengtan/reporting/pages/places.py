"""Which region and period a manager's page is about."""

from __future__ import annotations

from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _

from nengtan.domain.returns import slots
from nengtan.identity.access import Actor, Forbidden
from nengtan.identity.doors import ActorRequest
from nengtan.identity.roles import Capability
from nengtan.registry.models import Region
from nengtan.reporting import clock
from nengtan.reporting.models import Return
from nengtan.reporting.queries.bench import latest_period, periods_of
from nengtan.reporting.reach import overseen_region
from nengtan.reporting.wording import period_word
from nengtan.ui.components import Tab

__all__ = ["manager_tabs", "period_asked", "period_choices", "region_asked", "region_choices"]


def region_asked(request: ActorRequest) -> Region:
    """The region named in the address, else the actor's own; 404 where returns may not be seen as a region's.

    Raises:
        Forbidden: the actor oversees no region at all.
    """
    scope = request.actor.scope_for(Capability.OVERSEE_RETURNS)
    code = request.GET.get("region", "")
    if code:
        return overseen_region(request.actor, code)
    if scope.everything:
        return _busiest()
    if not scope.granted:
        raise Forbidden(Capability.OVERSEE_RETURNS)
    return Region.objects.get(path=min(scope.granted, key=len))


def _busiest() -> Region:
    """Where one who sees everything begins: the smallest region that holds every return, else the nation."""
    paths = list(Return.objects.order_by().values_list("region__path", flat=True).distinct()[:500])
    common = paths[0].strip("/").split("/") if paths else ["CN"]
    for path in paths[1:]:
        codes = path.strip("/").split("/")
        same = [one for one, other in zip(common, codes, strict=False) if one == other]
        common = same or common[:1]
    return Region.objects.get(code=common[-1])


def region_choices(actor: Actor, region: Region) -> list[tuple[str, str]]:
    """The regions to go to from here: those above that the actor oversees, this one, and those just below."""
    scope = actor.scope_for(Capability.OVERSEE_RETURNS)
    near = Region.objects.filter(code__in=region.codes) | Region.objects.filter(parent=region)
    return [(item.code, item.label) for item in near.order_by("path") if scope.reaches(item.path)]


def period_asked(request: ActorRequest, region: Region) -> slots.Slot:
    """The period named in the address, else the last year that was opened, else last year."""
    text = request.GET.get("period", "")
    if text:
        try:
            return slots.parse(text)
        except slots.SlotError as error:
            words = _("found “%(found)s”; allowed: 2025-00 (year), 2025-03 (month), 2025-Q1 (quarter)")
            raise Http404(words % {"found": error.found}) from error
    return latest_period(request.actor, region) or slots.annual(clock.today().year - 1)


def period_choices(actor: Actor, region: Region, period: slots.Slot) -> list[tuple[str, str]]:
    """The periods that were opened here, and the one looked at."""
    found = list(periods_of(actor, region))
    return [(str(item), period_word(item)) for item in (found if period in found else [period, *found])]


def manager_tabs(region: Region, period: slots.Slot, here: str) -> list[Tab]:
    """The manager's views of a region and period."""
    views = (
        ("workbench", _("Workbench")),
        ("rollup", _("Roll-up")),
        ("checks", _("Joint review and spot check")),
        ("returns_calendar", _("Deadlines")),
    )
    query = f"?region={region.code}&period={period}"
    return [Tab(label, reverse(name) + query, name == here) for name, label in views]

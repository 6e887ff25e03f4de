"""The region somebody works for."""

from __future__ import annotations

from nengtan.identity.access import Actor
from nengtan.registry.models import Region


def own_region(actor: Actor, capability: str) -> Region | None:
    """The one region the actor may use ``capability`` on with all below it; None for several, or the whole platform."""
    scope = actor.scope_for(capability)
    paths = {path for path in scope.regions if path.startswith(scope.limit)}
    if scope.limit and (scope.everything or any(scope.limit.startswith(path) for path in scope.regions)):
        paths = {scope.limit}
    tops = [path for path in paths if not any(path != other and path.startswith(other) for other in paths)]
    return Region.objects.filter(path=tops[0]).first() if len(tops) == 1 and not scope.whole else None

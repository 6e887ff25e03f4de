"""What the actor may change of a meter."""

from __future__ import annotations

from typing import Any

from nengtan.identity.doors import ActorRequest
from nengtan.identity.roles import Capability
from nengtan.registry.models import Institution

__all__ = ["may_compute"]


def may_compute(request: ActorRequest, meter: Any) -> bool:
    """Whether the actor may say what a meter is computed from."""
    rows = Institution.objects.for_actor(request.actor, Capability.WRITE_REGISTRY)
    return request.actor.can(Capability.WRITE_REGISTRY) and rows.filter(pk=meter.institution_id).exists()

"""Which region and which returns somebody means, as far as they reach: one answer for pages and operations."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.http import Http404
from django.utils.translation import gettext as _

from nengtan.identity.access import Actor
from nengtan.identity.roles import Capability
from nengtan.registry.models import Region
from nengtan.reporting.models import Return
from nengtan.reporting.queries import visible

__all__ = ["chosen_returns", "managed_region", "overseen_region"]


def overseen_region(actor: Actor, code: str) -> Region:
    """A region the actor oversees returns of, in whole or of one system; another's is not found."""
    actor.require(Capability.OVERSEE_RETURNS)
    found = Region.objects.filter(code=code).first()
    if found is None or not actor.scope_for(Capability.OVERSEE_RETURNS).reaches(found.path):
        raise Http404(_("There is no region with this code."))
    return found


def managed_region(actor: Actor, code: str) -> Region:
    """A region whose returns the actor reviews as a whole; another's is not found."""
    actor.require(Capability.REVIEW_RETURNS)
    found = Region.objects.filter(code=code).first()
    if found is None or not actor.scope_for(Capability.REVIEW_RETURNS).covers(found.path):
        raise Http404(_("There is no region with this code."))
    return found


def chosen_returns(actor: Actor, keys: Sequence[int]) -> list[Return]:
    """The returns of some keys.

    Raises:
        ValidationError: none is named, or one the actor does not see.
    """
    if not keys:
        raise ValidationError({"returns": _("Choose at least one return.")})
    held = visible(actor).in_bulk(keys)
    unseen = [key for key in keys if key not in held]
    if unseen:
        raise ValidationError({"returns": _("There is no return %(key)s.") % {"key": unseen[0]}})
    return list(held.values())

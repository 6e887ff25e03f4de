"""What operations on regions and periods share: who may name which region, and how a period is written."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.http import Http404
from django.utils.translation import gettext as _

from nengtan.domain.returns import slots
from nengtan.identity.access import Actor
from nengtan.identity.roles import Capability
from nengtan.registry.models import Region

__all__ = ["managed_region", "overseen_region", "slot_of"]


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


def slot_of(text: str) -> slots.Slot:
    """A period as it is written.

    Raises:
        ValidationError: it is none.
    """
    try:
        return slots.parse(text)
    except slots.SlotError as error:
        words = _("found “%(found)s”; allowed: 2025-00 (year), 2025-03 (month), 2025-Q1 (quarter)")
        raise ValidationError({"period": words % {"found": error.found}}) from error

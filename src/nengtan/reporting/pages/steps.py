"""Taking a return on: submitted, passed, sent back, reopened; rooms taken out; what was filled in taken over."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from nengtan.domain.returns.steps import Action
from nengtan.identity.doors import ActorRequest, page
from nengtan.identity.roles import Capability
from nengtan.reporting.models import Return
from nengtan.reporting.pages.forms import StepForm
from nengtan.reporting.pages.sheet import return_or_404
from nengtan.reporting.services import accept, remove_room, take_step


@require_POST
@page(Capability.VIEW_DETAIL)
def return_step(request: ActorRequest, pk: int) -> HttpResponseBase:
    """One step; a refusal is told in words."""
    of = return_or_404(request.actor, pk)
    form = StepForm(request.POST)
    chosen = form.data.get("action", "")
    if not form.is_valid() or chosen not in set(Action) - {Action.ENTER}:
        messages.error(request, _("There is no such step."))
        return redirect("return", of.pk)
    told = form.cleaned_data
    return _tried(request, of, lambda: take_step(request.actor, of, Action(chosen), told["reason"], told["again_by"]))


@require_POST
@page(Capability.ENTER_RETURNS)
def return_accept(request: ActorRequest, pk: int) -> HttpResponseBase:
    """What was filled in is taken over as it stands."""
    of = return_or_404(request.actor, pk, Capability.ENTER_RETURNS)
    return _tried(request, of, lambda: accept(request.actor, of))


@require_POST
@page(Capability.ENTER_RETURNS)
def room_remove(request: ActorRequest, pk: int) -> HttpResponseBase:
    """A data room is taken out, with its cells."""
    of = return_or_404(request.actor, pk, Capability.ENTER_RETURNS)
    return _tried(request, of, lambda: remove_room(request.actor, of, request.POST.get("room", "")))


def _tried(request: ActorRequest, of: Return, act: Callable[[], object]) -> HttpResponseBase:
    """Do it and say where the return stands now, or why it was not done."""
    try:
        act()
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, _("The return is now: %(state)s.") % {"state": of.get_state_display()})
    return redirect("return", of.pk)

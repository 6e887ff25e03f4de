"""One's own account."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import override

from nengtan.identity import wording
from nengtan.identity.doors import ActorRequest, page
from nengtan.identity.models import Grant
from nengtan.identity.pages.forms import AccountForm, take_errors
from nengtan.identity.services import UserInput, change_user
from nengtan.ui.components import Crumb, EvidenceItem


@page()
def account(request: ActorRequest) -> HttpResponseBase:
    """Own particulars, language, and what one may do where."""
    form = AccountForm(request.POST or None, initial=_particulars(request))
    if request.method == "POST" and form.is_valid():
        try:
            change_user(request.actor, request.user, UserInput(request.user.username, **form.cleaned_data))
        except ValidationError as error:
            take_errors(form, error)
        else:
            return _saved(request)
    grants = [_told(grant) for grant in request.actor.grants]
    context = {"form": form, "grants": grants, "crumbs": [Crumb(_("My account"))]}
    return render(request, "identity/account.html", context)


def _particulars(request: ActorRequest) -> dict[str, str]:
    user = request.user
    return {"name": user.name, "email": user.email, "phone": user.phone, "language": user.language}


def _saved(request: ActorRequest) -> HttpResponseBase:
    """The language of the account now rules: what was chosen in this browser before is forgotten."""
    with override(request.user.language or settings.LANGUAGE_CODE):
        messages.success(request, _("Saved."))
    response = redirect("account")
    response.delete_cookie(settings.LANGUAGE_COOKIE_NAME)
    return response


def _told(grant: Grant) -> EvidenceItem:
    until = _("until %(day)s") % {"day": grant.valid_until} if grant.valid_until else _("without an end")
    return EvidenceItem(wording.grant(grant), until)

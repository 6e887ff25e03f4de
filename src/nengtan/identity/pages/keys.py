"""API keys: one's own, and those of the users one manages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponseBase
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from nengtan.identity import wording
from nengtan.identity.access import actor_for
from nengtan.identity.doors import ActorRequest, page
from nengtan.identity.models import ApiKey, AuditEvent, User
from nengtan.identity.pages.forms import KeyForm, take_errors
from nengtan.identity.queries import keys_for, users_for
from nengtan.identity.roles import Capability
from nengtan.identity.services import issue_key, revoke_key
from nengtan.ui.components import Crumb, badge_html
from nengtan.ui.tables import ChoiceFilter, Column, Table, TextFilter

USUAL = timedelta(days=90)


def _by_state(rows: Any, value: str) -> Any:
    now = timezone.now()
    if value == "revoked":
        return rows.filter(revoked_at__isnull=False)
    alive = rows.filter(revoked_at=None)
    return alive.filter(expires_at__gt=now) if value == "in" else alive.filter(expires_at__lte=now)


class KeyTable(Table):
    """Keys with what they may do and until when."""

    id = "keys"
    caption = gettext_lazy("API keys")
    default_sort = "-created_at"
    filters = (
        TextFilter("q", gettext_lazy("Search"), fields=("name", "prefix", "user__username", "user__name")),
        ChoiceFilter("state", gettext_lazy("State"), where=_by_state, choices=(
            ("in", gettext_lazy("in force")), ("over", gettext_lazy("run out")), ("revoked", gettext_lazy("revoked")),
        )),
    )  # fmt: skip
    empty_title = gettext_lazy("No keys yet")
    empty_text = gettext_lazy("A program that reads or writes figures signs in with a key.")


def _columns(request: ActorRequest) -> tuple[Column, ...]:
    def ending(key: ApiKey) -> str:
        return _revoke_form(request, key) if key.revoked_at is None and key.expires_at > timezone.now() else ""

    return (
        Column("name", gettext_lazy("Name"), sort=True, priority=1),
        Column("user", gettext_lazy("User"), value=lambda key: str(key.user), sort="user__username"),
        Column("prefix", gettext_lazy("Begins with"), priority=3),
        Column("may", gettext_lazy("May do"), value=lambda key: _(", ").join(key.capability_labels), whole=True),
        Column("region", gettext_lazy("Only within"), value=lambda key: str(key.region) if key.region else "",
               reason=gettext_lazy("wherever the user may"), priority=3),
        Column("created_at", gettext_lazy("Issued"), sort=True, nowrap=True, priority=3),
        Column("expires_at", gettext_lazy("Runs out"), sort=True, nowrap=True),
        Column("last_used_at", gettext_lazy("Last used"), sort=True, nowrap=True, reason=gettext_lazy("never")),
        Column("state", gettext_lazy("State"), value=lambda key: wording.key_state(key)[1],
               render=lambda key: badge_html(*wording.key_state(key))),
        Column("end", "", render=ending, export=lambda key: ""),
    )  # fmt: skip


def _revoke_form(request: ActorRequest, key: ApiKey) -> str:
    values = {
        "action": reverse("api_key_revoke", args=[key.pk]),
        "label": _("Revoke"),
        "question": _("Revoke the key “%(key)s”?") % {"key": key.name},
        "detail": _("Programs that use it are refused at once. A new key can be issued."),
        "danger": True,
        "csrf_token": get_token(request),
    }
    return render_to_string("ui/c/confirm_form.html", values)


@page()
def api_keys(request: ActorRequest) -> HttpResponseBase:
    """The keys the actor may see."""
    table = KeyTable(keys_for(request.actor), request, columns=_columns(request), empty_href=reverse("api_key_add"))
    table.empty_action = _("Issue a key")
    context = {"table": table, "crumbs": [Crumb(_("API keys"))]}
    return table.answer() or render(request, "identity/api_keys.html", context)


@page()
def api_key_add(request: ActorRequest) -> HttpResponseBase:
    """A new key of one's own, or of a user one manages (``?user=``); answers with the secret, shown this once."""
    holder = _holder(request)
    actor = actor_for(holder, AuditEvent.Via.PAGE)
    form = KeyForm(request.actor, actor, request.POST or None, initial={"expires_on": timezone.localdate() + USUAL})
    crumbs = [Crumb(_("API keys"), reverse("api_keys")), Crumb(_("Issue a key"))]
    context: dict[str, Any] = {"form": form, "holder": holder, "own": holder == request.user, "crumbs": crumbs}
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            issued = issue_key(
                request.actor, holder, data["name"], data["capabilities"], form.expires_at(), data["region"]
            )
        except ValidationError as error:
            take_errors(form, error, {"expires_at": "expires_on"})
        else:
            key, secret = issued
            return render(request, "identity/api_key_once.html", context | {"key": key, "secret": secret})
    return render(request, "identity/api_key_add.html", context)


def _holder(request: ActorRequest) -> User:
    named = request.GET.get("user", "")
    if not named.isdigit() or int(named) == request.user.pk:
        return request.user
    request.actor.require(Capability.MANAGE_USERS)
    return get_object_or_404(users_for(request.actor, manageable=True), pk=named)


@require_POST
@page()
def api_key_revoke(request: ActorRequest, pk: int) -> HttpResponseBase:
    """End a key now."""
    revoke_key(request.actor, get_object_or_404(keys_for(request.actor), pk=pk))
    messages.success(request, _("The key is revoked."))
    return redirect("api_keys")

"""Users: the list, a user's page, and what managers do there."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Prefetch, QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_POST

from nengtan.identity import wording
from nengtan.identity.access import Actor
from nengtan.identity.doors import ActorRequest, page
from nengtan.identity.models import Grant, User
from nengtan.identity.pages.forms import GrantForm, UserForm, take_errors
from nengtan.identity.places import institutions_in_reach, regions_in_reach, suggestions
from nengtan.identity.queries import grants_q, users_for
from nengtan.identity.roles import Capability, Role
from nengtan.identity.services import change_user, create_user, grant_role, reset_password, revoke_grant, set_active
from nengtan.ui.components import Crumb, badge_html
from nengtan.ui.tables import ChoiceFilter, Column, Table, TextFilter

SUGGESTED = 12


def state_of(user: User) -> tuple[str, str]:
    """Judgement and word of an account."""
    if not user.is_active:
        return "muted", _("locked out")
    return ("warn", _("one-time password")) if user.must_change_password else ("good", _("in use"))


def _by_state(rows: Any, value: str) -> Any:
    wanted = {"out": {"is_active": False}, "due": {"is_active": True, "must_change_password": True}}
    return rows.filter(**wanted.get(value, {"is_active": True, "must_change_password": False}))


def _by_role(rows: Any, value: str) -> Any:
    return rows.filter(pk__in=Grant.objects.filter(role=value, revoked_at=None).values("user"))


def _roles_held(user: Any) -> str:
    return _("; ").join(wording.grant(grant) for grant in user.shown_grants)


class UserTable(Table):
    """The users somebody manages."""

    id = "users"
    caption = gettext_lazy("Users")
    default_sort = "username"
    columns = (
        Column("name", pgettext_lazy("person", "Name"), sort=True, priority=1, value="username", render=str,
               href=lambda user: reverse("user", args=[user.pk]), export=str),
        Column("username", gettext_lazy("User name"), sort=True),
        Column("roles", gettext_lazy("Roles"), value=_roles_held, whole=True, reason=gettext_lazy("no role")),
        Column("phone", gettext_lazy("Telephone"), priority=3),
        Column("last_login", gettext_lazy("Last signed in"), sort=True, nowrap=True, reason=gettext_lazy("never")),
        Column("state", gettext_lazy("State"), value=lambda user: state_of(user)[1],
               render=lambda user: badge_html(*state_of(user))),
    )  # fmt: skip
    filters = (
        TextFilter("q", gettext_lazy("Search"), fields=("username", "name", "phone", "email"),
                   placeholder=gettext_lazy("name, telephone, e-mail")),
        ChoiceFilter("role", gettext_lazy("Role"), choices=Role.choices, where=_by_role),
        ChoiceFilter("state", gettext_lazy("State"), where=_by_state, choices=(
            ("in", gettext_lazy("in use")), ("due", gettext_lazy("one-time password")),
            ("out", gettext_lazy("locked out")),
        )),
    )  # fmt: skip
    empty_title = gettext_lazy("No users yet")
    empty_text = gettext_lazy("Add the people who report, check and manage.")


@page(Capability.MANAGE_USERS)
def users(request: ActorRequest) -> HttpResponseBase:
    """Whom the actor manages or sees."""
    table = UserTable(_listed(request.actor), request)
    return table.answer() or render(request, "identity/users.html", {"table": table, "crumbs": [Crumb(_("Users"))]})


def _listed(actor: Actor) -> QuerySet[User]:
    """Users with the grants the actor may know of: those within what the actor manages."""
    scope = actor.scope_for(Capability.MANAGE_USERS)
    known = Grant.objects.filter(grants_q(scope), revoked_at=None).select_related("region", "institution")
    return users_for(actor).prefetch_related(Prefetch("grants", queryset=known, to_attr="shown_grants"))


@page(Capability.MANAGE_USERS)
def user_add(request: ActorRequest) -> HttpResponseBase:
    """A new user with a first role; answers with the one-time password, shown this once."""
    form = UserForm(request.POST or None)
    first = GrantForm(request.actor, request.POST or None)
    if request.method == "POST" and form.is_valid() and first.is_valid():
        try:
            user, password = create_user(request.actor, form.user(), first.grant())
        except ValidationError as error:
            _share_errors(form, first, error)
        else:
            return _once(request, user, password)
    crumbs = [Crumb(_("Users"), reverse("users")), Crumb(_("Add a user"))]
    return render(request, "identity/user_add.html", {"form": form, "grant_form": first, "crumbs": crumbs})


def _share_errors(form: UserForm, first: GrantForm, error: ValidationError) -> None:
    for name, found in error.message_dict.items():
        owner = first if name in first.fields else form
        owner.add_error(name if name in owner.fields else None, ValidationError(found))


def _once(request: ActorRequest, user: User, password: str) -> HttpResponse:
    crumbs = [
        Crumb(_("Users"), reverse("users")),
        Crumb(str(user), reverse("user", args=[user.pk])),
        Crumb(_("Password")),
    ]
    return render(request, "identity/password_once.html", {"subject": user, "password": password, "crumbs": crumbs})


@page(Capability.MANAGE_USERS)
def user(request: ActorRequest, pk: int) -> HttpResponseBase:
    """One user: particulars, roles, keys, state."""
    subject = get_object_or_404(_listed(request.actor), pk=pk)
    manageable = users_for(request.actor, manageable=True).filter(pk=pk).exists()
    form = UserForm(_posted(request, "save"), initial=_particulars(subject))
    grant_form = GrantForm(request.actor, _posted(request, "grant"))
    if request.method == "POST" and _done(request, subject, form, grant_form):
        return redirect("user", pk)
    context = {
        "subject": subject,
        "state": state_of(subject),
        "manageable": manageable,
        "own": subject.pk == request.user.pk,
        "form": form,
        "facts": [(field.label, form.initial[field.name] or "—") for field in form],
        "grant_form": grant_form,
        "grants": [_told(item) for item in _grants_of(request.actor, subject)],
        "crumbs": [Crumb(_("Users"), reverse("users")), Crumb(str(subject))],
    }
    return render(request, "identity/user.html", context)


def _posted(request: ActorRequest, act: str) -> Any:
    return request.POST if request.POST.get("act") == act else None


def _particulars(subject: User) -> dict[str, str]:
    return {name: getattr(subject, name) for name in UserForm.field_order}


def _grants_of(actor: Actor, subject: User) -> QuerySet[Grant]:
    scope = actor.scope_for(Capability.MANAGE_USERS)
    known = subject.grants.filter(grants_q(scope)).select_related("region", "institution", "granted_by")
    return known.order_by("-revoked_at", "-id")


def _told(item: Grant) -> dict[str, Any]:
    state = wording.grant_state(item)
    return {"grant": item, "words": wording.grant(item), "state": state, "open": item.revoked_at is None}


def _done(request: ActorRequest, subject: User, form: UserForm, grant_form: GrantForm) -> bool:
    """Save particulars or give a role; False with the errors in the form."""
    asked: UserForm | GrantForm = form if form.is_bound else grant_form
    if not asked.is_bound or not asked.is_valid():
        return False
    try:
        if asked is form:
            change_user(request.actor, subject, form.user())
            messages.success(request, _("Saved."))
        elif (wanted := grant_form.grant()) is not None:
            grant_role(request.actor, subject, wanted)
            messages.success(request, _("The role is given."))
    except ValidationError as error:
        take_errors(asked, error)
        return False
    return True


@require_POST
@page(Capability.MANAGE_USERS)
def user_reset(request: ActorRequest, pk: int) -> HttpResponseBase:
    """A one-time password, shown this once."""
    subject = get_object_or_404(users_for(request.actor), pk=pk)
    return _once(request, subject, reset_password(request.actor, subject))


@require_POST
@page(Capability.MANAGE_USERS)
def user_active(request: ActorRequest, pk: int) -> HttpResponseBase:
    """Lock out, or let in again."""
    subject = get_object_or_404(users_for(request.actor), pk=pk)
    active = request.POST.get("active") == "yes"
    set_active(request.actor, subject, active)
    said = _("%(user)s may sign in again.") if active else _("%(user)s is locked out; sessions and keys ended.")
    messages.success(request, said % {"user": subject})
    return redirect("user", pk)


@require_POST
@page(Capability.MANAGE_USERS)
def grant_revoke(request: ActorRequest, pk: int) -> HttpResponseBase:
    """Take a role back."""
    scope = request.actor.scope_for(Capability.MANAGE_USERS)
    item = get_object_or_404(Grant.objects.filter(grants_q(scope)).select_related("user"), pk=pk)
    revoke_grant(request.actor, item)
    messages.success(request, _("The role is taken back."))
    return redirect("user", item.user_id)


@page()
def place_suggestions(request: ActorRequest) -> HttpResponse:
    """Options for a field that takes a place by code or name."""
    kind = request.GET.get("kind", "")
    typed = request.GET.get(request.GET.get("field", ""), "").strip()
    reach, seen = (
        (institutions_in_reach, Capability.VIEW_DETAIL)
        if kind == "institution"
        else (regions_in_reach, Capability.VIEW)
    )
    capability = Capability.MANAGE_USERS if request.actor.can(Capability.MANAGE_USERS) else seen
    found = suggestions(reach(request.actor, capability), typed)[:SUGGESTED] if typed else []
    return render(request, "identity/suggestions.html", {"found": found})

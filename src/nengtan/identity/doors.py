"""The guard of every page: who is not signed in signs in first, who may not is told what to do."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec
from urllib.parse import urlsplit

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from nengtan.identity.access import Actor, Forbidden
from nengtan.identity.models import ApiKey, User
from nengtan.identity.roles import Capability

if TYPE_CHECKING:
    from django_htmx.middleware import HtmxDetails

__all__ = ["ActorRequest", "page", "refusal"]

P = ParamSpec("P")


class ActorRequest(HttpRequest):
    """A request as a guarded page gets it: somebody is signed in. For annotations only."""

    actor: Actor
    user: User
    htmx: HtmxDetails


View = Callable[Concatenate[ActorRequest, P], HttpResponseBase]
Guarded = Callable[Concatenate[Any, P], HttpResponseBase]


def page(capability: str | None = None, *, while_password_is_due: bool = False) -> Callable[[View[P]], Guarded[P]]:
    """Let a page run only for somebody signed in who holds ``capability`` (any signed-in person when None).

    Anonymous visitors are sent to sign in and back; a due change of password comes before anything else; a lacking
    capability, or :class:`Forbidden` raised inside, answers 403 and says which right is missing and whom to ask.
    What is outside the actor's scope is the page's own affair: look it up through ``for_actor`` and answer 404.
    """

    def decorate(view: View[P]) -> Guarded[P]:
        @wraps(view)
        def guarded(request: ActorRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            away = _turned_away(request, while_password_is_due)
            if away is not None:
                return away
            try:
                if capability is not None:
                    request.actor.require(capability)
                response = view(request, *args, **kwargs)
            except Forbidden as error:
                raise PermissionDenied(refusal(request.actor, error)) from error
            if not response.has_header("Cache-Control"):
                add_never_cache_headers(response)
            return response

        return guarded

    return decorate


def refusal(actor: Actor, error: Forbidden) -> str:
    """What a person reads who may not: the missing right, the roles held, whom to ask."""
    missing = str(error)
    if actor.key is not None:
        return _key_refusal(actor.key, missing)
    if missing not in Capability.values:
        return missing
    held = _(", ").join(actor.role_labels) or _("none")
    return _(
        "This needs the right “%(right)s”. Your roles: %(roles)s. Ask the administrator of your region for it."
    ) % {
        "right": Capability(missing).label,
        "roles": held,
    }


def _key_refusal(key: ApiKey, missing: str) -> str:
    """What a program's author reads: which key was sent, what it lacks, what it may do."""
    if missing not in Capability.values:
        limit = _("The key “%(key)s” works only within %(region)s.") % {"key": key, "region": key.region}
        return f"{missing} {limit}" if key.region else missing
    words = _("The key “%(key)s” lacks the right %(code)s (%(right)s); it may: %(may)s. Issue a key with this right.")
    may = " ".join(key.capabilities) or _("none")
    return words % {"key": key, "code": missing, "right": Capability(missing).label, "may": may}


def _turned_away(request: ActorRequest, while_password_is_due: bool) -> HttpResponse | None:
    if not request.actor.is_authenticated:
        return _to_sign_in(request)
    if request.user.must_change_password and not while_password_is_due:
        url = reverse("password_change")
        return HttpResponseClientRedirect(url) if request.htmx else redirect(url)
    return None


def _to_sign_in(request: ActorRequest) -> HttpResponse:
    """To the sign-in page, and back afterwards to the page looked at (a posted form cannot be repeated)."""
    if request.htmx:
        parts = urlsplit(request.htmx.current_url or "")
        return HttpResponseClientRedirect(redirect_to_login(_local(parts.path, parts.query)).url)
    back = request.get_full_path() if request.method in {"GET", "HEAD"} else reverse("home")
    return redirect_to_login(back)


def _local(path: str, query: str) -> str:
    return f"{path or '/'}?{query}" if query else path or "/"

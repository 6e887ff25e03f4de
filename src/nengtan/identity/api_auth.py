"""How a program or a signed-in page proves to the API who it is."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja.errors import HttpError
from ninja.security import APIKeyCookie, HttpBearer
from ninja.utils import check_csrf

from nengtan.identity.access import Actor, actor_for
from nengtan.identity.doors import ActorRequest
from nengtan.identity.middleware import address_of
from nengtan.identity.models import AuditEvent, User
from nengtan.identity.services.keys import authenticate_key

__all__ = ["ActorRequest", "KeyAuth", "SessionAuth", "authenticators"]


class KeyAuth(HttpBearer):
    """``Authorization: Bearer nt_…``: an API key."""

    def authenticate(self, request: HttpRequest, token: str) -> Actor | None:
        """The key's actor, also put on the request; None (401) for keys that are unknown, revoked or expired."""
        actor = authenticate_key(token.strip(), address_of(request))
        if actor is not None:
            request.actor = actor  # type: ignore[attr-defined]
        return actor


class SessionAuth(APIKeyCookie):
    """The session of somebody signed in at a page; what changes things also needs the CSRF token."""

    param_name = settings.SESSION_COOKIE_NAME

    def __call__(self, request: HttpRequest) -> Actor | None:
        """None (401) unless signed in; 403 without the CSRF token or while a change of password is due."""
        if request.headers.get("Authorization") or not isinstance(request.user, User):
            return None
        if check_csrf(request):
            raise HttpError(403, _("The CSRF token is missing: send the cookie's value as X-CSRFToken."))
        return self.authenticate(request, None)

    def authenticate(self, request: HttpRequest, key: str | None) -> Actor | None:
        """The signed-in person's actor, also put on the request."""
        user = request.user
        if not isinstance(user, User):
            return None
        if user.must_change_password:
            raise HttpError(403, _("Change your password first."))
        actor = actor_for(user, AuditEvent.Via.API, address_of(request))
        request.actor = actor  # type: ignore[attr-defined]
        return actor


authenticators = [KeyAuth(), SessionAuth()]
"""For ``NinjaAPI(auth=authenticators)``: a key if one is sent, else the session."""

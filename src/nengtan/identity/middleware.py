"""Puts the actor on each request."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from nengtan.identity.access import NOBODY, Actor, actor_for
from nengtan.identity.models import AuditEvent, User


def address_of(request: HttpRequest) -> str:
    """The address the request came from: the nearest one that is no proxy of ours.

    ``X-Forwarded-For`` is read from its end, and only as far as each hop was told by a proxy we trust
    (``NENGTAN_PROXIES``): what stands before may be anybody's invention.
    """
    seen = str(request.META.get("REMOTE_ADDR", ""))
    told = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    while told and _is_proxy(seen) and _address(told[-1]) is not None:
        seen = told.pop()
    known = _address(seen)
    return str(known) if known is not None else seen[:64]


def _is_proxy(seen: str) -> bool:
    known = _address(seen)
    return known is not None and any(known in network for network in settings.PROXIES)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """An address, an IPv4 one written as IPv6 as what it is; None if it is none."""
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


def _actor(request: HttpRequest) -> Actor:
    user = request.user
    return actor_for(user, AuditEvent.Via.PAGE, address_of(request)) if isinstance(user, User) else NOBODY


class ActorMiddleware:
    """``request.actor``: the signed-in person with grants, worked out when first asked for."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.actor = SimpleLazyObject(lambda: _actor(request))  # type: ignore[attr-defined]
        return self.get_response(request)

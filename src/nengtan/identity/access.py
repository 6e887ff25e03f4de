"""Who acts, with which capabilities, over which part of the tree. The one place scope is worked out."""

from __future__ import annotations

import getpass
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from django.db.models import Q
from django.utils import timezone

from nengtan.identity.models import ApiKey, AuditEvent, Grant, User
from nengtan.identity.roles import CAPABILITIES, Capability, Role


class Forbidden(PermissionError):
    """The actor lacks a capability; doors answer 403 (or exit code 2)."""


@dataclass(frozen=True)
class Scope:
    """The part of the world an actor sees.

    ``regions`` are paths whose subtree is visible; ``systems`` are (path, system) pairs; ``institutions`` are ids.
    """

    everything: bool = False
    regions: tuple[str, ...] = ()
    systems: tuple[tuple[str, str], ...] = ()
    institutions: frozenset[int] = frozenset()
    limit: str = ""

    @property
    def whole(self) -> bool:
        """Whether it is the whole platform: a key limited to a region is not, whoever holds it."""
        return self.everything and not self.limit

    @property
    def granted(self) -> tuple[str, ...]:
        """Paths of the regions granted, in whole or for one system."""
        return (*self.regions, *(path for path, _system in self.systems))

    def reaches(self, path: str) -> bool:
        """Whether anything of the region at ``path`` may be seen: its totals, or one system of it."""
        inside = self.everything or any(path.startswith(root) for root in self.granted)
        return inside and path.startswith(self.limit)

    def institutions_q(self, prefix: str = "") -> Q:
        """Filter on institutions, or on records whose ``prefix`` leads to one."""
        wanted = Q() if self.everything else Q(pk__in=[])
        for path in self.regions:
            wanted |= Q(**{f"{prefix}region__path__startswith": path})
        for path, system in self.systems:
            wanted |= Q(**{f"{prefix}region__path__startswith": path, f"{prefix}system": system})
        if self.institutions:
            wanted |= Q(**{f"{prefix}id__in": self.institutions})
        return wanted & Q(**{f"{prefix}region__path__startswith": self.limit}) if self.limit else wanted

    def includes(self, institution: int, path: str, system: str) -> bool:
        """What `institutions_q` asks, of one institution by its key, the path of its region and its system."""
        inside = self.everything or institution in self.institutions
        inside = inside or any(path.startswith(root) for root in self.regions)
        inside = inside or any(path.startswith(root) and system == only for root, only in self.systems)
        return inside and path.startswith(self.limit)

    def regions_q(self) -> Q:
        """Filter on regions whose totals the actor may see: the subtrees granted over whole regions."""
        wanted = Q() if self.everything else Q(pk__in=[])
        for path in self.regions:
            wanted |= Q(path__startswith=path)
        return wanted & Q(path__startswith=self.limit) if self.limit else wanted

    def covers(self, path: str) -> bool:
        """Whether totals of the region at ``path`` may be seen."""
        inside = self.everything or any(path.startswith(root) for root in self.regions)
        return inside and path.startswith(self.limit)


@dataclass(frozen=True)
class Actor:
    """A user (or nobody) at work through one door."""

    user: User | None
    grants: tuple[Grant, ...] = ()
    via: str = AuditEvent.Via.SYSTEM
    address: str = ""
    key: ApiKey | None = None
    console: str = ""
    _all: bool = field(default=False, repr=False)

    @cached_property
    def capabilities(self) -> frozenset[str]:
        """Everything some grant allows, cut down to what the key allows."""
        if self._all:
            return frozenset(Capability)
        allowed = frozenset().union(*(CAPABILITIES[grant.role] for grant in self.grants))
        return allowed & frozenset(self.key.capabilities) if self.key else allowed

    def can(self, capability: str) -> bool:
        """Whether some grant allows ``capability`` somewhere."""
        return capability in self.capabilities

    def require(self, capability: str) -> None:
        """Raise :class:`Forbidden` unless some grant allows ``capability``."""
        if not self.can(capability):
            raise Forbidden(capability)

    @cached_property
    def scope(self) -> Scope:
        """Where the actor may look."""
        return self.scope_for(Capability.VIEW)

    def scope_for(self, capability: str) -> Scope:
        """Where the actor may use ``capability``: the grants that carry it, and no others."""
        if self._all:
            return Scope(everything=True)
        if not self.can(capability):
            return Scope()
        carrying = [grant for grant in self.grants if capability in CAPABILITIES[grant.role]]
        limit = self.key.region.path if self.key and self.key.region else ""
        return _scope(carrying, limit)

    @property
    def is_authenticated(self) -> bool:
        """Whether somebody is signed in."""
        return self.user is not None

    @property
    def label(self) -> str:
        """The name the audit trail keeps; of the installation itself with whoever sits at its console."""
        if self.user is None and self._all:
            return f"{SYSTEM} ({self.console})" if self.console else SYSTEM
        if self.user is None:
            return "anonymous"
        return f"{self.user} ({self.user.username})" if self.user.name else self.user.username

    @property
    def role_labels(self) -> list[str]:
        """The roles held, in words, without repeats."""
        return list(dict.fromkeys(str(Role(grant.role).label) for grant in self.grants))

    @property
    def role_label(self) -> str:
        """The roles held in one line."""
        return " · ".join(self.role_labels)


def _scope(grants: Iterable[Grant], limit: str) -> Scope:
    regions: list[str] = []
    systems: list[tuple[str, str]] = []
    institutions: set[int] = set()
    everything = False
    for grant in grants:
        if grant.role == Role.PLATFORM_ADMIN:
            everything = True
        elif grant.institution_id:
            institutions.add(grant.institution_id)
        elif grant.region and grant.system:
            systems.append((grant.region.path, grant.system))
        elif grant.region:
            regions.append(grant.region.path)
    return Scope(everything, tuple(regions), tuple(systems), frozenset(institutions), limit)


SYSTEM = "system"
"""The installation itself, as the trail names it."""

NOBODY = Actor(None)
"""Not signed in: sees nothing but the sign-in page."""


def system_actor(via: str = AuditEvent.Via.COMMAND) -> Actor:
    """The installation itself, as the person at its console: commands and background work."""
    return Actor(None, via=via, console=console_user() if via == AuditEvent.Via.COMMAND else "", _all=True)


def background_actor(via: str) -> Actor:
    """The installation itself at work for whoever asked through ``via``; who that was, its console no longer tells."""
    return Actor(None, via=via, _all=True)


def console_user() -> str:
    """The name of the operating system's user who runs this command; empty where it has none."""
    try:
        return getpass.getuser()[:64]
    except (KeyError, OSError, ImportError):
        return ""


def actor_for(user: User, via: str, address: str = "", key: ApiKey | None = None) -> Actor:
    """The actor a signed-in user is today: active grants only."""
    today = timezone.localdate()
    grants = user.grants.select_related("region", "institution").filter(revoked_at=None)
    return Actor(user, tuple(grant for grant in grants if _in_force(grant, today)), via, address, key)


def _in_force(grant: Grant, today: date) -> bool:
    return grant.valid_until is None or grant.valid_until >= today

"""The cast every room plays with: from the nation's manager down to one who must see nothing.

In a room's ``conftest.py``: ``from tests.cast import cast  # noqa: F401``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from django.test import Client

    from nengtan.identity.access import Actor
    from nengtan.identity.models import User

PASSWORD = "kettle-lamp-orbit"

REGIONS = ("CN", "420000", "420100", "420106", "420111", "330000", "330106")
"""Hubei, Wuhan, Wuchang, its neighbour Hongshan; Zhejiang with Xihu as the other province."""

INSTITUTIONS: dict[str, tuple[str, str, str, str]] = {
    "school": ("420106-S1", "420106", "021", "education"),
    "hospital": ("420106-H1", "420106", "024", "health"),
    "office": ("420106-O1", "420106", "01", ""),
    "neighbour_school": ("420111-S1", "420111", "021", "education"),
    "other_school": ("330106-S1", "330106", "021", "education"),
}
"""Name: code, region, type, system."""

GRANTS: dict[str, list[dict[str, str]]] = {
    "admin": [{"role": "platform_admin"}],
    "nation": [{"role": "regional_manager", "region": "CN"}],
    "province": [{"role": "regional_manager", "region": "420000"}],
    "city": [{"role": "regional_manager", "region": "420100"}],
    "district": [{"role": "regional_manager", "region": "420106"}],
    "neighbour": [{"role": "regional_manager", "region": "420111"}],
    "other": [{"role": "regional_manager", "region": "330000"}],
    "education": [{"role": "system_department", "region": "420106", "system": "education"}],
    "statistician": [{"role": "statistician", "institution": "school"}],
    "statistics_head": [{"role": "statistics_head", "institution": "school"}],
    "unit_head": [{"role": "unit_head", "institution": "school"}],
    "service": [
        {"role": "service_company", "institution": "school"},
        {"role": "service_company", "institution": "hospital"},
    ],
    "verifier": [{"role": "verifier", "region": "420106"}],
    "verifier_one": [{"role": "verifier", "institution": "school"}],
    "public": [{"role": "public", "region": "420106"}],
    "outsider": [],
}
"""Who holds what; the outsider is signed in and must see nothing."""


@dataclass
class Cast:
    """The people, and what they are about."""

    users: dict[str, User]
    regions: dict[str, Any]
    institutions: dict[str, Any]
    password: str = PASSWORD
    _clients: dict[str, Client] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """Everybody with an account."""
        return list(self.users)

    def user(self, name: str) -> User:
        """Somebody's account."""
        return self.users[name]

    def actor(self, name: str) -> Actor:
        """Somebody at work through a page; "system" is the installation, "anonymous" nobody."""
        from nengtan.identity.access import NOBODY, actor_for, system_actor

        special = {"system": system_actor, "anonymous": lambda: NOBODY}
        return special[name]() if name in special else actor_for(self.users[name], "page", "192.0.2.1")

    def client(self, name: str) -> Client:
        """Somebody's browser, signed in; "anonymous" is not."""
        from django.test import Client

        if name not in self._clients:
            client = self._clients[name] = Client()
            if name != "anonymous":
                client.force_login(self.users[name])
        return self._clients[name]

    def key(self, name: str, capabilities: Iterable[str] = (), region: str = "", days: int = 30) -> str:
        """The secret of a new API key of somebody's: all their capabilities unless named."""
        from django.utils import timezone

        from nengtan.identity.services import issue_key

        actor = self.actor(name)
        wanted = sorted(capabilities or actor.capabilities)
        limit = self.regions[region] if region else None
        return issue_key(actor, self.users[name], "test", wanted, timezone.now() + timedelta(days=days), limit)[1]

    def bearer(self, name: str, **options: Any) -> dict[str, str]:
        """Header of an API request signed with a new key: ``client.get(url, headers=cast.bearer("district"))``."""
        return {"Authorization": f"Bearer {self.key(name, **options)}"}


@pytest.fixture
def cast(db: None) -> Cast:
    """Everybody, with five institutions in three districts of two provinces."""
    from pathlib import Path

    from django.conf import settings

    from nengtan.registry.models import Region

    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
    regions = {region.code: region for region in Region.objects.filter(code__in=REGIONS)}
    institutions = _institutions(regions)
    return Cast(_users(regions, institutions), regions, institutions)


def _institutions(regions: dict[str, Any]) -> dict[str, Any]:
    from nengtan.identity.access import system_actor
    from nengtan.registry.services import InstitutionInput, save_institution

    return {
        name: save_institution(
            system_actor(),
            InstitutionInput(code=code, name=f"The {name}", kind=kind, region=regions[region], system=system),
        )
        for name, (code, region, kind, system) in INSTITUTIONS.items()
    }


def _users(regions: dict[str, Any], institutions: dict[str, Any]) -> dict[str, User]:
    from django.contrib.auth.hashers import make_password

    from nengtan.identity.models import Grant, User

    secret = make_password(PASSWORD)
    people = [
        User(username=name, name=f"{name.title()} Person", email=f"{name}@example.org", password=secret)
        for name in GRANTS
    ]
    users = {user.username: user for user in User.objects.bulk_create(people)}
    Grant.objects.bulk_create(
        Grant(
            user=users[name],
            role=grant["role"],
            region=regions.get(grant.get("region", "")),
            system=grant.get("system", ""),
            institution=institutions.get(grant.get("institution", "")),
        )
        for name, grants in GRANTS.items()
        for grant in grants
    )
    return users

"""Slows down whoever tries passwords: so many tries under a name and from an address, then a pause.

Tries are rows, counted in one statement before the password is looked at: many at once are as many, whatever process
or machine they reach.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from django.db import connection
from django.db.models import F
from django.utils import timezone

from nengtan.identity.models import Tries

FAILURES = 5
"""Under one name."""

FROM_ADDRESS = 50
"""From one address: a whole office may stand behind one."""

WINDOW_SECONDS = 15 * 60


@dataclass(frozen=True)
class Throttle:
    """Counts tries of one kind under several keys, each for a window from its first."""

    kind: str
    limits: tuple[tuple[str, int], ...]

    def take(self) -> int:
        """Count a try; the seconds to wait, 0 when it is allowed. What one limit refuses is not counted further."""
        for key, most in self.limits:
            count, until = _count(self._name(key))
            if count > most:
                return max(until - _now(), 1)
        return 0

    def give_back(self, key: str) -> None:
        """A try that was none."""
        Tries.objects.filter(what=self._name(key), count__gt=0).update(count=F("count") - 1)

    def forget(self, key: str) -> None:
        """Start anew for one key, after a success."""
        Tries.objects.filter(what=self._name(key)).delete()

    def _name(self, key: str) -> str:
        return hashlib.sha256(f"{self.kind}:{key}".encode()).hexdigest()


def _now() -> int:
    return int(timezone.now().timestamp())


def _count(what: str) -> tuple[int, int]:
    """How many tries this one makes, and until when they count."""
    now = _now()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO identity_tries AS held (what, count, until) VALUES (%s, 1, %s) ON CONFLICT (what) DO UPDATE "
            "SET count = CASE WHEN held.until > %s THEN held.count + 1 ELSE 1 END, "
            "until = CASE WHEN held.until > %s THEN held.until ELSE excluded.until END RETURNING count, until",
            [what, now + WINDOW_SECONDS, now, now],
        )
        count, until = cursor.fetchone()
    if count == 1:
        Tries.objects.filter(until__lte=now).delete()
    return count, until


def sign_in(username: str, address: str) -> Throttle:
    """The throttle of the sign-in page."""
    return Throttle("sign-in", ((_of_address(address), FROM_ADDRESS), (_of_name(username), FAILURES)))


def signed_in(username: str, address: str) -> None:
    """Forget the failures under a name; those of the address stay, or one's own account would open all others."""
    guard = sign_in(username, address)
    guard.forget(_of_name(username))
    guard.give_back(_of_address(address))


def mail(email: str, address: str) -> Throttle:
    """The throttle of the page that mails links."""
    return Throttle("mail", ((_of_address(address), FROM_ADDRESS), (f"mail:{email.casefold()}", FAILURES)))


def _of_name(username: str) -> str:
    return f"name:{username.strip().casefold()}"


def _of_address(address: str) -> str:
    return f"address:{address}"

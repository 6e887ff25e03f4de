"""Reminders: one mail a person a day of what waits for them, what is late, and what the level below left too late."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import Q
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from nengtan.domain.returns.steps import State
from nengtan.identity.models import Grant, User
from nengtan.identity.roles import Role
from nengtan.ledger.services import bulk
from nengtan.reporting import clock
from nengtan.reporting.lateness import days_over, deadline, overdue
from nengtan.reporting.models import CycleSetting, Reminder, Return
from nengtan.reporting.wording import period_word

__all__ = ["Digest", "Waiting", "digests", "escalated", "is_configured", "remind", "waiting"]

NAMED = 30
"""So many returns are named in a mail; the rest are counted."""

TURN: Mapping[str, str] = {
    State.EMPTY: Role.STATISTICIAN,
    State.ENTERING: Role.STATISTICIAN,
    State.RETURNED: Role.STATISTICIAN,
    State.STATISTICS_HEAD: Role.STATISTICS_HEAD,
    State.UNIT_HEAD: Role.UNIT_HEAD,
}
"""Whose turn it is."""


@dataclass(frozen=True)
class Waiting:
    """A return that is not handed in: how many days late (below zero: still so many days)."""

    of: Return
    days_late: int

    @property
    def period(self) -> str:
        """Its period in words."""
        return period_word(self.of.period)

    @property
    def day(self) -> date | None:
        """The day it is to be handed in by, or again by."""
        return deadline(self.of)


@dataclass
class Digest:
    """What one person is told on one day."""

    due: list[Waiting] = field(default_factory=list)
    late: list[Waiting] = field(default_factory=list)
    escalated: list[Waiting] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.due or self.late or self.escalated)


class _Settings:
    """The settings of all regions, read once."""

    def __init__(self) -> None:
        self._held = {row.region.code: row for row in CycleSetting.objects.select_related("region")}

    def of(self, path: str) -> CycleSetting:
        codes = reversed(path.strip("/").split("/"))
        return next((self._held[code] for code in codes if code in self._held), CycleSetting())


def is_configured() -> bool:
    """Whether mails leave this installation; without a mail server nobody is reminded but on the pages."""
    return bool(settings.CONFIG.email_url)


def waiting(day: date, within: Q | None = None) -> list[Waiting]:
    """Returns that are not handed in and are late, or due within the days their region reminds before."""
    cycles = _Settings()
    soon = day + timedelta(days=61)
    rows = Return.objects.filter(within or Q(), overdue(soon))
    rows = rows.select_related("institution", "region").order_by("due_on", "institution__code")
    found = [Waiting(of, days) for of in rows if (days := days_over(of, day)) is not None]
    return [item for item in found if item.days_late >= -cycles.of(item.of.region.path).remind_days]


def escalated(items: Iterable[Waiting]) -> list[Waiting]:
    """Those so late that the level above hears of them."""
    cycles = _Settings()
    return [item for item in items if item.days_late > cycles.of(item.of.region.path).escalate_days]


def digests(day: date) -> dict[User, Digest]:
    """What each person is told: the institution's people of what is their turn, managers of what is late below them.

    The nearest manager above an institution hears of every late return, the next one above of those too late.
    """
    items = waiting(day)
    too_late = {item.of.pk for item in escalated(items)}
    people, managers = _people({item.of.institution_id for item in items}), _managers(day)
    found: dict[User, Digest] = defaultdict(Digest)
    for item in items:
        for user in people.get((item.of.institution_id, TURN[item.of.state]), ()):
            (found[user].late if item.days_late > 0 else found[user].due).append(item)
        if item.days_late > 0:
            near, above = _levels(item.of.region.path, managers)
            for user in near:
                found[user].late.append(item)
            for user in above if item.of.pk in too_late else ():
                found[user].escalated.append(item)
    return dict(found)


def remind(day: date | None = None) -> int:
    """Send today's mails that were not sent yet; how many. A person is written to once a day, whatever is repeated."""
    if not is_configured():
        return 0
    today = day or clock.today()
    for user, digest in digests(today).items():
        if user.email and user.is_active:
            _note(user, today, digest)
    pending = list(Reminder.objects.filter(day=today, sent_at=None).values_list("pk", flat=True))
    transaction.on_commit(partial(_send_all, pending))
    return len(pending)


def _note(user: User, day: date, digest: Digest) -> None:
    """Put on record what somebody is to be told, unless it is there."""
    told = {
        "address": user.email,
        "due": [item.of.pk for item in digest.due],
        "late": [item.of.pk for item in digest.late],
        "escalated": [item.of.pk for item in digest.escalated],
    }
    Reminder.objects.get_or_create(user=user, day=day, defaults=told)


def _send_all(keys: Sequence[int]) -> None:
    unsent = Reminder.objects.filter(sent_at=None).select_related("user")
    for reminder in (one for chunk in bulk.chunks(keys) for one in unsent.filter(pk__in=chunk)):
        with translation.override(reminder.user.language or settings.LANGUAGE_CODE):
            _send(reminder)


def _send(reminder: Reminder) -> None:
    """One mail; what keeps it from leaving is written beside it, and the next repeat tries again."""
    context = _context(reminder)
    subject = _("Statistical returns: %(late)s late, %(due)s due soon") % {
        "late": len(reminder.late) + len(reminder.escalated), "due": len(reminder.due),
    }  # fmt: skip
    try:
        send_mail(subject, render_to_string("reporting/reminder.txt", context), None, [reminder.address])
    except OSError as error:
        Reminder.objects.filter(pk=reminder.pk).update(fault=str(error)[:200])
    else:
        Reminder.objects.filter(pk=reminder.pk).update(sent_at=timezone.now(), fault="")


def _context(reminder: Reminder) -> dict[str, Any]:
    keys = sorted({*reminder.due, *reminder.late, *reminder.escalated})
    every = Return.objects.select_related("institution", "region")
    rows = [of for chunk in bulk.chunks(keys) for of in every.filter(pk__in=chunk)]
    held = {of.pk: Waiting(of, days) for of in rows if (days := days_over(of, reminder.day)) is not None}
    parts = (
        (_("Overdue"), reminder.late),
        (_("Late for so long that it is on the list of the level above"), reminder.escalated),
        (_("Due soon"), reminder.due),
    )
    sections = [(title, [held[key] for key in listed if key in held]) for title, listed in parts if listed]
    return {"user": reminder.user, "day": reminder.day, "sections": [_cut(*section) for section in sections]}


def _cut(title: str, items: Sequence[Waiting]) -> tuple[str, Sequence[Waiting], str]:
    left = len(items) - NAMED
    more = ngettext("and %(n)s more", "and %(n)s more", left) % {"n": left} if left > 0 else ""
    return title, items[:NAMED], more


def _people(bodies: set[int]) -> dict[tuple[int, str], list[User]]:
    rows = _in_force(Grant.objects.filter(role__in=set(TURN.values()), institution__in=bodies))
    found: dict[tuple[int, str], list[User]] = defaultdict(list)
    for grant in rows:
        found[grant.institution_id or 0, grant.role].append(grant.user)
    return found


def _managers(day: date) -> dict[str, list[User]]:
    """Managers by the path of the region they manage."""
    found: dict[str, list[User]] = defaultdict(list)
    for grant in _in_force(Grant.objects.filter(role=Role.REGIONAL_MANAGER), day):
        found[grant.region.path].append(grant.user)
    return found


def _in_force(grants: Any, day: date | None = None) -> Any:
    alive = Q(valid_until=None) | Q(valid_until__gte=day or clock.today())
    return grants.filter(alive, revoked_at=None, user__is_active=True).select_related("user", "region")


def _levels(path: str, managers: Mapping[str, list[User]]) -> tuple[list[User], list[User]]:
    """The managers nearest above a place, and the next above them."""
    codes = path.strip("/").split("/")
    paths = [f"/{'/'.join(codes[:depth])}/" for depth in range(len(codes), 0, -1)]
    held = [managers[above] for above in paths if above in managers]
    return (held[0] if held else []), (held[1] if len(held) > 1 else [])

"""Grants, actions and records in words.

The trail shows writes of every room; a room names its actions and records once, from its AppConfig's ``ready``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nengtan.identity.access import SYSTEM
from nengtan.identity.models import ApiKey, AuditEvent, Grant
from nengtan.identity.roles import Role
from nengtan.ui.words import system_word

Text = str | Promise
Link = Callable[[str], str]
Value = Callable[[Any], str]


@dataclass(frozen=True)
class _Words:
    actions: dict[str, Text]
    kinds: dict[str, Text]
    links: dict[str, Link]
    fields: dict[str, Text]
    values: dict[str, Value]
    namers: list[Value]


_CONSOLE = re.compile(rf"{SYSTEM} \((.+)\)")
"""The installation itself with the operating system's user who ran the command."""

_known = _Words({}, {}, {}, {}, {}, [])


def register(
    actions: Mapping[str, Text] | None = None,
    kinds: Mapping[str, Text] | None = None,
    links: Mapping[str, Link] | None = None,
    fields: Mapping[str, Text] | None = None,
    values: Mapping[str, Value] | None = None,
    namer: Value | None = None,
) -> None:
    """Name actions ("fact.enter"), kinds of records ("ledger.activityfact"), and where a record is shown by key.

    ``fields`` names entries of before and after that are no field of the record ("document") or a field without a name
    of its own; ``namer`` does so for too many to list, with "" for what it does not know. ``values`` says what the
    codes of a field mean ("registry.institution.kind").
    """
    _known.actions.update(actions or {})
    _known.kinds.update(kinds or {})
    _known.links.update(links or {})
    _known.fields.update(fields or {})
    _known.values.update(values or {})
    if namer is not None and namer not in _known.namers:
        _known.namers.append(namer)


def action(code: str) -> str:
    """An action in words; its code where no room named it."""
    return str(_known.actions.get(code, code))


def actions() -> list[tuple[str, str]]:
    """Every named action, for a menu."""
    return sorted(((code, str(word)) for code, word in _known.actions.items()), key=lambda pair: pair[0])


def kind(label: str) -> str:
    """A kind of record in words; its label where no room named it."""
    return str(_known.kinds.get(label, label.rpartition(".")[2]))


def kinds() -> list[tuple[str, str]]:
    """Every named kind of record, for a menu."""
    return sorted(((code, str(word)) for code, word in _known.kinds.items()), key=lambda pair: pair[1])


def link(label: str, key: str) -> str:
    """Where a record is shown; empty where it has no page."""
    find = _known.links.get(label)
    return find(key) if find else ""


def who(event: AuditEvent) -> str:
    """Who did it: the person as named then, whoever sat at the console, or the installation itself."""
    if event.user_id is not None:
        return event.who
    at_console = _CONSOLE.fullmatch(event.who)
    if at_console:
        return _("command line (system user %(name)s)") % {"name": at_console[1]}
    return _("the platform itself")


def field_word(name: str) -> str:
    """An entry of before and after that is no field of the record; its name where no room worded it."""
    if name in _known.fields:
        return str(_known.fields[name])
    return next((word for namer in _known.namers if (word := namer(name))), name)


def value_words(field: str) -> Value | None:
    """What words the values of a field ("registry.institution.kind"); None where no room worded it."""
    return _known.values.get(field.lower())


def place(item: Grant) -> str:
    """Where a grant holds."""
    if item.institution is not None:
        return str(item.institution)
    if item.region is None:
        return _("the whole platform")
    return f"{item.region} · {system_word(item.system)}" if item.system else str(item.region)


def grant(item: Grant) -> str:
    """A grant in one line: ``Statistician, No. 2 School``."""
    return _("%(role)s, %(place)s") % {"role": Role(item.role).label, "place": place(item)}


def grant_state(item: Grant) -> tuple[str, str]:
    """Judgement and word of a grant today."""
    if item.revoked_at is not None:
        return "muted", _("revoked")
    if item.valid_until is not None and item.valid_until < timezone.localdate():
        return "muted", _("run out")
    return "good", _("in force")


def key_state(item: ApiKey) -> tuple[str, str]:
    """Judgement and word of a key now."""
    if item.revoked_at is not None:
        return "muted", _("revoked")
    if item.expires_at <= timezone.now():
        return "muted", _("run out")
    if not item.user.is_active:
        return "warn", _("user locked out")
    return "good", _("in force")


OWN_ACTIONS: dict[str, Text] = {
    "user.add": gettext_lazy("user added"),
    "user.change": gettext_lazy("user changed"),
    "user.activate": gettext_lazy("user let in again"),
    "user.deactivate": gettext_lazy("user locked out"),
    "user.password": gettext_lazy("password changed"),
    "user.reset_password": gettext_lazy("password reset"),
    "user.sign_in": gettext_lazy("signed in"),
    "grant.add": gettext_lazy("role given"),
    "grant.revoke": gettext_lazy("role taken back"),
    "api_key.issue": gettext_lazy("API key issued"),
    "api_key.revoke": gettext_lazy("API key revoked"),
}

OWN_KINDS: dict[str, Text] = {
    "identity.user": gettext_lazy("user"),
    "identity.grant": gettext_lazy("role of a user"),
    "identity.apikey": gettext_lazy("API key"),
}

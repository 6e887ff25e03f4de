"""Commands: ``nengtan createadmin | users | keys | audit``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from nengtan import reference
from nengtan.identity.roles import Capability, Role
from nengtan.ui.cli import emit, format_option, one_of
from nengtan.ui.words import choices

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from nengtan.identity.models import ApiKey, User

__all__ = ["commands"]

DAY = click.DateTime(["%Y-%m-%d"])

USER_COLUMNS = {
    "username": _("User name"),
    "name": pgettext_lazy("person", "Name"),
    "roles": _("Roles"),
    "active": _("May sign in"),
    "last_login": _("Last signed in"),
}
KEY_COLUMNS = {
    "id": _("Number"),
    "user": _("User"),
    "name": _("Name"),
    "prefix": _("Begins with"),
    "capabilities": _("May do"),
    "region": _("Only within"),
    "expires_at": _("Runs out"),
    "last_used_at": _("Last used"),
    "state": _("State"),
}
EVENT_COLUMNS = {
    "at": _("When"),
    "who": _("Who"),
    "action": _("Action"),
    "subject": _("Subject"),
    "changed": _("What changed"),
    "reason": _("Reason"),
    "via": _("Through"),
    "address": _("From address"),
}
SECRET_COLUMNS = {"username": _("User name"), "password": _("One-time password")}


@click.command(help=_("Create a platform administrator and print the one-time password."))
@click.argument("username", default="admin")
@click.option("--name", default="", help=_("Name of the person."))
@click.option("--email", default="", help=_("E-mail address."))
@format_option
def createadmin(username: str, name: str, email: str, format: str) -> None:
    from nengtan.identity.access import system_actor
    from nengtan.identity.services import GrantInput, UserInput, create_user

    role = GrantInput(Role.PLATFORM_ADMIN)
    user, password = create_user(system_actor(), UserInput(username, name, email), role)
    emit([{"username": user.username, "password": password}], SECRET_COLUMNS, format)


@click.group(help=_("List and add users, give roles, reset passwords."))
def users() -> None:
    pass


@users.command("list", help=_("List users and their roles."))
@format_option
def users_list(format: str) -> None:
    from nengtan.identity import wording
    from nengtan.identity.models import User

    found = User.objects.prefetch_related("grants__region", "grants__institution")
    rows = [
        {
            "username": user.username,
            "name": user.name,
            "roles": "; ".join(wording.grant(item) for item in user.grants.all() if item.revoked_at is None),
            "active": user.is_active,
            "last_login": user.last_login,
        }
        for user in found
    ]
    emit(rows, USER_COLUMNS, format)


def _grant_options(command: Any) -> Any:
    for option in (
        click.option("--valid-until", type=DAY, help=_("Last day of the role.")),
        click.option("--institution", default="", help=_("Code of the institution the role is for.")),
        click.option(
            "--system",
            default="",
            metavar="CODE",
            help=one_of(_("System, such as education or health."), choices(reference.systems())),
        ),
        click.option("--region", default="", help=_("Code of the region the role is for.")),
    ):
        command = option(command)
    return command


@users.command("add", help=_("Add a user with a first role and print the one-time password."))
@click.argument("username")
@click.option("--name", default="", help=_("Name of the person."))
@click.option("--email", default="", help=_("E-mail address."))
@click.option("--phone", default="", help=_("Telephone."))
@click.option("--role", default="", metavar="CODE", help=one_of(_("Role."), Role.choices))
@_grant_options
@format_option
def users_add(username: str, name: str, email: str, phone: str, role: str, format: str, **place: Any) -> None:
    from nengtan.identity.access import system_actor
    from nengtan.identity.services import UserInput, create_user

    first = _grant(role, **place) if role else None
    user, password = create_user(system_actor(), UserInput(username, name, email, phone), first)
    emit([{"username": user.username, "password": password}], SECRET_COLUMNS, format)


@users.command("grant", help=one_of(_("Give a user a role."), Role.choices), short_help=str(_("Give a user a role.")))
@click.argument("username")
@click.argument("role")
@_grant_options
@format_option
def users_grant(username: str, role: str, format: str, **place: Any) -> None:
    from nengtan.identity import wording
    from nengtan.identity.access import system_actor
    from nengtan.identity.services import grant_role

    given = grant_role(system_actor(), _user(username), _grant(role, **place))
    row = {"username": username, "roles": wording.grant(given)}
    emit([row], {key: USER_COLUMNS[key] for key in row}, format)


@users.command("reset-password", help=_("Print a one-time password for a user; all sessions of the user end."))
@click.argument("username")
@format_option
def users_reset_password(username: str, format: str) -> None:
    from nengtan.identity.access import system_actor
    from nengtan.identity.services import reset_password

    emit([{"username": username, "password": reset_password(system_actor(), _user(username))}], SECRET_COLUMNS, format)


@click.group(help=_("List, issue and revoke API keys."))
def keys() -> None:
    pass


@keys.command("list", help=_("List API keys; secrets are not kept."))
@click.option("--user", "username", default="", help=_("Only this user's keys."))
@format_option
def keys_list(username: str, format: str) -> None:
    from nengtan.identity import wording
    from nengtan.identity.models import ApiKey

    found = ApiKey.objects.select_related("user", "region")
    if username:
        found = found.filter(user=_user(username))
    rows = [
        {
            "id": key.pk,
            "user": key.user.username,
            "name": key.name,
            "prefix": key.prefix,
            "capabilities": " ".join(key.capabilities),
            "region": key.region.code if key.region else "",
            "expires_at": key.expires_at,
            "last_used_at": key.last_used_at,
            "state": wording.key_state(key)[1],
        }
        for key in found
    ]
    emit(rows, KEY_COLUMNS, format, {"capabilities": _rights, "region": _region_word(found)})


def _rights(codes: str) -> str:
    return str(_(", ")).join(str(Capability(code).label) for code in codes.split())


def _region_word(keys: Iterable[ApiKey]) -> Callable[[str], str]:
    known = {key.region.code: f"{key.region.code} {key.region}" for key in keys if key.region}
    return lambda code: known[code]


@keys.command("issue", help=_("Issue an API key of a user and print its secret."))
@click.argument("username")
@click.argument("name")
@click.option(
    "--may",
    "capabilities",
    multiple=True,
    required=True,
    metavar="CODE",
    help=one_of(_("What the key may do; repeat for several."), Capability.choices),
)
@click.option("--days", type=click.IntRange(1, 366), default=90, show_default=True, help=_("How long it lasts."))
@click.option("--region", default="", help=_("Code of a region: the key works only within it."))
@format_option
def keys_issue(username: str, name: str, capabilities: tuple[str, ...], days: int, region: str, format: str) -> None:
    from django.utils import timezone

    from nengtan.identity.access import system_actor
    from nengtan.identity.services import issue_key

    until = timezone.now() + timedelta(days=days)
    limit = _place("Region", "--region", region)
    key, secret = issue_key(system_actor(), _user(username), name, capabilities, until, limit)
    row = {"id": key.pk, "user": username, "name": key.name, "expires_at": key.expires_at, "secret": secret}
    emit([row], {**{name: KEY_COLUMNS[name] for name in row if name in KEY_COLUMNS}, "secret": _("Secret")}, format)


@keys.command("revoke", help=_("Revoke an API key by its number (see `keys list`)."))
@click.argument("key", type=click.IntRange(min=1))
@format_option
def keys_revoke(key: int, format: str) -> None:
    from nengtan.identity import wording
    from nengtan.identity.access import system_actor
    from nengtan.identity.models import ApiKey
    from nengtan.identity.services import revoke_key

    found = ApiKey.objects.filter(pk=key).first()
    if found is None:
        raise click.BadParameter(str(_("there is no key with this number")), param_hint="KEY")
    ended = revoke_key(system_actor(), found)
    row = {"id": ended.pk, "user": ended.user.username, "name": ended.name, "state": wording.key_state(ended)[1]}
    emit([row], {name: KEY_COLUMNS[name] for name in row}, format)


@click.command(help=_("Print the audit trail, the latest first."))
@click.option("--who", default="", help=_("Part of the name of whoever did it."))
@click.option("--action", default="", help=_("Only this action, such as fact.enter."))
@click.option("--subject", default="", help=_("Part of the name of what it was done to."))
@click.option("--institution", default="", help=_("Code of an institution."))
@click.option("--since", type=DAY, help=_("From this day on."))
@click.option("--until", type=DAY, help=_("Up to this day."))
@click.option("--limit", type=click.IntRange(1, 100_000), default=100, show_default=True, help=_("How many at most."))
@format_option
def audit(limit: int, format: str, **wanted: Any) -> None:
    from nengtan.identity import wording
    from nengtan.identity.diffs import changes, text

    events = list(_events(**wanted)[:limit])
    found = changes(events)
    rows = [
        {
            "at": event.at,
            "who": event.who if format != "table" else wording.who(event),
            "action": event.action if format != "table" else wording.action(event.action),
            "subject": event.subject,
            "changed": text(found[event.pk]),
            "reason": event.reason,
            "via": event.via if format != "table" else event.get_via_display(),
            "address": event.address,
        }
        for event in events
    ]
    emit(rows, EVENT_COLUMNS, format)


def _events(
    who: str, action: str, subject: str, institution: str, since: datetime | None, until: datetime | None
) -> QuerySet[Any]:
    from django.utils import timezone

    from nengtan.identity.models import AuditEvent

    lookups = {
        "who__icontains": who,
        "action": action,
        "subject__icontains": subject,
        "institution__code": institution,
        "at__gte": since and timezone.make_aware(since),
        "at__lt": until and timezone.make_aware(until + timedelta(days=1)),
    }
    return AuditEvent.objects.filter(**{path: value for path, value in lookups.items() if value})


def _grant(role: str, region: str, system: str, institution: str, valid_until: datetime | None) -> Any:
    from nengtan.identity.services import GrantInput

    until: date | None = valid_until.date() if valid_until else None
    return GrantInput(
        role,
        region=_place("Region", "--region", region),
        system=system,
        institution=_place("Institution", "--institution", institution),
        valid_until=until,
    )


def _user(username: str) -> User:
    from nengtan.identity.models import User

    found = User.objects.filter(username=username).first()
    if found is None:
        raise click.BadParameter(str(_("there is no user of this name")), param_hint=username)
    return found


def _place(model: str, option: str, code: str) -> Any:
    from django.apps import apps

    if not code:
        return None
    found = apps.get_model("registry", model)._default_manager.filter(code=code).first()
    if found is None:
        raise click.BadParameter(str(_("there is nothing with this code")), param_hint=f"{option} {code}")
    return found


commands = [createadmin, users, keys, audit]

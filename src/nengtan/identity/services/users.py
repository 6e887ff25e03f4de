"""Users and their passwords."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from nengtan.identity.access import Actor, Forbidden
from nengtan.identity.audit import record, snapshot
from nengtan.identity.models import User
from nengtan.identity.queries import Home, home_of, users_for
from nengtan.identity.roles import Capability
from nengtan.identity.services.grants import GrantInput, add_grant, check_grant
from nengtan.identity.services.holding import hold
from nengtan.identity.services.keys import end_keys

KEPT = ("username", "name", "email", "phone", "language", "is_active", "must_change_password")
"""What the trail says of a user; never the password's hash."""

LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""For passwords read from paper or told by telephone: nothing that looks like something else."""


@dataclass(frozen=True)
class UserInput:
    """What a form or a program says of a person."""

    username: str
    name: str = ""
    email: str = ""
    phone: str = ""
    language: str = ""


def one_time_password() -> str:
    """A password to be changed at first use, such as ``k7fm-p3xq-9hdw-v2ta`` (79 bits)."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(4))


@transaction.atomic
def create_user(
    actor: Actor, data: UserInput, grant: GrantInput | None = None, password: str | None = None
) -> tuple[User, str]:
    """A new user with a first grant, and the password: one to be changed at first use unless ``password`` is given.

    Without a grant nobody but a platform administrator would see the user again, so managers must give one.

    Raises:
        ValidationError: by field.
        Forbidden: the actor may not manage users, or not give this grant.
    """
    actor.require(Capability.MANAGE_USERS)
    user = _filled(User(), data)
    problems = _problems(user)
    if grant is not None:
        problems |= check_grant(actor, user, grant)
    elif not _sees_everyone(actor):
        problems["role"] = [_("Choose a role: without one you would not find the user again.")]
    given = password or one_time_password()
    problems |= _password_problems(given, user) if password else {}
    if problems:
        raise ValidationError(problems)
    user.must_change_password = password is None
    user.set_password(given)
    user.save()
    record(actor, "user.add", user, after=snapshot(user, *KEPT), **_home_to_be(grant))
    if grant is not None:
        add_grant(actor, user, grant)
    return user, given


@transaction.atomic
def change_user(actor: Actor, user: User, data: UserInput) -> User:
    """Change a user's particulars; one's own without any right, but not one's own user name."""
    own = actor.user is not None and actor.user.pk == user.pk
    if not own:
        require_manageable(actor, user)
    hold(user)
    if own and data.username != user.username:
        raise ValidationError({"username": _("Ask an administrator to change your user name.")})
    before = snapshot(user, *KEPT)
    problems = _problems(_filled(user, data))
    if problems:
        user.refresh_from_db()
        raise ValidationError(problems)
    user.save(update_fields=list(asdict(data)))
    record(actor, "user.change", user, before=before, after=snapshot(user, *KEPT), **home_of(user))
    return user


@transaction.atomic
def set_active(actor: Actor, user: User, active: bool, reason: str = "") -> User:
    """Lock a user out, or let them in again. Never oneself.

    Sessions and keys end at once; keys stay ended when the user is let in again.
    """
    require_manageable(actor, user)
    hold(user)
    if user.is_active == active:
        return user
    before = snapshot(user, *KEPT)
    user.is_active = active
    user.save(update_fields=["is_active"])
    action = "user.activate" if active else "user.deactivate"
    record(actor, action, user, before=before, after=snapshot(user, *KEPT), reason=reason, **home_of(user))
    if not active:
        end_keys(actor, user, action)
    return user


def deactivate(actor: Actor, user: User, reason: str = "") -> User:
    """Lock a user out."""
    return set_active(actor, user, False, reason)


@transaction.atomic
def set_password(actor: Actor, user: User, password: str) -> User:
    """Set one's own password, or somebody's as the installation itself (console, mailed link).

    Raises:
        ValidationError: too weak, or the one in use.
        Forbidden: somebody else's; administrators reset, they do not choose.
    """
    own = actor.user is not None and actor.user.pk == user.pk
    if not own and actor.user is not None:
        raise Forbidden(_("Only the user chooses the password; reset it instead."))
    if own and actor.key is not None:
        raise Forbidden(_("A password is changed at the page, not with a key."))
    problems = _password_problems(password, user)
    if user.check_password(password):
        problems = {"password": [_("This is the password in use; choose another.")]}
    if problems:
        raise ValidationError(problems)
    user.set_password(password)
    user.must_change_password = False
    user.save(update_fields=["password", "must_change_password"])
    record(actor, "user.password", user, **home_of(user))
    return user


@transaction.atomic
def reset_password(actor: Actor, user: User) -> str:
    """A one-time password for a user the actor manages; it must be changed at the next sign-in.

    Sessions and keys end: whoever had the old password may have issued keys with it.
    """
    require_manageable(actor, user)
    password = one_time_password()
    user.set_password(password)
    user.must_change_password = True
    user.save(update_fields=["password", "must_change_password"])
    record(actor, "user.reset_password", user, **home_of(user))
    end_keys(actor, user, "user.reset_password")
    return password


def require_manageable(actor: Actor, user: User) -> None:
    """Raise :class:`Forbidden` unless the actor manages ``user``: all they hold lies within, and it is not oneself."""
    actor.require(Capability.MANAGE_USERS)
    if not users_for(actor, manageable=True).filter(pk=user.pk).exists():
        raise Forbidden(_("This user is outside what you may manage."))


def _sees_everyone(actor: Actor) -> bool:
    return actor.scope_for(Capability.MANAGE_USERS).whole


def _filled(user: User, data: UserInput) -> User:
    for key, value in asdict(data).items():
        setattr(user, key, value.strip())
    user.username = User.normalize_username(user.username)
    return user


def _problems(user: User) -> dict[str, list[str]]:
    problems: dict[str, list[str]] = {}
    try:
        user.full_clean(exclude=["password"], validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        problems = dict(error.message_dict)
    others = User.objects.exclude(pk=user.pk)
    if "username" not in problems and others.filter(username__iexact=user.username).exists():
        problems["username"] = [_("This user name is taken.")]
    if user.language and user.language not in dict(settings.LANGUAGES):
        allowed = " ".join(code for code, _name in settings.LANGUAGES)
        problems["language"] = [
            _("Found “%(found)s”; allowed: %(allowed)s.") % {"found": user.language, "allowed": allowed}
        ]
    return problems


def _password_problems(password: str, user: User) -> dict[str, list[str]]:
    try:
        validate_password(password, user)
    except ValidationError as error:
        return {"password": list(error.messages)}
    return {}


def _home_to_be(grant: GrantInput | None) -> Home:
    if grant is None:
        return {"region_path": "", "institution_id": None}
    return {"region_path": grant.path, "institution_id": grant.institution.pk if grant.institution else None}

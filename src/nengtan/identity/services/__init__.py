"""Everything that writes users, grants and keys; each write leaves an audit event."""

from nengtan.identity.services.grants import GrantInput, grant_role, revoke_grant, roles_for
from nengtan.identity.services.holding import hold
from nengtan.identity.services.keys import authenticate_key, issue_key, revoke_key
from nengtan.identity.services.users import (
    UserInput,
    change_user,
    create_user,
    deactivate,
    reset_password,
    set_active,
    set_password,
)

__all__ = [
    "GrantInput",
    "UserInput",
    "authenticate_key",
    "change_user",
    "create_user",
    "deactivate",
    "grant_role",
    "hold",
    "issue_key",
    "reset_password",
    "revoke_grant",
    "revoke_key",
    "roles_for",
    "set_active",
    "set_password",
]

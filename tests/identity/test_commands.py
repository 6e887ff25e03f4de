"""The commands of the room."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from click.testing import CliRunner, Result
from django.core.exceptions import ValidationError

from nengtan.identity.models import ApiKey, AuditEvent, User
from nengtan.identity.services import authenticate_key
from tests.cast import Cast


def run(*arguments: str) -> Result:
    from nengtan.identity.commands import commands

    found = {command.name: command for command in commands}
    return CliRunner().invoke(found[arguments[0]], list(arguments[1:]), catch_exceptions=True)


def answer(*arguments: str) -> Any:
    result = run(*arguments, "--format", "json")
    assert result.exit_code == 0, (result.output, result.exception)
    return json.loads(result.output)


def test_createadmin_prints_a_password_that_works(db: None) -> None:
    (row,) = answer("createadmin", "root", "--name", "Root")
    user = User.objects.get(username="root")
    assert user.check_password(row["password"])
    assert user.grants.get().role == "platform_admin"
    assert AuditEvent.objects.get(action="user.add").via == "command"
    assert isinstance(run("createadmin", "root").exception, ValidationError)


def test_users_are_added_listed_granted_and_reset(cast: Cast) -> None:
    (row,) = answer("users", "add", "liu", "--role", "statistician", "--institution", "420106-S1")
    assert User.objects.get(username="liu").check_password(row["password"])
    given = answer("users", "grant", "liu", "verifier", "--region", "420106", "--valid-until", "2099-12-31")
    assert given[0]["username"] == "liu"
    listed = {item["username"]: item for item in answer("users", "list")}
    assert "The school" in listed["liu"]["roles"]
    (again,) = answer("users", "reset-password", "liu")
    assert User.objects.get(username="liu").check_password(again["password"])


def test_keys_are_issued_listed_and_revoked(cast: Cast) -> None:
    (row,) = answer("keys", "issue", "district", "gateway", "--may", "view", "--days", "9", "--region", "420106")
    assert authenticate_key(row["secret"]) is not None
    (listed,) = answer("keys", "list", "--user", "district")
    assert (listed["region"], listed["capabilities"]) == ("420106", "view")
    answer("keys", "revoke", str(row["id"]))
    assert authenticate_key(row["secret"]) is None
    assert ApiKey.objects.get().revoked_at is not None


def test_the_trail_in_three_forms(cast: Cast) -> None:
    answer("users", "reset-password", "unit_head")
    rows = answer("audit", "--action", "user.reset_password", "--who", "system")
    assert [row["subject"] for row in rows] == ["Unit_Head Person"]
    assert [(row["via"], row["address"]) for row in rows] == [("command", "")]
    assert answer("audit", "--until", "2001-01-01") == []
    lines = list(csv.DictReader(io.StringIO(run("audit", "--format", "csv", "--limit", "2").output)))
    assert len(lines) == 2
    assert {"at", "who", "action", "subject", "changed", "reason", "via", "address"} == lines[0].keys()
    assert "Unit_Head Person" in run("audit").output


@pytest.mark.parametrize(
    "arguments",
    [
        ("users", "reset-password", "nobody"),
        ("users", "grant", "public", "verifier", "--region", "999999"),
        ("users", "grant", "public", "verifier", "--valid-until", "soon"),
        ("keys", "issue", "district", "x"),
        ("keys", "issue", "district", "x", "--may", "view", "--days", "400"),
        ("keys", "revoke", "999"),
        ("keys", "list", "--user", "nobody"),
        ("audit", "--since", "yesterday"),
    ],
)
def test_bad_use_is_told_and_ends_with_two(cast: Cast, arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert "Traceback" not in result.output

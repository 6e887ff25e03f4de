"""What is done at the console is told with the operating system's user who did it."""

from __future__ import annotations

import getpass

import pytest
from django.utils import translation

from nengtan.identity import wording
from nengtan.identity.access import background_actor, system_actor
from nengtan.identity.models import AuditEvent, User
from nengtan.identity.services import GrantInput, UserInput, create_user
from tests.cast import Cast


@pytest.fixture
def zhang(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "zhang")


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown() -> str:
        raise KeyError("getpwuid(): uid not found: 4711")

    monkeypatch.setattr(getpass, "getuser", unknown)


def added() -> AuditEvent:
    create_user(system_actor(), UserInput("root"), GrantInput("platform_admin"))
    return AuditEvent.objects.get(action="user.add")


def test_the_trail_names_who_sat_there(zhang: None, db: None) -> None:
    event = added()
    assert (event.user, event.who, event.via) == (None, "system (zhang)", "command")
    with translation.override("en"):
        assert wording.who(event) == "command line (system user zhang)"
    with translation.override("zh-hans"):
        assert "zhang" in wording.who(event)
        assert wording.who(event) != "command line (system user zhang)"


def test_without_a_name_it_is_the_platform_itself(nobody: None, db: None) -> None:
    event = added()
    assert (event.user, event.who, event.via) == (None, "system", "command")
    with translation.override("en"):
        assert wording.who(event) == "the platform itself"


def test_background_work_does_not_claim_a_console(zhang: None) -> None:
    assert background_actor("command").label == "system"
    assert system_actor("system").label == "system"


def test_a_person_who_calls_themselves_so_is_told_as_a_person(db: None) -> None:
    impostor = AuditEvent(user=User.objects.create(username="zhang", name="system"), who="system (zhang)")
    assert wording.who(impostor) == "system (zhang)"


def test_the_page_of_the_trail_shows_it(zhang: None, cast: Cast) -> None:
    create_user(system_actor(), UserInput("liu"), GrantInput("platform_admin"))
    client = cast.client("admin")
    client.cookies["django_language"] = "en"
    page = client.get("/audit/").content.decode()
    assert "command line (system user zhang)" in page

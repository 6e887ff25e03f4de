"""Two people, or one who clicks twice: one write, one line in the trail, whichever database."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from nengtan.config.problems import trouble
from nengtan.identity.models import ApiKey, AuditEvent, Grant, User
from nengtan.identity.services import (
    GrantInput,
    UserInput,
    create_user,
    grant_role,
    revoke_grant,
    revoke_key,
    set_active,
)
from nengtan.registry.models import Institution, InstitutionEvent
from nengtan.registry.services import InstitutionInput, record_event, save_institution
from nengtan.registry.services.events import EventInput
from tests.cast import Cast

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = 6


def at_once(act: Callable[[int], Any]) -> list[str]:
    """What becomes of several doing the same at the same moment: done, refused (422) or in conflict (409)."""
    start = Barrier(AT_ONCE)

    def one(number: int) -> str:
        try:
            start.wait()
            act(number)
        except ValidationError:
            return "refused"
        except IntegrityError as error:
            return "conflict" if trouble(error) == 409 else repr(error)
        else:
            return "done"
        finally:
            connection.close()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, range(AT_ONCE)))


def once(answers: list[str]) -> bool:
    return answers.count("done") == 1 and set(answers) <= {"done", "refused", "conflict"}


def test_a_role_is_given_once(cast: Cast) -> None:
    actor = cast.actor("district")
    data = GrantInput("statistician", institution=cast.institutions["hospital"])
    assert once(at_once(lambda number: grant_role(actor, User.objects.get(username="unit_head"), data)))
    assert Grant.objects.filter(user=cast.user("unit_head"), role="statistician", revoked_at=None).count() == 1


def test_the_database_itself_holds_one_live_grant_of_a_kind(cast: Cast) -> None:
    held = Grant.objects.get(user=cast.user("statistician"))
    values = {"user": held.user, "role": held.role, "institution": held.institution}
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        Grant.objects.create(**values)
    assert trouble(caught.value) == 409
    revoke_grant(cast.actor("district"), held)
    assert Grant.objects.create(**values).pk


def test_names_that_differ_in_case_only_are_one_user(cast: Cast) -> None:
    actor = cast.actor("district")
    data = GrantInput("public", region=cast.regions["420106"])
    answers = at_once(lambda number: create_user(actor, UserInput("fresh" if number % 2 else "FRESH"), data))
    assert once(answers)
    assert User.objects.filter(username__iexact="fresh").count() == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(username="District")


def test_an_institution_is_added_once(cast: Cast) -> None:
    actor = cast.actor("district")
    data = InstitutionInput("TWICE", "Twice", "01", cast.regions["420106"])
    assert once(at_once(lambda number: save_institution(actor, data)))
    assert Institution.objects.filter(code="TWICE").count() == 1


def test_a_body_is_closed_once(cast: Cast) -> None:
    actor, pk = cast.actor("district"), cast.institutions["office"].pk

    def close(number: int) -> None:
        record_event(actor, EventInput("closed", date(2024, 1, 1), before=[Institution.objects.get(pk=pk)]))

    assert once(at_once(close))
    assert InstitutionEvent.objects.count() == 1


def test_the_same_event_is_recorded_once(cast: Cast) -> None:
    actor, body = cast.actor("district"), cast.institutions["office"]
    told = EventInput("renamed", date(2024, 1, 1), before=[body], name="Another office")
    assert once(at_once(lambda number: record_event(actor, told)))
    with pytest.raises(ValidationError):
        record_event(actor, told)
    record_event(actor, EventInput("renamed", date(2024, 2, 1), before=[body], name="A third office"))
    assert InstitutionEvent.objects.count() == 2


def test_taking_back_twice_leaves_one_trace(cast: Cast) -> None:
    actor, grant = cast.actor("district"), Grant.objects.get(user=cast.user("statistician"))
    cast.key("unit_head", ["view"])
    key = ApiKey.objects.get()
    at_once(lambda number: revoke_grant(actor, Grant.objects.get(pk=grant.pk)))
    at_once(lambda number: revoke_key(actor, ApiKey.objects.get(pk=key.pk)))
    at_once(lambda number: set_active(actor, User.objects.get(username="unit_head"), False))
    for action in ("grant.revoke", "api_key.revoke", "user.deactivate"):
        assert AuditEvent.objects.filter(action=action).count() == 1, action

"""The database of a test is empty again after it, append-only tables included."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.utils import DatabaseError

from nengtan.identity.models import AuditEvent, User
from nengtan.registry.models import Region

WRITTEN = "for the test of flushing"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", [1, 2])
def test_nothing_of_one_test_reaches_the_next(turn: int) -> None:
    assert not AuditEvent.objects.filter(action=WRITTEN).exists(), turn
    user = User.objects.create(username="flushed")
    AuditEvent.objects.create(user=user, action=WRITTEN)
    assert Region.objects.filter(code="CN").exists(), "reference data is there in every test"


@pytest.mark.django_db(transaction=True)
def test_append_only_tables_still_refuse_after_a_flush() -> None:
    event = AuditEvent.objects.create(action=WRITTEN)
    with pytest.raises(DatabaseError, match="append-only"), connection.cursor() as cursor:
        cursor.execute("DELETE FROM identity_auditevent WHERE id = %s", [event.pk])

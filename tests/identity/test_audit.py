"""The trail: nothing gets out of it, nothing secret gets into it, everybody reads their own part."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from nengtan.identity import services
from nengtan.identity.audit import record, snapshot
from nengtan.identity.diffs import changes, text
from nengtan.identity.models import ApiKey, AuditEvent
from nengtan.identity.queries import events_for
from nengtan.identity.services import GrantInput, UserInput
from tests.cast import Cast


def test_the_database_refuses_to_change_an_event(cast: Cast) -> None:
    event = record(cast.actor("district"), "user.change", cast.user("unit_head"))
    with pytest.raises(DatabaseError), transaction.atomic():
        AuditEvent.objects.filter(pk=event.pk).update(who="somebody else")
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE identity_auditevent SET reason = 'x' WHERE id = %s", [event.pk])
    assert AuditEvent.objects.get(pk=event.pk).who == cast.actor("district").label


def test_the_database_refuses_to_delete_an_event(cast: Cast) -> None:
    event = record(cast.actor("district"), "user.change", cast.user("unit_head"))
    with pytest.raises(DatabaseError), transaction.atomic():
        AuditEvent.objects.filter(pk=event.pk).delete()
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM identity_auditevent")
    assert AuditEvent.objects.filter(pk=event.pk).exists()


def test_every_service_writes_and_nothing_secret_is_written(cast: Cast) -> None:
    actor, unit_head = cast.actor("district"), cast.user("unit_head")
    until = timezone.now() + timedelta(days=9)
    first = GrantInput("statistician", institution=cast.institutions["hospital"])
    user, one_time = services.create_user(actor, UserInput("liu"), first)
    services.change_user(actor, user, UserInput("liu", "Liu"))
    grant = services.grant_role(actor, user, GrantInput("unit_head", institution=cast.institutions["hospital"]))
    services.revoke_grant(actor, grant)
    services.deactivate(actor, user)
    services.set_active(actor, user, True)
    reset = services.reset_password(actor, unit_head)
    own = "tram-window-fox"
    services.set_password(cast.actor("unit_head"), unit_head, own)
    key, secret = services.issue_key(actor, cast.user("district"), "gateway", ["view"], until)
    services.revoke_key(actor, key)
    assert list(AuditEvent.objects.order_by("id").values_list("action", flat=True))[-11:] == [
        "user.add", "grant.add", "user.change", "grant.add", "grant.revoke", "user.deactivate", "user.activate",
        "user.reset_password", "user.password", "api_key.issue", "api_key.revoke",
    ]  # fmt: skip
    written = json.dumps(list(AuditEvent.objects.values()), default=str)
    for fresh in (user, unit_head):
        fresh.refresh_from_db()
    for hidden in (one_time, reset, own, secret, key.digest, user.password, unit_head.password):
        assert hidden not in written


def test_a_whole_record_leaks_no_secret_either(cast: Cast) -> None:
    """Even who snapshots a user or a key without naming fields gets no hash."""
    cast.key("district")
    for subject, hidden in ((cast.user("district"), "password"), (ApiKey.objects.get(), "digest")):
        assert hidden not in snapshot(subject)
        assert hidden not in snapshot(subject, "id", hidden)


def test_only_what_differs_is_kept(cast: Cast) -> None:
    event = record(cast.actor("admin"), "x", cast.user("public"), before={"a": 1, "b": 2}, after={"a": 1, "b": 3})
    assert (event.before, event.after) == ({"b": 2}, {"b": 3})


READS = {
    "admin": {"district", "neighbour", "other", "school", "nowhere"},
    "nation": {"district", "neighbour", "other", "school"},
    "province": {"district", "neighbour", "school"},
    "district": {"district", "school"},
    "neighbour": {"neighbour"},
    "other": {"other"},
    "education": {"school"},
    "statistician": {"school"},
    "unit_head": {"school"},
    "verifier": {"district", "school"},
    "verifier_one": {"school"},
    "service": set(),
    "public": set(),
    "outsider": set(),
    "anonymous": set(),
}


@pytest.mark.parametrize("name", READS)
def test_everybody_reads_their_part(cast: Cast, name: str) -> None:
    actor, subject = cast.actor("admin"), cast.user("public")
    places = {
        "district": ("420106", None),
        "neighbour": ("420111", None),
        "other": ("330106", None),
        "school": ("420106", cast.institutions["school"].pk),
        "nowhere": ("", None),
    }
    for reason, (region, institution) in places.items():
        path = cast.regions[region].path if region else ""
        record(actor, "test", subject, region_path=path, institution_id=institution, reason=reason)
    seen = set(events_for(cast.actor(name)).filter(action="test").values_list("reason", flat=True))
    assert seen == READS[name]


def test_changes_read_in_words(cast: Cast) -> None:
    grant = services.grant_role(
        cast.actor("district"), cast.user("service"), GrantInput("verifier", region=cast.regions["420106"])
    )
    event = AuditEvent.objects.get(action="grant.add", subject_id=str(grant.pk))
    words = {item.label: item.after for item in changes([event])[event.pk]}
    assert "Service Person" in words.values()
    assert cast.regions["420106"].name in words.values()
    assert "region_id" not in words
    assert str(grant.get_role_display()) in words.values()
    services.revoke_grant(cast.actor("district"), grant)
    ended = AuditEvent.objects.get(action="grant.revoke")
    assert " → " in text(changes([ended])[ended.pk])


def test_changes_of_records_nobody_knows_any_more(cast: Cast) -> None:
    event = AuditEvent.objects.create(
        who="x", via="system", action="old.thing", subject_type="gone.model", subject_id="1", subject="s",
        after={"strange": ["a", True, {"deep": None}], "empty": None},
    )  # fmt: skip
    found = changes([event])[event.pk]
    assert [item.label for item in found] == ["Strange"]


def test_words_of_a_page_cost_a_few_queries(cast: Cast, django_assert_max_num_queries: object) -> None:
    actor = cast.actor("district")
    for name in ("unit_head", "statistician", "statistics_head"):
        services.grant_role(
            actor, cast.user(name), GrantInput("service_company", institution=cast.institutions["office"])
        )
    events = list(AuditEvent.objects.filter(action="grant.add"))
    with django_assert_max_num_queries(2):  # type: ignore[operator]
        assert len(changes(events)) == 3

"""Single facts: entered, corrected, withdrawn; whole imports undone."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.utils import DatabaseError
from django.urls import reverse

from nengtan import reference
from nengtan.identity.access import Forbidden, system_actor
from nengtan.identity.models import AuditEvent
from nengtan.ledger.models import ActivityFact, ImportBatch, RegionRollup
from nengtan.ledger.queries.history import chain_of, visible_evidence
from nengtan.ledger.services import (
    FactInput,
    correct_fact,
    enter_fact,
    intake,
    keep_evidence,
    withdraw_batch,
    withdraw_fact,
)
from tests.cast import Cast
from tests.ledger.files import bills


def stated(cast: Cast, quantity: object = 100, **other: Any) -> FactInput:
    amount = None if quantity is None else Decimal(str(quantity))
    values = {"institution": cast.institutions["school"], "carrier": "electricity", "period": 202301, "unit": "kWh"}
    return FactInput(**{**values, "quantity": amount, **other})


def known(cast: Cast) -> Decimal | None:
    row = RegionRollup.objects.filter(region=cast.regions["420106"], carrier="electricity").first()
    return row.quantity if row and row.cells else None


def test_a_fact_is_kept_as_entered_and_in_the_base_unit(cast: Cast) -> None:
    fact = enter_fact(cast.actor("statistician"), stated(cast, "1.5", unit="10MWh", cost=Decimal("9000.50")))
    assert (fact.quantity, fact.entered_quantity, fact.entered_unit) == (Decimal(15000), "1.5", "10MWh")
    assert fact.entered_by == cast.user("statistician")
    event = AuditEvent.objects.get(action="fact.enter")
    assert (event.institution, event.after["quantity"]) == (cast.institutions["school"], "15000")


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("quantity", {"quantity": None}),
        ("quantity", {"quantity": Decimal(-1)}),
        ("quantity", {"quantity": Decimal("NaN")}),
        ("cost", {"cost": Decimal(10) ** 12}),
        ("unit", {"unit": "t"}),
        ("carrier", {"carrier": "firewood"}),
        ("origin", {"origin": "rumour"}),
        ("period", {"period": 202313}),
        ("period", {"period": 209901}),
        ("item", {"item": "99Z99"}),
    ],
)
def test_a_wrong_value_names_its_field_and_leaves_nothing(cast: Cast, field: str, changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as error:
        enter_fact(
            cast.actor("district"),
            stated(cast, **changes) if "quantity" not in changes else FactInput(**{**vars(stated(cast)), **changes}),
        )
    assert field in error.value.message_dict
    assert not ActivityFact.objects.exists()
    enter_fact(cast.actor("district"), stated(cast))


def test_a_correction_replaces_and_the_old_fact_stays(cast: Cast) -> None:
    old = enter_fact(cast.actor("statistician"), stated(cast, 100))
    new = correct_fact(cast.actor("statistics_head"), old, stated(cast, 90), "digits swapped")
    old.refresh_from_db()
    assert (old.standing, new.standing, new.note) == (2, 1, "digits swapped")
    assert known(cast) == 90
    actor = cast.actor("district")
    assert [item.pk for item in chain_of(actor, new)] == [old.pk, new.pk] == [item.pk for item in chain_of(actor, old)]
    with pytest.raises(ValidationError):
        correct_fact(cast.actor("district"), old, stated(cast, 80), "again")
    with pytest.raises(ValidationError):
        correct_fact(cast.actor("district"), new, stated(cast, 80), " ")


def test_a_figure_sent_twice_is_entered_once(cast: Cast) -> None:
    enter_fact(cast.actor("statistician"), stated(cast, 100))
    with pytest.raises(ValidationError):
        enter_fact(cast.actor("statistician"), stated(cast, 100))
    assert known(cast) == 100
    enter_fact(cast.actor("statistician"), stated(cast, 100, bill_no="second"))
    assert known(cast) == 200


def test_a_figure_withdrawn_may_be_entered_again(cast: Cast) -> None:
    first = enter_fact(cast.actor("statistician"), stated(cast, 100))
    withdraw_fact(cast.actor("statistician"), first, "not ours")
    enter_fact(cast.actor("statistician"), stated(cast, 100))
    assert known(cast) == 100


def test_who_sees_only_one_body_does_not_see_what_its_figure_became_at_another(cast: Cast) -> None:
    old = enter_fact(cast.actor("district"), stated(cast, 100))
    other = stated(cast, 77777, institution=cast.institutions["hospital"])
    new = correct_fact(cast.actor("district"), old, other, "wrong body")
    assert [item.pk for item in chain_of(cast.actor("district"), old)] == [old.pk, new.pk]
    assert [item.pk for item in chain_of(cast.actor("statistician"), old)] == [old.pk]
    page = cast.client("statistician").get(reverse("fact", args=[old.pk]))
    assert page.status_code == 200
    assert b"77777" not in page.content
    assert b"77,777" not in page.content


def test_a_correction_may_move_a_fact_to_another_month_or_carrier(cast: Cast) -> None:
    old = enter_fact(cast.actor("district"), stated(cast, 100))
    correct_fact(
        cast.actor("district"), old, stated(cast, 100, period=202302, carrier="water", unit="m3"), "wrong column"
    )
    assert known(cast) is None
    assert RegionRollup.objects.get(region=cast.regions["420106"], period=202302).quantity == 100


def test_a_withdrawn_fact_counts_no_more_and_can_be_entered_again(cast: Cast) -> None:
    fact = enter_fact(cast.actor("district"), stated(cast))
    marker = withdraw_fact(cast.actor("district"), fact, "entered twice")
    fact.refresh_from_db()
    assert (fact.standing, marker.standing, marker.note) == (2, 6, "entered twice")
    assert known(cast) is None
    enter_fact(cast.actor("district"), stated(cast))
    assert known(cast) == 100


def test_unknown_is_not_zero(cast: Cast) -> None:
    enter_fact(cast.actor("district"), stated(cast, None, cost=Decimal(80)))
    row = RegionRollup.objects.get(region=cast.regions["420106"], period=202301)
    assert (row.cells, row.costs, row.cost) == (0, 1, 80)
    enter_fact(cast.actor("district"), stated(cast, 0, bill_no="2"))
    row.refresh_from_db()
    assert (row.cells, row.quantity) == (1, 0)


def test_the_database_refuses_to_change_or_delete_a_fact(cast: Cast) -> None:
    fact = enter_fact(cast.actor("district"), stated(cast))
    for statement in ("UPDATE ledger_activityfact SET quantity = 1", "DELETE FROM ledger_activityfact"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    fact.refresh_from_db()
    assert fact.quantity == 100


@pytest.mark.parametrize("who", ["neighbour", "education", "unit_head", "service", "verifier", "public", "outsider"])
def test_facts_are_written_by_those_who_report_for_the_institution(cast: Cast, who: str) -> None:
    fact = enter_fact(cast.actor("statistician"), stated(cast))
    actor = cast.actor(who)
    for write in (
        lambda: enter_fact(actor, stated(cast)),
        lambda: correct_fact(actor, fact, stated(cast, 1), "why"),
        lambda: withdraw_fact(actor, fact, "why"),
    ):
        with pytest.raises(Forbidden):
            write()
    assert ActivityFact.objects.count() == 1


def row(code: str, quantity: int) -> tuple[Any, ...]:
    return (code, None, "2023-01", "电力", quantity, "kWh", None, None, None)


def test_an_import_is_undone_whole_and_what_it_corrected_holds_again(cast: Cast) -> None:
    intake.import_file(cast.actor("district"), "a.xlsx", bills(row("420106-S1", 100)))
    second = intake.import_file(
        cast.actor("district"), "b.xlsx", bills(row("420106-S1", 120), row("420106-H1", 7)), on_existing="correct"
    ).batch
    assert known(cast) == 120
    withdraw_batch(cast.actor("district"), second, "wrong file")  # type: ignore[arg-type]
    counting = ActivityFact.objects.counting().values_list("institution__code", "quantity", "batch")
    assert list(counting) == [("420106-S1", Decimal(100), None)]
    assert AuditEvent.objects.filter(action="import.withdraw", reason="wrong file").count() == 1
    with pytest.raises(ValidationError):
        withdraw_batch(cast.actor("district"), ImportBatch.objects.get(pk=second.pk), "again")  # type: ignore[union-attr]
    again = intake.import_file(cast.actor("district"), "c.xlsx", bills(row("420106-H1", 7)))
    assert again.accepted == 1


def test_an_import_over_others_is_not_undone_by_one_of_them(cast: Cast) -> None:
    content = bills(row("420106-S1", 100), row("420106-H1", 7))
    batch = intake.import_file(cast.actor("district"), "a.xlsx", content).batch
    with pytest.raises(Forbidden):
        withdraw_batch(cast.actor("statistician"), batch, "mine")  # type: ignore[arg-type]
    assert ActivityFact.objects.counting().count() == 2


def test_a_file_opens_for_those_who_see_everything_in_it(cast: Cast) -> None:
    content = bills(row("420106-S1", 100), row("420106-H1", 7))
    intake.import_file(cast.actor("district"), "a.xlsx", content)
    fact = ActivityFact.objects.get(institution=cast.institutions["school"])
    assert {who for who in cast.names if visible_evidence(cast.actor(who), fact)} == {
        "admin", "nation", "province", "city", "district", "verifier",
    }  # fmt: skip
    assert {who for who in cast.names if ImportBatch.objects.for_actor(cast.actor(who)).exists()} == {
        "admin", "nation", "province", "city", "district", "verifier",
    }  # fmt: skip


def test_a_scan_attached_to_a_fact_opens_for_those_who_see_the_fact(cast: Cast) -> None:
    scan = keep_evidence(cast.actor("statistician"), "bill.pdf", b"%PDF-1.4 scan")
    assert keep_evidence(cast.actor("district"), "same.pdf", b"%PDF-1.4 scan") == scan
    fact = enter_fact(cast.actor("statistician"), stated(cast, evidence=scan))
    seen = {who for who in cast.names if visible_evidence(cast.actor(who), fact)}
    assert seen >= {"district", "education", "statistician", "service", "verifier_one"}
    assert seen.isdisjoint({"neighbour", "other", "public", "outsider"})


def test_one_school_sees_the_import_of_its_own_file(cast: Cast) -> None:
    batch = intake.import_file(cast.actor("statistician"), "a.xlsx", bills(row("420106-S1", 100))).batch
    assert batch.institution == cast.institutions["school"]  # type: ignore[union-attr]
    assert {who for who in cast.names if ImportBatch.objects.for_actor(cast.actor(who)).exists()} >= {
        "statistician", "unit_head", "education", "district", "verifier_one",
    }  # fmt: skip
    assert not ImportBatch.objects.for_actor(cast.actor("neighbour")).exists()


def test_evidence_is_on_disk_under_its_hash(cast: Cast) -> None:
    from nengtan.ledger.services.evidence import path_of

    kept = keep_evidence(system_actor(), "../../etc/passwd", b"content")
    assert kept.name == "passwd"
    assert path_of(kept).read_bytes() == b"content"
    assert kept.sha256 in str(path_of(kept))


def test_files_no_record_names_are_swept_once_they_are_old(cast: Cast) -> None:
    from nengtan.ledger.services.evidence import path_of, sweep_evidence

    kept = keep_evidence(system_actor(), "a.pdf", b"content")
    left = path_of(kept).with_name("f" * 64)
    left.write_bytes(b"half an import")
    assert sweep_evidence() == 0
    assert sweep_evidence(older_than=-1) == 1
    assert path_of(kept).exists()
    assert not left.exists()


def test_a_unit_may_be_spelled_as_people_write_it(cast: Cast) -> None:
    symbol = reference.units()["10km3"].symbol
    fact = enter_fact(system_actor(), FactInput(cast.institutions["school"], "water", 202301, Decimal("1.2"), symbol))
    assert (fact.quantity, fact.entered_unit) == (12000, "10km3")

"""The inbox, the same on SQLite and on PostgreSQL: kept once, taken in order, forgotten when the lake has it."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nengtan.telemetry.inbox.base import Inbox, Latest, Message, Refused, Stored
from nengtan.telemetry.inbox.sqlite import SqliteInbox
from nengtan.telemetry.lake.tables import Lake
from tests import machine
from tests.telemetry.lakes import QUARTER, START, Place, book, raw

BOTH = [pytest.param("sqlite"), pytest.param("postgres", marks=pytest.mark.requires("postgres"))]


@pytest.fixture(params=BOTH)
def inbox(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Inbox]:
    if request.param == "sqlite":
        yield SqliteInbox(tmp_path / "own" / "inbox.sqlite3")
        return
    import psycopg

    from nengtan.telemetry.inbox.postgres import PostgresInbox

    schema = f"inbox_{uuid.uuid4().hex}"
    with psycopg.connect(machine.POSTGRES_URL, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}")
        made = PostgresInbox({"conninfo": machine.POSTGRES_URL, "options": f"-c search_path={schema}"})
        yield made
        made.close()
        connection.execute(f"DROP SCHEMA {schema} CASCADE")


def message(name: str = "1", payload: bytes = b"x", received: int = START, **told: Any) -> Message:
    return Message("gateway:A", name, f"digest of {payload!r}", received, 1, payload, **told)


def test_a_message_is_kept_once_by_its_name(inbox: Inbox) -> None:
    assert inbox.accept(message()) == [Stored()]
    assert inbox.accept(message()) == [Stored(repeated=True)]
    assert inbox.accept(message(payload=b"other")) == [Stored(contradicts=True)]
    assert inbox.accept(message("2", b"other")) == [Stored()]
    assert inbox.waiting() == 2


def test_the_last_reading_of_each_register_is_known_at_once(inbox: Inbox) -> None:
    def told(register: int, time: int, value: float) -> Latest:
        return Latest(register, time, value, START)

    inbox.accept(message("1", latest=(told(2, 20, 2.0), told(1, 10, 1.0))))
    inbox.accept(message("2", latest=(told(1, 30, 3.0),)))
    inbox.accept(message("3", latest=(told(1, 5, 0.5), told(2, 20, 2.5))))
    inbox.accept(message("2", latest=(told(1, 40, 4.0),)))
    assert inbox.latest() == {1: told(1, 30, 3.0), 2: told(2, 20, 2.5)}
    assert inbox.latest([2, 9]) == {2: told(2, 20, 2.5)}
    assert inbox.latest([]) == {}


def test_batches_are_taken_in_order_and_come_again_until_they_are_finished(inbox: Inbox) -> None:
    for name in "abc":
        inbox.accept(message(name, name.encode() * 10))
    first = inbox.take(after=7, most_bytes=20)
    assert first is not None
    assert (first.number, [payload for *_rest, payload in first.messages]) == (8, [b"a" * 10, b"b" * 10])
    inbox.accept(message("d", b"d"))
    assert inbox.take(after=7, most_bytes=20) == first
    inbox.finish(8, START)
    second = inbox.take(after=8, most_bytes=20)
    assert second is not None
    assert (second.number, [payload for *_rest, payload in second.messages]) == (9, [b"c" * 10, b"d"])
    inbox.finish(9, START)
    assert inbox.take(after=9, most_bytes=20) is None
    assert inbox.waiting() == 0


def test_a_message_larger_than_a_batch_goes_alone(inbox: Inbox) -> None:
    inbox.accept(message("a", b"a" * 100), message("b", b"b"))
    taken = inbox.take(0, 10)
    assert taken is not None
    assert len(taken.messages) == 1


def test_a_moved_message_is_still_known_for_thirty_days(inbox: Inbox) -> None:
    inbox.accept(message())
    taken = inbox.take(0, 100)
    assert taken is not None
    inbox.finish(taken.number, START + 29 * 96 * QUARTER)
    assert inbox.accept(message()) == [Stored(repeated=True)]
    inbox.finish(taken.number, START + 31 * 96 * QUARTER)
    assert inbox.accept(message()) == [Stored()]


def test_all_messages_of_one_acceptance_or_none(inbox: Inbox) -> None:
    with pytest.raises(Exception, match=r"(?i)null"):
        inbox.accept(message("a"), Message("s", None, "d", 1, 1, b"x"))  # type: ignore[arg-type]
    assert inbox.waiting() == 0
    assert inbox.accept(message("a")) == [Stored()]


def test_refusals_are_counted_by_sender_meter_and_reason(inbox: Inbox) -> None:
    refused = (Refused("E-9", "unknown_meter", 3, "E-9"), Refused("E-1", "bad_time", 1, "soon"))
    inbox.accept(message("1", b"", refused=refused))
    inbox.accept(message("1", b"", refused=refused))
    inbox.accept(message("2", b"y", received=START + QUARTER, refused=(Refused("E-9", "unknown_meter", 2, "E-9"),)))
    found = {(one["meter"], one["reason"]): (one["times"], one["first"], one["latest"]) for one in inbox.refusals()}
    assert found == {("E-9", "unknown_meter"): (5, START, START + QUARTER), ("E-1", "bad_time"): (1, START, START)}
    assert inbox.refusals(["gateway:B"]) == []
    assert len(inbox.refusals(["gateway:A"])) == 2
    assert inbox.waiting() == 1


def test_one_at_a_time_may_write_to_the_lake(inbox: Inbox) -> None:
    with inbox.exclusive() as ours:
        assert ours
        with inbox.exclusive(wait_s=0.1) as theirs:
            assert not theirs
    with inbox.exclusive(wait_s=0.1) as again:
        assert again


def test_many_senders_at_once(inbox: Inbox) -> None:
    def send(sender: int) -> None:
        for number in range(20):
            inbox.accept(message(f"{sender} {number % 10}"))

    threads = [threading.Thread(target=send, args=(sender,)) for sender in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert inbox.waiting() == 40


def test_readings_go_into_the_lake_once_and_contradictions_are_marked(inbox: Inbox, tmp_path: Path) -> None:
    place = Place(inbox, Lake(str(tmp_path / "lake")), book(2))
    times = [START, START + QUARTER, START + QUARTER]
    place.put(times, [1.0, 2.0, 2.5])
    place.put([*times, START], [1.0, 2.0, 2.5, 9.0])
    place.put([START, START + 2 * QUARTER], [1.0, 3.0], register=[2, 1])
    assert raw(place.lake) == [
        (1, START, 1.0, 0), (1, START, 9.0, 4), (1, START + QUARTER, 2.0, 0), (1, START + QUARTER, 2.5, 4),
        (1, START + 2 * QUARTER, 3.0, 0), (2, START, 1.0, 0),
    ]  # fmt: skip


def test_a_value_after_one_that_meant_none_is_no_contradiction(inbox: Inbox, tmp_path: Path) -> None:
    place = Place(inbox, Lake(str(tmp_path / "lake")), book(1))
    place.put([START], [float("nan")], mark=1)
    place.put([START], [float("nan")], mark=1)
    place.put([START], [5.0])
    assert raw(place.lake)[0][2:] == (5.0, 0)
    assert len(raw(place.lake)) == 2

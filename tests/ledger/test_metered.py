"""Months that meters measured come into the ledger once, and again where they have changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nengtan.identity.access import Forbidden, system_actor
from nengtan.identity.models import AuditEvent
from nengtan.ledger.models import ActivityFact
from nengtan.ledger.services import FactInput, close_year, correct_fact, enter_fact, withdraw_fact
from nengtan.ledger.services.metered import LeftOut, Posted, post_metered
from nengtan.registry.services import save_meter
from nengtan.telemetry.sent import Sent
from nengtan.telemetry.services import accept, bring_up_to_date
from tests.cast import Cast
from tests.telemetry.lakes import QUARTER, START

JANUARY, FEBRUARY = 31 * 96, 28 * 96


@pytest.fixture(autouse=True)
def _own_lake(settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.LAKE, settings.INBOX = tmp_path / "lake", tmp_path / "inbox.sqlite3"
    yield
    from nengtan.telemetry.inbox import open_inbox

    with open_inbox().transaction() as cursor:
        cursor.execute("DELETE FROM inbox_message")


@pytest.fixture
def meter(cast: Cast) -> Any:
    return save_meter(system_actor(), cast.institutions["school"], {"code": "E-1", "carrier": "electricity"})


def read(first: int, last: int, per: float = 0.5, start: float = 0, code: str = "E-1") -> None:
    """A register that goes up evenly, from one quarter of 2026 to another."""
    at = np.arange(first, last + 1)
    sent = Sent([(code, "")], np.zeros(len(at), np.int64), at, START + at * QUARTER, start + at * per)
    assert accept(system_actor(), sent, "test").accepted == len(at)
    bring_up_to_date()


def by_hand(cast: Cast, meter: Any, quantity: int) -> FactInput:
    school = cast.institutions["school"]
    return FactInput(school, "electricity", 202601, Decimal(quantity), "kWh", origin="meter", meter=meter)


def counts(done: Posted) -> tuple[int, int, int]:
    return done.entered, done.corrected, done.unchanged


def facts() -> list[tuple[int, Decimal | None, str, int]]:
    rows = ActivityFact.objects.order_by("pk").values_list("period", "quantity", "origin", "standing")
    return [(period, quantity, origin, standing) for period, quantity, origin, standing in rows]


def test_months_that_are_over_once(meter: Any) -> None:
    read(0, JANUARY + FEBRUARY)
    assert counts(post_metered(system_actor())) == (2, 0, 0)
    assert facts() == [(202601, Decimal(1488), "meter", 1), (202602, Decimal(1344), "meter", 1)]
    assert counts(post_metered(system_actor())) == (0, 0, 2)
    fact = ActivityFact.objects.earliest("pk")
    assert (fact.meter, fact.entered_quantity, fact.entered_unit) == (meter, "1488", "kWh")
    assert fact.note == "100.00% + 0.00% + 0.00%"
    assert AuditEvent.objects.filter(action="fact.enter").count() == 2


def test_what_changes_is_corrected_and_the_old_figure_stays(meter: Any) -> None:
    read(0, JANUARY)
    post_metered(system_actor())
    meter.ratio = 2
    meter.save()
    bring_up_to_date()
    assert counts(post_metered(system_actor())) == (0, 1, 0)
    assert facts() == [(202601, Decimal(1488), "meter", 2), (202601, Decimal(2976), "meter", 1)]
    assert AuditEvent.objects.filter(action="fact.correct").count() == 1


def test_a_month_of_which_too_much_is_missing_is_left_out(meter: Any) -> None:
    read(0, JANUARY - 96)
    done = post_metered(system_actor())
    assert (counts(done), done.left_out) == ((0, 0, 0), [LeftOut("E-1", 202601, "missing", "0.032258")])
    read(JANUARY - 96, JANUARY)
    assert counts(post_metered(system_actor())) == (1, 0, 0)


def test_a_month_that_is_not_over_waits(meter: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    read(0, JANUARY)
    for day, entered in ((1, 0), (2, 1)):
        moment = dt.datetime(2026, 2, day, 0, 1, tzinfo=dt.timezone(dt.timedelta(hours=8)))
        monkeypatch.setattr("nengtan.telemetry.queries.stored.timezone.now", lambda moment=moment: moment)
        assert post_metered(system_actor()).entered == entered


def test_what_a_person_entered_or_took_back_stays(cast: Cast, meter: Any) -> None:
    own = FactInput(
        cast.institutions["school"], "electricity", 202601, Decimal(1500), "kWh", origin="meter", meter=meter
    )
    enter_fact(system_actor(), own)
    read(0, JANUARY + FEBRUARY)
    done = post_metered(system_actor())
    assert (counts(done), [one.reason for one in done.left_out]) == ((1, 0, 0), ["by_hand"])
    withdraw_fact(system_actor(), ActivityFact.objects.latest("pk"), "The meter was wrong.")
    assert [one.reason for one in post_metered(system_actor()).left_out] == ["by_hand", "by_hand"]
    assert counts(post_metered(system_actor())) == (0, 0, 0)


def test_a_correction_by_a_person_stays(cast: Cast, meter: Any) -> None:
    read(0, JANUARY)
    post_metered(system_actor())
    own = by_hand(cast, meter, 1)
    correct_fact(system_actor(), ActivityFact.objects.get(), own, "Read by hand.")
    assert counts(post_metered(system_actor())) == (0, 0, 0)


def test_closed_years_stay_closed(cast: Cast, meter: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: dt.datetime(2027, 2, 1, tzinfo=dt.UTC))
    enter_fact(system_actor(), FactInput(cast.institutions["school"], "water", 202601, Decimal(1), "m3"))
    close_year(system_actor(), cast.regions["420106"], 2026)
    read(0, JANUARY)
    assert [one.reason for one in post_metered(system_actor()).left_out] == ["closed_year"]


def test_each_enters_the_months_of_their_own_meters(cast: Cast, meter: Any) -> None:
    read(0, JANUARY)
    with pytest.raises(Forbidden):
        post_metered(cast.actor("service"))
    assert counts(post_metered(cast.actor("neighbour"))) == (0, 0, 0)
    assert counts(post_metered(cast.actor("statistician"))) == (1, 0, 0)


def test_over_the_api_down_to_the_quarters_of_an_hour(cast: Cast, meter: Any) -> None:
    read(0, JANUARY)
    told = cast.client("statistician").post("/api/metered-months", headers=cast.bearer("statistician"))
    assert told.json() == {"entered": 1, "corrected": 0, "unchanged": 0, "left_out": []}
    fact = ActivityFact.objects.get()
    quarters = cast.client("district").get(f"/api/facts/{fact.pk}/intervals").json()
    assert len(quarters) == JANUARY
    assert (quarters[0]["time"], sum(one["value"] for one in quarters)) == ("2026-01-01T00:00:00+08:00", 1488.0)
    assert cast.client("neighbour").get(f"/api/facts/{fact.pk}/intervals").status_code == 404
    enter_fact(system_actor(), FactInput(cast.institutions["school"], "water", 202601, Decimal(1), "m3"))
    assert cast.client("district").get(f"/api/facts/{fact.pk + 1}/intervals").status_code == 404

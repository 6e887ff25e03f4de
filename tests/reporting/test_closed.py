"""A body closed or merged in the middle of a year: what it owes, who reports afterwards, what is no longer taken."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from click.testing import CliRunner
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from nengtan.domain.returns import slots
from nengtan.domain.returns.steps import Action, State
from nengtan.identity.access import system_actor
from nengtan.registry.models import Institution, InstitutionEvent
from nengtan.registry.services import EventInput, record_event
from nengtan.reporting.closing import Closing, closings
from nengtan.reporting.commands import returns
from nengtan.reporting.lateness import days_late, is_late
from nengtan.reporting.models import Return
from nengtan.reporting.queries.bench import Bench
from nengtan.reporting.queries.overview import Overview
from nengtan.reporting.queries.rollup import Rollup
from nengtan.reporting.services import CellChange, open_returns, save_cells, take_step
from nengtan.reporting.services.reminding import waiting
from tests.cast import Cast
from tests.reporting.english import _in_english

__all__ = ["_in_english"]

PLACE = ("--region", "420106", "--period", "2023-Q1")
NOT_OWED = "closed before the period began"


def ended(cast: Cast, on: date, *after: Institution, of: str = "school") -> None:
    kind = InstitutionEvent.Kind.MERGED if after else InstitutionEvent.Kind.CLOSED
    before = [cast.institutions[of]]
    record_event(system_actor(), EventInput(kind, on, before=before, after=list(after)))


def held(school: Return) -> Return:
    return Return.objects.select_related("institution", "region").get(pk=school.pk)


@pytest.fixture
def other(cast: Cast) -> Institution:
    return next(body for name, body in cast.institutions.items() if name != "school" and body.region_id)


@pytest.mark.parametrize(
    ("on", "months"),
    [
        (date(2022, 12, 31), ()), (date(2023, 1, 1), ()), (date(2023, 1, 2), (202301,)), (date(2023, 2, 1), (202301,)),
        (date(2023, 2, 15), (202301, 202302)), (date(2023, 6, 1), (202301, 202302, 202303)),
    ],
)  # fmt: skip
def test_a_month_is_owed_if_the_body_lived_in_it(cast: Cast, school: Return, on: date, months: tuple[int, ...]) -> None:
    assert closings([held(school)]) == {}
    ended(cast, on)
    assert closings([held(school)]) == {school.pk: Closing(on, months)}


def test_the_page_says_what_is_owed_and_who_reports_since(cast: Cast, school: Return, other: Institution) -> None:
    ended(cast, date(2023, 3, 1), other)
    page = cast.client("statistician").get(reverse("return", args=[school.pk])).content.decode()
    assert "was closed on 2023-03-01: of this period it reports 2023-01 to 2023-02, 2 of 3 months." in page
    assert f"From then on {other.name} reports." in page
    assert "data-save" in page, "it is still filled in"
    bench = (
        cast.client("district").get(reverse("workbench"), {"region": "420106", "period": "2023-Q1"}).content.decode()
    )
    assert "closed on 2023-03-01, 2 of 3 months owed" in bench
    told = Client().get(f"/api/returns/{school.pk}", headers=cast.bearer("statistician")).json()
    assert (told["closed_on"], told["months_owed"], told["reports_since"]) == ("2023-03-01", 2, [other.name])
    ran = CliRunner().invoke(returns, ["status", "--region", "420106", "--period", "2023-Q1", "--format", "json"])
    row = next(row for row in json.loads(ran.stdout) if row["code"] == "420106-S1")
    assert (row["closed"], row["months_owed"]) == ("2023-03-01", 2)


def test_nothing_is_owed_or_taken_for_a_period_after_the_end(cast: Cast, school: Return) -> None:
    assert is_late(held(school), date(2023, 5, 1))
    ended(cast, date(2022, 12, 31))
    of = held(school)
    assert (days_late(of, date(2023, 5, 1)), is_late(of, date(2023, 5, 1))) == (None, False)
    for act in (
        lambda: save_cells(cast.actor("statistician"), of, [CellChange("elec_qty", Decimal(1), 1)]),
        lambda: take_step(cast.actor("statistician"), of, Action.SUBMIT),
    ):
        with pytest.raises(ValidationError, match=NOT_OWED):
            act()
    client = cast.client("statistician")
    page = client.get(reverse("return", args=[school.pk])).content.decode()
    assert "before this period began: no return is owed, and none is taken." in page
    assert "data-save" not in page
    answer = Client().patch(
        f"/api/returns/{school.pk}/cells", {"cells": [{"indicator": "elec_qty", "value": 1, "seen": 1}]},
        content_type="application/json", headers=cast.bearer("statistician") | {"Accept-Language": "en"},
    )  # fmt: skip
    assert (answer.status_code, NOT_OWED in answer.content.decode()) == (422, True)
    assert held(school).values.get(indicator="elec_qty").value == 30000


def test_what_is_not_owed_is_counted_nowhere(cast: Cast, school: Return) -> None:
    """Of three returns one is approved, and its body turns out to have been closed before: two are owed."""
    Return.objects.filter(pk=school.pk).update(state=State.APPROVED)
    actor, district, period = cast.actor("district"), cast.regions["420106"], school.period

    def counts() -> tuple[tuple[int, ...], ...]:
        summary = Rollup(actor, district, period).summary(5)
        rollup = summary.coverage[summary.heads[0]]
        overview, bench = Overview(actor, district, period).total, Bench(actor, district, period)
        listed = CliRunner().invoke(returns, ["status", *PLACE, "--format", "json"])
        told = waiting(date(2023, 5, 1))
        return (
            (rollup.present, rollup.expected), (overview.owed, overview.handed_in, overview.missing, overview.late),
            (len(bench.rows), bench.handed_in, bench.missing, bench.late), (len(json.loads(listed.stdout)), len(told)),
        )  # fmt: skip

    assert counts() == ((1, 3), (3, 1, 2, 2), (3, 1, 2, 2), (3, 2))
    ended(cast, date(2022, 12, 31))
    assert counts() == ((0, 2), (2, 0, 2, 2), (2, 0, 2, 2), (2, 2))
    ended(cast, date(2023, 1, 1), of="hospital")
    assert counts() == ((0, 1), (1, 0, 1, 1), (1, 0, 1, 1), (1, 1))


@pytest.mark.parametrize("period", [slots.annual(2023), slots.quarter(2023, 2), slots.month(2023, 4)], ids=str)
@pytest.mark.parametrize(
    "closed", [None, *(date(2023, month, day) for month in (1, 3, 4, 5, 7) for day in (1, 2, 28)), date(2024, 1, 1)]
)
def test_the_database_and_the_page_mean_the_same_by_owed(
    cast: Cast, school: Return, period: slots.Slot, closed: date | None
) -> None:
    Institution.objects.filter(pk=school.institution_id).update(closed_on=closed)
    Return.objects.filter(pk=school.pk).update(year=period.year, slot=period.number, kind=period.kind)
    of = held(school)
    assert Return.objects.owed().filter(pk=of.pk).exists() == bool(of.months_owed)


def test_no_return_is_opened_after_the_end_and_asking_for_one_says_why(cast: Cast, school: Return) -> None:
    ended(cast, date(2023, 3, 15))
    open_returns(cast.actor("district"), cast.regions["420106"], slots.quarter(2023, 2))
    assert not Return.objects.filter(institution=school.institution, slot=6).exists()

    def run(*words: str) -> Any:
        return CliRunner().invoke(returns, [*words, "--institution", "420106-S1", "--period", "2023-Q2"])

    for ran in (run("fill", "elec_qty=1"), run("submit")):
        assert ran.exit_code == 2
        assert "was closed on 2023-03-15, before 2023-Q2 began" in ran.output

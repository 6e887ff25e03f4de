"""A return is in time or late by its first handing in; what was sent back has a day of its own."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from nengtan.domain.returns.steps import Action
from nengtan.reporting import clock
from nengtan.reporting.lateness import days_again, days_late, deadline, is_late, overdue
from nengtan.reporting.models import Return
from nengtan.reporting.report.gather import filings
from nengtan.reporting.services import CellChange, explain, extend, review, save_cells, take_step, take_steps
from nengtan.reporting.services.reminding import waiting
from nengtan.reporting.totals import Counted
from nengtan.reporting.wording import lateness_word
from tests.cast import Cast
from tests.reporting.desk import QUARTER, handed_in, opened
from tests.reporting.english import _in_english

__all__ = ["_in_english"]


@pytest.fixture
def school(cast: Cast) -> Return:
    """Due on 15 April, handed in on 10 April, sent back on 20 April to be in again by the 30th."""
    of = opened(cast)
    with clock.at(date(2023, 4, 10)):
        handed_in(cast, of)
    with clock.at(date(2023, 4, 20)):
        take_step(cast.actor("district"), of, Action.SEND_BACK, "the water", date(2023, 4, 30))
    return of


def again(cast: Cast, of: Return, day: date) -> None:
    """Through the three hands of the school once more."""
    with clock.at(day):
        held = of.values.get(indicator="water_qty", record="")
        changed = (held.value or 0) + 1
        save_cells(cast.actor("statistician"), of, [CellChange("water_qty", changed, held.version)])
        for finding in review([of])[of.pk]:
            explain(cast.actor("statistician"), of, finding.rule, "as billed", indicator=finding.cell.indicator)
        take_step(cast.actor("statistician"), of, Action.SUBMIT)
        for who in ("statistics_head", "unit_head"):
            take_step(cast.actor(who), of, Action.PASS)


def test_what_was_in_time_stays_in_time(cast: Cast, school: Return) -> None:
    assert (days_late(school, date(2023, 4, 25)), days_again(school, date(2023, 4, 25))) == (-5, -5)
    again(cast, school, date(2023, 5, 4))
    assert (days_late(school), days_again(school), is_late(school)) == (-5, 4, False)
    assert lateness_word(school) == "again 4 days late"
    assert school.first_reported_at is not None
    assert timezone.localdate(school.first_reported_at) == date(2023, 4, 10)


def test_what_was_late_stays_late_however_soon_it_is_mended(cast: Cast) -> None:
    of = opened(cast)
    with clock.at(date(2023, 4, 18)):
        handed_in(cast, of)
        take_step(cast.actor("district"), of, Action.SEND_BACK, "the water")
    assert of.again_by is None
    again(cast, of, date(2023, 4, 19))
    assert (days_late(of), days_again(of), lateness_word(of)) == (3, None, "handed in 3 days late")


def test_what_was_sent_back_without_a_day_is_owed_since_the_day_it_was_due(cast: Cast) -> None:
    """Due on 15 April, handed in on the 10th, sent back on the 11th: on the 20th it is five days overdue, not late."""
    of = opened(cast)
    with clock.at(date(2023, 4, 10)):
        handed_in(cast, of)
    with clock.at(date(2023, 4, 11)):
        take_step(cast.actor("district"), of, Action.SEND_BACK, "the water")
    of.refresh_from_db()
    with clock.at(date(2023, 4, 20)):
        assert (days_late(of), days_again(of), is_late(of), deadline(of)) == (-5, 5, False, date(2023, 4, 15))
        assert of in Return.objects.filter(overdue(clock.today()))
    assert of not in Return.objects.filter(overdue(date(2023, 4, 15)))
    assert [item.days_late for item in waiting(date(2023, 4, 20)) if item.of == of] == [5]
    again(cast, of, date(2023, 4, 21))
    assert (days_late(of), days_again(of)) == (-5, None)


def test_who_is_reminded_of_what_was_sent_back(cast: Cast, school: Return) -> None:
    assert [(item.days_late, item.day) for item in waiting(date(2023, 5, 2)) if item.of == school] == [
        (2, date(2023, 4, 30))
    ]
    with clock.at(date(2023, 5, 1)):
        extend(cast.actor("district"), school, date(2023, 5, 10), "holidays")
    school.refresh_from_db()
    assert school.due_on == date(2023, 4, 15), "the first day stands"
    assert school.again_by == deadline(school) == date(2023, 5, 10)
    assert not [item for item in waiting(date(2023, 5, 2)) if item.of == school and item.days_late > 0]


def test_the_notice_tells_both(cast: Cast, school: Return) -> None:
    counted = Counted(cast.regions["420106"], QUARTER)
    with clock.at(date(2023, 5, 2)):
        told = {item.name: item for item in filings(counted, counted.returns.select_related("institution"))}
    found = told[cast.institutions["school"].name]
    assert (str(found.handed), found.sent_back, found.days_late, found.days_again) == ("in_time", 1, None, 2)
    assert str(told[cast.institutions["hospital"].name].handed) == "outstanding"


def test_only_what_is_sent_back_has_such_a_day_and_none_that_is_past(cast: Cast, school: Return) -> None:
    with pytest.raises(ValidationError):
        take_step(cast.actor("statistician"), school, Action.SUBMIT, "", date(2023, 5, 1))
    again(cast, school, date(2023, 4, 22))
    with clock.at(date(2023, 4, 25)):
        with pytest.raises(ValidationError):
            take_steps(cast.actor("district"), [school], Action.SEND_BACK, "the water", date(2023, 4, 24))
        take_steps(cast.actor("district"), [school], Action.SEND_BACK, "the water")
    school.refresh_from_db()
    assert school.again_by is None, "each sending back has its own day, or none"


def test_every_door_takes_the_day(cast: Cast, school: Return) -> None:
    again(cast, school, date(2023, 4, 22))
    with clock.at(date(2023, 4, 25)):
        told = {"action": "send_back", "reason": "the gas", "again_by": "2023-05-05"}
        client: Any = cast.client("anonymous")
        made = client.post(f"/api/returns/{school.pk}/steps", told, "application/json", headers=cast.bearer("district"))
        assert (made.status_code, made.json()["again_by"], made.json()["days_again"]) == (201, "2023-05-05", -10)
        again(cast, school, date(2023, 4, 26))
        page = cast.client("district")
        page.post(f"/returns/{school.pk}/step/", {**told, "again_by": "2023-05-06"})
        school.refresh_from_db()
        assert school.again_by == date(2023, 5, 6)
        shown = page.get(f"/returns/{school.pk}/").content.decode()
        assert "first reported at 2023-04-10" in " ".join(shown.split())
        assert "to be handed in again by 2023-05-06" in " ".join(shown.split())
        again(cast, school, date(2023, 4, 27))
        bench = "/returns/workbench/act/?region=420106&period=2023-Q1"
        page.post(bench, {"of": school.pk, **told, "again_by": "2023-05-07"})
        school.refresh_from_db()
        assert (school.state, school.again_by) == ("returned", date(2023, 5, 7))

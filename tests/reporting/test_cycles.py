"""Deadlines of regions, periods that open by themselves, reminders sent once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import ValidationError

from nengtan.domain.returns import slots
from nengtan.domain.returns.scheme import Task
from nengtan.identity.access import Forbidden, system_actor
from nengtan.reporting import clock
from nengtan.reporting.deadlines import Deadlines, calendar_of
from nengtan.reporting.models import CycleSetting, Extension, Reminder, Return
from nengtan.reporting.services import extend, open_returns
from nengtan.reporting.services.cycles import DeadlineInput, drop_deadline, open_due, set_cycle, set_deadline
from nengtan.reporting.services.reminding import digests, remind
from tests.cast import Cast
from tests.reporting.desk import QUARTER
from tests.reporting.english import _in_english

__all__ = ["_in_english"]

YEAR = slots.annual(2023)


@pytest.fixture
def mailing(settings: Any) -> None:
    """A mail server is set up; mails land in Django's outbox."""
    settings.CONFIG = replace(settings.CONFIG, email_url="smtp://mail.example.org")


@pytest.fixture
def due(cast: Cast) -> list[Return]:
    """The district's first quarter of 2023, due on 15 April."""
    open_returns(cast.actor("district"), cast.regions["420106"], QUARTER)
    return list(Return.objects.all())


def day_of(cast: Cast, region: str, period: slots.Slot = YEAR, task: Task = Task.REPORT) -> date | None:
    return Deadlines().due(period, cast.regions[region], task)


def test_a_regions_own_day_holds_over_that_of_the_level_above(cast: Cast) -> None:
    assert day_of(cast, "420106") == date(2024, 1, 31), "the platform's suggestion"
    set_deadline(cast.actor("province"), cast.regions["420000"], DeadlineInput("annual", days_after=20))
    set_deadline(cast.actor("district"), cast.regions["420106"], DeadlineInput("annual", month=1, day=15))
    assert day_of(cast, "420106") == date(2024, 1, 15)
    assert day_of(cast, "420111") == date(2024, 1, 20)
    assert day_of(cast, "330106") == date(2024, 1, 31)
    assert day_of(cast, "420106", task=Task.FINAL) == date(2024, 3, 31)


def test_returns_not_handed_in_follow_a_new_day_and_extended_ones_do_not(cast: Cast, due: list[Return]) -> None:
    extend(cast.actor("district"), due[0], date(2023, 6, 1), "the statistician is new")
    row, moved = set_deadline(cast.actor("district"), cast.regions["420106"], DeadlineInput("quarter", days_after=5))
    assert moved == 2
    assert sorted(Return.objects.values_list("due_on", flat=True)) == [
        date(2023, 4, 5), date(2023, 4, 5), date(2023, 6, 1),
    ]  # fmt: skip
    assert drop_deadline(cast.actor("district"), row) == 2
    assert Return.objects.filter(due_on=date(2023, 4, 15)).count() == 2
    assert Extension.objects.get().reason == "the statistician is new"


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (DeadlineInput("annual"), "days_after"),
        (DeadlineInput("annual", days_after=5, month=1, day=2), "days_after"),
        (DeadlineInput("annual", month=2), "days_after"),
        (DeadlineInput("annual", month=4, day=31), "day"),
        (DeadlineInput("annual", month=13, day=1), "month"),
        (DeadlineInput("weekly", days_after=5), "kind"),
    ],
)
def test_a_day_that_is_none_is_told_by_its_field(cast: Cast, data: DeadlineInput, field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        set_deadline(cast.actor("district"), cast.regions["420106"], data)
    assert field in refused.value.message_dict


@pytest.mark.parametrize("who", ["neighbour", "education", "statistician", "outsider"])
def test_only_managers_of_the_region_set_its_days(cast: Cast, who: str) -> None:
    with pytest.raises(Forbidden):
        set_deadline(cast.actor(who), cast.regions["420106"], DeadlineInput("annual", days_after=5))


def test_the_calendar_has_what_is_due_in_a_year_and_says_what_is_only_suggested(cast: Cast) -> None:
    lines = calendar_of(cast.regions["420106"], date(2024, 1, 1), date(2024, 12, 31))
    annual = {(str(line.period), line.task): (line.day, line.is_verified) for line in lines if line.period == YEAR}
    assert annual == {
        ("2023-00", Task.REPORT): (date(2024, 1, 31), False),
        ("2023-00", Task.REVIEW): (date(2024, 2, 28), False),
        ("2023-00", Task.FINAL): (date(2024, 3, 31), True),
    }
    assert [line.day for line in lines] == sorted(line.day for line in lines)
    assert sum(line.period.kind is slots.Kind.MONTH for line in lines) == 12


def test_periods_that_ended_open_by_themselves_and_once(cast: Cast) -> None:
    region = cast.regions["420106"]
    set_cycle(cast.actor("district"), CycleSetting(region=region, opens_months=True, opens_years=True))
    with clock.at(date(2023, 3, 1)):
        opened = open_due(system_actor())
        assert open_due(system_actor()) == {}
    assert {"420106 2022-00": 3, "420106 2023-01": 3, "420106 2023-02": 3}.items() <= opened.items()
    assert not Return.objects.filter(kind="quarter").exists()
    assert not Return.objects.filter(year=2023, slot__gte=3).exists()


def test_nothing_is_sent_where_no_mail_server_is_set_up(cast: Cast, due: list[Return]) -> None:
    assert remind(date(2023, 4, 20)) == 0
    assert not Reminder.objects.exists()


@pytest.mark.usefixtures("mailing", "due")
def test_each_is_written_to_once_a_day_whatever_is_repeated(
    cast: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    for _again in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            remind(date(2023, 4, 20))
    sent = sorted((tuple(item.to), item.subject) for item in mail.outbox)
    assert [to for to, _subject in sent] == [("district@example.org",), ("statistician@example.org",)]
    assert all(item.sent_at for item in Reminder.objects.all())
    body = next(item.body for item in mail.outbox if item.to == ["district@example.org"])
    assert "The school" in body
    assert "The office" in body
    with django_capture_on_commit_callbacks(execute=True):
        remind(date(2023, 4, 21))
    assert len(mail.outbox) == 4


@pytest.mark.usefixtures("mailing", "due")
def test_a_mail_that_did_not_leave_is_tried_again(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    def broken(*_args: Any, **_options: Any) -> None:
        raise ConnectionRefusedError("no mail server")

    with monkeypatch.context() as patched, django_capture_on_commit_callbacks(execute=True):
        patched.setattr("nengtan.reporting.services.reminding.send_mail", broken)
        remind(date(2023, 4, 20))
    assert {(item.sent_at, item.fault) for item in Reminder.objects.all()} == {(None, "no mail server")}
    with django_capture_on_commit_callbacks(execute=True):
        remind(date(2023, 4, 20))
    assert len(mail.outbox) == 2
    assert not Reminder.objects.filter(sent_at=None).exists()


@pytest.mark.usefixtures("due")
def test_the_level_above_hears_of_those_too_late_and_of_no_others(cast: Cast) -> None:
    district, city = cast.user("district"), cast.user("city")
    soon, late = digests(date(2023, 4, 20)), digests(date(2023, 4, 26))
    assert len(soon[district].late) == 3
    assert city not in soon
    assert len(late[city].escalated) == 3
    assert not late[city].late
    assert cast.user("province") not in late
    assert cast.user("neighbour") not in late
    assert cast.user("outsider") not in late


@pytest.mark.usefixtures("due")
def test_before_the_day_only_those_whose_turn_it_is_are_told(cast: Cast) -> None:
    told = digests(date(2023, 4, 13))
    assert set(told) == {cast.user("statistician")}
    assert len(told[cast.user("statistician")].due) == 1
    assert digests(date(2023, 4, 11)) == {}

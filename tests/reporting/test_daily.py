"""The daily work of the statistics is started by the worker once a day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from nengtan.identity.access import system_actor
from nengtan.reporting import clock
from nengtan.reporting.models import CycleSetting, Return
from nengtan.reporting.services.cycles import set_cycle
from nengtan.ui.jobs import Job, recurring, start_due
from nengtan.ui.jobs.tasks import find
from tests.cast import Cast


@pytest.fixture
def _at_any_hour(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.JOBS_INLINE = True
    assert find("returns.open_due") is not None
    daily = {kind: replace(item, hour=0) for kind, item in recurring._daily.items()}
    monkeypatch.setattr(recurring, "_daily", daily)


@pytest.mark.usefixtures("_at_any_hour")
def test_what_is_due_is_started_once_a_day_and_opens_what_has_ended(cast: Cast) -> None:
    set_cycle(system_actor(), CycleSetting(region=cast.regions["420106"], opens_years=True))
    with clock.at(date(2024, 1, 3)):
        started = {job.kind: job.state for job in start_due()}
        assert start_due() == []
    assert started["returns.open_due"] == started["returns.remind"] == Job.State.DONE
    assert Return.objects.filter(year=2023, kind="annual").count() == 3

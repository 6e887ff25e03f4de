"""Simulated meters: the same figures however they are asked for, trees that add up, faults where they are put."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nengtan.demo.district import SEED, build
from nengtan.demo.live import ANCHOR, DAY, QUARTER, LiveMeter, live_meters, quarters, sample
from nengtan.domain.metering.rules import HOUR

CHINA = 8 * HOUR
BUILT = ANCHOR - CHINA + 60 * DAY + 10 * HOUR
"""Ten in the morning of 2 March 2026 in China, a Monday."""

METERS = live_meters(build(SEED).institutions)
WEEK = quarters(BUILT - 7 * DAY, BUILT)


def shown(code: str, time: Any = WEEK) -> Any:
    read = sample(SEED, METERS, time, BUILT, CHINA)
    return read.value[list(read.codes).index(code)]


def test_asked_for_in_pieces_it_is_the_same() -> None:
    whole = sample(SEED, METERS, WEEK, BUILT, CHINA).value
    parts = [sample(SEED, METERS, WEEK[part], BUILT, CHINA).value for part in (slice(0, 100), slice(100, None))]
    assert np.array_equal(whole, np.concatenate(parts, axis=1), equal_nan=True)


def test_thirteen_houses_by_household_class_and_item() -> None:
    assert len({one.code.split("-")[1] for one in METERS}) == 13
    assert {one.carrier for one in METERS} == {"electricity", "water", "natural_gas"}
    wholes: list[LiveMeter] = [one for one in METERS if one.parts]
    assert len(wholes) == 13
    assert all(len(one.parts) == 4 for one in wholes)


def test_the_upper_meter_shows_its_items_and_a_little_loss() -> None:
    used = {code: np.diff(shown(code)[[0, -1]])[0] for code in ("M-WC111-E", *(f"M-WC111-E-{x}" for x in "ABCD"))}
    parts = sum(used[f"M-WC111-E-{x}"] for x in "ABCD")
    assert used["M-WC111-E"] * 80 == pytest.approx(parts * 1.015, rel=2e-3)


def test_registers_never_fall_where_no_fault_is_put() -> None:
    assert (np.diff(shown("M-WC111-E-B")) >= 0).all()


def test_faults_are_where_they_are_put() -> None:
    local = WEEK + CHINA
    midnight = (BUILT + CHINA) // DAY * DAY
    assert np.isnan(shown("M-WC107-E-D")[local >= midnight - 2 * DAY + 9 * HOUR]).all()
    spike = shown("M-WC025-E-A")
    at = int(np.flatnonzero(local == midnight - 2 * DAY + 10 * HOUR)[0])
    assert spike[at] - spike[at - 1] > 8999
    assert spike[at + 1] - spike[at - 1] < 100
    reset = shown("M-WC017-E-C")
    fallen = int(np.flatnonzero(np.diff(reset) < 0)[0])
    assert local[fallen + 1] == midnight - 2 * DAY + 14 * HOUR
    assert reset[fallen + 1] == 0.0
    nights = local % DAY // HOUR == 3
    leaking, sound = (np.diff(shown(code))[nights[1:]] for code in ("M-WC095-W", "M-WC093-W"))
    assert (leaking > 0).all()
    assert not sound.any()


@pytest.mark.django_db
def test_they_come_in_by_the_door_of_any_gateway_and_go_on(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import timedelta

    from django.utils import timezone

    from nengtan.demo import feeding
    from nengtan.identity.access import system_actor
    from nengtan.registry.models import Region
    from nengtan.registry.services import InstitutionInput, save_institution, save_meter
    from nengtan.telemetry.inbox import open_inbox
    from nengtan.telemetry.models import Register

    settings.LAKE, settings.INBOX = tmp_path / "lake", tmp_path / "inbox.sqlite3"
    region = Region.objects.get(code="420106")
    body = save_institution(system_actor(), InstitutionInput(code="WC107", name="Library", kind="022", region=region))
    save_meter(system_actor(), body, {"code": "M-WC107-E-A", "carrier": "electricity"})
    assert feeding.go_on(tmp_path) == 0
    feeding.begin(tmp_path)
    register = Register.objects.get()
    before = open_inbox().latest()[register.pk]
    later = timezone.now() + timedelta(hours=2)
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert feeding.go_on(tmp_path) >= 8
    assert feeding.go_on(tmp_path) == 0
    after = open_inbox().latest()[register.pk]
    assert after.time - before.time >= 2 * HOUR - QUARTER
    assert after.value > before.value

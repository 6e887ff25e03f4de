"""What a person must look at: said in words, to those who see the meter."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from nengtan.identity.access import Forbidden, system_actor
from nengtan.telemetry.models import Register
from nengtan.telemetry.queries import findings
from nengtan.telemetry.services import bring_up_to_date, save_register
from tests.cast import Cast
from tests.telemetry.test_happenings import at, read

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def odd(meter: Any) -> None:
    """A reset, a jump that did not last, a contradiction, no value, a clock that was never set."""
    read((at(0), 5000), (at(0, 15), 2), (at(0, 30), 3), (at(0, 40), 4903), (at(0, 45), 3), (at(1), 4))
    save_register(system_actor(), meter, {"cap": Decimal(50)}, Register.objects.get())
    read((at(1), 4.5))
    read((at(1, 15), 4294967295))
    bring_up_to_date()


def kinds(cast: Cast, who: str, meter: str = "") -> list[tuple[str, float | None, float | None]]:
    return [(one.kind, one.found, one.before) for one in findings(cast.actor(who), at(0), at(2), meter)]


def test_each_with_what_was_read_and_what_was_taken_before(cast: Cast, odd: None) -> None:
    assert kinds(cast, "statistician") == [
        ("sentinel", 4294967295.0, 4.0), ("conflict", 4.5, 3.0), ("spike", 4903.0, 3.0), ("reset", 2.0, 5000.0),
    ]  # fmt: skip
    assert kinds(cast, "district", "E-1") == kinds(cast, "statistician")
    assert kinds(cast, "district", "E-404") == []
    assert kinds(cast, "neighbour") == []
    with pytest.raises(Forbidden):
        kinds(cast, "outsider")


def test_over_the_api_and_at_the_console_in_words(cast: Cast, odd: None, run: Run) -> None:
    query = {"from": "2026-01-01", "to": "2026-01-02"}
    told = cast.client("unit_head").get("/api/readings/findings", query, headers={"Accept-Language": "en"}).json()
    assert told[-1]["message"].startswith("The register went back from 5000 to 2 and no event says why.")
    assert cast.client("neighbour").get("/api/readings/findings", query).json() == []
    _code, out, _err = run("meters", "findings", "--from", "2026-01-01", "--to", "2026-01-01", "--format", "json")
    assert json.loads(out) == told


def test_nothing_to_look_at(cast: Cast, meter: Any) -> None:
    assert kinds(cast, "statistician") == []
    read((at(0), 1), (at(0, 15), 2))
    bring_up_to_date()
    assert kinds(cast, "statistician") == []

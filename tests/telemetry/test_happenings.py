"""What happens to meters: recorded after the readings came, and consumption follows; by whom, is on record."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from nengtan.identity.access import Forbidden, system_actor
from nengtan.identity.models import AuditEvent
from nengtan.telemetry.models import Gateway, Redo, Register
from nengtan.telemetry.queries import consumption
from nengtan.telemetry.sent import sent_as_json
from nengtan.telemetry.services import (
    accept,
    authenticate_gateway,
    bring_up_to_date,
    end_gateway,
    issue_gateway,
    new_key,
    record_event,
    save_register,
    set_ratio,
    withdraw_event,
)
from tests.cast import Cast

CHINA = dt.timezone(dt.timedelta(hours=8))


def at(hour: int, minute: int = 0) -> dt.datetime:
    return dt.datetime(2026, 1, 1, hour, minute, tzinfo=CHINA)


def read(*told: tuple[dt.datetime, float]) -> None:
    lines = ", ".join(f'{{"meter": "E-1", "time": "{time.isoformat()}", "value": {value}}}' for time, value in told)
    assert accept(system_actor(), sent_as_json(f"[{lines}]".encode()), "test").accepted == len(told)


def used(by: Any = "day") -> list[float | None]:
    bring_up_to_date()
    return [one.value for one in consumption(Register.objects.get(code=""), by)]


def replaced(register: Register, **other: Any) -> Any:
    told = {"kind": "replacement", "at": at(0, 10), "final": Decimal("12345.67"), "start": Decimal("0.12"),
            "document": "No 7", **other}  # fmt: skip
    return record_event(system_actor(), register, told)


def test_a_replacement_recorded_late_explains_the_fall_and_withdrawn_no_more(meter: Any) -> None:
    read((at(0), 12345.00), (at(0, 15), 3.12), (at(0, 30), 4.12))
    assert used() == [1.0]
    register = Register.objects.get()
    event = replaced(register)
    assert used() == [4.67]
    assert Redo.objects.count() == 0
    withdraw_event(system_actor(), event, "It was another meter.")
    assert used() == [1.0]
    with pytest.raises(ValidationError):
        withdraw_event(system_actor(), event, "again")
    actions = list(
        AuditEvent.objects.filter(action__startswith="meterevent").order_by("pk").values_list("action", flat=True)
    )
    assert actions == ["meterevent.add", "meterevent.withdraw"]


def test_the_ratio_changes_in_the_middle_of_a_day(meter: Any) -> None:
    read((at(0), 100), (at(0, 15), 101), (at(0, 30), 102), (at(0, 45), 103))
    assert used() == [3.0]
    set_ratio(system_actor(), meter, {"since": at(0, 30), "ct": Decimal(40), "pt": Decimal(1), "reading": Decimal(102)})
    assert used() == [42.0]
    set_ratio(system_actor(), meter, {"since": at(0, 30), "ct": Decimal(30), "pt": Decimal(2), "reading": Decimal(102)})
    assert used() == [62.0]


def test_a_register_that_rolls_over_does_so_once_its_modulus_is_known(meter: Any) -> None:
    read((at(0), 999998.50), (at(0, 15), 3.25))
    assert used() == [None]
    register = Register.objects.get()
    save_register(system_actor(), meter, {"modulus": Decimal(10**6)}, register)
    assert used() == [4.75]


def test_a_jump_beyond_the_cap_waits_for_the_next_reading(meter: Any) -> None:
    read((at(0), 100), (at(0, 15), 101), (at(0, 30), 5101))
    save_register(system_actor(), meter, {"cap": Decimal(50)}, Register.objects.get())
    assert used("hour") == [1.0]
    read((at(0, 45), 5102))
    assert used("hour") == [5002.0]


def test_registers_that_are_not_cumulative_are_kept_and_make_no_consumption(meter: Any) -> None:
    save_register(system_actor(), meter, {"code": "P", "kind": "instantaneous", "unit": "kW"})
    told = b'[{"meter": "E-1", "register": "P", "time": "2026-01-01T00:00:00+08:00", "value": 12}]'
    assert accept(system_actor(), sent_as_json(told), "test").accepted == 1
    bring_up_to_date()
    assert consumption(Register.objects.get(code="P"), "day") == []


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"at": dt.datetime(1999, 1, 1, tzinfo=CHINA)}, "at"),
        ({"at": dt.datetime(2099, 1, 1, tzinfo=CHINA)}, "at"),
        ({"kind": "stolen"}, "kind"),
        ({"final": Decimal(-1)}, "final"),
        ({"start": Decimal(10**7)}, "start"),
    ],
)
def test_events_that_cannot_be(meter: Any, wrong: dict[str, Any], field: str) -> None:
    register = save_register(system_actor(), meter, {"code": "", "modulus": Decimal(10**6)})
    with pytest.raises(ValidationError) as refused:
        replaced(register, **wrong)
    assert list(refused.value.message_dict) == [field]
    replaced(register)
    with pytest.raises(ValidationError, match="moment already"):
        replaced(register)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"unit": "m3"}, "unit"),
        ({"unit": "furlong"}, "unit"),
        ({"kind": "odd"}, "kind"),
        ({"direction": "up"}, "direction"),
        ({"modulus": Decimal(0)}, "modulus"),
        ({"cap": Decimal(-1)}, "cap"),
        ({"period_s": 0}, "period_s"),
        ({"code": " T"}, "code"),
    ],
)
def test_registers_that_cannot_be(meter: Any, wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        save_register(system_actor(), meter, wrong)
    assert list(refused.value.message_dict) == [field]
    assert not Register.objects.exists()


def test_only_who_keeps_the_register_changes_meters(cast: Cast, meter: Any) -> None:
    save_register(cast.actor("statistician"), meter, {})
    register = Register.objects.get()
    for who, refusal in (("service", Forbidden), ("outsider", Forbidden), ("neighbour", ValidationError)):
        with pytest.raises(refusal):
            save_register(cast.actor(who), meter, {"code": "T1"})
        with pytest.raises(refusal):
            set_ratio(cast.actor(who), meter, {"since": at(1), "ct": Decimal(2), "pt": Decimal(1)})
        with pytest.raises(refusal):
            record_event(cast.actor(who), register, {"kind": "zeroing", "at": at(1), "final": 1, "start": 0})
        with pytest.raises(refusal):
            issue_gateway(cast.actor(who), cast.institutions["school"], "GW")
    assert not Gateway.objects.exists()


def test_the_key_of_a_gateway_is_kept_as_a_hash_and_shown_once(cast: Cast) -> None:
    made, key = issue_gateway(cast.actor("statistician"), cast.institutions["school"], "GW", "Cellar")
    assert key.startswith("ng_")
    assert key not in str(Gateway.objects.values_list())
    assert key not in str(list(AuditEvent.objects.values_list()))
    assert made.digest not in str(list(AuditEvent.objects.values_list()))
    assert authenticate_gateway(key) == made
    second = new_key(cast.actor("statistician"), made)
    assert authenticate_gateway(key) is None
    assert authenticate_gateway(second) == made
    end_gateway(cast.actor("statistician"), made)
    assert authenticate_gateway(second) is None
    with pytest.raises(ValidationError):
        issue_gateway(cast.actor("statistician"), cast.institutions["school"], "GW")

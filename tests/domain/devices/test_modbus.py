"""Register maps: a published map read from hand-made answers, requests that miss nothing and ask for little else."""

from __future__ import annotations

import struct
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nengtan.domain.devices.modbus import MOST, Point, Request, Template, plan, read
from nengtan.domain.frames.modbus import Kind, Order, encode

DTSU666 = Template(
    "Chint",
    "DTSU666",
    "1",
    (
        Point("ua", 3, 0x2006, Kind.F32, scale=Decimal("0.1"), unit="V"),
        Point("ub", 3, 0x2008, Kind.F32, scale=Decimal("0.1"), unit="V"),
        Point("uc", 3, 0x200A, Kind.F32, scale=Decimal("0.1"), unit="V"),
        Point("ia", 3, 0x200C, Kind.F32, scale=Decimal("0.001"), unit="A"),
        Point("p", 3, 0x2012, Kind.F32, scale=Decimal("0.0001"), unit="kW"),
        Point("f", 3, 0x2044, Kind.F32, scale=Decimal("0.01"), unit="Hz", least=Decimal(45), most=Decimal(65)),
        Point("", 3, 0x4000, Kind.F32, unit="kWh", least=Decimal(0)),
    ),
)
"""As published for this model: voltages in tenths, currents in thousandths, power in tenths of a watt."""


def words(value: float) -> list[int]:
    return list(struct.unpack(">HH", struct.pack(">f", value)))


def test_a_meter_is_read_in_three_requests() -> None:
    assert plan(DTSU666.points) == [Request(3, 0x2006, 14), Request(3, 0x2044, 2), Request(3, 0x4000, 2)]


def test_its_answers_are_told_in_volts_amperes_and_kilowatt_hours() -> None:
    block = [0] * 14
    for place, value in ((0, 2315.0), (2, 2298.0), (4, 2301.0), (6, 5250.0), (12, 36120.0)):
        block[place : place + 2] = words(value)
    answers = {
        Request(3, 0x2006, 14): block,
        Request(3, 0x2044, 2): words(4998.0),
        Request(3, 0x4000, 2): words(1234.5),
    }
    found = {value.key: value for value in read(DTSU666.points, answers)}
    assert {key: value.value for key, value in found.items()} == {
        "ua": Decimal("231.50"), "ub": Decimal("229.80"), "uc": Decimal("230.10"), "ia": Decimal("5.2500"),
        "p": Decimal("3.6120"), "f": Decimal("49.980"), "": Decimal("1234.5"),
    }  # fmt: skip
    assert found["p"].unit == "kW"


def test_a_request_nobody_answered_leaves_its_points_unknown() -> None:
    found = read(DTSU666.points, {Request(3, 0x4000, 2): words(7.0)})
    assert [value.key for value in found if value.reason == "no_answer"] == ["ua", "ub", "uc", "ia", "p", "f"]
    assert found[-1].value == 7


def test_an_answer_cut_short_is_no_answer() -> None:
    (value,) = read([DTSU666.points[-1]], {Request(3, 0x4000, 2): [1]})
    assert (value.value, value.reason) == (None, "no_answer")


@pytest.mark.parametrize(
    ("kind", "held"),
    [
        (Kind.U16, [0xFFFF]), (Kind.U32, [0xFFFF, 0xFFFF]), (Kind.S16, [0x8000]), (Kind.S32, [0x8000, 0]),
        (Kind.F32, [0x7FC0, 0]), (Kind.F32, [0x7F80, 0]),
    ],
)  # fmt: skip
def test_what_devices_say_when_they_have_nothing_is_unknown(kind: Kind, held: list[int]) -> None:
    (value,) = read([Point("x", 4, 0, kind)], {Request(4, 0, len(held)): held})
    assert (value.value, value.reason) == (None, "no_value")


def test_what_cannot_be_true_is_not_believed() -> None:
    point = Point("f", 3, 0, Kind.U16, scale=Decimal("0.01"), least=Decimal(45), most=Decimal(65))
    shown = [read([point], {Request(3, 0, 1): [held]})[0] for held in (4499, 4500, 6500, 6501)]
    assert [(value.value, value.reason) for value in shown] == [
        (None, "out_of_range"), (Decimal("45.00"), ""), (Decimal("65.00"), ""), (None, "out_of_range"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"function": 6}, "function: found 6; allowed: 3, 4"),
        ({"address": 65535}, "address: found 65535; allowed: 0 to 65534"),
        ({"address": -1}, "address: found -1"),
        ({"scale": Decimal(0)}, "scale: found 0"),
    ],
)
def test_a_point_that_cannot_be_read_is_refused(change: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Point(**{"key": "x", "function": 3, "address": 0, "kind": Kind.U32, **change})


def test_a_key_stands_once_in_a_template() -> None:
    point = Point("x", 3, 0, Kind.U16)
    with pytest.raises(ValueError, match="points: found x twice"):
        Template("m", "m", "1", (point, point))


points = st.builds(
    lambda key, function, address, kind, order: Point(str(key), function, address, kind, order),
    st.integers(0, 10**6), st.sampled_from((3, 4)), st.integers(0, 600),
    st.sampled_from([Kind.U16, Kind.S16, Kind.U32, Kind.S32, Kind.U64]), st.sampled_from(Order),
)  # fmt: skip


@given(st.lists(points, min_size=1, max_size=30), st.integers(0, 20))
def test_every_point_is_read_and_no_request_is_too_long(asked: list[Point], spare: int) -> None:
    requests = plan(asked, spare)
    for request in requests:
        assert request.count <= MOST
    for point in asked:
        assert any(
            request.function == point.function
            and request.address <= point.address
            and point.address + point.length <= request.address + request.count
            for request in requests
        )
    wanted = {(point.function, at) for point in asked for at in range(point.address, point.address + point.length)}
    if not spare:
        got = {(request.function, request.address + at) for request in requests for at in range(request.count)}
        assert got == wanted


@given(st.integers(0, 10**6), st.sampled_from(Order), st.integers(0, 40))
def test_a_value_is_found_wherever_it_lies_in_an_answer(held: int, order: Order, place: int) -> None:
    block = [7] * 50
    block[place : place + 2] = encode(held, Kind.U32, order)
    (value,) = read([Point("x", 3, 100 + place, Kind.U32, order)], {Request(3, 100, 50): block})
    assert value.value == held

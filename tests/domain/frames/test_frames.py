"""Frames: captured ones are read, ours come back, and bytes of any kind are a frame or a `BadFrame`, nothing else."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nengtan.domain.frames import cjt188, collector, dlt645, modbus
from nengtan.domain.frames.bcd import bcd, from_bcd
from nengtan.domain.frames.checks import crc_modbus
from nengtan.domain.frames.collector import Dialect
from nengtan.domain.frames.errors import BadFrame, Fault

COLLECTOR = bytes.fromhex(
    "68681616a400000001000000197b0a8756f81fbc830cd66506efb11b2034228296b48af9e65c08863737a8a5d50573e1aba90f02021aa96d75"
    "d527c8e4e1ea31dbbb36abfc869d8d41736d5c275b4abcd8f9c91dfae9e8e40a1b7c70840985c602cc5dcccbe823935448913b76e9837fc644"
    "650853c2da54042f00a5d9b15b5279226188da085634bd096ce2063768a23cf3cacb8ddbbc5aafa53850484b2b56e08029ed93f288ffd37b5c"
    "6d4e7455aa55aa"
)
"""Dialect A, sequence 1, an enciphered request for authentication of 160 bytes."""

ENERGY = bytes.fromhex("68 61 01 00 00 00 00 68 91 08 33 33 34 33 59 33 33 33 8A 16")
VOLTAGE = bytes.fromhex("68 61 01 00 00 00 00 68 91 06 33 34 34 35 34 43 10 16")
HEAT = bytes.fromhex("68 20 32 41 31 40 00 00 00 01 03 90 1F 01 20 16")
OTHER = Dialect(bytes.fromhex("55aa55aa"), bytes.fromhex("68681616"))

READERS: list[Callable[[bytes], object]] = [
    lambda data: collector.parse(data, Dialect()),
    lambda data: collector.parse(data, Dialect(crc=None, largest=64)),
    lambda data: dlt645.reply(dlt645.parse(data)),
    lambda data: dlt645.value(dlt645.reply(dlt645.parse(data)), dlt645.Item("00010000", 4, 2)),
    lambda data: cjt188.values(cjt188.parse(data), cjt188.Template((cjt188.Field("heat", 4, 2, True),))),
]


def fault_of(data: bytes, read: Callable[[bytes], object]) -> Fault:
    with pytest.raises(BadFrame) as found:
        read(data)
    return found.value.fault


def test_the_collector_frame_of_178_bytes() -> None:
    found = collector.parse(COLLECTOR, Dialect())
    assert len(COLLECTOR) == 178
    assert (found.sequence, len(found.body)) == (1, 160)
    assert COLLECTOR[-6:-4] == bytes.fromhex("4e74")
    assert collector.build(found, Dialect()) == COLLECTOR


def test_a_dialect_with_head_and_tail_the_other_way_round() -> None:
    frame = collector.Frame(9, b"<root/>")
    assert collector.parse(collector.build(frame, OTHER), OTHER) == frame
    assert fault_of(collector.build(frame, OTHER), lambda data: collector.parse(data, Dialect())) is Fault.NO_START


def test_what_is_wrong_with_a_collector_frame() -> None:
    def read(data: bytes) -> object:
        return collector.parse(data, Dialect())

    changed = bytearray(COLLECTOR)
    changed[40] ^= 1
    assert fault_of(bytes(changed), read) is Fault.CHECKSUM
    assert fault_of(COLLECTOR[:-1], read) is Fault.SHORT
    assert fault_of(COLLECTOR + b"x", read) is Fault.TOO_LONG
    assert fault_of(COLLECTOR[:-4] + b"xxxx", read) is Fault.NO_END
    assert fault_of(COLLECTOR[:4] + b"\xff\xff\xff\x7f" + COLLECTOR[8:], read) is Fault.TOO_LONG
    assert fault_of(COLLECTOR[:4] + b"\x03\x00\x00\x00" + COLLECTOR[8:], read) is Fault.TOO_LONG


frames = st.builds(collector.Frame, st.integers(0, 2**32 - 1), st.binary(max_size=40))


@given(sent=st.lists(frames, max_size=4), cut=st.integers(0, 200))
@example(sent=[collector.Frame(1, Dialect().tail * 3 + Dialect().head)], cut=30)
def test_frames_come_out_of_a_stream_however_it_is_cut(sent: list[collector.Frame], cut: int) -> None:
    stream = b"".join(collector.build(frame, Dialect()) for frame in sent)
    first = collector.scan(stream[:cut], Dialect())
    second = collector.scan(first.rest + stream[cut:], Dialect())
    assert [*first.frames, *second.frames] == sent
    assert [*first.faults, *second.faults, *second.rest] == []


@given(before=st.binary(max_size=20), frame=frames, hurt=st.integers(8, 60))
def test_a_broken_frame_does_not_take_the_next_one_with_it(before: bytes, frame: collector.Frame, hurt: int) -> None:
    broken = bytearray(COLLECTOR)
    broken[hurt] ^= 0x01
    found = collector.scan(bytes(broken) + before + collector.build(frame, Dialect()) + b"\x00", Dialect())
    assert found.faults
    if Dialect().head not in before:
        assert frame in found.frames


@given(data=st.binary(max_size=200))
def test_a_stream_of_anything_is_scanned(data: bytes) -> None:
    found = collector.scan(data, Dialect())
    assert data.endswith(found.rest)


def _hurt(told: tuple[bytes, int, int]) -> bytes:
    frame, place, bits = told
    return bytes(byte ^ (bits if at == place else 0) for at, byte in enumerate(frame))


captured = st.sampled_from([COLLECTOR, ENERGY, VOLTAGE, HEAT])
cut_short = st.tuples(captured, st.integers(0, 178)).map(lambda told: told[0][: told[1]])
hurt_somewhere = st.tuples(captured, st.integers(0, 177), st.integers(1, 255)).map(_hurt)


@pytest.mark.parametrize("read", READERS)
@given(data=st.one_of(st.binary(max_size=60), cut_short, hurt_somewhere))
def test_bytes_of_any_kind_are_read_or_refused(read: Callable[[bytes], object], data: bytes) -> None:
    with suppress(BadFrame):
        read(data)


def test_captured_frames_of_electricity_meters() -> None:
    energy = dlt645.reply(dlt645.parse(b"\xfe" * 4 + ENERGY))
    assert (energy.address, energy.code, energy.more) == ("000000000161", "00010000", False)
    assert dlt645.value(energy, dlt645.Item("00010000", 4, 2)) == Decimal("0.26")
    voltage = dlt645.reply(dlt645.parse(VOLTAGE))
    assert dlt645.value(voltage, dlt645.Item("02010100", 2, 1)) == Decimal("100.1")
    assert fault_of(ENERGY, lambda data: dlt645.value(voltage, dlt645.Item("00010000", 4, 2))) is Fault.CONTENT
    request = bytes.fromhex("68 61 01 00 00 00 00 68 11 04 33 33 34 33 14 16")
    assert dlt645.build(dlt645.read("000000000161", "00010000"), wake=0) == request


def test_a_refusal_of_an_electricity_meter() -> None:
    refused = dlt645.build(dlt645.Frame("000000000161", 0xD1, b"\x02"), wake=0)
    assert fault_of(refused, lambda data: dlt645.reply(dlt645.parse(data))) is Fault.CONTENT


@given(address=st.integers(0, 10**12 - 1), control=st.integers(0, 255), data=st.binary(max_size=200))
def test_electricity_frames_come_back(address: int, control: int, data: bytes) -> None:
    frame = dlt645.Frame(f"{address:012d}", control, data)
    assert dlt645.parse(dlt645.build(frame)) == frame


def test_any_meter_may_be_asked() -> None:
    assert dlt645.parse(dlt645.build(dlt645.Frame("A" * 12, 0x13))).address == "A" * 12


@pytest.mark.parametrize(
    "make",
    [
        lambda: dlt645.build(dlt645.Frame("12x", 1)),
        lambda: dlt645.build(dlt645.Frame("1" * 5000, 1)),
        lambda: dlt645.build(dlt645.Frame("1" * 12, 256)),
        lambda: dlt645.build(dlt645.Frame("1" * 12, 1, bytes(256))),
        lambda: dlt645.read("1", "123"),
        lambda: dlt645.read("1", "no hex!!"),
        lambda: cjt188.build(cjt188.Frame(0x10, "x" * 14, 1)),
        lambda: cjt188.build(cjt188.Frame(0x10, "1" * 13, 1)),
        lambda: cjt188.build(cjt188.Frame(0x110, "1" * 14, 1)),
        lambda: cjt188.build(cjt188.Frame(0x10, "1" * 14, 1, bytes(256))),
        lambda: bcd(-1, 2),
        lambda: bcd(10**4, 2),
    ],
)
def test_what_no_frame_can_say_is_refused(make: Callable[[], object]) -> None:
    assert fault_of(b"", lambda _: make()) is Fault.CONTENT


def test_a_captured_request_to_a_heat_meter() -> None:
    found = cjt188.parse(HEAT)
    assert (found.kind, found.control, found.data.hex()) == (cjt188.Kind.HEAT, 1, "901f01")
    assert cjt188.build(found) == HEAT


@given(kind=st.sampled_from(cjt188.Kind), address=st.integers(0, 10**14 - 1), data=st.binary(max_size=200))
def test_frames_of_other_meters_come_back(kind: int, address: int, data: bytes) -> None:
    frame = cjt188.Frame(kind, f"{address:014d}", 0x81, data)
    assert cjt188.parse(cjt188.build(frame, wake=3)) == frame


def test_a_reply_is_read_by_the_template_of_its_model() -> None:
    fields = (cjt188.Field("settled", 4, 2, True), cjt188.Field("", 2), cjt188.Field("supply", 3, 2))
    data = bytes.fromhex("901f01 78563412 05 ffff 255500")
    frame = cjt188.Frame(0x20, "0" * 14, 0x81, data)
    found = cjt188.values(frame, cjt188.Template(fields))
    assert found == {
        "settled": cjt188.Value(Decimal("123456.78"), 5),
        "supply": cjt188.Value(Decimal("55.25"), None),
    }
    swapped = cjt188.Template(fields, item=bytes.fromhex("1f90"))
    assert fault_of(data, lambda _: cjt188.values(frame, swapped)) is Fault.CONTENT
    longer = cjt188.Template((*fields, cjt188.Field("hours", 3)))
    assert fault_of(data, lambda _: cjt188.values(frame, longer)) is Fault.CONTENT


@given(number=st.integers(0, 10**8 - 1), decimals=st.integers(0, 6))
def test_digits_come_back(number: int, decimals: int) -> None:
    assert from_bcd(bcd(number, 4), decimals) == Decimal(number).scaleb(-decimals)


def test_bytes_that_are_no_digits() -> None:
    assert fault_of(b"\x1f", from_bcd) is Fault.CONTENT
    assert fault_of(b"", from_bcd) is Fault.CONTENT


@pytest.mark.parametrize(
    ("order", "words"),
    [
        (modbus.Order.ABCD, [0x1234, 0x5678]),
        (modbus.Order.CDAB, [0x5678, 0x1234]),
        (modbus.Order.BADC, [0x3412, 0x7856]),
        (modbus.Order.DCBA, [0x7856, 0x3412]),
    ],
)
def test_orders_of_words_and_bytes(order: modbus.Order, words: list[int]) -> None:
    assert modbus.decode(words, modbus.Kind.U32, order) == 0x12345678
    assert modbus.encode(0x12345678, modbus.Kind.U32, order) == words


@given(
    kind=st.sampled_from(modbus.Kind),
    order=st.sampled_from(modbus.Order),
    words=st.lists(st.integers(0, 65535), max_size=5),
)
def test_registers_come_back(kind: modbus.Kind, order: modbus.Order, words: list[int]) -> None:
    if len(words) != modbus.registers(kind):
        assert fault_of(b"", lambda _: modbus.decode(words, kind, order)) is Fault.CONTENT
        return
    value = modbus.decode(words, kind, order)
    if not math.isnan(value):
        assert modbus.encode(value, kind, order) == words


@pytest.mark.parametrize(
    ("value", "kind"), [(65536, "u16"), (-1, "u32"), (1e39, "f32"), (math.nan, "s16"), (math.inf, "u64")]
)
def test_values_that_do_not_fit_registers(value: float, kind: str) -> None:
    assert fault_of(b"", lambda _: modbus.encode(value, modbus.Kind(kind))) is Fault.CONTENT


def test_floating_point_hides_energy() -> None:
    seen = modbus.decode(modbus.encode(123456.78, modbus.Kind.F32), modbus.Kind.F32)
    assert seen == 123456.78125
    assert modbus.step(1048576.0) == Decimal("0.125")


def test_a_serial_request_of_modbus() -> None:
    """Device 1, function 3, 10 registers from 0: the check bytes of every manual."""
    assert crc_modbus(bytes.fromhex("01 03 00 00 00 0A")).to_bytes(2, "little").hex() == "c5cd"

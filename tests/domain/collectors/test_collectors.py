"""Collectors and centres talking to each other: the published vector, every step of the proof, outages, noise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nengtan.domain.collectors import centre, collector
from nengtan.domain.collectors.centre import Answered, Arrived, CentreSession, Credentials, Passed, Refused
from nengtan.domain.collectors.collector import Acknowledged, Asked, ClockSet, CollectorSession, Online, State, Told
from nengtan.domain.collectors.messages import Message, Package, Reading, parse, write
from nengtan.domain.collectors.profile import KeyText, LinkProfile, Md5Order, Padding, opened, proof, sealed
from nengtan.domain.collectors.session import Closed, Link, Send, Unread
from nengtan.domain.frames.collector import Dialect
from nengtan.domain.frames.errors import BadFrame

KEY = bytes(range(1, 17))
NOON = datetime(2026, 11, 21, 12)  # noqa: DTZ001 - a collector's local time
VECTOR = bytes.fromhex(
    "68681616a400000001000000197b0a8756f81fbc830cd66506efb11b2034228296b48af9e65c08863737a8a5d50573e1aba90f02021aa96d"
    "75d527c8e4e1ea31dbbb36abfc869d8d41736d5c275b4abcd8f9c91dfae9e8e40a1b7c70840985c602cc5dcccbe823935448913b76e9837f"
    "c644650853c2da54042f00a5d9b15b5279226188da085634bd096ce2063768a23cf3cacb8ddbbc5aafa53850484b2b56e08029ed93f288ff"
    "d37b5c6d4e7455aa55aa"
)
"""A request of collector 01 of building 420100A001, with key and IV 01 02 … 10 and sequence 1; 178 bytes."""

PROFILE = LinkProfile(aes_key=KEY, md5_key=b"0123456789abcdef")
DIALECT_B = Dialect(head=bytes.fromhex("55aa55aa"), tail=bytes.fromhex("68681616"))


def package(number: int = 1, minute: int = 15, **changes: Any) -> Package:
    readings = (
        Reading("1", "1", "420100A00101A10", 12345.67, "12345.67"),
        Reading("1", "2", "420100A00101A10", None, "", "1"),
        Reading("2", "1", "", 0.5, "0.5"),
    )
    return replace(Package(f"2026112110{minute:02}{number:02}", NOON.replace(minute=minute), readings), **changes)


def centre_of(profile: LinkProfile = PROFILE, keys: dict[str, Credentials] | None = None) -> CentreSession:
    known = {"420100A001": Credentials(PROFILE.md5_key)} if keys is None else keys
    numbers = count(10_000_000)
    return CentreSession(profile, lambda building, gateway: known.get(building), lambda: str(next(numbers)), clock, 0)


def clock() -> datetime:
    return NOON


def collector_of(profile: LinkProfile = PROFILE) -> CollectorSession:
    return CollectorSession(profile, "420100A001", "01", 0, {"period": "15", "report_mode": "auto", "soft_ver": "1.0"})


class Wire:
    """Both ends, and everything either has to say until nobody has more."""

    def __init__(self, client: CollectorSession, server: CentreSession, keep: bool = True) -> None:
        self.client, self.server, self.keep = client, server, keep
        self.here: list[Any] = []
        self.there: list[Any] = []

    def settle(self, events: Sequence[Any], at: float = 1, to_server: bool = True) -> None:
        for event in events:
            if not isinstance(event, Send):
                (self.here if to_server else self.there).append(event)
                if isinstance(event, Arrived) and self.keep:
                    self.settle(self.server.kept(event), at, to_server=False)
                continue
            other = self.server if to_server else self.client
            self.settle(other.feed(event.data, at), at, not to_server)

    def connect(self) -> Wire:
        self.settle(self.client.connected())
        return self


def test_the_published_frame_is_read_and_made_byte_for_byte() -> None:
    fed = Link(PROFILE).feed(VECTOR)
    message = Message("420100A001", "01", "id_validate", "request")
    assert fed.messages == ((1, message),)
    assert Link(PROFILE).send(message) == Send(VECTOR)
    assert len(VECTOR) == 178


def test_a_collector_with_the_key_is_let_in_and_its_clock_is_set() -> None:
    wire = Wire(collector_of(), centre_of()).connect()
    assert wire.there == [Passed("420100A001", "01")] or wire.here
    assert Online() in wire.here + wire.there
    assert ClockSet("20261121120000") in wire.here + wire.there
    assert wire.client.state is State.ONLINE
    assert wire.server.passed


@pytest.mark.parametrize(
    "profile",
    [
        replace(PROFILE, dialect=DIALECT_B),
        replace(PROFILE, aes_key=None),
        replace(PROFILE, iv=bytes(16), padding=Padding.PKCS7),
        replace(PROFILE, encrypt_auth=False),
        replace(PROFILE, md5_order=Md5Order.KEY_SEQUENCE, md5_key_text=KeyText.HEX),
        replace(PROFILE, encoding="gb18030"),
    ],
)
def test_every_way_to_write_a_link_lets_the_two_talk(profile: LinkProfile) -> None:
    wire = Wire(collector_of(profile), centre_of(profile)).connect()
    wire.client.report(package())
    wire.settle(wire.client.tick(2), 2)
    (arrived,) = [event for event in wire.here + wire.there if isinstance(event, Arrived)]
    assert arrived.package == package()
    assert not arrived.resent


def test_before_the_proof_bodies_are_readable_where_the_link_says_so() -> None:
    profile = replace(PROFILE, encrypt_auth=False)
    (request,) = collector_of(profile).connected()
    assert b"<root>" in request.data  # type: ignore[union-attr]
    (request,) = collector_of().connected()
    assert b"<root>" not in request.data  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("keys", "reason"),
    [({"420100A001": Credentials(b"another key 1234")}, "wrong_key"), ({}, "unknown_collector")],
)
def test_without_the_key_nobody_is_let_in(keys: dict[str, Credentials], reason: str) -> None:
    wire = Wire(collector_of(), centre_of(keys=keys)).connect()
    told = wire.here + wire.there
    assert Refused("420100A001", "01", reason) in told
    assert told.count(Closed("refused")) == 2, "the centre hangs up, the collector is told why"
    assert not wire.server.passed
    assert wire.client.state is State.WAIT_RESULT


def test_a_key_that_was_told_counts_beside_the_one_before() -> None:
    told = {"420100A001": Credentials(PROFILE.md5_key, next_md5_key=b"another key 1234")}
    for key, by_next in ((PROFILE.md5_key, False), (b"another key 1234", True)):
        wire = Wire(collector_of(replace(PROFILE, md5_key=key)), centre_of(keys=told)).connect()
        assert Passed("420100A001", "01", by_next) in wire.here + wire.there


def heard(server: CentreSession, *messages: Message) -> list[Any]:
    link = Link(PROFILE)
    return [event for message in messages for event in server.feed(link.send(message).data, 1)]


def message(group: str, operation: str, **values: str) -> Message:
    return Message("420100A001", "01", group, operation, values)


def test_an_answer_heard_once_does_not_open_the_door_again() -> None:
    first = centre_of()
    challenge, *_ = heard(first, message("id_validate", "request"))
    ((_number, asked),) = Link(PROFILE).feed(challenge.data).messages
    answer = message("id_validate", "md5", md5=proof(asked.values["sequence"], PROFILE))
    assert Passed("420100A001", "01") in heard(first, answer)
    assert Closed("no_challenge") in heard(centre_of(), answer)
    second = CentreSession(PROFILE, lambda *_: Credentials(PROFILE.md5_key), lambda: "another", clock, 0)
    assert Closed("refused") in heard(second, message("id_validate", "request"), answer)


def test_nothing_is_taken_from_a_collector_that_has_not_proved_who_it_is() -> None:
    report = Message("420100A001", "01", "data", "report", package=package())
    assert heard(centre_of(), report)[-1] == Closed("not_proved")


def test_one_collector_does_not_speak_for_another() -> None:
    wire = Wire(collector_of(), centre_of()).connect()
    foreign = Message("420100B002", "01", "data", "report", package=package())
    assert heard(wire.server, foreign)[-1] == Closed("another_collector")


def test_stored_packages_are_resent_one_by_one_oldest_first_each_after_the_last_is_kept() -> None:
    wire = Wire(collector_of(), centre_of(), keep=False).connect()
    packages = [package(number, minute, total=3) for number, minute in ((3, 45), (1, 15), (2, 30))]
    wire.client.resend(packages)
    wire.settle(wire.client.tick(2), 2)

    def arrived() -> list[Arrived]:
        return [event for event in wire.here + wire.there if isinstance(event, Arrived)]

    assert [event.package.time.minute for event in arrived()] == [15], "the next waits for the acknowledgement"
    assert arrived()[0].resent
    wire.settle(wire.server.kept(arrived()[0]), 3, to_server=False)
    assert Acknowledged(packages[1].sequence) in wire.here + wire.there
    assert [event.package.time.minute for event in arrived()] == [15, 30]


def test_a_lost_acknowledgement_is_answered_by_sending_again() -> None:
    wire = Wire(collector_of(), centre_of(), keep=False).connect()
    wire.client.resend([package()])
    for at in (2, 3, 31, 33):
        wire.settle(wire.client.tick(at), at)
    arrived = [event for event in wire.here + wire.there if isinstance(event, Arrived)]
    assert [event.package for event in arrived] == [package()] * 2, "once at 2 s, again after 30 s without an answer"
    wire.settle(wire.server.kept(arrived[1]), 34, to_server=False)
    wire.settle(wire.client.tick(70), 70)
    assert sum(isinstance(event, Arrived) for event in wire.here + wire.there) == 2


def test_a_live_package_needs_no_acknowledgement() -> None:
    wire = Wire(collector_of(), centre_of()).connect()
    wire.client.report(package())
    wire.settle(wire.client.tick(2), 2)
    assert not any(isinstance(event, Acknowledged) for event in wire.here + wire.there)


@pytest.mark.parametrize(
    ("command", "answer", "told"),
    [
        (lambda server: server.set_period(5), "period_ack", {"period": "5"}),
        (lambda server: server.set_md5_key(KEY), "key_ack", {"md5_keydata": KEY.hex()}),
        (lambda server: server.set_aes_key(KEY), "key_ack", {"aes_keydata": KEY.hex()}),
        (lambda server: server.set_report_mode("query"), "report_ack", {"report_mode": "query"}),
        (lambda server: server.reboot(), "control_ack", {}),
        (
            lambda server: server.set_ids("420100A009", "02"),
            "id_ack",
            {"new_building_id": "420100A009", "new_gateway_id": "02"},
        ),
    ],
)
def test_every_command_is_obeyed_and_answered(
    command: Callable[[CentreSession], Send], answer: str, told: dict[str, str]
) -> None:
    wire = Wire(collector_of(), centre_of()).connect()
    wire.settle([command(wire.server)], to_server=False)
    events = wire.here + wire.there
    assert [dict(event.values) for event in events if isinstance(event, Told)] == [told]
    assert [event.operation for event in events if isinstance(event, Answered)] == [answer]


def test_servers_are_told_as_a_list() -> None:
    wire = Wire(collector_of(), centre_of()).connect()
    servers = [{"ip": "192.0.2.7", "dns": "", "port": "7001"}, {"ip": "192.0.2.8", "dns": "", "port": "7002"}]
    wire.settle([wire.server.set_servers(servers)], to_server=False)
    (told,) = [event for event in wire.here + wire.there if isinstance(event, Told)]
    assert list(told.servers) == servers


def test_settings_and_present_values_are_given_when_asked() -> None:
    wire = Wire(collector_of(), centre_of()).connect()
    wire.settle([wire.server.ask_settings(), wire.server.ask_now()], to_server=False)
    events = wire.here + wire.there
    (settings,) = [event for event in events if isinstance(event, Answered)]
    assert settings.values["soft_ver"] == "1.0"
    assert Asked() in events
    wire.client.reply(package())
    wire.settle(wire.client.tick(2), 2)
    assert any(isinstance(event, Arrived) for event in wire.here + wire.there)


def test_a_heart_beat_sets_the_clock_and_silence_ends_the_link() -> None:
    wire = Wire(collector_of(), centre_of()).connect()
    wire.settle(wire.client.tick(61), 61)
    assert (wire.here + wire.there).count(ClockSet("20261121120000")) == 2, "at the start, and after the heart-beat"
    assert wire.server.tick(61 + 180) == []
    assert wire.server.tick(61 + 181) == [Closed("silent")]
    assert wire.client.tick(61 + 181)[-1] == Closed("silent")


def test_a_collector_that_never_proves_itself_is_closed() -> None:
    server = centre_of()
    assert server.tick(30) == []
    assert server.tick(31) == [Closed("not_proved")]
    assert collector_of().tick(11) == [Closed("no_answer")]


def test_a_flood_before_the_proof_is_cut_off() -> None:
    """A head that promises 16 MB: the bytes are not hoarded for somebody unknown."""
    server = centre_of()
    begun = PROFILE.dialect.head + (15 * 2**20).to_bytes(4, "little")
    assert server.feed(begun + bytes(70_000), 1) == [Closed("too_much_unknown")]


def test_noise_between_frames_is_told_and_the_frame_after_it_is_read() -> None:
    noise = PROFILE.dialect.head + (20).to_bytes(4, "little") + bytes(40)
    events = centre_of().feed(noise + VECTOR, 1)
    assert [type(event) for event in events] == [Unread, Send]


def test_a_link_that_is_all_noise_is_closed() -> None:
    noise = (PROFILE.dialect.head + (20).to_bytes(4, "little") + bytes(40)) * 30
    assert centre_of().feed(noise, 1)[-1] == Closed("unreadable")


def test_the_key_a_centre_sets_holds_from_the_next_connection() -> None:
    new = bytes(range(16, 32))
    wire = Wire(collector_of(), centre_of()).connect()
    wire.settle([wire.server.set_md5_key(new)], to_server=False)
    (told,) = [event for event in wire.here + wire.there if isinstance(event, Told)]
    again = collector.with_key(PROFILE, told)
    assert again.md5_key == new
    wire = Wire(collector_of(again), centre_of(keys={"420100A001": Credentials(new)})).connect()
    assert wire.client.state is State.ONLINE


def test_a_collector_may_have_a_cipher_of_its_own_after_the_proof() -> None:
    own = bytes(range(100, 116))
    server = centre_of(keys={"420100A001": Credentials(PROFILE.md5_key, own)})
    client = collector_of()
    wire = Wire(client, server).connect()
    client._link.profile = replace(PROFILE, aes_key=own)
    client.report(package())
    wire.settle(client.tick(2), 2)
    assert any(isinstance(event, Arrived) for event in wire.here + wire.there)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<root>",
        "<root/>",
        "<root><common/></root>",
        '<!DOCTYPE root [<!ENTITY a "b">]><root><common/><x operation="y">&a;</x></root>',
        '<!DOCTYPE root SYSTEM "file:///etc/passwd"><root><common/><x operation="y"/></root>',
        '<root><common/><data operation="report"><time>20261321000000</time></data></root>',
        '<root><common/><data operation="report"><time>now</time></data></root>',
    ],
)
def test_what_is_no_message_is_refused(text: str) -> None:
    with pytest.raises(BadFrame):
        parse(text)


def test_entities_are_never_opened() -> None:
    """A thousand million laughs, in nine steps of ten."""
    steps = "".join(f'<!ENTITY l{step} "{f"&l{step - 1};" * 10}">' for step in range(1, 10))
    with pytest.raises(BadFrame):
        parse(f'<!DOCTYPE r [<!ENTITY l0 "ha">{steps}]><root><common/><x operation="y"><z>&l9;</z></x></root>')


@pytest.mark.parametrize(
    ("sent", "error", "value"), [("1.5", "", 1.5), ("1.5", "0", 1.5), ("1.5", "2", None), ("nan", "", None),
                                 ("inf", "", None), ("", "", None), ("FFFF", "", None)]
)  # fmt: skip
def test_a_value_is_a_number_without_an_error_or_it_is_unknown(sent: str, error: str, value: float | None) -> None:
    text = (
        '<root><common/><data operation="report"><time>20261121101500</time><meter id="1">'
        f'<function id="1" coding="c" error="{error}">{sent}</function></meter></data></root>'
    )
    found = parse(text).package
    assert found is not None
    assert (found.readings[0].value, found.readings[0].raw) == (value, sent)


@pytest.mark.parametrize("name", ["parser", "parse"])
def test_bytes_of_a_meter_are_kept_and_not_taken_for_numbers(name: str) -> None:
    text = (
        f'<root><common/><data operation="report"><{name}>no</{name}><time>20261121101500</time>'
        '<meter id="1"><function id="1">00112233</function></meter></data></root>'
    )
    found = parse(text).package
    assert found is not None
    assert (found.parsed, found.readings[0].value, found.readings[0].raw) == (False, None, "00112233")


def test_chinese_in_gb18030_under_a_foreign_declaration_is_read() -> None:
    word = bytes.fromhex("e58a9ee585ace6a5bc").decode()
    text = f'<?xml version="1.0" encoding="GB2312"?>{write(message("query", "reply_config", soft_ver=word))}'
    body = sealed(text, replace(PROFILE, encoding="gb18030"))
    assert parse(opened(body, PROFILE)).values["soft_ver"] == word


@given(st.binary(max_size=400), st.binary(max_size=60))
def test_any_bytes_are_heard_without_falling_over(noise: bytes, more: bytes) -> None:
    server, client = centre_of(), collector_of()
    for data in (noise, PROFILE.dialect.head + noise, VECTOR[: len(more)] + more):
        server.feed(data, 1)
        client.feed(data, 1)


@given(st.data())
def test_a_stream_cut_anywhere_says_the_same(data: st.DataObject) -> None:
    link = Link(PROFILE)
    stream = b"".join(
        link.send(Message("420100A001", "01", "data", "report", package=package(number))).data for number in range(3)
    )
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    reader = Link(PROFILE)
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    heard = [item.package for piece in pieces for _number, item in reader.feed(piece).messages]
    assert heard == [package(number) for number in range(3)]


@given(st.text(max_size=50), st.sampled_from(Padding))
def test_what_is_sealed_is_opened(text: str, padding: Padding) -> None:
    text = f"<{text.replace(chr(0), '').encode('utf-8', 'ignore').decode()}"
    profile = replace(PROFILE, padding=padding)
    assert opened(sealed(text, profile), profile) == text


def test_failures_are_counted_of_so_many_names_and_no_more() -> None:
    throttle = centre.Throttle(most=1, names=2)
    for name in ("a", "b", "c"):
        throttle.failed(name, 0)
    assert [throttle.allows(name, 1) for name in ("a", "b", "c")] == [True, False, False]

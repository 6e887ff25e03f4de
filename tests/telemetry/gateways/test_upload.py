"""Reporting to another centre: what is said when, and two installations that do it as real processes."""

from __future__ import annotations

import datetime as dt
import signal
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from nengtan.telemetry.gateways.upload import Course, Parcel, parcels
from nengtan.telemetry.moments import micros
from tests.telemetry.gateways.site import Process, Site, free_port, until

CHINA = ZoneInfo("Asia/Shanghai")
START = dt.datetime(2026, 1, 1, tzinfo=CHINA)
QUARTER = dt.timedelta(minutes=15)
MD5, AES = "0123456789abcdef", "fedcba9876543210"


def at(number: int) -> dt.datetime:
    """The end of a quarter of an hour, counted from midnight."""
    return START + number * QUARTER


def course(register: int, total: str = "0", since: int = 0) -> Course:
    return Course(register, register, (f"{register}", "1", ""), Decimal(total), micros(at(since)))


def said(*known: tuple[int, int, float], courses: tuple[Course, ...], **told: Any) -> list[Parcel]:
    """Packages of consumption known as (register, quarter of an hour, value), up to the eighth quarter."""
    rows = [(register, micros(at(number)), value) for register, number, value in known]
    asked = {"since": at(0), "until": at(8), "running": True, "latest": at(8), "zone": CHINA} | told
    return parcels(courses, rows, **asked)


def shown(found: list[Parcel]) -> list[tuple[str, dict[str, float | None]]]:
    return [
        (one.package.sequence[8:12], {reading.meter: reading.value for reading in one.package.readings})
        for one in found
    ]


def test_a_running_total_goes_on_where_it_was() -> None:
    found = said((1, 0, 1.5), (1, 1, 0.25), courses=(course(1, total="10"),), until=at(2))
    assert shown(found) == [("0015", {"1": 11.5}), ("0030", {"1": 11.75})]
    assert [one.totals for one in found] == [{1: Decimal("11.5")}, {1: Decimal("11.75")}]
    assert found[0].until == at(1)


def test_tenths_add_up_exactly() -> None:
    found = said(*((1, number, 0.1) for number in range(8)), courses=(course(1),))
    assert found[-1].totals == {1: Decimal("0.8")}


def test_consumption_by_itself_is_no_total() -> None:
    found = said((1, 0, 1.5), (1, 1, 0.25), courses=(course(1),), until=at(2), running=False)
    assert shown(found) == [("0015", {"1": 1.5}), ("0030", {"1": 0.25})]


def test_of_what_is_not_known_nothing_is_said_and_never_0() -> None:
    found = said((1, 0, 1.0), (1, 1, 1.0), (2, 0, 5.0), (1, 2, 1.0), (2, 2, 7.0), courses=(course(1), course(2)),
                 until=at(3))  # fmt: skip
    assert shown(found) == [("0015", {"1": 1.0, "2": 5.0}), ("0030", {"1": 2.0}), ("0045", {"1": 3.0, "2": 12.0})]


def test_a_quarter_that_may_still_become_known_is_waited_for() -> None:
    known = ((1, 0, 1.0), (2, 0, 5.0), (1, 1, 1.0))
    both = (course(1), course(2))
    assert shown(said(*known, courses=both, until=at(2), latest=at(1))) == [("0015", {"1": 1.0, "2": 5.0})]
    assert len(said(*known, courses=both, until=at(2), latest=at(2))) == 2


def test_what_became_known_afterwards_is_in_the_next_total() -> None:
    late = course(2, total="5", since=1)
    found = said((2, 1, 2.0), (2, 2, 3.0), (1, 2, 1.0), courses=(course(1, "2", 2), late), since=at(2), until=at(3))
    assert shown(found) == [("0045", {"1": 3.0, "2": 10.0})]


class Pair:
    """A district that reports its school's meter S1-E1 to a city, where it is called 7 and is the meter H1-E1."""

    def __init__(self, district: Site, city: Site, folder: Path) -> None:
        self.district, self.city, self.port = district, city, free_port()
        city.settings["NENGTAN_COLLECTORS"] = f"127.0.0.1:{self.port}"
        city.nengtan("gateway", "add", "UP", "--institution", "420106-H1")
        keys = ("--md5-key", MD5, "--aes-key", AES, "--building", "420106A001")
        city.nengtan("gateway", "collector", "set", "UP", *keys)
        city.nengtan("gateway", "point", "set", "UP", "7/1", "--meter", "H1-E1")
        readings = [f"S1-E1,{at(number).isoformat()},{100 + number * 0.5}" for number in range(97)]
        path = folder / "day.csv"
        path.write_text("\n".join(["meter,time,value", *readings]))
        district.nengtan("ingest", path)
        district.nengtan("rollup")
        self.centre = self.start()
        where = ("--host", "127.0.0.1", "--port", self.port, "--institution", "420106-S1")
        district.nengtan("gateway", "upload", "set", "CITY", *where, *keys, "--since", START.isoformat())
        district.nengtan("gateway", "upload", "point", "CITY", "--meter", "S1-E1", "--as", "7")

    def start(self) -> Process:
        return self.city.start("gateway", "run", "collectors", ready="Ready: collectors")

    def report(self) -> Process:
        return self.district.start("gateway", "run", "uploads", ready="Ready: uploads")

    def kept(self, least: int) -> list[float]:
        def enough() -> list[float] | None:
            values = [row[3] for row in self.city.kept()]
            return values if len(values) >= least else None

        found: list[float] = until(enough, f"{least} readings")
        return found


@pytest.mark.slow
def test_a_day_arrives_whole_however_often_either_end_is_killed(site: Site, made: Site, tmp_path: Path) -> None:
    city = Site.copied(made, tmp_path / "city")
    try:
        pair = Pair(site, city, tmp_path)
        report = pair.report()
        pair.kept(5)
        report.end(signal.SIGKILL)
        pair.centre.end(signal.SIGKILL)
        pair.centre = pair.start()
        pair.report()
        assert pair.kept(97) == [number * 0.5 for number in range(97)], "a total from 0 on, nothing lost or doubled"
        city.nengtan("rollup")
        asked = ("--meter", "H1-E1", "--by", "day", "--from", "2026-01-01", "--to", "2026-01-02")
        day = city.json("meters", "consumption", *asked)[0]
        assert (day["value"], day["good"]) == (48.0, 1.0)
        (link,) = site.json("gateway", "upload", "list")
        assert link["sent_until"].startswith("2026-01-0")
        assert not link["fault"]
    finally:
        city.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "said_"),
    [
        (("--md5-key", "short"), "md5_key"),
        (("--profile", "none"), "profile"),
        (("--since", "2026-01-01T00:07+08:00"), "since"),
    ],
)
def test_what_is_no_link_is_refused_by_field(site: Site, words: tuple[str, ...], said_: str) -> None:
    told = {"--host": "192.0.2.1", "--port": "8601", "--institution": "420106-S1", "--building": "B", "--md5-key": MD5}
    options = [part for pair in (told | dict([words])).items() for part in pair]
    assert said_ in site.nengtan("gateway", "upload", "set", "X", *options, code=2)

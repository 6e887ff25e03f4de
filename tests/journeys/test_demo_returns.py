"""What the demonstration's returns look like on its own today: every state, lateness, explanations, reasons."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing

from nengtan.demo.returns import LEFT_ALONE, TODAY, periods
from tests.journeys.site import Site


def ask(site: Site, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(f"file:{site.folder}/nengtan.sqlite3?mode=ro", uri=True)) as connection:
        return connection.execute(query).fetchall()


def test_past_years_are_approved_and_this_one_is_in_every_state(site: Site) -> None:
    rows = ask(site, "SELECT year, slot, kind, state, count(*) FROM reporting_return GROUP BY 1, 2, 3, 4")
    states: dict[tuple[object, ...], Counter[object]] = {}
    for *period, state, count in rows:
        states.setdefault(tuple(period), Counter())[state] += int(str(count))
    assert set(states) == {(period.year, period.number, str(period.kind)) for period in periods()}
    assert set(states[2021, 0, "annual"]) == set(states[2022, 0, "annual"]) == {"approved"}
    assert len(states[2023, 0, "annual"]) == 7
    assert states[2023, 0, "annual"]["reported"] > 20
    assert states[2023, 12, "month"]["approved"] > 50


def test_statistics_stand_still_at_the_demonstrations_today(site: Site) -> None:
    assert f'today = "{TODAY}"' in (site.folder / "nengtan.toml").read_text(encoding="utf-8")
    assert ask(site, f"SELECT count(*) FROM reporting_returnstep WHERE at > '{TODAY} 23:59'") == [(0,)]


def test_there_are_late_ones_reasons_and_explanations(site: Site) -> None:
    late = "SELECT count(*) FROM reporting_return WHERE date(reported_at) > due_on"
    assert int(str(ask(site, late)[0][0])) > 30
    reasons = ask(site, "SELECT DISTINCT reason FROM reporting_returnstep WHERE action = 'send_back'")
    assert {bool(reason) for (reason,) in reasons} == {True}
    assert int(str(ask(site, "SELECT count(*) FROM reporting_explanation")[0][0])) > 20


def test_the_demonstrations_statistician_finds_work(site: Site) -> None:
    held = ask(
        site,
        "SELECT year, slot, state FROM reporting_return JOIN registry_institution i ON i.id = institution_id "
        "WHERE i.code = 'WC041' AND (year, slot) IN ((2023, 12), (2023, 0)) AND state = 'empty'",
    )
    assert len(held) == len(LEFT_ALONE)

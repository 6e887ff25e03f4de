"""Trees, balances, items and virtual meters: figures by hand, by command and API, within reach only."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from nengtan.identity.access import Forbidden, system_actor
from nengtan.identity.models import AuditEvent
from nengtan.registry.models import Meter
from nengtan.registry.services import save_meter
from nengtan.telemetry.models import Formula, Register
from nengtan.telemetry.queries import consumption
from nengtan.telemetry.queries.trees import Place, Trees
from nengtan.telemetry.queries.virtual import Computed
from nengtan.telemetry.sent import sent_as_json
from nengtan.telemetry.services import TermInput, accept, bring_up_to_date, remove_formula, set_formula
from tests.cast import Cast

Run = Callable[..., tuple[int, str, str]]
CHINA = dt.timezone(dt.timedelta(hours=8))
NOON = dt.datetime(2026, 3, 5, 12, 5, tzinfo=CHINA)
FIRST, LAST = dt.date(2026, 3, 3), dt.date(2026, 3, 4)


@pytest.fixture(autouse=True)
def _noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOON)


def read(meter: str, hourly: float, hours: int = 48, begin: int = 0) -> None:
    """Readings every quarter of an hour from 3 March on, so much an hour."""
    start = dt.datetime(2026, 3, 3, tzinfo=CHINA)
    rows = [
        {"meter": meter, "time": (start + dt.timedelta(minutes=15 * at)).isoformat(), "value": hourly * at / 4}
        for at in range(begin * 4, hours * 4 + 1)
    ]
    assert accept(system_actor(), sent_as_json(json.dumps(rows).encode()), "test").accepted == len(rows)


@pytest.fixture
def trees(cast: Cast, meter: Any) -> dict[str, Any]:
    """E-1 (10 an hour) of the school, below it light 01A10 (4), plug 01A00 (1) and pump 01B1A (2); N-1 elsewhere."""
    school = cast.institutions["school"]
    made = {"E-1": meter}
    for code, item in (("E-1A", "01A10"), ("E-1P", "01A00"), ("E-1B", "01B1A")):
        values = {"code": code, "carrier": "electricity", "item": item, "parent": meter}
        made[code] = save_meter(system_actor(), school, values)
    save_meter(system_actor(), cast.institutions["neighbour_school"], {"code": "N-1", "carrier": "electricity"})
    for code, hourly in (("E-1", 10.0), ("E-1A", 4.0), ("E-1P", 1.0), ("E-1B", 2.0), ("N-1", 5.0)):
        read(code, hourly)
    bring_up_to_date()
    return made


def virtual(cast: Cast, code: str = "V-1", **more: Any) -> Any:
    values = {"code": code, "carrier": "electricity", **more}
    return save_meter(system_actor(), cast.institutions["school"], values)


def terms(**weights: object) -> list[TermInput]:
    return [TermInput(code.replace("_", "-"), Decimal(str(weight))) for code, weight in weights.items()]


def school_trees(**more: Any) -> Trees:
    return Trees(system_actor(), Place(institution="420106-S1"), "electricity", FIRST, LAST, **more)


def test_a_tree_has_the_remainder_on_a_line_of_its_own(trees: Any) -> None:
    """480 − 192 − 48 − 96 = 144: three tenths, more than a tenth."""
    rows = school_trees().tree
    told = [(row.meter, row.kind, row.depth, row.value, row.share) for row in rows]
    assert told == [
        ("E-1", "meter", 0, 480.0, None), ("E-1A", "meter", 1, 192.0, 0.4), ("E-1B", "meter", 1, 96.0, 0.2),
        ("E-1P", "meter", 1, 48.0, 0.1), ("E-1", "remainder", 1, 144.0, 0.3),
    ]  # fmt: skip
    assert rows[-1].verdict == "alarm"
    assert (rows[0].good, rows[0].missing) == (1.0, 0.0)


def test_a_balance_by_day(trees: Any) -> None:
    rows = school_trees(by="day").balances
    assert [(row.period, row.upper, row.below, row.remainder, row.share, row.verdict) for row in rows] == [
        ("2026-03-03", 240.0, 168.0, 72.0, 0.3, "alarm"), ("2026-03-04", 240.0, 168.0, 72.0, 0.3, "alarm"),
    ]  # fmt: skip


def test_less_than_nothing_not_metered_is_shown_as_an_error(cast: Cast, trees: Any) -> None:
    odd = {"code": "E-1Z", "carrier": "electricity", "parent": trees["E-1"]}
    save_meter(system_actor(), cast.institutions["school"], odd)
    read("E-1Z", 4.0)
    bring_up_to_date()
    row = school_trees().tree[-1]
    assert (row.kind, row.value, row.share, row.verdict) == ("remainder", -48.0, -0.1, "alarm")


def test_a_missing_meter_is_null_and_in_the_remainder(cast: Cast, trees: Any) -> None:
    lost = {"code": "E-1Z", "carrier": "electricity", "parent": trees["E-1"], "item": "01D00"}
    save_meter(system_actor(), cast.institutions["school"], lost)
    rows = {(row.meter, row.kind): row for row in school_trees().tree}
    assert (rows["E-1Z", "meter"].value, rows["E-1Z", "meter"].missing) == (None, 1.0)
    assert (rows["E-1", "remainder"].value, rows["E-1", "remainder"].verdict) == (144.0, "undecided")
    items = {(row.item, row.kind): row for row in school_trees().items()}
    assert items["01D00", "item"].value is None
    assert not items["01000", "item"].complete


def test_items_of_the_national_table_and_of_a_regional_one(trees: Any) -> None:
    """01B1A is a chilled-water pump at home, and 01B1C elsewhere."""
    rows = [(row.item or row.kind, row.depth, row.value, row.share) for row in school_trees().items()]
    assert rows == [
        ("01000", 0, 480.0, None), ("01A00", 1, 240.0, 0.5), ("01A10", 2, 192.0, 0.8), ("remainder", 2, 48.0, 0.2),
        ("01B00", 1, 96.0, 0.2), ("01B10", 2, 96.0, 1.0), ("01B1A", 3, 96.0, 1.0), ("remainder", 1, 144.0, 0.3),
    ]  # fmt: skip
    regional = {row.item: row for row in school_trees().items("regional")}
    assert (regional["01B1C"].value, regional["01B1C"].trust) == (96.0, "medium")
    assert "01B1A" not in regional


def test_a_virtual_meter_is_computed_by_its_versions(cast: Cast, trees: Any) -> None:
    """A quarter of the main meter on the first day; on the second the whole less the light, and one kWh an hour."""
    tenant = virtual(cast)
    set_formula(system_actor(), tenant, FIRST, terms(E_1=0.25))
    set_formula(system_actor(), tenant, LAST, terms(E_1=1, E_1A=-1), Decimal(1))
    told = consumption(Computed([tenant.pk]), "day")
    assert [(one.period, one.value, one.good) for one in told] == [
        ("2026-03-03", 60.0, 1.0), ("2026-03-04", 168.0, 1.0),
    ]  # fmt: skip
    [month] = consumption(Computed([tenant.pk]), "month")
    assert (month.value, month.missing) == (228.0, pytest.approx(1 - 2 / 31, abs=1e-6))
    assert consumption(Computed([tenant.pk]), "hour")[24].value == 7.0


def test_what_is_missing_below_is_missing_above(cast: Cast, trees: Any) -> None:
    """An input read for a day only makes the other day null; one that may be missing counts as nothing."""
    save_meter(system_actor(), cast.institutions["school"], {"code": "E-2", "carrier": "electricity"})
    read("E-2", 3.0, hours=24)
    bring_up_to_date()
    strict, lenient = virtual(cast), virtual(cast, "V-2")
    set_formula(system_actor(), strict, FIRST, terms(E_1=1, E_2=1))
    set_formula(system_actor(), lenient, FIRST, [TermInput("E-1"), TermInput("E-2", optional=True)])
    told = consumption(Computed([strict.pk]), "day")
    assert [(one.value, one.good, one.missing, one.quality) for one in told] == [
        (312.0, 1.0, 0.0, "good"), (None, 0.0, 1.0, "missing"),
    ]  # fmt: skip
    assert [one.value for one in consumption(Computed([lenient.pk]), "day")] == [312.0, 240.0]


def test_virtual_meters_of_virtual_meters_and_no_ring(cast: Cast, trees: Any) -> None:
    first, second = virtual(cast), virtual(cast, "V-2")
    set_formula(system_actor(), first, FIRST, terms(E_1=1, E_1B=-1))
    set_formula(system_actor(), second, FIRST, terms(V_1=0.5))
    assert consumption(Computed([second.pk]), "day")[0].value == 96.0
    with pytest.raises(ValidationError, match="V-1"):
        set_formula(system_actor(), first, LAST, terms(V_2=1))
    assert Formula.objects.filter(meter=first).count() == 1, "a refused version leaves nothing"


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ([TermInput("nowhere")], "nowhere"), ([TermInput("E-1"), TermInput("E-1")], "twice"),
        ([TermInput("E-1", Decimal(0))], "weight"), ([TermInput("W-1")], "m3"), ([], "at least one"),
    ],
)  # fmt: skip
def test_a_formula_that_makes_no_sense_is_refused(
    cast: Cast, trees: Any, named: list[TermInput], said: str
) -> None:  # fmt: skip
    save_meter(system_actor(), cast.institutions["school"], {"code": "W-1", "carrier": "water"})
    with pytest.raises(ValidationError, match=said):
        set_formula(system_actor(), virtual(cast), FIRST, named)


def test_a_meter_is_read_or_computed(cast: Cast, trees: Any) -> None:
    with pytest.raises(ValidationError, match="is read"):
        set_formula(system_actor(), trees["E-1"], FIRST, terms(N_1=1))
    made = virtual(cast)
    set_formula(system_actor(), made, FIRST, terms(E_1=1))
    row = [{"meter": "V-1", "time": "2026-03-04T08:00:00+08:00", "value": 1}]
    assert accept(system_actor(), sent_as_json(json.dumps(row).encode()), "test").accepted == 0
    assert not Register.objects.filter(meter=made).exists()


def test_a_virtual_main_meter_takes_its_feeders_up(cast: Cast, trees: Any) -> None:
    """Two feeders (5 and 7 an hour) make a main meter with one meter (9) below: 12 in all, 3 not metered."""
    main = virtual(cast, "V-9")
    for code, hourly, parent in (("F-1", 5.0, None), ("F-2", 7.0, None), ("G-1", 9.0, main)):
        values = {"code": code, "carrier": "electricity", "parent": parent}
        save_meter(system_actor(), cast.institutions["school"], values)
        read(code, hourly)
    bring_up_to_date()
    set_formula(system_actor(), main, FIRST, terms(F_1=1, F_2=1))
    found = school_trees()
    rows = {(row.meter, row.kind): row.value for row in found.tree}
    assert rows["V-9", "virtual"] == 576.0
    assert rows["V-9", "remainder"] == 144.0
    assert ("F-1", "meter") not in rows
    assert found.total == 480.0 + 576.0


def test_versions_are_on_record_and_can_be_taken_out(cast: Cast, trees: Any) -> None:
    made = set_formula(system_actor(), virtual(cast), FIRST, terms(E_1=1))
    set_formula(system_actor(), made.meter, FIRST, terms(E_1=0.5), note="half of it")
    kept = AuditEvent.objects.filter(action="formula.terms").order_by("pk").last()
    assert kept is not None
    assert (kept.before["terms"], kept.after["terms"]) == ("E-1 × 1", "E-1 × 0.5")
    remove_formula(system_actor(), made)
    assert not Formula.objects.exists()
    assert AuditEvent.objects.filter(action="formula.remove").exists()


def test_who_may_say_it(cast: Cast, trees: Any) -> None:
    made = virtual(cast)
    with pytest.raises(Forbidden):
        set_formula(cast.actor("verifier_one"), made, FIRST, terms(E_1=1))
    with pytest.raises(ValidationError):
        set_formula(cast.actor("neighbour"), made, FIRST, terms(N_1=1))
    with pytest.raises(ValidationError, match="N-1"):
        set_formula(cast.actor("statistician"), made, FIRST, terms(N_1=1))


@pytest.mark.parametrize("who", ["district", "statistician", "other", "neighbour", "public"])
def test_the_api_tells_each_what_is_theirs(cast: Cast, trees: Any, who: str) -> None:
    answer = cast.client(who).get("/api/metering/tree?since=2026-03-03&until=2026-03-04")
    if who == "public":
        assert answer.status_code == 403
        return
    meters = {row["meter"] for row in answer.json()}
    assert meters == {"district": set(trees), "statistician": set(trees), "other": set(), "neighbour": {"N-1"}}[who]


def test_the_api_writes_and_reads_formulas(cast: Cast, trees: Any) -> None:
    virtual(cast)
    client = cast.client("statistician")
    body = {"meter": "V-1", "valid_from": "2026-03-03", "terms": [{"meter": "E-1", "weight": "0.5"}]}
    made = client.post("/api/meter-formulas", body, content_type="application/json")
    assert made.status_code == 201, made.content
    told = client.get("/api/consumption?meter=V-1&by=day").json()
    assert [one["value"] for one in told] == [120.0, 120.0]
    assert client.get("/api/meter-formulas?meter=V-1").json()["items"][0]["terms"][0]["meter"] == "E-1"
    assert cast.client("other").get("/api/meter-formulas").json()["items"] == []
    assert client.get("/api/metering/items?scheme=none").status_code == 422
    assert client.get("/api/metering/balances?carrier=none").status_code == 422
    assert client.delete(f"/api/meter-formulas/{made.json()['id']}").status_code == 204


def test_the_console_tells_the_same(cast: Cast, trees: Any, run: Run) -> None:
    virtual(cast)
    at = ("--institution", "420106-S1", "--from", "2026-03-03", "--to", "2026-03-04", "--format", "json")
    rows = json.loads(run("meters", "tree", *at)[1])
    assert [row["value"] for row in rows if row["kind"] == "remainder"] == [144.0]
    assert [one["period"] for one in json.loads(run("meters", "balance", "--by", "month", *at)[1])] == ["2026-03"]
    assert json.loads(run("meters", "items", "--scheme", "regional", *at)[1])[0]["value"] == 480.0
    code, out, err = run("meters", "formula", "--meter", "V-1", "--from", "2026-03-03", "--term", "E-1=0.5", "--term",
                         "E-1A=-1?", "--format", "json")  # fmt: skip
    assert (code, err) == (0, "")
    assert json.loads(out)[0]["terms"] == [
        {"meter": "E-1", "weight": 0.5, "optional": False}, {"meter": "E-1A", "weight": -1, "optional": True},
    ]  # fmt: skip
    told = json.loads(run("meters", "consumption", "--meter", "V-1", "--by", "day", "--format", "json")[1])
    assert [one["value"] for one in told] == [24.0, 24.0]
    assert run("meters", "items", "--scheme", "none")[0] == 2
    assert run("meters", "formula", "--meter", "V-1", "--from", "2026-03-03", "--remove")[0] == 0
    assert not Formula.objects.exists()
    assert "not metered" in run("meters", "tree", *at[:-2])[1]


def test_the_lines_add_up_to_the_uppermost_meters(trees: Any) -> None:
    found = Trees(system_actor(), Place(), "electricity", FIRST, LAST)
    assert found.total == 480.0 + 240.0
    assert Meter.objects.count() == len(found.nodes)

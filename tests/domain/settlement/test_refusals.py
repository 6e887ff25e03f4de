"""Every input that cannot be settled has an outcome of its own, by name, and no figure."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest

from nengtan.domain.settlement.document import read
from nengtan.domain.settlement.engine import advances, settle
from nengtan.domain.settlement.lines import Noted, Refused, Settlement, Why

WORKED = Path(__file__).parent / "worked"
Document = dict[str, Any]


def document(name: str = "trusteeship") -> Document:
    held: Document = json.loads((WORKED / f"{name}.json").read_text(encoding="utf-8"), parse_float=Decimal)
    return held


def settled(told: Document) -> Settlement:
    case, flaws = read(told)
    assert case is not None, flaws
    return settle(case)


def without(table: str, **where: str) -> Callable[[Document], None]:
    def change(told: Document) -> None:
        rows = told[table]
        told[table] = [row for row in rows if any(row[key] != value for key, value in where.items())]
        assert len(told[table]) < len(rows)

    return change


def put(table: str, at: int, **values: Any) -> Callable[[Document], None]:
    return lambda told: told[table][at].update(values)


def of_contract(**values: Any) -> Callable[[Document], None]:
    return lambda told: told["contract"].update(values)


def period(first: str, last: str) -> Callable[[Document], None]:
    return lambda told: told.update(period={"first": first, "last": last})


def add(table: str, **values: Any) -> Callable[[Document], None]:
    return lambda told: told.setdefault(table, []).append(values)


def again(table: str, at: int) -> Callable[[Document], None]:
    return lambda told: told[table].append(dict(told[table][at]))


CASES: list[tuple[Why, str, Callable[[Document], None]]] = [
    (Why.NO_BASELINE_YEAR, "trusteeship", without("baseline_years", carrier="natural_gas")),
    (Why.NO_BASELINE_YEAR, "trusteeship", put("baseline_years", 4, year=2020)),
    (Why.NO_BASELINE_YEAR, "trusteeship", put("baseline_years", 0, year=2019)),
    (Why.NO_BASELINE, "trusteeship", without("baselines", carrier="water")),
    (Why.NO_BASELINE, "trusteeship", put("baselines", 2, holds_from="2026-01-01")),
    (Why.BASELINE_NEEDS_DECISION, "trusteeship", put("baselines", 0, both="decision")),
    (Why.BASELINE_NEEDS_DECISION, "trusteeship", put("baseline_years", 2, use="9000000")),
    (Why.BASELINE_NEEDS_DECISION, "trusteeship", put("baselines", 2, decided_by="")),
    (Why.DRIVER_MISSING, "trusteeship", without("drivers", driver="weather", carrier="electricity")),
    (Why.DRIVER_MISSING, "trusteeship", put("drivers", 4, since="2025-02-01")),
    (Why.DRIVER_TWICE, "trusteeship", put("drivers", 0, explains=["persons"])),
    (Why.DRIVER_TWICE, "trusteeship", put("events", 1, driver="area")),
    (Why.NOT_A_ROUTINE_DRIVER, "trusteeship", put("adjustments", 0, driver="equipment")),
    (Why.TWICE, "trusteeship", again("drivers", 2)),
    (Why.TWICE, "trusteeship", again("events", 0)),
    (Why.TWICE, "trusteeship", again("accounts", 0)),
    (Why.TWICE, "trusteeship", again("baseline_years", 0)),
    (Why.TWICE, "trusteeship", again("prices", 0)),
    (Why.TWICE, "trusteeship", again("service", 0)),
    (Why.EVENT_WITHOUT_AMOUNT, "trusteeship", put("events", 0, load="")),
    (Why.EVENT_OUTSIDE_PERIOD, "trusteeship", put("events", 0, since="2026-01-01")),
    (Why.PRICE_MISSING, "trusteeship", lambda told: told.pop("prices")),
    (Why.PRICE_MISSING, "trusteeship", put("prices", 0, quantity="")),
    (Why.INDEX_MISSING, "trusteeship", without("indices", code="gas")),
    (Why.INDEX_MISSING, "trusteeship", without("indices", code="wage")),
    (Why.USE_MISSING, "shared_savings", without("uses", carrier="heat")),
    (Why.USE_MISSING, "trusteeship", put("uses", 0, end="")),
    (Why.USE_MISSING, "trusteeship",
     lambda told: (add("ladders", measure="saving_share", limit="0.15", share="0.02")(told),
                   without("uses", carrier="water")(told))),
    (Why.METER_GAP, "trusteeship", put("uses", 1, first="2025-06-20")),
    (Why.METER_GAP, "trusteeship", put("uses", 3, last="2025-12-30")),
    (Why.METER_OVERLAP, "trusteeship", put("uses", 1, first="2025-06-17")),
    (Why.METER_OVERLAP, "trusteeship", put("uses", 3, last="2026-01-02")),
    (Why.READING_RUNS_BACK, "trusteeship", put("uses", 0, end="18000")),
    (Why.SERVICE_MISSING, "trusteeship", without("service", measure="comfort")),
    (Why.COST_MISSING, "trusteeship", lambda told: told.pop("costs")),
    (Why.SHARING_MISSING, "shared_savings", lambda told: told.pop("sharing")),
    (Why.SHARING_MISSING, "shared_savings", put("sharing", 1, above="1")),
    (Why.GUARANTEE_MISSING, "guarantee", lambda told: told.pop("guarantee")),
    (Why.GUARANTEE_MISSING, "guarantee", lambda told: told.pop("guaranteed")),
    (Why.LEASE_MISSING, "guarantee", of_contract(kind="lease")),
    (Why.UNKNOWN_ACCOUNT, "trusteeship", put("uses", 3, carrier="coal")),
    (Why.UNKNOWN_ACCOUNT, "trusteeship", put("drivers", 2, site="别处")),
    (Why.PERIOD_NOT_A_YEAR, "trusteeship", period("2025-01-01", "2025-12-30")),
    (Why.PERIOD_NOT_A_YEAR, "trusteeship", period("2025-07-01", "2026-06-30")),
    (Why.PERIOD_OUTSIDE_TERM, "trusteeship", period("2035-01-01", "2035-12-31")),
]  # fmt: skip


@pytest.mark.parametrize(("why", "name", "change"), CASES)
def test_refused_by_name(why: Why, name: str, change: Callable[[Document], Any]) -> None:
    told = document(name)
    assert settled(told).is_settled
    change(told)
    found = settled(told)
    assert why in {one.why for one in found.refusals}, found.refusals
    assert (found.lines, found.due, found.result_hash) == ((), None, "")
    assert found.inputs_hash


def test_everything_wrong_is_told_at_once() -> None:
    told = document()
    told.pop("prices")
    without("baseline_years", carrier="natural_gas")(told)
    put("uses", 3, last="2025-12-30")(told)
    assert {(one.why, one.carrier) for one in settled(told).refusals} == {
        (Why.PRICE_MISSING, "electricity"),
        (Why.NO_BASELINE_YEAR, "natural_gas"),
        (Why.METER_GAP, "water"),
    }


def test_every_refusal_can_happen() -> None:
    assert {why for why, _name, _change in CASES} | {Why.REOPENING_CHANGES_NOTHING} == set(Why)


def test_an_area_that_changes_within_the_year_counts_by_its_days() -> None:
    (line,) = (one for one in settled(document()).lines if one.code == "adjust_area")
    mean = next(one.value for one in line.inputs if one.symbol == "X")
    assert mean == Decimal("23030.958904")  # 181 days of 22,300 and 184 of 23,750
    assert line.evidence == ("面积证明2024", "面积证明2025-07")


def test_a_year_is_opened_again() -> None:
    """The correction is told against what was settled before, and the earlier year still comes to the same."""
    told = document()
    before = settled(told)
    told["reopening"] = {
        "of": before.inputs_hash, "due": before.due, "reason": "燃气表计错误", "by": "双方", "on": "2026-05-08",
    }  # fmt: skip
    assert [one.why for one in settled(told).refusals] == [Why.REOPENING_CHANGES_NOTHING]
    put("uses", 2, use="81231")(told)
    put("costs", 0, amount="3056775.12")(told)
    after = settled(told)
    (line,) = (one for one in after.lines if one.code == "reopened")
    assert before.due is not None
    assert after.due is not None
    assert line.value == after.due - before.due == Decimal("1012.49")
    assert not line.counts
    assert any(note.what is Noted.REOPENED for note in after.notes)
    assert settled(document()) == before


@pytest.mark.parametrize("gone", ["reason", "by", "of", "due"])
def test_a_year_opened_again_says_why_and_by_whom(gone: str) -> None:
    told = document()
    told["reopening"] = {"of": "ab", "due": "1", "reason": "r", "by": "b", "on": "2026-05-08", gone: ""}
    _case, flaws = read(told)
    assert [(one.path, one.code) for one in flaws] == [(f"reopening.{gone}", "missing")]


def test_deductions_have_a_limit() -> None:
    told = document()
    of_contract(most_deduction="0.005")(told)
    found = settled(told)
    taken = sum((line.value for line in found.lines if line.section == "deduction"), Decimal(0))
    assert taken == Decimal("-19716.83")  # 0.5 % of 3,943,365.69
    assert Noted.DEDUCTION_CAPPED in {note.what for note in found.notes}


def test_an_overrun_is_the_company_s_unless_agreed_otherwise() -> None:
    told = document()
    put("costs", 0, amount="4000000")(told)
    alone = settled(told)
    told["overrun"] = [{"above": "0.05", "client_share": "0.5"}]
    shared = settled(told)
    (lack,) = (line.value for line in alone.lines if line.code == "overrun")
    assert lack == Decimal("3921932.03") - Decimal("4402118.60")
    assert alone.due == Decimal("3921932.03")
    beyond = -lack - Decimal("196096.60")
    assert shared.due == alone.due + (beyond / 2).quantize(Decimal("0.01"), ROUND_HALF_UP)


def test_nothing_saved_is_nothing_shared() -> None:
    told = document("shared_savings")
    put("uses", 0, use="9000000")(told)
    found = settled(told)
    assert found.due == 0
    assert {Noted.NO_SAVINGS, Noted.SAVINGS_NEGATIVE, Noted.BELOW_PROMISE} <= {note.what for note in found.notes}


def test_compensation_has_a_limit_and_what_is_beyond_is_shared() -> None:
    told = document("guarantee")
    put("uses", 0, use="1480000")(told)
    found = settled(told)
    assert next(line.value for line in found.lines if line.code == "shortfall") == -150000
    assert Noted.COMPENSATION_CAPPED in {note.what for note in found.notes}
    put("uses", 0, use="1000000")(told)
    (line,) = (line for line in settled(told).lines if line.code == "excess_share")
    saved = Decimal("288962.71") + Decimal("18117.88")
    assert line.value == ((saved - 213390) * Decimal("0.4")).quantize(Decimal("0.01"))


def test_rents_of_a_year_and_a_guarantee_beside_them() -> None:
    told = document("guarantee")
    of_contract(kind="lease")(told)
    told["lease"] = {"principal": "1200000", "rate": "0.0125", "periods": 20, "months": 3, "first_due": "2023-12-31"}
    found = settled(told)
    rents = [line for line in found.lines if line.code == "rent"]
    assert [line.about for line in rents] == [
        "4/20 2024-09-30", "5/20 2024-12-31", "6/20 2025-03-31", "7/20 2025-06-30",
    ]  # fmt: skip
    assert {line.value for line in rents} == {Decimal("68184.47")}  # C i / (1 - (1 + i)^-m)
    assert any(line.code == "shortfall" for line in found.lines)


def test_advances_need_a_year_of_the_contract() -> None:
    told = document()
    period("2025-07-01", "2026-06-30")(told)
    case, _flaws = read(told)
    assert case is not None
    with pytest.raises(Refused) as caught:
        advances(case)
    assert caught.value.refusal.why is Why.PERIOD_NOT_A_YEAR

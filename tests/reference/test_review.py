"""The catalogue over many returns says of each what it says of it alone; regions and classes change the rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nengtan.domain.returns.review import engine as module
from nengtan.domain.returns.review.engine import Engine, RuleError
from nengtan.domain.returns.review.findings import Finding
from nengtan.domain.returns.review.peers import compare, peer_groups, with_peers
from nengtan.domain.returns.review.rules import Check, Rule, RuleBook, Scope, Setting, Severity
from nengtan.domain.returns.review.table import Place, ReturnRow, Table, table_of, with_rooms
from nengtan.domain.returns.slots import Kind
from nengtan.reference import rules, scheme
from tests.reference.healthy import NOW, engine, row

KEYS = sorted(NOW)
VIEWS = ("", "last.", "base.", "periods.", "previous.", "metered.", "usual.")
values = st.one_of(st.none(), st.sampled_from(["0", "-1", "1", "100", "1e9"]), st.decimals(0, "1e7", places=2).map(str))
changes = st.dictionaries(st.tuples(st.sampled_from(VIEWS), st.sampled_from(KEYS)).map("".join), values, max_size=8)
returns = st.lists(st.tuples(changes, st.sampled_from(["01", "021", "024", "03", ""])), min_size=1, max_size=9)


def named(rows: Sequence[ReturnRow]) -> list[ReturnRow]:
    return [ReturnRow(**{**vars(one), "institution": f"i{at}"}) for at, one in enumerate(rows)]


def told(findings: Any) -> Counter[tuple[object, ...]]:
    return Counter((f.institution, f.rule, f.check, f.severity, f.cell, f.found, f.low, f.high) for f in findings)


@settings(max_examples=60)
@given(returns, st.sampled_from(Kind), st.sampled_from(["2020", "2022", "2025"]))
def test_many_are_judged_as_each_alone(made: list[tuple[dict[str, Any], str]], kind: Kind, edition: str) -> None:
    rows = named([row(change, of_class) for change, of_class in made])
    judge = engine(edition, kind)
    alone: Counter[tuple[object, ...]] = Counter()
    for one in rows:
        alone += told(judge.review(table_of([one])))
    assert told(judge.review(table_of(rows))) == alone


@given(returns)
@settings(max_examples=30)
def test_blocks_do_not_matter(made: list[tuple[dict[str, Any], str]]) -> None:
    table = table_of(named([row(change, of_class) for change, of_class in made]))
    whole = told(engine().review(table))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK", 2)
        assert told(engine().review(table)) == whole


def test_the_most_severe_come_first() -> None:
    found = list(engine().review(table_of([row({"vehicles": 7, "base.elec_qty": 1, "heating_days": 300})])))
    assert [one.severity.rank for one in found] == sorted(one.severity.rank for one in found)


def test_what_a_rule_would_flag_is_counted_by_returns() -> None:
    table = table_of(named([row({}), row({"area": None, "persons": None}), row({"elec_qty": None, "vehicles": 9})]))
    found = engine().review(table)
    assert found.by_rule()["L01"] == 2
    assert found.by_rule()["L04"] == 1
    assert found.counts(3)[Severity.BLOCK].tolist()[0] == 0
    assert found.by_severity()[Severity.BLOCK] == sum(found.counts(3)[Severity.BLOCK].tolist())


def own(flag: str, **more: Any) -> RuleBook:
    check = Check("own", Severity.EXPLAIN, flag, "-", "{name}: {found}", **more)
    return RuleBook((Rule("X01", "-", "own", (check,), {"limit": Decimal(100)}),))


def found_by(book: RuleBook, table: Table, *changed: Setting) -> list[Finding]:
    return list(Engine(book, scheme.edition("2025"), Kind.ANNUAL, settings=changed).review(table))


def at(region: str, of_class: str, area: str) -> ReturnRow:
    chain = {"420106": ("420106", "420100", "420000", "CN"), "110101": ("110101", "110000", "CN")}[region]
    return ReturnRow(f"{region}/{of_class}", {"area": Decimal(area)}, place=Place(chain, of_class))


def test_an_administrators_rule_needs_no_code() -> None:
    (one,) = found_by(own("value > limit", each=("area",)), table_of([at("420106", "01", "101")]))
    assert (one.rule, one.found, one.message("en", "Area")) == ("X01", 101, "Area: 101")


def test_the_nearest_region_and_the_finest_class_win() -> None:
    everyone = [at(region, kind, "150") for region in ("420106", "110101") for kind in ("01", "021")]
    changed = (
        Setting("X01", region="420000", parameters={"limit": Decimal(200)}),
        Setting("X01", "", "420100", "02", severity=Severity.BLOCK, parameters={"limit": Decimal(140)}),
        Setting("X01", region="110000", enabled=False),
        Setting("X01", region="110101", institution_class="021", enabled=True),
        Setting("X02", region="CN", enabled=False),
    )  # fmt: skip
    found = found_by(own("value > limit", each=("area",)), table_of(everyone), *reversed(changed))
    assert {(one.institution, one.severity) for one in found} == {
        ("420106/021", Severity.BLOCK),
        ("110101/021", Severity.EXPLAIN),
    }


def test_a_rule_may_be_limited_to_classes() -> None:
    everyone = table_of([at("420106", kind, "150") for kind in ("01", "021", "024", "03")])
    only = found_by(own("value > limit", each=("area",), classes=("02",)), everyone)
    assert [one.institution for one in only] == ["420106/021", "420106/024"]
    but = found_by(own("value > limit", each=("area",), not_classes=("02", "03")), everyone)
    assert [one.institution for one in but] == ["420106/01"]
    said = found_by(own('value > limit and kind("021", "03")', each=("area",)), everyone)
    assert [one.institution for one in said] == ["420106/021", "420106/03"]


def test_a_threshold_by_indicator_is_changed_alone() -> None:
    table = table_of([row({"water_cost": 9122, "elec_cost": "243702"})])
    found = list(Engine(rules.rule_book(), scheme.edition("2022"), Kind.ANNUAL).review(table))
    assert {one.cell.indicator for one in found if one.rule == "P01"} == {"water_qty", "elec_qty"}
    lower = Setting("P01", region="420106", parameters={"price_low": {"water_qty": Decimal("0.5")}})
    found = list(Engine(rules.rule_book(), scheme.edition("2022"), Kind.ANNUAL, settings=[lower]).review(table))
    assert {one.cell.indicator for one in found if one.rule == "P01"} == {"elec_qty"}


def test_a_rule_may_be_limited_to_systems() -> None:
    table = table_of([
        ReturnRow(system, {"area": Decimal(150)}, place=Place(("CN",), "021", system))
        for system in ("education", "health", "")
    ])  # fmt: skip
    only = found_by(own("value > limit", each=("area",), systems=("education", "culture")), table)
    assert [one.institution for one in only] == ["education"]


def test_a_rule_that_compares_unlike_units_is_refused() -> None:
    with pytest.raises(RuleError) as refused:
        Engine(own("value > elec_qty", each=("area",)), scheme.edition("2025"), Kind.ANNUAL).check()
    assert (refused.value.field, refused.value.error.code, refused.value.error.column) == ("flag", "unit_mismatch", 9)


def test_a_faulty_rule_says_which_and_where() -> None:
    with pytest.raises(RuleError) as refused:
        found_by(own("value > limmit", each=("area",)), table_of([]))
    assert (refused.value.rule, refused.value.check, refused.value.field) == ("X01", "own", "flag")
    assert refused.value.error.column == 9
    assert "limit" in refused.value.error.allowed


def test_a_rule_true_of_every_return_flags_every_return() -> None:
    table = table_of([at("420106", "01", "1") for _ in range(3)])
    assert len(found_by(own("1 < 2", cell="area"), table)) == 3


def test_no_returns_no_findings() -> None:
    assert list(engine().review(table_of([]))) == []


@pytest.mark.parametrize("edition", ["2020", "2022", "2025"])
def test_every_expression_of_every_check_can_be_read(edition: str) -> None:
    for kind in Kind:
        for scope in Scope:
            Engine(rules.rule_book(), scheme.edition(edition), kind, scope).check()


def test_an_expression_of_the_message_is_checked_too() -> None:
    with pytest.raises(RuleError) as refused:
        Engine(own("value > limit", each=("area",), found="area /"), scheme.edition("2025"), Kind.ANNUAL).check()
    assert refused.value.field == "found"


def test_rooms_are_added_up_and_unknown_rooms_stay_unknown() -> None:
    rooms = table_of([ReturnRow("a", {"room_elec": Decimal(5)}), ReturnRow("a", {"room_elec": Decimal(7)}),
                      ReturnRow("c", {"room_elec": None})])  # fmt: skip
    held = with_rooms(table_of([ReturnRow(name, {}) for name in "abc"]), rooms, np.array([0, 0, 2]))
    assert held.column("rooms", "room_elec").tolist()[0] == 12
    assert np.isnan(held.column("rooms", "room_elec")[1:]).all()


def test_peers_are_those_of_the_class_and_a_few_wrong_do_not_move_them() -> None:
    """Ten of energy 22 to 31 kgce a m2 of one class, one a thousand times as large, four of another class."""

    def using(kwh: int, of_class: str) -> ReturnRow:
        return ReturnRow("", {"area": Decimal(1000), "elec_qty": Decimal(kwh) * 10000}, place=Place(("CN",), of_class))

    rows = [using(18 + number, "01") for number in range(11)] + [using(23000, "01")] + [using(1, "021")] * 4
    judge = engine()
    found = compare(judge, table_of(rows))
    group = found["area_intensity"]["01"]
    assert group.count == 12
    assert group.median == pytest.approx(23.5 * 10000 * 0.1229 / 1000)
    assert "021" not in found["area_intensity"], "too few to compare with"
    judged = judge.review(with_peers(table_of(rows), found))
    flagged = {hits.table.places[hits.table.place_of[at]].institution_class for hits in judged.hits
               if hits.rule.id == "P07" for at in hits.rows}  # fmt: skip
    assert flagged == {"01"}
    assert judged.by_rule()["P07"] == 1


@pytest.mark.parametrize("wrong", ["unreadable", "negative"])
def test_returns_with_a_refused_cell_are_left_out_of_the_middle(wrong: str) -> None:
    """Six of 100,000 kWh on 1000 m2 (12.29 kgce a m2); of seven others the electricity is refused, gas is 1 m3."""

    def using(number: int) -> ReturnRow:
        cells: dict[str, Decimal | None] = {"area": Decimal(1000), "gas_qty": Decimal(0 if number < 6 else 1)}
        if number < 6:
            return ReturnRow(number, {**cells, "elec_qty": Decimal(100_000)}, place=Place(("CN",), "01"))
        if wrong == "negative":
            cells |= {"coal_qty": Decimal(5), "elec_qty": Decimal(-5)}
        return ReturnRow(
            number, cells, place=Place(("CN",), "01"), unreadable={"elec_qty": "abc"} if wrong == "unreadable" else {}
        )

    group = compare(engine(), table_of(using(number) for number in range(13)))["area_intensity"]["01"]
    assert (group.count, group.median) == (6, pytest.approx(12.29))


def test_equal_peers_do_not_make_a_small_difference_large() -> None:
    group = peer_groups(np.full(8, 10.0), ["01"], np.zeros(8, dtype=np.intp))["01"]
    assert group.spread == pytest.approx(0.03798, abs=1e-5)


@given(st.lists(st.floats(0.1, 1e6), min_size=5, max_size=40), st.floats(0.01, 100))
def test_the_unit_does_not_change_the_distance(figures: list[float], factor: float) -> None:
    nowhere = np.zeros(len(figures), dtype=np.intp)
    one = peer_groups(np.array(figures), ["01"], nowhere)["01"]
    other = peer_groups(np.array(figures) * factor, ["01"], nowhere)["01"]
    assert other.median == pytest.approx(one.median * factor)
    assert other.spread == pytest.approx(one.spread, abs=1e-9)


def test_the_shipped_book_is_the_one_reviewed_with() -> None:
    assert engine().columns() >= {("now", "elec_qty"), ("last", "elec_qty"), ("periods", "elec_qty")}
    assert ("fact", "code_valid") in engine().columns()
    assert rules.rule_book().rule("P01").parameters["far"] == 5

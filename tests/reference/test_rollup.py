"""A district of five institutions through the summary forms, computed by hand; merged and new institutions by date."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nengtan.domain.change import Coverage
from nengtan.domain.returns.rollup import Contribution, compare, comparison_groups, of_year, summarise
from nengtan.domain.returns.scheme import Measure
from nengtan.domain.returns.slots import month, quarter
from nengtan.reference import scheme

EDITION = scheme.edition("2025")
CHILDREN = ("street-a", "street-b", "street-c")


def of(institution: str, child: str, kind: str, rooms: int = 0, **values: str | None) -> Contribution:
    held = {key: None if value is None else Decimal(value) for key, value in values.items()}
    return Contribution(child, kind, held, 1, rooms, institution)


OFFICE = of("office", "street-a", "01", 1, area="5000", persons="200", elec_qty="300000.5", elec_cost="210000",
            gas_qty="8000", room_elec="40000", room_elec_it="25000", heating_elec_qty="10000",
            heating_area="4000", heating_days="120")  # fmt: skip
SCHOOL = of("school", "street-a", "021", 0, area="12000", persons="1500", elec_qty="420000.25", elec_cost="252000",
            gas_qty=None, heating_area="12000", heating_days="120")  # fmt: skip
HOSPITAL = of("hospital", "street-b", "024", 2, area="20000", persons="900", elec_qty="2400000", elec_cost="1680000",
              gas_qty="150000", room_elec="90000.5", room_elec_it="60000", heating_area=None)  # fmt: skip
LIBRARY = of("library", "street-b", "023", 0, area="3000", persons="300", elec_qty="90000", elec_cost="63000",
             gas_qty="0")  # fmt: skip
UNION = of("union", "street-b", "03", 0, area="800", persons="40", elec_qty="24000", elec_cost="16800")
DISTRICT = [OFFICE, SCHOOL, HOSPITAL, LIBRARY, UNION]
OWED = {("street-a", "01"): 1, ("street-a", "021"): 1, ("street-b", "024"): 1, ("street-b", "023"): 2,
        ("street-b", "03"): 1, ("street-c", "021"): 3}  # fmt: skip


def test_form_5_by_street() -> None:
    found = summarise(EDITION, 5, DISTRICT, children=CHILDREN, expected=OWED)
    assert found.heads == ("", *CHILDREN)
    assert [found.cells[head, "institutions"] for head in found.heads] == [5, 2, 3, 0]
    assert [found.cells[head, "elec_qty"] for head in found.heads] == [
        Decimal("3234000.75"), Decimal("720000.75"), Decimal(2514000), None,
    ]  # fmt: skip
    assert [found.cells[head, "gas_qty"] for head in found.heads] == [158000, 8000, 150000, None]
    assert found.cells["", "coal_qty"] is None, "nobody said anything about coal, which is not zero"
    assert [found.coverage[head] for head in found.heads] == [
        Coverage(5, 9), Coverage(2, 2), Coverage(3, 4), Coverage(0, 3),
    ]  # fmt: skip


def test_form_6_by_class() -> None:
    found = summarise(EDITION, 6, DISTRICT, expected=OWED)
    cells = {head: found.cells[head, "elec_qty"] for head in found.heads}
    assert cells == {
        "S001": Decimal("3234000.75"), "S002": Decimal("300000.5"), "S003": Decimal("2910000.25"),
        "S004": Decimal("420000.25"), "S005": None, "S006": Decimal(90000), "S007": Decimal(2400000), "S008": None,
        "S009": None, "S010": Decimal(24000),
    }  # fmt: skip
    assert [found.cells[head, "institutions"] for head in found.heads] == [5, 1, 3, 1, 0, 1, 1, 0, 0, 1]
    assert found.cells["S001", "area"] == 40800
    assert found.cells["S001", "persons"] == 2940
    assert found.coverage["S006"] == Coverage(1, 2)
    assert found.coverage["S001"] == Coverage(5, 9)


def test_form_7_adds_rooms_and_form_8_heating_and_neither_enters_form_6() -> None:
    rooms, heating = summarise(EDITION, 7, DISTRICT), summarise(EDITION, 8, DISTRICT)
    assert (rooms.cells["S001", "rooms"], rooms.cells["S007", "rooms"], rooms.cells["S004", "rooms"]) == (3, 2, 0)
    assert rooms.cells["S001", "room_elec"] == Decimal("130000.5")
    assert heating.cells["S001", "heating_area"] == 16000
    assert heating.cells["S001", "heating_elec_qty"] == 10000
    assert heating.cells["S001", "heating_days"] is None, "days do not add up"
    assert "elec_qty" not in rooms.lines
    assert "room_elec" not in summarise(EDITION, 6, DISTRICT).lines


def test_a_child_nobody_named_is_refused() -> None:
    with pytest.raises(ValueError, match="street-b"):
        summarise(EDITION, 5, DISTRICT, children=("street-a",))


def test_sums_of_many_count_as_many() -> None:
    pooled = [Contribution("street-a", "01", {"elec_qty": Decimal(7)}, institutions=40, rooms=3), OFFICE]
    found = summarise(EDITION, 6, pooled)
    assert found.cells["S002", "institutions"] == 41
    assert found.coverage["S002"].present == 41


def test_a_year_from_its_periods() -> None:
    quarters = [quarter(2025, number) for number in (1, 2, 3, 4)]
    flows = [Decimal(10), None, Decimal("2.5"), Decimal(0)]
    assert of_year(Measure.FLOW, list(zip(quarters, flows, strict=True))) == Decimal("12.5")
    assert of_year(Measure.FLOW, [(quarters[0], None)]) is None
    mixed = [(quarters[0], Decimal(1000)), (month(2025, 4), Decimal(2000))]
    assert of_year(Measure.STOCK, mixed) == 1250, "three months and one"


def test_the_same_institutions_in_both_years() -> None:
    """The school opens a branch, library and union merge into a centre: 600 000 → 630 000 for the same institutions."""
    base = [of("school", "a", "021", elec_qty="400000"), of("library", "a", "023", elec_qty="150000"),
            of("union", "a", "03", elec_qty="50000"), of("closed", "a", "01", elec_qty="80000")]  # fmt: skip
    now = [of("school", "a", "021", elec_qty="420000"), of("centre", "a", "026", elec_qty="210000"),
           of("new", "a", "021", elec_qty="90000")]  # fmt: skip
    groups = comparison_groups([("library", "centre"), ("union", "centre")])
    found = compare(EDITION, 6, now, base, groups)
    assert (found.all_units["elec_qty"].now, found.all_units["elec_qty"].base) == (720000, 680000)
    assert (found.same_units["elec_qty"].now, found.same_units["elec_qty"].base) == (630000, 600000)
    assert found.same_units["elec_qty"].percent == 5
    assert (found.in_both, found.only_now, found.only_base) == (2, 1, 1)
    assert found.same_units["institutions"].now == 2


def test_an_institution_that_was_split_is_compared_with_its_parts() -> None:
    base = [of("old", "a", "01", elec_qty="100")]
    now = [of("one", "a", "01", elec_qty="60"), of("two", "a", "01", elec_qty="45")]
    found = compare(EDITION, 6, now, base, comparison_groups([("old", "one"), ("old", "two")]))
    assert found.same_units["elec_qty"].percent == 5
    assert (found.in_both, found.only_now, found.only_base) == (1, 0, 0)


amounts = st.one_of(st.none(), st.decimals(0, "1e9", places=6))
parts = st.lists(
    st.builds(
        lambda child, kind, value: Contribution(child, kind, {"elec_qty": value}),
        st.sampled_from(CHILDREN),
        st.sampled_from(["01", "021", "022", "023", "024", "025", "026", "03"]),
        amounts,
    ),
    max_size=12,
)


@given(parts)
def test_children_and_classes_add_up_to_the_total(held: list[Contribution]) -> None:
    by_child = summarise(EDITION, 5, held, children=CHILDREN)
    by_class = summarise(EDITION, 6, held)
    for key in ("elec_qty", "institutions"):
        expected = by_child.cells["", key]
        assert by_class.cells["S001", key] == expected
        assert sum(by_child.cells[child, key] or 0 for child in CHILDREN) == (expected or 0)
        assert sum(by_class.cells[code, key] or 0 for code in ("S002", "S003", "S010")) == (expected or 0)
        inner = sum(by_class.cells[f"S{number:03d}", key] or 0 for number in range(4, 10))
        assert inner == (by_class.cells["S003", key] or 0)

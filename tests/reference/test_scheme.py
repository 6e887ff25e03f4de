"""The scheme as shipped: what each edition asks, in which order, and what is said to be unknown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from nengtan.domain.factors import Confidence
from nengtan.domain.returns.scheme import Level, Measure, Records, Relation, Task, edition_of
from nengtan.domain.returns.slots import Kind, annual, month, quarter
from nengtan.reference import ReferenceDataError, _rows, data_folder, regions
from nengtan.reference import scheme as shipped

CODES = ["2020", "2022", "2025"]


def keys(code: str, form: int, *, platform: bool = False) -> list[str]:
    return [line.key for line in shipped.edition(code).lines(form, platform=platform)]


def test_which_edition_a_year_uses() -> None:
    held = shipped.editions().values()
    assert [edition_of(year, held).code for year in (2019, 2021, 2022, 2024, 2025, 2031)] == [
        "2020", "2020", "2022", "2022", "2025", "2025",
    ]  # fmt: skip


def test_a_return_of_2024_still_shows_land_area() -> None:
    assert "land_area" in keys("2022", 2)
    assert "land_area" not in keys("2025", 2)
    assert "land_area" in keys("2025", 2, platform=True)


@pytest.mark.parametrize("key", ["land_area", "chargers", "solar_thermal_area", "pv_capacity", "geothermal_capacity"])
def test_what_2025_deleted_from_form_2_the_platform_may_still_ask(key: str) -> None:
    assert [shipped.edition(code).indicators[key].statutory for code in CODES] == [True, True, False]


def test_generation_came_in_2022_and_what_2025_did_with_it_is_said_to_be_unknown() -> None:
    assert "pv_generation" not in shipped.edition("2020").indicators
    assert shipped.edition("2022").indicators["pv_generation"].statutory
    assert not shipped.edition("2025").indicators["pv_generation"].statutory
    assert shipped.edition("2022").indicators["pv_generation"].base_code == ""
    assert "pv_generation" in [gap.code for gap in shipped.edition("2025").gaps]


def test_rooms_lose_other_energy_in_2022_and_ups_in_2025() -> None:
    assert [("room_other" in keys(code, 3), "room_ups" in keys(code, 3)) for code in CODES] == [
        (True, True), (False, True), (False, False),
    ]  # fmt: skip


def test_heat_of_heating_is_renamed_in_2025() -> None:
    names = [shipped.edition(code).indicators["heating_heat_qty"].name_zh for code in CODES]
    assert names == ["热力消费量", "热力消费量", "热力消费量（按热量收费）"]


def test_one_code_may_mean_two_things_so_keys_do_not() -> None:
    held = shipped.edition("2025").indicators
    assert (held["lpg_qty"].base_code, held["vehicles"].sum_code) == ("104", "104")
    assert (held["lpg_qty"].sum_code, held["chargers"].base_code) == ("105", "105")


@pytest.mark.parametrize("code", CODES)
def test_codes_are_unique_on_each_side_of_a_form(code: str) -> None:
    for form in (2, 3, 4):
        for side in ("base_code", "sum_code"):
            lines = shipped.edition(code).lines(form, platform=True)
            found = [getattr(line, side) for line in lines if getattr(line, side)]
            assert len(found) == len(set(found)), (form, side)


def test_form_2_in_official_order() -> None:
    codes = " ".join(line.base_code for line in shipped.edition("2025").lines(2))
    assert codes == (
        "101 102 1021 103 1031 1032 1033 110 111 120 121 130 131 140 141 150 151 1501 1511 1502 1512 160 161 1601 1611 "
        "1602 1612 104 1041 170 171 180 181"
    )


def test_form_4_in_official_order() -> None:
    codes = " ".join(line.base_code for line in shipped.edition("2025").lines(4))
    assert codes == "301 3011 3012 3013 302 303 304 310 311 320 321 330 331 340 341 350 351 380 360 361 370 371"


def test_summaries_show_the_lines_of_their_base_form_and_count_what_they_add() -> None:
    assert keys("2025", 6) == ["institutions", *keys("2025", 2)] == keys("2025", 5)
    assert keys("2025", 7) == ["rooms", *keys("2025", 3)]
    assert keys("2025", 8) == keys("2025", 4)
    forms = shipped.edition("2025").forms
    assert [(form.records, form.of_form) for form in forms.values() if form.level is Level.SUMMARY] == [
        (Records.CHILD, 2), (Records.CLASS, 2), (Records.CLASS, 3), (Records.CLASS, 4),
    ]  # fmt: skip
    assert forms[3].records is Records.ROOM


def test_parts_and_costs() -> None:
    held = shipped.edition("2025")
    assert held.parts["gasoline_qty"] == ("gasoline_vehicle_qty", "gasoline_other_qty")
    assert held.parts["vehicles"] == ("vehicles_gasoline", "vehicles_diesel", "vehicles_new_energy")
    assert held.parts["room_elec"] == ("room_elec_it", "room_elec_cooling", "room_elec_supply")
    assert "persons" not in held.parts, "established staff are only some of them, and may be more"
    assert held.indicators["established"].relation is Relation.SUBSET
    assert held.costs["heating_gas_qty"] == "heating_gas_cost"


@pytest.mark.parametrize("code", CODES)
def test_forms_3_and_4_are_detail_of_form_2(code: str) -> None:
    for line in shipped.edition(code).indicators.values():
        if line.form != 2 and line.measure is not Measure.STOCK and line.carrier and line.relation is None:
            assert line.of_which is not None, line.key


def test_nothing_official_is_made_up() -> None:
    for held in shipped.editions().values():
        assert (held.number_of_approval, held.valid_until) == ("", "")
        assert all(form.form_number == "" for form in held.forms.values())
        assert {"header", "titles", "deadlines"} <= {gap.code for gap in held.gaps} | {"header"}
    assert shipped.edition("2025").document == ""
    own = [price.confidence for price in shipped.prices()]
    assert set(own) == {Confidence.GENERAL_KNOWLEDGE}


def test_identity() -> None:
    assert [shipped.edition(code).org_code_allowed for code in CODES] == [True, False, False]
    assert [shipped.edition(code).directory_only for code in CODES] == [False, False, True]
    fields = [[field.code for field in shipped.edition(code).fields if "code" in field.type] for code in CODES]
    assert fields == [[], ["credit_code"], ["credit_code"]]


def test_columns_of_the_classes() -> None:
    columns = shipped.edition("2025").columns
    assert [column.code for column in columns] == [f"S{number:03d}" for number in range(1, 11)]
    assert [column.code for column in columns if column.holds("021")] == ["S001", "S003", "S004"]
    assert [column.code for column in columns if column.holds("03")] == ["S001", "S010"]


def test_default_due_days_are_suggestions_and_examples_do_not_apply() -> None:
    applying = {(held.kind, held.task): held for held in shipped.deadlines() if held.applies}
    assert applying[Kind.MONTH, Task.REPORT].due(month(2025, 7)) == date(2025, 8, 8)
    assert applying[Kind.QUARTER, Task.REPORT].due(quarter(2025, 4)) == date(2026, 1, 15)
    assert applying[Kind.ANNUAL, Task.REPORT].due(annual(2025)) == date(2026, 1, 31)
    assert applying[Kind.ANNUAL, Task.REPORT].confidence is Confidence.GENERAL_KNOWLEDGE
    assert applying[Kind.ANNUAL, Task.FINAL].due(annual(2025)) == date(2026, 3, 31)
    assert all(held.region == "CN" for held in applying.values())
    assert all(held.region in regions() for held in shipped.deadlines())


@pytest.mark.parametrize(
    ("file", "was", "becomes", "field"),
    [
        ("scheme_indicators.csv", "2,area,101,102,,", "2,area,101,102,nowhere,", "parent"),
        ("scheme_indicators.csv", ",persons,subset,", ",persons,,", "relation"),
        ("scheme_indicators.csv", ",part,,,汽油车,", ",part,elec_qty,,汽油车,", "cost_of"),
        ("scheme_indicators.csv", "kWh,千瓦时,flow,yes,electricity,yes", "m3,立方米,flow,yes,electricity,yes", "unit"),
        ("scheme_indicators.csv", "2,area,", "6,area,", "form"),
        ("scheme_indicators.csv", "both,2022,,2025", "both,2022,2020,2025", "last_edition"),
        ("scheme_indicators.csv", "2,persons,", "2,area,", "key"),
        ("scheme_forms.csv", "summary,class,4", "summary,class,", "of_form"),
        ("scheme_forms.csv", "\n8,", "\n9,", "code"),
        ("scheme_columns.csv", ",024,", ",029,", "class"),
        ("scheme_gaps.csv", "2020|2022|2025", "2020|2023", "editions"),
        ("scheme_deadlines.csv", ",8,,", ",8,01-31,", "days_after"),
        ("scheme_deadlines.csv", ",01-31,", ",02-30,", "fixed_day"),
        ("scheme_prices.csv", ",0.3,1.5,", ",1.5,0.3,", "low"),
        ("scheme_prices.csv", "elec_qty", "sun_qty", "indicator"),
    ],
)
def test_a_fault_is_told_with_file_and_field(
    file: str,
    was: str,
    becomes: str,
    field: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    clear: Callable[[], None],
) -> None:
    for entry in data_folder().iterdir():
        (tmp_path / entry.name).write_bytes(entry.read_bytes())
    text = (tmp_path / file).read_text(encoding="utf-8")
    assert was in text
    (tmp_path / file).write_text(text.replace(was, becomes, 1), encoding="utf-8")
    monkeypatch.setattr(_rows, "data_folder", lambda: tmp_path)
    clear()
    with pytest.raises(ReferenceDataError) as refused:
        (shipped.editions(), shipped.deadlines(), shipped.prices())
    assert (refused.value.file, refused.value.field) == (file, field)


@pytest.fixture
def clear() -> Iterator[Callable[[], None]]:
    """Forget what was read, now and again after the test."""
    kept = [
        held for held in vars(shipped).values() if hasattr(held, "cache_clear") and held.__module__ == shipped.__name__
    ]

    def forget() -> None:
        for held in kept:
            held.cache_clear()

    yield forget
    forget()

"""Code lists."""

import re

import pytest

from nengtan import reference
from nengtan.domain.carbon.inventory import Gwp


def test_statutory_classes() -> None:
    types = reference.institution_types()
    assert list(types) == ["01", "02", "021", "022", "023", "024", "025", "026", "03"]
    assert [code for code, held in types.items() if not held.selectable] == ["02"]
    assert types["024"].parent == "02"


@pytest.mark.parametrize("code", ["education", "science", "culture", "health", "sports", "administration", "other"])
def test_systems(code: str) -> None:
    assert reference.systems()[code].name_zh


def test_climate_zones_and_uses() -> None:
    assert len(reference.climate_zones()) == 5
    assert {"office", "teaching", "inpatient"} <= reference.building_uses().keys()


def test_items_nest_under_their_class() -> None:
    items = reference.item_codes()
    assert items["01A10"].parent == "01A00"
    assert all(item.parent is None or item.parent in items for item in items.values())
    assert reference.item_variants()


def test_asset_kinds_are_those_of_the_registry() -> None:
    kinds = reference.asset_kinds()
    assert list(kinds) == ["vehicle", "roof", "kitchen", "boiler", "data_room", "charger", "pv", "storage"]
    for kind in kinds.values():
        keys = [field.key for field in kind.fields]
        assert len(set(keys)) == len(keys)
        assert all(field.zh and field.en for field in kind.fields)
        assert all(bool(field.choices) == (field.type == "choice") for field in kind.fields)


def test_averages_are_orientation_with_year_and_place() -> None:
    nation = {(row.year, row.indicator): row.value for row in reference.averages() if row.region == "CN"}
    assert str(nation[(2022, "kgce_per_m2")]) == "18.03"


def test_sources_carry_licence_or_note() -> None:
    assert all(
        source.name_zh and source.name_en and (source.licence or source.note) for source in reference.sources().values()
    )


def test_every_factor_has_a_source_cited_in_both_languages() -> None:
    han = re.compile(r"[\u3400-\u9fff]")
    cited = reference.citations()
    library, chosen = reference.carbon_library(), reference.carbon_sources().values()
    named = [library.by_id(source.factor.format(gwp=gwp)) for source in chosen if source.factor for gwp in Gwp]
    used = {*reference.factors(), *filter(None, named)}
    assert {factor.source for factor in used} == cited.keys()
    for said, citation in cited.items():
        assert han.search(citation.name_zh), said
        assert not han.search(citation.name_en), said
        assert not re.search(r"\b(the|read|seen|only|not)\b", citation.name_zh), said


def test_what_nobody_has_checked_says_so_in_both_languages() -> None:
    recalled = [factor.source for factor in reference.factors() if "RECALLED" in factor.source]
    assert recalled
    for said in recalled:
        assert "recalled" in reference.citations()[said].name_en, said
        assert "未核对" in reference.citations()[said].name_zh, said


def test_every_remark_on_a_factor_is_there_in_both_languages() -> None:
    han = re.compile(r"[\u3400-\u9fff]")
    remarks = reference.remarks()
    assert {factor.note for factor in reference.factors() if factor.note} <= remarks.keys()
    for said, remark in remarks.items():
        assert han.search(remark.name_zh), said
        assert not re.search(r"[A-Za-z]{4,}", remark.name_zh), said
        assert not han.search(remark.name_en), said
        recalled = "recalled" in said
        assert recalled == ("recalled" in remark.name_en) == ("凭一般知识" in remark.name_zh), said

"""Regions of China to the district, and the chain a factor is looked for along."""

import time

import pytest

from nengtan import reference


def test_levels_and_counts() -> None:
    levels = [region.level for region in reference.regions().values()]
    assert levels.count("nation") == 1
    assert levels.count("province") == 34
    assert levels.count("city") == 342
    assert levels.count("district") == 2975


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("420106", "武昌区"), ("420100", "武汉市"), ("652300", "昌吉回族自治州"), ("500103", "渝中区"),
        ("810000", "香港特别行政区"),
        ("820000", "澳门特别行政区"), ("710000", "台湾省"), ("441900", "东莞市"),
        ("429004", "仙桃市"), ("659001", "石河子市"),
    ],
)  # fmt: skip
def test_known_places(code: str, name: str) -> None:
    assert reference.regions()[code].name_zh == name


def test_parents_stand_above_and_codes_nest() -> None:
    for region in reference.regions().values():
        if region.parent is None:
            assert region.code == "CN"
            continue
        parent = reference.regions()[region.parent]
        if parent.code != "CN":
            assert region.code.startswith(parent.code.rstrip("0")) or region.code[:4] == parent.code[:4]


def test_provinces_have_english_names() -> None:
    assert all(region.name_en for region in reference.regions().values() if region.level in ("nation", "province"))


def test_groupings_and_statistical_zones_are_marked() -> None:
    kinds = {code: reference.regions()[code].kind for code in ("110100", "429000", "320576", "420106", "110000")}
    assert kinds == {
        "110100": "grouping",
        "429000": "grouping",
        "320576": "zone",
        "420106": "division",
        "110000": "division",
    }


@pytest.mark.parametrize(
    ("code", "chain"),
    [
        ("420106", ("420106", "420100", "420000", "GRID_CC", "CN")),
        ("540000", ("540000", "GRID_SW", "CN")),
        ("110101", ("110101", "110100", "110000", "GRID_NC", "CN")),
        ("710000", ("710000",)),
        ("810000", ("810000",)),
        ("820000", ("820000",)),
        ("CN", ("CN",)),
        ("GB-CAM", ("GB-CAM",)),
    ],
)
def test_chains(code: str, chain: tuple[str, ...]) -> None:
    assert reference.region_chain(code) == chain


def test_every_province_of_the_mainland_is_on_one_grid() -> None:
    served = [province for grid in reference.grids().values() for province in grid.provinces]
    assert len(served) == len(set(served)) == 31
    assert set(served) <= reference.regions().keys()


def test_the_file_loads_fast() -> None:
    reference.regions.cache_clear()
    begun = time.perf_counter()
    reference.regions()
    assert time.perf_counter() - begun < 1

"""Regions of China (GB/T 2260) and their power grids as shipped."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from nengtan.domain.factors import Confidence
from nengtan.reference._rows import rows

__all__ = ["Grid", "Region", "grid_of", "grids", "region_chain", "regions"]

_LEVELS = ("nation", "province", "city", "district")
_KINDS = ("division", "grouping", "zone")


@dataclass(frozen=True, slots=True)
class Region:
    """An administrative division (行政区划).

    ``kind``: division; grouping (a code that only groups, such as 市辖区); zone (one with a statistical code only).
    """

    code: str
    parent: str | None
    level: str
    name_zh: str
    name_en: str
    kind: str
    source: str


@dataclass(frozen=True, slots=True)
class Grid:
    """A regional power grid (区域电网) and the provinces it serves."""

    code: str
    name_zh: str
    name_en: str
    provinces: tuple[str, ...]
    confidence: Confidence


@cache
def regions() -> Mapping[str, Region]:
    """All regions by code, parents before children; the root is CN."""
    found: dict[str, Region] = {}
    for row in rows("regions.csv"):
        parent = row.optional("parent")
        if parent and parent not in found:
            raise row.wrong("parent", "a code of a row above")
        code = row.text("code")
        if code in found:
            raise row.wrong("code", "each code once")
        found[code] = Region(
            code,
            parent or None,
            row.one_of("level", _LEVELS),
            row.text("name_zh"),
            row.optional("name_en"),
            row.one_of("kind", _KINDS),
            row.text("source"),
        )
    return MappingProxyType(found)


@cache
def grids() -> Mapping[str, Grid]:
    """Regional grids by code."""
    found: dict[str, Grid] = {}
    for row in rows("grids.csv"):
        code = row.text("grid")
        before = found[code].provinces if code in found else ()
        row.text("source")
        found[code] = Grid(
            code, row.text("name_zh"), row.text("name_en"), (*before, row.text("province")), row.confidence()
        )
    return MappingProxyType(found)


@cache
def _grid_by_province() -> Mapping[str, str]:
    return {province: grid.code for grid in grids().values() for province in grid.provinces}


def grid_of(province: str) -> str | None:
    """The grid code of a province, None where there is none (台湾, 香港, 澳门).

    >>> grid_of("420000")
    'GRID_CC'
    """
    return _grid_by_province().get(province)


@cache
def region_chain(code: str) -> tuple[str, ...]:
    """A region and what lies above it, nearest first, with the grid between province and nation; needs no database.

    A code that is not shipped is a chain of itself, so that no Chinese factor reaches a foreign place. The chain of a
    province without a grid (台湾, 香港, 澳门) ends there: the national factors are published for the mainland.

    >>> region_chain("420106")
    ('420106', '420100', '420000', 'GRID_CC', 'CN')
    >>> region_chain("810000"), region_chain("GB-CAM")
    (('810000',), ('GB-CAM',))
    """
    chain: list[str] = []
    region = regions().get(code)
    if region is None:
        return (code,)
    while region is not None:
        chain.append(region.code)
        if region.level == "province":
            grid = grid_of(region.code)
            if grid is None:
                break
            chain.append(grid)
        region = regions()[region.parent] if region.parent else None
    return tuple(chain)

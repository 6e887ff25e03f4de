"""Quotas (定额) of standards by region and kind of institution: `data/quotas.csv`, each row with its source.

A standard has its own coefficients, boundary and list of kinds; most of its figures are none a return of the
statistics scheme can be held against (Shandong counts electricity at 0.31 kgce/kWh and leaves heating out). Only a row
that names a review rule and a type of the scheme is: those are thresholds of the rule, as if the region had set them.
Elsewhere no quota is known until a region sets its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from nengtan.domain.factors import Confidence
from nengtan.domain.returns.review.rules import Setting
from nengtan.reference._classes import institution_types
from nengtan.reference._places import regions
from nengtan.reference._rows import Row, rows

__all__ = ["Quota", "quota_settings", "quotas"]

_THRESHOLDS = {"P06": ("quota_water", None), "P07": ("quota_constraint", "quota_guide")}
"""The thresholds of a rule a constraint and a guide value are."""


@dataclass(frozen=True, slots=True)
class Quota:
    """One row: ``constraint`` >= ``benchmark`` >= ``guide`` (约束值, 基准值, 引导值) in ``unit``; some lack one.

    ``first_year``: the first whole year after that in the standard's number; when it came into force was not read.
    ``rule`` and ``institution_class`` where returns may be held against it; empty elsewhere.
    """

    standard: str
    region: str
    zone: str
    category: str
    sub_category: str
    indicator: str
    unit: str
    constraint: Decimal
    benchmark: Decimal | None
    guide: Decimal | None
    first_year: int
    rule: str
    institution_class: str
    source: str
    confidence: Confidence


@cache
def quotas() -> tuple[Quota, ...]:
    """Every row.

    >>> [(quota.region, quota.constraint, quota.guide) for quota in quotas() if quota.rule == "P06"]
    [('370000', Decimal('25'), Decimal('10'))]
    """
    return tuple(map(_quota, rows("quotas.csv")))


def quota_settings(year: int) -> tuple[Setting, ...]:
    """The quotas of a year as settings of the rules that hold returns against them.

    >>> [(one.rule, one.region, one.institution_class, one.parameters) for one in quota_settings(2023)]
    [('P06', '370000', '01', {'quota_water': Decimal('25')})]
    """
    return tuple(
        Setting(quota.rule, region=quota.region, institution_class=quota.institution_class, parameters=held)
        for quota in quotas()
        if quota.rule and quota.first_year <= year and (held := _parameters(quota))
    )


def _parameters(quota: Quota) -> dict[str, Decimal]:
    values = zip(_THRESHOLDS[quota.rule], (quota.constraint, quota.guide), strict=True)
    return {name: value for name, value in values if name and value is not None}


def _quota(row: Row) -> Quota:
    levels = [row.decimal("constraint_value"), row.optional_decimal("benchmark_value"),
              row.optional_decimal("guide_value")]  # fmt: skip
    known = [level for level in levels if level is not None]
    if known != sorted(known, reverse=True) or known[-1] <= 0:
        raise row.wrong("guide_value", "constraint, benchmark and guide value, each at most the one before")
    rule = row.optional("rule")
    return Quota(
        standard=row.text("standard"),
        region=row.one_of("region_code", list(regions())),
        zone=row.text("zone"),
        category=row.text("category"),
        sub_category=row.text("sub_category"),
        indicator=row.text("indicator"),
        unit=row.text("unit"),
        constraint=known[0],
        benchmark=levels[1],
        guide=levels[2],
        first_year=row.optional_integer("first_year") or 0,
        rule=row.one_of("rule", ["", *_THRESHOLDS]),
        institution_class=row.one_of("institution_class", list(institution_types()) if rule else [""]),
        source=row.text("source"),
        confidence=row.confidence(),
    )

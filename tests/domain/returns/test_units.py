"""Units in rules: like is added to and compared with like; a plain number fits anything."""

from __future__ import annotations

import pytest

from nengtan.domain.returns.review.expressions import ExpressionError
from nengtan.domain.returns.review.language import Vocabulary
from nengtan.domain.returns.review.units import check_units

UNITS = {"area": "m2", "elec": "kWh", "heat": "kWh", "gas": "m3", "elec_cost": "CNY", "energy": "tce",
         "factor": "kgce/value", "days": ""}  # fmt: skip
WORDS = Vocabulary(
    indicators=frozenset({"area", "elec", "heat", "gas", "elec_cost"}),
    groups={"power": ("elec", "heat"), "all": ("elec", "gas")},
    derived={"energy": "total(all, value * factor)", "price": "cost / value"},
    facts=frozenset({"days"}),
    costs={"elec": "elec_cost"},
    parts={},
    wholes={"heat": "elec"},
    units=UNITS,
)


@pytest.mark.parametrize(
    ("text", "each", "unit"),
    [
        ("elec + heat - 5", None, "kWh"),
        ("2 * elec / area / days", None, "kWh/m2"),
        ("elec / heat", None, ""),
        ("elec / last(elec) + 1", None, ""),
        ("1 / area", None, "1/m2"),
        ("area * area", None, "m2^2"),
        ("price", "elec", "CNY/kWh"),
        ("value * factor", "gas", "kgce"),
        ("total(all, value * factor)", None, "kgce"),
        ("total(power, value)", None, "kWh"),
        ("energy", None, "tce"),
        ("change(elec, last(elec))", None, ""),
        ("slip(value, either(last(value), usual(value)), 0.1)", "gas", ""),
        ("count(all, value > 0)", None, ""),
        ("peers(price) * 3", "elec", "CNY/kWh"),
        ("limit", None, ""),
        ("whole - value > limit", "heat", ""),
        ("differs(elec, heat, 1, 0.05) and not blank(area)", None, ""),
        ('kind("021") or outside(elec / area, 3, 200)', None, ""),
    ],
)
def test_the_unit_of_an_expression(text: str, each: str | None, unit: str) -> None:
    assert check_units(text, WORDS, each) == unit


@pytest.mark.parametrize(
    ("text", "each", "column", "found", "wanted"),
    [
        ("elec > area", None, 8, "m2", "kWh"),
        ("elec + 5 > 2 * area", None, 12, "m2", "kWh"),
        ("sum(elec, heat, gas)", None, 17, "m3", "kWh"),
        ("value > cost", "elec", 9, "CNY", "kWh"),
        ("elec / heat > gas", None, 15, "m3", "1"),
        ("change(elec, gas) > 0.1", None, 14, "m3", "kWh"),
        ("total(all, value) > 0", None, 12, "m3", "kWh"),
        ("area > 1 and last(elec) == gas", None, 28, "m3", "kWh"),
        ("outside(elec, area, 3)", None, 15, "m2", "kWh"),
        ("count(all, value > area) > 1", None, 20, "m2", "kWh"),
    ],
)
def test_unlike_is_refused_where_it_stands(text: str, each: str | None, column: int, found: str, wanted: str) -> None:
    with pytest.raises(ExpressionError) as refused:
        check_units(text, WORDS, each)
    error = refused.value
    assert (error.code, error.column, error.found, error.allowed) == ("unit_mismatch", column, found, (wanted,))

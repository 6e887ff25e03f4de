"""The vocabulary and rules the sheet tests share."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from nengtan.domain.sheets.activity import ActivityTable, Rules, read_activity
from nengtan.domain.sheets.cells import Cell, Grid, Merge
from nengtan.reference.words import sheet_words

WORDS = sheet_words()
RULES = Rules(
    units={
        "electricity": {"kWh": Decimal(1), "MWh": Decimal(1000), "10MWh": Decimal(10000)},
        "natural_gas": {"m3": Decimal(1), "10km3": Decimal(10000)},
        "water": {"m3": Decimal(1), "t": Decimal(1)},
        "gasoline": {"L": Decimal(1), "t": Decimal(1370)},
        "heat": {"GJ": Decimal(1)},
    },
    limits={"electricity": Decimal(5_000_000), "water": Decimal(500_000)},
    last_period=202412,
)


def read(
    rows: Sequence[Sequence[Cell]], merges: Sequence[Merge] = (), name: str = "Sheet1", rules: Rules = RULES
) -> ActivityTable:
    """Read rows as one sheet of figures."""
    width = max(map(len, rows))
    return read_activity(Grid(name, [[*row, *[""] * (width - len(row))] for row in rows], merges), WORDS, rules)


def facts(table: ActivityTable) -> list[tuple[object, ...]]:
    """(institution, period, carrier, quantity, unit, cost) of every fact."""
    names = [name or code for name, code in zip(table.institution_name, table.institution_code, strict=True)]
    return list(zip(names, table.period, table.carrier, table.quantity, table.unit, table.cost, strict=True))


def codes(table: ActivityTable) -> list[tuple[str, str]]:
    """(place, code) of every problem."""
    return [(problem.place, problem.code) for problem in table.problems]

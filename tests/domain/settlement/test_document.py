"""Plain data is read strictly, all faults at once, and written in one way."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nengtan.domain.settlement.document import digest, plain, read

from .test_refusals import document


def test_what_is_read_is_written_and_read_again() -> None:
    for name in ("trusteeship", "shared_savings", "guarantee"):
        case, _flaws = read(document(name))
        assert case is not None
        again, flaws = read(plain(case))
        assert (again, flaws) == (case, [])
        assert digest(again) == digest(case)


CASES: list[tuple[str, str, str, Any]] = [
    ("contract.kind", "not_a_choice", "contract", {"kind": "gift"}),
    ("contract.starts", "not_a_date", "contract", {"starts": "2024-13-01"}),
    ("contract.number", "missing", "contract", {"number": " "}),
    ("contract.number", "not_text", "contract", {"number": ["x"]}),
    ("contract.colour", "unknown", "contract", {"colour": "red"}),
    ("contract.tax_rate", "too_large", "contract", {"tax_rate": "6"}),
    ("contract.factor_places", "not_whole", "contract", {"factor_places": "2.5"}),
    ("contract.upkeep_fee", "too_small", "contract", {"upkeep_fee": "-1"}),
    ("contract.upkeep_fee", "too_long", "contract", {"upkeep_fee": "1e12"}),
    ("contract.upkeep_fee", "too_long", "contract", {"upkeep_fee": "0.00000000001"}),
    ("contract.upkeep_fee", "not_a_number", "contract", {"upkeep_fee": "NaN"}),
    ("contract.upkeep_fee", "not_a_number", "contract", {"upkeep_fee": True}),
    ("accounts", "not_a_list", "accounts", {"carrier": "x"}),
    ("accounts[0]", "not_a_record", "accounts", ["electricity"]),
    ("accounts[0].carrier", "missing", "accounts", [{"unit": "kWh", "base_price": 1}]),
    ("events[0].by_client", "not_yes_or_no", "events",
     [{"code": "a", "since": "2025-01-01", "evidence": "e", "by_client": "perhaps"}]),
    ("uses[0].evidence", "missing", "uses",
     [{"carrier": "water", "meter": "m", "first": "2025-01-01", "last": "2025-12-31", "use": 1}]),
    ("adjustments[0].base", "too_small", "adjustments", [{"driver": "area", "weight": 1, "base": 0}]),
]  # fmt: skip


@pytest.mark.parametrize(("path", "code", "table", "value"), CASES)
def test_fault_says_where(path: str, code: str, table: str, value: Any) -> None:
    told = document()
    told[table] = {**told[table], **value} if table == "contract" else value
    case, flaws = read(told)
    assert case is None
    assert (path, code) in [(one.path, one.code) for one in flaws]


def test_binary_numbers_are_read_as_they_are_written() -> None:
    told = document()
    told["accounts"][1]["base_price"] = 3.27
    case, _flaws = read(told)
    assert case is not None
    assert case.accounts[1].base_price == Decimal("3.27")


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(["contract", "period", "accounts", "uses", "guarantee", "reopening", "drivers"]), anything)
def test_nothing_breaks_it(table: str, value: Any) -> None:
    case, flaws = read({**document(), table: value})
    assert (case is None) == bool(flaws)

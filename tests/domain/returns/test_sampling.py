"""The spot check: enough of every class, and the same draw again."""

from __future__ import annotations

from decimal import Decimal
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nengtan.domain.returns.sampling import spot_check

SHARE = Decimal("0.05")


@given(st.dictionaries(st.integers(), st.sampled_from(["01", "021", "024"]), max_size=200), st.text())
def test_at_least_five_percent_of_each_class(classes: dict[int, str], seed: str) -> None:
    drawn = spot_check(classes, SHARE, seed)
    for kind in set(classes.values()):
        count = sum(held == kind for held in classes.values())
        assert len(drawn[kind]) == ceil(count / 20)
        assert all(classes[member] == kind for member in drawn[kind])


def test_the_draw_can_be_repeated_and_another_year_draws_others() -> None:
    classes = {f"i{number}": "021" for number in range(400)}
    first = spot_check(classes, SHARE, "420106/2025")
    assert first == spot_check(dict(reversed(classes.items())), SHARE, "420106/2025")
    assert first != spot_check(classes, SHARE, "420106/2026")


@pytest.mark.parametrize("share", ["0", "-0.1", "1.01"])
def test_a_share_lies_between_nothing_and_all(share: str) -> None:
    with pytest.raises(ValueError, match="allowed"):
        spot_check({"a": "01"}, Decimal(share), "s")

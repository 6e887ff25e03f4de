"""Ten thousand returns in one file, three rows of it bad: seconds, a bounded number of queries, nothing half stored."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from nengtan.registry.models import Institution, InstitutionSpan
from nengtan.reporting.models import Return, Value
from nengtan.reporting.services import workbooks
from tests.cast import Cast

COUNT = 10_000
SECONDS = 30
"""Of the processor, for looking at the file twice and storing it once; half of that is usual."""


@pytest.fixture
def many(cast: Cast) -> list[str]:
    """Codes of ten thousand institutions that owe a return of 2023."""
    region = cast.regions["420106"]
    names = [f"Institution {number:05d}" for number in range(COUNT)]
    bodies = Institution.objects.bulk_create(
        Institution(code=f"B{number:05d}", name=name, kind="021", region=region, system="education")
        for number, name in enumerate(names)
    )
    InstitutionSpan.objects.bulk_create(
        InstitutionSpan(institution=body, valid_from="1900-01-01", name=body.name, kind="021", region=region)
        for body in bodies
    )
    Return.objects.bulk_create(
        Return(
            institution=body, year=2023, slot=0, kind="annual", edition="2022", region=region, institution_kind="021"
        )
        for body in bodies
    )
    return [body.code for body in bodies]


def _file(codes: list[str]) -> bytes:
    head = "单位编码,报告期,建筑面积,用能人数,电消费量,电费用,水消费量,水费用,天然气消费量,采暖面积"
    rows = [
        f"{code},2023-00,{5000 + at},{400 + at % 50},{30000 + at},18000,1500,4500,," for at, code in enumerate(codes)
    ]
    rows[10] = rows[10].replace("30010", "about 30010")
    rows[5000] = rows[5000].replace("B05000", "B99999")
    rows[9000] = rows[9000].replace("2023-00", "2023-13")
    return "\n".join([head, *rows]).encode()


def test_ten_thousand_rows_with_three_bad_ones(cast: Cast, many: list[str]) -> None:
    content, district = _file(many), cast.actor("district")
    with CaptureQueriesContext(connection) as asked:
        begun = time.process_time()
        refused = workbooks.take_file(district, "many.csv", content)
        taken = workbooks.take_file(district, "many.csv", content, partial=True)
        seconds = time.process_time() - begun
    assert [(problem.row, problem.code) for problem in sorted(refused.errors, key=lambda item: item.row)] == [
        (12, "not_a_number"), (5002, "unknown_institution"), (9002, "not_a_return_period"),
    ]  # fmt: skip
    assert not refused.stored
    assert (taken.stored, taken.changed, taken.refused, taken.cells) == (True, COUNT - 3, 3, (COUNT - 3) * 6)
    assert Value.objects.count() == (COUNT - 3) * 6
    assert len(asked) < 1000, "by chunks of returns, not by return"
    assert seconds < SECONDS
    same = workbooks.take_file(district, "many.csv", content, partial=True)
    assert (same.stored, same.same) == (False, COUNT - 3)
    _untouched(many)


def _untouched(many: list[str]) -> None:
    states: dict[str, Any] = dict(Return.objects.values_list("institution__code", "state"))
    assert [states[many[at]] for at in (10, 5000, 9000)] == ["empty"] * 3
    assert {states[code] for at, code in enumerate(many) if at not in (10, 5000, 9000)} == {"entering"}

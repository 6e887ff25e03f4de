"""Who stands out: each reason alone, its threshold from both sides, and the order of importance."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nengtan.domain.review import CarrierSeries, Finding, Subject, Thresholds, review

MONTHS = tuple(range(202301, 202313))
LAST = tuple(range(202201, 202213))


def found(*subjects: Subject) -> list[tuple[str, str, str]]:
    return [(finding.institution, finding.code, finding.severity) for finding in review(subjects)]


def series(
    quantity: dict[int, float | None], last: dict[int, float | None] | None = None, **more: object
) -> CarrierSeries:
    return CarrierSeries("electricity", quantity, last or {}, **more)  # type: ignore[arg-type]


def flat(value: float = 100.0, months: tuple[int, ...] = MONTHS) -> dict[int, float | None]:
    return dict.fromkeys(months, value)


def one(carrier_series: CarrierSeries) -> list[Finding]:
    return review([Subject("a", "021", series=(carrier_series,))])


def peers(count: int) -> list[Subject]:
    return [Subject(f"p{number}", "021", kgce_per_m2=10 + number / 5) for number in range(count)]


def test_distance_from_peers_needs_five_of_the_same_kind() -> None:
    high = Subject("high", "021", kgce_per_m2=50.0)
    assert found(*peers(3), high) == []
    assert found(*peers(4), high) == [("high", "above_peers", "bad")]
    assert found(*peers(4), Subject("other", "024", kgce_per_m2=50.0)) == []


def test_low_use_stands_out_less_than_high_use() -> None:
    findings = found(*peers(8), Subject("low", "021", kgce_per_m2=2.0), Subject("high", "021", kgce_per_m2=60.0))
    assert [code for _, code, _ in findings] == ["above_peers", "below_peers"]


def test_equal_peers_do_not_make_a_small_difference_large() -> None:
    same = [Subject(f"s{number}", "021", kgce_per_m2=10.0) for number in range(6)]
    assert found(*same, Subject("near", "021", kgce_per_m2=11.0)) == []


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [
        (119.0, 100.0, []),
        (125.0, 100.0, [("a", "rise", "warn")]),
        (160.0, 100.0, [("a", "rise", "bad")]),
        (75.0, 100.0, [("a", "fall", "good")]),
        (40.0, 100.0, [("a", "fall", "warn")]),
        (40.0, 0.0, []),
        (None, 100.0, []),
    ],
)
def test_year_on_year(now: float | None, before: float, expected: list[tuple[str, str, str]]) -> None:
    assert found(Subject("a", "01", tce=now, same_months=before)) == expected


@pytest.mark.parametrize("power", [-4, -3, -1, 1, 3, 4])
def test_a_slipped_unit_is_found_against_last_year_and_against_the_year(power: int) -> None:
    slipped = flat() | {202306: 104.0 * 10**power}
    for last, against in ((flat(months=LAST), "last_year"), ({}, "median")):
        findings = one(series(slipped, last))
        assert [(f.code, f.params["month"], f.params["power"], f.params["against"]) for f in findings] == [
            ("unit_slip", 202306, power, against)
        ]


@pytest.mark.parametrize("factor", [1.0, 3.0, 6.0, 100.0])
def test_other_factors_are_no_slip(factor: float) -> None:
    findings = one(series(flat() | {202306: 100.0 * factor}, flat(months=LAST)))
    assert "unit_slip" not in {finding.code for finding in findings}


def test_a_sudden_month_unless_last_year_had_it_too_or_it_is_a_season() -> None:
    high = flat() | {202308: 700.0}
    assert [finding.code for finding in one(series(high))] == ["sudden_month"]
    assert one(series(high, flat(months=LAST) | {202208: 650.0})) == []
    heating = dict(zip(MONTHS, [900.0, 900, 800, 100, 100, 100, 100, 100, 100, 100, 800, 900], strict=True))
    assert one(series(dict(heating))) == []
    assert [finding.params["times"] for finding in one(series(flat() | {202308: 0.0}))] == [0.0]


def test_missing_months_are_listed() -> None:
    findings = one(series(flat(months=MONTHS[:10]) | {202311: None}, expected=MONTHS))
    assert [(f.code, f.severity, f.params["months"]) for f in findings] == [
        ("missing_months", "warn", (202311, 202312))
    ]
    assert one(series({}, expected=MONTHS))[0].severity == "bad"


def test_price_outside_the_range_of_peers() -> None:
    def priced(name: str, price: float) -> Subject:
        cost: dict[int, float | None] = dict.fromkeys(MONTHS, 100 * price)
        return Subject(name, "021", series=(series(flat(), cost=cost),))

    normal = [priced(f"n{number}", 0.6 + number / 100) for number in range(5)]
    findings = found(*normal, priced("dear", 6.0), priced("cheap", 0.05))
    assert sorted(findings) == [("cheap", "price_low", "warn"), ("dear", "price_high", "warn")]
    assert found(*normal, priced("near", 2.5)) == []
    assert found(*normal[:3], priced("dear", 6.0)) == []


def test_a_unit_slip_comes_before_everything_else() -> None:
    slip = Subject("slip", "021", series=(series(flat() | {202306: 1000.0}, flat(months=LAST)),))
    gap = Subject("gap", "021", series=(series({}, expected=MONTHS),))
    assert [name for name, _, _ in found(gap, *peers(6), Subject("high", "021", kgce_per_m2=99.0), slip)] == [
        "slip",
        "high",
        "gap",
    ]


@given(st.lists(st.floats(0.1, 1000), min_size=5, max_size=30), st.floats(0.5, 20))
def test_the_unit_of_intensity_does_not_matter(values: list[float], factor: float) -> None:
    def names(scale: float) -> list[tuple[str, str]]:
        subjects = [Subject(str(at), "01", kgce_per_m2=value * scale) for at, value in enumerate(values)]
        return sorted(
            (finding.institution, finding.code) for finding in review(subjects, Thresholds(peer_warn=3.000001))
        )

    assert names(1.0) == names(2.0 ** round(factor))


def test_order_of_input_does_not_matter() -> None:
    subjects = [*peers(9), Subject("high", "021", kgce_per_m2=60.0), Subject("rise", "01", tce=9.0, same_months=5.0)]
    expected = review(subjects)
    random.Random(1).shuffle(subjects)
    assert review(subjects) == expected

"""Who stands out: kept while nothing of the body changes, never a change behind, never more than the asker sees."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from nengtan.identity.access import system_actor
from nengtan.identity.models import Grant
from nengtan.ledger.factors import FactorInput, add_factor
from nengtan.ledger.queries import standing_out as module
from nengtan.ledger.queries.selection import Selection
from nengtan.ledger.queries.standing_out import standing_out
from nengtan.ledger.services import FactInput, enter_fact
from nengtan.ledger.services.entries import correct_fact
from nengtan.registry.services import save_institution
from nengtan.registry.services.institutions import input_of
from tests.cast import Cast


def enter(cast: Cast, name: str, period: int, quantity: int, carrier: str = "electricity", unit: str = "kWh") -> Any:
    body = cast.institutions[name]
    return enter_fact(system_actor(), FactInput(body, carrier, period, Decimal(quantity), unit, Decimal(quantity)))


@pytest.fixture
def year(cast: Cast) -> Cast:
    """Two years of electricity: the hospital's twelve equal months; the school's, with one month ten times too high."""
    for name in ("hospital", "school"):
        for month in range(1, 13):
            for year in (2022, 2023):
                slipped = (name, year, month) == ("school", 2023, 5)
                enter(cast, name, year * 100 + month, 10_000 if slipped else 1_000)
    return cast


def found(cast: Cast, who: str = "district", region: str = "420106") -> set[tuple[str, str]]:
    """Body and reason of everything found in electricity, or without a carrier, but missing months."""
    findings = standing_out(cast.actor(who), Selection(2023, cast.regions[region])).findings
    return {
        (finding.institution.split("-")[1], finding.code)
        for finding in findings
        if finding.params.get("carrier", "electricity") == "electricity" and finding.code != "missing_months"
    }


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The bodies looked at, in order."""
    codes: list[str] = []
    look_at = module.look_at

    def noting(subject: Any) -> Any:
        codes.append(subject.institution)
        return look_at(subject)

    monkeypatch.setattr(module, "look_at", noting)
    return codes


def test_a_month_ten_times_too_high_is_found(year) -> None:
    assert ("S1", "unit_slip") in found(year)
    assert not {item for item in found(year) if item[0] == "H1"}


def test_what_is_found_is_kept_for_everybody_who_sees_the_body(year, looked) -> None:
    found(year)
    assert sorted(looked) == ["420106-H1", "420106-O1", "420106-S1"]
    looked.clear()
    for who in ("district", "city", "admin", "education", "verifier"):
        found(year, who)
    assert looked == []


def test_a_new_fact_makes_its_own_body_be_looked_at_again_and_no_other(year, looked) -> None:
    found(year)
    looked.clear()
    enter(year, "office", 202305, 10)
    enter(year, "neighbour_school", 202305, 10)
    found(year)
    assert looked == ["420106-O1"]


def test_a_correction_ends_what_was_found(year) -> None:
    assert ("S1", "unit_slip") in found(year)
    body = year.institutions["school"]
    slipped = body.facts.get(period=202305)
    right = FactInput(body, "electricity", 202305, Decimal(1000), "kWh", Decimal(1000))
    correct_fact(system_actor(), slipped, right, "read again")
    assert not {item for item in found(year) if item[0] == "S1"}


def test_last_years_figures_count_as_soon_as_they_change(year) -> None:
    assert ("S1", "unit_slip") in found(year)
    enter(year, "school", 202205, 9_000)
    assert ("S1", "unit_slip") not in found(year)


def test_a_factor_moves_the_comparison_of_years(year) -> None:
    """Twice the coal equivalent from 2023 on is a doubled use of energy."""
    assert ("H1", "rise") not in found(year)
    carriers = {"kind": "coal_equivalent", "carrier": "electricity", "place": "420106", "source": "test", "unit": "kWh"}
    for added, value in ((2022, "0.1229"), (2023, "0.2458")):
        add_factor(system_actor(), FactorInput(value=Decimal(value), year=added, **carriers))  # type: ignore[arg-type]
    body = year.institutions["hospital"]
    save_institution(system_actor(), replace(input_of(body), carriers=["electricity"]), body)
    assert ("H1", "rise") in found(year)


def test_a_record_that_names_other_carriers_is_followed(year) -> None:
    def missing() -> set[str]:
        findings = standing_out(year.actor("district"), Selection(2023, year.regions["420106"])).findings
        return {item.institution for item in findings if item.code == "missing_months"}

    assert "420106-H1" in missing()
    body = year.institutions["hospital"]
    save_institution(system_actor(), replace(input_of(body), carriers=["electricity"]), body)
    assert "420106-H1" not in missing()


def test_everybody_is_told_of_the_bodies_they_see_and_of_no_other(year) -> None:
    assert ("S1", "unit_slip") in found(year, "district")
    assert ("S1", "unit_slip") in found(year, "statistician")
    assert {body for body, _code in found(year, "education")} == {"S1"}
    for who in ("neighbour", "other", "public", "outsider"):
        assert found(year, who) == set()


def test_seeing_a_regions_total_and_one_body_elsewhere_is_not_seeing_its_bodies(year) -> None:
    public = year.users["public"]
    Grant.objects.create(user=public, role="statistician", institution=year.institutions["neighbour_school"])
    assert found(year, "public") == set()


def test_a_region_of_too_many_bodies_is_looked_at_one_level_down(year, monkeypatch) -> None:
    monkeypatch.setattr(module, "MOST", 2)
    assert found(year, "district") == set()

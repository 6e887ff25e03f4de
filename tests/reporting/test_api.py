"""The operations of the returns: what a program reads and writes, and what it may not."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from nengtan.reporting.models import Return
from nengtan.reporting.services import CellChange, save_cells
from tests.cast import Cast


def patch(cast: Cast, of: Return, *cells: dict[str, Any], who: str = "statistician") -> Any:
    return Client().patch(
        f"/api/returns/{of.pk}/cells", {"cells": list(cells)}, "application/json", headers=cast.bearer(who)
    )


def full(cast: Cast, of: Return, who: str = "statistician") -> dict[str, Any]:
    return Client().get(f"/api/returns/{of.pk}", headers=cast.bearer(who)).json()


def step(cast: Cast, of: Return, who: str, action: str, reason: str = "") -> Any:
    data = {"action": action, "reason": reason}
    return Client().post(f"/api/returns/{of.pk}/steps", data, "application/json", headers=cast.bearer(who))


@pytest.mark.parametrize(
    ("who", "seen"),
    [
        ("district", {"420106-S1", "420106-H1", "420106-O1"}),
        ("education", {"420106-S1"}),
        ("unit_head", {"420106-S1"}),
        ("neighbour", set()),
    ],
)
def test_the_list_holds_what_one_may_see(cast: Cast, school: Return, who: str, seen: set[str]) -> None:
    page = Client().get("/api/returns", headers=cast.bearer(who)).json()
    assert {item["institution"]["code"] for item in page["items"]} == seen
    assert page["count"] == len(seen)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("period=2023-Q1", 3),
        ("period=2023-00", 0),
        ("institution=420106-H1", 1),
        ("state=empty&kind=quarter&year=2023", 3),
        ("state=approved", 0),
        ("region=420100&page_size=1", 3),
        ("region=330000", 0),
    ],
)
def test_the_list_is_narrowed(cast: Cast, school: Return, query: str, count: int) -> None:
    assert Client().get(f"/api/returns?{query}", headers=cast.bearer("city")).json()["count"] == count


def test_waiting_is_what_is_ones_turn(cast: Cast, school: Return) -> None:
    def waiting(who: str) -> int:
        return Client().get("/api/returns?waiting=true", headers=cast.bearer(who)).json()["count"]

    assert (waiting("statistician"), waiting("statistics_head")) == (1, 0)


def test_a_period_that_is_none_is_refused_by_name(cast: Cast, school: Return) -> None:
    answer = Client().get("/api/returns?period=2023-13", headers=cast.bearer("city"))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "period"


@pytest.mark.parametrize("who", ["neighbour", "other", "outsider", "public"])
def test_a_return_of_others_is_not_there(cast: Cast, school: Return, who: str) -> None:
    headers = cast.bearer(who) if who != "outsider" else {}
    for path in ("", "/cells", "/findings"):
        status = Client().get(f"/api/returns/{school.pk}{path}", headers=headers).status_code
        assert status in ((401,) if who == "outsider" else (403,) if who == "public" else (404,)), path
    assert Client().get(f"/api/returns/{school.pk}", headers=cast.bearer("district")).status_code == 200


def test_cells_tell_what_they_are_held_against(cast: Cast, school: Return) -> None:
    told = full(cast, school)
    by_key = {cell["indicator"]: cell for cell in told["cells"]}
    assert (by_key["elec_qty"]["value"], by_key["elec_qty"]["provenance"]) == (30000, "bill")
    assert by_key["elec_cost"]["unit_price"] == pytest.approx(0.6)
    assert by_key["gas_qty"]["source"] == {"facts": 2, "of": 3, "months": 2}
    assert by_key["coal_qty"]["value"] is None, "unknown is not zero"
    assert by_key["heating_elec_qty"]["of_which"] == "elec_qty"
    assert told["editable"] is True
    assert full(cast, school, "verifier")["editable"] is False


def test_an_answer_has_an_etag_that_changes_with_the_return(cast: Cast, school: Return) -> None:
    headers, url = cast.bearer("statistician"), f"/api/returns/{school.pk}"
    tag = Client().get(url, headers=headers).headers["ETag"]
    assert Client().get(url, headers={**headers, "If-None-Match": tag}).status_code == 304
    patch(cast, school, {"indicator": "coal_qty", "value": 0, "seen": 0})
    assert Client().get(url, headers={**headers, "If-None-Match": tag}).status_code == 200


def test_a_cell_changed_meanwhile_is_a_conflict_and_the_others_are_stored(cast: Cast, school: Return) -> None:
    save_cells(cast.actor("statistician"), school, [CellChange("elec_qty", Decimal(31000), 1)])
    answer = patch(
        cast, school, {"indicator": "elec_qty", "value": 32000, "seen": 1}, {"indicator": "coal_qty", "value": 0}
    )
    assert answer.status_code == 409
    assert answer.json()["errors"][0]["field"] == "elec_qty"
    told = answer.json()["saved"]
    assert [item["indicator"] for item in told["stored"]] == ["coal_qty"]
    (conflict,) = told["conflicts"]
    assert (conflict["value"], conflict["version"], conflict["sent"]) == (31000, 2, 32000)
    again = patch(cast, school, {"indicator": "elec_qty", "value": 32000, "seen": 2})
    assert again.status_code == 200
    assert again.json()["stored"] == [{"indicator": "elec_qty", "room": "", "value": 32000, "version": 3}]


@pytest.mark.parametrize(
    ("cell", "field"),
    [
        ({"indicator": "no_such", "value": 1}, "no_such"),
        ({"indicator": "elec_qty", "value": 1, "room": "0001"}, "0001.elec_qty"),
        ({"indicator": "institutions", "value": 1}, "institutions"),
    ],
)
def test_a_cell_the_edition_does_not_ask_for_is_refused_by_name(
    cast: Cast, school: Return, cell: dict[str, Any], field: str
) -> None:
    answer = patch(cast, school, cell)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field
    assert not school.values.filter(provenance="typed").exists()


@pytest.mark.parametrize("who", ["statistics_head", "verifier", "service"])
def test_who_does_not_fill_in_may_not_write(cast: Cast, school: Return, who: str) -> None:
    assert patch(cast, school, {"indicator": "elec_qty", "value": 1, "seen": 1}, who=who).status_code == 403


def test_rooms_come_with_their_first_cell_and_go_with_all(cast: Cast, school: Return) -> None:
    patch(cast, school, {"indicator": "room_area", "value": 40, "room": "0007"})
    assert {cell["room"] for cell in full(cast, school)["cells"]} == {"", "0007"}
    answer = Client().delete(f"/api/returns/{school.pk}/rooms/0007", headers=cast.bearer("statistician"))
    assert answer.status_code == 204
    assert {cell["room"] for cell in full(cast, school)["cells"]} == {""}


def test_it_goes_from_hand_to_hand(cast: Cast, school: Return) -> None:
    assert step(cast, school, "statistician", "submit").status_code == 422, "nobody entered it yet"
    assert step(cast, school, "statistician", "enter").json()["state"] == "entering"
    settle(cast, school)
    assert step(cast, school, "statistician", "submit").json()["state"] == "statistics_head"
    assert step(cast, school, "statistician", "pass").status_code == 403
    assert step(cast, school, "statistics_head", "send_back").status_code == 422, "without a reason"
    assert step(cast, school, "statistics_head", "send_back", "gas of March").json()["state"] == "returned"
    step(cast, school, "statistician", "enter")
    told = full(cast, school, "district")
    assert [item["action"] for item in told["steps"]] == ["enter", "submit", "send_back"]
    assert told["times_sent_back"] == 1


def settle(cast: Cast, of: Return) -> None:
    """Every finding is explained, with a file."""
    for finding in full(cast, of)["findings"]:
        Client().post(
            f"/api/returns/{of.pk}/explanations",
            {"rule": finding["rule"], "indicator": finding["indicator"], "text": "as billed",
             "evidence": SimpleUploadedFile("bill.pdf", b"%PDF-1.4")},
            headers=cast.bearer("statistician"),
        )  # fmt: skip


def test_an_explanation_settles_what_asks_for_one(cast: Cast, school: Return) -> None:
    before = [item for item in full(cast, school)["findings"] if item["severity"] == "explain"]
    assert before
    settle(cast, school)
    after = [item for item in full(cast, school)["findings"] if item["severity"] == "explain"]
    assert all(item["settled"] and item["explanation"] == "as billed" for item in after)
    assert {item["evidence"] for item in after} == {"bill.pdf"}


def test_evidence_of_an_unknown_kind_is_refused(cast: Cast, school: Return) -> None:
    data = {"rule": "P03", "text": "x", "evidence": SimpleUploadedFile("bill.exe", b"MZ")}
    answer = Client().post(f"/api/returns/{school.pk}/explanations", data, headers=cast.bearer("statistician"))
    assert answer.status_code == 422
    assert "bill.exe" in answer.content.decode()

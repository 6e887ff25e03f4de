"""The ledger for programs."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from nengtan.identity.access import system_actor
from nengtan.ledger.models import ActivityFact
from nengtan.ledger.services import FactInput, enter_fact
from tests.cast import Cast
from tests.ledger.files import bills

FACT = {
    "institution": "420106-S1",
    "carrier": "electricity",
    "period": 202301,
    "quantity": "1.5",
    "unit": "MWh",
    "cost_cny": 900,
}


def post(client: Any, path: str, data: dict[str, Any]) -> Any:
    return client.post(f"/api{path}", data, content_type="application/json")


def test_a_fact_is_entered_corrected_and_withdrawn(cast: Cast) -> None:
    client = cast.client("statistician")
    made = post(client, "/facts", FACT)
    assert made.status_code == 201
    told = made.json()
    assert (told["quantity"], told["unit"], told["entered_quantity"], told["standing"]) == (
        1500.0,
        "kWh",
        "1.5",
        "counts",
    )
    fixed = post(client, f"/facts/{told['id']}/corrections", {**FACT, "quantity": 1.4, "reason": "misread"}).json()
    assert (fixed["quantity"], fixed["supersedes"]) == (1400.0, told["id"])
    gone = post(client, f"/facts/{fixed['id']}/withdrawal", {"reason": "not ours"})
    assert (gone.status_code, gone.json()["standing"]) == (201, "withdrawn")
    assert client.get("/api/facts", {"standing": "counts"}).json()["count"] == 0


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("institution", {"institution": "420111-S1"}),
        ("unit", {"unit": "t"}),
        ("period", {"period": 202313}),
        ("quantity", {"quantity": None, "cost_cny": None}),
    ],
)
def test_a_wrong_value_names_its_field(cast: Cast, field: str, changes: dict[str, Any]) -> None:
    answer = post(cast.client("statistician"), "/facts", {**FACT, **changes})
    assert answer.status_code == 422
    assert field in {fault["field"].removeprefix("data.") for fault in answer.json()["errors"]}


def test_a_key_without_the_right_writes_nothing(cast: Cast) -> None:
    from django.test import Client

    header = cast.bearer("statistician", capabilities=["view", "view_detail"])
    client = Client(headers=header)
    assert client.get("/api/facts").status_code == 200
    assert post(client, "/facts", FACT).status_code == 403
    assert not ActivityFact.objects.exists()


def test_a_file_is_tried_taken_and_undone(cast: Cast) -> None:
    client = cast.client("district")
    content = bills(
        ("420106-S1", None, "2023-01", "电力", 10, "kWh", None, None, None),
        ("420106-H1", None, "2023-01", "电力", -1, "kWh", None, None, None),
    )

    def send(**options: Any) -> dict[str, Any]:
        file = SimpleUploadedFile("bills.xlsx", content)
        answer = client.post("/api/imports/activity", {"file": file, **options})
        assert answer.status_code == 200
        return answer.json()  # type: ignore[no-any-return]

    tried = send(dry_run="true")
    assert (tried["accepted"], tried["rejected"], tried["stored"], tried["dry_run"]) == (1, 1, False, True)
    assert send()["stored"] is False
    taken = send(partial="true")
    assert (taken["accepted"], taken["errors"][0]["place"]) == (1, "E3")
    undone = post(client, f"/imports/{taken['batch']}/withdrawal", {"reason": "wrong file"})
    assert undone.json()["withdrawn_at"]
    refused = client.post("/api/imports/activity", {"file": SimpleUploadedFile("a.xlsm", b"PK\x03\x04")})
    assert (refused.status_code, refused.headers["Content-Type"]) == (422, "application/problem+json")


def test_accounts_lineage_and_conversion(cast: Cast) -> None:
    data = FactInput(cast.institutions["school"], "electricity", 202301, Decimal(1000), "kWh")
    enter_fact(system_actor(), data)
    client = cast.client("district")
    told = client.get("/api/accounts", {"region": "420106", "year": 2023, "by": "carrier"}).json()
    assert told["total"]["co2_t"] == 0.4044
    assert [row["key"] for row in told["rows"] if row["electricity_kwh"]] == ["electricity"]
    story = client.get("/api/explain", {"institution": "420106-S1", "year": 2023, "measure": "co2_t"}).json()
    assert story["formula"][0]["factor"]["id"] == "ELEC_AVG_420000_2023"
    made = client.get(
        "/api/convert", {"carrier": "electricity", "quantity": 10, "unit": "MWh", "region": "420106", "year": 2023}
    )
    assert made.json()["tco2"] == 4.044
    assert client.get("/api/convert", {"carrier": "x", "quantity": 1, "unit": "t"}).status_code == 422
    assert client.get("/api/accounts", {"region": "330000", "year": 2023}).status_code == 404
    assert (
        cast.client("public").get("/api/accounts", {"region": "420106", "year": 2023, "by": "institution"}).status_code
        == 403
    )


def test_years_and_factors(cast: Cast) -> None:
    enter_fact(system_actor(), FactInput(cast.institutions["school"], "electricity", 202301, Decimal(1), "kWh"))
    client = cast.client("district")
    closed = post(client, "/closings", {"region": "420106", "year": 2023})
    assert closed.status_code == 201
    assert post(client, "/facts", FACT).status_code == 409
    assert post(client, f"/closings/{closed.json()['id']}/reopening", {"reason": "late"}).json()["reopened_at"]
    assert client.get("/api/factors", {"carrier": "electricity", "place": "420000"}).json()["count"] > 0
    factor = {
        "kind": "co2",
        "carrier": "electricity",
        "place": "420106",
        "value": 0.5,
        "unit": "kWh",
        "source": "Notice",
    }
    assert post(client, "/factors", factor).status_code == 403
    made = post(cast.client("admin"), "/factors", factor)
    assert (made.status_code, made.json()["value"]) == (201, 0.5)

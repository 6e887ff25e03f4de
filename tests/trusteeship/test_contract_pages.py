"""Pages and operations of contracts: both parties open the same settlement, outsiders find nothing."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from nengtan.trusteeship.models import Contract, Settlement
from nengtan.trusteeship.services import settle_year
from tests.budget import MOST_QUERIES
from tests.cast import Cast

from .conftest import WORKED, worked

SEES = {"admin", "nation", "province", "city", "district", "education", "statistician", "statistics_head", "unit_head"}
SEES |= {"service", "verifier", "verifier_one"}
BLIND = {"neighbour", "other", "public", "outsider", "anonymous"}


@pytest.fixture
def settled(cast: Cast, contract: Contract) -> Settlement:
    return settle_year(cast.actor("service"), contract, worked())


def file(name: str = "trusteeship.json", content: bytes | None = None) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, (WORKED / "trusteeship.json").read_bytes() if content is None else content)


@pytest.mark.parametrize("who", sorted(SEES | BLIND))
def test_who_opens_a_contract_and_its_settlement(cast: Cast, contract: Contract, settled: Settlement, who: str) -> None:
    client = cast.client(who)
    pages = [f"/contracts/{contract.pk}/", f"/settlements/{settled.pk}/", f"/settlements/{settled.pk}/json/"]
    for address in pages:
        answer = client.get(address, headers={"Accept-Language": "en"})
        assert (answer.status_code == 200) is (who in SEES), (address, answer.status_code)
        if who in BLIND:
            assert contract.number.encode() not in answer.content
    for address in ("/api/contracts", f"/api/contracts/{contract.pk}", f"/api/settlements/{settled.pk}"):
        content = client.get(address).content
        assert (contract.number.encode() in content) is (who in SEES), address
    listed = client.get("/contracts/").content
    assert (contract.number.encode() in listed) is (who in SEES)


def test_pages_keep_to_their_budget(cast: Cast, contract: Contract, settled: Settlement) -> None:
    client = cast.client("district")
    for address in ("/contracts/", f"/contracts/{contract.pk}/", f"/settlements/{settled.pk}/"):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        assert len(queries) <= MOST_QUERIES, (address, len(queries))


def test_both_parties_read_the_same_lines(cast: Cast, settled: Settlement) -> None:
    for who in ("service", "unit_head"):
        text = cast.client(who).get(f"/settlements/{settled.pk}/", headers={"Accept-Language": "zh-hans"})
        shown = text.content.decode()
        assert "3,840,837.03" in shown
        assert "108,366.63" in shown
        assert "面积证明2025-07" in shown
        assert settled.inputs_hash in shown
        assert "结果一致" in shown


def test_a_contract_is_kept_settled_and_agreed_on_pages(cast: Cast) -> None:
    district, company, head = (cast.client(who) for who in ("district", "service", "unit_head"))
    answer = district.post("/contracts/add/", {"institution": "420106-S1", "file": file()})
    made = Contract.objects.get()
    assert answer.headers["Location"] == f"/contracts/{made.pk}/"
    page = f"/contracts/{made.pk}/"
    district.post(page, {"act": "step", "state": "signed", "on": "2024-08-01"})
    made.refresh_from_db()
    assert made.state == "signed"
    answer = company.post(page, {"act": "settle", "file": file()})
    settled = Settlement.objects.get()
    assert answer.headers["Location"] == f"/settlements/{settled.pk}/"
    for client in (company, head):
        client.post(f"/settlements/{settled.pk}/", {"kind": "agree"})
    assert settled.answers.count() == 2
    told = company.get(f"/api/settlements/{settled.pk}").json()
    assert (told["agreed"], told["same"], told["due"]) == (True, True, 3840837.03)
    assert sum(one["value"] for one in told["lines"] if one["counts"]) == pytest.approx(3840837.03)


def test_the_downloaded_workbook_settles_again(cast: Cast, contract: Contract, settled: Settlement) -> None:
    from nengtan.trusteeship.settling.files import read_case

    answer = cast.client("unit_head").get(f"/settlements/{settled.pk}/xlsx/")
    case, faults = read_case(answer.content, "a.xlsx")
    assert case == settled.case, faults
    assert cast.client("unit_head").get(f"/settlements/{settled.pk}/docx/").content.startswith(b"PK")
    assert cast.client("unit_head").get(f"/settlements/{settled.pk}/exe/").status_code == 404
    told = json.loads(cast.client("unit_head").get(f"/settlements/{settled.pk}/json/").content)
    assert told["result_hash"] == settled.result_hash


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", b"{"),
        ("a.xlsx", b"PK"),
        ("a.txt", b"x"),
        ("a.json", b'{"contract": {"number": 5}}'),
        ("a.json", b"\xff"),
    ],
)
def test_a_file_that_cannot_be_read_is_said_beside_the_field(cast: Cast, name: str, content: bytes) -> None:
    answer = cast.client("district").post("/contracts/add/", {"institution": "420106-S1", "file": file(name, content)})
    assert answer.status_code == 200
    assert b"is-invalid" in answer.content
    assert not Contract.objects.exists()


def test_refusals_are_said_on_the_page(cast: Cast, contract: Contract, settled: Settlement) -> None:
    company = cast.client("service")
    changed: dict[str, Any] = json.loads((WORKED / "trusteeship.json").read_text(encoding="utf-8"))
    changed["surplus"] = []
    page = f"/contracts/{contract.pk}/"
    answer = company.post(page, {"act": "settle", "file": file(content=json.dumps(changed).encode())})
    assert "盈余分配条款" in answer.content.decode()
    answer = company.post(f"/settlements/{settled.pk}/", {"kind": "dispute"})
    assert "请写明异议事项及理由" in answer.content.decode()
    assert company.post(f"/settlements/{settled.pk}/", {"kind": "perhaps"}).status_code == 200
    assert settled.answers.count() == 0
    assert Settlement.objects.count() == 1


@pytest.mark.parametrize("who", ["statistician", "verifier", "education"])
def test_who_only_looks_changes_nothing(cast: Cast, contract: Contract, settled: Settlement, who: str) -> None:
    client = cast.client(who)
    assert client.get("/contracts/add/").status_code == 403
    assert client.get(f"/contracts/{contract.pk}/amend/").status_code == 403
    client.post(f"/contracts/{contract.pk}/", {"act": "settle", "file": file()})
    client.post(f"/contracts/{contract.pk}/", {"act": "step", "state": "signed", "on": "2024-08-01"})
    assert client.post(f"/settlements/{settled.pk}/", {"kind": "agree"}).status_code == 403
    contract.refresh_from_db()
    assert (contract.state, settled.answers.count(), Settlement.objects.count()) == ("proposed", 0, 1)


def test_the_day_proposed_stands_in_the_field(cast: Cast, contract: Contract) -> None:
    shown = cast.client("district").get(f"/contracts/{contract.pk}/").content.decode()
    assert re.search(r'name="on" value="\d{4}-\d\d-\d\d"', shown)


def test_the_trail_speaks_in_words(cast: Cast, settled: Settlement) -> None:
    cast.client("service").post(f"/settlements/{settled.pk}/", {"kind": "dispute", "reason": "室温"})
    trail = cast.client("district").get("/audit/").content.decode()
    assert "对结算提出异议" in trail
    assert "节能服务公司（乙方）" in trail
    assert "dispute" not in trail.split("<tbody")[1]


def test_amending_on_the_page(cast: Cast, contract: Contract, tmp_path: Path) -> None:
    changed: dict[str, Any] = json.loads((WORKED / "trusteeship.json").read_text(encoding="utf-8"))
    changed["surplus"] = []
    sent = {"holds_from": "2025-01-01", "reason": "补充协议一", "file": file(content=json.dumps(changed).encode())}
    answer = cast.client("district").post(f"/contracts/{contract.pk}/amend/", sent)
    assert answer.status_code == 302
    shown = cast.client("service").get(f"/contracts/{contract.pk}/").content.decode()
    assert "补充协议一" in shown
    assert cast.client("neighbour").get(f"/contracts/{contract.pk}/amend/").status_code == 404

"""What an institution is, and what happens to it, is kept by the managers above it; its own people keep the rest."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from nengtan.domain.sheets.cells import Grid
from nengtan.identity.access import Forbidden, system_actor
from nengtan.registry.models import Institution, InstitutionEvent
from nengtan.registry.services import EventInput, intake, record_event
from tests.cast import Cast

SCHOOL, RECORD = "420106-S1", "/api/institutions/420106-S1"
CREDIT = "91350100M000100Y43"
IDENTITY = ("code", "name", "kind", "credit_code", "region", "system", "superior", "reports_to", "established_on")
OTHER = {"code": "NEW1", "name": "Renamed", "kind": "01", "credit_code": CREDIT, "region": "420111",
         "superior": "420106-O1", "established_on": "2001-09-01"}  # fmt: skip


def call(cast: Cast, who: str, method: str, path: str, data: Any = None) -> Any:
    headers = {**cast.bearer(who), "Accept-Language": "en"}
    more = {} if data is None else {"data": data, "content_type": "application/json"}
    return getattr(cast.client("anonymous"), method)(path, headers=headers, **more)


def record(cast: Cast) -> dict[str, Any]:
    return {**call(cast, "district", "get", RECORD).json(), "credit_code": ""}


@pytest.mark.parametrize(
    ("who", "status"),
    [("admin", 201), ("city", 201), ("district", 201), ("neighbour", 422), ("statistician", 403),
     ("statistics_head", 403), ("unit_head", 403), ("education", 403), ("service", 403), ("verifier", 403),
     ("public", 403)],
)  # fmt: skip
def test_who_may_close_an_institution(cast: Cast, who: str, status: int) -> None:
    answer = call(
        cast, who, "post", "/api/institution-events",
        {"kind": "closed", "effective_on": "2024-01-01", "before": [SCHOOL]},
    )  # fmt: skip
    assert answer.status_code == status
    assert Institution.objects.get(code=SCHOOL).status == ("closed" if status == 201 else "active")


@pytest.mark.parametrize("field", OTHER)
def test_its_own_people_do_not_change_what_it_is(cast: Cast, field: str) -> None:
    answer = call(cast, "statistician", "put", RECORD, {**record(cast), field: OTHER[field]})
    if field in {"region", "superior"}:  # and they cannot name what is out of their sight
        assert answer.status_code in {403, 422}
    else:
        assert answer.status_code == 403
        assert "Ask the manager of 武昌区" in answer.json()["detail"]
    assert Institution.objects.get(code=SCHOOL).name == "The school"


def test_its_own_people_change_where_it_is(cast: Cast) -> None:
    sent = {**record(cast), "address": "1 New Street", "lat": 30.5, "lon": 114.3, "carriers": ["electricity"]}
    answer = call(cast, "statistician", "put", RECORD, sent)
    assert (answer.status_code, answer.json()["address"], answer.json()["lat"]) == (200, "1 New Street", 30.5)


def test_its_managers_change_what_it_is(cast: Cast) -> None:
    answer = call(cast, "district", "put", RECORD, {**record(cast), "name": "Mended"})
    assert (answer.status_code, answer.json()["name"]) == (200, "Mended")


def test_the_page_greys_out_what_is_not_theirs_and_says_whom_to_ask(cast: Cast) -> None:
    client, page = cast.client("statistician"), f"/register/of/{SCHOOL}/edit/"
    answer = client.get(page)
    form = answer.context["form"]
    assert {name for name in form.fields if form.fields[name].disabled} == set(IDENTITY)
    assert "请联系武昌区的区域管理员" in answer.content.decode()
    assert "/event/" not in answer.content.decode()
    assert "/event/" not in client.get(f"/register/of/{SCHOOL}/history/").content.decode()
    assert client.get(f"/register/of/{SCHOOL}/event/").status_code == 403
    sent = {"name": "Renamed", "occupancy": "own", "utility_account": "own", "address": "1 New Street",
            "carriers": ["electricity"]}  # fmt: skip
    assert client.post(page, sent).status_code == 302
    body = Institution.objects.get(code=SCHOOL)
    assert (body.name, body.address) == ("The school", "1 New Street")


def test_the_page_of_a_manager_is_open(cast: Cast) -> None:
    client = cast.client("district")
    form = client.get(f"/register/of/{SCHOOL}/edit/").context["form"]
    assert not any(field.disabled for field in form.fields.values())
    assert "/event/" in client.get(f"/register/of/{SCHOOL}/history/").content.decode()


def test_a_file_of_its_own_people_changes_no_more_than_they_may(cast: Cast) -> None:
    heading = ["编码", "名称", "单位类型", "行政区划代码", "地址", "建筑面积"]
    same = Grid("单位", [heading, [SCHOOL, "The school", "021", "420106", "1 New Street", "900"]])
    renamed = Grid("单位", [heading, [SCHOOL, "Renamed", "021", "420106", "", ""]])
    closed = Grid("机构变动", [["变动类型", "变动日期", "变动前单位编码"], ["注销", "2024-01-01", SCHOOL]])
    actor = cast.actor("statistician")
    assert intake.check_registry(actor, [same]).errors == []
    found = [(one.place, one.code) for one in intake.check_registry(actor, [renamed, closed]).errors]
    assert found == [("B2", "not_yours"), ("A2", "not_yours")]
    assert intake.check_registry(cast.actor("district"), [renamed, closed]).errors == []


def test_the_service_itself_refuses(cast: Cast) -> None:
    school = cast.institutions["school"]
    with pytest.raises(Forbidden):
        record_event(cast.actor("statistician"), EventInput("closed", date(2024, 1, 1), [school]))
    assert not InstitutionEvent.objects.exists()
    assert record_event(system_actor(), EventInput("closed", date(2024, 1, 1), [school]))

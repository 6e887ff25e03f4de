"""The pages: few queries, nobody sees beyond their scope, and the journey of a workbook."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from nengtan.identity.access import system_actor
from nengtan.registry.commands import export_group, import_group, institutions, regions, template_group
from nengtan.registry.models import Attribute, Institution, Region
from nengtan.registry.services import intake, save_contact, set_attribute
from nengtan.ui.sheets.writer import Sheet, SheetColumn, write_workbook
from tests.cast import Cast

PAGES = (
    "/register/", "/register/map/", "/register/buildings/", "/register/meters/", "/register/equipment/",
    "/register/alive/", "/register/regions/", "/register/regions/420106/", "/register/add/", "/search/?q=school",
    "/register/of/420106-S1/", "/register/of/420106-S1/?tab=dated", "/register/of/420106-S1/?tab=buildings",
    "/register/of/420106-S1/?tab=meters", "/register/of/420106-S1/?tab=assets", "/register/of/420106-S1/?tab=contacts",
    "/register/of/420106-S1/history/", "/register/of/420106-S1/edit/", "/register/of/420106-S1/event/",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _own_files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "files"


def workbook(*rows: tuple[str, ...]) -> bytes:
    headings = [SheetColumn(word) for word in ("编码", "名称", "单位类型", "行政区划代码")]
    return write_workbook([Sheet("单位", headings, rows)])


def send(cast: Cast, content: bytes, who: str = "district") -> str:
    file = SimpleUploadedFile("r.xlsx", content)
    answer = cast.client(who).post("/register/import/", {"file": file})
    assert answer.status_code == 302
    return str(answer["Location"])


@pytest.mark.parametrize("url", PAGES)
def test_a_page_asks_the_database_few_times(cast: Cast, url: str) -> None:
    client = cast.client("district")
    client.get(url)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url).status_code == 200
    assert len(queries) <= 20


@pytest.mark.parametrize(
    ("who", "seen", "edits"),
    [("district", 200, 200), ("statistician", 200, 200), ("education", 200, 403), ("verifier", 200, 403),
     ("neighbour", 404, 404), ("public", 403, 403), ("outsider", 403, 403), ("anonymous", 302, 302)],
)  # fmt: skip
def test_a_record_opens_for_those_who_may(cast: Cast, who: str, seen: int, edits: int) -> None:
    client = cast.client(who)
    assert client.get("/register/of/420106-S1/").status_code == seen
    assert client.get("/register/of/420106-S1/edit/").status_code == edits


def test_a_workbook_is_checked_shown_and_taken(cast: Cast) -> None:
    url = send(cast, workbook(("A1", "第一小学", "021", "420106"), ("A2", "第二小学", "99", "420106")))
    client = cast.client("district")
    shown = client.get(url).content.decode()
    assert "99" in shown
    assert client.get(url + "marked/").status_code == 200
    assert client.post(url + "take/", {"take": "all"}).status_code == 302
    assert not Institution.objects.filter(code="A1").exists()
    client.post(url + "take/", {"take": "good"})
    assert Institution.objects.filter(code="A1").exists()
    assert client.get(url).status_code == 404


def test_a_sent_file_is_its_senders(cast: Cast) -> None:
    url = send(cast, workbook(("A1", "第一小学", "021", "420106")))
    assert cast.client("city").get(url).status_code == 404
    assert cast.client("district").post(url + "take/", {"take": "cancel"}).status_code == 302
    assert cast.client("district").get(url).status_code == 404


def test_the_export_holds_the_listed_institutions_only(cast: Cast) -> None:
    answer = cast.client("statistician").get("/register/export/")
    plan = intake.check_file(cast.actor("admin"), "x.xlsx", b"".join(answer.streaming_content))
    assert [row.code for row in plan.rows("institutions")] == ["420106-S1"]
    assert plan.counts["same"] == 1
    sheet = cast.client("statistician").get("/register/export/?sheet=institutions&history=1")
    lines = b"".join(sheet.streaming_content).decode("utf-8-sig").splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == ["420106-S1"]


def test_parts_of_an_institution_are_added_on_pages(cast: Cast) -> None:
    client, base = cast.client("statistician"), "/register/of/420106-S1/"
    posts = (
        ("building/add/", {"code": "B1", "name": "Hall"}),
        ("meter/add/", {"code": "M1", "carrier": "electricity", "ratio": "1"}),
        ("asset/add/", {"kind": "vehicle", "name": "Cars", "count": "2", "fuel": "diesel"}),
        ("contact/add/", {"role": "liaison", "name": "Somebody"}),
        ("value/add/", {"key": "area_m2", "value": "1200", "valid_from": "2023-01-01"}),
    )
    for path, data in posts:
        answer = client.post(base + path, data)
        assert answer.status_code == 302, (path, answer.content.decode()[:3000])
    renamed = {"kind": "renamed", "effective_on": "2023-07-01", "name": "New school"}
    assert cast.client("district").post(base + "event/", renamed).status_code == 302
    school = Institution.objects.get(code="420106-S1")
    assert (school.name, school.assets.get().attributes) == ("New school", {"fuel": "diesel"})
    assert cast.client("neighbour").post(base + "building/add/", {"code": "B2", "name": "X"}).status_code == 404


def test_regions_are_added_below_ones_own(cast: Cast) -> None:
    data = {"act": "add", "code": "420106001", "name": "中华路街道", "level": "street"}
    assert cast.client("neighbour").post("/register/regions/420106/", data).status_code == 404
    assert cast.client("district").post("/register/regions/420106/", data).status_code == 302
    assert Region.objects.get(code="420106001").parent.code == "420106"


def test_operations_read_and_write_within_scope(cast: Cast) -> None:
    client, header = cast.client("anonymous"), cast.bearer("district")
    listed = client.get("/api/institutions", headers=header).json()
    assert {one["code"] for one in listed["items"]} == {"420106-S1", "420106-H1", "420106-O1"}
    data = {"code": "Z1", "name": "New", "kind": "021", "region": "420106"}
    assert client.post("/api/institutions", data, content_type="application/json", headers=header).status_code == 201
    data = {**data, "code": "Z2", "region": "420111"}
    assert client.post("/api/institutions", data, content_type="application/json", headers=header).status_code == 422
    file = SimpleUploadedFile("r.xlsx", workbook(("A1", "第一小学", "021", "420106")))
    told = client.post("/api/imports/registry?dry_run=true", {"file": file}, headers=header).json()
    assert (told["stored"], told["accepted"]) == (False, 1)


def test_commands_take_in_and_list(cast: Cast, tmp_path: Path) -> None:
    run, file = CliRunner(), tmp_path / "r.xlsx"
    file.write_bytes(workbook(("A1", "第一小学", "021", "420106")))
    dry = run.invoke(import_group, ["registry", str(file), "--dry-run", "--format", "json"], standalone_mode=False)
    assert json.loads(dry.output)["accepted"] == 1
    assert not Institution.objects.filter(code="A1").exists()
    run.invoke(import_group, ["registry", str(file)], standalone_mode=False)
    listed = run.invoke(institutions, ["list", "--search", "dyxx", "--format", "json"])
    assert [one["code"] for one in json.loads(listed.output)] == ["A1"]
    assert json.loads(run.invoke(institutions, ["show", "A1", "--format", "json"]).output)["kind"] == "021"
    run.invoke(institutions, ["event", "renamed", "--on", "2023-07-01", "--before", "A1", "--name", "实验小学"])
    assert Institution.objects.get(code="A1").name == "实验小学"
    alive = run.invoke(institutions, ["alive", "--year", "2023", "--format", "json"])
    assert "A1" in [one["code"] for one in json.loads(alive.output)]
    for region, seen in (("420106", True), ("330000", False)):
        within = run.invoke(institutions, ["alive", "--year", "2023", "--region", region, "--format", "json"])
        assert ("A1" in [one["code"] for one in json.loads(within.output)]) is seen
    run.invoke(export_group, ["registry", "--region", "420106", "-o", str(tmp_path / "r.xlsx")])
    again = run.invoke(import_group, ["registry", str(tmp_path / "r.xlsx"), "--format", "json"])
    assert (json.loads(again.output[again.output.index("{") :])["unchanged"], again.exit_code) == (5, 0)
    run.invoke(export_group, ["registry", "--sheet", "contacts", "-o", str(tmp_path / "c.csv")])
    assert (tmp_path / "c.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    run.invoke(regions, ["notice", "420106", "CC BY 4.0"])
    assert Region.objects.get(code="420106").notice == "CC BY 4.0"
    run.invoke(regions, ["add", "420106001", "街道", "--parent", "420106"])
    assert Region.objects.get(code="420106001").level == "street"
    run.invoke(template_group, ["registry", "--output", str(tmp_path / "t.xlsx")])
    assert (tmp_path / "t.xlsx").stat().st_size > 5000


def test_who_may_exist_on_paper_only_is_shown_narrowed_and_exported(cast: Cast) -> None:
    district, school = cast.client("district"), cast.institutions["school"]
    for key in ("persons", "area_m2"):
        set_attribute(system_actor(), cast.institutions["office"], key, date(2020, 1, 1), Decimal(10))
    save_contact(system_actor(), school, {"role": "statistician", "name": "Second", "phone": "2"})
    save_contact(system_actor(), school, {"role": "liaison", "name": "First", "phone": "1"})
    shown = district.get("/register/alive/?year=2023")
    assert (shown.context["checked"], shown.context["found"], shown.context["serious"]) == (3, 3, 2)
    assert [figure.value for figure in shown.context["figures"]] == [2, 2, 3]
    for words in ("First 1", "/register/of/420106-S1/event/?kind=closed", "/register/of/420106-S1/value/add/"):
        assert words in shown.content.decode()
    assert "value/add" not in cast.client("verifier").get("/register/alive/?year=2023").content.decode()
    export = district.get("/register/alive/?year=2023&lacks=no_staff&export=csv")
    lines = b"".join(export.streaming_content).decode().splitlines()
    assert len(lines) == 3
    assert "First 1" in lines[2]
    assert "href" not in lines[2]


@pytest.mark.parametrize("who", ["admin", "nation", "district"])
def test_an_institution_is_added_by_everybody_who_may(cast: Cast, who: str) -> None:
    form = {"code": "NEW-1", "name": "New school", "kind": "021", "region": "420106", "carriers": ["electricity"]}
    form |= {"reports_to": "region", "occupancy": "own", "utility_account": "own"}
    answer = cast.client(who).post("/register/add/", form)
    assert answer.status_code == 302, answer.content.decode()[:2000]
    assert Institution.objects.get(code="NEW-1").region.code == "420106"


def test_an_institution_is_added_with_its_first_area_and_headcount(cast: Cast) -> None:
    form = {"code": "NEW-1", "name": "New school", "kind": "021", "region": "420106", "carriers": ["electricity"]}
    form |= {"reports_to": "region", "occupancy": "own", "utility_account": "own"}
    form |= {"area_m2": "1000.5", "persons": "100", "establishment": "8", "valid_from": "2020-01-01"}
    answer = cast.client("district").post("/register/add/", form)
    assert answer.status_code == 302, answer.content.decode()[:2000]
    held = Attribute.objects.filter(institution__code="NEW-1").values_list("key", "value", "valid_from")
    since = date(2020, 1, 1)
    sizes = {"area_m2": "1000.5", "persons": "100", "establishment": "8"}
    assert set(held) == {(key, Decimal(value), since) for key, value in sizes.items()}


def test_an_event_asks_for_what_its_kind_needs(cast: Cast) -> None:
    form = cast.client("district").get("/register/of/420106-S1/event/").context["form"]
    shown = {name: field.widget.attrs.get("data-shown-for", "") for name, field in form.fields.items()}
    assert {name: kinds for name, kinds in shown.items() if kinds} == {
        "name": "renamed",
        "region": "moved",
        "superior": "moved",
        "others": "merged",
        "into": "merged split",
    }

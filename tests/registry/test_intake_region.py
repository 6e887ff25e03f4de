"""A region for a whole file: new institutions whose row names none stand in it, at every door."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.core.files.uploadedfile import SimpleUploadedFile

from nengtan.domain.sheets.cells import Grid
from nengtan.identity.access import system_actor
from nengtan.identity.roles import Capability
from nengtan.registry import tasks
from nengtan.registry.commands import import_group
from nengtan.registry.models import Institution, Region
from nengtan.registry.pages import imports
from nengtan.registry.queries.own import own_region
from nengtan.registry.services import intake
from nengtan.ui import drafts
from nengtan.ui.cli import REFUSED
from nengtan.ui.sheets import wording
from nengtan.ui.sheets.writer import Sheet, SheetColumn, write_workbook
from tests.cast import Cast
from tests.registry.test_pages import send, workbook

BARE = ("单位编码", "单位名称", "单位类型")
ROW = ("A1", "第一小学", "021")


def bare(*rows: tuple[Any, ...]) -> bytes:
    return write_workbook([Sheet("单位", [SheetColumn(word) for word in BARE], rows)])


@pytest.fixture(autouse=True)
def _own_files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "files"


class Running:
    """A job that nobody watches."""

    def progress(self, done: int, total: int, note: str = "") -> None:
        """Say nothing."""


def checked(cast: Cast, rows: list[list[Any]], region: str = "420106", who: str = "") -> intake.RegistryPlan:
    actor = cast.actor(who) if who else system_actor()
    return intake.check_registry(actor, [Grid("单位", rows)], region=Region.objects.get(code=region))


def home(code: str) -> str:
    return Institution.objects.get(code=code).region.code


def test_rows_without_a_region_stand_in_that_of_the_file_and_others_keep_theirs(cast: Cast) -> None:
    rows = [[*BARE, "区划代码"], [*ROW, ""], ["A2", "第二小学", "021", "420111"]]
    intake.apply_registry(system_actor(), checked(cast, rows))
    assert (home("A1"), home("A2")) == ("420106", "420111")


def test_a_file_without_the_column_needs_it_or_a_region(cast: Cast) -> None:
    rows = [[*BARE], [*ROW]]
    assert checked(cast, rows).errors == []
    plan = intake.check_registry(system_actor(), [Grid("单位", rows)])
    assert [problem.code for problem in plan.errors] == ["missing_region_column"]
    assert wording.allowed(plan.errors[0])


def test_who_is_known_already_is_not_moved_by_it(cast: Cast) -> None:
    rows = [[*BARE], ["420111-S1", "The neighbour_school", "021"]]
    plan = checked(cast, rows)
    assert plan.counts == {"create": 0, "update": 0, "same": 1, "refused": 0}


def test_a_row_with_a_faulty_region_is_not_put_into_that_of_the_file(cast: Cast) -> None:
    plan = checked(cast, [[*BARE, "区划代码"], [*ROW, "999999"]])
    assert [(problem.place, problem.code) for problem in plan.errors] == [("D2", "unknown_region")]


@pytest.mark.parametrize(("code", "where"), [("A1", "D"), ("420106-H1", "A")])
def test_who_may_not_write_there_puts_and_changes_nothing_there(cast: Cast, code: str, where: str) -> None:
    plan = checked(cast, [[*BARE], [code, "第一小学", "021"]], who="neighbour")
    assert [problem.code for problem in plan.errors] == ["out_of_scope"]
    assert plan.counts["refused"] == 1


def test_the_command_takes_it(cast: Cast, tmp_path: Path) -> None:
    file, run = tmp_path / "r.xlsx", CliRunner()
    file.write_bytes(bare(ROW))
    refused = run.invoke(import_group, ["registry", str(file), "--format", "json"], standalone_mode=False)
    assert (refused.return_value, Institution.objects.filter(code="A1").exists()) == (REFUSED, False)
    told = run.invoke(import_group, ["registry", str(file), "--region", "420106"], standalone_mode=False)
    assert home("A1") == "420106"
    assert "单位编码" in told.stderr
    unknown = run.invoke(import_group, ["registry", str(file), "--region", "nowhere"])
    assert unknown.exit_code != 0


def test_the_operation_takes_it_within_reach(cast: Cast) -> None:
    client, header = cast.client("anonymous"), cast.bearer("district")

    def post(region: str) -> Any:
        file = SimpleUploadedFile("r.xlsx", bare(ROW))
        return client.post(f"/api/imports/registry?region={region}", {"file": file}, headers=header)

    assert post("420111").status_code == 422
    told = post("420106").json()
    assert (told["stored"], told["created"], home("A1")) == (True, 1, "420106")
    assert told["sheets"][0]["kind"] == "institutions"
    assert json.dumps(told["skipped"]) == "[]"


@pytest.mark.parametrize(
    ("who", "expected"),
    [("district", "420106"), ("province", "420000"), ("admin", None), ("statistician", None), ("outsider", None)],
)
def test_ones_own_region_is_the_one_that_is_managed(cast: Cast, who: str, expected: str | None) -> None:
    own = own_region(cast.actor(who), Capability.WRITE_REGISTRY)
    assert (own.code if own else None) == expected


def test_the_page_proposes_ones_own_region_and_keeps_the_choice(cast: Cast) -> None:
    client = cast.client("district")
    assert 'value="420106 ' in client.get("/register/import/").content.decode()
    file = SimpleUploadedFile("r.xlsx", bare(ROW))
    preview = client.post("/register/import/", {"file": file, "region": "420106"})["Location"]
    page = client.get(preview).content.decode()
    assert "单位编码" in page
    assert str(Region.objects.get(code="420106")) in page
    client.post(preview + "take/", {"take": "all"})
    assert home("A1") == "420106"


def test_a_region_out_of_reach_is_refused_beside_its_field(cast: Cast) -> None:
    data = {"file": SimpleUploadedFile("r.xlsx", bare(ROW)), "region": "420111"}
    assert cast.client("district").post("/register/import/", data).status_code == 200


def test_who_works_for_one_institution_is_not_asked(cast: Cast) -> None:
    page = cast.client("statistician").get("/register/import/").content.decode()
    assert 'name="file"' in page
    assert 'name="region"' not in page


def test_the_worker_keeps_to_it(cast: Cast) -> None:
    actor = cast.actor("district")
    draft = drafts.keep(actor, imports.PURPOSE, "r.xlsx", bare(ROW), region="420106")
    told = tasks.import_registry(Running(), actor, draft=draft.key, partial=False, region="420106")
    assert (told["stored"], home("A1")) == (True, "420106")


def test_how_the_sheet_was_read_and_what_was_left_out_stands_on_the_preview(cast: Cast) -> None:
    page = cast.client("district").get(
        send(cast, workbook(("一", "教育系统", "", ""), ("A1", "小学", "021", "420106")))
    )
    told = page.content.decode()
    assert "分组标题行" in told
    assert told.count("行政区划代码") >= 2

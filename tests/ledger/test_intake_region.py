"""Names in a file of bills are those of institutions of the region chosen for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.core.files.uploadedfile import SimpleUploadedFile

from nengtan.identity.access import system_actor
from nengtan.ledger.commands.intake import import_activity
from nengtan.ledger.models import ActivityFact
from nengtan.ledger.services import intake
from nengtan.registry.models import Institution, Region
from nengtan.ui.sheets import wording
from tests.cast import Cast
from tests.ledger.files import workbook

ROWS: list[tuple[Any, ...]] = [("单位", "月份", "用电量(kWh)"), ("Twin", "2023-01", 5)]


@pytest.fixture(autouse=True)
def _twins(cast: Cast, settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "files"
    Institution.objects.filter(code__in=["420106-S1", "420111-S1"]).update(name="Twin")


def take(region: str = "", who: Any = None) -> intake.Result:
    chosen = Region.objects.get(code=region) if region else None
    return intake.import_file(who or system_actor(), "a.xlsx", workbook(ROWS), region=chosen)


def owner() -> str:
    return ActivityFact.objects.get().institution.code


def test_a_name_borne_by_two_is_settled_by_the_region(cast: Cast) -> None:
    assert [problem.code for problem in take().errors] == ["ambiguous_institution"]
    assert take("420106").accepted == 1
    assert owner() == "420106-S1"


def test_a_name_of_another_region_is_refused_with_the_region_asked_for(cast: Cast) -> None:
    Institution.objects.filter(code="420106-S1").update(name="The school")
    result = take("420106")
    assert [(problem.place, problem.code) for problem in result.errors] == [("A2", "not_in_region")]
    assert str(Region.objects.get(code="420106")) in wording.message(result.errors[0])


def test_an_unknown_name_is_offered_names_of_the_region_alone(cast: Cast) -> None:
    rows = [ROWS[0], ("Twim", "2023-01", 5)]
    Institution.objects.filter(code="420111-S1").update(name="Twin school")
    region = Region.objects.get(code="420106")
    plan = intake.check_file(system_actor(), "a.xlsx", workbook(rows), region=region)
    assert plan.errors()[0].allowed == ("Twin",)


def test_a_code_means_the_same_everywhere(cast: Cast) -> None:
    rows = [("单位编码", "月份", "用电量(kWh)"), ("420111-S1", "2023-01", 5)]
    plan = intake.check_file(system_actor(), "a.xlsx", workbook(rows), region=Region.objects.get(code="420106"))
    assert plan.errors() == []


def test_every_door_takes_it(cast: Cast, tmp_path: Path) -> None:
    file = tmp_path / "a.xlsx"
    file.write_bytes(workbook(ROWS))
    CliRunner().invoke(import_activity, [str(file), "--region", "420106"], standalone_mode=False)
    assert owner() == "420106-S1"
    header = cast.bearer("city")
    data = {"file": SimpleUploadedFile("a.xlsx", file.read_bytes()), "region": "420111"}
    told = cast.client("anonymous").post("/api/imports/activity", data, headers=header).json()
    assert (told["stored"], told["skipped"], told["sheets"][0]["kind"]) == (True, [], "wide")
    outside = {"file": SimpleUploadedFile("a.xlsx", file.read_bytes()), "region": "330106"}
    assert cast.client("anonymous").post("/api/imports/activity", outside, headers=header).status_code == 422


def test_the_page_proposes_ones_own_region_and_keeps_the_choice(cast: Cast) -> None:
    client = cast.client("city")
    assert 'value="420100 ' in client.get("/ledger/import/").content.decode()
    file = SimpleUploadedFile("a.xlsx", workbook(ROWS))
    sent = client.post("/ledger/import/", {"file": file, "origin": "bill", "region": "420111"})
    assert str(Region.objects.get(code="420111")) in client.get(sent["Location"]).content.decode()
    client.post(sent["Location"] + "take/", {"take": "all"})
    assert owner() == "420111-S1"


def test_who_reports_for_one_institution_is_not_asked(cast: Cast) -> None:
    page = cast.client("statistician").get("/ledger/import/").content.decode()
    assert 'name="origin"' in page
    assert 'name="region"' not in page


HEADING = ("区县", "单位", "月份", "用电量(kWh)")


def plan_of(*rows: tuple[Any, ...], heading: tuple[str, ...] = HEADING, region: str = "") -> intake.ActivityPlan:
    chosen = Region.objects.get(code=region) if region else None
    return intake.check_file(system_actor(), "a.xlsx", workbook([heading, *rows]), region=chosen)


def bodies(plan: intake.ActivityPlan) -> list[str]:
    codes = dict(Institution.objects.values_list("pk", "code"))
    return [codes[entry.institution_id] for entry in plan.taken()]


@pytest.mark.parametrize(
    "words", [("武昌区", "洪山区"), ("武昌", "洪山"), ("420106", "420111"), ("武汉市武昌区", "湖北省武汉市洪山区")]
)
def test_a_column_of_regions_tells_twins_apart_row_by_row(cast: Cast, words: tuple[str, str]) -> None:
    plan = plan_of((words[0], "Twin", "2023-01", 5), (words[1], "Twin", "2023-01", 6))
    assert (plan.errors(), bodies(plan)) == ([], ["420106-S1", "420111-S1"])


def test_a_region_over_merged_cells_is_that_of_each_row(cast: Cast) -> None:
    rows = [HEADING, ("武昌区", "Twin", "2023-01", 5), ("", "Twin", "2023-02", 6)]
    plan = intake.check_file(system_actor(), "a.xlsx", workbook(rows, merges=("A2:A3",)))
    assert bodies(plan) == ["420106-S1", "420106-S1"]


def test_a_region_in_which_nobody_bears_the_name_is_refused(cast: Cast) -> None:
    plan = plan_of(("江岸区", "Twin", "2023-01", 5), ("武昌区", "Twin", "2023-01", 5), region="420111")
    assert [(one.place, one.code) for one in plan.errors()] == [
        ("B2", "not_in_region_of_row"), ("B3", "not_in_region_of_row"),
    ]  # fmt: skip
    assert "江岸区" in wording.message(plan.errors()[0])


def test_what_is_no_region_is_told_and_left_out_of_account(cast: Cast) -> None:
    Institution.objects.filter(code="420106-S1").update(name="Single")
    plan = plan_of(("高新区", "Single", "2023-01", 5), ("高新区", "Single", "2023-02", 5))
    assert (plan.errors(), bodies(plan)) == ([], ["420106-S1", "420106-S1"])
    assert [(one.place, one.code) for one in plan.remarks if one.severity == "warning"] == [("A2", "region_not_used")]


def test_a_code_needs_no_region(cast: Cast) -> None:
    heading = ("区县", "单位编码", "月份", "用电量(kWh)")
    assert bodies(plan_of(("武昌区", "420111-S1", "2023-01", 5), heading=heading)) == ["420111-S1"]


def test_code_and_credit_code_may_stand_side_by_side(cast: Cast) -> None:
    Institution.objects.filter(code="420111-S1").update(credit_code="91350100M000100Y43")
    heading = ("单位编码", "统一社会信用代码", "月份", "用电量(kWh)")
    plan = plan_of(
        ("420106-S1", "", "2023-01", 5), ("", "91350100M000100Y43", "2023-01", 6), heading=heading
    )  # fmt: skip
    assert (plan.errors(), bodies(plan)) == ([], ["420106-S1", "420111-S1"])

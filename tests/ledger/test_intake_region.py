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

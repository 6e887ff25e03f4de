"""A believable quantity in a wrong unit: taken, and told at every door, by what the institution usually uses."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.translation import override
from openpyxl import Workbook

from nengtan.identity.access import system_actor
from nengtan.ledger.commands.intake import import_activity
from nengtan.ledger.models import ActivityFact
from nengtan.ledger.services import intake
from nengtan.ledger.wording import result_dict
from nengtan.ui.sheets import wording
from tests.cast import Cast
from tests.ledger.files import LONG, bills, workbook

Row = tuple[Any, ...]


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with override("en"):
        yield


def bill(month: str, quantity: float, code: str = "420106-S1", unit: str = "kWh", **more: str) -> Row:
    return (code, None, month, more.get("carrier", "电力"), quantity, unit, None, None, more.get("bill"))


def year(*quantities: float, of: int = 2022, **more: str) -> list[Row]:
    return [bill(f"{of}-{month:02d}", quantity, **more) for month, quantity in enumerate(quantities, 1)]


def take(rows: list[Row], **options: Any) -> intake.Result:
    return intake.import_file(system_actor(), "a.xlsx", bills(*rows), **options)


def check(rows: list[Row]) -> intake.ActivityPlan:
    return intake.check_file(system_actor(), "a.xlsx", bills(*rows))


def told(of: intake.ActivityPlan | intake.Result) -> list[tuple[str, str]]:
    return [(one.place, one.code) for one in of.unusual]


def test_a_month_far_above_the_others_is_taken_and_told_with_row_column_found_and_usual(cast: Cast) -> None:
    result = take(year(3000, 3200, 3100, 42_000, 2900))
    assert (result.accepted, result.rejected, result.errors) == (5, 0, [])
    assert told(result) == [("E5", "usual_high")]
    (one,) = result_dict(result)["unusual"]
    assert (one["row"], one["column"], one["label"], one["found"]) == (5, "quantity", "数量", "42,000 kWh")
    assert one["allowed"] == "usually about 3,050 kWh a month"
    assert "13.8 times" in one["message"]
    assert "The school" in one["message"]


def test_ten_thousand_times_is_called_a_slip_of_the_unit(cast: Cast) -> None:
    plan = check([*year(3000, 3200, 3100), bill("2022-04", 3050, unit="万kWh")])
    assert told(plan) == [("E5", "usual_high_slip")]
    assert "about 10,000 times" in wording.message(plan.unusual[0])
    assert plan.unusual[0].found == "3,050 10⁴ kWh"
    low = check([*year(3000, 3200, 3100), bill("2022-04", 3.05)])
    assert told(low) == [("E5", "usual_low_slip")]
    with override("zh-hans"):
        assert "1,000 分之一" in wording.message(low.unusual[0])
        assert "核对" in wording.message(plan.unusual[0])


def test_the_ledger_knows_what_is_usual_for_a_file_of_one_month(cast: Cast) -> None:
    take(year(3000, 3200, 3100))
    assert told(check([bill("2022-04", 31_000)])) == [("E2", "usual_high")]
    assert told(check([bill("2022-04", 31_000, code="420106-H1")])) == []
    assert told(check([bill("2022-04", 31_000, carrier="水", unit="m3")])) == []


def test_two_months_are_too_few_to_say_anything(cast: Cast) -> None:
    take(year(3000, 3200))
    assert told(check([bill("2022-04", 9_000_000)])) == []


def test_what_was_withdrawn_or_corrected_is_not_usual(cast: Cast) -> None:
    take(year(300, 310, 320))
    take(year(30_000, 31_000, 32_000), on_existing="correct")
    assert told(check([bill("2022-04", 31_500)])) == []


def test_a_correction_is_told_too_and_what_is_known_already_is_not_told_again(cast: Cast) -> None:
    take(year(3000, 3200, 3100, 2900))
    plan = check(year(3000, 32_000_000, 3100, 2900))
    assert told(plan) == [("E3", "usual_high_slip")]
    take(year(3000, 32_000_000, 3100, 2900), on_existing="correct")
    assert told(check(year(3000, 32_000_000, 3100, 2900))) == []


def test_a_refused_row_is_told_once_as_a_refusal(cast: Cast) -> None:
    plan = check([*year(3000, 3200, 3100), bill("2022-04", 900_000_000_000)])
    assert ([problem.code for problem in plan.errors()], told(plan)) == (["absurd_quantity"], [])


def test_rows_alike_are_one_note_and_each_is_listed(cast: Cast) -> None:
    plan = check([*year(10, 10, 10, 10, 10), *year(*[10] * 5, 99_000, 98_000, of=2021, code="420106-H1")])
    assert [(note.code, note.params["count"], note.severity) for note in plan.remarks] == [
        ("usual_high_slip_rows", 2, "warning")
    ]
    assert told(plan) == [("E12", "usual_high_slip"), ("E13", "usual_high_slip")]


def test_a_wide_sheet_names_the_cell_of_the_figure(cast: Cast) -> None:
    rows = [("The school", f"2022-{month:02d}", 3000 + month, 50) for month in range(1, 6)]
    rows[3] = ("The school", "2022-04", 3004, 5000)
    plan = intake.check_file(system_actor(), "a.xlsx", workbook([("单位", "月份", "用电量(kWh)", "用水量(m3)"), *rows]))
    assert told(plan) == [("D5", "usual_high")]


def test_sheets_of_one_file_tell_together_what_is_usual(cast: Cast) -> None:
    book = Workbook()
    for page, rows in ((book.active, year(3000, 3200, 3100)), (book.create_sheet("B"), [bill("2022-09", 50_000)])):
        for row in (LONG, *rows):
            page.append(row)
    out = io.BytesIO()
    book.save(out)
    plan = intake.check_file(system_actor(), "a.xlsx", out.getvalue())
    assert [(one.sheet, one.place) for one in plan.unusual] == [("B", "E2")]


def test_the_command_prints_it(cast: Cast, tmp_path: Path) -> None:
    file = tmp_path / "a.xlsx"
    file.write_bytes(bills(*year(3000, 3200, 3100, 42_000)))
    said = CliRunner().invoke(import_activity, [str(file), "--dry-run"])
    assert said.exit_code == 0
    assert "E5" in said.stderr
    assert "far above its other months" in said.stderr
    printed = json.loads(CliRunner().invoke(import_activity, [str(file), "--format", "json"]).stdout)
    assert (printed["accepted"], printed["rejected"], printed["errors"]) == (4, 0, [])
    assert [one["place"] for one in printed["unusual"]] == ["E5"]
    assert ActivityFact.objects.counting().count() == 4


def test_the_preview_shows_it_before_anything_is_stored(cast: Cast, tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    client = cast.client("district")
    sent = SimpleUploadedFile("a.xlsx", bills(*year(3000, 3200, 3100, 42_000)))
    page = client.post("/ledger/import/", {"file": sent, "origin": "bill"}, follow=True).content.decode()
    assert "42,000 kWh" in page
    assert "3,100 kWh" in page
    assert 'href="#unusual"' in page
    assert page.count("42,000 kWh") == 2  # what was found, and what is said of it

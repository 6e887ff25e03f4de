"""Taking in files: matching, checking, all or nothing, repeats and corrections."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from django.utils.translation import override

from nengtan.domain.sheets.problems import Problem
from nengtan.identity.access import Forbidden, system_actor
from nengtan.identity.models import AuditEvent
from nengtan.ledger.models import ActivityFact, Evidence, ImportBatch, InstitutionYear, RegionRollup
from nengtan.ledger.services import close_year, intake
from nengtan.ledger.wording import result_dict
from nengtan.registry.models import Building, InstitutionEvent, Meter
from nengtan.registry.services import EventInput, record_event
from nengtan.ui.sheets import wording
from nengtan.ui.sheets.reader import open_table
from nengtan.ui.sheets.refused import Refused
from tests.cast import Cast
from tests.ledger.files import bills, text, workbook

NOTHING = (0, 0, 0, 0)


def take(cast: Cast, content: bytes, name: str = "a.xlsx", who: str = "district", **options: Any) -> intake.Result:
    """Import as somebody."""
    return intake.import_file(cast.actor(who), name, content, **options)


def stored() -> tuple[int, int, int, int]:
    """How much of everything an import writes is there."""
    return (
        ActivityFact.objects.count(), ImportBatch.objects.count(), RegionRollup.objects.count(),
        InstitutionYear.objects.count(),
    )  # fmt: skip


def codes(problems: list[Problem]) -> list[tuple[str, str]]:
    """Place and code of each problem."""
    return [(problem.place, problem.code) for problem in problems]


def test_a_long_sheet_becomes_facts_with_their_evidence(cast: Cast) -> None:
    content = bills(
        ("420106-S1", None, "2023-01", "电力", 1.2, "万kWh", 9000, "账单", "B1"),
        (None, "The hospital", "2023年1月", "水", "１,０００", "吨", None, None, None),
    )
    result = take(cast, content)
    assert (result.accepted, result.rejected, result.unchanged, result.facts) == (2, 0, 0, 2)
    power, water = ActivityFact.objects.order_by("id")
    assert (power.institution.code, power.quantity, power.entered_quantity, power.entered_unit) == (
        "420106-S1", Decimal(12000), "1.2", "10MWh",
    )  # fmt: skip
    assert (power.cost, power.origin, power.bill_no, power.source_row) == (Decimal(9000), "bill", "B1", "数据!2")
    assert (water.quantity, water.carrier, water.origin) == (Decimal(1000), "water", "bill")
    assert power.batch == result.batch
    assert power.evidence == result.batch.evidence  # type: ignore[union-attr]
    assert Evidence.objects.get().size == len(content)
    event = AuditEvent.objects.get(action="import.activity")
    assert (event.after["accepted"], event.region_path) == (2, cast.regions["420106"].path)


def test_a_merged_two_row_heading_with_units_is_understood(cast: Cast) -> None:
    content = workbook(
        [
            ("2023年能源资源消费统计表", None, None, None, None),
            ("单位名称", "月份", "电", None, "水"),
            (None, None, "用量(万kWh)", "金额(元)", "用量(m³)"),
            ("The school", "1月", 1.5, 11000, 300),
            ("The hospital", "1月", 20, 150000, None),
            ("合计", None, 21.5, 161000, 300),
        ],
        merges=("A1:E1", "A2:A3", "B2:B3", "C2:D2"),
    )
    result = take(cast, content)
    assert not result.errors
    assert (result.accepted, result.facts) == (2, 3)
    facts = {(fact.institution.code, fact.carrier): fact.quantity for fact in ActivityFact.objects.all()}
    assert facts == {
        ("420106-S1", "electricity"): Decimal(15000),
        ("420106-S1", "water"): Decimal(300),
        ("420106-H1", "electricity"): Decimal(200000),
    }


def test_a_gbk_csv_is_read(cast: Cast) -> None:
    content = text("单位,月份,用电量(kWh)", "The school,2023/1,１２００", 'The school,202302,"1,300"', encoding="gbk")
    assert take(cast, content, "bills.csv").accepted == 2
    assert sorted(ActivityFact.objects.values_list("period", "quantity")) == [(202301, 1200), (202302, 1300)]


def test_every_fault_is_told_with_its_row_and_column_and_nothing_is_stored(cast: Cast) -> None:
    content = bills(
        ("420106-S1", None, "2023-01", "电力", 100, "kWh", None, None, None),
        ("420106-S1", None, "2023-02", "电力", -5, "kWh", None, None, None),
        ("420106-S1", None, "2023-03", "电力", 10**9, "kWh", None, None, None),
        (None, "The schol", "2023-04", "电力", 5, "kWh", None, None, None),
        ("420106-S1", None, "2023-05", "电力", 5, "t", None, None, None),
        ("420106-S1", "The hospital", "2023-06", "电力", 5, "kWh", None, None, None),
        ("420106-S1", None, "2023-01", "电力", 100, "kWh", None, None, None),
        ("420106-S1", None, "2023-01", "电力", 101, "kWh", None, None, None),
        ("420106-S1", None, "2099-01", "电力", 100, "kWh", None, None, None),
        ("420111-S1", None, "2023-01", "电力", 100, "kWh", None, None, None),
    )
    result = take(cast, content)
    assert codes(result.errors) == [
        ("E3", "negative_quantity"),
        ("E4", "absurd_quantity"),
        ("B5", "unknown_institution"),
        ("F6", "unit_not_allowed"),
        ("B7", "name_code_mismatch"),
        ("E8", "duplicate_row"),
        ("E9", "conflicting_row"),
        ("C10", "period_out_of_range"),
        ("A11", "unknown_institution"),
    ]
    assert (result.accepted, result.rejected, result.stored) == (0, 9, False)
    assert stored() == NOTHING
    suggestion = next(problem for problem in result.errors if problem.code == "unknown_institution")
    assert suggestion.allowed[0] == "The school"
    for problem in result.errors:
        assert "%(" not in wording.message(problem) + wording.allowed(problem)


def test_the_good_rows_are_taken_by_choice(cast: Cast) -> None:
    content = bills(
        ("420106-S1", None, "2023-01", "电力", 100, "kWh", None, None, None),
        ("420106-S1", None, "2023-02", "电力", -5, "kWh", None, None, None),
    )
    result = take(cast, content, partial=True)
    assert (result.accepted, result.rejected, len(result.errors)) == (1, 1, 1)
    assert ActivityFact.objects.get().period == 202301
    assert (result.batch.accepted, result.batch.rejected) == (1, 1)  # type: ignore[union-attr]


def test_a_wide_row_with_one_fault_is_refused_whole(cast: Cast) -> None:
    rows = [
        ("单位", "月份", "用电量(kWh)", "用水量(m3)"),
        ("The school", "2023-01", 100, 5),
        ("The school", "2023-01", 7, None),
    ]
    result = take(cast, workbook(rows), partial=True)
    assert codes(result.errors) == [("C3", "conflicting_row")]
    assert sorted(ActivityFact.objects.values_list("carrier", "quantity")) == [("electricity", 100), ("water", 5)]


def test_the_same_file_again_changes_nothing(cast: Cast) -> None:
    content = bills(("420106-S1", None, "2023-01", "电力", 100, "kWh", 80, None, None))
    take(cast, content)
    before = stored()
    result = take(cast, content)
    assert (result.accepted, result.rejected, result.unchanged, result.stored) == (0, 0, 1, False)
    assert stored() == before


def test_other_figures_are_refused_or_corrected_by_choice(cast: Cast) -> None:
    take(cast, bills(("420106-S1", None, "2023-01", "电力", 100, "kWh", 80, None, None)))
    changed = bills(("420106-S1", None, "2023-01", "电力", 0.12, "MWh", 80, None, None))
    refused = take(cast, changed)
    assert codes(refused.errors) == [("E2", "conflicts_with_stored")]
    corrected = take(cast, changed, on_existing="correct")
    assert (corrected.accepted, corrected.corrected) == (1, 1)
    old, new = ActivityFact.objects.order_by("id")
    assert (old.standing, new.standing, new.supersedes) == (2, 1, old)
    assert {row.quantity for row in RegionRollup.objects.filter(region=cast.regions["420106"])} == {Decimal(120)}


def test_a_row_that_may_mean_several_stored_facts_is_refused(cast: Cast) -> None:
    from nengtan.ledger.services import FactInput, enter_fact

    for quantity in (1, 2):
        enter_fact(
            cast.actor("district"),
            FactInput(cast.institutions["school"], "electricity", 202301, Decimal(quantity), "kWh"),
        )
    content = bills(("420106-S1", None, "2023-01", "电力", 3, "kWh", None, None, None))
    assert codes(take(cast, content, on_existing="correct").errors) == [("E2", "several_stored")]


def test_bills_of_one_month_are_told_apart_by_number(cast: Cast) -> None:
    rows = [("420106-S1", None, "2023-01", "电力", 100, "kWh", None, "账单", number) for number in ("A", "B")]
    assert take(cast, bills(*rows)).accepted == 2
    assert {row.quantity for row in RegionRollup.objects.filter(region=cast.regions["420106"])} == {200}


def test_rows_match_by_credit_code_and_by_former_name(cast: Cast) -> None:
    school = cast.institutions["school"]
    school.credit_code = "91350100M000100Y43"
    school.save()
    renamed = EventInput(InstitutionEvent.Kind.RENAMED, date(2023, 3, 1), before=[school], name="The new school")
    record_event(cast.actor("district"), renamed)
    content = bills(
        ("91350100M000100Y43", None, "2023-01", "电力", 1, "kWh", None, None, None),
        (None, "The school", "2023-02", "电力", 2, "kWh", None, None, None),
        ("420106-S1", "The school", "2023-03", "电力", 3, "kWh", None, None, None),
        (None, "Ｔhe  new school", "2023-04", "电力", 4, "kWh", None, None, None),
    )
    result = take(cast, content)
    assert result.accepted == 4
    assert [(note.place, note.code) for note in result.notes] == [("B3", "former_name")]
    assert set(ActivityFact.objects.values_list("institution", flat=True)) == {school.pk}


def test_two_institutions_of_one_name_need_the_code(cast: Cast) -> None:
    twin = cast.institutions["hospital"]
    twin.name = "The school"
    twin.save()
    content = bills((None, "The school", "2023-01", "电力", 1, "kWh", None, None, None))
    assert codes(take(cast, content).errors) == [("B2", "ambiguous_institution")]
    assert take(cast, content, who="statistician").accepted == 1


def test_months_after_the_end_and_closed_years_are_refused(cast: Cast) -> None:
    district = cast.actor("district")
    record_event(
        district, EventInput(InstitutionEvent.Kind.CLOSED, date(2023, 6, 30), before=[cast.institutions["office"]])
    )
    take(cast, bills(("420106-S1", None, "2022-01", "电力", 1, "kWh", None, None, None)))
    close_year(district, cast.regions["420106"], 2022)
    content = bills(
        ("420106-O1", None, "2023-06", "电力", 1, "kWh", None, None, None),
        ("420106-O1", None, "2023-07", "电力", 1, "kWh", None, None, None),
        ("420106-H1", None, "2022-07", "电力", 1, "kWh", None, None, None),
    )
    assert codes(take(cast, content).errors) == [("C3", "institution_closed"), ("C4", "period_closed")]


def test_the_coming_month_is_refused(cast: Cast) -> None:
    coming = (timezone.localdate().replace(day=1) + timedelta(days=32)).strftime("%Y-%m")
    content = bills(("420106-S1", None, coming, "电力", 1, "kWh", None, None, None))
    assert codes(take(cast, content).errors) == [("C2", "period_out_of_range")]


def test_buildings_meters_and_items_are_the_institutions_own(cast: Cast) -> None:
    school, hospital = cast.institutions["school"], cast.institutions["hospital"]
    Building.objects.create(code="S-1", name="House", institution=school, region=school.region)
    Building.objects.create(code="H-1", name="Ward", institution=hospital, region=hospital.region)
    Meter.objects.create(code="M1", institution=school, carrier="electricity")
    heading = ("单位编码", "月份", "能源品种", "数量", "计量单位", "数据来源", "建筑编码", "表计编码", "分项")
    rows = [
        ("420106-S1", "2023-01", "电力", 1, "kWh", "表计", "S-1", "M1", "空调用电"),
        ("420106-S1", "2023-02", "电力", 1, "kWh", "表计", "H-1", None, None),
        ("420106-S1", "2023-03", "水", 1, "m3", "表计", None, "M1", None),
        ("420106-S1", "2023-04", "电力", 1, "kWh", "表计", None, "M2", "取暖"),
    ]
    result = take(cast, workbook([heading, *rows]), partial=True)
    assert codes(result.errors) == [
        ("G3", "unknown_building"), ("H4", "meter_of_other_carrier"), ("H5", "unknown_meter"), ("I5", "unknown_item"),
    ]  # fmt: skip
    fact = ActivityFact.objects.get()
    assert (fact.building.code, fact.meter.code, fact.item) == ("S-1", "M1", "01B00")  # type: ignore[union-attr]


def test_too_long_texts_and_absurd_money_are_refused_before_the_database_refuses_them(cast: Cast) -> None:
    content = bills(
        ("420106-S1", None, "2023-01", "电力", 1, "kWh", None, None, "9" * 65),
        ("420106-S1", None, "2023-02", "电力", 1, "kWh", 10**12, None, None),
    )
    assert codes(take(cast, content).errors) == [("I2", "too_long"), ("G3", "too_big")]


def test_a_unit_nobody_verified_is_kept_and_counts_nowhere(cast: Cast) -> None:
    content = bills(("420106-S1", None, "2023-01", "天然气", 55, "未核实", None, "表计", None))
    assert take(cast, content).accepted == 1
    fact = ActivityFact.objects.get()
    assert (fact.quantity, fact.entered_quantity, fact.standing) == (None, "55", ActivityFact.Standing.UNVERIFIED)
    assert take(cast, content).unchanged == 1
    other = bills(("420106-S1", None, "2023-01", "天然气", 56, "未核实", None, "表计", None))
    assert codes(take(cast, other).errors) == [("E2", "conflicts_with_stored")]


def test_formulas_are_taken_by_their_stored_value_and_said_so(cast: Cast) -> None:
    rows = [("单位", "月份", "用电量(kWh)"), ("The school", "2023-01", "=1+1")]
    assert codes(take(cast, workbook(rows)).errors) == [("C2", "formula_uncached")]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.xlsm", b"PK\x03\x04", "macro_workbook"),
        ("a.exe", b"MZ", "extension_not_allowed"),
        ("a.xlsx", b"PK\x03\x04broken", "damaged"),
        ("a.csv", b"", "empty_file"),
        ("a.pdf", b"%PDF-1.7", "extension_not_allowed"),
        ("a.csv", b"%PDF-1.7", "extension_mismatch"),
    ],
)
def test_files_nobody_should_open_are_refused(cast: Cast, name: str, content: bytes, code: str) -> None:
    with pytest.raises(Refused) as refused:
        take(cast, content, name)
    assert refused.value.code == code
    assert wording.refusal(refused.value)
    assert stored() == NOTHING


def test_a_file_beyond_the_limit_is_refused_by_its_size(cast: Cast, settings: Any) -> None:
    settings.MAX_UPLOAD_BYTES = 100
    with pytest.raises(Refused) as refused:
        take(cast, b"x" * 101, "a.csv")
    assert refused.value.code == "too_large"


def test_a_sheet_without_headings_is_named_and_the_others_are_taken(cast: Cast) -> None:
    from openpyxl import load_workbook

    template = intake.template(cast.actor("district"))
    import io

    book = load_workbook(io.BytesIO(template))
    page = book.worksheets[0]
    page["A2"], page["B2"], page["C2"] = "420106-S1", None, "2023-01"
    out = io.BytesIO()
    book.save(out)
    result = take(cast, out.getvalue())
    assert result.accepted == 1
    assert [note.code for note in result.notes] == ["sheet_left_out"]


def test_the_template_offers_only_institutions_one_reports_for(cast: Cast) -> None:
    grids = open_table(intake.template(cast.actor("statistician")), "t.xlsx")
    shown = {str(cell) for grid in grids for row in grid.rows for cell in row}
    assert "The school" in shown
    assert "The hospital" not in shown


@pytest.mark.parametrize("who", ["unit_head", "service", "verifier", "education", "public", "outsider"])
def test_those_who_enter_nothing_import_nothing(cast: Cast, who: str) -> None:
    content = bills(("420106-S1", None, "2023-01", "电力", 1, "kWh", None, None, None))
    with pytest.raises(Forbidden):
        take(cast, content, who=who)
    assert take(cast, content, who="statistician").accepted == 1


def test_the_number_of_queries_does_not_grow_with_the_rows(cast: Cast, django_assert_max_num_queries: Any) -> None:
    months = [f"{year}-{month:02d}" for year in (2021, 2022, 2023) for month in range(1, 13)]
    rows = [
        (code, None, month, carrier, 10, unit, None, None, None)
        for code in ("420106-S1", "420106-H1", "420106-O1")
        for month in months
        for carrier, unit in (("电力", "kWh"), ("水", "m3"), ("天然气", "m3"))
    ]
    with django_assert_max_num_queries(75):
        result = take(cast, bills(*rows))
    assert result.facts == 3 * 36 * 3


def test_prices_that_stand_out_alike_are_told_together_and_the_rows_are_taken(cast: Cast) -> None:
    def priced(month: int, quantity: float, carrier: str = "电力", unit: str = "kWh") -> tuple[Any, ...]:
        return ("420106-S1", None, f"2022-{month:02d}", carrier, quantity, unit, 750, None, None)

    rows = [priced(month, 1000) for month in range(1, 8)]
    result = take(cast, bills(*rows, priced(8, 0.1)))
    assert result.accepted == 8
    assert [(note.place, note.code) for note in result.notes] == [("E9", "price_high"), ("E9", "usual_low_slip")]
    assert "7500" in wording.message(result.notes[0])
    water = [priced(month, 150, "水", "m3") for month in range(1, 13)]
    odd = [*(priced(month, 0.1) for month in range(8, 11)), *(priced(month, 10**5) for month in (11, 12))]
    plan = intake.check_file(system_actor(), "a.xlsx", bills(*rows, *odd, *water))
    of_prices = [note for note in plan.remarks if note.code.startswith("price")]
    assert [(note.code, note.params["count"]) for note in of_prices] == [
        ("price_high_rows", 3),
        ("price_low_rows", 2),
    ]
    assert [(one.row, one.code) for one in plan.prices] == [
        (9, "price_high"), (10, "price_high"), (11, "price_high"), (12, "price_low"), (13, "price_low"),
    ]  # fmt: skip
    with override("en"):
        told = wording.message(of_prices[0])
        assert "3 rows pay more than ten times" in told
        assert "rows 9, 10, 11" in told
    printed = result_dict(intake.preview_result(plan))
    assert [one["place"] for one in printed["prices"]] == ["E9", "E10", "E11", "E12", "E13"]
    assert len(printed["notes"]) == len(plan.remarks)

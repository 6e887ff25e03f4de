"""Workbooks that come back: what changed, what others changed meanwhile, all or nothing, and every bad file told."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nengtan.domain.returns import slots
from nengtan.domain.returns.steps import State
from nengtan.identity.access import Forbidden, system_actor
from nengtan.identity.models import AuditEvent
from nengtan.reference import scheme
from nengtan.registry.models import InstitutionEvent
from nengtan.registry.services import EventInput, record_event
from nengtan.reporting.models import Return, Value
from nengtan.reporting.services import CellChange, open_returns, save_cells, workbooks
from nengtan.reporting.workbook_wording import changes_told, marked_problems
from nengtan.ui.sheets.refused import Refused
from nengtan.ui.sheets.wording import message
from nengtan.ui.sheets.writer import ErrorTexts, mark_errors
from tests.cast import Cast
from tests.reporting.desk import QUARTER
from tests.reporting.workbooks import cell_of, column_of, edited, opened_book, saved, sheet_of, typed

EDITION = scheme.edition("2022")
NAME = "returns.xlsx"


def figures(of: Return) -> dict[tuple[str, str], Decimal | None]:
    return {(value.record, value.indicator): value.value for value in of.values.all() if value.value is not None}


def write(of: Return, record: str = "", **values: object) -> None:
    seen = {value.indicator: value.version for value in of.values.filter(record=record)}
    changes = [
        CellChange(name, None if value is None else Decimal(str(value)), seen.get(name, 0), record)
        for name, value in values.items()
    ]
    assert not save_cells(system_actor(), of, changes).conflicts


def drawn(cast: Cast, *returns: Return, who: str = "district") -> bytes:
    return workbooks.forms_of_returns(cast.actor(who), list(returns))


def rows(cast: Cast, who: str = "district") -> bytes:
    held = Return.objects.for_actor(cast.actor(who)).select_related("institution", "region")
    return workbooks.rows_of_returns(cast.actor(who), list(held.order_by("institution__code")))


def take(cast: Cast, content: bytes, who: str = "district", **options: Any) -> workbooks.FileResult:
    return workbooks.take_file(cast.actor(who), NAME, content, **options)


def codes(result: workbooks.FileResult) -> list[str]:
    return sorted({problem.code for problem in result.errors})


def other(cast: Cast, who: str) -> Return:
    return Return.objects.select_related("institution", "region").get(institution=cast.institutions[who])


# what comes back unchanged, and what was changed


@pytest.mark.parametrize("draw", ["forms", "rows"])
def test_what_comes_back_unchanged_changes_nothing(cast: Cast, school: Return, draw: str) -> None:
    write(school, gas_qty="123456789012.123456", heat_qty=None, coal_qty=0)
    write(school, "0001", room_elec="0.000001")
    before = list(school.values.values_list("record", "indicator", "value", "version", "provenance"))
    content = drawn(cast, school) if draw == "forms" else rows(cast)
    result = take(cast, content)
    assert (result.stored, result.changed, result.cells, result.errors) == (False, 0, 0, [])
    assert list(school.values.values_list("record", "indicator", "value", "version", "provenance")) == before


def test_changed_cells_are_shown_before_and_stored_with_their_place(cast: Cast, school: Return) -> None:
    content = typed(drawn(cast, school), c110=31000, c140=None, c301=4000.5)
    plan = workbooks.check_file(cast.actor("statistician"), NAME, content)
    assert [(told["cell"], told["before"], told["after"], told["conflict"]) for told in changes_told(plan)] == [
        ("elec_qty", 30000, 31000, False), ("gas_qty", 3000, None, False),
        ("heating_area", None, Decimal("4000.5"), False),
    ]  # fmt: skip
    assert figures(school)["", "elec_qty"] == 30000, "a preview writes nothing"
    result = take(cast, content, "statistician")
    assert (result.stored, result.changed, result.cells) == (True, 1, 3)
    elec = school.values.get(indicator="elec_qty")
    place = cell_of(sheet_of(opened_book(content), 2), "110").coordinate
    assert (elec.value, elec.provenance, elec.version, elec.entered_by) == (
        31000, Value.Provenance.FILE, 2, cast.user("statistician"),
    )  # fmt: skip
    assert elec.source["place"].endswith(f"!{place}")
    assert len(elec.source["file"]) == 64, "the file itself is kept"
    school.refresh_from_db()
    assert (school.state, school.hands) == (State.ENTERING, [str(cast.user("statistician").pk)])
    event = AuditEvent.objects.get(action="return.enter")
    assert (event.before, event.after) == (
        {"elec_qty": "30000", "gas_qty": "3000", "heating_area": None},
        {"elec_qty": "31000", "gas_qty": None, "heating_area": "4000.5"},
    )
    assert not take(cast, content, "statistician").stored, "the same file again changes nothing"


def test_nought_is_not_nothing(cast: Cast, school: Return) -> None:
    take(cast, typed(drawn(cast, school), c110=0, c120=None, c170=0))
    assert figures(school)["", "elec_qty"] == 0
    assert figures(school)["", "heat_qty"] == 0
    assert school.values.get(indicator="water_qty").value is None


ENTERED = [line for form in (2, 4) for line in EDITION.lines(form)]
FIGURES = st.one_of(
    st.none(), st.just(Decimal(0)), st.decimals(min_value=0, max_value=99_999_999, places=3, allow_nan=False),
    st.decimals(min_value=0, max_value=1, places=6, allow_nan=False),
)  # fmt: skip


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    start=st.dictionaries(st.sampled_from([line.key for line in ENTERED]), FIGURES, max_size=20),
    edits=st.dictionaries(st.sampled_from([line for line in ENTERED if line.base_code]), FIGURES, max_size=6),
    wide=st.booleans(),
)
def test_exactly_what_was_edited_is_changed(
    cast: Cast, school: Return, start: dict[str, Decimal | None], edits: dict[Any, Decimal | None], wide: bool
) -> None:
    write(school, **start)
    before = figures(school)

    def change(book: Any) -> None:
        if wide:
            sheet = book.worksheets[0]
            row = next(row[0].row for row in sheet.iter_rows() if row[0].value == "420106-S1")
            for line, value in edits.items():
                named = [cell for cell in sheet[1] if line.name_zh + "（" in str(cell.value)]
                heating = line.form == 4 and len(named) > 1
                place = next(cell for cell in named if str(cell.value).startswith("采暖") == heating) if heating else (
                    next(cell for cell in named if str(cell.value).startswith(line.name_zh))
                )  # fmt: skip
                sheet.cell(row, place.column).value = value
            return
        for line, value in edits.items():
            cell_of(sheet_of(book, line.form), line.base_code).value = value

    content = edited(rows(cast) if wide else drawn(cast, school), change)
    wanted = {("", line.key): value for line, value in edits.items() if before.get(("", line.key)) != value}
    result = take(cast, content)
    assert result.errors == []
    assert result.cells == len(wanted)
    after = {**before, **wanted}
    assert figures(school) == {cell: value for cell, value in after.items() if value is not None}


# rooms


def test_a_room_is_added_changed_and_never_lost(cast: Cast, school: Return) -> None:
    write(school, "0001", room_elec=400)
    write(school, "0002", room_elec=200)

    def change(book: Any) -> None:
        sheet = sheet_of(book, 3)
        elec = column_of(sheet, "240", next(row[0].row for row in sheet.iter_rows() if row[0].value == "代码"))
        first = next(row[0].row for row in sheet.iter_rows() if row[0].value == "0001")
        sheet.cell(first, elec).value = 450
        sheet.cell(first + 2, 1).value = 3
        sheet.cell(first + 2, elec).value = "12.5"
        sheet.delete_rows(first + 1)

    result = take(cast, edited(drawn(cast, school), change))
    assert (result.errors, result.cells) == ([], 2)
    held = {record: value for (record, indicator), value in figures(school).items() if indicator == "room_elec"}
    assert held == {"0001": 450, "0002": 200, "0003": Decimal("12.5")}, "a row that is gone takes no figure away"


@pytest.mark.parametrize(
    ("room", "code"),
    [("0001", "room_twice"), (None, "room_without_code"), ("ROOM5", "room_code_odd"), ("a/b", "room_code_odd")],
)
def test_a_row_of_a_room_must_name_one(cast: Cast, school: Return, room: str | None, code: str) -> None:
    write(school, "0001", room_elec=400)

    def change(book: Any) -> None:
        sheet = sheet_of(book, 3)
        first = next(row[0].row for row in sheet.iter_rows() if row[0].value == "0001")
        sheet.cell(first + 1, 1).value = room
        sheet.cell(first + 1, 2).value = 10

    result = take(cast, edited(drawn(cast, school), change))
    assert (codes(result), result.stored) == ([code], False)


# several people at once


def test_what_others_changed_meanwhile_stays_where_the_file_did_not_touch_it(cast: Cast, school: Return) -> None:
    content = typed(drawn(cast, school), c120=1600)
    write(school, elec_qty=31000)
    result = take(cast, content)
    assert (result.errors, result.cells) == ([], 1)
    assert (figures(school)["", "elec_qty"], figures(school)["", "water_qty"]) == (31000, 1600)


def test_a_cell_changed_on_both_sides_is_told_and_nothing_is_stored(cast: Cast, school: Return) -> None:
    content = typed(drawn(cast, school), c110=32000, c120=1600)
    write(school, elec_qty=31000)
    result = take(cast, content)
    (problem,) = result.errors
    assert (problem.code, problem.found, problem.params["now"]) == ("cell_changed_meanwhile", "32000", "31000")
    assert problem.place == cell_of(sheet_of(opened_book(content), 2), "110").coordinate
    assert figures(school)["", "water_qty"] == 1500
    assert take(cast, content, overwrite=True).cells == 2
    assert (figures(school)["", "elec_qty"], school.values.get(indicator="elec_qty").version) == (32000, 3)


def test_both_sides_changed_alike_is_no_conflict(cast: Cast, school: Return) -> None:
    content = typed(drawn(cast, school), c110=32000)
    write(school, elec_qty=32000)
    assert (take(cast, content).errors, school.values.get(indicator="elec_qty").version) == ([], 2)


def test_a_cell_filled_in_this_very_moment_does_not_keep_the_file_out(
    cast: Cast, school: Return, monkeypatch: pytest.MonkeyPatch
) -> None:
    def already_there(*_arguments: Any) -> None:
        raise IntegrityError("one_value_a_cell")

    monkeypatch.setattr("nengtan.ledger.services.bulk.insert", already_there)
    assert take(cast, typed(drawn(cast, school), c170=5, c110=31000)).cells == 2
    assert (figures(school)["", "heat_qty"], figures(school)["", "elec_qty"]) == (5, 31000)


# many returns in one file


def test_forms_of_many_institutions_in_one_file(cast: Cast, school: Return) -> None:
    hospital = other(cast, "hospital")

    def change(book: Any) -> None:
        for sheet in book.worksheets:
            if sheet.title.startswith("表2") and "H1" in sheet.title:
                cell_of(sheet, "110").value = "1,234.5"
            if sheet.title.startswith("表2") and "S1" in sheet.title:
                cell_of(sheet, "110").value = "３.２万kWh"
                sheet.title = "renamed"

    result = take(cast, edited(drawn(cast, school, hospital), change))
    assert (result.errors, result.changed) == ([], 2)
    assert figures(hospital)["", "elec_qty"] == Decimal("1234.5")
    assert figures(school)["", "elec_qty"] == 32000


def test_one_bad_return_keeps_all_out_or_is_left_out_by_choice(cast: Cast, school: Return) -> None:
    def change(book: Any) -> None:
        sheet = book.worksheets[0]
        elec, area = column_of(sheet, "电消费量"), column_of(sheet, "建筑面积")
        for row, (kwh, m2) in enumerate((("many", 900), (2000, 800), (32000, 6100)), 2):
            sheet.cell(row, elec).value, sheet.cell(row, area).value = kwh, m2

    content = edited(rows(cast), change)
    refused = take(cast, content)
    assert (refused.stored, codes(refused), refused.errors[0].row) == (False, ["not_a_number"], 2)
    assert figures(school)["", "elec_qty"] == 30000
    result = take(cast, content, partial=True)
    assert (result.stored, result.changed, result.refused, result.cells) == (True, 2, 1, 4)
    assert not figures(other(cast, "hospital")), "not even the good cells of the bad return"
    assert figures(school)["", "area"] == 6100


def test_rows_without_a_seal_take_figures_and_leave_empty_cells_alone(cast: Cast, school: Return) -> None:
    def change(book: Any) -> None:
        book.remove(book[book.sheetnames[-1]])
        sheet = book.worksheets[0]
        row = next(row[0].row for row in sheet.iter_rows() if row[0].value == "420106-S1")
        sheet.cell(row, column_of(sheet, "电消费量")).value = 31000
        sheet.cell(row, column_of(sheet, "水消费量")).value = None

    result = take(cast, edited(rows(cast), change))
    assert (result.errors, result.cells) == ([], 1)
    assert "not_sealed" in {note.code for note in result.notes}
    assert figures(school)["", "water_qty"] == 1500


def test_a_plain_sheet_with_names_for_institutions(cast: Cast, school: Return) -> None:
    content = "单位名称,报告期,电消费量（万千瓦时）,水费用\nThe school,2023Q1,3.1,\nThe office,2023-Q1,,5\n".encode(
        "gbk"
    )
    result = workbooks.take_file(cast.actor("district"), "rows.csv", content)
    assert (result.errors, result.changed) == ([], 2)
    assert figures(other(cast, "office"))["", "water_cost"] == 5


def test_a_return_twice_in_a_file_is_told(cast: Cast, school: Return) -> None:
    def change(book: Any) -> None:
        copy = book.copy_worksheet(sheet_of(book, 2))
        cell_of(copy, "110").value = 1

    result = take(cast, edited(drawn(cast, school), change))
    assert (codes(result), result.stored) == (["return_twice"], False)


# bad input


def refusal(cast: Cast, content: bytes, name: str = NAME) -> str:
    with pytest.raises(Refused) as refused:
        workbooks.take_file(cast.actor("district"), name, content)
    return refused.value.code


def test_a_foreign_workbook_is_refused(cast: Cast, school: Return) -> None:
    def change(book: Any) -> None:
        for name in book.sheetnames[1:]:
            del book[name]
        sheet = book.worksheets[0]
        sheet.delete_rows(1, 60)
        sheet["A1"] = "shopping"

    assert refusal(cast, edited(drawn(cast, school), change)) == "foreign_workbook"


def test_a_seal_that_was_written_into_is_refused(cast: Cast, school: Return) -> None:
    def change(book: Any) -> None:
        seal = book[book.sheetnames[-1]]
        seal["D2"] = "99"

    assert refusal(cast, edited(drawn(cast, school), change)) == "seal_broken"


def test_macros_passwords_and_bombs_are_refused(cast: Cast, school: Return) -> None:
    content = drawn(cast, school)
    assert refusal(cast, content, "returns.xlsm") == "macro_workbook"
    with_macro = io.BytesIO(content)
    with zipfile.ZipFile(with_macro, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"macro")
    assert refusal(cast, with_macro.getvalue()) == "macro_workbook"
    bomb = io.BytesIO(content)
    with zipfile.ZipFile(bomb, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/a.bin", b"0" * (30 * 2**20))
    assert refusal(cast, bomb.getvalue()) == "zip_ratio"
    assert refusal(cast, b"no zip") == "extension_mismatch"


def test_sheets_protected_with_a_password_are_read_all_the_same(cast: Cast, school: Return) -> None:
    def change(book: Any) -> None:
        for sheet in book.worksheets:
            sheet.protection.set_password("secret")
        cell_of(sheet_of(book, 2), "110").value = 31000

    assert take(cast, edited(drawn(cast, school), change)).cells == 1


def test_moved_rows_and_columns_are_read_by_their_heads(cast: Cast, school: Return) -> None:
    def change(book: Any) -> None:
        sheet = sheet_of(book, 2)
        for merged in list(sheet.merged_cells.ranges):
            sheet.unmerge_cells(str(merged))
        sheet.insert_rows(12, 2)
        cell_of(sheet, "120").value = 1600

    result = take(cast, edited(drawn(cast, school), change))
    assert (result.errors, result.cells) == ([], 1)


@pytest.mark.parametrize(
    ("where", "what", "code"),
    [("D7", "last year", "form_heads_missing"), ("A18", "水消费量", "form_line_moved")],
)
def test_changed_heads_and_names_are_told(cast: Cast, school: Return, where: str, what: str, code: str) -> None:
    def change(book: Any) -> None:
        sheet_of(book, 2)[where] = what
        cell_of(sheet_of(book, 4), "301").value = 4000

    result = take(cast, edited(drawn(cast, school), change))
    assert (codes(result), result.stored) == ([code], False)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("３１，０００.５", Decimal("31000.5")), ("1,234.5", Decimal("1234.5")), ("3.1万kWh", Decimal(31000)),
        ("31 MWh", Decimal(31000)), ("—", None), ("", None), (" 0 ", Decimal(0)),
    ],
)  # fmt: skip
def test_numbers_as_people_type_them(cast: Cast, school: Return, text: str, value: Decimal | None) -> None:
    result = take(cast, typed(drawn(cast, school), c110=text))
    assert result.errors == []
    assert school.values.get(indicator="elec_qty").value == value


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("about 30", "not_a_number"), (-1, "too_small"), (10**12, "too_big"), ("12%", "percent_not_allowed"),
        ("3 m3", "unit_not_allowed"), (True, "boolean_not_number"), (date(2023, 1, 1), "date_not_number"),
        ("1.2.3", "unclear_separators"), ("=1+", "formula_text"),
    ],
)  # fmt: skip
def test_what_is_no_figure_is_told_with_its_cell(cast: Cast, school: Return, text: Any, code: str) -> None:
    def change(book: Any) -> None:
        cell = cell_of(sheet_of(book, 2), "110")
        cell.value = text
        if isinstance(text, str):
            cell.data_type = "s"

    content = edited(drawn(cast, school), change)
    result = take(cast, content)
    (problem,) = result.errors
    assert (problem.code, problem.place) == (code, cell_of(sheet_of(opened_book(content), 2), "110").coordinate)


def test_another_edition_is_told(cast: Cast, school: Return) -> None:
    content = typed(drawn(cast, school), c110=31000)
    Return.objects.filter(pk=school.pk).update(edition="2025")
    assert codes(take(cast, content)) == ["wrong_edition"]


def test_the_workbook_of_another_return_is_told(cast: Cast, school: Return) -> None:
    content = typed(drawn(cast, other(cast, "hospital")), c110=31000)
    assert codes(take(cast, content, only=school)) == ["another_return"]


def test_a_period_that_was_not_opened_is_told(cast: Cast, school: Return) -> None:
    content = "单位编码,报告期,电消费量\n420106-S1,2023-Q2,5\n420106-S1,sometime,5\n,2023-Q1,5\n".encode()
    result = workbooks.take_file(cast.actor("district"), "rows.csv", content)
    assert [(problem.code, problem.row) for problem in sorted(result.errors, key=lambda problem: problem.row)] == [
        ("no_such_return", 2), ("not_a_return_period", 3), ("missing_institution", 4),
    ]  # fmt: skip


@pytest.mark.parametrize("state", [State.STATISTICS_HEAD, State.UNIT_HEAD, State.REPORTED, State.APPROVED])
def test_a_return_in_other_hands_takes_nothing(cast: Cast, school: Return, state: State) -> None:
    content = drawn(cast, school)
    Return.objects.filter(pk=school.pk).update(state=state)
    assert codes(take(cast, typed(content, c110=31000))) == ["return_in_other_hands"]
    assert take(cast, content).errors == [], "a file that changes nothing is no fault"
    assert figures(school)["", "elec_qty"] == 30000


def test_the_day_it_was_due_may_pass_while_it_is_filled_in(cast: Cast, school: Return) -> None:
    result = take(cast, typed(drawn(cast, school), c110=31000))
    assert result.stored
    (late,) = [note for note in result.notes if note.code == "return_late"]
    assert late.params["on"] == "2023-04-15"


def test_a_return_of_a_body_closed_before_the_period_is_told(cast: Cast, school: Return) -> None:
    content = typed(drawn(cast, school), c110=31000)
    end = EventInput(InstitutionEvent.Kind.CLOSED, date(2022, 12, 31), before=[school.institution])
    record_event(cast.actor("district"), end)
    assert codes(take(cast, content)) == ["return_of_closed"]


def test_the_last_return_of_a_body_closed_later_is_taken(cast: Cast, school: Return) -> None:
    content = typed(drawn(cast, school), c110=31000)
    end = EventInput(InstitutionEvent.Kind.CLOSED, date(2023, 3, 15), before=[school.institution])
    record_event(cast.actor("district"), end)
    assert take(cast, content).stored


def test_a_body_that_moved_is_filled_in_by_its_new_region(cast: Cast, school: Return) -> None:
    content = typed(drawn(cast, school), c110=31000)
    move = EventInput(
        InstitutionEvent.Kind.MOVED, date(2023, 6, 1), before=[school.institution], region=cast.regions["420111"]
    )
    record_event(cast.actor("city"), move)
    assert codes(take(cast, content)) == ["unknown_institution"]
    assert take(cast, content, "neighbour").stored
    school.refresh_from_db()
    assert school.region.code == "420106", "the return stays where the body stood on its last day"


@pytest.mark.parametrize("who", ["statistician", "neighbour"])
def test_the_return_of_somebody_else_is_not_taken(cast: Cast, school: Return, who: str) -> None:
    content = typed(drawn(cast, other(cast, "hospital")), c110=31000)
    assert codes(take(cast, content, who)) == ["unknown_institution"]
    assert not figures(other(cast, "hospital"))


@pytest.mark.parametrize("who", ["outsider", "public", "education", "verifier", "unit_head", "statistics_head"])
def test_who_fills_in_nothing_sends_nothing(cast: Cast, school: Return, who: str) -> None:
    content = typed(drawn(cast, school), c110=31000)
    with pytest.raises(Forbidden):
        take(cast, content, who)
    with pytest.raises(Forbidden):
        workbooks.check_file(cast.actor(who), NAME, content)


# findings and marks


def test_the_rules_speak_before_anything_is_stored(cast: Cast, school: Return) -> None:
    content = typed(drawn(cast, school), c103=5, c1031=1, c1032=1, c1033=1)
    plan = workbooks.check_file(cast.actor("district"), NAME, content)
    found = {(finding.rule, finding.cell.indicator) for _item, finding in plan.findings}
    assert ("L04", "vehicles") in found
    (told,) = [problem for problem in marked_problems(plan) if problem.column == "vehicles"]
    place = cell_of(sheet_of(opened_book(content), 2), "103").coordinate
    assert (told.code, told.found, told.place, "3" in message(told)) == ("review_finding", "5", place, True)


def test_every_finding_that_must_be_righted_or_explained_is_marked_where_it_stands(cast: Cast, school: Return) -> None:
    """Three parts filled in, their whole not: the whole, which nobody changed, is in the list all the same."""
    content = typed(drawn(cast, school), c1031=1, c1032=1, c1033=1)
    plan = workbooks.check_file(cast.actor("district"), NAME, content)
    wanted = sorted(
        finding.cell.indicator for _item, finding in plan.findings if finding.severity in ("block", "explain")
    )
    told = [problem for problem in marked_problems(plan) if problem.code == "review_finding"]
    assert sorted(problem.column for problem in told) == wanted
    changed = {change.cell[1] for _item, change, _conflict in plan.changes()}
    assert "vehicles" in set(wanted) - changed
    assert all(problem.sheet and problem.label and school.institution.name in message(problem) for problem in told)


def test_faults_are_marked_in_the_file_itself_which_can_be_sent_again(cast: Cast, school: Return) -> None:
    content = typed(drawn(cast, school), c110="many", c120=1600)
    plan = workbooks.check_file(cast.actor("district"), NAME, content)
    lines = [(problem, "a number", "no number") for problem in marked_problems(plan)]
    marked = mark_errors(content, ErrorTexts("Problems", ("", "", "", "", "", ""), lines))
    cell = cell_of(sheet_of(opened_book(marked), 2), "110")
    assert (cell.comment.text, cell.fill.fgColor.rgb) == ("no number", "00F6C9C4")
    again = typed(marked, c110=31000)
    assert (take(cast, again).errors, figures(school)["", "elec_qty"], figures(school)["", "water_qty"]) == (
        [], 31000, 1600,
    )  # fmt: skip


# size


def test_many_returns_cost_as_many_queries_as_few(
    cast: Cast, school: Return, django_assert_max_num_queries: Any
) -> None:
    open_returns(cast.actor("city"), cast.regions["420100"], QUARTER)

    def change(book: Any) -> None:
        sheet = book.worksheets[0]
        for row in range(2, sheet.max_row + 1):
            sheet.cell(row, column_of(sheet, "电消费量")).value = 1000 + row

    content = edited(rows(cast, "city"), change)
    with django_assert_max_num_queries(34):
        assert take(cast, content, "city").changed == 4


def test_a_saved_workbook_is_a_workbook(cast: Cast, school: Return) -> None:
    assert saved(opened_book(drawn(cast, school)))[:2] == b"PK"


def test_months_and_years_are_periods_of_their_own(cast: Cast, school: Return) -> None:
    open_returns(cast.actor("district"), cast.regions["420106"], slots.month(2023, 3))
    march = Return.objects.select_related("institution", "region", "superior").get(
        institution=school.institution, kind="month"
    )
    assert take(cast, typed(drawn(cast, march), c110=7)).cells == 1
    assert (figures(march)["", "elec_qty"], figures(school)["", "elec_qty"]) == (7, 30000)

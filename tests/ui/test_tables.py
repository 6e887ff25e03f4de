"""The one mechanism for lists: order, filters, pages, totals, exports, over lists and query sets alike."""

import io
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from openpyxl import load_workbook

from nengtan.identity.models import User
from nengtan.ui.tables import ChoiceFilter, Column, RangeFilter, Table, TextFilter, sums_ratio

ROWS = [
    {"name": "Alpha school", "kind": "021", "area": Decimal(100), "tce": Decimal(5)},
    {"name": "Beta office", "kind": "01", "area": None, "tce": Decimal(7)},
    {"name": "Gamma school", "kind": "021", "area": Decimal(300), "tce": Decimal(9)},
    {"name": "=cmd|' /C calc'!A0", "kind": "01", "area": Decimal(200), "tce": None},
]
COLUMNS = (
    Column("name", "Name", sort=True, priority=1),
    Column("area", "Area", unit="m2", numeric=True, decimals=0, sort=True, total=True),
    Column("tce", "Energy", unit="tce", numeric=True, decimals=1, sort=True, total=True),
    Column("per", "Per area", numeric=True, decimals=2, total=lambda sums: sums_ratio(sums, "tce", "area", 1000)),
)
FILTERS = (
    TextFilter("q", "Search", fields=("name",)),
    ChoiceFilter("kind", "Kind", choices=(("01", "office"), ("021", "school"))),
    RangeFilter("area", "Area"),
)


@pytest.fixture(autouse=True)
def english() -> Any:
    with translation.override("en"):
        yield


def bound(rows: Any = ROWS, headers: dict[str, str] | None = None, **params: Any) -> Table:
    request = RequestFactory().get("/list/?" + urlencode(params), headers=headers or {})
    return Table(rows, request, columns=COLUMNS, filters=FILTERS, caption="Institutions", page_sizes=(2, 50))


def names(table: Table) -> list[str]:
    return [row["name"] for row in table.ordered]


def test_unknown_values_come_last_in_both_directions() -> None:
    assert names(bound(sort="area"))[-1] == "Beta office"
    assert names(bound(sort="-area"))[0] == "Gamma school"
    assert names(bound(sort="-area"))[-1] == "Beta office"


def undeclared(rows: Any, prefix: str = "", **params: Any) -> Table:
    request = RequestFactory().get("/list/?" + urlencode(params))
    columns = (*COLUMNS, Column("kind", "Kind", render=lambda row: "…", export=lambda row: f"kind {row['kind']}"))
    return Table(rows, request, columns=columns, caption="Institutions", prefix=prefix, default_sort="-area")


MANY = [*ROWS, *({"name": f"Hall {n}", "kind": "03", "area": Decimal(n), "tce": Decimal(1)} for n in range(30))]


def test_a_list_of_more_than_a_few_rows_can_be_searched_by_its_words() -> None:
    assert names(undeclared(MANY, q="SCHOOL")) == ["Gamma school", "Alpha school"]
    assert names(undeclared(MANY, q="kind 021 alpha")) == ["Alpha school"]  # words of two columns, as a file has them
    assert undeclared(MANY, q="300").count == 0  # figures are no words
    assert undeclared(MANY).count == len(MANY)


def test_a_list_of_few_rows_has_no_search() -> None:
    few = undeclared(MANY[:8], q="school")
    assert (few.count, few.is_filtered) == (8, False)
    assert 'type="search"' not in few.render(few.request)
    assert 'type="search"' in undeclared(MANY[:9]).render(RequestFactory().get("/list/"))


def test_the_search_of_a_list_is_labelled_keeps_the_address_and_is_kept_by_pages_order_and_files() -> None:
    table = undeclared(MANY, prefix="b_", b_q="hall", year="2024", q="of another table", b_sort="name", b_page="2")
    markup = table.render(table.request)
    assert '<label for="table-q">Search</label>' in markup
    assert 'name="b_q" id="table-q" value="hall"' in markup
    assert 'aria-label="Institutions"' in markup
    assert table.kept == [("year", "2024"), ("q", "of another table"), ("b_sort", "name")]
    assert (table.count, table.page.number, len(table.rows)) == (30, 2, 10)
    addresses = [table.previous_url, *(url for _ending, url in table.export_links)]
    addresses += [head.url for head in table.headings if head.url]
    assert all("b_q=hall" in address for address in addresses)
    assert "b_q" not in table.clear_url


def test_the_file_of_a_searched_list_holds_what_is_shown_and_says_so() -> None:
    response = undeclared(MANY, q="school", export="xlsx").answer()
    assert response is not None
    book = load_workbook(io.BytesIO(b"".join(response.streaming_content)))  # type: ignore[attr-defined]
    shown = [row[0].value for row in book.worksheets[0].iter_rows(min_row=2)]
    assert shown == ["Gamma school", "Alpha school"]
    assert {row[0].value: row[1].value for row in book["about"].iter_rows()}["Search"] == "school"
    assert undeclared(MANY, q="school").sums["area"] == 400


def test_a_row_that_stays_stands_first_whatever_is_searched_and_however_it_is_sorted() -> None:
    def staying(**params: Any) -> Table:
        table = undeclared(MANY, **params)
        table.stays = lambda row: row["name"] == "Beta office"
        return table

    assert names(staying(q="school"))[0] == "Beta office"
    assert sorted(names(staying(q="school"))[1:]) == ["Alpha school", "Gamma school"]
    assert names(staying(sort="name"))[:2] == ["Beta office", "=cmd|' /C calc'!A0"]
    assert staying(q="nobody").count == 0


def test_a_search_that_finds_nothing_offers_the_way_back() -> None:
    table = undeclared(MANY, q="nobody")
    markup = table.render(table.request)
    assert "Clear the filters" in markup
    assert 'value="nobody"' in markup


def test_an_unknown_sort_key_changes_nothing() -> None:
    assert names(bound(sort="password")) == [row["name"] for row in ROWS]


def test_filters_narrow_together() -> None:
    assert names(bound(q="SCHOOL", kind="021", area_min="150")) == ["Gamma school"]
    assert names(bound(q="school alpha")) == ["Alpha school"]
    assert bound(kind="99").count == 4


def test_rows_without_a_value_fit_no_range() -> None:
    assert "Beta office" not in names(bound(area_max="1,000"))


def test_pages_stay_within_bounds() -> None:
    assert bound(page="99").page.number == 2
    assert bound(page="x").page.number == 1
    assert len(bound().rows) == 2


def test_totals_add_all_filtered_rows_and_divide_sums() -> None:
    totals = [text for _column, text in bound().totals]
    assert totals == ["Total", "600", "21.0", "35.00"]
    assert sums_ratio({"tce": Decimal(1), "area": None}, "tce", "area") is None


def test_headings_turn_the_order_and_leave_filters_alone() -> None:
    heads = {head.column.key: head for head in bound(sort="-area", q="s").headings}
    assert heads["area"].direction == "descending"
    assert heads["area"].url == "?q=s&sort=area"
    assert heads["tce"].url == "?q=s&sort=-tce"


def test_prefixes_keep_two_tables_apart() -> None:
    request = RequestFactory().get("/?a_sort=name&sort=-area")
    table = Table(ROWS, request, columns=COLUMNS, prefix="a_")
    assert table.sort == ("name", False)
    assert "sort=-area" in table.address(page=2)


def test_the_export_holds_all_pages_in_the_order_shown_and_no_formula() -> None:
    response = bound(sort="-area", export="xlsx").answer()
    assert response is not None
    book = load_workbook(io.BytesIO(b"".join(response.streaming_content)))  # type: ignore[attr-defined]
    sheet = book.worksheets[0]
    assert [cell.value for cell in sheet[1]] == ["Name", "Area (m2)", "Energy (tce)", "Per area"]
    assert sheet["A2"].value == "Gamma school"
    assert sheet.max_row == 5
    assert {cell.data_type for row in sheet.iter_rows(min_row=2, max_col=1) for cell in row} == {"s"}
    about = {row[0].value: row[1].value for row in book["about"].iter_rows()}
    assert about["Rows"] == "4"


def test_csv_is_read_by_excel_and_cannot_run_anything() -> None:
    response = bound(export="csv", kind="01").answer()
    assert response is not None
    text = b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]
    assert text.startswith("\ufeffName,Area (m2)")
    assert "'=cmd|" in text
    assert "Alpha" not in text


def test_a_moment_is_exported_to_the_second_in_the_installations_time() -> None:
    moment = datetime(2024, 1, 1, 16, 30, 15, 89868, tzinfo=UTC)
    assert Column("at", "At").exported({"at": moment}).isoformat() == "2024-01-02T00:30:15"


def test_files_go_only_to_those_who_may_export() -> None:
    table = bound(export="csv")
    table.request.actor = SimpleNamespace(can=lambda capability: False)  # type: ignore[attr-defined]
    assert table.answer() is None
    assert table.export_links == []


def test_a_request_for_the_table_alone_gets_the_table_alone() -> None:
    answer = bound(headers={"HX-Request": "true", "HX-Target": "table"}).answer()
    assert answer is not None
    assert b"<html" not in answer.content  # type: ignore[attr-defined]
    assert bound(headers={"HX-Request": "true", "HX-Target": "drawer-body"}).answer() is None


def test_markup_tells_assistive_technology_the_order_and_escapes_names() -> None:
    rows = [{"name": "<script>x</script>", "area": Decimal(1), "tce": None}]
    markup = bound(rows, sort="area").render(RequestFactory().get("/list/"))
    assert 'aria-sort="ascending"' in markup
    assert 'scope="row"' in markup
    assert "<caption" in markup
    assert "<script>" not in markup


def test_a_misspelt_declaration_is_refused() -> None:
    with pytest.raises(TypeError, match="colums"):
        Table(ROWS, RequestFactory().get("/"), colums=())


@pytest.mark.django_db
@pytest.mark.parametrize("people", [3, 60])
def test_a_query_set_costs_two_queries_whatever_its_size(people: int) -> None:
    User.objects.bulk_create(User(username=f"u{n:03}", name=f"Name {n % 7}") for n in range(people))
    request = RequestFactory().get("/?sort=-name&q=name&page=1")
    table = Table(
        User.objects.all(),
        request,
        columns=(
            Column("username", "User", sort=True),
            Column("name", "Name", sort=True),
            Column("id", "Id", total=True),
        ),
        filters=(TextFilter("q", "Search", fields=("name", "username")),),
    )
    with CaptureQueriesContext(
        connection,
    ) as queries:
        table.render(request)
    assert len(queries) == 2
    assert table.count == people
    assert [row.name for row in table.rows] == sorted((row.name for row in table.rows), reverse=True)


@pytest.mark.django_db
def test_a_column_called_count_has_its_own_sum() -> None:
    columns = (Column("name", "Kind"), Column("count", "Pieces", numeric=True, decimals=0, total=True))
    table = Table(
        [{"name": "boiler", "count": 3}, {"name": "lift", "count": 4}], RequestFactory().get("/"), columns=columns
    )
    assert table.count == 2
    assert [text for _column, text in table.totals] == ["Total", "7"]


@pytest.mark.django_db
def test_pages_of_a_query_set_never_overlap_when_values_tie() -> None:
    User.objects.bulk_create(User(username=f"u{n:03}", name="same") for n in range(45))
    seen: list[str] = []
    for page in (1, 2, 3):
        request = RequestFactory().get(f"/?sort=name&page={page}")
        table = Table(User.objects.all(), request, columns=(Column("name", "Name", sort=True),))
        seen += [row.username for row in table.rows]
    assert len(seen) == len(set(seen)) == 45

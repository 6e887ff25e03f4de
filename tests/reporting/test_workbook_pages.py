"""Workbooks on pages and by the API: taken away, sent back, shown before they are stored, marked, refused."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from nengtan.reporting.models import Return
from nengtan.reporting.services import workbooks
from nengtan.ui import jobs
from tests.budget import MOST_QUERIES
from tests.cast import Cast
from tests.reporting.desk import QUARTER
from tests.reporting.test_import import drawn, figures, other, rows, write
from tests.reporting.workbooks import cell_of, opened_book, sheet_of, typed

SEND = "/returns/workbook/"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def send(cast: Cast, content: bytes, who: str = "statistician", of: Return | None = None, name: str = "a.xlsx") -> Any:
    file = SimpleUploadedFile(name, content)
    return cast.client(who).post(f"{SEND}?return={of.pk}" if of else SEND, {"file": file}, follow=True)


def key_of(answer: Any) -> str:
    return str(answer.redirect_chain[-1][0].strip("/").split("/")[-1])


def choose(cast: Cast, key: str, take: str, who: str = "statistician", **more: str) -> Any:
    return cast.client(who).post(reverse("returns_take", args=[key]), {"take": take, **more}, follow=True)


def test_down_filled_in_and_up_again(cast: Cast, school: Return) -> None:
    page = cast.client("statistician").get(reverse("return", args=[school.pk]))
    assert f"{SEND}?return={school.pk}" in page.content.decode()
    sending = cast.client("statistician").get(f"{SEND}?return={school.pk}")
    assert reverse("return_workbook", args=[school.pk]) in sending.content.decode()
    taken = cast.client("statistician").get(reverse("return_workbook", args=[school.pk]))
    assert taken["Content-Type"] == XLSX
    shown = send(cast, typed(body(taken), c110=31000), of=school)
    text = shown.content.decode()
    assert "30,000" in text
    assert "31,000" in text
    assert figures(school)["", "elec_qty"] == 30000
    done = choose(cast, key_of(shown), "all")
    assert done.redirect_chain[-1][0] == reverse("return", args=[school.pk])
    assert figures(school)["", "elec_qty"] == 31000


def test_a_file_that_changes_nothing_says_so(cast: Cast, school: Return) -> None:
    shown = send(cast, drawn(cast, school))
    assert shown.context["count"] == 0
    assert not shown.context["errors"]
    assert 'value="all"' not in shown.content.decode()


def test_a_cancelled_file_is_gone(cast: Cast, school: Return) -> None:
    key = key_of(send(cast, typed(drawn(cast, school), c110=31000)))
    choose(cast, key, "cancel")
    assert figures(school)["", "elec_qty"] == 30000
    assert cast.client("statistician").get(reverse("returns_preview", args=[key])).status_code == 404


def test_conflicts_are_shown_and_overruled_by_choice(cast: Cast, school: Return) -> None:
    content = typed(drawn(cast, school), c110=32000)
    write(school, elec_qty=31000)
    shown = send(cast, content)
    assert (shown.context["conflicts"], shown.context["all_good"]) == (1, False)
    key = key_of(shown)
    assert choose(cast, key, "all").redirect_chain[-1][0] == reverse("returns_preview", args=[key])
    assert figures(school)["", "elec_qty"] == 31000
    choose(cast, key, "all", overwrite="1")
    assert figures(school)["", "elec_qty"] == 32000


def test_good_returns_are_taken_without_the_bad(cast: Cast, school: Return) -> None:
    def change(book: Any) -> None:
        for sheet in book.worksheets:
            if sheet.title.startswith("表2"):
                cell_of(sheet, "110").value = "many" if "H1" in sheet.title else 31000

    from tests.reporting.workbooks import edited

    content = edited(drawn(cast, school, other(cast, "hospital")), change)
    key = key_of(send(cast, content, "district"))
    choose(cast, key, "all", "district")
    assert figures(school)["", "elec_qty"] == 30000
    marked = opened_book(body(cast.client("district").get(reverse("returns_marked", args=[key]))))
    faulty = [sheet for sheet in marked.worksheets if sheet.title.startswith("表2 420106-H1")]
    assert cell_of(faulty[0], "110").comment is not None
    choose(cast, key, "good", "district")
    assert figures(school)["", "elec_qty"] == 31000
    assert not figures(other(cast, "hospital"))


@pytest.mark.parametrize(("name", "content"), [("a.xlsx", b"no zip"), ("a.csv", b"a,b\n1,2\n"), ("a.xlsm", b"PK")])
def test_a_file_that_is_not_taken_says_why(cast: Cast, school: Return, name: str, content: bytes) -> None:
    shown = send(cast, content, name=name)
    assert shown.status_code == 200
    assert shown.context["refusal"]
    key = key_of(shown)
    assert choose(cast, key, "all").redirect_chain[-1][0] == reverse("returns_preview", args=[key])


def test_the_workbook_of_another_return_is_told(cast: Cast, school: Return) -> None:
    shown = send(cast, typed(drawn(cast, other(cast, "hospital")), c110=5), "district", school)
    assert shown.context["errors"] == 1
    assert not shown.context["result"].changed


def test_large_files_are_taken_in_by_the_worker(cast: Cast, school: Return, monkeypatch: pytest.MonkeyPatch) -> None:
    from nengtan.reporting import tasks
    from nengtan.reporting.pages import workbooks as pages

    asked: dict[str, Any] = {}

    def start(kind: str, actor: Any, title: str, **options: Any) -> Any:
        asked.update(kind=kind, **options)
        return jobs.Job.objects.create(kind=kind, title=title, owner=actor.user)

    monkeypatch.setattr(pages, "LARGE", 10)
    monkeypatch.setattr(jobs, "start", start)
    key = key_of(send(cast, typed(drawn(cast, school), c110=31000)))
    choose(cast, key, "all")
    assert (asked["kind"], asked["draft"], asked["partial"]) == ("import.returns", key, False)

    class Running:
        steps: list[tuple[int, int, str]] = []

        def progress(self, *step: Any) -> None:
            self.steps.append(step)

    result = tasks.import_returns(
        Running(), cast.actor("statistician"), draft=key, partial=False, overwrite=False, only=None
    )
    assert (result["stored"], result["changed"]) == (True, 1)
    assert Running.steps == [(1, 1, "")]
    assert figures(school)["", "elec_qty"] == 31000


@pytest.mark.parametrize(("what", "first"), [("rows", "消费与采暖"), ("forms", "表1"), ("summary", "表5")])
def test_a_region_is_taken_away(cast: Cast, school: Return, what: str, first: str) -> None:
    answer = cast.client("district").get(
        reverse("region_workbook"), {"region": "420106", "period": "2023-Q1", "what": what}
    )
    assert opened_book(body(answer)).sheetnames[0].startswith(first)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"region": "420106", "period": "sometime", "what": "rows"}, 200),
        ({"region": "000000", "period": "2023-Q1", "what": "rows"}, 404),
        ({"region": "420106", "period": "1999-00", "what": "rows"}, 200),
        ({"region": "420111", "period": "2023-Q1", "what": "summary"}, 404),
        ({"region": "420111", "period": "2023-Q1", "what": "forms"}, 404),
    ],
)
def test_what_is_not_there_is_not_taken_away(cast: Cast, school: Return, query: dict[str, str], status: int) -> None:
    answer = cast.client("district").get(reverse("region_workbook"), query)
    assert answer.status_code == status
    assert answer["Content-Type"] != XLSX


def test_the_roll_up_leads_to_its_forms(cast: Cast, school: Return) -> None:
    page = cast.client("district").get(reverse("rollup"), {"region": "420106", "period": "2023-Q1"})
    link = re.search(r'href="(/returns/workbook/region/[^"]+)"', page.content.decode())
    assert link is not None
    answer = cast.client("district").get(link[1].replace("&amp;", "&"))
    assert opened_book(body(answer)).sheetnames[0].startswith("表5")


def test_more_than_one_waits_for_are_drawn_by_the_command(cast: Cast, school: Return) -> None:
    with pytest.raises(ValidationError) as refused:
        workbooks.workbook_of_region(
            cast.actor("district"), cast.regions["420106"], QUARTER, "rows", most={"rows": 2, "forms": 2}
        )
    assert set(refused.value.message_dict) == {"region"}


@pytest.mark.parametrize(
    ("query", "status", "first"),
    [
        ("region=420106&period=2023-Q1", 200, "消费与采暖"),
        ("region=420106&period=2023-Q1&what=summary", 200, "表5"),
        ("region=420106&period=soon", 422, ""),
        ("region=420106&period=1999-00", 422, ""),
        ("region=420111&period=2023-Q1", 404, ""),
        ("region=420106&period=2023-Q1&what=all", 422, ""),
    ],
)
def test_the_api_gives_a_region(cast: Cast, school: Return, query: str, status: int, first: str) -> None:
    answer = cast.client("anonymous").get(f"/api/returns/workbook?{query}", headers=cast.bearer("district"))
    assert answer.status_code == status
    if first:
        assert opened_book(answer.content).sheetnames[0].startswith(first)


@pytest.mark.parametrize("who", ["neighbour", "other", "outsider", "public"])
def test_strangers_take_nothing_away_and_see_no_preview(cast: Cast, school: Return, who: str) -> None:
    client = cast.client(who)
    assert client.get(reverse("return_workbook", args=[school.pk])).status_code in {403, 404}
    if who != "outsider":  # who may do nothing has no key
        assert client.get(f"/api/returns/{school.pk}/workbook", headers=cast.bearer(who)).status_code in {403, 404}
    key = key_of(send(cast, typed(drawn(cast, school), c110=31000)))
    for name in ("returns_preview", "returns_marked", "returns_take"):
        assert client.get(reverse(name, args=[key])).status_code in {302, 403, 404}
    assert figures(school)["", "elec_qty"] == 30000


def test_the_api_gives_and_takes_workbooks(cast: Cast, school: Return) -> None:
    client, auth = cast.client("anonymous"), cast.bearer("statistician")
    given = client.get(f"/api/returns/{school.pk}/workbook?form=2", headers=auth)
    assert given["Content-Type"] == XLSX
    assert sheet_of(opened_book(given.content), 2).title.startswith("表2")

    def post(content: bytes, **options: Any) -> Any:
        file = SimpleUploadedFile("a.xlsx", content)
        return client.post("/api/returns/workbook", {"file": file, **options}, headers=auth)

    content = typed(given.content, c110=31000, c120="much")
    dry = post(content, dry_run=True).json()
    assert (dry["stored"], dry["refused"], dry["errors"][0]["code"]) == (False, 1, "not_a_number")
    assert [(told["cell"], told["before"], told["after"]) for told in dry["changes"]] == [
        ("elec_qty", "30000", "31000")
    ]
    assert post(content).json()["stored"] is False
    done = post(typed(given.content, c110=31000)).json()
    assert (done["stored"], done["cells"]) == (True, 1)
    assert post(b"no zip").status_code == 422
    later = post(typed(given.content, c110=31001), background=True)
    assert (later.status_code, later.json()["kind"]) == (202, "import.returns")


def test_the_preview_counts_queries_not_returns(cast: Cast, school: Return, django_assert_max_num_queries: Any) -> None:
    content = typed(drawn(cast, school), c110=31000)
    key = key_of(send(cast, content, "district"))
    url = reverse("returns_preview", args=[key])
    client = cast.client("district")
    client.get(url)
    with django_assert_max_num_queries(MOST_QUERIES):
        client.get(url)
    assert workbooks.check_file(cast.actor("district"), "a.xlsx", rows(cast)).returns

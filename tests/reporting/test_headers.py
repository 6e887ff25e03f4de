"""The headers of forms: unverified as shipped, entered from a document, undone; pages, API, command and every form."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from click.testing import CliRunner
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from nengtan.identity.access import Forbidden
from nengtan.identity.models import AuditEvent
from nengtan.reference import scheme
from nengtan.reporting.commands import returns
from nengtan.reporting.models import HeaderSetting, Return
from nengtan.reporting.services import workbooks
from nengtan.reporting.services.headers import Headers, drop_header, set_header
from tests.cast import Cast
from tests.reporting.desk import QUARTER
from tests.reporting.english import _in_english
from tests.reporting.workbooks import opened_book, sheet_of

__all__ = ["_in_english"]

NUMBER, SOURCE = "国统制〔2025〕88号", "正式文本第1页"


def enter(cast: Cast, field: str, value: str, edition: str = "2022", form: int = 0, who: str = "admin") -> None:
    set_header(cast.actor(who), edition, field, value, SOURCE, "", form)


def texts(content: bytes) -> set[str]:
    book = load_workbook(io.BytesIO(content))
    return {str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None}


def heads(content: bytes) -> set[str]:
    """What the legal marks of a workbook say."""
    names = ("表号", "制定机关", "批准机关", "批准文号", "有效期至")
    return {text for text in texts(content) if text.startswith(names) and "：" in text}


def test_what_nobody_read_says_so_and_what_was_read_does_not(cast: Cast) -> None:
    held = Headers()
    assert [(held.line(code, "authority").value, held.line(code, "authority").state) for code in scheme.editions()] == [
        ("国家机关事务管理局", "unverified"), ("国家机关事务管理局", "verified"), ("国家机关事务管理局", "verified"),
    ]  # fmt: skip
    assert (held.line("2025", "valid_until").value, held.line("2025", "valid_until").state) == ("", "unknown")
    assert heads(workbooks.blank(scheme.edition("2020"))) == {
        "表号：（未核实）", "制定机关：国家机关事务管理局（未核实）", "批准机关：国家统计局（未核实）",
        "批准文号：（未核实）", "有效期至：（未核实）",
    }  # fmt: skip


def test_every_form_bears_what_was_entered_until_it_is_undone(cast: Cast, school: Return) -> None:
    enter(cast, "number_of_approval", NUMBER)
    enter(cast, "form_number", "国管节能2表", form=2)
    actor, line = cast.actor("district"), f"批准文号：{NUMBER}"
    drawn = {
        "return": workbooks.forms_of_returns(actor, [school]),
        "summary": workbooks.forms_of_region(actor, cast.regions["420106"], QUARTER),
        "blank": workbooks.blank(scheme.edition("2022")),
    }
    for name, content in drawn.items():
        assert line in heads(content), name
        assert ("表号：国管节能2表" in heads(content)) == (name != "summary"), (
            "form 2 has the number, forms 5 to 8 have none"
        )
        assert "表号：（未核实）" in heads(content), "the other forms"
    for address in ("return_print", "return"):
        page = cast.client("statistician").get(reverse(address, args=[school.pk])).content.decode()
        assert NUMBER in page
        assert "国管节能2表" in page
    drop_header(cast.actor("admin"), "2022", "number_of_approval", "另有修订")
    assert "批准文号：（未核实）" in heads(workbooks.forms_of_returns(actor, [school]))
    assert list(HeaderSetting.objects.filter(field="number_of_approval").values_list("value", "source", "reason")) == [
        (NUMBER, SOURCE, ""), (None, "", "另有修订"),
    ]  # fmt: skip


def said(form: int, note: str) -> bool:
    sheet = sheet_of(opened_book(workbooks.blank(scheme.edition("2025"))), form)
    return any(note in str(cell.value) for row in sheet.iter_rows() for cell in row)


def test_the_note_on_what_is_not_known_goes_when_it_is(cast: Cast) -> None:
    note = "表号、文号、批准文号和有效期至不详"
    for field, value in (
        ("document", "国管节能〔2025〕9号"),
        ("number_of_approval", NUMBER),
        ("valid_until", "2028年9月"),
    ):
        enter(cast, field, value, "2025")
    assert (said(2, note), said(3, note)) == (True, True)
    enter(cast, "form_number", "国管节能2表", "2025", 2)
    assert (said(2, note), said(3, note)) == (False, True), "the number of form 3 is not known"


def test_the_trail_says_who_read_what_where(cast: Cast) -> None:
    enter(cast, "valid_until", "2027-09")
    drop_header(cast.actor("admin"), "2022", "valid_until", "typed wrong")
    events = AuditEvent.objects.filter(action__startswith="header.").order_by("id")
    assert [(e.action, e.before, e.after, e.reason) for e in events] == [
        ("header.set", {"valid_until": "", "source": None}, {"valid_until": "2027-09", "source": SOURCE}, ""),
        ("header.drop", {"valid_until": "2027-09", "source": None}, {"valid_until": "", "source": ""}, "typed wrong"),
    ]
    assert all(e.user == cast.user("admin") for e in events)


@pytest.mark.parametrize(
    ("edition", "field", "value", "form", "wrong"),
    [
        ("2023", "authority", "x", 0, "edition"), ("2022", "colour", "x", 0, "field"),
        ("2022", "authority", "x", 2, "form"),
        ("2022", "form_number", "x", 0, "form"), ("2022", "form_number", "x", 9, "form"),
        ("2022", "authority", "  ", 0, "value"), ("2022", "authority", "x" * 81, 0, "value"),
        ("2022", "valid_until", "soon", 0, "value"), ("2022", "first_year", "20x2", 0, "value"),
        ("2022", "first_year", "2020", 0, "value"), ("2022", "first_year", "2025", 0, "value"),
    ],
)  # fmt: skip
def test_what_cannot_stand_in_a_header_is_refused(
    cast: Cast, edition: str, field: str, value: str, form: int, wrong: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        enter(cast, field, value, edition, form)
    assert list(refused.value.message_dict) == [wrong]
    assert not HeaderSetting.objects.exists()


def test_a_mark_wants_its_source_and_an_undoing_its_reason(cast: Cast) -> None:
    admin = cast.actor("admin")
    with pytest.raises(ValidationError, match="which document"):
        set_header(admin, "2022", "authority", "某部", " ")
    with pytest.raises(ValidationError, match="as it was shipped"):
        drop_header(admin, "2022", "authority", "why")
    enter(cast, "authority", "某部")
    with pytest.raises(ValidationError, match="reason"):
        drop_header(admin, "2022", "authority", " ")


def test_the_first_year_decides_which_edition_a_return_is_opened_in(cast: Cast, school: Return) -> None:
    from nengtan.domain.returns import slots
    from nengtan.reporting.services import open_returns

    assert school.edition == "2022"
    enter(cast, "first_year", "2024")
    open_returns(cast.actor("district"), cast.regions["420106"], slots.quarter(2023, 2))
    opened = Return.objects.get(institution=school.institution, slot=6)
    assert opened.edition == "2020"
    school.refresh_from_db()
    assert school.edition == "2022", "a return keeps the edition it was opened in"


@pytest.mark.parametrize("who", ["province", "district", "statistician"])
def test_only_the_administrator_of_the_installation_sets_them(cast: Cast, who: str) -> None:
    with pytest.raises(Forbidden):
        enter(cast, "authority", "某部", who=who)
    assert cast.client(who).get(reverse("headers")).status_code == 403
    told = {"edition": "2022", "field": "authority", "value": "某部", "source": SOURCE}
    answer = Client().put("/api/returns/headers", told, content_type="application/json", headers=cast.bearer(who))
    assert answer.status_code == 403
    assert not HeaderSetting.objects.exists()


def test_the_page_enters_and_undoes(cast: Cast) -> None:
    client = cast.client("admin")
    assert "2025" in client.get(reverse("headers")).content.decode()
    place = ["2025", "valid_until", 0]
    bad = client.post(reverse("header", args=place), {"value": "soon", "source": SOURCE})
    assert "allowed: a month or a day" in bad.content.decode()
    assert client.post(reverse("header", args=place), {"value": "2028-09", "source": SOURCE}).status_code == 302
    shown = client.get(reverse("header", args=place)).content.decode()
    assert "2028-09" in shown
    assert SOURCE in shown
    assert "Back to what is shipped" in shown
    assert "This field is required" in client.post(reverse("header_drop", args=place)).content.decode()
    assert client.post(reverse("header_drop", args=place), {"reason": "typed wrong"}).status_code == 302
    assert Headers().line("2025", "valid_until").state == "unknown"
    assert client.get(reverse("header", args=["2025", "authority", 3])).status_code == 404


def test_programs_read_enter_and_undo(cast: Cast) -> None:
    def put(**told: Any) -> Any:
        headers = cast.bearer("admin") | {"Accept-Language": "en"}
        return Client().put("/api/returns/headers", told, content_type="application/json", headers=headers)

    made = put(edition="2025", field="form_number", form=2, value="国管节能2表", source=SOURCE)
    assert (made.status_code, made.json()["value"], made.json()["state"]) == (200, "国管节能2表", "set")
    listed = Client().get("/api/returns/headers", {"edition": "2025"}, headers=cast.bearer("statistician")).json()
    assert listed["count"] == 14
    found = {(item["form"], item["field"]): item["value"] for item in listed["items"]}
    assert (found[2, "form_number"], found[3, "form_number"], found[0, "first_year"]) == ("国管节能2表", "", "2025")
    assert put(edition="2025", field="form_number", form=2, value=None).status_code == 422, "an undoing wants a reason"
    undone = put(edition="2025", field="form_number", form=2, value=None, reason="typed wrong").json()
    assert (undone["value"], undone["state"], undone["by"]) == ("", "unknown", "Admin Person")
    assert put(edition="1999", field="authority", value="x", source=SOURCE).status_code == 422


def test_the_command_lists_enters_and_undoes(cast: Cast) -> None:
    def run(*arguments: str) -> Any:
        return CliRunner().invoke(returns, ["headers", *arguments])

    assert len(json.loads(run("--format", "json").stdout)) == 42
    place = ("--edition", "2025", "--field", "valid_until")
    (made,) = json.loads(run(*place, "--value", "2028-09", "--source", SOURCE, "--format", "json").stdout)
    assert (made["value"], made["state"], made["source"]) == ("2028-09", "set", SOURCE)
    assert "2028-09" in run("--edition", "2025").stdout
    assert run(*place, "--value", "soon", "--source", SOURCE).exit_code == 2
    assert run(*place).exit_code == 2
    assert run("--edition", "1999").exit_code == 2
    (undone,) = json.loads(run(*place, "--drop", "--reason", "typed wrong", "--format", "json").stdout)
    assert undone["state"] == "unknown"

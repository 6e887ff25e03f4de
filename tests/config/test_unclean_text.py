"""Text no spreadsheet can hold: refused at every door beside its field, and never able to stop a download."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from openpyxl import load_workbook

from nengtan.identity.access import system_actor
from nengtan.identity.models import AuditEvent, User
from nengtan.identity.services import UserInput, change_user
from nengtan.registry.models import Institution
from nengtan.registry.services import add_region, set_notice
from nengtan.ui.sheets.reader import open_table
from tests.cast import Cast

UNCLEAN = ["\x01", "\x0b", "\x7f", "\x9f", "\ud800", "\uffff"]


def institution(name: str) -> dict[str, Any]:
    return {"code": "NEW1", "name": name, "kind": "01", "region": "420106"}


@pytest.mark.parametrize("character", UNCLEAN)
@pytest.mark.parametrize(
    ("url", "body", "field"),
    [
        ("/api/institutions", institution("Of{} fice"), "name"),
        ("/api/facts", {"institution": "420106-S1", "carrier": "electricity", "period": 202301, "note": "{}"}, "note"),
        ("/api/users", {"username": "fresh", "name": "{}", "grant": {"role": "public", "region": "420106"}}, "name"),
        ("/api/users", {"username": "fresh", "grant": {"role": "public", "region": "{}"}}, "grant.region"),
    ],
)  # fmt: skip
def test_programs_are_told_the_field(cast: Cast, url: str, body: dict[str, Any], field: str, character: str) -> None:
    sent = json.dumps(body).replace("{}", json.dumps(character)[1:-1])
    answer = Client().post(url, sent, content_type="application/json", headers=cast.bearer("district"))
    assert answer.status_code == 422, answer.content
    assert [fault["field"] for fault in answer.json()["errors"]] == [field]


def test_bytes_that_json_reads_as_half_a_character_are_refused(cast: Cast) -> None:
    sent = json.dumps(institution("{}")).encode().replace(b"{}", b"\xed\xa0\x80")
    answer = Client().post("/api/institutions", sent, content_type="application/json", headers=cast.bearer("district"))
    assert answer.status_code == 422


def test_what_only_looks_like_one_is_taken(cast: Cast) -> None:
    sent = json.dumps(institution(r"Office \u0001 \b — 😀"))
    answer = Client().post("/api/institutions", sent, content_type="application/json", headers=cast.bearer("district"))
    assert answer.status_code == 201, answer.content
    assert Institution.objects.get(code="NEW1").name == r"Office \u0001 \b — 😀"


@pytest.mark.parametrize("character", ["\x01", "\x0b", "\x9f"])
def test_people_are_told_beside_the_field(cast: Cast, character: str) -> None:
    answer = cast.client("public").post("/account/", {"name": f"x{character}y", "language": ""})
    assert f"U+{ord(character):04X}" in str(answer.context["form"].errors["name"])
    notice = cast.client("district").post("/register/regions/420106/", {"act": "notice", "notice": f"a{character}b"})
    assert "notice" in notice.context["notice_form"].errors
    assert not AuditEvent.objects.filter(action__in=["user.change", "region.notice"]).exists()


def test_a_service_called_by_another_way_refuses_and_keeps_nothing(cast: Cast) -> None:
    with pytest.raises(ValidationError) as caught:
        change_user(cast.actor("public"), cast.user("public"), UserInput("public", "x\x01y"))
    assert list(caught.value.message_dict) == ["name"]
    assert User.objects.get(username="public").name == "Public Person"
    with pytest.raises(ValidationError):
        add_region(system_actor(), "A1", "b\x0bc", parent=cast.regions["420106"])
    with pytest.raises(ValidationError):
        set_notice(system_actor(), cast.regions["420106"], "a\x01b")


def test_a_file_is_told_the_cell() -> None:
    (grid,) = open_table("单位,用电量\n甲\x0b,5\n乙,6\n".encode(), "a.csv")
    bad = grid.rows[1][0]
    assert (getattr(bad, "kind", ""), getattr(bad, "text", "")) == ("control_character", "甲\ufffd")
    assert grid.rows[2] == ["乙", "6"]


def test_a_command_is_refused_in_one_line() -> None:
    arguments = [sys.executable, "-m", "nengtan.config.cli", "users", "add", "x\x01y"]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "U+0001" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("url", ["/audit/?export={}", "/users/?export={}", "/register/?export={}"])
@pytest.mark.parametrize("form", ["xlsx", "csv"])
def test_what_came_in_by_another_way_stops_no_download(cast: Cast, url: str, form: str) -> None:
    User.objects.filter(username="public").update(name="x\x01y")
    Institution.objects.filter(code="420106-S1").update(name="x\x01y")
    AuditEvent.objects.create(action="user.change", who="x\x01y", via="page", subject="x\x01y", region_path="/")
    answer = cast.client("admin").get(url.format(form))
    assert answer.status_code == 200
    content = b"".join(answer)
    if form == "csv":
        text = content.decode("utf-8-sig")
        assert "x\ufffdy" in text
        assert list(csv.reader(io.StringIO(text)))
        return
    sheet = load_workbook(io.BytesIO(content)).worksheets[0]
    assert "x\ufffdy" in {cell for row in sheet.iter_rows(values_only=True) for cell in row}

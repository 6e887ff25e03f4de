"""The pages of the returns: what they show, to whom, in how many queries; what becomes of what somebody types."""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from nengtan.domain.returns import slots
from nengtan.identity.access import system_actor
from nengtan.ledger.services import FactInput, enter_fact
from nengtan.registry.services import save_asset
from nengtan.reporting.models import Return
from nengtan.reporting.services import CellChange, open_returns, prefill, review, save_cells
from tests.budget import MOST_QUERIES
from tests.cast import Cast
from tests.reporting.desk import bill, handed_in, register


def browser(cast: Cast, who: str) -> Any:
    """Somebody's browser, in English."""
    client = cast.client(who)
    client.cookies["django_language"] = "en"
    return client


def page(cast: Cast, of: Return, who: str = "statistician") -> str:
    return browser(cast, who).get(reverse("return", args=[of.pk])).content.decode()


def post(cast: Cast, of: Return, *cells: tuple[str, str, int], who: str = "statistician", to: str = "cells") -> Any:
    body = json.dumps({"cells": [{"cell": cell, "text": text, "seen": seen} for cell, text, seen in cells]})
    return browser(cast, who).post(f"/returns/{of.pk}/{to}/", body, content_type="application/json")


def explain(cast: Cast, of: Return, who: str = "statistician", **data: Any) -> Any:
    return browser(cast, who).post(f"/returns/{of.pk}/explain/", {"text": "as billed", **data})


def step(cast: Cast, of: Return, who: str, action: str, reason: str = "") -> str:
    data = {"action": action, "reason": reason}
    browser(cast, who).post(f"/returns/{of.pk}/step/", data)
    of.refresh_from_db()
    return of.state


def settle(cast: Cast, of: Return) -> None:
    """Everything that wants an explanation has one, with a file."""
    from nengtan.reporting.services import review

    for finding in review([of])[of.pk]:
        bill = SimpleUploadedFile("bill.pdf", b"%PDF-1.4 scan")
        cell = finding.cell
        explain(cast, of, rule=finding.rule, indicator=cell.indicator, record=cell.record, evidence=bill)


@pytest.mark.parametrize("who", ["statistician", "statistics_head", "district", "verifier"])
def test_the_page_opens_in_few_queries(
    cast: Cast, school: Return, who: str, django_assert_max_num_queries: Any
) -> None:
    page(cast, school, who)
    with django_assert_max_num_queries(MOST_QUERIES):
        text = page(cast, school, who)
    assert "30,000" in text


def test_the_page_of_a_month_in_review_opens_in_few_queries(cast: Cast, django_assert_max_num_queries: Any) -> None:
    """The dearest page: last year is only in the books, and the reader has a step to decide on."""
    for number, who in enumerate(("school", "hospital", "office"), 1):
        register(cast, who, number)
        for month in (202202, 202301, 202302):
            bill(cast, who, "electricity", month, "9000", "kWh", "5400")
            bill(cast, who, "water", month, "300", "m3", "900")
    for month in (1, 2):
        open_returns(cast.actor("district"), cast.regions["420106"], slots.month(2023, month))
        of = Return.objects.get(institution=cast.institutions["school"], slot=month)
        handed_in(cast, of)
    page(cast, of, "district")
    with django_assert_max_num_queries(MOST_QUERIES):
        text = page(cast, of, "district")
    assert "9,000" in text


def test_last_year_comes_from_the_books_where_no_return_has_it(cast: Cast, school: Return) -> None:
    booked = 'title="no return of last year'
    assert page(cast, school).count(booked) == 2, "area and persons of the register"
    for month in school.period.last_year.months:
        bill(cast, "school", "electricity", month, "25000", "kWh", "15000")
    text = page(cast, school)
    assert text.count(booked) == 4, "electricity and its cost with them"
    assert "75,000" in text
    for month in school.period.last_year.months[:2]:
        bill(cast, "school", "water", month, "10", "m3", "30")
    assert page(cast, school).count(booked) == 4, "two months are not a quarter"


def test_queries_do_not_grow_with_what_is_filled_in(
    cast: Cast, school: Return, django_assert_max_num_queries: Any
) -> None:
    for room in ("0001", "0002", "0003"):
        post(cast, school, (f"{room}.room_elec", "100", 0), (f"{room}.room_area", "20", 0))
    settle(cast, school)
    page(cast, school)
    with django_assert_max_num_queries(MOST_QUERIES):
        page(cast, school)


@pytest.mark.parametrize("who", ["statistician", "unit_head", "district"])
def test_the_list_opens_in_few_queries(
    cast: Cast, school: Return, who: str, django_assert_max_num_queries: Any
) -> None:
    browser(cast, who).get("/returns/")
    with django_assert_max_num_queries(14):
        assert "The school" in browser(cast, who).get("/returns/").content.decode()


def test_the_list_begins_with_what_waits_for_its_reader(cast: Cast, school: Return) -> None:
    text = browser(cast, "statistician").get("/returns/").content.decode()
    assert "waits for you" in text
    assert "waits for you" not in browser(cast, "statistics_head").get("/returns/").content.decode()
    assert "waits for you" not in browser(cast, "district").get("/returns/").content.decode()


def badge(cast: Cast, who: str, entry: str) -> str:
    text = browser(cast, who).get("/returns/").content.decode()
    found = re.search(rf"<span>{entry}</span>\s*(?:<span class=.count-badge.>.*?</span>\s*(\d+)\S*</span>)?", text)
    return (found[1] or "") if found else "no entry"


def test_the_menu_counts_what_waits_for_its_reader(cast: Cast, school: Return) -> None:
    assert badge(cast, "statistician", "Returns") == "1"
    assert badge(cast, "statistics_head", "Returns") == badge(cast, "district", "Returns") == ""
    assert badge(cast, "district", "Workbench") == ""
    Return.objects.filter(pk=school.pk).update(state="statistics_head")
    assert (badge(cast, "statistician", "Returns"), badge(cast, "statistics_head", "Returns")) == ("", "1")
    Return.objects.filter(pk=school.pk).update(state="reported")
    for who in ("district", "city", "admin"):
        assert badge(cast, who, "Workbench") == "1", who
    assert badge(cast, "education", "Workbench") == "", "sees, and decides on nothing"
    assert badge(cast, "neighbour", "Workbench") in ("", "no entry")


def test_an_institution_without_returns_is_told_why(cast: Cast) -> None:
    assert "No return yet" in browser(cast, "statistician").get("/returns/").content.decode()


@pytest.mark.parametrize("who", ["neighbour", "other"])
def test_a_return_of_others_does_not_exist(cast: Cast, school: Return, who: str) -> None:
    for name, args in (("return", []), ("return_cell", ["elec_qty"]), ("return_evidence", ["0" * 64])):
        url = reverse(name, args=[school.pk, *args])
        assert browser(cast, who).get(url).status_code == 404, name
    for to in ("cells", "check", "explain", "step", "accept", "room/remove"):
        assert browser(cast, who).post(f"/returns/{school.pk}/{to}/").status_code == 404, to
    assert "30,000" in page(cast, school, "district")


@pytest.mark.parametrize(("who", "status"), [("statistics_head", 403), ("verifier", 403), ("statistician", 200)])
def test_only_who_fills_in_writes(cast: Cast, school: Return, who: str, status: int) -> None:
    assert post(cast, school, ("elec_qty", "31000", 1), who=who).status_code == status
    assert ("data-cell" in page(cast, school, who)) == (status == 200)


def test_what_is_typed_is_stored_and_reviewed(cast: Cast, school: Return) -> None:
    answer = post(cast, school, ("elec_qty", "３１，０００", 1))
    assert answer.status_code == 200, answer.content
    told = answer.json()
    assert told["cells"]["elec_qty"] == {"version": 2, "shown": "31,000"}
    assert told["parts"]["elec_cost"]["price"] == "0.581"
    school.refresh_from_db()
    assert school.state == "entering"


def test_a_check_while_typing_stores_nothing(cast: Cast, school: Return) -> None:
    told = post(cast, school, ("elec_qty", "30", 1), to="check").json()
    assert told["parts"]["elec_qty"]["mark"] == "is-invalid", "600 yuan a kilowatt-hour"
    assert "remark" in told["parts"]["elec_qty"]["remarks"]
    assert school.values.get(indicator="elec_qty").value == 30000
    school.refresh_from_db()
    assert school.state == "empty"


def test_what_cannot_be_taken_is_told_beside_its_cell_and_the_rest_is_kept(cast: Cast, school: Return) -> None:
    told = post(cast, school, ("elec_qty", "many", 1), ("coal_qty", "-5", 0), ("gas_qty", "2,900", 1)).json()
    assert set(told["refused"]) == {"elec_qty", "coal_qty"}
    assert "many" in told["refused"]["elec_qty"]
    assert school.values.get(indicator="gas_qty").value == 2900
    assert school.values.get(indicator="elec_qty").value == 30000


@pytest.mark.parametrize("text", ["1e99", "9" * 24, "1000000000000"])
@pytest.mark.parametrize("to", ["check", "cells"])
def test_what_is_beyond_all_bounds_is_refused_while_typing_as_when_stored(
    cast: Cast, school: Return, text: str, to: str
) -> None:
    told = post(cast, school, ("elec_qty", text, 1), to=to).json()
    assert "1,000,000,000,000" in told["refused"]["elec_qty"]
    assert school.values.get(indicator="elec_qty").value == 30000


def test_an_emptied_cell_is_unknown_and_not_zero(cast: Cast, school: Return) -> None:
    told = post(cast, school, ("gas_qty", " ", 1), ("coal_qty", "0", 0)).json()
    assert told["cells"]["gas_qty"]["shown"] == ""
    assert told["cells"]["coal_qty"]["shown"] == "0"
    assert school.values.get(indicator="gas_qty").value is None


def test_a_cell_somebody_changed_meanwhile_is_left_alone_and_told(cast: Cast, school: Return) -> None:
    save_cells(cast.actor("statistician"), school, [CellChange("elec_qty", Decimal(31000), 1)])
    told = post(cast, school, ("elec_qty", "32000", 1)).json()
    conflict = told["conflicts"]["elec_qty"]
    assert (conflict["shown"], conflict["version"]) == ("31,000", 2)
    assert "you yourself, in another window" in conflict["words"]
    assert school.values.get(indicator="elec_qty").value == 31000
    assert not post(cast, school, ("elec_qty", "32000", 2)).json()["conflicts"]
    assert school.values.get(indicator="elec_qty").value == 32000


@pytest.mark.parametrize("body", ["", "[]", '{"cells": 5}', '{"cells": [{"cell": "elec_qty"}]}', '{"cells": ["x"]}'])
def test_what_is_no_list_of_cells_is_refused(cast: Cast, school: Return, body: str) -> None:
    url = f"/returns/{school.pk}/cells/"
    assert browser(cast, "statistician").post(url, body, content_type="application/json").status_code == 400
    assert not school.values.filter(provenance="typed").exists()


def test_a_return_that_went_on_takes_no_more_cells_and_says_so(cast: Cast, school: Return) -> None:
    browser(cast, "statistician").post(f"/returns/{school.pk}/accept/")
    settle(cast, school)
    assert step(cast, school, "statistician", "submit") == "statistics_head"
    answer = post(cast, school, ("elec_qty", "31000", 1))
    assert answer.status_code == 409
    assert "Load the page anew" in answer.json()["closed"]
    assert school.values.get(indicator="elec_qty").value == 30000


def test_it_goes_from_the_statistician_to_the_department_and_back(cast: Cast, school: Return) -> None:
    post(cast, school, ("gas_qty", "2900", 1))
    settle(cast, school)
    assert step(cast, school, "statistician", "submit") == "statistics_head"
    assert step(cast, school, "statistician", "pass") == "statistics_head", "it is not hers to pass on"
    assert step(cast, school, "statistics_head", "send_back") == "statistics_head", "no reason"
    assert step(cast, school, "statistics_head", "send_back", "gas of March is missing") == "returned"
    text = page(cast, school)
    assert "gas of March is missing" in text
    post(cast, school, ("gas_qty", "3500", 2))
    settle(cast, school)
    step(cast, school, "statistician", "submit")
    assert step(cast, school, "statistics_head", "pass") == "unit_head"
    assert step(cast, school, "unit_head", "pass") == "reported"
    assert step(cast, school, "district", "approve") == "approved"
    assert step(cast, school, "district", "reopen", "metered again") == "returned"
    text = page(cast, school, "district")
    assert "<del>2,900</del> → 3,500" in text, "the history tells what was changed between two steps"


def test_the_buttons_are_those_of_the_reader_and_say_why_not(cast: Cast, school: Return) -> None:
    parts = (("vehicles_gasoline", "1", 0), ("vehicles_diesel", "0", 0), ("vehicles_new_energy", "0", 0))
    post(cast, school, ("vehicles", "3", 0), *parts)
    text = page(cast, school)
    assert re.search(r"disabled>Submit to the statistics head</button> <small>Errors must be mended first", text)
    head = page(cast, school, "statistics_head")
    assert "Submit to the statistics head" not in head
    assert "Next: fill in and submit: statistician" in re.sub(r"<[^>]+>", "", head)


def test_what_a_whole_must_be_is_one_click_away(cast: Cast, school: Return) -> None:
    cells = ("vehicles", "vehicles_gasoline", "vehicles_diesel", "vehicles_new_energy")
    told = post(cast, school, *((cell, text, 0) for cell, text in zip(cells, "7123", strict=True))).json()
    assert 'data-suggest="6"' in told["parts"]["vehicles"]["remarks"]


def test_an_explanation_with_its_file_opens_for_who_sees_the_return(cast: Cast, school: Return) -> None:
    bill = SimpleUploadedFile("bill.pdf", b"%PDF-1.4 scan")
    found = review([school])[school.pk][0]
    place = {"rule": found.rule, "indicator": found.cell.indicator}
    answer = explain(cast, school, **place, evidence=bill)
    assert answer.status_code == 200, answer.content
    kept = school.explanations.get().evidence
    url = reverse("return_evidence", args=[school.pk, kept.sha256])
    for who in ("district", "statistician"):
        assert browser(cast, who).get(url).getvalue() == b"%PDF-1.4 scan"
    assert browser(cast, "neighbour").get(url).status_code == 404
    assert explain(cast, school, **place, text="as billed and paid").status_code == 200
    assert school.explanations.get().evidence == kept, "without a new file the old one stays"
    assert explain(cast, school, rule="P01", indicator="heat_qty", text="nobody asked").status_code == 409


def test_an_explanation_is_refused_with_a_file_of_no_known_kind(cast: Cast, school: Return) -> None:
    for name, content in (("x.exe", b"MZ"), ("page.pdf", b"<html>"), ("scan.png", b"\x89PNG<script>")):
        answer = explain(cast, school, rule="P01", indicator="elec_qty", evidence=SimpleUploadedFile(name, content))
        assert answer.status_code == 422
        assert name in answer.json()["closed"]
    assert not school.explanations.exists()


def test_a_room_is_added_by_its_code_and_taken_out_with_its_cells(cast: Cast, school: Return) -> None:
    text = browser(cast, "statistician").get(reverse("return", args=[school.pk]) + "?room=0007").content.decode()
    assert 'data-cell="0007.room_elec"' in text
    assert "0007" not in page(cast, school), "it stays only with a cell"
    post(cast, school, ("0007.room_elec", "500", 0))
    assert 'data-cell="0007.room_elec"' in page(cast, school)
    browser(cast, "statistician").post(f"/returns/{school.pk}/room/remove/", {"room": "0007"})
    assert "0007.room_elec" not in page(cast, school)
    assert not school.values.filter(record="0007").exists()


def test_a_room_of_the_register_is_taken_out_there(cast: Cast, school: Return) -> None:
    data = {"kind": "data_room", "name": "Server room", "count": 1, "in_use_on": date(2020, 1, 1)}
    save_asset(system_actor(), school.institution, data, {"area_m2": "40"})
    prefill([school])
    assert "Server room" in page(cast, school)
    browser(cast, "statistician").post(f"/returns/{school.pk}/room/remove/", {"room": "0001"})
    assert school.values.filter(record="0001").exists()


def test_a_cell_opens_to_the_facts_behind_it(cast: Cast, school: Return) -> None:
    post(cast, school, ("water_qty", "1600", 1))
    electricity = (
        browser(cast, "statistician").get(reverse("return_cell", args=[school.pk, "elec_qty"])).content.decode()
    )
    assert "2023-01 12,000 kWh" in electricity
    assert "/ledger/facts/" in electricity
    water = browser(cast, "district").get(reverse("return_cell", args=[school.pk, "water_qty"])).content.decode()
    assert "1,500 → 1,600" in water
    assert browser(cast, "district").get(reverse("return_cell", args=[school.pk, "nothing"])).status_code == 404


def test_meters_and_parts_of_a_whole_are_told_beside_the_cell(cast: Cast, school: Return) -> None:
    for month in (202301, 202302, 202303):
        fact = FactInput(school.institution, "electricity", month, Decimal(9000), "kWh", origin="meter")
        enter_fact(system_actor(), fact)
    told = post(cast, school, ("heating_elec_qty", "5000", 0)).json()
    assert "meters read 27,000 (+11.1%)" in told["parts"]["elec_qty"]["origin"]
    assert "P15" in told["parts"]["elec_qty"]["remarks"]
    assert "30,000" in told["parts"]["heating_elec_qty"]["origin"], "of which"


def test_last_year_stands_beside_this_year(cast: Cast, school: Return) -> None:
    Return.objects.create(
        institution=school.institution, year=2022, slot=3, kind="quarter", edition="2022", region=school.region,
        institution_kind="021", state="approved",
    )  # fmt: skip
    before = Return.objects.get(year=2022)
    before.values.create(indicator="elec_qty", value=Decimal(25000), provenance="typed")
    told = post(cast, school, to="check").json()
    assert "+20.0%" in told["parts"]["elec_qty"]["change"]
    assert "25,000" in page(cast, school)


def test_every_return_shows_the_lines_of_its_own_edition(cast: Cast, school: Return) -> None:
    assert 'data-cell="land_area"' in page(cast, school)
    Return.objects.filter(pk=school.pk).update(edition="2025")
    text = page(cast, school)
    assert re.search(r'id="row-land_area" class="is-platform"', text)


def test_taking_a_step_needs_a_step(cast: Cast, school: Return) -> None:
    assert step(cast, school, "statistician", "fly") == "empty"
    assert browser(cast, "statistician").get(f"/returns/{school.pk}/step/").status_code == 405


def test_the_audit_trail_names_the_cells_and_leads_to_the_return(cast: Cast, school: Return) -> None:
    post(cast, school, ("elec_qty", "31000", 1), ("0001.room_elec", "200", 0))
    text = browser(cast, "statistician").get("/audit/").content.decode()
    assert "Electricity</span> <del>30000</del> → 31000" in text
    assert reverse("return", args=[school.pk]) in text

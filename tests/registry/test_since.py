"""A beginning nobody knows is said in words wherever it is shown or exported, and understood in files."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.utils import translation

from nengtan.domain.overtime import SINCE_ALWAYS
from nengtan.identity.access import system_actor
from nengtan.registry.models import Attribute, Institution
from nengtan.registry.services import EventInput, intake, record_event, set_attribute
from nengtan.registry.since import since_word
from tests.cast import Cast

STAND_IN = "1949-10-01"


@pytest.fixture
def renamed(cast: Cast) -> Cast:
    """A school that was renamed, with an area that has always held."""
    school = cast.institutions["school"]
    set_attribute(system_actor(), school, "area_m2", SINCE_ALWAYS, Decimal(5000))
    set_attribute(system_actor(), school, "area_m2", date(2023, 8, 1), Decimal(6000))
    record_event(system_actor(), EventInput("renamed", date(2023, 7, 1), [school], name="New school"))
    return cast


@pytest.mark.parametrize(("language", "word"), [("en", "start unknown"), ("zh-hans", "起始时间不详")])
def test_pages_say_it_in_words(renamed: Cast, language: str, word: str) -> None:
    client = renamed.client("district")
    client.cookies["django_language"] = language
    for address in ("history/", "?tab=dated"):
        page = client.get(f"/register/of/420106-S1/{address}").content.decode()
        assert word in page, address
        assert STAND_IN not in page, address


def test_the_overview_and_the_lineage_say_it_in_words(renamed: Cast) -> None:
    from nengtan.ledger.services import FactInput, enter_fact

    fact = FactInput(renamed.institutions["school"], "electricity", 202203, Decimal(9), "kWh")
    enter_fact(system_actor(), fact)
    client = renamed.client("district")
    client.cookies["django_language"] = "en"
    for address in (
        "/institutions/420106-S1/?year=2022",
        "/ledger/explain/?institution=420106-S1&year=2022&measure=kgce_per_m2",
    ):
        page = client.get(address).content.decode()
        assert "start unknown" in page, address
        assert STAND_IN not in page, address
    told = client.get("/api/explain?institution=420106-S1&year=2022&measure=kgce_per_m2").json()
    assert told["denominator"]["entries"][0]["from"] is None


def test_programs_read_null(renamed: Cast) -> None:
    client = renamed.client("district")
    names = client.get("/api/institutions/420106-S1/names").json()
    assert [one["valid_from"] for one in names] == ["2023-07-01", None]
    values = client.get("/api/institutions/420106-S1/attributes").json()
    assert [one["valid_from"] for one in values] == [None, "2023-08-01"]
    given = {"key": "persons", "valid_from": None, "value": 300}
    made = client.post("/api/institutions/420106-S1/attributes", given, content_type="application/json")
    assert made.json()["valid_from"] is None
    assert Attribute.objects.get(key="persons").valid_from == SINCE_ALWAYS


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_what_is_exported_is_understood_again(renamed: Cast, language: str) -> None:
    with translation.override(language):
        content = intake.export_csv(Institution.objects.filter(code="420106-S1"), "institutions", history=True)
        word = since_word(SINCE_ALWAYS)
    text = content.decode("utf-8-sig")
    assert STAND_IN not in text
    assert any(word in row for row in csv.reader(io.StringIO(text)))
    result = intake.import_file(system_actor(), "register.csv", content)
    assert (result.errors, result.created, result.updated) == ([], 0, 0)


@pytest.mark.parametrize("word", ["自始", "起始时间不详", "Start unknown", "since always"])
def test_a_file_may_say_it(cast: Cast, word: str) -> None:
    lines = [["code", "name", "kind", "region_code", "area_m2", "valid_from"]]
    lines.append(["N1", "New body", "021", "420106", "700", word])
    target = io.StringIO()
    csv.writer(target).writerows(lines)
    result = intake.import_file(system_actor(), "register.csv", target.getvalue().encode())
    assert result.errors == []
    assert Attribute.objects.get(institution__code="N1").valid_from == SINCE_ALWAYS


def test_the_trail_says_it_in_words(renamed: Cast) -> None:
    from nengtan.identity.diffs import changes, text
    from nengtan.identity.models import AuditEvent

    event: Any = AuditEvent.objects.filter(action="attribute.set").earliest("id")
    with translation.override("en"):
        told = text(changes([event])[event.pk])
    assert "start unknown" in told
    assert STAND_IN not in told

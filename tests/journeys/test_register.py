"""The register: a body is added, found, renamed and merged, and its past keeps its name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from playwright.sync_api import expect

from tests.journeys.visitor import Visitor


@dataclass
class Bodies:
    """What one run adds: names whose pinyin initials no other body has."""

    code: str
    name: str
    new_name: str
    initials: str
    other: str
    other_name: str


@pytest.fixture
def bodies(width: int) -> Bodies:
    names = {
        1440: ("琴园档案馆", "琴园档案中心", "qydag", "琴园方志馆"),
        390: ("沙湖档案馆", "沙湖档案中心", "shdag", "沙湖方志馆"),
    }
    name, new_name, initials, other = names[width]
    return Bodies(f"R{width}-A", name, new_name, initials, f"R{width}-B", other)


def test_a_body_is_added_found_renamed_and_merged(visit: Callable[..., Visitor], bodies: Bodies) -> None:
    manager = visit("manager")
    add(manager, bodies.code, bodies.name)
    add(manager, bodies.other, bodies.other_name)
    for words in (bodies.name, bodies.name[1:4], bodies.initials, bodies.code):
        assert bodies.name in search(manager, words), words

    record_event(manager, bodies.code, kind="renamed", effective_on="2023-07-01", name=bodies.new_name, document="1")
    assert bodies.new_name in search(manager, bodies.name), "the old name still finds it"
    assert bodies.new_name in search(manager, bodies.new_name)

    record_event(
        manager,
        bodies.code,
        kind="merged",
        effective_on="2024-01-01",
        others=bodies.other,
        into=bodies.other,
        document="2",
    )
    manager.open(f"/register/of/{bodies.code}/history/")
    events, names = manager.card("Events"), manager.card("Names, types and parents over time")
    for text in ("2023-07-01", "renamed", "2024-01-01", "merged"):
        expect(events).to_contain_text(text)
    for text in (bodies.name, bodies.new_name):
        expect(names).to_contain_text(text)
    expect(manager.card("Who changed what")).to_contain_text("刘敏")
    manager.open(f"/register/of/{bodies.code}/")
    manager.sees("closed")


def add(manager: Visitor, code: str, name: str) -> None:
    manager.go("Register")
    manager.follow("Add")
    manager.fill(code=code, name=name, kind="023", region="420106", established_on="2020-01-01", lat=30.55, lon=114.31)
    manager.press("Save")
    manager.sees(name)


def search(manager: Visitor, words: str) -> list[str]:
    """Names of what the box at the top finds."""
    box = manager.page.locator("#site-search")
    box.focus()
    box.fill(words)
    box.press("Enter")
    manager.page.wait_for_url("**/search/**")
    return manager.main.locator("tbody th").all_inner_texts()


def record_event(manager: Visitor, code: str, **fields: str) -> None:
    manager.open(f"/register/of/{code}/history/")
    manager.follow("Record an event")
    manager.fill(**fields)
    manager.press("Record the event")
    expect(manager.card("Events")).to_contain_text(fields["effective_on"])


def test_the_list_filters_and_the_map_shows_the_same_bodies(visit: Callable[..., Visitor]) -> None:
    manager = visit("manager")
    manager.go("Register")
    manager.open("/register/?kind=024")
    hospitals = manager.main.locator("tbody tr")
    expect(hospitals.filter(has_text="武昌区中心医院")).to_have_count(1)
    expect(manager.main).not_to_contain_text("武昌区临江初级中学")
    manager.follow("Map")
    chart = manager.main.locator("figure.chart")
    expect(chart.locator("canvas, svg").first).to_be_visible()
    chart.get_by_role("button", name="Data").click()
    expect(chart.locator(".chart-data")).to_contain_text("武昌区中心医院")

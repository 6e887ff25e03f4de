"""Services of the register: scope, cycles, shares, and what an event does to history."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from nengtan.identity.access import Forbidden, system_actor
from nengtan.registry.models import Institution, Region
from nengtan.registry.queries.search import institutions_like, search
from nengtan.registry.services import (
    EventInput,
    InstitutionInput,
    add_region,
    input_of,
    record_event,
    save_asset,
    save_building,
    save_contact,
    save_institution,
    save_meter,
    save_occupancy,
    set_attribute,
)
from tests.cast import Cast

DAY = date(2023, 7, 1)


@pytest.mark.parametrize(
    ("who", "allowed"),
    [
        ("admin", True),
        ("city", True),
        ("district", True),
        ("statistician", True),
        ("neighbour", False),
        ("other", False),
    ],
)
def test_only_records_within_ones_scope_are_changed(cast: Cast, who: str, allowed: bool) -> None:
    school, actor = cast.institutions["school"], cast.actor(who)
    acts = (
        lambda: save_building(actor, school, {"code": "B9", "name": "Hall"}),
        lambda: save_meter(actor, school, {"code": "M9", "carrier": "electricity"}),
        lambda: save_contact(actor, school, {"role": "liaison", "name": "Somebody"}),
        lambda: save_asset(actor, school, {"kind": "vehicle", "name": "Cars", "count": 2}, {"fuel": "diesel"}),
        lambda: set_attribute(actor, school, "area_m2", DAY, Decimal(10)),
    )
    for act in acts:
        if allowed:
            act()
        else:
            with pytest.raises(ValidationError):
                act()


@pytest.mark.parametrize("who", ["education", "unit_head", "service", "verifier", "public", "outsider", "anonymous"])
def test_who_may_not_write_is_refused(cast: Cast, who: str) -> None:
    with pytest.raises(Forbidden):
        save_building(cast.actor(who), cast.institutions["school"], {"code": "B9", "name": "Hall"})


def test_shares_of_a_building_do_not_exceed_the_whole(cast: Cast) -> None:
    actor, school, office = system_actor(), cast.institutions["school"], cast.institutions["office"]
    house = save_building(actor, school, {"code": "B1", "name": "Hall"})
    save_occupancy(actor, school, {"building": house, "share": Decimal("0.7"), "valid_from": DAY})
    with pytest.raises(ValidationError) as caught:
        save_occupancy(actor, office, {"building": house, "share": Decimal("0.4"), "valid_from": DAY})
    assert "share" in caught.value.message_dict
    save_occupancy(actor, office, {"building": house, "share": Decimal("0.3"), "valid_from": DAY})


def test_a_meter_does_not_stand_above_itself(cast: Cast) -> None:
    actor, school = system_actor(), cast.institutions["school"]
    top = save_meter(actor, school, {"code": "M1", "carrier": "electricity"})
    low = save_meter(actor, school, {"code": "M2", "carrier": "electricity", "parent": top})
    with pytest.raises(ValidationError):
        save_meter(actor, school, {"code": "M1", "carrier": "electricity", "parent": low}, top)


def test_a_body_does_not_stand_above_itself(cast: Cast) -> None:
    actor, school, office = system_actor(), cast.institutions["school"], cast.institutions["office"]
    save_institution(actor, InstitutionInput(**{**vars(input_of(school)), "superior": office}), school)
    office.refresh_from_db()
    with pytest.raises(ValidationError):
        save_institution(actor, InstitutionInput(**{**vars(input_of(office)), "superior": school}), office)


def test_particulars_of_equipment_are_those_of_its_kind(cast: Cast) -> None:
    school = cast.institutions["school"]
    with pytest.raises(ValidationError) as caught:
        save_asset(system_actor(), school, {"kind": "vehicle", "name": "Cars"}, {"fuel": "steam", "racks": "3"})
    assert set(caught.value.message_dict) == {"fuel", "racks"}


@pytest.mark.parametrize(
    ("kind", "before", "after", "more", "closed"),
    [
        ("added", [], ["school"], {}, set()),
        ("closed", ["school"], [], {}, {"school"}),
        ("merged", ["school", "office"], ["office"], {}, {"school"}),
        ("split", ["hospital"], ["school", "office"], {}, {"hospital"}),
        ("renamed", ["school"], [], {"name": "Another name"}, set()),
        ("moved", ["school"], [], {"region": "420111"}, set()),
    ],
)
def test_what_an_event_does_to_the_register(
    cast: Cast, kind: str, before: list[str], after: list[str], more: dict[str, str], closed: set[str]
) -> None:
    bodies = cast.institutions
    region = cast.regions[more["region"]] if "region" in more else None
    data = EventInput(kind, DAY, [bodies[one] for one in before], [bodies[one] for one in after],
                      name=more.get("name", ""), region=region)  # fmt: skip
    event = record_event(system_actor(), data)
    found = {name: Institution.objects.get(pk=body.pk) for name, body in bodies.items()}
    assert {name for name, body in found.items() if body.closed_on == DAY} == closed
    assert event.parties.count() == len(before) + len(after)
    spans = list(found["school"].spans.order_by("valid_from"))
    if kind == "renamed":
        assert [(span.name, span.valid_from >= DAY) for span in spans] == [
            ("The school", False),
            ("Another name", True),
        ]
        assert list(institutions_like(Institution.objects.all(), "The school")) == [found["school"]]
    if kind == "moved":
        assert [span.region.code for span in spans] == ["420106", "420111"]
        assert found["school"].region.code == "420111"


def test_search_finds_by_name_code_and_initials_within_scope(cast: Cast) -> None:
    wuhan = Region.objects.get(code="420106")
    save_institution(system_actor(), InstitutionInput("Z1", "武昌区第一小学", "021", wuhan))
    for typed in ("第一", "wcqdyxx", "z1"):
        assert [one.code for one in search(cast.actor("district"), typed) if one.kind == "institution"] == ["Z1"]
        assert search(cast.actor("neighbour"), typed) == []
        assert search(cast.actor("outsider"), typed) == []


@pytest.mark.parametrize("code", ["", " ", "a/b", ".", "..", " .. "])
def test_codes_that_no_address_can_hold_are_refused(cast: Cast, code: str) -> None:
    actor, school = system_actor(), cast.institutions["school"]
    for act in (
        lambda: save_institution(actor, InstitutionInput(code, "Dots", "01", cast.regions["420106"])),
        lambda: save_building(actor, school, {"code": code, "name": "Dots"}),
        lambda: save_meter(actor, school, {"code": code, "carrier": "electricity"}),
        lambda: add_region(actor, code, "Dots", parent=cast.regions["420106"]),
    ):
        with pytest.raises(ValidationError) as caught:
            act()
        assert "code" in caught.value.message_dict
    assert save_institution(actor, InstitutionInput("A..B", "Dots", "01", cast.regions["420106"])).code == "A..B"

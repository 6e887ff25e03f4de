"""Events and history: what may be told, in whatever order, and what stays as it was."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from nengtan.identity.access import system_actor
from nengtan.identity.models import AuditEvent
from nengtan.registry.models import Institution, InstitutionEvent
from nengtan.registry.services import EventInput, InstitutionInput, record_event, save_institution
from tests.cast import Cast


def tell(cast: Cast, kind: str, on: date, before: str = "", after: str = "", who: str = "system", **more: Any) -> None:
    """An event with the bodies as the register has them now."""
    now = {name: Institution.objects.get(pk=body.pk) for name, body in cast.institutions.items()}
    sides = ([now[name] for name in side.split()] for side in (before, after))
    for key, known in (("region", cast.regions), ("superior", now)):
        if key in more:
            more[key] = known[more[key]]
    record_event(cast.actor(who), EventInput(kind, on, *sides, **more))


def body(cast: Cast, name: str) -> Institution:
    return Institution.objects.get(pk=cast.institutions[name].pk)


def names(cast: Cast, name: str) -> list[str]:
    return list(cast.institutions[name].spans.order_by("valid_from").values_list("name", flat=True))


def test_an_earlier_event_told_late_leaves_later_ones_as_they_are(cast: Cast) -> None:
    tell(cast, "renamed", date(2023, 1, 1), "school", name="Third")
    tell(cast, "moved", date(2022, 6, 1), "school", region="420111")
    tell(cast, "renamed", date(2022, 1, 1), "school", name="Second")
    spans = cast.institutions["school"].spans.order_by("valid_from")
    assert [(span.name, span.region.code) for span in spans] == [
        ("The school", "420106"),
        ("Second", "420106"),
        ("Second", "420111"),
        ("Third", "420111"),
    ]
    assert (body(cast, "school").name, body(cast, "school").initials) == ("Third", "third")


def test_a_body_that_takes_others_in_keeps_its_own_beginning(cast: Cast) -> None:
    Institution.objects.filter(pk=cast.institutions["office"].pk).update(established_on=date(1990, 1, 1))
    tell(cast, "merged", date(2022, 1, 1), "school", "office")
    assert body(cast, "office").established_on == date(1990, 1, 1)
    assert (body(cast, "school").closed_on, body(cast, "school").status) == (date(2022, 1, 1), "closed")


def test_a_body_that_comes_of_a_merger_begins_with_it(cast: Cast) -> None:
    tell(cast, "merged", date(2022, 1, 1), "school hospital", "office")
    assert body(cast, "office").established_on == date(2022, 1, 1)


def test_each_change_stands_in_the_trail_before_and_after(cast: Cast) -> None:
    tell(cast, "renamed", date(2022, 1, 1), "school", name="New name", who="district")
    change = AuditEvent.objects.get(action="institution.change", institution_id=cast.institutions["school"].pk)
    assert (change.before["name"], change.after["name"]) == ("The school", "New name")
    assert set(change.before) == {"name", "initials"}
    assert AuditEvent.objects.filter(action="event.renamed").exists()


@pytest.mark.parametrize(
    ("kind", "on", "before", "after", "more"),
    [
        ("closed", date(2022, 1, 1), "other_school", "", {}),  # closed in 2022-06 already
        ("renamed", date(2023, 1, 1), "other_school", "", {"name": "x"}),
        ("added", date(2023, 1, 1), "", "other_school", {}),
        ("merged", date(2023, 1, 1), "school", "other_school", {}),
        ("closed", date(2009, 1, 1), "hospital", "", {}),  # established in 2010
        ("merged", date(2022, 1, 1), "school", "school", {}),
        ("merged", date(2022, 1, 1), "school school", "office", {}),
        ("split", date(2022, 1, 1), "school", "", {}),
        ("moved", date(2022, 1, 1), "office", "", {"superior": "school"}),  # the office stands above the school
        ("moved", date(2022, 1, 1), "office", "", {"superior": "office"}),
        ("moved", date(2022, 1, 1), "office", "", {"region": "420111", "reports_to": "superior"}),
        ("renamed", timezone.localdate() + timedelta(days=30), "office", "", {"name": "x"}),
        ("renamed", date(2022, 1, 1), "office", "", {"name": " "}),
        ("vanished", date(2022, 1, 1), "office", "", {}),
    ],
)
def test_what_cannot_have_happened_is_refused_and_changes_nothing(
    cast: Cast, kind: str, on: date, before: str, after: str, more: dict[str, Any]
) -> None:
    tell(cast, "closed", date(2022, 6, 1), "other_school")
    tell(cast, "moved", date(2021, 1, 1), "school", superior="office")
    Institution.objects.filter(pk=cast.institutions["hospital"].pk).update(established_on=date(2010, 1, 1))
    held = list(Institution.objects.order_by("pk").values())
    events = InstitutionEvent.objects.count()
    with pytest.raises(ValidationError):
        tell(cast, kind, on, before, after, **more)
    assert InstitutionEvent.objects.count() == events
    assert list(Institution.objects.order_by("pk").values()) == held


@pytest.mark.parametrize(
    ("kind", "before", "after", "more"),
    [
        ("moved", "school", "", {"region": "330106"}),
        ("moved", "school", "", {"region": "420111"}),
        ("moved", "school", "", {"superior": "neighbour_school"}),
        ("closed", "neighbour_school", "", {}),
        ("merged", "school", "neighbour_school", {}),
        ("split", "neighbour_school", "school", {}),
    ],
)
def test_no_event_reaches_beyond_the_district_of_its_manager(
    cast: Cast, kind: str, before: str, after: str, more: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError):
        tell(cast, kind, date(2022, 1, 1), before, after, "district", **more)
    tell(cast, kind, date(2022, 1, 1), before, after, "nation", **more)


def test_a_superior_above_ones_own_district_may_be_named(cast: Cast) -> None:
    city = save_institution(system_actor(), InstitutionInput("CITY1", "City body", "01", cast.regions["420100"]))
    school = cast.institutions["school"]
    record_event(cast.actor("district"), EventInput("moved", date(2022, 1, 1), [school], superior=city))
    assert body(cast, "school").superior == city

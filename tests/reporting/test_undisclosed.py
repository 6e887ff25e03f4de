"""Publications of a year, one after another and across levels: who is not named cannot be worked out either."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from click.testing import CliRunner
from django.core.exceptions import ValidationError
from django.utils import translation

from nengtan.domain.returns import slots
from nengtan.identity.access import system_actor
from nengtan.registry.services import InstitutionInput, save_institution
from nengtan.reporting.commands import returns
from nengtan.reporting.models import Publication, Return, Value
from nengtan.reporting.services import open_returns, publishing
from tests.budget import MOST_QUERIES
from tests.cast import Cast

YEAR = 2023
PLACES = {"420106": 12, "420111": 6}
"""How many schools report in each district, besides those of the cast."""


@pytest.fixture(autouse=True)
def _english() -> Any:
    with translation.override("en"):
        yield


@pytest.fixture
def schools(cast: Cast) -> Cast:
    """Schools of two districts of a city with approved returns; each uses a little more than the one before it."""
    for place, count in PLACES.items():
        for at in range(count):
            told = InstitutionInput(code=f"{place}-X{at:02}", name=f"School {place} {at:02}", kind="021",
                                    region=cast.regions[place], system="education")  # fmt: skip
            cast.institutions[f"{place} {at}"] = save_institution(system_actor(), told)
    for year in (YEAR - 1, YEAR):
        open_returns(system_actor(), cast.regions["420100"], slots.annual(year))
        approve(year, "School 420106", "School 420111")
    return cast


def approve(year: int, *names: str) -> None:
    """Give the returns of bodies whose name begins so some cells, and approve them."""
    for name in names:
        for of in Return.objects.filter(year=year, kind=slots.Kind.ANNUAL, institution__name__startswith=name):
            number = 1 + int(of.institution.name[-2:])
            cells = {"elec_qty": 10_000 * number, "water_qty": 100 * number, "area": 1_000, "persons": 50}
            Value.objects.bulk_create(
                Value(of=of, indicator=key, value=Decimal(value), provenance="typed") for key, value in cells.items()
            )
            of.state, of.reported_at = "approved", of.opened_at
            of.save()


def hide(cast: Cast, *names: str) -> None:
    bodies = [cast.institutions[name] for name in names]
    publishing.set_rule(cast.actor("district"), cast.regions["420106"], 3, [], bodies)


def named(made: Publication) -> set[str]:
    return {row["name"] for group in made.content["groups"] for row in group["named"]}


def publish(cast: Cast, who: str, region: str, by: str = "kind", year: int = YEAR) -> Publication:
    return publishing.publish(cast.actor(who), cast.regions[region], year, by)


def test_all_classifications_of_a_year_leave_the_same_bodies_unnamed(schools: Cast) -> None:
    hide(schools, "420106 7")
    every = {f"School 420106 {at:02}" for at in range(12)}
    left = [every - named(publish(schools, "district", "420106", by)) for by in ("kind", "system", "child")]
    assert left[0] == left[1] == left[2]
    assert left[0] == {"School 420106 00", "School 420106 01", "School 420106 07"}


def test_what_is_remembered_stands_in_no_answer(schools: Cast) -> None:
    hide(schools, "420106 7")
    made = publish(schools, "district", "420106")
    hidden = schools.institutions["420106 7"].code
    assert hidden in made.kept_back
    assert hidden not in made.named
    client, key = schools.client("anonymous"), schools.bearer("district")
    whole = client.get(f"/api/returns/publications/{made.pk}", headers=key)
    assert not {"named", "kept_back", "unnamed"} & set(whole.json())
    for place in (f"/api/returns/publications/{made.pk}", "/api/returns/publications"):
        assert hidden not in client.get(place, headers=key).content.decode()
    page = schools.client("district").get(f"/returns/publications/{made.pk}/").content.decode()
    assert "School 420106 07" not in page
    assert "School 420106 08" in page


def test_who_covered_a_body_covers_it_in_later_ones(schools: Cast) -> None:
    """The smallest change by a correction; whom the first publication named is then still no cover."""
    hide(schools, "420106 7")
    first = publish(schools, "district", "420106")
    Value.objects.filter(of__institution__name="School 420106 09", of__year=YEAR, indicator="elec_qty").update(value=1)
    publishing.withdraw(schools.actor("district"), first, "a wrong figure")
    second = publish(schools, "district", "420106")
    assert named(second) == named(first), "also once withdrawn"


def test_levels_reckon_with_each_other(schools: Cast) -> None:
    """The district hides a school of its own; the city, and the other district after it, name none that covers it."""
    hide(schools, "420106 7")
    below = publish(schools, "district", "420106")
    above = publish(schools, "city", "420100", "child")
    assert {f"School 420106 {at:02}" for at in range(12)} - named(above) == {
        "School 420106 00", "School 420106 01", "School 420106 07",
    }  # fmt: skip
    assert set(below.kept_back) <= set(above.kept_back)
    beside = publish(schools, "neighbour", "420111", "system")
    assert not named(beside) & {
        f"School 420111 {at:02}" for at in range(6) if f"420111-X{at:02}" in above.kept_back
    }  # fmt: skip


def test_the_year_after_does_not_tell_the_year_before(schools: Cast) -> None:
    """A change in percent is last year's figure in other words; who was kept back then has none."""
    hide(schools, "420106 7")
    publish(schools, "district", "420106", year=YEAR - 1)
    hide(schools)
    made = publish(schools, "district", "420106")
    moved = {row["name"]: row["change_percent"] for group in made.content["groups"] for row in group["named"]}
    untold = {name for name, change in moved.items() if change is None}
    assert untold == {"School 420106 00", "School 420106 01", "School 420106 07"}


def late_one(cast: Cast) -> None:
    """Publish, and approve then one more return, of a body that may not be named."""
    told = InstitutionInput(code="420106-X99", name="School 420106 99", kind="021", system="education",
                            region=cast.regions["420106"])  # fmt: skip
    cast.institutions["late"] = save_institution(system_actor(), told)
    hide(cast, "420106 7", "late")
    publish(cast, "district", "420106")
    open_returns(system_actor(), cast.regions["420106"], slots.annual(YEAR))
    approve(YEAR, "School 420106 99")


def test_what_would_give_a_body_away_is_not_published(schools: Cast) -> None:
    """The new total less the old one would be the only body that is new."""
    late_one(schools)
    with pytest.raises(ValidationError, match="School 420106 99"):
        publishing.preview(schools.actor("district"), schools.regions["420106"], YEAR, "kind")
    with pytest.raises(ValidationError, match="School 420106 99"):
        publish(schools, "district", "420106")
    for at in (90, 91):
        told = InstitutionInput(code=f"420106-X{at}", name=f"School 420106 {at}", kind="021", system="education",
                                region=schools.regions["420106"])  # fmt: skip
        save_institution(system_actor(), told)
    open_returns(system_actor(), schools.regions["420106"], slots.annual(YEAR))
    approve(YEAR, "School 420106 90", "School 420106 91")
    made = publish(schools, "district", "420106")
    assert not named(made) & {f"School 420106 {at}" for at in (90, 91, 99)}, "with two more that are new it can be"


def test_every_door_says_why_it_is_not_published(schools: Cast) -> None:
    late_one(schools)
    told = "could be worked out: School 420106 99"
    chosen = {"region": "420106", "year": YEAR, "by": "kind"}
    client = schools.client("district")
    for page in (client.get("/returns/publications/new/", chosen), client.post("/returns/publications/new/", chosen)):
        assert page.status_code == 200
        assert page.content.decode().count("School 420106 99") == 1
        assert "notice" not in page.context
    answer = schools.client("anonymous").post(
        "/api/returns/publications", chosen, "application/json", headers=schools.bearer("district")
    )
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "by")
    for more in ([], ["--preview"]):
        ran = CliRunner().invoke(returns, ["publish", "--region", "420106", "--year", str(YEAR), *more])
        assert ran.exit_code == 2
        assert told in ran.output
    assert Publication.objects.count() == 1


def test_preparing_one_after_many_asks_the_database_few_times(
    schools: Cast, django_assert_max_num_queries: Any
) -> None:
    hide(schools, "420106 7")
    publish(schools, "city", "420100")
    for by in ("kind", "system", "child"):
        publish(schools, "district", "420106", by)
    client, chosen = schools.client("district"), {"region": "420106", "year": YEAR, "by": "kind"}
    client.get("/returns/publications/new/", chosen)
    with django_assert_max_num_queries(MOST_QUERIES):
        page = client.get("/returns/publications/new/", chosen)
    assert "School 420106 08" in page.content.decode()
    shown = json.dumps(publishing.frozen(publishing.preview(schools.actor("district"), schools.regions["420106"], YEAR,
                                                            "kind")))  # fmt: skip
    assert "School 420106 07" not in shown

"""Whatever is entered, corrected, withdrawn or moved, in whatever order: the kept sums are those of the facts."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from nengtan.domain import overlap
from nengtan.identity.access import system_actor
from nengtan.ledger.models import ActivityFact
from nengtan.ledger.services import FactInput, correct_fact, enter_fact, intake, withdraw_batch, withdraw_fact
from nengtan.ledger.services.rebuild import rebuild_everything
from nengtan.registry.models import InstitutionEvent
from nengtan.registry.services import EventInput, record_event, set_attribute
from tests.cast import Cast
from tests.ledger.files import bills

BODIES = ("school", "hospital", "office", "neighbour_school")
MONTHS = (202301, 202302, 202401)
CARRIERS = (("electricity", "kWh"), ("water", "m3"), ("natural_gas", "m3"))


class World:
    """A random life of a few institutions."""

    def __init__(self, cast: Cast, seed: int) -> None:
        self.cast, self.dice, self.actor = cast, random.Random(seed), system_actor()
        self.day = date(2022, 6, 1)

    def fact(self) -> FactInput:
        carrier, unit = self.dice.choice(CARRIERS)
        quantity = self.dice.choice([None, Decimal(self.dice.randrange(10**6)) / 1000])
        return FactInput(
            self.cast.institutions[self.dice.choice(BODIES)],
            carrier,
            self.dice.choice(MONTHS),
            quantity,
            "unverified" if self.dice.random() < 0.1 else unit,
            Decimal(self.dice.randrange(10**5)) / 100 if quantity is None or self.dice.random() < 0.5 else None,
            self.dice.choice(["bill", "meter", "report", "estimate"]),
            item=self.dice.choice(["", "", "01A00", "01A10"]) if carrier == "electricity" else "",
            bill_no=self.dice.choice(["", "1", "2"]),
        )

    def standing(self) -> ActivityFact | None:
        facts = ActivityFact.objects.filter(superseded_by=None).exclude(standing=ActivityFact.Standing.WITHDRAWN)
        found = list(facts.select_related("institution", "region").order_by("id"))
        return self.dice.choice(found) if found else None

    def enter(self) -> None:
        enter_fact(self.actor, self.fact())

    def correct(self) -> None:
        if fact := self.standing():
            correct_fact(self.actor, fact, self.fact(), "misread")

    def withdraw(self) -> None:
        if fact := self.standing():
            withdraw_fact(self.actor, fact, "twice")

    def move(self) -> None:
        year = min(self.day.year + self.dice.randrange(2), 2024)
        self.day = date(year, self.dice.randrange(1, 13), 15)
        region = self.cast.regions[self.dice.choice(["420106", "420111", "330106"])]
        body = self.cast.institutions[self.dice.choice(BODIES)]
        body.refresh_from_db()
        with suppress(ValidationError):  # the same move on the same day is refused
            record_event(self.actor, EventInput(InstitutionEvent.Kind.MOVED, self.day, before=[body], region=region))

    def grow(self) -> None:
        body = self.cast.institutions[self.dice.choice(BODIES)]
        set_attribute(
            self.actor, body, "area_m2", date(2023, self.dice.randrange(1, 13), 1), Decimal(self.dice.randrange(9999))
        )

    def row(self, body: str, month: int) -> tuple[Any, ...]:
        code, label = self.cast.institutions[body].code, f"{month // 100}-{month % 100:02d}"
        number = str(self.dice.randrange(3))
        return (code, None, label, "电力", self.dice.randrange(999), "kWh", None, "填报", number)

    def take_in(self) -> None:
        rows = [self.row(body, month) for body in BODIES for month in MONTHS]
        result = intake.import_file(self.actor, "a.xlsx", bills(*rows), on_existing="correct")
        if result.batch and self.dice.random() < 0.3:
            withdraw_batch(self.actor, result.batch, "wrong file")

    def live(self, steps: int) -> None:
        acts: list[Callable[[], None]] = [
            self.enter, self.enter, self.enter, self.correct, self.withdraw, self.move, self.grow, self.take_in,
        ]  # fmt: skip
        for _step in range(steps):
            self.dice.choice(acts)()


def plain_sums() -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """The sums by plain SQL over the facts, knowing nothing of zones or kept sums."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT above.id, f.period, f.kind, f.carrier, SUM(COALESCE(f.quantity, 0)), SUM(COALESCE(f.cost, 0)), "
            "COUNT(DISTINCT CASE WHEN f.quantity IS NOT NULL THEN f.institution_id END), "
            "COUNT(DISTINCT CASE WHEN f.cost IS NOT NULL THEN f.institution_id END) "
            "FROM ledger_activityfact f JOIN registry_region r ON r.id = f.region_id "
            "JOIN registry_region above ON r.path LIKE above.path || '%%' WHERE f.standing = 1 "
            "GROUP BY above.id, f.period, f.kind, f.carrier"
        )
        months = {row[:4]: tuple(map(int, row[4:])) for row in cursor.fetchall() if any(row[4:])}
    years: dict[tuple[Any, ...], tuple[Any, ...]] = defaultdict(lambda: (0, 0, 0, 0))
    for (region, period, *cut), amounts in months.items():
        key = (region, period // 100, *cut)
        years[key] = tuple(map(sum, zip(years[key], amounts, strict=True)))
    return months | years


def kept_sums() -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """What the ledger keeps."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT region_id, period, kind, carrier, SUM(quantity), SUM(cost), SUM(cells), SUM(costs) "
            "FROM ledger_regionrollup GROUP BY region_id, period, kind, carrier"
        )
        return {row[:4]: tuple(map(int, row[4:])) for row in cursor.fetchall() if any(row[4:])}


def ruled() -> dict[int, int]:
    """The standing the rule gives each fact, cell by cell, from nothing but the facts."""
    facts = list(ActivityFact.objects.select_related("meter"))
    replaced = {fact.supersedes_id for fact in facts}
    split = {fact.allocated_from_id for fact in facts}
    cells: dict[tuple[int, str, int], list[overlap.Fact]] = defaultdict(list)
    for fact in facts:
        nothing = fact.quantity is None and fact.cost is None and not fact.entered_quantity
        cells[fact.institution_id, fact.carrier, fact.period].append(
            overlap.Fact(
                fact.pk,
                overlap.Origin(fact.origin),
                item=fact.item,
                building=fact.building_id,
                meter=fact.meter_id,
                withdrawn=fact.supersedes_id is not None and nothing,
                unit_verified=fact.entered_unit != "unverified",
                superseded=fact.pk in replaced,
                allocated=fact.pk in split,
            )
        )
    return {int(pk): int(value) for cell in cells.values() for pk, value in overlap.standings(cell).items()}  # type: ignore[call-overload]


@pytest.mark.parametrize("seed", range(12))
def test_kept_sums_are_the_sums_of_the_facts(cast: Cast, seed: int) -> None:
    World(cast, seed).live(40)
    assert dict(ActivityFact.objects.values_list("id", "standing")) == ruled()
    assert kept_sums() == plain_sums()
    rebuilt = rebuild_everything(check_only=True)
    assert (rebuilt["sums_differing"], rebuilt["books_differing"]) == (0, 0)


def test_a_wrong_kept_sum_is_found_and_mended(cast: Cast) -> None:
    from nengtan.ledger.models import RegionRollup

    World(cast, 1).live(20)
    RegionRollup.objects.filter(cells__gt=0).update(quantity=7)
    assert rebuild_everything(check_only=True)["sums_differing"] > 0
    assert kept_sums() != plain_sums()
    rebuild_everything()
    assert kept_sums() == plain_sums()
    assert rebuild_everything(check_only=True)["sums_differing"] == 0

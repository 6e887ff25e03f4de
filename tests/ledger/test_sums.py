"""Kept sums and books are always what plain SQL, in another engine, adds up from the facts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import override
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nengtan import reference
from nengtan.domain.exact import total
from nengtan.identity.access import system_actor
from nengtan.ledger.factors import FactorInput, add_factor, retire_factor
from nengtan.ledger.models import (
    ActivityFact,
    FactorVersion,
    InstitutionYear,
    RegionBooks,
    RegionRollup,
    YearClosing,
)
from nengtan.ledger.queries.accounts import accounts
from nengtan.ledger.queries.full import full_accounts
from nengtan.ledger.queries.lineage import explain
from nengtan.ledger.queries.selection import Selection
from nengtan.ledger.services import bulk
from nengtan.ledger.services.closing import close_year, reopen_year
from nengtan.ledger.services.entries import FactInput, correct_fact, enter_fact, withdraw_fact
from nengtan.ledger.services.posting import YearClosed
from nengtan.ledger.services.rebuild import rebuild_everything
from nengtan.registry.models import Institution, Region
from nengtan.registry.services.attributes import set_attribute
from nengtan.registry.services.events import EventInput, record_event
from tests.cast import INSTITUTIONS, Cast

YEARS = (2022, 2023)
PLACES = ("CN", "420000", "420100", "420106", "420111", "330000", "330106")

bodies = st.sampled_from(sorted(INSTITUTIONS))
months = st.sampled_from([year * 100 + month for year in YEARS for month in (1, 6, 12)])
carriers = st.sampled_from(["electricity", "natural_gas", "water"])
amounts = st.none() | st.decimals(0, 10_000, places=3)
places = st.sampled_from(PLACES[2:])
numbers = st.integers(0, 30)

ENTER = st.tuples(
    st.just("enter"), bodies, carriers, months, st.sampled_from(["bill", "meter", "report"]), amounts, amounts
)
CHANGE = st.one_of(
    st.tuples(st.just("correct"), numbers, amounts),
    st.tuples(st.just("withdraw"), numbers),
    st.tuples(st.just("move"), bodies, places, st.sampled_from([date(2022, 6, 15), date(2023, 1, 1)])),
    st.tuples(st.just("area"), bodies, st.sampled_from([date(2021, 1, 1), date(2023, 3, 1)]), st.integers(1, 900)),
    st.tuples(st.just("factor"), places, st.sampled_from(["electricity", "natural_gas"]), st.integers(1, 9)),
    st.tuples(st.just("retire"), numbers),
)
CLOSE = st.one_of(st.tuples(st.just("close"), places, st.sampled_from(YEARS)), st.tuples(st.just("reopen"), numbers))
MANY = st.lists(ENTER, min_size=4, max_size=12)


class Play:
    """Carries out what was drawn; what the ledger refuses does not happen."""

    def __init__(self, cast: Cast) -> None:
        self.cast, self.actor = cast, system_actor()

    def run(self, steps: Iterable[tuple[Any, ...]]) -> None:
        for name, *arguments in steps:
            try:
                with transaction.atomic():
                    getattr(self, name)(*arguments)
            except (ValidationError, YearClosed):
                continue

    def body(self, name: str) -> Institution:
        return Institution.objects.get(pk=self.cast.institutions[name].pk)

    def enter(self, body: str, carrier: str, month: int, origin: str, quantity: Any, cost: Any) -> None:
        unit = reference.carriers()[carrier].unit
        enter_fact(self.actor, FactInput(self.body(body), carrier, month, quantity, unit, cost, origin))

    def correct(self, number: int, quantity: Decimal | None) -> None:
        fact = self._fact(number)
        data = FactInput(
            fact.institution,
            fact.carrier,
            fact.period,
            quantity,
            reference.carriers()[fact.carrier].unit,
            None,
            fact.origin,
        )
        correct_fact(self.actor, fact, data, "read again")

    def withdraw(self, number: int) -> None:
        withdraw_fact(self.actor, self._fact(number), "not ours")

    def _fact(self, number: int) -> ActivityFact:
        facts = list(ActivityFact.objects.order_by("id"))
        if not facts:
            raise ValidationError("nothing to change")
        return facts[number % len(facts)]

    def move(self, body: str, place: str, on: date) -> None:
        region = Region.objects.get(code=place)
        record_event(self.actor, EventInput("moved", on, before=[self.body(body)], region=region))

    def area(self, body: str, since: date, value: int) -> None:
        set_attribute(self.actor, self.body(body), "area_m2", since, Decimal(value))

    def factor(self, place: str, carrier: str, value: int) -> None:
        unit = reference.carriers()[carrier].unit
        add_factor(self.actor, FactorInput("co2", carrier, place, Decimal(value) / 10, unit, "a notice", 2021))

    def retire(self, number: int) -> None:
        added = list(FactorVersion.objects.filter(shipped=False, superseded_on=None).order_by("id"))
        if added:
            retire_factor(self.actor, added[number % len(added)], "withdrawn by its source")

    def close(self, place: str, year: int) -> None:
        close_year(self.actor, Region.objects.get(code=place), year)

    def reopen(self, number: int) -> None:
        closed = list(YearClosing.objects.filter(reopened_at=None))
        if closed:
            reopen_year(self.actor, closed[number % len(closed)], "a mistake")


def examples(count: int) -> Callable[[Any], Any]:
    """The transaction of the fixture holds the cast; each example takes its own steps back."""
    return settings(
        max_examples=count, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    )


@examples(12)
@given(first=MANY, then=st.lists(ENTER | CHANGE | CLOSE, max_size=14))
def test_sums_and_books_are_what_the_facts_add_up_to(cast: Cast, first: list[Any], then: list[Any]) -> None:
    with transaction.atomic():
        Play(cast).run([*first, *then])
        engine = _engine()
        assert _kept_rollups() == _rollups_from(engine)
        assert _kept_figures() == _figures_from(engine)
        assert _kept_sums_of_books() == _sums_of_books_from(engine)
        transaction.set_rollback(True)


@examples(6)
@given(first=MANY, then=st.lists(ENTER | CHANGE, max_size=10))
def test_a_region_is_the_sum_of_its_institutions_and_of_its_facts(
    cast: Cast, first: list[Any], then: list[Any]
) -> None:
    with transaction.atomic():
        Play(cast).run([*first, *then])
        for code in ("CN", "420000", "420100", "420106", "330106"):
            region = Region.objects.get(code=code)
            whole = accounts(cast.actor("system"), 2023, region=region, by="institution")
            for by in ("type", "carrier", "month", "region", "institution"):
                _same_total(whole.total, accounts(cast.actor("system"), 2023, region=region, by=by))
                in_march = accounts(cast.actor("system"), 2023, region=region, by=by, month=3)
                assert in_march.total.bodies == accounts(system_actor(), 2023, region=region, month=3).total.bodies
            _same_as_full(cast, region)
        transaction.set_rollback(True)


@examples(4)
@given(first=MANY, then=st.lists(CHANGE | CLOSE, max_size=8))
def test_adding_up_anew_finds_nothing_wrong(cast: Cast, first: list[Any], then: list[Any]) -> None:
    with transaction.atomic():
        Play(cast).run([*first, *then])
        found = rebuild_everything(check_only=True)
        assert (found["sums_differing"], found["books_differing"]) == (0, 0)
        transaction.set_rollback(True)


def test_bodies_directly_in_a_region_have_a_line_beside_the_regions_below(cast: Cast) -> None:
    play = Play(cast)
    play.run([("enter", "school", "water", 202301, "bill", Decimal(10), None)])
    play.run([("move", "office", "420100", date(2000, 1, 1))])
    play.run([("enter", "office", "water", 202301, "bill", Decimal(5), None)])
    found = accounts(system_actor(), 2023, region=cast.regions["420100"], by="region")
    assert {row.key: (row.figures.water_m3, row.bodies.institutions) for row in found.rows} == {
        "420100": (Decimal(5), 1),
        "420106": (Decimal(10), 2),
        "420111": (None, 1),
    }
    assert found.total.figures.water_m3 == Decimal(15)
    assert found.total.bodies.institutions == 4
    with override("en"):
        found = accounts(system_actor(), 2023, region=cast.regions["420100"], by="region")
    assert [row.label for row in found.rows if row.key == "420100"] == ["directly in 武汉市"]
    page = cast.client("city").get("/ledger/accounts/?region=420100&year=2023&by=region").content.decode()
    own, below = (page.split("<tbody")[1].split(label)[1].split("</tr>")[0] for label in (">武汉市本级<", ">武昌区<"))
    assert "ledger/explain" not in own, "the figures of the whole region are not those of its own line"
    assert "region=420106" in below


def test_an_institution_is_listed_by_the_region_it_stood_in(cast: Cast) -> None:
    Play(cast).run([("enter", "school", "water", 202301, "bill", Decimal(10), None)])
    found = accounts(system_actor(), 2023, institution=cast.institutions["school"], by="region")
    assert [(row.key, row.label, row.figures.water_m3) for row in found.rows] == [("420106", "武昌区", Decimal(10))]
    for address in ("/ledger/accounts/", "/api/accounts"):
        query = "?institution=420106-S1&year=2023&by=region"
        assert cast.client("statistician").get(address + query).status_code == 200, address


def test_completeness_of_months_and_carriers_follows_spans_and_records(cast: Cast) -> None:
    school = cast.institutions["school"]
    record_event(system_actor(), EventInput("closed", date(2023, 3, 20), before=[cast.institutions["office"]]))
    Play(cast).run([("enter", "school", "water", month, "bill", Decimal(1), None) for month in (202301, 202304)])
    region = cast.regions["420106"]
    by_month = {row.key: row.bodies.coverage for row in accounts(system_actor(), 2023, region=region, by="month").rows}
    by_carrier = {
        row.key: row.bodies.coverage for row in accounts(system_actor(), 2023, region=region, by="carrier").rows
    }
    # Three bodies with two carriers each until March, two afterwards.
    assert [(by_month[key].present, by_month[key].expected) for key in ("202301", "202304")] == [(1, 6), (1, 4)]
    assert (by_carrier["water"].present, by_carrier["water"].expected) == (2, 12 + 12 + 3)
    own = accounts(system_actor(), 2023, institution=school, by="carrier")
    assert {row.key: row.bodies.coverage.expected for row in own.rows} == {"electricity": 12, "water": 12}


def _covered(found: Any) -> dict[str, tuple[int, int]]:
    return {row.key: (row.bodies.coverage.present, row.bodies.coverage.expected) for row in (*found.rows, found.total)}


def test_completeness_of_bodies_cut_to_a_month_or_a_carrier_is_their_own(cast: Cast) -> None:
    """Each body reports electricity and water; the school also tells of gas, which it need not."""
    Play(cast).run(
        [
            ("enter", "school", "water", 202301, "bill", Decimal(1), None),
            ("enter", "school", "natural_gas", 202301, "bill", Decimal(1), None),
            ("enter", "school", "water", 202302, "bill", Decimal(1), None),
            ("enter", "hospital", "water", 202301, "bill", Decimal(1), None),
            ("enter", "hospital", "electricity", 202301, "bill", Decimal(1), None),
        ]
    )
    region = cast.regions["420106"]
    system = system_actor()
    codes = {name: cast.institutions[name].code for name in ("school", "hospital", "office")}
    january = _covered(accounts(system, 2023, region=region, by="institution", month=1))
    assert january == {codes["school"]: (1, 2), codes["hospital"]: (2, 2), codes["office"]: (0, 2), "": (3, 6)}
    kinds = {name: cast.institutions[name].kind for name in codes}
    assert len(set(kinds.values())) == 3
    by_type = _covered(accounts(system, 2023, region=region, by="type", month=1))
    assert by_type == {kinds["school"]: (1, 2), kinds["hospital"]: (2, 2), kinds["office"]: (0, 2), "": (3, 6)}
    water = _covered(accounts(system, 2023, region=region, by="type", carrier="water"))
    assert water == {kinds["school"]: (2, 12), kinds["hospital"]: (1, 12), kinds["office"]: (0, 12), "": (3, 36)}
    both = _covered(accounts(system, 2023, region=region, by="type", carrier="water", month=2))
    assert both == {kinds["school"]: (1, 1), kinds["hospital"]: (0, 1), kinds["office"]: (0, 1), "": (1, 3)}


def test_months_of_one_carrier_expect_that_carrier_alone(cast: Cast) -> None:
    Play(cast).run([("enter", "school", "water", 202301, "bill", Decimal(1), None)])
    months = accounts(system_actor(), 2023, region=cast.regions["420106"], by="month", carrier="water")
    assert _covered(months)["202301"] == (1, 3)
    assert _covered(months)["202302"] == (0, 3)
    carriers = accounts(system_actor(), 2023, region=cast.regions["420106"], by="carrier", carrier="water", month=1)
    assert _covered(carriers) == {"water": (1, 3), "": (1, 3)}


def test_completeness_of_regions_cut_to_a_month_leaves_the_region_its_own_bodies(cast: Cast) -> None:
    Play(cast).run([("move", "hospital", "420100", date(2000, 1, 1))])
    Play(cast).run([("enter", name, "water", 202301, "bill", Decimal(1), None) for name in ("school", "hospital")])
    found = _covered(accounts(system_actor(), 2023, region=cast.regions["420100"], by="region", month=1))
    assert found == {"420106": (1, 4), "420100": (1, 2), "420111": (0, 2), "": (2, 8)}


def test_a_department_sees_the_completeness_of_its_part_of_a_month(cast: Cast) -> None:
    Play(cast).run([("enter", name, "water", 202301, "bill", Decimal(1), None) for name in ("school", "hospital")])
    for by, key in (("type", "021"), ("region", "420106"), ("institution", cast.institutions["school"].code)):
        found = accounts(cast.actor("education"), 2023, region=cast.regions["420106"], by=by, month=1)
        assert _covered(found) == {key: (1, 2), "": (1, 2)}, by


def test_a_department_sees_the_books_of_its_part_only(cast: Cast) -> None:
    Play(cast).run([("enter", name, "water", 202301, "bill", Decimal(2), None) for name in ("school", "hospital")])
    found = accounts(cast.actor("education"), 2023, region=cast.regions["420106"], by="type")
    assert found.partial
    assert [(row.key, row.bodies.institutions) for row in found.rows] == [("021", 1)]
    assert found.total.bodies.institutions == 1


def test_full_accounts_are_for_those_who_see_the_whole(cast: Cast) -> None:
    with pytest.raises(PermissionError):
        full_accounts(cast.actor("district"), 2023, cast.regions["420100"])
    with pytest.raises(PermissionError):
        full_accounts(cast.actor("nation"), 2023)
    assert full_accounts(cast.actor("district"), 2023, cast.regions["420106"]) == []


def _same_total(whole: Any, other: Any) -> None:
    for name in ("energy_tce", "co2_t", "water_m3", "cost_cny", "electricity_kwh"):
        assert getattr(other.total.figures, name) == getattr(whole.figures, name), name
    assert other.total.bodies == whole.bodies
    for name in ("energy_tce", "co2_t", "water_m3", "cost_cny") if other.by != "month" else ():
        assert total(getattr(row.figures, name) for row in other.rows) == getattr(whole.figures, name), name


def _same_as_full(cast: Cast, region: Region) -> None:
    """The accounts of one pass over the facts, against those from the sums."""
    found: dict[str, list[Any]] = defaultdict(list)
    for row in full_accounts(cast.actor("system"), 2023, region):
        assert region.code in Region.objects.get(code=row.region).path
        assert bool(row.co2_factor) == (row.co2_t is not None) or row.quantity is None
        if row.region == region.code:
            found[row.kind].append(row)
    kept = accounts(cast.actor("system"), 2023, region=region, by="type")
    with_figures = {row.key: row.figures for row in kept.rows if row.uses}
    assert found.keys() == with_figures.keys()
    for kind, rows in found.items():
        figures = with_figures[kind]
        assert total(row.tce for row in rows) == figures.energy_tce
        assert total(row.co2_t for row in rows) == figures.co2_t
        assert total(row.cost for row in rows) == figures.cost_cny
        assert {row.co2_factor for row in rows if row.co2_t is not None} == {
            use.factor_id for use in figures.factors if use.kind == "co2"
        }


def _engine() -> duckdb.DuckDBPyConnection:
    """The counting facts, the regions and the places with factors of their own, as plain tables elsewhere."""
    engine = duckdb.connect()
    engine.execute(
        "CREATE TABLE fact (body BIGINT, path TEXT, kind TEXT, carrier TEXT, period INT, q HUGEINT, c HUGEINT)"
    )
    engine.execute("CREATE TABLE own (code TEXT)")
    engine.execute("CREATE TABLE book (body BIGINT, year INT, carriers TEXT, path TEXT, kind TEXT, first INT, last INT,"
                   " months INT, area HUGEINT, persons HUGEINT, expected INT, present INT)")  # fmt: skip
    facts = ActivityFact.objects.filter(standing=1).values_list(
        "institution_id", "region__path", "kind", "carrier", "period", "quantity", "cost"
    )
    _fill(engine, "fact", [(*row[:5], bulk.units(row[5]), bulk.units(row[6])) for row in facts])
    places = FactorVersion.objects.filter(default=True, superseded_on=None).exclude(carrier="").values_list("place")
    provinces = Region.objects.filter(level="province", shipped=True).values_list("code")
    closed = YearClosing.objects.filter(reopened_at=None)
    kept = [*closed.values_list("region__code"), *closed.values_list("factors__zone").distinct()]
    _fill(engine, "own", [*places.distinct(), *provinces, *(row for row in kept if row[0])])
    books = InstitutionYear.objects.values_list(
        "institution_id", "year", "carriers", "region__path", "kind", "first_period", "last_period", "months",
        "area_m2", "persons", "expected", "present",
    )  # fmt: skip
    _fill(engine, "book", [(*row[:8], bulk.units(row[8]), bulk.units(row[9]), *row[10:]) for row in books])
    return engine


def _fill(engine: duckdb.DuckDBPyConnection, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
    held = list(rows)
    if held:
        engine.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(held[0]))})", held)


_CODES = "unnest(string_split(trim(path, '/'), '/'))"


def _rollups_from(engine: duckdb.DuckDBPyConnection) -> set[tuple[Any, ...]]:
    """Region, month, zone, kind, carrier: quantity, cost, and how many bodies know them."""
    rows = engine.execute(f"""
        WITH step AS (SELECT path, {_CODES} AS code, generate_subscripts(string_split(trim(path, '/'), '/'), 1) AS depth
                      FROM (SELECT DISTINCT path FROM fact)),
             zone AS (SELECT path,
                    coalesce(max_by(code, depth) FILTER (code IN (FROM own)), min_by(code, depth)) AS zone
                      FROM step GROUP BY path),
             cell AS (SELECT path, kind, carrier, period, body, sum(q) AS q, sum(c) AS c
                      FROM fact GROUP BY ALL)
        SELECT code, span, zone, kind, carrier, coalesce(sum(q), 0), coalesce(sum(c), 0), count(q), count(c)
        FROM (SELECT *, unnest([period, period // 100]) AS span FROM cell)
        JOIN zone USING (path) JOIN step USING (path) GROUP BY ALL HAVING count(q) + count(c) > 0
    """).fetchall()
    return set(rows)


def _kept_rollups() -> set[tuple[Any, ...]]:
    rows = RegionRollup.objects.values_list(
        "region__code", "period", "zone", "kind", "carrier", "quantity", "cost", "cells", "costs"
    )
    kept = {(*row[:5], bulk.units(row[5]), bulk.units(row[6]), *row[7:]) for row in rows}
    return {row for row in kept if any(row[5:])}


def _figures_from(engine: duckdb.DuckDBPyConnection) -> set[tuple[Any, ...]]:
    """Institution, year: electricity, water, cost, cells expected and present."""
    rows = engine.execute("""
        WITH used AS (SELECT body, period // 100 AS year, sum(q) FILTER (carrier = 'electricity') AS kwh,
                             sum(q) FILTER (carrier = 'water') AS water, sum(c) AS cost FROM fact GROUP BY ALL),
             known AS (SELECT body, period // 100 AS year, carrier, count(DISTINCT period) FILTER (q IS NOT NULL) AS had
                       FROM fact GROUP BY ALL),
             wanted AS (SELECT body, year, months, unnest(string_split(carriers, ' ')) AS carrier FROM book),
             covered AS (SELECT body, year, sum(months) AS expected, sum(least(coalesce(had, 0), months)) AS present
                         FROM wanted LEFT JOIN known USING (body, year, carrier) GROUP BY ALL)
        SELECT body, year, kwh, water, cost, covered.expected, covered.present
        FROM book JOIN covered USING (body, year) LEFT JOIN used USING (body, year)
    """).fetchall()
    return set(rows)


def _kept_figures() -> set[tuple[Any, ...]]:
    rows = InstitutionYear.objects.values_list(
        "institution_id", "year", "electricity_kwh", "water_m3", "cost_cny", "expected", "present"
    )
    return {(*row[:2], *map(bulk.units, row[2:5]), *row[5:]) for row in rows}


def _sums_of_books_from(engine: duckdb.DuckDBPyConnection) -> set[tuple[Any, ...]]:
    rows = engine.execute(f"""
        SELECT code, year, kind, first, last, carriers, count(*), coalesce(sum(area), 0), count(area),
               coalesce(sum(persons), 0), count(persons), sum(expected), sum(present)
        FROM (SELECT *, {_CODES} AS code FROM book) GROUP BY ALL
    """).fetchall()
    return set(rows)


def _kept_sums_of_books() -> set[tuple[Any, ...]]:
    rows = RegionBooks.objects.exclude(institutions=0).values_list(
        "region__code", "year", "kind", "first_period", "last_period", "carriers",
        "institutions", "area_m2", "areas", "persons", "heads", "expected", "present",
    )  # fmt: skip
    return {(*row[:7], bulk.units(row[7]), row[8], bulk.units(row[9]), *row[10:]) for row in rows}


@pytest.mark.parametrize("zone", ["420106", 'a"b', "a\\b", "{a,b}", "'; --"])
def test_sums_are_kept_under_any_code(cast: Cast, zone: str) -> None:
    region = cast.regions["420106"]
    keys, amounts = ("region_id", "period", "zone", "kind", "carrier"), ("quantity", "cost", "cells", "costs")
    rows = [
        (region.pk, 202301, zone, "021", "water", 5, 0, 1, 0),
        (region.pk, 202302, zone, "021", "water", 7, 0, 1, 0),
    ]
    for _twice in range(2):
        bulk.add(RegionRollup, keys, amounts, rows)
    bulk.add(RegionRollup, keys, amounts, [])
    found = RegionRollup.objects.filter(region=region, zone=zone).order_by("period")
    assert [(row.period, row.cells) for row in found] == [(202301, 2), (202302, 2)]


def test_a_month_is_divided_by_its_own_area(cast: Cast) -> None:
    """200 m² from January, 700 from February; the hospital's 100 m² are there until it ends in June."""
    school, hospital, region = cast.institutions["school"], cast.institutions["hospital"], cast.regions["420106"]
    system = system_actor()
    for body, since, area in (
        (school, date(2023, 1, 1), 200), (school, date(2023, 2, 1), 700), (hospital, date(2022, 1, 1), 100),
    ):  # fmt: skip
        set_attribute(system, body, "area_m2", since, Decimal(area))
    for month in (202301, 202302, 202307):
        enter_fact(system, FactInput(school, "electricity", month, Decimal(1400), "kWh"))
    record_event(system, EventInput("closed", date(2023, 6, 30), before=[Institution.objects.get(pk=hospital.pk)]))

    def area(month: int | None, by: str | None = None, **of: Any) -> Any:
        found = accounts(system, 2023, month=month, by=by, **(of or {"region": region}))
        rows = {row.key: row.bodies.area_m2 for row in found.rows}
        return rows if by else found.total.bodies.area_m2

    assert area(None, institution=school) == Decimal("658.333333")
    assert [area(month, institution=school) for month in (1, 2)] == [200, 700]
    assert [area(month) for month in (1, 2, 6, 7)] == [300, 800, 800, 700]
    assert area(1, "type") == {"01": None, "021": 200, "024": 100}
    assert area(7, "institution")[school.code] == 700
    assert hospital.code not in area(7, "institution")
    months = area(None, "month")
    assert [months[f"2023{month:02d}"] for month in (1, 6, 7)] == [300, 800, 700]
    per = accounts(system, 2023, month=1, institution=school).total.intensities
    assert per.kwh_per_m2 == 7
    told = explain(system, "kwh_per_m2", Selection(2023, institution=school, month=1))
    assert told.denominator is not None
    assert [(held.value, held.first, held.last) for held in told.denominator.entries] == [(200, 202301, 202301)]
    close_year(system, region, 2023)
    set_attribute(system, school, "area_m2", date(2023, 1, 1), Decimal(500))
    assert area(1, institution=school) == Decimal("658.333333"), "as closed"

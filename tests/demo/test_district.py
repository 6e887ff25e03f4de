"""The demonstration district agrees with the published totals, and with itself."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

import pytest

from nengtan import reference
from nengtan.demo.district import District, build
from nengtan.demo.tables import Row
from nengtan.domain import creditcode, periods

MONTHS = periods.months_between(202101, 202312)


@pytest.fixture(scope="module")
def district() -> District:
    return build()


@pytest.fixture(scope="module")
def institutions(district: District) -> dict[str, Row]:
    return {str(row["code"]): row for row in district.registry_rows()["institutions"]}


def total(rows: Iterable[Row], key: str = "quantity") -> Decimal:
    return sum((Decimal(str(row[key])) for row in rows if row[key] is not None), Decimal(0))


def electricity(district: District) -> list[Row]:
    return [row for row in district.activity_rows() if row["carrier"] == "electricity" and row["origin"] == "bill"]


def by_month(rows: Iterable[Row], year: int) -> dict[int, Decimal]:
    found: dict[int, Decimal] = defaultdict(Decimal)
    for row in rows:
        if int(str(row["period"])) // 100 == year:
            found[int(str(row["period"])) % 100] += Decimal(str(row["quantity"]))
    return found


def of_kind(rows: Iterable[Row], institutions: dict[str, Row], part_of_name: str) -> list[Row]:
    return [row for row in rows if part_of_name in str(institutions[str(row["institution_code"])]["name"])]


def in_force(district: District, institutions: dict[str, Row], key: str, day: date) -> Decimal:
    """Sum over the bodies that exist on a day, worked out from the rows alone."""
    gone = {code for event in district.events() if event.effective_on <= day for code in event.before}
    gone -= {code for event in district.events() if event.kind in {"renamed", "moved"} for code in event.before}
    gone -= {code for event in district.events() for code in event.after}
    values = {code: row[key] for code, row in institutions.items() if str(row["valid_from"]) <= day.isoformat()}
    for since, sheets in district.registry_updates().items():
        if since <= day:
            values |= {str(row["code"]): row[key] for row in sheets["institutions"] if row[key] is not None}
    return sum((Decimal(str(value)) for code, value in values.items() if code not in gone), Decimal(0))


def test_there_are_115_institutions_of_the_published_types(institutions: dict[str, Row]) -> None:
    kinds = Counter(str(row["kind"]) for row in institutions.values())
    assert len(institutions) == 115
    assert (kinds["01"], kinds["021"], kinds["024"]) == (40, 52, 13)
    assert kinds["022"] + kinds["023"] + kinds["025"] + kinds["026"] + kinds["03"] == 10
    assert len({row["name"] for row in institutions.values()}) == 115


@pytest.mark.parametrize("day", [date(2021, 12, 31), date(2022, 12, 31), date(2023, 12, 31)])
def test_area_and_headcount_are_those_published(district: District, institutions: dict[str, Row], day: date) -> None:
    assert in_force(district, institutions, "area_m2", day) == pytest.approx(1_200_000, rel=0.01)
    assert in_force(district, institutions, "persons", day) == pytest.approx(68_000, rel=0.015)


def test_electricity_comes_to_the_published_mean(district: District) -> None:
    bills = electricity(district)
    assert total(bills) / 3 == pytest.approx(42_000_000, rel=0.005)
    assert total(bills, "cost") / total(bills) == pytest.approx(Decimal("0.750"), rel=Decimal("0.01"))


def test_the_compound_has_its_published_area_and_one_account(district: District) -> None:
    building = next(row for row in district.registry_rows()["buildings"] if row["area_m2"] == 22_300)
    account = next(item for item in district.shared_accounts() if item.building_code == building["code"])
    assert account.rule == "area"
    assert sum(account.weights.values()) == 22_300
    guests = set(account.weights) - {account.host}
    billed = {row["institution_code"] for row in electricity(district)}
    assert account.host in billed
    assert not guests & billed


def test_all_four_ways_of_sharing_a_bill_occur(district: District) -> None:
    assert {item.rule for item in district.shared_accounts()} == {"area", "headcount", "share", "submeter"}


def test_same_seed_same_district_other_seed_other_rows_same_total(district: District) -> None:
    other = build(7)
    assert build().digest() == district.digest()
    assert other.digest() != district.digest()
    assert total(electricity(other)) / 3 == pytest.approx(42_000_000, rel=0.005)


def test_credit_codes_are_valid_and_different(institutions: dict[str, Row]) -> None:
    codes = [str(row["credit_code"]) for row in institutions.values()]
    assert [code for code in codes if not creditcode.is_valid(code)] == []
    assert len(set(codes)) == 115


def test_positions_lie_in_the_district(institutions: dict[str, Row]) -> None:
    assert all(Decimal("30.50") <= Decimal(str(row["lat"])) <= Decimal("30.62") for row in institutions.values())
    assert all(Decimal("114.28") <= Decimal(str(row["lon"])) <= Decimal("114.40") for row in institutions.values())


def test_every_month_is_there_but_the_declared_gaps(district: District, institutions: dict[str, Row]) -> None:
    ends = {code: event.effective_on for event in district.events() for code in event.before if code not in event.after}
    ends = {code: day for code, day in ends.items() if code in _closed(district)}
    guests = {str(row["code"]) for row in institutions.values() if row["utility_account"] == "none"}
    expected = set()
    for code, row in institutions.items():
        carriers = set(str(row["carriers"]).split())
        carriers -= {"electricity", "water", "natural_gas"} if code in guests else set()
        expected |= {
            (code, carrier, period)
            for carrier in carriers
            for period in MONTHS
            if periods.last_day(period) >= row["valid_from"]  # type: ignore[operator]
            and (code not in ends or periods.first_day(period) < ends[code])
        }
    gaps = {
        (item.code, carrier, period)
        for item in district.irregularities()
        if item.name == "gap"
        for carrier in item.carriers
        for period in periods.months_between(item.first, item.last)
    }
    found = {(str(row["institution_code"]), str(row["carrier"]), int(str(row["period"]))) for row in district.bills}
    assert gaps
    assert found == expected - gaps


def _closed(district: District) -> set[str]:
    return {event.before[0] for event in district.events() if event.kind in {"closed", "merged"}}


def test_no_bill_is_there_twice(district: District) -> None:
    numbers = [row["bill_no"] for row in district.bills if row["bill_no"]]
    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize("year", [2021, 2022, 2023])
def test_schools_rest_in_summer_and_hospitals_cool(district: District, institutions: dict[str, Row], year: int) -> None:
    schools = by_month(of_kind(electricity(district), institutions, "小学"), year)
    hospitals = by_month(of_kind(electricity(district), institutions, "医院"), year)
    whole = by_month(electricity(district), year)
    assert max(schools[7], schools[8]) < schools[6] / 2
    assert schools[2] < schools[3]
    assert max(hospitals, key=lambda month: hospitals[month]) in {7, 8}
    assert sorted(whole, key=lambda month: whole[month])[-1] in {7, 8}
    assert whole[1] > whole[4] < whole[7]


def test_hospitals_use_most_and_schools_least_per_area(district: District, institutions: dict[str, Row]) -> None:
    def intensity(part_of_name: str) -> Decimal:
        bills = of_kind(electricity(district), institutions, part_of_name)
        area = total((institutions[str(code)] for code in {row["institution_code"] for row in bills}), "area_m2")
        return total(bills) / 3 / area

    assert intensity("医院") > 3 * intensity("中学")
    assert intensity("中学") > Decimal(8)


def test_declared_oddities_are_in_the_data(district: District) -> None:
    bills = electricity(district)
    slip = next(item for item in district.irregularities() if item.name == "unit_slip")
    months = {row["period"]: row for row in bills if row["institution_code"] == slip.code}
    slipped, year_before = months[slip.first], months[slip.first - 100]
    assert Decimal(str(slipped["quantity"])) > 7 * Decimal(str(year_before["quantity"]))
    assert Decimal(str(slipped["cost"])) / Decimal(str(slipped["quantity"])) < Decimal("0.1")
    growth = next(item for item in district.irregularities() if item.name == "growth")
    grown = [row for row in bills if row["institution_code"] == growth.code]
    change = sum(by_month(grown, 2023).values()) / sum(by_month(grown, 2022).values())
    assert change == pytest.approx(Decimal("1.41"), abs=Decimal("0.005"))


def test_events_name_bodies_that_exist(district: District, institutions: dict[str, Row]) -> None:
    assert {event.kind for event in district.events()} == {"added", "renamed", "moved", "merged", "closed"}
    assert all({*event.before, *event.after} <= set(institutions) for event in district.events())


def test_codes_are_those_of_the_reference_data(district: District) -> None:
    sheets = district.registry_rows()
    streets = {row["code"] for row in district.regions()}
    assert len(streets) == 14
    assert not streets & set(reference.regions())
    assert {row["region_code"] for row in sheets["institutions"]} <= streets | {"420106"}
    assert {row["kind"] for row in sheets["institutions"]} <= set(reference.institution_types())
    assert {row["system"] for row in sheets["institutions"]} <= set(reference.systems())
    assert {row["use"] for row in sheets["buildings"]} <= set(reference.building_uses())
    assert {row["climate_zone"] for row in sheets["buildings"]} <= set(reference.climate_zones())
    assert {row["item"] for row in sheets["meters"] if row["item"]} <= set(reference.item_codes())
    kinds = reference.asset_kinds()
    common = {"institution_code", "building_code", "kind", "name", "count"}
    for row in sheets["assets"]:
        assert set(row) - common <= {field.key for field in kinds[str(row["kind"])].fields}
    for row in district.activity_rows():
        assert row["unit"] == reference.carriers()[str(row["carrier"])].unit


def test_buildings_hold_the_area_of_their_institutions(district: District, institutions: dict[str, Row]) -> None:
    buildings = total(district.registry_rows()["buildings"], "area_m2")
    assert buildings == total(institutions.values(), "area_m2")


def test_parents_stand_before_their_meters_and_items_within_their_total(district: District) -> None:
    seen: set[object] = set()
    for row in district.registry_rows()["meters"]:
        assert row["parent_code"] is None or row["parent_code"] in seen
        seen.add(row["code"])
    billed: dict[object, Decimal] = defaultdict(Decimal)
    items: dict[object, Decimal] = defaultdict(Decimal)
    for row in district.activity_rows():
        cell = (row["institution_code"], row["period"])
        if row["item"]:
            items[cell] += Decimal(str(row["quantity"]))
        elif row["origin"] == "bill" and row["carrier"] == "electricity":
            billed[cell] += Decimal(str(row["quantity"]))
    assert len({code for code, _ in items}) == 13
    assert all(Decimal("0.95") < items[cell] / billed[cell] < Decimal("1.005") for cell in items)
    assert all(row["meter_code"] in seen for row in district.readings)


def test_no_building_is_given_out_twice(district: District) -> None:
    held: dict[tuple[object, object], Decimal] = defaultdict(Decimal)
    for row in district.registry_rows()["occupancies"]:
        held[row["building_code"], row["valid_from"]] += Decimal(str(row["share"]))
    assert {share for (code, _), share in held.items()} == {Decimal(1)}

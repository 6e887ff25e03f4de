"""Forms 5 to 8 of a hand-computed district of five bodies: four approved, one reported only."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from nengtan.domain.exact import total
from nengtan.domain.returns import slots
from nengtan.domain.returns.rollup import Contribution, compare
from nengtan.identity.access import Forbidden, system_actor
from nengtan.registry.models import EventParty, InstitutionEvent
from nengtan.reporting import kept as keeping
from nengtan.reporting.models import RegionReport, Return, Value
from nengtan.reporting.queries.rollup import Rollup
from nengtan.reporting.report.gather import annual_report
from nengtan.reporting.services import open_returns, take_step
from nengtan.reporting.services.headers import header_line, set_header
from nengtan.reporting.services.summaries import decide, is_as_reported, report_up
from nengtan.reporting.totals import NONE, Counted
from tests.budget import MOST_QUERIES
from tests.reporting.books import YEAR, Books, kept
from tests.reporting.english import _in_english

__all__ = ["_in_english"]

PERIOD = slots.annual(YEAR)


@pytest.fixture
def five(cast: Any) -> Books:
    """The five bodies; the school has two data rooms, the hospital heats 4,000 m² for 120 days."""
    found = kept(cast)
    for name, record, indicator, value in (
        ("school", "0001", "room_elec", "5000"),
        ("school", "0002", "room_elec", "2500"),
        ("school", "0002", "room_area", "40"),
        ("hospital", "", "heating_area", "4000"),
        ("hospital", "", "heating_days", "120"),
        ("clinic", "", "heating_area", "7"),
    ):
        Value.objects.create(
            of=found.returns[name, YEAR], record=record, indicator=indicator, value=Decimal(value), provenance="typed"
        )
    return found


def rollup(five: Books, who: str = "district", region: str = "420106", **narrowed: str) -> Rollup:
    return Rollup(five.cast.actor(who), five.cast.regions[region], PERIOD, **narrowed)


def heads(five: Books, form: int, indicator: str, **narrowed: str) -> dict[str, Decimal | None]:
    summary = rollup(five, **narrowed).summary(form)
    return {
        head: summary.cells[head, indicator] for head in summary.heads if summary.cells[head, indicator] is not None
    }


def test_form_6_adds_approved_returns_by_class(five: Books) -> None:
    by_name = {name: value for name, value in _named(five, 6, "elec_qty").items() if value}
    assert by_name == {
        "Total": 1_360_000,
        "Government agencies": 100_000,
        "Public service institutions": 1_260_000,
        "Education": 210_000,
        "Culture": 50_000,
        "Health": 1_000_000,
    }
    assert _named(five, 6, "area")["Total"] == 32_000, "the library's is not known"
    assert _named(five, 6, "elec_cost")["Total"] == 60_000
    assert _named(five, 6, "institutions")["Total"] == 4


def _named(five: Books, form: int, indicator: str) -> dict[str, Decimal | None]:
    found = rollup(five)
    return {found.head_word(form, head): value for head, value in heads(five, form, indicator).items()}


def test_every_total_says_how_many_of_the_returns_owed_are_in_it(five: Books) -> None:
    found = rollup(five)
    cover = {
        found.head_word(6, head): (item.present, item.expected) for head, item in found.summary(6).coverage.items()
    }
    assert (cover["Total"], cover["Health"], cover["Science and technology"]) == ((4, 5), (1, 2), (0, 0))
    assert rollup(five).summary(5).coverage[""].present == 4


def test_form_5_has_a_row_a_child_of_either_tree(five: Books) -> None:
    open_returns(system_actor(), five.cast.regions["420111"], PERIOD)
    city = rollup(five, "city", "420100")
    found = city.summary(5)
    rows = {head: (found.cells[head, "elec_qty"], found.coverage[head].expected) for head in found.heads}
    assert rows[""] == (1_360_000, 6)
    assert rows["420106"] == (1_360_000, 5)
    assert rows["420111"] == (None, 1)
    assert heads(five, 5, "elec_qty") == {"": 1_360_000, NONE: 1_360_000}
    assert heads(five, 5, "elec_qty", by="system") == {
        "": 1_360_000, "culture": 50_000, "education": 210_000, "health": 1_000_000, NONE: 100_000,
    }  # fmt: skip
    assert heads(five, 5, "elec_qty", by="superior") == {"": 1_360_000, NONE: 1_360_000}


def test_rooms_and_heating_are_counted_on_their_own_forms_and_added_to_nothing(five: Books) -> None:
    assert _named(five, 7, "rooms")["Total"] == 2
    assert _named(five, 7, "room_elec")["Education"] == 7_500
    assert _named(five, 7, "room_area")["Total"] == 40
    assert _named(five, 8, "heating_area")["Total"] == 4_000
    assert "Total" not in _named(five, 8, "heating_days"), "days do not add up over institutions"
    assert _named(five, 6, "elec_qty")["Total"] == 1_360_000


def test_it_narrows_to_a_system_and_to_a_type(five: Books) -> None:
    assert heads(five, 5, "elec_qty", system="education")[""] == 210_000
    assert heads(five, 5, "elec_qty", kind="02")[""] == 1_260_000
    assert heads(five, 5, "elec_qty", kind="024")[""] == 1_000_000


def test_two_years_of_all_institutions_and_of_those_in_both(five: Books) -> None:
    found = rollup(five).comparison(6)
    whole, same = found.all_units["elec_qty"], found.same_units["elec_qty"]
    assert (whole.now, whole.base, whole.percent) == (1_360_000, 1_280_000, Decimal("6.25"))
    assert (same.now, same.base, same.percent) == (1_310_000, 1_280_000, Decimal("2.34375"))
    assert (found.in_both, found.only_now, found.only_base) == (3, 1, 0)
    assert found.same_units["institutions"].now == 3
    assert found.same_units["elec_cost"].base is None


def merge(five: Books, day: str = "2023-01-01") -> None:
    """The library takes the office in."""
    merged = InstitutionEvent.objects.create(kind="merged", effective_on=day)
    for name, side in (("office", "before"), ("library", "after")):
        EventParty.objects.create(event=merged, institution=five.cast.institutions[name], side=side)


def give(five: Books, name: str, year: int, electricity: str) -> None:
    """An approved return that says nothing but its electricity."""
    of = five.returns[name, year]
    Value.objects.create(of=of, indicator="elec_qty", value=Decimal(electricity), provenance="typed")
    type(of).objects.filter(pk=of.pk).update(state="approved")


def test_a_body_is_compared_with_those_it_was_made_of(five: Books) -> None:
    """80,000 of the office against 100,000 and 50,000 of both: with the others 1,280,000 and 1,360,000."""
    five.returns["library", YEAR - 1].delete()
    merge(five)
    found = rollup(five).comparison(6)
    same = found.same_units["elec_qty"]
    assert (same.base, same.now, same.percent) == (1_280_000, 1_360_000, Decimal("6.25"))
    assert (found.in_both, found.only_now, found.only_base) == (3, 0, 0)


def test_what_took_another_in_counts_with_it_in_the_year_before(five: Books) -> None:
    """The office reports no more; 80,000 + 40,000 against the library's 50,000, the others as they were."""
    give(five, "library", YEAR - 1, "40000")
    Value.objects.filter(of=five.returns["office", YEAR]).delete()
    five.returns["office", YEAR].delete()
    merge(five)
    found = rollup(five).comparison(6)
    assert (found.same_units["elec_qty"].base, found.same_units["elec_qty"].now) == (1_320_000, 1_260_000)
    assert (found.in_both, found.only_now, found.only_base) == (3, 0, 0)
    assert found.same_units["institutions"].base == 4


def test_a_body_whose_part_is_not_counted_is_not_compared(five: Books) -> None:
    """The library owed a return of the year before: without it two would stand against one."""
    merge(five)
    found = rollup(five).comparison(6)
    assert (found.same_units["elec_qty"].base, found.same_units["elec_qty"].now) == (1_200_000, 1_210_000)
    assert (found.in_both, found.only_now, found.only_base) == (2, 1, 1)


@pytest.mark.parametrize("day", ["2022-01-01", "2024-01-01"])
def test_what_merged_before_or_after_both_years_is_compared_with_itself(five: Books, day: str) -> None:
    merge(five, day)
    found = rollup(five).comparison(6)
    assert (found.same_units["elec_qty"].base, found.same_units["elec_qty"].now) == (1_280_000, 1_310_000)
    assert (found.in_both, found.only_now, found.only_base) == (3, 1, 0)


def test_the_annual_report_compares_the_same_bodies(five: Books) -> None:
    """Water 900 + 8,000 + 30,000 against 1,000 + 500 + 9,000 + 30,000, per person 1,900 against 1,950."""
    five.returns["library", YEAR - 1].delete()
    merge(five)
    found = annual_report(five.cast.actor("district"), five.region, YEAR, reviewed=False).report
    water = found.same["water_m3"]
    assert (water.same_units.base, water.same_units.now) == (38_900, 40_500)
    assert (water.units_in_both, water.only_now, water.only_base) == (3, 0, 0)
    assert (found.same_bodies["water_m3"].base, found.same_bodies["water_m3"].now) == (38_900, 40_500)
    per_head = found.same_bodies["m3_per_person"]
    assert (per_head.base, per_head.now) == (Decimal(38_900) / 1900, Decimal(40_500) / 1950)
    assert {item.bodies for item in found.explained} == {2}, "the library's floor area is not known"


def test_the_database_adds_up_as_the_domain_does(five: Books) -> None:
    """Of all institutions and of the same, whether few or many of them are in one year only."""
    clinic = five.returns["clinic", YEAR]
    for approved in ("reported", "approved"):
        type(clinic).objects.filter(pk=clinic.pk).update(state=approved)
        mine = rollup(five)
        for form in (6, 7, 8):
            theirs = compare(mine.edition, form, _one_by_one(mine.counted), _one_by_one(mine.last_year))
            assert mine.comparison(form) == theirs, (approved, form)


def _one_by_one(counted: Counted) -> list[Contribution]:
    found = []
    for of in counted.approved.prefetch_related("values"):
        held: dict[str, list[Decimal | None]] = {}
        for value in of.values.all():
            held.setdefault(value.indicator, []).append(value.value)
        rooms = {value.record for value in of.values.all() if value.record}
        sums = {key: total(parts) for key, parts in held.items()}
        found.append(Contribution("", of.institution_kind, sums, 1, len(rooms), str(of.institution_id)))
    return found


def test_a_figure_opens_to_the_returns_behind_it(five: Books) -> None:
    found = rollup(five)
    health = next(head for head in found.summary(6).heads if found.head_word(6, head) == "Health")
    assert [(item.of.institution.name, item.value) for item in found.behind(6, health, "elec_qty")] == [
        ("The hospital", 1_000_000)
    ]
    behind = found.behind(5, "", "area")
    assert [item.value for item in behind] == [20_000, 10_000, 2_000, None]


def test_a_system_department_sees_its_system_and_nobody_else_anything(five: Books) -> None:
    part = rollup(five, "education")
    assert part.is_partial
    assert part.summary(6).cells[part.summary(6).heads[0], "elec_qty"] == 210_000
    assert part.summary(5).coverage[""].expected == 1
    for who in ("neighbour", "other", "statistician", "outsider"):
        with pytest.raises(Forbidden):
            rollup(five, who)


def test_the_report_to_the_level_above_builds_itself_and_stands(five: Books) -> None:
    district, city = five.cast.actor("district"), five.cast.actor("city")
    with pytest.raises(ValidationError):
        report_up(district, five.region, PERIOD)
    report = report_up(district, five.region, PERIOD, "the clinic follows")
    assert (report.present, report.expected) == (4, 5)
    assert report.forms["5"]["cells"][""]["elec_qty"] == "1360000"
    assert is_as_reported(report, rollup(five))
    with pytest.raises(ValidationError):
        report_up(district, five.region, PERIOD)
    clinic = five.returns["clinic", YEAR]
    clinic.state = "approved"
    clinic.save()
    assert not is_as_reported(report, rollup(five))
    decide(city, report, approve=False, reason="the clinic is missing")
    again = report_up(district, five.region, PERIOD, "complete")
    assert again.forms["5"]["cells"][""]["elec_qty"] == "2359999"
    decide(city, again, approve=True)
    with pytest.raises(ValidationError):
        decide(city, again, approve=True)
    assert list(RegionReport.objects.order_by("pk").values_list("state", flat=True)) == ["returned", "approved"]


def test_what_is_approved_may_be_sent_back_and_handed_in_anew(five: Books) -> None:
    district, city = five.cast.actor("district"), five.cast.actor("city")
    first = report_up(district, five.region, PERIOD, "the clinic follows")
    decide(city, first, approve=True)
    decide(city, first, approve=False, reason="a return was reopened")
    assert report_up(district, five.region, PERIOD, "once more").state == "reported"


def test_the_forms_stand_open_as_they_were_handed_in(five: Books, django_assert_max_num_queries: Any) -> None:
    report = report_up(five.cast.actor("district"), five.region, PERIOD, "the clinic follows")
    clinic = five.returns["clinic", YEAR]
    clinic.state = "approved"
    clinic.save()
    url = f"/returns/rollup/{report.pk}/"
    for who in ("district", "city"):
        client = five.cast.client(who)
        client.get(url)
        with django_assert_max_num_queries(MOST_QUERIES):
            text = client.get(url, {"form": "6"}).content.decode()
        assert "1,360,000" in text, "not what it adds up to now"
        assert "the clinic follows" in text
        assert "4 / 5" in text
    assert five.cast.client("neighbour").get(url).status_code == 404


def test_only_the_level_above_decides_and_with_a_reason(five: Books) -> None:
    report = report_up(five.cast.actor("district"), five.region, PERIOD, "the clinic follows")
    for who in ("district", "neighbour", "education"):
        with pytest.raises(Forbidden):
            decide(five.cast.actor(who), report, approve=True)
    with pytest.raises(ValidationError):
        decide(five.cast.actor("city"), report, approve=False)
    report.reported_by = five.cast.user("city")
    report.save()
    with pytest.raises(ValidationError):
        decide(five.cast.actor("city"), report, approve=True)


def test_nothing_is_reported_up_without_an_approved_return(cast: Any) -> None:
    open_returns(system_actor(), cast.regions["420106"], PERIOD)
    with pytest.raises(ValidationError):
        report_up(cast.actor("district"), cast.regions["420106"], PERIOD)


def test_the_operation_gives_the_same_figures(five: Books) -> None:
    asked = {"region": "420106", "period": "2023-00", "form": 6}
    client = five.cast.client("anonymous")
    found = client.get("/api/returns/rollup", asked, headers=five.cast.bearer("district")).json()
    total = found["heads"][0]
    assert (total["approved"], total["owed"], total["values"]["elec_qty"]) == (4, 5, 1_360_000)
    line = next(item for item in found["compared"] if item["indicator"] == "elec_qty")
    assert line["same"] == {"now": 1_310_000, "base": 1_280_000, "percent": 2.34375}
    assert client.get("/api/returns/rollup", asked, headers=five.cast.bearer("neighbour")).status_code == 404
    assert client.get("/api/returns/rollup", asked, headers=five.cast.bearer("statistician")).status_code == 403
    wrong = client.get("/api/returns/rollup", asked | {"period": "2023-13"}, headers=five.cast.bearer("district"))
    assert wrong.status_code == 422


def test_the_page_shows_totals_with_coverage_and_opens_them(five: Books) -> None:
    client = five.cast.client("district")
    page = client.get("/returns/rollup/", {"period": "2023-00", "form": 6}).content.decode()
    assert "1,360,000" in page
    assert "4 / 5" in page
    behind = client.get("/returns/rollup/behind/", {"period": "2023-00", "form": 6, "head": "S001", "line": "elec_qty"})
    assert "The library" in behind.content.decode()
    assert client.get("/returns/rollup/behind/", {"form": 6, "head": "S001", "line": "nothing"}).status_code == 404
    assert five.cast.client("neighbour").get("/returns/rollup/", {"region": "420106"}).status_code == 404
    assert five.cast.client("statistician").get("/returns/rollup/").status_code == 403


@pytest.mark.parametrize("asked", ["", "&form=7", "&by=superior", "&by=system", "&system=health"])
def test_the_page_asks_the_database_few_times(five: Books, asked: str, django_assert_max_num_queries: Any) -> None:
    """With a merger between the years, a body under another, a report handed in, and a body in one year only."""
    merge(five)
    school, office = five.cast.institutions["school"], five.cast.institutions["office"]
    type(five.returns["school", YEAR]).objects.filter(institution=school).update(superior=office)
    report_up(five.cast.actor("district"), five.region, PERIOD, "the clinic follows")
    client = five.cast.client("district")
    address = f"/returns/rollup/?region=420106&period={PERIOD}{asked}"
    client.get(address)
    with django_assert_max_num_queries(MOST_QUERIES):
        assert client.get(address).status_code == 200


@pytest.mark.parametrize("form", [5, 8])
def test_the_page_bears_the_marks_of_the_form(five: Books, form: int) -> None:
    """As shipped they are not verified; what is entered stands without that word."""
    client = five.cast.client("district")
    address = f"/returns/rollup/?region=420106&period={PERIOD}&form={form}"
    line = header_line(five.returns["school", YEAR].edition, "form_number", form)
    assert line.state in {"unverified", "unknown"}
    page = client.get(address).content.decode()
    assert f"{form} {line.value + '（未核实）' if line.value else '—'}" in page
    set_header(system_actor(), line.edition, line.field, "X-77", "the notice", form=form)
    assert f"{form} X-77<" in "".join(client.get(address).content.decode().split("\n"))


# sums of many returns are kept


@pytest.fixture
def _much(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A district is as much as a province."""
    cache.clear()
    monkeypatch.setattr(keeping, "LEAST", 1)
    yield
    cache.clear()


@pytest.mark.parametrize("by", ["region", "system", "superior"])
@pytest.mark.parametrize("narrowed", [{}, {"kind": "02"}])
def test_kept_sums_are_the_sums(
    five: Books, monkeypatch: pytest.MonkeyPatch, by: str, narrowed: dict[str, str]
) -> None:
    def told() -> list[Any]:
        found = rollup(five, by=by, **narrowed)
        return [*(found.summary(form) for form in (5, 6, 7, 8)), found.comparison(5)]

    plain = told()
    cache.clear()
    monkeypatch.setattr(keeping, "LEAST", 1)
    assert told() == plain, "as they are made"
    assert told() == plain, "as they were kept"
    cache.clear()


@pytest.mark.usefixtures("_much")
def test_kept_sums_are_not_added_up_again(five: Books) -> None:
    def asked() -> list[str]:
        with CaptureQueriesContext(connection) as held:
            found = rollup(five)
            found.summary(5)
            found.comparison(5)
        return [query["sql"] for query in held if "reporting_value" in query["sql"]]

    assert len(asked()) == 3, "this year, last year, and the bodies left out of the comparison"
    assert len(asked()) == 1


@pytest.mark.usefixtures("_much")
@pytest.mark.parametrize("by", ["region", "system"])
def test_a_return_that_is_opened_again_has_its_part_added_up_again(five: Books, by: str) -> None:
    def electricity() -> Decimal | None:
        return rollup(five, by=by).summary(5).cells["", "elec_qty"]

    of, before = five.returns["school", YEAR], electricity()
    assert before == 1_360_000
    manager = five.cast.actor("district")
    take_step(manager, of, "reopen", "A bill was missing.")
    assert electricity() == 1_360_000 - 210_000
    of.refresh_from_db()
    of.values.filter(indicator="elec_qty").update(value=Decimal(300_000))
    Return.objects.filter(pk=of.pk).update(state="approved", version=of.version + 1)
    assert electricity() == 1_360_000 - 210_000 + 300_000

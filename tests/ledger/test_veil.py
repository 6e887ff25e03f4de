"""Who sees totals only sees no figure of fewer than three institutions, not by subtraction either."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest

from nengtan.dashboards.region import RegionView
from nengtan.identity.access import Actor, Forbidden, system_actor
from nengtan.identity.models import Grant
from nengtan.ledger import queries
from nengtan.ledger.queries.accounts import Account, accounts
from nengtan.ledger.queries.full import full_accounts
from nengtan.ledger.queries.lineage import explain
from nengtan.ledger.queries.selection import Selection
from nengtan.ledger.queries.veil import OTHERS, TooFew, veil_of
from nengtan.ledger.services import FactInput, enter_fact
from nengtan.registry.services import InstitutionInput, save_institution
from tests.cast import Cast

AMOUNTS = {"420106": {"021": 4, "024": 1, "01": 1, "03": 4}, "420111": {"021": 2, "03": 3}, "420102": {"03": 6}}
"""How many bodies of each kind use electricity in each district of the city, each twice as much as the one before."""


@pytest.fixture
def city(cast: Cast) -> Cast:
    """The public of the district is the public of the whole city, too."""
    from nengtan.registry.models import Region

    system, used = system_actor(), 1
    for code, kinds in AMOUNTS.items():
        region = cast.regions.setdefault(code, Region.objects.get(code=code))
        for kind, count in kinds.items():
            for place in range(count):
                body = save_institution(
                    system, InstitutionInput(code=f"{code}-{kind}-{place}", name=f"{kind} {place}", kind=kind,
                                             region=region)
                )  # fmt: skip
                enter_fact(system, FactInput(body, "electricity", 202301, Decimal(used), "kWh"))
                used *= 2
    Grant.objects.create(user=cast.users["public"], role="public", region=cast.regions["420100"])
    return cast


def bodies_behind(quantity: Decimal | None) -> int:
    """Every body uses another power of two, so that a sum tells how many are in it."""
    return int(quantity or 0).bit_count()


def listed(actor: Actor, cast: Cast, code: str, by: str, **cut: Any) -> Account:
    return accounts(actor, 2023, region=cast.regions[code], by=by, **cut)


@pytest.mark.parametrize(
    ("code", "by"), [("420100", "type"), ("420100", "region"), ("420106", "type"), ("420106", "region")]
)
def test_no_row_and_no_rest_is_of_fewer_than_three(city: Cast, code: str, by: str) -> None:
    account = listed(city.actor("public"), city, code, by)
    behind = [bodies_behind(row.figures.electricity_kwh) for row in account.rows]
    assert all(count == 0 or count >= 3 for count in behind)
    assert sum(behind) == bodies_behind(account.total.figures.electricity_kwh)
    assert all(row.bodies.institutions >= 3 for row in account.rows)
    whole = listed(city.actor("city"), city, code, by)
    assert OTHERS not in {row.key for row in whole.rows}
    assert account.total.figures == whole.total.figures


def test_single_kinds_are_among_the_others_with_the_next_smallest(city: Cast) -> None:
    """Health and the agencies have two and three in the register, one of each tells: together two, so schools too."""
    rows = {row.key: row for row in listed(city.actor("public"), city, "420100", "type").rows}
    assert set(rows) == {"03", OTHERS}
    assert bodies_behind(rows["03"].figures.electricity_kwh) == 13
    assert bodies_behind(rows[OTHERS].figures.electricity_kwh) == 8
    assert {row.key for row in listed(city.actor("city"), city, "420100", "type").rows} == {"01", "021", "024", "03"}


def test_the_page_and_the_accounts_tell_the_same(city: Cast) -> None:
    view = RegionView(city.actor("public"), city.regions["420100"], 2023, 2026)
    rows = {row.key: row for row in listed(city.actor("public"), city, "420100", "type").rows}
    assert {row.key: (row.figures.electricity_kwh, row.bodies) for row in view.by_kind} == {
        key: (row.figures.electricity_kwh, row.bodies) for key, row in rows.items()
    }
    assert len(view.completeness) == 2
    page = city.client("public").get("/regions/420100/?year=2023").content.decode()
    assert "其他" in page
    assert "type=others" not in page
    assert "/regions/others" not in page


def test_below_what_was_granted_kinds_are_not_told_apart(city: Cast) -> None:
    """The schools of two districts less those of one would be the two of the other."""
    assert [row.key for row in listed(city.actor("public"), city, "420106", "type").rows] == [OTHERS]
    view = RegionView(city.actor("public"), city.regions["420106"], 2023, 2026)
    assert [row.key for row in view.by_kind] == [OTHERS]


@pytest.mark.parametrize(
    "cut",
    [
        {"kind": "024"},
        {"kind": "021"},
        {"kind": "99"},
        {"kind": OTHERS},
        {"kind": "03", "month": 1},
        {"kind": "03", "carrier": "electricity"},
        {"kind": "03", "by": "month"},
        {"kind": "03", "by": "region"},
        {"by": "type", "month": 1},
        {"by": "region", "carrier": "electricity"},
    ],
)
def test_a_narrower_question_is_refused_with_words(city: Cast, cut: dict[str, Any]) -> None:
    with pytest.raises(TooFew):
        accounts(city.actor("public"), 2023, region=city.regions["420100"], **cut)
    names = {"kind": "type"}
    asked = {names.get(name, name): value for name, value in cut.items()} | {"region": "420100", "year": 2023}
    answer = city.client("public").get("/api/accounts", asked)
    assert answer.status_code == 422
    (fault,) = answer.json()["errors"]
    assert (fault["location"], fault["field"] in asked) == ("query", True)
    assert ("看出单家单位" if cut.get("kind") not in ("99", OTHERS) else "允许的取值") in fault["message"]


def test_a_type_too_small_to_be_told_is_named_as_the_parameter_it_is(city: Cast) -> None:
    asked = {"region": "420100", "year": 2023, "type": "01"}
    (fault,) = city.client("public").get("/api/accounts", asked).json()["errors"]
    assert (fault["location"], fault["field"]) == ("query", "type")
    (wrong,) = city.client("public").get("/api/accounts", asked | {"region": "none"}).json()["errors"]
    assert (wrong["location"], wrong["field"]) == ("query", "region")


def test_a_kind_large_enough_is_answered(city: Cast) -> None:
    account = accounts(city.actor("public"), 2023, region=city.regions["420100"], kind="03")
    assert bodies_behind(account.total.figures.electricity_kwh) == 13


def test_a_region_among_the_others_is_not_shown_by_itself(city: Cast) -> None:
    """One body of a fourth district: its row is with the next smallest, and neither opens."""
    from nengtan.registry.models import Region

    alone = Region.objects.get(code="420103")
    body = save_institution(system_actor(), InstitutionInput(code="ALONE", name="Alone", kind="03", region=alone))
    enter_fact(system_actor(), FactInput(body, "electricity", 202301, Decimal(2**30), "kWh"))
    rows = {row.key: row for row in listed(city.actor("public"), city, "420100", "region").rows}
    assert set(rows) == {"420102", "420106", OTHERS} or set(rows) == {"420106", "420111", OTHERS}
    folded = ({"420102", "420106", "420111"} - set(rows)).pop()
    for code in ("420103", folded):
        page = city.client("public").get(f"/regions/{code}/?year=2023")
        assert page.status_code == 200
        assert "kWh" not in page.content.decode()
        assert "3 家" in page.content.decode()
        assert city.client("public").get(f"/regions/{code}/").content.decode().count("3 家")
        accounts_page = city.client("public").get(f"/ledger/accounts/?region={code}&year=2023&by=month")
        assert "3 家" in accounts_page.content.decode()
        assert "account" not in accounts_page.context
        assert city.client("public").get("/api/accounts", {"region": code, "year": 2023}).status_code == 422
    assert city.client("city").get("/api/accounts", {"region": "420103", "year": 2023}).status_code == 200


def test_a_figure_only_one_told_of_hides_the_total(city: Cast) -> None:
    """One body of all tells of water: the total of water would be its own, so there is no total at all."""
    from nengtan.registry.models import Institution

    enter_fact(
        system_actor(), FactInput(Institution.objects.get(code="420102-03-0"), "water", 202301, Decimal(1), "m3")
    )
    with pytest.raises(TooFew):
        accounts(city.actor("public"), 2023, region=city.regions["420100"])


def test_a_year_of_too_few_is_neither_shown_nor_a_base(city: Cast) -> None:
    from nengtan.registry.models import Institution

    enter_fact(
        system_actor(), FactInput(Institution.objects.get(code="420102-03-0"), "electricity", 202201, Decimal(1), "kWh")
    )
    actor, region = city.actor("public"), city.regions["420100"]
    assert RegionView(actor, region, None, 2026).cube.years == [2023]
    assert accounts(actor, 2023, region=region, base_year=2022).base_year is None
    assert accounts(city.actor("city"), 2023, region=region, base_year=2022).base_year == 2022


def test_detail_elsewhere_opens_nothing_here(city: Cast) -> None:
    """A statistician of the school who is also of the public: her school is hers, the region's kinds are not."""
    Grant.objects.create(user=city.users["public"], role="statistician", institution=city.institutions["school"])
    actor, region = city.actor("public"), city.regions["420100"]
    with pytest.raises(TooFew):
        explain(actor, "energy_tce", Selection(2023, region, kind="024"))
    assert {row.key for row in listed(actor, city, "420100", "type").rows} == {"03", OTHERS}
    assert (
        city.client("public").get("/ledger/explain/?region=420100&year=2023&measure=co2_t&type=024").status_code == 404
    )
    with pytest.raises(Forbidden):
        full_accounts(actor, 2023, region)


@pytest.fixture
def heated(city: Cast) -> Cast:
    """One body of the city has heat, two have diesel, four gas; in February only one told of anything."""
    from nengtan.registry.models import Institution

    system = system_actor()
    bodies = list(Institution.objects.filter(code__startswith="420102-03").order_by("code"))
    for carrier, unit, count in (("heat", "GJ", 1), ("diesel", "L", 2), ("natural_gas", "m3", 4)):
        for body in bodies[:count]:
            enter_fact(system, FactInput(body, carrier, 202301, Decimal(10), unit, Decimal(1000)))
    enter_fact(system, FactInput(bodies[0], "electricity", 202302, Decimal(5), "kWh"))
    return city


def test_a_carrier_of_too_few_is_among_the_others_with_the_smallest_of_enough(heated: Cast) -> None:
    """Heat of one and diesel of two, and gas of four beside them; electricity of all stands by itself."""
    account = listed(heated.actor("public"), heated, "420100", "carrier")
    rows = {row.key: row for row in account.rows}
    assert list(rows) == ["electricity", OTHERS]
    assert rows[OTHERS].figures.cost_cny == 7000
    whole = listed(heated.actor("city"), heated, "420100", "carrier")
    assert {row.key for row in whole.rows} >= {"electricity", "heat", "diesel", "natural_gas"}
    assert account.total.figures == whole.total.figures


def test_a_month_of_too_few_is_among_the_others_too(heated: Cast) -> None:
    """February is one body's; January, the only other, could be taken from the year and goes with it."""
    account = listed(heated.actor("public"), heated, "420100", "month")
    assert [row.key for row in account.rows if row.figures.electricity_kwh is not None] == [OTHERS]
    assert account.rows[-1].figures == account.total.figures


@pytest.mark.parametrize(
    "cut",
    [
        {"carrier": "heat"},
        {"carrier": "natural_gas"},
        {"month": 2},
        {"carrier": "electricity", "month": 1},
        {"carrier": "electricity", "by": "month"},
        {"by": "carrier", "month": 1},
    ],
)
def test_nor_is_either_asked_for_by_itself(heated: Cast, cut: dict[str, Any]) -> None:
    with pytest.raises(TooFew):
        accounts(heated.actor("public"), 2023, region=heated.regions["420100"], **cut)
    assert accounts(heated.actor("city"), 2023, region=heated.regions["420100"], **cut).has_figures


def test_the_page_of_the_public_draws_no_carrier_and_no_month_of_too_few(heated: Cast) -> None:
    view = RegionView(heated.actor("public"), heated.regions["420100"], 2023, 2026)
    assert view.cube.carriers(2023) == ["electricity", OTHERS]
    assert not any(view.cube.figures(2023, month=month).electricity_kwh for month in (1, 2))
    assert len(view.monthly_chart().columns) == 1, "no month may be told, so there is no series"
    page = heated.client("public").get("/regions/420100/?year=2023").content.decode()
    assert not {"热力", "柴油"} & set(page.split("其他")[0].replace("<", ">").split(">"))
    assert heated.client("public").get("/ledger/accounts/?region=420100&year=2023&by=carrier").status_code == 200


def offers(page: str) -> dict[str, str]:
    """What a notice offers in the place of what is not shown: words and address."""
    notice = page.split('class="notice is-warn"')[1].split("</ul>", maxsplit=1)[0]
    return {words: address.replace("&amp;", "&") for address, words in re.findall(r'<a href="(.*?)">(.*?)</a>', notice)}


def test_the_page_offers_what_may_be_seen_in_the_place_of_what_may_not(city: Cast) -> None:
    public, path = city.client("public"), "/ledger/accounts/"
    public.cookies["django_language"] = "en"
    text = public.get(f"{path}?region=420100&year=2023&month=1&by=type").content.decode()
    assert "one at a time" in text
    found = offers(text)
    assert [words.split(", ", 1)[1] for words in found] == [
        "Jan 2023, total only", "2023, type of institution", "2023, total only",
    ]  # fmt: skip
    for address in found.values():
        assert "notice is-warn" not in public.get(path + address).content.decode()


def test_a_month_by_itself_is_shown_in_total(city: Cast) -> None:
    page = city.client("public").get("/ledger/accounts/?region=420100&year=2023&month=1").content.decode()
    assert "notice is-warn" not in page
    assert 'class="key-figure' in page


def test_below_what_was_granted_no_carrier_is_told_apart(heated: Cast) -> None:
    """Gas of the city less that of one district would be the few of the other."""
    rows = listed(heated.actor("public"), heated, "420102", "carrier").rows
    assert [row.key for row in rows] == [OTHERS]


def test_the_veil_is_drawn_once_for_accounts_against_another_year(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Selection] = []

    def veil(actor: Any, selection: Selection) -> Any:
        drawn.append(selection)
        return veil_of(actor, selection)

    for module in (queries.accounts, queries.bodies):
        monkeypatch.setattr(module, "veil_of", veil, raising=False)
    for by in (None, "type", "region", "carrier", "month"):
        drawn.clear()
        accounts(cast.actor("public"), 2023, region=cast.regions["420106"], by=by, base_year=2022)
        assert len(drawn) == 1, by

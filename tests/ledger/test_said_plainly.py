"""What users stumbled over: codes, dashes and doubles where words belong."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils.translation import override

from nengtan.domain.factors import Choice, Kind
from nengtan.identity.access import Actor, system_actor
from nengtan.identity.diffs import changes
from nengtan.identity.models import AuditEvent
from nengtan.ledger.factors import FactorInput, add_factor, library, retire_factor
from nengtan.ledger.models import FactorVersion
from nengtan.ledger.queries.lineage import explain
from nengtan.ledger.queries.selection import Selection
from nengtan.ledger.services import FactInput, enter_fact, intake
from nengtan.ledger.services.closing import close_year
from nengtan.registry.models import Region
from nengtan.registry.queries.listing import register_is_due
from nengtan.registry.regions import near, near_words
from nengtan.registry.services.attributes import set_attribute
from nengtan.ui.sheets import wording
from tests.cast import Cast
from tests.ledger.files import bills
from tests.ledger.test_commands import Run, printed, run

__all__ = ["run"]

FACTOR = FactorInput("co2", "electricity", "420106", Decimal("0.51"), "kWh", "Notice 1", year=2023)


def test_the_table_of_accounts_says_completeness_in_percent_and_months(cast: Cast, run: Run) -> None:
    enter_fact(system_actor(), FactInput(cast.institutions["school"], "water", 202301, Decimal(1), "m3"))
    asked = ("accounts", "--institution", "420106-S1", "--year", "2023")
    assert "4.2% (1/24)" in run(*asked).stdout
    assert printed(run(*asked, "--format", "json"))[0]["coverage"] == pytest.approx(1 / 24, abs=1e-6)


def test_a_factor_stated_twice_is_one_version(cast: Cast, run: Run) -> None:
    first = add_factor(system_actor(), FACTOR)
    assert add_factor(system_actor(), FACTOR) == first
    options = (
        "--kind", "co2", "--carrier", "electricity", "--place", "420106", "--value", "0.51", "--unit", "kWh", "--year",
        "2023", "--source", "Notice 1", "--format", "json",
    )  # fmt: skip
    again = run("factors", "add", *options)
    assert (printed(again)["code"], first.code in again.stderr) == (first.code, True)
    assert FactorVersion.objects.filter(shipped=False).count() == 1
    assert AuditEvent.objects.filter(action="factor.add").count() == 1


def test_a_factor_added_by_the_command_names_who_sat_at_the_console(cast: Cast, run: Run) -> None:
    row = add_factor(Actor(None, via="command", console="clerk", _all=True), FACTOR)
    shown = run("factors", "show", row.code).stdout
    told = printed(run("factors", "list", "--place", "420106", "--format", "json"))
    assert [one["added_by"] for one in told] == ["命令行（系统用户 clerk）"]
    assert "命令行（系统用户 clerk）" in shown
    page = cast.client("district").get(f"/ledger/factors/{row.code}/")
    assert "clerk" in page.content.decode()


def test_a_factor_added_by_the_command_goes_before_the_shipped_one_of_its_place_and_year(cast: Cast) -> None:
    shipped = FactorVersion.objects.filter(kind="co2", carrier="electricity", place="420000", year=2023).first()
    assert shipped is not None
    data = FactorInput("co2", "electricity", "420000", Decimal("0.51"), "kWh", "Notice 1", year=2023)
    added = add_factor(system_actor(), data)
    choice = library().choose(Kind.CO2, "electricity", ("420000", "CN"), 2023)
    assert isinstance(choice, Choice)
    assert choice.factor.id == added.code


def test_the_accounts_as_csv_hold_every_field_and_the_table_the_second_valuation_and_the_scopes(
    cast: Cast, run: Run
) -> None:
    enter_fact(system_actor(), FactInput(cast.institutions["school"], "natural_gas", 202301, Decimal(1000), "m3"))
    asked = ("accounts", "--institution", "420106-S1", "--year", "2023")
    (row,) = csv.DictReader(io.StringIO(run(*asked, "--format", "csv").stdout))
    (whole,) = printed(run(*asked, "--format", "json"))
    assert set(whole) - set(row) == {"missing"}
    assert (row["energy_tce_primary"], row["co2_scope1_t"], row["co2_scope2_t"]) == (row["energy_tce"], "2.184", "")
    assert (row["present"], row["expected"], row["closed"]) == ("0", str(whole["expected"]), "False")
    table = run(*asked).stdout
    assert [heading for heading in ("等价值", "范围一", "范围二") if heading not in "".join(table.split())] == []


def test_a_factor_is_another_version_once_anything_differs_or_the_first_is_retired(cast: Cast) -> None:
    first = add_factor(system_actor(), FACTOR)
    other = add_factor(system_actor(), FactorInput(**{**vars(FACTOR), "source": "Notice 2"}))
    assert other.code != first.code
    back = add_factor(system_actor(), FACTOR)  # the newest says something else
    assert back.code not in (first.code, other.code)
    retire_factor(system_actor(), back, "wrong")
    assert add_factor(system_actor(), FACTOR).code != back.code


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("420107", ["420106"]),
        ("42016", ["420106"]),
        ("武昌", ["420106"]),
        ("武昌县", ["420106"]),
        ("zzzzzz", []),
        ("", []),
    ],
)
def test_an_unknown_region_is_held_against_the_known_ones(cast: Cast, text: str, codes: list[str]) -> None:
    known = {"420000": "湖北省", "420106": "武昌区", "330106": "西湖区", "110000": "北京市"}
    assert [code for code, _name in near(text, known)][: len(codes) or 1] == codes


def test_an_unknown_region_suggests_near_ones_at_every_command(cast: Cast, run: Run) -> None:
    assert Region.objects.filter(code="420106").exists()
    with override("en"):
        assert "420106" in near_words("42016")
    for command in (
        ("accounts", "--year", "2023", "--region", "42016"),
        ("years", "close", "--year", "2023", "--region", "42016"),
        ("facts", "list", "--region", "42016"),
        ("convert", "--carrier", "coal", "--quantity", "1", "--unit", "t", "--region", "42016"),
    ):
        ended = run(*command)
        assert ended.exit_code == 2, command
        assert "420106" in ended.stderr, command


def test_a_denominator_says_in_which_months_each_value_held(cast: Cast) -> None:
    """Persons 100 until August, 160 from September: (8 × 100 + 4 × 160) / 12 = 120."""
    system, school = system_actor(), cast.institutions["school"]
    for day, persons in ((date(2020, 1, 1), 90), (date(2022, 9, 1), 100), (date(2023, 9, 1), 160)):
        set_attribute(system, school, "persons", day, Decimal(persons))
    enter_fact(system, FactInput(school, "water", 202301, Decimal(240), "m3"))
    found = explain(system, "m3_per_person", Selection(2023, institution=school))
    assert found.denominator is not None
    assert found.denominator.value == Decimal(120)
    told = [(held.value, held.first, held.last, held.months) for held in found.denominator.entries]
    assert told == [(Decimal(100), 202301, 202308, 8), (Decimal(160), 202309, 202312, 4)]
    assert found.as_dict()["denominator"]["entries"][1]["held"] == {"first": 202309, "last": 202312, "months": 4}


def test_the_command_and_the_page_say_in_which_months_a_value_held(cast: Cast, run: Run) -> None:
    system, school = system_actor(), cast.institutions["school"]
    set_attribute(system, school, "persons", date(2020, 1, 1), Decimal(100))
    set_attribute(system, school, "persons", date(2023, 9, 1), Decimal(160))
    enter_fact(system, FactInput(school, "water", 202301, Decimal(240), "m3"))
    told = run("explain", "--institution", school.code, "--year", "2023", "--measure", "m3_per_person").stdout
    assert "2023-09" in told
    assert "2023-12" in told
    client = cast.client("district")
    client.cookies["django_language"] = "en"
    page = client.get(reverse("explain"), {"institution": school.code, "year": 2023, "measure": "m3_per_person"})
    assert "held 2023-09 to 2023-12 (4 months)" in page.content.decode()


def test_a_year_closed_by_the_command_names_who_sat_at_the_console(cast: Cast, run: Run) -> None:
    enter_fact(system_actor(), FactInput(cast.institutions["school"], "water", 202301, Decimal(1), "m3"))
    close_year(Actor(None, via="command", console="clerk", _all=True), cast.regions["420106"], 2023)
    closer = printed(run("years", "list", "--format", "json"))[0]["closed_by"]
    page = cast.client("district").get("/ledger/closings/", follow=True)
    row = page.context["table"].rows[0]
    assert "clerk" in closer
    assert "clerk" in row.closer


def test_the_trail_of_a_factor_and_a_fact_is_in_words(cast: Cast) -> None:
    enter_fact(system_actor(), FactInput(cast.institutions["school"], "water", 202301, Decimal(1), "m3"))
    add_factor(system_actor(), FACTOR)
    with override("zh-hans"):
        events = AuditEvent.objects.filter(action__in=("factor.add", "fact.enter"))
        told = [item for found in changes(events).values() for item in found]
        labels = {item.label for item in told}
        values = {item.after for item in told}
    assert not [label for label in labels if label.isascii()]
    assert not {"electricity", "co2", "local", "location", "water", "420106"} & values


def test_a_stored_figure_and_the_row_that_differs_have_their_unit(cast: Cast) -> None:
    row = ("420106-S1", None, "2023-01", "电力", 100, "kWh", 80, None, None)
    intake.import_file(system_actor(), "a.xlsx", bills(row))
    plan = intake.check_file(system_actor(), "a.xlsx", bills((*row[:4], 0.02, "万kWh", *row[6:])))
    (conflict,) = plan.errors()
    assert (conflict.found, conflict.params["stored"]) == ("200 kWh / ¥80", "100 kWh / ¥80")
    with override("en"):
        assert "holds 100 kWh / ¥80 for this month already" in wording.message(conflict)


def test_an_empty_region_leads_to_the_register_though_others_have_bodies(cast: Cast) -> None:
    actor = cast.actor("system")
    empty = Region.objects.get(code="420102")
    assert not register_is_due(actor)
    assert not register_is_due(actor, cast.regions["420106"])
    assert register_is_due(actor, empty)
    assert not register_is_due(cast.actor("district"), empty)


def test_an_intensity_says_how_many_have_no_denominator(cast: Cast, run: Run) -> None:
    """The school uses 1,000 kWh on 100 m², the hospital 500 kWh on nobody knows how many: 15 kWh/m², and said so."""
    for who, amount in (("school", 1000), ("hospital", 500)):
        enter_fact(system_actor(), FactInput(cast.institutions[who], "electricity", 202301, Decimal(amount), "kWh"))
    set_attribute(system_actor(), cast.institutions["school"], "area_m2", date(2022, 1, 1), Decimal(100))
    found = explain(system_actor(), "kwh_per_m2", Selection(2023, region=cast.regions["420106"]))
    bodies = found.as_dict()["denominator"]
    assert (found.value, bodies["value"]) == (15, 100)
    assert bodies["lacking"] == cast.regions["420106"].institutions.count() - 1
    page = cast.client("district").get(reverse("region", args=["420106"]), {"year": 2023}).content.decode()
    assert f"{bodies['lacking']} 家单位没有面积" in page
    asked = ("explain", "--region", "420106", "--year", "2023", "--measure", "kwh_per_m2")
    assert "没有面积" in run(*asked).stdout or "no area" in run(*asked).stdout

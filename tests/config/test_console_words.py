"""Tables at the console are in words of the reader's language; JSON and CSV keep codes; options say what they take."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import click
import pytest
from django.utils import translation

from nengtan.config import cli, clickwords, group
from nengtan.identity.access import system_actor
from nengtan.identity.roles import Capability, Role
from nengtan.ledger.services import FactInput, enter_fact
from tests.cast import Cast

Say = Callable[..., str]


@pytest.fixture(autouse=True)
def _english() -> None:
    translation.activate("en")
    clickwords.speak("en")


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    """What a command prints."""

    def go(*arguments: object) -> str:
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            group.run([str(argument) for argument in arguments], "0", cli.ROOMS)
        printed = capsys.readouterr()
        assert not end.value.code, printed.err
        return printed.out

    return go


@pytest.fixture
def books(cast: Cast) -> Cast:
    data = FactInput(cast.institutions["school"], "natural_gas", 202303, Decimal(12), "m3", Decimal(40))
    enter_fact(system_actor(), data)
    return cast


SAID: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "facts": (("facts", "list"), ("Natural gas", "m³", "counts", "bill", "2023-03", "Carrier"), ("natural_gas",)),
    "factors": (
        ("factors", "list", "--carrier", "coal", "--place", "CN"),
        ("coal equivalent (heat value)", "Coal", "CN China", "read in the source"),
        ("coal_equivalent", "verified"),
    ),
    "factor": (
        ("factors", "show", "ELEC_AVG_420000_2023"),
        ("420000 Hubei", "by place", "yes", "Chosen by default"),
        ("location", "True"),
    ),
    "institutions": (("institutions", "list"), ("420106", "active", "Education"), ("education",)),
    "institution": (
        ("institutions", "show", "420106-S1"),
        ("the region", "own office", "own account", "Reports to"),
        ("reports_to", "utility_account"),
    ),
    "alive": (("institutions", "alive", "--year", "2023"), ("no staff, no area",), ("no_staff",)),
    "regions": (("regions", "list", "--below", "420100"), ("district", "yes"), ("True",)),
    "users": (("users", "list"), ("yes", "Statistician, The school"), ("True",)),
}


@pytest.mark.parametrize("name", SAID)
def test_a_table_is_in_words_and_json_in_codes(books: Cast, say: Say, name: str) -> None:
    arguments, words, codes = SAID[name]
    table = say(*arguments)
    for word in words:
        assert word in table, word
    for code in codes:
        assert code not in table, code
    if name in ("facts", "factors", "institutions", "alive"):
        written = say(*arguments, "--format", "csv") + say(*arguments, "--format", "json")
        assert all(written.count(code) >= 2 for code in codes)


def test_keys_are_listed_with_their_rights_in_words(books: Cast, say: Say) -> None:
    say("keys", "issue", "district", "gateway", "--may", "view", "--may", "write_activity", "--region", "420106")
    table = say("keys", "list")
    assert "See figures, Enter and correct consumption" in table
    assert "write_activity" not in table
    assert "view write_activity" in say("keys", "list", "--format", "csv")


def test_a_table_follows_the_language(books: Cast, say: Say) -> None:
    translation.activate("zh-hans")
    table = say("facts", "list")
    from nengtan import reference

    assert reference.carriers()["natural_gas"].name_zh in table
    assert "counts" not in table


ASKED = (
    "convert",
    "--carrier",
    "natural_gas",
    "--quantity",
    "1000",
    "--unit",
    "m3",
    "--region",
    "CN",
    "--year",
    "2023",
)


def test_a_conversion_says_units_in_words(books: Cast, say: Say) -> None:
    table = say(*ASKED)
    for part in ("Natural gas", "m³", "kgce/m³", "kgCO₂/m³", "CO₂ emission factor", "CN China"):
        assert part in table, part
    assert "natural_gas" not in table


def test_a_conversion_as_csv_holds_the_factors_it_used(books: Cast, say: Say) -> None:
    rows = list(csv.DictReader(io.StringIO(say(*ASKED, "--format", "csv"))))
    told = json.loads(say(*ASKED, "--format", "json"), parse_float=Decimal)
    used = {row["kind"]: row for row in rows if row["factor_version"]}
    assert {kind: row["factor_version"] for kind, row in used.items()} == {
        item["kind"]: item["code"] for item in told["factors"]
    }
    for item in told["factors"]:
        row = used[item["kind"]]
        assert (Decimal(row["factor_value"]), row["factor_unit"], row["factor_per_unit"], row["factor_source"]) == (
            Decimal(str(item["value"])), item["unit"], item["per_unit"], item["source"],
        )  # fmt: skip
        assert row["factor_year"] == str(item["year"] or "")
    assert (Decimal(used["coal_equivalent"]["result"]), used["coal_equivalent"]["result_unit"]) == (told["tce"], "tce")
    assert {row["kind"]: row["reason"] for row in rows if not row["factor_version"]} == {
        item["kind"]: item["reason"] for item in told["missing"]
    }


def help_of(*path: str) -> str:
    found: Any = group.gather("1", cli.ROOMS)
    for name in path:
        found = found.commands[name]
    return " ".join(found.get_help(click.Context(found, max_content_width=1000, terminal_width=1000)).split())


def test_help_lists_what_an_option_takes() -> None:
    from nengtan import reference

    lists = {
        ("keys", "issue"): Capability.values,
        ("users", "add"): [*Role.values, *reference.systems()],
        ("users", "grant"): Role.values,
        ("facts", "add"): [*reference.carriers(), "estimate"],
        ("facts", "list"): [*reference.carriers(), "outranked"],
        ("factors", "add"): ["coal_equivalent_primary", "market"],
        ("institutions", "list"): reference.institution_types(),
        ("accounts",): [*reference.carriers(), *reference.institution_types()],
        ("explain",): ["kgce_per_person", "coverage"],
        ("convert",): reference.carriers(),
        ("returns", "review"): [],
    }
    for path, allowed in lists.items():
        text = help_of(*path)
        assert [code for code in allowed if f"{code}:" not in text] == [], path


def test_an_unknown_carrier_is_refused_with_those_allowed(books: Cast, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        group.run(["facts", "list", "--carrier", "firewood"], "0", cli.ROOMS)
    assert end.value.code == 2
    assert "natural_gas" in capsys.readouterr().err

"""Single facts at the console."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
from django.db import transaction
from django.utils.translation import gettext as _

from nengtan import reference
from nengtan.domain import periods
from nengtan.identity.access import system_actor
from nengtan.ledger.commands.words import FACT_HEADINGS, FACT_WORDS, carriers_named
from nengtan.ledger.models import ActivityFact, Evidence, Origin
from nengtan.ledger.queries.lineage import fact_dict, fact_dicts
from nengtan.ledger.services import entries
from nengtan.ledger.services.evidence import keep_evidence, safe_media_type
from nengtan.ledger.typed import number
from nengtan.registry.models import Building, Institution, Meter, Region
from nengtan.registry.regions import near_words
from nengtan.ui.cli import die, emit, emit_one, format_option, one_of

COLUMNS = (
    "id",
    "institution",
    "name",
    "period",
    "carrier",
    "quantity",
    "unit",
    "cost_cny",
    "origin",
    "standing",
    "bill_no",
)

CARRIER = click.Choice(list(reference.carriers()))
"""Kinds of energy or water, as options take them; what they mean stands in their help."""


@click.group("facts", help=_("Facts of the ledger: list, add, correct, withdraw."))
def facts_group() -> None:
    """Single facts."""


@facts_group.command("list", help=_("List facts, newest first."))
@click.option("--institution", metavar="CODE", help=_("Code of an institution."))
@click.option("--region", metavar="CODE", help=_("Code of a region, such as 420106."))
@click.option("--carrier", type=CARRIER, metavar="CODE", help=carriers_named(_("Only one kind of energy or water.")))
@click.option("--year", type=click.IntRange(1990, 2100), help=_("Year of the accounts."))
@click.option("--month", "period", metavar="YYYY-MM", help=_("Only one month."))
@click.option(
    "--origin",
    type=click.Choice(Origin.values),
    metavar="CODE",
    help=one_of(_("Only one source."), Origin.choices),
)
@click.option(
    "--standing",
    type=click.Choice([item.name.lower() for item in ActivityFact.Standing]),
    metavar="CODE",
    help=one_of(
        _("Only figures that count, or that do not for one reason."),
        [(item.name.lower(), item.label) for item in ActivityFact.Standing],
    ),
)
@click.option("--import", "batch", type=int, metavar="NUMBER", help=_("Number of an import."))
@click.option(
    "--limit", type=click.IntRange(1, 1_000_000), default=100, show_default=True, help=_("At most so many rows.")
)
@format_option
def list_facts(limit: int, format: str, **wanted: Any) -> None:
    """Newest first."""
    facts = ActivityFact.objects.for_actor(system_actor()).filter(**_filters(wanted))
    related = ("institution", "evidence", "entered_by", "building", "meter")
    columns = {name: FACT_HEADINGS[name] for name in COLUMNS}
    emit(map(_row, fact_dicts(facts.select_related(*related)[:limit])), columns, format, FACT_WORDS)


def _filters(wanted: dict[str, Any]) -> dict[str, Any]:
    filters: dict[str, Any] = {
        name: wanted[name] for name in ("carrier", "origin") if wanted[name]
    }  # fmt: skip
    if wanted["institution"]:
        filters["institution"] = _institution(wanted["institution"])
    if wanted["region"]:
        region = Region.objects.filter(code=wanted["region"]).first()
        if region is None:
            die(_("No region has the code “%(code)s”.") % {"code": wanted["region"]} + near_words(wanted["region"]))
        filters["region__path__startswith"] = region.path
    if wanted["year"]:
        filters["period__range"] = (wanted["year"] * 100 + 1, wanted["year"] * 100 + 12)
    if wanted["period"]:
        filters["period"] = _period(wanted["period"])
    if wanted["standing"]:
        filters["standing"] = ActivityFact.Standing[wanted["standing"].upper()]
    if wanted["batch"]:
        filters["batch_id"] = wanted["batch"]
    return filters


def _row(told: dict[str, Any]) -> dict[str, Any]:
    return told | {"institution": told["institution"]["code"], "name": told["institution"]["name"]}


def _print(fact: ActivityFact, format: str) -> None:
    emit_one(_row(fact_dict(fact)), format, FACT_HEADINGS, FACT_WORDS)


STATED = (
    click.option("--institution", metavar="CODE", help=_("Code of the institution.")),
    click.option("--carrier", metavar="CODE", help=carriers_named(_("Kind of energy or water."))),
    click.option("--month", "period", metavar="YYYY-MM", help=_("Month.")),
    click.option("--quantity", help=_("How much; leave out if unknown.")),
    click.option("--unit", help=_("Unit of the quantity; the base unit of the carrier by default.")),
    click.option("--cost", help=_("Cost, CNY.")),
    click.option(
        "--origin",
        type=click.Choice(Origin.values),
        metavar="CODE",
        help=one_of(_("Source; a bill by default."), Origin.choices),
    ),
    click.option("--building", metavar="CODE", help=_("Building, if the figure is of one.")),
    click.option("--meter", metavar="CODE", help=_("Meter, if the figure is of one.")),
    click.option("--item", metavar="CODE", help=_("Sub-item, if the figure is a part of use.")),
    click.option("--bill-no", help=_("Bill number.")),
    click.option("--note", help=_("Remark.")),
    click.option(
        "--evidence", type=click.Path(exists=True, dir_okay=False, path_type=Path), help=_("File that proves it.")
    ),
)


def _stated(command: Any) -> Any:
    for option in reversed(STATED):
        command = option(command)
    return command


@facts_group.command("add", help=_("Enter one fact."))
@_stated
@format_option
@transaction.atomic
def add_fact(format: str, **given: Any) -> None:
    """A bill, a reading, a report or an estimate of one month."""
    for name in ("institution", "carrier", "period"):
        if not given[name]:
            raise click.UsageError(_("Missing option “--%(name)s”.") % {"name": "month" if name == "period" else name})
    data = entries.FactInput(_institution(given["institution"]), given["carrier"], _period(given["period"]), None, "")
    fact = entries.enter_fact(system_actor(), _changed(data, given))
    _print(fact, format)


@facts_group.command("correct", help=_("Replace a fact; what is not given stays as it was."))
@click.argument("number", type=int)
@_stated
@click.option("--reason", required=True, help=_("Why."))
@format_option
@transaction.atomic
def correct_fact(number: int, reason: str, format: str, **given: Any) -> None:
    """The old fact stays, marked."""
    fact = _fact(number)
    verified = fact.entered_unit and fact.entered_quantity
    data = entries.FactInput(
        fact.institution, fact.carrier, fact.period,
        Decimal(fact.entered_quantity) if verified else fact.quantity, fact.entered_unit if verified else "", fact.cost,
        fact.origin, fact.building, fact.meter, fact.item, fact.bill_no, fact.note, fact.evidence,
    )  # fmt: skip
    _print(entries.correct_fact(system_actor(), fact, _changed(data, given), reason), format)


@facts_group.command("withdraw", help=_("Take a fact back; it stays in the history."))
@click.argument("number", type=int)
@click.option("--reason", required=True, help=_("Why."))
@format_option
def withdraw_fact(number: int, reason: str, format: str) -> None:
    """It counts no more."""
    _print(entries.withdraw_fact(system_actor(), _fact(number), reason), format)


def _changed(data: entries.FactInput, given: dict[str, Any]) -> entries.FactInput:
    """``data`` with what was given on the command line."""
    changes: dict[str, Any] = {
        name: given[name] for name in ("carrier", "origin", "item", "bill_no", "note") if given[name]
    }
    for name in ("quantity", "cost"):
        if given[name] is not None:
            changes[name] = _number(name, given[name])
    if given["institution"]:
        changes["institution"] = _institution(given["institution"])
    if given["period"]:
        changes["period"] = _period(given["period"])
    for name, model in (("building", Building), ("meter", Meter)):
        if given[name]:
            changes[name] = _coded(model, given[name])
    if given["evidence"]:
        changes["evidence"] = _evidence(given["evidence"])
    changed = replace(data, **changes)
    return replace(changed, unit=given["unit"] or changed.unit or _base_unit(changed.carrier))


def _base_unit(carrier: str) -> str:
    known = reference.carriers()
    return known[carrier].unit if carrier in known else ""


def _evidence(path: Path) -> Evidence:
    return keep_evidence(system_actor(), path.name, path.read_bytes(), safe_media_type(path.name))


def _number(name: str, text: str) -> Decimal | None:
    try:
        return number(text)
    except ValueError:
        die(_("--%(name)s: found “%(found)s”; a number is allowed.") % {"name": name, "found": text})


def _period(text: str) -> int:
    try:
        return periods.parse(text)
    except periods.PeriodError:
        die(_("--month: found “%(found)s”; a month such as 2023-07 is allowed.") % {"found": text})


def _institution(code: str) -> Institution:
    return _coded(Institution, code)


def _coded(model: Any, code: str) -> Any:
    found = model.objects.filter(code=code).first()
    if found is None:
        die(_("No %(what)s has the code “%(code)s”.") % {"what": model._meta.verbose_name, "code": code})
    return found


def _fact(pk: int) -> ActivityFact:
    found = (
        ActivityFact.objects.select_related("institution", "building", "meter", "evidence", "region")
        .filter(pk=pk)
        .first()
    )
    if found is None:
        die(_("No fact has the number %(number)s.") % {"number": pk})
    return found

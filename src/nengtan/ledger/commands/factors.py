"""The factor library at the console."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import click
from django.utils.translation import gettext as _

from nengtan import reference
from nengtan.domain.factors import Confidence, Kind
from nengtan.identity.access import system_actor
from nengtan.ledger.commands.words import FACTOR_HEADINGS, carriers_named, factor_words
from nengtan.ledger.factors import FactorInput, add_factor, retire_factor, standing_version
from nengtan.ledger.models import FactorVersion
from nengtan.ledger.queries.factors import factor_dict, factor_dicts, factors_matching
from nengtan.ledger.typed import number
from nengtan.ledger.words import BASES, CONFIDENCE, KINDS
from nengtan.ui.cli import die, emit, emit_one, format_option, one_of
from nengtan.ui.formats import exact

COLUMNS = ("code", "kind", "carrier", "place", "year", "value", "unit", "basis", "confidence", "default", "retired_on")

KIND = click.Choice([str(kind) for kind in Kind])
CARRIER = click.Choice(list(reference.carriers()))


@click.group("factors", help=_("Factor library: list, show, add, retire."))
def factors_group() -> None:
    """Coal equivalents and emission factors."""


@factors_group.command("list", help=_("List factor versions."))
@click.option("--kind", type=KIND, metavar="CODE", help=one_of(_("What it turns a quantity into."), KINDS.items()))
@click.option("--carrier", type=CARRIER, metavar="CODE", help=carriers_named(_("Kind of energy or water.")))
@click.option("--place", metavar="CODE", help=_("Code of a region or grid."))
@click.option("--year", type=int, help=_("Data year."))
@click.option(
    "--confidence",
    type=click.Choice([str(level) for level in Confidence]),
    metavar="CODE",
    help=one_of(_("How far it can be trusted."), [(code, word) for code, (_judgement, word) in CONFIDENCE.items()]),
)
@click.option(
    "--default/--not-default", "default", default=None, help=_("Only those chosen by default, or only others.")
)
@format_option
def list_factors(format: str, **wanted: Any) -> None:
    """By kind, carrier, place and year."""
    _emit(factor_dicts(factors_matching(**wanted).select_related("added_by")), format)


def _emit(rows: Iterable[dict[str, Any]], format: str) -> None:
    held = list(rows)
    shown = held if format == "json" else [exactly(row) for row in held]
    columns = {name: FACTOR_HEADINGS[name] for name in COLUMNS}
    emit(shown, columns, format, factor_words(row["place"] for row in held) if format == "table" else None)


def _print(factor: FactorVersion, format: str) -> None:
    told = factor_dict(factor)
    emit_one(told, format, FACTOR_HEADINGS, factor_words([factor.place]) if format == "table" else None)


def exactly(row: dict[str, Any]) -> dict[str, Any]:
    """A row whose value is printed with all its digits."""
    return row | {"value": exact(row["value"])}


@factors_group.command("show", help=_("Show one factor version with its source."))
@click.argument("code")
@format_option
def show_factor(code: str, format: str) -> None:
    """Everything known about it."""
    _print(_factor(code), format)


@factors_group.command("add", help=_("Add a version; nothing is overwritten."))
@click.option(
    "--kind",
    required=True,
    type=KIND,
    metavar="CODE",
    help=one_of(_("What it turns a quantity into."), KINDS.items()),
)
@click.option("--carrier", required=True, metavar="CODE", help=carriers_named(_("Kind of energy or water.")))
@click.option("--place", required=True, metavar="CODE", help=_("Code of a region or grid."))
@click.option("--value", required=True, help=_("kgce or kgCO2 for one unit."))
@click.option("--unit", required=True, help=_("Unit the value is for."))
@click.option("--source", required=True, help=_("Document, number, date."))
@click.option("--year", type=int, help=_("Data year; left out: holds for every year."))
@click.option(
    "--basis", default="", metavar="CODE", help=one_of(_("Basis; as usual for the kind by default."), BASES.items())
)
@click.option("--name", default="", help=_("Name of the factor."))
@click.option("--url", default="", help=_("Address of the document."))
@click.option("--published-on", type=click.DateTime(["%Y-%m-%d"]), help=_("Day of publication."))
@click.option("--note", default="", help=_("Remark."))
@format_option
def add(value: str, published_on: datetime | None, format: str, **given: Any) -> None:
    """Chosen from now on wherever it fits better than those there."""
    try:
        amount = number(value)
    except ValueError:
        amount = None
    if amount is None:
        die(_("--value: found “%(found)s”; a number is allowed.") % {"found": value})
    day = published_on.date() if published_on else None
    data = FactorInput(value=amount, published_on=day, **given)
    held = standing_version(data)
    _print(add_factor(system_actor(), data), format)
    if held is not None:
        click.echo(
            _("The library holds this version already (%(code)s): nothing was changed.") % {"code": held.code}, err=True
        )


@factors_group.command("retire", help=_("Stop choosing a version that was added here."))
@click.argument("code")
@click.option("--reason", required=True, help=_("Why."))
@format_option
def retire(code: str, reason: str, format: str) -> None:
    """Closed years keep it."""
    _print(retire_factor(system_actor(), _factor(code), reason), format)


def _factor(code: str) -> FactorVersion:
    found = FactorVersion.objects.filter(code=code).first()
    if found is None:
        die(_("No factor has the code “%(code)s”.") % {"code": code})
    return found

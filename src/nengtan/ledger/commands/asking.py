"""Questions to the books: accounts, the lineage of a figure, and the conversion of one quantity."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NoReturn

import click
from django.utils import timezone
from django.utils.translation import gettext as _

from nengtan import reference
from nengtan.domain.carriers import UnitNotAllowed, UnknownCarrier
from nengtan.identity.access import Forbidden, system_actor
from nengtan.ledger.commands.factors import exactly
from nengtan.ledger.commands.tree import print_tree
from nengtan.ledger.commands.words import CONVERSION_HEADINGS, FACTOR_HEADINGS, carriers_named, factor_words
from nengtan.ledger.queries import accounts as books
from nengtan.ledger.queries.conversion import UnknownRegion, conversion, conversion_dict
from nengtan.ledger.queries.lineage import UNITS, selection_from
from nengtan.ledger.queries.lineage import explain as explain_figure
from nengtan.ledger.queries.selection import Selection
from nengtan.ledger.typed import number
from nengtan.ledger.words import KINDS, MEASURES, REASONS, gap_words, weight
from nengtan.registry.regions import near_words
from nengtan.ui.cli import die, emit, emit_one, format_option, one_of, to_json
from nengtan.ui.formats import percent
from nengtan.ui.words import choices, unit_word

SUBJECT = (
    click.option("--region", metavar="CODE", help=_("Code of a region, such as 420106.")),
    click.option("--institution", metavar="CODE", help=_("Code of an institution.")),
    click.option("--year", type=click.IntRange(1990, 2100), required=True, help=_("Year of the accounts.")),
    click.option(
        "--type",
        "kind",
        metavar="CODE",
        default="",
        help=one_of(_("Only one type of institution, such as 021."), choices(reference.institution_types())),
    ),
    click.option("--carrier", default="", metavar="CODE", help=carriers_named(_("Only one kind of energy or water."))),
    click.option("--month", type=click.IntRange(1, 12), help=_("Only one month.")),
)


def _about(command: Any) -> Any:
    for option in reversed(SUBJECT):
        command = option(command)
    return command


def _selection(
    region: str | None, institution: str | None, year: int, kind: str, carrier: str, month: int | None
) -> Selection:
    if bool(region) == bool(institution):
        die(_("Give either --region or --institution."))
    if kind and kind not in reference.institution_types():
        _wrong("--type", kind, reference.institution_types())
    values = {
        "region": region or "", "institution": institution or "", "year": str(year), "type": kind, "carrier": carrier,
        "month": str(month or ""),
    }  # fmt: skip
    try:
        return selection_from(system_actor(), values)
    except ValueError as error:
        die(str(error))
    except Forbidden:
        _wrong("--institution", institution or "", (_("the code of an institution"),))


@click.command("accounts", help=_("Energy, carbon, water and cost of a region or an institution."))
@_about
@click.option("--by", type=click.Choice(books.BY), help=_("List by one dimension instead of the total."))
@click.option("--base", type=click.IntRange(1990, 2100), help=_("Year to compare with, such as last year or 2020."))
@format_option
def accounts(
    region: str | None,
    institution: str | None,
    year: int,
    kind: str,
    carrier: str,
    month: int | None,
    by: str | None,
    base: int | None,
    format: str,
) -> None:
    """The total, or a row each."""
    selection = _selection(region, institution, year, kind, carrier, month)
    account = books.accounts(
        system_actor(), year, region=selection.region, institution=selection.institution, by=by, kind=kind,
        carrier=carrier, month=month, base_year=base,
    )  # fmt: skip
    rows = account.rows if by else (account.total,)
    printed = [_account_row(row, account) for row in rows]
    if format == "json":
        click.echo(to_json(printed))
        return
    if format == "table":
        printed = [line | {"coverage": _complete(row)} for line, row in zip(printed, rows, strict=True)]
    emit(printed, _columns(whole=format == "csv") | (_changes(base) if base else {}), format)
    for gap in gap_words(account.total.figures.missing):
        click.echo(_("The total is incomplete: %(what)s") % {"what": gap}, err=True)


def _complete(row: books.AccountRow) -> str:
    """Months there of months expected, as people say it; empty where none are expected."""
    of = row.bodies.coverage
    return f"{percent(of.share)} ({of.present}/{of.expected})" if of.expected else ""


def _changes(base: int) -> dict[str, str]:
    """Headings of the columns that compare with the base year."""
    return {f"{name}_change_percent": f"{MEASURES[name]} % / {base}" for name in _COMPARED}


_COMPARED = ("energy_tce", "co2_t", "water_m3", "kgce_per_m2", "kgce_per_person", "m3_per_person", "kgco2_per_m2")


def _account_row(row: books.AccountRow, account: books.Account) -> dict[str, Any]:
    subject = account.selection.subject
    told = row.as_dict()
    flat = {f"{name}_change_percent": told["change_percent"][name] for name in _COMPARED} if row.base else {}
    return {
        "subject": subject.code,
        "year": account.selection.year,
        "by": account.by or None,
        **told,
        **flat,
        "closed": account.closing is not None,
    }


def _columns(whole: bool) -> dict[str, str]:
    """The headings; ``whole`` for every field there is, else what people look at."""
    numbers = (
        "energy_tce", "energy_tce_primary", "co2_t", "co2_scope1_t", "co2_scope2_t", "water_m3", "cost_cny", "coverage",
        "kgce_per_m2", "kgce_per_person", "m3_per_person", "kgco2_per_m2", "electricity_kwh", "area_m2", "persons",
    )  # fmt: skip
    rest = (
        "kwh_per_m2", "present", "expected", "institutions", "without_area", "without_persons", "closed", "subject",
        "year", "by",
    )  # fmt: skip
    named = {"key": _("Code"), "label": _("Name"), **{name: _measure(name) for name in numbers}}
    return named | {name: name for name in rest} if whole else named


def _measure(name: str) -> str:
    return f"{MEASURES[name]} {UNITS[name]}".strip()


@click.command("explain", help=_("Where a figure comes from: formula, factors, facts, evidence."))
@_about
@click.option(
    "--measure",
    type=click.Choice(list(UNITS)),
    metavar="CODE",
    default="energy_tce",
    show_default=True,
    help=one_of(_("Which figure."), MEASURES.items()),
)
@format_option
def explain(
    region: str | None,
    institution: str | None,
    year: int,
    kind: str,
    carrier: str,
    month: int | None,
    measure: str,
    format: str,
) -> None:
    """The lineage as an indented tree; complete as JSON."""
    selection = _selection(region, institution, year, kind, carrier, month)
    found = explain_figure(system_actor(), measure, selection)
    if format == "json":
        click.echo(to_json(found.as_dict()))
    elif format == "csv":
        emit(found.as_dict()["facts"], {name: name for name in _FACT}, format)
    else:
        print_tree(found)


_FACT = (
    "id", "carrier", "period", "quantity", "unit", "cost_cny", "origin", "bill_no", "standing", "evidence",
    "source_row", "entered_by", "entered_at",
)  # fmt: skip


@click.command("convert", help=_("Convert one quantity into coal equivalent and CO₂."))
@click.option("--carrier", required=True, metavar="CODE", help=carriers_named(_("Kind of energy or water.")))
@click.option("--quantity", required=True, help=_("How much."))
@click.option("--unit", required=True, help=_("Unit of the quantity: kWh, t, m3, L, kg, GJ …"))
@click.option("--region", default="CN", show_default=True, metavar="CODE", help=_("Where it was used."))
@click.option("--year", type=click.IntRange(1990, 2100), help=_("When it was used; this year by default."))
@format_option
def convert(carrier: str, quantity: str, unit: str, region: str, year: int | None, format: str) -> None:
    """Works without a database, from the shipped reference data."""
    try:
        amount = number(quantity)
        if amount is None:
            raise ValueError(quantity)
        found = conversion(carrier, amount, unit, region, year or timezone.localdate().year)
    except UnknownCarrier as error:
        _wrong("--carrier", carrier, error.allowed)
    except UnitNotAllowed as error:
        _wrong("--unit", unit, error.allowed)
    except UnknownRegion:
        shipped = {code: row.name_zh for code, row in reference.regions().items()}
        _wrong("--region", region, (_("the code of a region"),), near_words(region, shipped))
    except ValueError:
        _wrong("--quantity", quantity, (_("a number from 0 to 10^15"),))
    told = conversion_dict(found, region)
    if format == "json":
        click.echo(to_json(told))
        return
    if format == "csv":
        _print_csv(told)
        return
    lists = {name: told.pop(name) for name in ("factors", "missing")}
    words = factor_words({region, *(factor["region"] for factor in lists["factors"])})
    emit_one(told, format, CONVERSION_HEADINGS, {**words, "unit": unit_word, "base_unit": unit_word})
    click.echo()
    emit(
        [_factor_row(item) for item in lists["factors"]],
        {name: FACTOR_HEADINGS[name] for name in _FACTOR},
        format,
        words,
    )
    for item in lists["missing"]:
        click.echo(f"{KINDS.get(item['kind'], item['kind'])}: {REASONS.get(item['reason'], item['reason'])}", err=True)


def _factor_row(item: dict[str, Any]) -> dict[str, Any]:
    return exactly(item) | {"unit": f"{weight(item['unit'])}/{unit_word(item['per_unit'])}"}


_FACTOR = ("kind", "code", "value", "unit", "region", "year", "rule", "confidence", "source")


def _print_csv(told: dict[str, Any]) -> None:
    """A line a factor, with the quantity it converts and what comes of it; none with a reason where there is none."""
    results = {"coal_equivalent": "tce", "coal_equivalent_primary": "tce_primary", "co2": "tco2"}
    given = {name: told[name] for name in ("carrier", "quantity", "unit", "base_quantity", "base_unit")}
    used = [
        {**given, "result": told[results[item["kind"]]], "result_unit": results[item["kind"]], "kind": item["kind"],
         **{f"factor_{name}": item[name] for name in _PRINTED}, "factor_version": item["code"]}
        for item in told["factors"]
    ]  # fmt: skip
    lacking = [{**given, "kind": item["kind"], "reason": item["reason"]} for item in told["missing"]]
    emit([*used, *lacking] or [given], {name: name for name in _CSV}, "csv")


_PRINTED = ("value", "unit", "per_unit", "region", "year", "rule", "confidence", "source", "url")
_CSV = (
    "carrier", "quantity", "unit", "base_quantity", "base_unit", "kind", "result", "result_unit", "factor_version",
    *(f"factor_{name}" for name in _PRINTED), "reason",
)  # fmt: skip


def _wrong(option: str, found: str, allowed: Iterable[str], hint: str = "") -> NoReturn:
    values = {"option": option, "found": found, "allowed": ", ".join(allowed)}
    die(_("%(option)s: found “%(found)s”; allowed: %(allowed)s.") % values + hint)

"""Commands of carbon books: inventories from a file, claims held against published factors; no database is needed."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click
from django.utils.translation import gettext as _

from nengtan import reference
from nengtan.carbon import words
from nengtan.carbon.claiming import LARGEST, checked
from nengtan.carbon.settings import settings_from
from nengtan.domain.carbon.claims import ClaimKind
from nengtan.domain.carbon.inventory import Gwp, MarketGreen, Negative, SecondHand
from nengtan.ledger.queries.conversion import UnknownRegion
from nengtan.ledger.typed import number
from nengtan.ui.cli import die, emit, emit_one, format_option, one_of, read_or_refuse, to_json
from nengtan.ui.formats import exact
from nengtan.ui.words import unit_word

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_REGION = click.option("--region", required=True, metavar="CODE", help=_("Code of the region, such as 420106."))
_YEAR = click.option("--year", required=True, type=click.IntRange(1990, 2100), help=_("Year of the activity."))


if TYPE_CHECKING:
    from nengtan.carbon.report import Report
    from nengtan.domain.carbon.inventory import Settings


@click.group("carbon", help=_("Carbon books: inventories and claims."))
def carbon() -> None:
    """Files and claims need no database."""


def _setting(name: str, kind: Any, default: str) -> Any:
    option = f"--{name.replace('_', '-')}"
    what = _("%(what)s.") % {"what": words.SETTINGS[name]}
    allowed = one_of(what, [(str(key), word) for key, word in words.SETTING_WORDS[name].items()])
    choice = click.Choice([str(value) for value in kind])
    return click.option(option, type=choice, metavar="CODE", default=default, show_default=True, help=allowed)


@carbon.command(
    "inventory",
    help=_(
        "The statutory and the extended inventory of a year from a file with the columns source, quantity, unit and "
        "kind."
    ),
    epilog=one_of(_("Sources."), sorted(reference.carbon_sources())),
)
@click.option(
    "--input", "path", required=True, type=_FILE,
    help=one_of(_("CSV or Excel file. Column kind, for power and heat."),
                [(str(code), word) for code, word in words.SUPPLIES.items()]),
)  # fmt: skip
@_REGION
@_YEAR
@_setting("market_green", MarketGreen, "average")
@_setting("negative", Negative, "zero")
@_setting("gwp", Gwp, "AR5")
@_setting("second_hand", SecondHand, "used")
@format_option
def inventory(path: Path, region: str, year: int, format: str, **asked: str) -> None:
    """Exit code 1 when the file was refused."""
    from nengtan.carbon.files import read_items
    from nengtan.carbon.telling import inventory_record
    from nengtan.domain.carbon import inventory as books

    chain = _chain(region)
    why = _("%(file)s: nothing was computed: mend the rows and try again.") % {"file": path.name}
    nothing: dict[str, Any] = {"statutory_t": None, "extended_t": None, "by_source": [], "factors": []}
    items = read_or_refuse(path, read_items, nothing, format, why)
    settings = settings_from(asked)
    found = books.inventory(items, reference.carbon_library(), chain, year, settings)
    told = inventory_record(found, region, year)
    if format == "json":
        click.echo(to_json(told))
    elif format == "csv":
        emit(told["by_source"], {key: key for key in told["by_source"][0]}, format)
    else:
        _print_inventory(told)


def _print_inventory(told: Mapping[str, Any]) -> None:
    from nengtan.ledger.commands.words import FACTOR_HEADINGS, factor_words
    from nengtan.ledger.words import BASES, REASONS, source_words

    emit_one({key: _digits(told[key], 3) for key in words.FIGURES}, "table", words.FIGURES)
    click.echo()
    said = {
        "kind": words.SUPPLIES.__getitem__, "inventory": words.INVENTORIES.__getitem__, "unit": unit_word,
        "treatment": words.TREATMENTS.__getitem__,
    }  # fmt: skip
    lines = [_shown(row, statutory_t=3, extended_t=3, market_t=3) for row in told["by_source"]]
    emit(lines, words.LINES, "table", said)
    click.echo()
    heads = {key: FACTOR_HEADINGS[key] for key in ("code", "value", "unit", "year", "rule", "confidence", "source")}
    chosen = {key: word for key, word in factor_words([]).items() if key in ("rule", "confidence")}
    factors = [row | {"value": exact(row["value"])} for row in told["factors"]]
    emit(factors, heads, "table", {**chosen, "source": source_words})
    click.echo()
    for name, word in words.SETTINGS.items():
        click.echo(f"{word}: {words.SETTING_WORDS[name][told['settings'][name]]}")
    for lack in told["missing"]:
        name = next(row["name"] for row in told["by_source"] if row["source"] == lack["source"])
        basis = BASES[lack["basis"]]
        click.echo(f"{name} ({basis}): {REASONS[lack['reason']]}", err=True)
    for one in told["remarks"]:
        click.echo(one["message"], err=True)


def _digits(value: Any, places: int) -> Any:
    """A figure to so many decimals, as text; what is unknown stays so."""
    return f"{value:,.{places}f}" if isinstance(value, Decimal) else value


def _shown(row: Mapping[str, Any], **places: int) -> dict[str, Any]:
    return {**row, "quantity": exact(row["quantity"]), **{key: _digits(row[key], n) for key, n in places.items()}}


@carbon.command(
    "report",
    help=_("The carbon report of a year of an institution or a region: on the screen, or as Word, PDF or Excel."),
)
@click.option("--institution", "code", metavar="CODE", help=_("Code of the institution."))
@click.option("--region", metavar="CODE", help=_("Code of the region, such as 420106."))
@click.option("--base-year", type=click.IntRange(1990, 2100), help=_("An earlier year a region is compared with."))
@_YEAR
@_setting("market_green", MarketGreen, "average")
@_setting("negative", Negative, "zero")
@_setting("gwp", Gwp, "AR5")
@_setting("second_hand", SecondHand, "used")
@click.option("--output", type=click.Path(dir_okay=False, writable=True, path_type=Path),
              help=_("File to write, ending in .docx, .pdf or .xlsx."))  # fmt: skip
@format_option
def report(
    code: str | None,
    region: str | None,
    base_year: int | None,
    year: int,
    output: Path | None,
    format: str,
    **asked: str,
) -> None:
    """The same as the page of the institution's inventory, or of the region."""
    if bool(code) == bool(region):
        die(_("Give either --institution or --region."))
    settings = settings_from(asked)
    if code:
        told, record = _of_institution(code, year, settings)
    else:
        told, record = _of_region(str(region), year, base_year, settings)
    if output is not None:
        _write(told, output)
    elif format == "json":
        click.echo(to_json(record))
    elif format == "csv":
        rows = record["by_source"]
        emit(rows, {key: key for key in (rows[0] if rows else LINES_OF_CSV)}, format)
    else:
        _print_report(told)


def _of_institution(code: str, year: int, settings: Settings) -> tuple[Report, dict[str, Any]]:
    from nengtan.carbon.blocks import institution_report
    from nengtan.carbon.books import institution_inventory
    from nengtan.carbon.telling import institution_record
    from nengtan.identity.access import system_actor
    from nengtan.registry.models import Institution

    body = Institution.objects.select_related("region").filter(code=code).first()
    if body is None:
        die(_("There is no institution with code %(code)s.") % {"code": code})
    found = institution_inventory(system_actor(), body, year, settings)
    return institution_report(found), institution_record(found)


def _of_region(code: str, year: int, base: int | None, settings: Settings) -> tuple[Report, dict[str, Any]]:
    from nengtan.carbon.regional import region_inventory
    from nengtan.carbon.regional_blocks import region_report
    from nengtan.carbon.telling import region_record
    from nengtan.identity.access import system_actor
    from nengtan.registry.models import Region
    from nengtan.registry.regions import near_words

    place = Region.objects.filter(code=code).first()
    if place is None:
        die(_("There is no region with code %(code)s.") % {"code": code} + near_words(code))
    found = region_inventory(system_actor(), place, year, base, settings)
    return region_report(found), region_record(found)


@carbon.command("list", help=_("The statutory inventory of every institution of a region, the largest first."))
@_REGION
@_YEAR
@format_option
def list_totals(region: str, year: int, format: str) -> None:
    """Each as its own report has it."""
    from nengtan.carbon.everybody import names_of, statutory_totals
    from nengtan.identity.access import system_actor
    from nengtan.registry.models import Region

    place = Region.objects.filter(code=region.strip()).first()
    if place is None:
        _no_region(region)
    found = statutory_totals(system_actor(), place, year)
    names = names_of(found)
    rows = [
        {
            "code": names[row.institution][0],
            "name": names[row.institution][1],
            "statutory_t": row.statutory_t,
            "direct_t": row.direct_t,
            "electricity_t": row.electricity_t,
            "heat_t": row.heat_t,
            "missing": " ".join(row.lacking),
        }
        for row in sorted(found, key=lambda row: (-(row.statutory_t or 0), row.institution))
    ]
    figures = ("statutory_t", "direct_t", "electricity_t", "heat_t")
    if format == "table":
        rows = [{**row, **{key: _digits(row[key], 3) for key in figures}} for row in rows]
    emit(rows, words.TOTALS, format)


def _print_report(told: Report) -> None:
    from nengtan.carbon.report import cell_text

    click.echo(told.headline)
    for block in told.blocks:
        click.echo(f"\n{block.heading}")
        heads = {str(at): head.title for at, head in enumerate(block.heads)}
        rows = [
            {str(at): cell_text(cell, block.heads[at]) for at, cell in enumerate(row.cells)} for row in block.rows
        ]  # fmt: skip
        emit(rows, heads, "table")
        for note in block.notes:
            click.echo(note)
    for text in told.remarks:
        click.echo(text, err=True)


LINES_OF_CSV = ("source", "kind", "quantity", "unit", "statutory_t", "extended_t", "market_t")
"""Headings of an inventory without lines."""


def _write(told: Report, output: Path) -> None:
    from django.utils import timezone

    from nengtan.carbon.documents import Format, made
    from nengtan.reporting.report.pango import NoPdf

    ending = output.suffix.lstrip(".").lower()
    if ending not in list(Format):
        die(_("Found “%(found)s”; allowed: a file that ends in .docx, .pdf or .xlsx.") % {"found": output.name})
    try:
        output.write_bytes(made(told, Format(ending), timezone.localdate()))
    except NoPdf as error:
        die(_("This machine cannot make PDF: %(why)s.") % {"why": error})
    click.echo(str(output))


@carbon.command("claim", help=_("Test a claim: so many kilowatt-hours saved or generated are so many tonnes of CO₂."))
@click.option(
    "--kind", required=True, type=click.Choice([str(kind) for kind in ClaimKind]), metavar="CODE",
    help=one_of(_("What the power is."), [(str(code), word) for code, word in words.KINDS.items()]),
)  # fmt: skip
@click.option("--kwh", required=True, metavar="N", help=_("Kilowatt-hours saved or generated."))
@_REGION
@_YEAR
@click.option("--claimed", required=True, metavar="T", help=_("Tonnes of CO₂ claimed."))
@format_option
def claim(kind: str, kwh: str, region: str, year: int, claimed: str, format: str) -> None:
    """The factor it implies, the published ones, the official figure, and which mistake fits."""
    from nengtan.carbon.telling import claim_record

    amounts = _above("--kwh", kwh), _above("--claimed", claimed)
    try:
        found = checked(ClaimKind(kind), *amounts, region.strip(), year)
    except UnknownRegion:
        _no_region(region)
    told = claim_record(found, region)
    if format == "json":
        click.echo(to_json(told))
    elif format == "csv":
        emit_one({key: value for key, value in told.items() if key not in ("official", "nearest")}, format)
    else:
        _print_claim(told)


def _print_claim(told: Mapping[str, Any]) -> None:
    from nengtan.ledger.words import CONFIDENCE, REASONS, source_words

    figures = {key: told[key] for key in words.CLAIM}
    for key, places in (("implied_factor", 4), ("official_t", 1), ("ratio", 3)):
        figures[key] = _digits(figures[key], places)
    for key in ("kwh", "claimed_t"):
        figures[key] = exact(figures[key])
    said = {"kind": words.KINDS.__getitem__, "verdict": words.VERDICTS.__getitem__}
    emit_one(figures, "table", words.CLAIM, said)
    if told["official"]:
        click.echo(f"{told['official']['name']}: {source_words(told['official']['source'])}")
    else:
        click.echo(REASONS[told["reason"]])
    click.echo()
    for one in told["explanations"]:
        click.echo(f"- {one['message']}")
    click.echo()
    emit(
        [row | {"value": exact(row["value"]), "difference": f"{row['difference']:+.1%}"} for row in told["nearest"]],
        words.NEAREST,
        "table",
        {"use": words.USES.__getitem__, "confidence": lambda code: CONFIDENCE[code][1]},
    )


def _above(option: str, text: str) -> Decimal:
    """A number above nought as people write it."""
    try:
        found = number(text)
    except ValueError:
        found = None
    if found is None or not 0 < found <= LARGEST:
        _wrong(option, text, _("a number above 0, at most 10^15"))
    return found


def _chain(region: str) -> tuple[str, ...]:
    """A region and what lies above it."""
    code = region.strip()
    if code not in reference.regions():
        _no_region(region)
    return reference.region_chain(code)


def _no_region(region: str) -> NoReturn:
    from nengtan.registry.regions import near_words

    shipped = {key: row.name_zh for key, row in reference.regions().items()}
    _wrong("--region", region, _("the code of a region"), near_words(region.strip(), shipped))


def _wrong(option: str, found: str, allowed: str, hint: str = "") -> NoReturn:
    values = {"option": option, "found": found[:40], "allowed": allowed}
    die(_("%(option)s: found “%(found)s”; allowed: %(allowed)s.") % values + hint)


commands: list[click.Command] = [carbon]

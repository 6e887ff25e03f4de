"""Taking in files of consumption, and the workbook to fill in."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from django.utils.translation import gettext as _

from nengtan.identity.access import system_actor
from nengtan.ledger.commands.upkeep import region_named
from nengtan.ledger.models import Origin
from nengtan.ledger.services import intake
from nengtan.ledger.wording import result_dict, understood_sheets
from nengtan.registry.commands import target_argument
from nengtan.ui.cli import REFUSED, die, emit, format_option, one_of, progress_bar, reason_of, refuse_file, to_json
from nengtan.ui.sheets import wording
from nengtan.ui.sheets.refused import Refused
from nengtan.ui.sheets.understood import lines, skipped_lines
from nengtan.ui.sheets.wording import MOST_TOLD


@click.command("activity", help=_("Take in a file of bills, meter figures or reports: Excel, OpenDocument or CSV."))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help=_("Say what would happen; store nothing."))
@click.option("--partial", is_flag=True, help=_("Store the good rows although others are refused."))
@click.option("--correct", is_flag=True, help=_("Let rows with other figures replace what is stored."))
@click.option(
    "--origin",
    type=click.Choice(Origin.values),
    metavar="CODE",
    default="bill",
    show_default=True,
    help=one_of(_("Source, where the file names none."), Origin.choices),
)
@click.option("--region", default="", help=_("Code of the region whose institutions the names in the file are."))
@format_option
def import_activity(
    file: Path, dry_run: bool, partial: bool, correct: bool, origin: str, region: str, format: str
) -> int:
    """Exit code 1 when rows were refused and nothing was stored."""
    actor = system_actor()
    on_existing: intake.OnExisting = "correct" if correct else "refuse"
    home = region_named(region) if region else None
    try:
        if file.stat().st_size > intake.limits().max_bytes:
            raise Refused("too_large", str(file.stat().st_size), str(intake.limits().max_bytes))
        content = file.read_bytes()
        if dry_run:
            result = intake.preview_result(
                intake.check_file(actor, file.name, content, origin=origin, region=home), on_existing
            )
        else:
            with progress_bar(_("Importing")) as step:
                result = intake.import_file(
                    actor,
                    file.name,
                    content,
                    origin=origin,
                    partial=partial,
                    on_existing=on_existing,
                    progress=step,
                    region=home,
                )
    except Refused as refused:
        return refuse_file(file, refused, format, ("accepted", "rejected", "unchanged", "facts", "errors_omitted"))
    _print(result, dry_run, format)
    return REFUSED if result.errors and not (result.stored or (dry_run and partial and result.facts)) else 0


def _print(result: intake.Result, dry_run: bool, format: str) -> None:
    errors = [wording.told(problem) for problem in result.errors[:MOST_TOLD]]
    if format == "json":
        click.echo(to_json(result_dict(result, dry_run)))
        return
    columns = {
        "sheet": _("Sheet"), "place": _("Cell"), "label": _("Column"), "found": _("Found"), "allowed": _("Allowed"),
        "message": _("What is wrong"),
    }  # fmt: skip
    if errors or format == "csv":
        emit(errors, columns, format)
    if len(result.errors) > MOST_TOLD:
        click.echo(wording.omitted(len(result.errors)), err=True)
    for problem in result.notes:
        click.echo(f"{problem.place or problem.sheet}: {wording.message(problem)}", err=True)
    for line in (*lines(understood_sheets(result.sheets)), *skipped_lines(result.skipped)):
        click.echo(line, err=True)
    click.echo(_summary(result, dry_run), err=format == "csv")


def _summary(result: intake.Result, dry_run: bool) -> str:
    values = {"accepted": result.accepted, "rejected": result.rejected, "unchanged": result.unchanged}
    counts = _("%(accepted)s rows accepted, %(rejected)s refused, %(unchanged)s already known.") % values
    if dry_run:
        return counts + " " + _("Nothing was stored (dry run).")
    if result.stored:
        return counts
    return (
        counts + " " + _("Nothing was stored; mend the rows, or take the good ones with --partial.")
        if result.errors
        else counts
    )


@click.command("activity", help=_("Write the workbook for bills and figures."))
@target_argument
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help=_("Where to write it; “-” for standard output."),
)
def template_activity(file: Path | None, output: Path | None) -> None:
    """An .xlsx with drop-downs, hints and an example."""
    target = file or output or Path(_("consumption-template") + ".xlsx")
    content = intake.template(system_actor())
    if str(target) == "-":
        sys.stdout.buffer.write(content)
        return
    try:
        target.write_bytes(content)
    except OSError as error:
        die(_("%(path)s cannot be written: %(error)s") % {"path": target, "error": reason_of(error)})
    click.echo(_("Written: %(path)s") % {"path": target})

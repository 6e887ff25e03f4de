"""Returns as workbooks at the console: ``nengtan returns export``, ``template`` and ``fill --file``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nengtan.domain.returns import slots
from nengtan.reporting.asking import period_option, read_period, region_named, return_of
from nengtan.ui.cli import REFUSED, die, emit, progress_bar, reason_of, to_json

if TYPE_CHECKING:
    from nengtan.reporting.services.workbooks import FilePlan, FileResult

CHANGE_COLUMNS = {
    "code": gettext_lazy("Code"),
    "institution": gettext_lazy("Institution"),
    "period": gettext_lazy("Period"),
    "label": gettext_lazy("Cell"),
    "unit": gettext_lazy("Unit"),
    "before": gettext_lazy("Before"),
    "after": gettext_lazy("After"),
    "sheet": gettext_lazy("Sheet"),
    "place": gettext_lazy("In the file"),
}
ERROR_COLUMNS = {
    "sheet": gettext_lazy("Sheet"),
    "place": gettext_lazy("In the file"),
    "label": gettext_lazy("Cell"),
    "found": gettext_lazy("Found"),
    "allowed": gettext_lazy("Allowed"),
    "message": gettext_lazy("What is wrong"),
}

output_argument = click.argument("output", type=click.Path(dir_okay=False, path_type=Path))
form_option = click.option(
    "--form", "forms", type=click.IntRange(1, 8), multiple=True, help=_("Only this form; may repeat.")
)


@click.command(
    "export", help=_("Write the forms in official layout, filled in: 1 to 4 of an institution, 5 to 8 of a region.")
)
@click.option("--institution", metavar="CODE", help=_("Code of the institution."))
@click.option("--region", metavar="CODE", help=_("Code of the region."))
@period_option
@form_option
@output_argument
def export(
    institution: str | None, region: str | None, period: slots.Slot, forms: tuple[int, ...], output: Path
) -> None:
    """Forms 1 to 4 with ``--region`` are those of every institution, one after the other."""
    from nengtan.identity.access import system_actor
    from nengtan.reporting.queries import returns_of
    from nengtan.reporting.services import workbooks

    if (institution is None) == (region is None):
        die(_("Name either --institution or --region."))
    actor = system_actor()
    summaries = [form for form in forms if form in workbooks.SUMMARY_FORMS]
    if summaries and (institution is not None or len(summaries) < len(forms)):
        die(_("Forms 5 to 8 are those of a region, and stand in a workbook of their own."))
    if institution is not None:
        content = workbooks.forms_of_returns(actor, [return_of(institution, period)], forms or workbooks.BASE_FORMS)
    elif forms and not summaries:
        held = list(returns_of(actor, region_named(region or ""), period).select_related("superior")) or _nobody(
            region, period
        )
        with progress_bar(_("Drawing the forms")) as step:
            content = workbooks.forms_of_returns(actor, held, forms, step)
    else:
        content = workbooks.forms_of_region(actor, region_named(region or ""), period, forms or workbooks.SUMMARY_FORMS)
    _write(output, content)


@click.command(
    "template",
    help=_("Write a workbook to fill in: a row for each return of a region, or the empty forms of an edition."),
)
@click.option("--region", metavar="CODE", help=_("Code of the region."))
@click.option("--period", callback=read_period, help=_("2025-00 is a year, 2025-03 a month, 2025-Q1 a quarter."))
@click.option("--edition", help=_("Edition of the scheme the empty forms are of."))
@output_argument
def template(region: str | None, period: slots.Slot | None, edition: str | None, output: Path) -> None:
    """The rows are filled in with what is known; ``nengtan returns fill --file`` takes them back."""
    from nengtan.identity.access import system_actor
    from nengtan.reference import scheme
    from nengtan.reporting.queries import returns_of
    from nengtan.reporting.services import workbooks

    if (edition is None) == (region is None) or (region is None) != (period is None):
        die(_("Name either --region with --period, or --edition."))
    if edition is not None:
        if edition not in scheme.editions():
            die(
                _("Unknown edition “%(found)s”; allowed: %(allowed)s.")
                % {"found": edition, "allowed": " ".join(scheme.editions())}
            )
        content = workbooks.blank(scheme.edition(edition))
    elif period is not None:
        actor = system_actor()
        held = list(returns_of(actor, region_named(region or ""), period)) or _nobody(region, period)
        with progress_bar(_("Writing the rows")) as step:
            content = workbooks.rows_of_returns(actor, held, step)
    _write(output, content)


def _nobody(region: str | None, period: slots.Slot) -> NoReturn:
    die(_("No returns of %(period)s in “%(code)s”; open the period first.") % {"code": region, "period": period})


def _write(output: Path, content: bytes) -> None:
    """The file, or its bytes to the next program for ``-``."""
    if str(output) == "-":
        sys.stdout.buffer.write(content)
        return
    try:
        output.write_bytes(content)
    except OSError as error:
        die(_("%(path)s cannot be written: %(error)s") % {"path": output, "error": reason_of(error)})
    click.echo(_("Written: %(path)s") % {"path": output})


def file_options(command: Any) -> Any:
    """How a workbook is taken in."""
    for option in (
        click.option(
            "--overwrite", is_flag=True, help=_("Let the file's figure stand where a cell was changed meanwhile.")
        ),
        click.option("--partial", is_flag=True, help=_("Store the good returns although others are refused.")),
        click.option("--dry-run", is_flag=True, help=_("Say what would happen; store nothing.")),
        click.option(
            "--file", type=click.Path(exists=True, dir_okay=False, path_type=Path),
            help=_("Workbook of one return or of many: forms, or a row for each return."),
        ),
    ):  # fmt: skip
        command = option(command)
    return command


def take_file(file: Path, dry_run: bool, partial: bool, overwrite: bool, format: str) -> int:
    """Take a workbook in, or say what would happen; exit code 1 when it was refused."""
    from nengtan.identity.access import system_actor
    from nengtan.reporting.services import workbooks
    from nengtan.ui.sheets import wording
    from nengtan.ui.sheets.refused import Refused

    actor, plan = system_actor(), None
    try:
        if file.stat().st_size > workbooks.limits().max_bytes:
            raise Refused("too_large", str(file.stat().st_size), str(workbooks.limits().max_bytes))
        content = file.read_bytes()
        if dry_run:
            plan = workbooks.check_file(actor, file.name, content)
            result = workbooks.preview_result(plan, partial, overwrite)
        else:
            with progress_bar(_("Taking the returns in")) as step:
                result = workbooks.take_file(
                    actor, file.name, content, partial=partial, overwrite=overwrite, progress=step
                )
    except Refused as refused:
        die(f"{file.name}: {wording.refusal(refused)}", REFUSED)
    _tell(result, plan, format)
    return REFUSED if result.errors and not result.changed else 0


def _tell(result: FileResult, plan: FilePlan | None, format: str) -> None:
    from nengtan.reporting.workbook_wording import counted, result_dict, said

    told = result_dict(result, plan, dry_run=plan is not None)
    if format == "json":
        click.echo(to_json(told))
        return
    if plan is not None:
        emit(told["changes"], CHANGE_COLUMNS, format)
    if told["errors"]:
        emit(told["errors"], ERROR_COLUMNS, format)
    for note in told["notes"]:
        where = note["place"] or note["sheet"]
        click.echo(f"{where}: {note['message']}" if where else note["message"], err=True)
    words = f"{counted(result)} {_('Nothing was stored (dry run).')}" if plan is not None else said(result)
    click.echo(words, err=format == "csv")

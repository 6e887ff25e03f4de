"""Returns at the console: ``nengtan returns …``."""

from __future__ import annotations

import sys
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nengtan.domain.returns import slots, steps
from nengtan.domain.returns.review.rules import Severity
from nengtan.reference import scheme
from nengtan.reporting.asking import (
    institution_option,
    period_option,
    read_period,
    region_named,
    region_option,
    return_of,
)
from nengtan.reporting.header_commands import headers
from nengtan.reporting.managing import cycles, deadlines, due, extend, handin, jointreview, rollup, spotcheck
from nengtan.reporting.report_commands import naming, publish, report
from nengtan.reporting.rule_commands import rules
from nengtan.reporting.wording import severity_word
from nengtan.reporting.workbook_commands import export, file_options, take_file, template
from nengtan.ui.cli import REFUSED, Words, die, emit, emit_one, format_option, one_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nengtan.domain.returns.review.rules import Rule
    from nengtan.domain.returns.scheme import Edition
    from nengtan.domain.returns.sheet import ReturnSheet
    from nengtan.reporting.models import Return
    from nengtan.reporting.services import CellChange
    from nengtan.reporting.services.sheets import SheetReview

STATUS_COLUMNS = {
    "institution": gettext_lazy("Institution"),
    "code": gettext_lazy("Code"),
    "period": gettext_lazy("Period"),
    "state": gettext_lazy("State"),
    "due_on": gettext_lazy("Due on"),
    "late": gettext_lazy("Late"),
    "closed": gettext_lazy("Closed"),
}
FINDING_COLUMNS = {
    "institution": gettext_lazy("Institution"),
    "period": gettext_lazy("Period"),
    "rule": gettext_lazy("Rule"),
    "severity": gettext_lazy("Severity"),
    "cell": gettext_lazy("Cell"),
    "found": gettext_lazy("Found"),
    "expected": gettext_lazy("Expected"),
    "message": gettext_lazy("What was found"),
}
FINDING_WORDS: Words = {"severity": lambda code: severity_word(Severity(code))}
DONE_HEADINGS = {
    "region": gettext_lazy("Region"),
    "institution": gettext_lazy("Institution"),
    "period": gettext_lazy("Period"),
    "opened": gettext_lazy("Returns opened"),
    "approved": gettext_lazy("Returns approved"),
    "state": gettext_lazy("State"),
    "stored": gettext_lazy("Cells stored"),
    "same": gettext_lazy("Cells unchanged"),
    "conflicts": gettext_lazy("Cells changed by others meanwhile"),
}


@click.group("returns", help=_("Returns of the statistical survey: open, fill in, review, pass on."))
def returns() -> None:
    """Everything that can be done with returns."""


@returns.command("open", help=_("Open a period: every institution of the region owes a return, filled in from bills."))
@region_option
@period_option
@format_option
def open_period(region: str, period: slots.Slot, format: str) -> None:
    """Asked again, it opens what is missing."""
    from nengtan.identity.access import system_actor
    from nengtan.reporting.services import open_returns

    count = open_returns(system_actor(), region_named(region), period)
    emit_one({"region": region, "period": str(period), "opened": count}, format, DONE_HEADINGS)


@returns.command("status", help=_("Who has reported, who has not, who is late."))
@region_option
@period_option
@format_option
def status(region: str, period: slots.Slot, format: str) -> None:
    """One line a return."""
    from nengtan.identity.access import system_actor
    from nengtan.reporting.closing import closed_short
    from nengtan.reporting.lateness import is_overdue
    from nengtan.reporting.queries import returns_of

    emit(
        [
            {
                "institution": item.institution.name, "code": item.institution.code, "period": str(item.period),
                "state": item.get_state_display() if format == "table" else item.state, "due_on": item.due_on,
                "late": (_("late") if is_overdue(item) else "") if format == "table" else is_overdue(item),
                "closed": closed_short(item) if format == "table" else item.institution.closed_on,
                "months_owed": len(item.months_owed),
            }
            for item in returns_of(system_actor(), region_named(region), period)
        ],
        STATUS_COLUMNS,
        format,
    )  # fmt: skip


@returns.command(
    "fill",
    help=_(
        "Write cells of a return (INDICATOR=VALUE, empty for unknown; ROOM.INDICATOR=VALUE), or take a workbook in."
    ),
)
@click.option("--institution", metavar="CODE", help=_("Code of the institution."))
@click.option("--period", callback=read_period, help=_("2025-00 is a year, 2025-03 a month, 2025-Q1 a quarter."))
@click.argument("cells", nargs=-1, metavar="INDICATOR=VALUE…")
@file_options
@format_option
def fill(
    institution: str | None, period: slots.Slot | None, cells: tuple[str, ...], file: Path | None, dry_run: bool,
    partial: bool, overwrite: bool, format: str,
) -> int:  # fmt: skip
    """Exit code 1 where a cell was changed by somebody else meanwhile, or a file was not taken."""
    from nengtan.identity.access import system_actor
    from nengtan.reporting.services import save_cells

    if file is not None and institution is None and period is None and not cells:
        return take_file(file, dry_run, partial, overwrite, format)
    if file is not None or institution is None or period is None or not cells:
        die(_("Name either --file, or --institution, --period and cells."))
    of = return_of(institution, period)
    seen = {(value.record, value.indicator): value.version for value in of.values.all()}
    saved = save_cells(system_actor(), of, [_cell(text, seen, scheme.edition(of.edition)) for text in cells])
    told = {"stored": len(saved.stored), "same": saved.same, "conflicts": len(saved.conflicts)}
    emit_one(told, format, DONE_HEADINGS)
    return REFUSED if saved.conflicts else 0


@returns.command("submit", help=_("Submit a return; errors and values not explained hold it back."))
@institution_option
@period_option
@format_option
def submit(institution: str, period: slots.Slot, format: str) -> None:
    """The first step; the heads sign on their pages."""
    _step(institution, period, steps.Action.SUBMIT, "", format)


@returns.command("step", help=_("Take a return one step on: submit, pass, send_back, approve, reopen."))
@click.option("--institution", metavar="CODE", help=_("Code of the institution."))
@click.option("--region", metavar="CODE",
              help=_("Approve every return of the region that is reported and in order, instead of one."))  # fmt: skip
@period_option
@click.argument("action", type=click.Choice([str(item) for item in steps.Action if item is not steps.Action.ENTER]))
@click.option("--reason", default="", help=_("Why; needed to send back and to reopen."))
@click.option(
    "--again-by", type=click.DateTime(["%Y-%m-%d"]), help=_("The day a return sent back is to be handed in again by.")
)
@format_option
def step(
    institution: str | None, region: str | None, period: slots.Slot, action: str, reason: str,
    again_by: datetime | None, format: str,
) -> None:  # fmt: skip
    """Refused with the reason where it cannot be taken; what people sign is not signed here."""
    if institution is not None and region is None:
        _step(institution, period, steps.Action(action), reason, format, again_by.date() if again_by else None)
    elif region is None or institution is not None:
        die(_("Name either --institution or --region."))
    elif action != steps.Action.APPROVE:
        die(_("Only approve is taken for all of a region."))
    else:
        _approve_in_order(region, period, format)


def _approve_in_order(region: str, period: slots.Slot, format: str) -> None:
    """All or none, as on the workbench."""
    from nengtan.identity.access import system_actor
    from nengtan.reporting.queries.bench import Bench
    from nengtan.reporting.services import NotAll, take_steps

    actor, place = system_actor(), region_named(region)
    ready = [row.of for row in Bench(actor, place, period).in_order]
    try:
        done = take_steps(actor, ready, steps.Action.APPROVE)
    except NotAll as error:
        refused = (f"{item.of.institution.code}: {item.refused}" for item in error.outcomes if item.refused)
        die("\n".join([str(error), *refused]))
    emit_one({"region": region, "period": str(period), "approved": len(done)}, format, DONE_HEADINGS)


def _step(
    institution: str, period: slots.Slot, action: steps.Action, reason: str, format: str, again_by: date | None = None
) -> None:
    from nengtan.identity.access import system_actor
    from nengtan.reporting.services import take_step

    of = return_of(institution, period)
    try:
        take_step(system_actor(), of, action, reason, again_by)
    except ValidationError as error:
        _tell_what_holds(of)
        die(" ".join(error.messages))
    words: Words = {"state": lambda _code: of.get_state_display()}
    emit_one({"institution": institution, "period": str(period), "state": of.state}, format, DONE_HEADINGS, words)


def _tell_what_holds(of: Return) -> None:
    """Where a return stands, whose turn it is, and the findings that hold it back, to standard error."""
    from nengtan.reporting.filling import fill_in
    from nengtan.reporting.wording import message_of, next_word

    waits = next_word(of.state)
    words = _("The return is “%(state)s”. Next: %(next)s") if waits else _("The return is “%(state)s”.")
    click.echo(words % {"state": of.get_state_display(), "next": waits}, err=True)
    for said in fill_in(of).findings:
        if not said.settled and said.finding.severity is not Severity.INFORM:
            word = severity_word(said.finding.severity)
            click.echo(f"{said.finding.rule} {word}: {message_of(of, said.finding)}", err=True)


@returns.command("review", help=_("Hold returns against the rules: those of a region, or those of a file."))
@click.option("--file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help=_("Excel or CSV."))
@click.option("--edition", help=one_of(_("Edition of the scheme the file is of."), scheme.editions()))
@click.option("--region", metavar="CODE", help=_("Code of the region."))
@click.option("--period", callback=read_period, help=_("2025-00 is a year, 2025-03 a month, 2025-Q1 a quarter."))
@format_option
def review(file: Path | None, edition: str | None, region: str | None, period: slots.Slot | None, format: str) -> None:
    """A file is reviewed by itself, without a database; exit code 2 where a row or a column of it could not be."""
    if (
        (file is None) == (region is None)
        or (file is None) != (edition is None)
        or (region is None) != (period is None)
    ):
        die(_("Name either --file with --edition, or --region with --period."))
    if file is not None:
        found, whole = _of_file(file, edition or "")
        emit(found, FINDING_COLUMNS, format, FINDING_WORDS)
        if not whole:
            sys.exit(2)
    elif period is not None:
        emit(_of_region(region or "", period), FINDING_COLUMNS, format, FINDING_WORDS)


def _of_file(file: Path, edition: str) -> tuple[list[dict[str, object]], bool]:
    """What was found in a file, and whether all of it could be reviewed."""
    from nengtan.domain.returns.sheet import SheetError
    from nengtan.reporting.services.sheets import SheetReview, read_file
    from nengtan.reporting.wording import told
    from nengtan.ui.sheets import wording
    from nengtan.ui.sheets.refused import Refused

    if edition not in scheme.editions():
        die(_("Unknown edition “%(found)s”; allowed: %(allowed)s.") % {
            "found": edition, "allowed": " ".join(scheme.editions()),
        })  # fmt: skip
    of = scheme.edition(edition)
    try:
        sheet = read_file(file.name, file.read_bytes(), of)
    except Refused as refused:
        die(f"{file.name}: {wording.refusal(refused)}")
    except SheetError as error:
        words = _SHEET_FAULTS.get(error.code, _SHEET_FAULTS["no_headings"])
        where = {"file": file.name, "sheet": error.sheet, "found": error.found, "allowed": error.allowed}
        die(str(words) % where)
    _tell_left_out(sheet, of)
    reviewed = SheetReview(sheet, of)
    _tell_not_run(reviewed)
    names = {typed.institution: typed.name for typed in sheet.rows if typed.name}
    labels = {typed.institution: typed.label or typed.institution for typed in sheet.rows}
    found = [
        told(finding, of, labels[str(finding.institution)], names.get(str(finding.institution), ""))
        for finding in reviewed.findings()
        if not (finding.cell.indicator in sheet.refused and finding.check in ("number", "room_number"))
    ]
    unread = [*_headings_unknown(sheet), *_columns_unread(sheet, of), *_rows_unread(sheet)]
    once = {tuple(item.items()): item for item in found}  # of doubles each says the same
    return [*unread, *once.values()], not unread


def _headings_unknown(sheet: ReturnSheet) -> list[dict[str, object]]:
    """A heading that is none of the scheme above a column that holds something: refused at import as well."""
    from nengtan.ui.sheets import wording

    return [
        _unread("", "", "L01", problem.place, problem.found, wording.allowed(problem), wording.message(problem))
        for problem in sheet.unknown
    ]


def _columns_unread(sheet: ReturnSheet, edition: Edition) -> list[dict[str, object]]:
    """A column whose heading states a unit its figures cannot be given in: one line a column, not one a row."""
    from nengtan.reporting.wording import line_unit
    from nengtan.ui.sheets.wording import unit_name

    words = _("The heading “%(heading)s” states the unit “%(unit)s”, allowed: %(allowed)s. Its %(count)s figures were "
              "not reviewed.")  # fmt: skip
    return [
        _unread("", "", "L01", key, unit_name(refused.unit), line_unit(edition.indicators[key]), words % {
            "heading": refused.heading, "unit": unit_name(refused.unit), "count": refused.figures,
            "allowed": line_unit(edition.indicators[key]),
        })
        for key, refused in sheet.refused.items()
    ]  # fmt: skip


def _rows_unread(sheet: ReturnSheet) -> list[dict[str, object]]:
    """A row whose period is none."""
    from nengtan.reporting.wording import of_body

    words = _("Row %(row)s: “%(found)s” is no period; the row was not reviewed.")
    wanted = _("2025-00 is a year, 2025-03 a month, 2025-Q1 a quarter.")
    return [
        _unread(row.institution, row.period, "L14", "period", row.period, wanted,
                of_body(row.name, words % {"row": row.row, "found": row.period}))
        for row in sheet.unread
    ]  # fmt: skip


def _unread(
    institution: str, period: str, rule: str, cell: str, found: str, expected: str, message: str
) -> dict[str, object]:
    return {
        "institution": institution, "period": period, "rule": rule, "severity": str(Severity.BLOCK), "cell": cell,
        "found": found, "expected": expected, "message": message,
    }  # fmt: skip


_SHEET_FAULTS = {
    "no_headings": gettext_lazy(
        "%(file)s: no headings of returns in “%(found)s”; wanted: institution (or its code), period, and indicators by"
        " name, code or key, such as elec_qty; or the forms as the platform draws them."
    ),
    "blank_unnamed": gettext_lazy(
        "%(file)s: the empty form “%(sheet)s” does not say at its top whose it is and of which period (found"
        " “%(found)s”; allowed: 2025-00, 2025-03, 2025-Q1)."
    ),
    "no_period_heading": gettext_lazy("%(file)s: the sheet “%(found)s” has no column of periods."),
    "no_institution_heading": gettext_lazy("%(file)s: the sheet “%(found)s” has no column of institutions."),
    "heading_twice": gettext_lazy("%(file)s: the heading “%(found)s” stands twice."),
    "wrong_edition": gettext_lazy(
        "%(file)s: the sheet “%(sheet)s” is of edition %(found)s, not of edition %(allowed)s. Review it with"
        " --edition %(found)s, or copy the figures into the forms of edition %(allowed)s"
        " (nengtan returns template --edition %(allowed)s)."
    ),
}


def _tell_left_out(sheet: ReturnSheet, edition: Edition) -> None:
    """What a file holds that is not reviewed, or was converted, goes to standard error: the findings stay clean."""
    from nengtan.reporting.services.sheets import years_of_others
    from nengtan.ui.sheets.wording import unit_name
    from nengtan.ui.words import named

    for key, unit in sheet.units.items():
        line = edition.indicators[key]
        words = _("“%(found)s” is given in %(unit)s in the file and was converted to %(allowed)s.") % {
            "found": named(line), "unit": unit_name(unit), "allowed": unit_name(line.unit),
        }  # fmt: skip
        click.echo(words, err=True)
    for code, years in years_of_others(sheet, edition).items():
        words = _("Returns of %(years)s are asked for in edition %(found)s; they were held against edition %(asked)s.")
        click.echo(words % {"years": ", ".join(map(str, years)), "found": code, "asked": edition.code}, err=True)
    for heading in sheet.ignored:
        words = _("“%(found)s” is nothing this edition asks for and was left out.") % {"found": heading}
        click.echo(words, err=True)


def _tell_not_run(reviewed: SheetReview) -> None:
    """The rules that could not be asked go to standard error, so that silence is not taken for consent."""
    from nengtan.reporting.catalogue import title_of

    rules = _("; ").join(f"{rule.id} {title_of(rule)}" for rule in reviewed.not_run())
    if rules:
        words = _("Rules not run, for the file does not hold what they compare with: %(rules)s.") % {"rules": rules}
        click.echo(words, err=True)
    _tell_lacking(reviewed.lacking())


def _tell_lacking(lacking: Sequence[Rule]) -> None:
    """The rules that hold returns against quotas where none is known go to standard error as well."""
    from nengtan.reporting.catalogue import no_quota_words

    if lacking:
        click.echo(no_quota_words(lacking), err=True)


def _of_region(region: str, period: slots.Slot) -> list[dict[str, object]]:
    from nengtan.identity.access import system_actor
    from nengtan.ledger.services import bulk
    from nengtan.reporting.queries import returns_of
    from nengtan.reporting.services import review as review_returns
    from nengtan.reporting.services.reviewing import lacking_quota
    from nengtan.reporting.wording import told

    found: list[dict[str, object]] = []
    held = list(returns_of(system_actor(), region_named(region), period))
    _tell_lacking(lacking_quota(held))
    for chunk in bulk.chunks(held):
        findings = review_returns(chunk)
        found += [
            told(finding, scheme.edition(item.edition), item.institution.code, item.institution.name)
            for item in chunk
            for finding in findings[item.pk]
        ]
    return found


def _cell(text: str, seen: dict[tuple[str, str], int], edition: Edition) -> CellChange:
    """``INDICATOR=VALUE``, the indicator by key, code or name; of two forms that share a name the first is meant."""
    from decimal import Decimal, InvalidOperation

    from nengtan.reporting.services import CellChange

    name, sign, value = text.partition("=")
    record, _dot, told = name.rpartition(".")
    lines = [line for line in edition.indicators.values() if line.is_entered]
    indicator = next((line.key for line in lines if told in (line.key, line.base_code, line.name_zh)), told)
    try:
        number = Decimal(value) if value.strip() else None
    except InvalidOperation:
        sign = ""
    if not sign:
        die(_("Found “%(found)s”; allowed: INDICATOR=VALUE.") % {"found": text})
    return CellChange(indicator, number, seen.get((record, indicator), 0), record)


_OTHERS = (
    cycles, deadlines, due, export, extend, handin, headers, jointreview, naming, publish, report, rollup, rules,
    spotcheck, template,
)  # fmt: skip
for _command in _OTHERS:
    returns.add_command(_command)

commands: list[click.Command] = [returns]

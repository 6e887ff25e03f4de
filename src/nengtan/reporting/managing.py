"""What departments do with returns at the console: roll-up, spot check, joint review, due days, cycles, reminders."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import click
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nengtan.domain.returns import slots
from nengtan.domain.returns.scheme import Indicator, Task
from nengtan.reference import scheme
from nengtan.reporting.asking import institution_option, period_option, region_named, region_option, return_of
from nengtan.ui.cli import Words, die, emit, emit_one, format_option

if TYPE_CHECKING:
    from nengtan.registry.models import Region
    from nengtan.reporting.models import SpotCheck

SAMPLED_COLUMNS = {
    "code": gettext_lazy("Code"),
    "institution": gettext_lazy("Institution"),
    "type": gettext_lazy("Type"),
    "assigned_to": gettext_lazy("Assigned to"),
    "outcome": gettext_lazy("Outcome"),
    "findings": gettext_lazy("Findings"),
    "checked_on": gettext_lazy("Checked on"),
}
EXTENSION_COLUMNS = {
    "until": gettext_lazy("Due on"),
    "reason": gettext_lazy("Reason"),
    "by": gettext_lazy("by"),
    "at": gettext_lazy("at"),
}
CYCLE_HEADINGS = {
    "region": gettext_lazy("Region"),
    "set_by": gettext_lazy("Set by region"),
    "opens_months": gettext_lazy("open months by themselves"),
    "opens_quarters": gettext_lazy("open quarters by themselves"),
    "opens_years": gettext_lazy("open years by themselves"),
    "remind_days": gettext_lazy("remind so many days before"),
    "escalate_days": gettext_lazy("tell the level above after so many days late"),
    "spot_share": gettext_lazy("share to check on the spot [%]"),
}
REGION_REPORT_COLUMNS = {
    "region": gettext_lazy("Region"),
    "period": gettext_lazy("Period"),
    "state": gettext_lazy("State"),
    "approved": gettext_lazy("Returns approved"),
    "owed": gettext_lazy("Returns owed"),
    "reported_at": gettext_lazy("Reported at"),
    "decided_at": gettext_lazy("Decided at"),
    "note": gettext_lazy("Remark"),
    "reason": gettext_lazy("Reason"),
}
ROLLUP_COLUMNS = {
    "head": gettext_lazy("Row or column"),
    "coverage": gettext_lazy("Approved / owed"),
    "indicator": gettext_lazy("Indicator"),
    "value": gettext_lazy("Value"),
}


def _task(code: str) -> str:
    from nengtan.reporting.models.cycles import TASKS

    return str(dict(TASKS)[Task(code)])


def _report_state(code: str) -> str:
    from nengtan.reporting.models import RegionReport

    return str(RegionReport.State(code).label)


REGION_REPORT_WORDS: Words = {"state": _report_state}
DUE_WORDS: Words = {"task": _task, "verified": lambda held: _("yes") if held else _("no")}
DUE_COLUMNS = {
    "due_on": gettext_lazy("Due on"),
    "period": gettext_lazy("Period"),
    "task": gettext_lazy("What is due"),
    "region": gettext_lazy("Region"),
    "document": gettext_lazy("Document or source"),
    "verified": gettext_lazy("Settled by an authority"),
}


def _line(line: Indicator) -> str:
    from nengtan.reporting.wording import line_unit
    from nengtan.ui.words import named

    return _("%(name)s (%(unit)s)") % {"name": named(line), "unit": line_unit(line)}


@click.command("rollup", help=_("Forms 5 to 8 of a region, added up from its approved returns."))
@region_option
@period_option
@click.option("--form", type=click.IntRange(5, 8), default=5, show_default=True, help=_("Which of the forms."))
@click.option(
    "--by", type=click.Choice(["region", "system", "superior"]), default="region", show_default=True,
    help=_("What the rows of form 5 are."),
)  # fmt: skip
@format_option
def rollup(region: str, period: slots.Slot, form: int, by: str, format: str) -> None:
    """A line a figure as a table; one record as JSON."""
    from nengtan.identity.access import system_actor
    from nengtan.reporting.api.rollup import rollup_dict
    from nengtan.reporting.queries.rollup import Rollup

    found = rollup_dict(Rollup(system_actor(), region_named(region), period, by), form)
    if format == "json":
        emit_one(found, format)
        return
    edition = scheme.edition(found["edition"])
    lines = [
        {
            "head": head["name"],
            "coverage": f"{head['approved']}/{head['owed']}",
            "value": value,
            "indicator": _line(edition.indicators[indicator]) if format == "table" else indicator,
        }
        for head in found["heads"]
        for indicator, value in head["values"].items()
        if value is not None
    ]
    emit(lines, ROLLUP_COLUMNS, format)


@click.command(
    "handin",
    help=_("A region's own return to the level above: list it, hand it in, or decide on it there."),
)
@region_option
@period_option
@click.option("--submit", is_flag=True, help=_("Hand forms 5 to 8 in as they add up now."))
@click.option("--approve", is_flag=True, help=_("Approve what is handed in."))
@click.option("--send-back", is_flag=True, help=_("Send it back, with --reason."))
@click.option("--note", default="", help=_("Remark to the level above."))
@click.option("--reason", default="", help=_("Why."))
@format_option
def handin(
    region: str, period: slots.Slot, submit: bool, approve: bool, send_back: bool, note: str, reason: str, format: str
) -> None:
    """What was handed in and sent back stays listed, the latest first."""
    from nengtan.identity.access import system_actor
    from nengtan.reporting.api.rollup import region_report_dict
    from nengtan.reporting.models import RegionReport
    from nengtan.reporting.services import summaries

    place, actor = region_named(region), system_actor()
    if submit + approve + send_back > 1 or (note and not submit) or (reason and not send_back):
        die(_("Name one of --submit (with --note), --approve and --send-back (with --reason)."))
    held = RegionReport.objects.filter(region=place, year=period.year, slot=period.number, kind=period.kind)
    try:
        if submit:
            summaries.report_up(actor, place, period, note)
        elif approve or send_back:
            summaries.decide(actor, held.first() or die(_("Nothing of this period is handed in.")), approve, reason)
    except ValidationError as error:
        die(" ".join(error.messages))
    rows = held.select_related("region", "reported_by", "decided_by")
    emit([region_report_dict(row) for row in rows], REGION_REPORT_COLUMNS, format, REGION_REPORT_WORDS)


@click.command(
    "spotcheck",
    help=_("The yearly spot check: draw it, list it, or write down with --institution who checks and what was found."),
)
@region_option
@click.option("--year", type=click.IntRange(1990, 2199), required=True, help=_("Year of the returns."))
@click.option("--draw", "drawing", is_flag=True, help=_("Draw the sample; once a year."))
@click.option("--share", type=str, default=None, metavar="PERCENT", help=_("Share of each type, in percent."))
@click.option("--seed", default="", help=_("Seed of the draw; region and year unless given."))
@click.option("--institution", "codes", multiple=True, metavar="CODE",
              help=_("An institution that was drawn; may be given several times."))  # fmt: skip
@click.option("--assign", metavar="USER", help=_("Who checks it, by user name; empty for nobody."))
@click.option("--outcome", type=click.Choice(["agrees", "corrected", "refused"]), help=_("What the check came to."))
@click.option("--findings", default="", help=_("What was found; needed unless it agrees."))
@click.option("--on", "on", type=click.DateTime(["%Y-%m-%d"]), help=_("Day of the check; today unless given."))
@format_option
def spotcheck(
    region: str, year: int, drawing: bool, share: str | None, seed: str, codes: tuple[str, ...], assign: str | None,
    outcome: str | None, findings: str, on: datetime | None, format: str,
) -> None:  # fmt: skip
    """Drawn once; asked again it lists."""
    from nengtan.reporting.models import SpotCheck

    place = region_named(region)
    if bool(codes) != (assign is not None or outcome is not None) or (outcome is None and (findings or on)):
        die(_("Name --institution with --assign or --outcome."))
    if drawing:
        _draw(place, year, share, seed)
    check = SpotCheck.objects.filter(region=place, year=year).first()
    if check is None:
        die(_("No sample of %(year)s is drawn here; draw it with --draw.") % {"year": year})
    if codes:
        _write_down(check, codes, assign, outcome, findings, on.date() if on else None)
    rows = check.sampled.select_related("institution", "assigned_to")
    emit(
        [
            {
                "code": row.institution.code, "institution": row.institution.name, "type": row.institution_kind,
                "assigned_to": row.assigned_to.username if row.assigned_to else "",
                "outcome": str(row.get_outcome_display()) if format == "table" else row.outcome,
                "findings": row.findings, "checked_on": row.checked_on,
            }
            for row in rows
        ],
        SAMPLED_COLUMNS, format,
    )  # fmt: skip


def _draw(place: Region, year: int, share: str | None, seed: str) -> None:
    from nengtan.identity.access import system_actor
    from nengtan.reporting.services.checks import draw

    try:
        draw(system_actor(), place, year, None if share is None else _percent(share), seed)
    except ValidationError as error:
        die(" ".join(error.messages))


def _percent(text: str) -> Decimal:
    try:
        return Decimal(text)
    except ArithmeticError:
        die(_("Found “%(found)s”; a number such as 5 is allowed.") % {"found": text})


def _write_down(
    check: SpotCheck, codes: tuple[str, ...], assign: str | None, outcome: str | None, findings: str, on: date | None
) -> None:
    """Who checks, or what was found, of all that are named or of none."""
    from nengtan.identity.access import system_actor
    from nengtan.identity.queries import users_for
    from nengtan.reporting import clock
    from nengtan.reporting.services import checks

    actor = system_actor()
    drawn = check.sampled.select_related("check_of__region", "institution", "of__region")
    named = {row.institution.code: row for row in drawn.filter(institution__code__in=codes)}
    for code in codes:
        if code not in named:
            die(_("“%(code)s” was not drawn.") % {"code": code})
    user = users_for(actor).filter(username=assign).first() if assign else None
    if assign and user is None:
        die(_("There is no user “%(name)s”.") % {"name": assign})
    try:
        with transaction.atomic():
            if assign is not None:
                checks.assign(actor, list(named.values()), user)
            for row in named.values() if outcome else ():
                checks.record_outcome(actor, row, outcome or "", findings, on or clock.today())
    except ValidationError as error:
        die(" ".join(error.messages))


@click.command("due", help=_("Open periods that have ended where a region wants it, and remind who is late."))
@format_option
def due(format: str) -> None:
    """What the worker does every day; twice a day is harmless."""
    from nengtan.identity.access import system_actor
    from nengtan.reporting.services import cycles, reminding

    opened = cycles.open_due(system_actor())
    reminded = reminding.remind()
    emit_one({"opened": sum(opened.values()), "reminded": reminded}, format)


@click.command("deadlines", help=_("What is due when in a region; with --kind its own day is set, or dropped."))
@region_option
@click.option("--year", type=click.IntRange(1990, 2199), help=_("Calendar year to list; this year unless given."))
@click.option("--kind", type=click.Choice([str(kind) for kind in slots.Kind]), help=_("Set the day of such periods."))
@click.option("--task", type=click.Choice([str(task) for task in Task]), default=str(Task.REPORT), show_default=True,
              help=_("What is due."))  # fmt: skip
@click.option("--days-after", type=click.IntRange(1, 366), help=_("So many days after the period."))
@click.option("--on", "on", metavar="MM-DD", help=_("A day of the next year, instead."))
@click.option("--document", default="", help=_("The notice that says so."))
@click.option("--drop", is_flag=True, help=_("Follow the level above again."))
@format_option
def deadlines(
    region: str, year: int | None, kind: str | None, task: str, days_after: int | None, on: str | None, document: str,
    drop: bool, format: str,
) -> None:  # fmt: skip
    """Returns not handed in follow a day that is set."""
    from nengtan.reporting import clock
    from nengtan.reporting.api.cycles import due_dict
    from nengtan.reporting.deadlines import calendar_of

    place = region_named(region)
    if kind is not None:
        _set_deadline(place, kind, task, days_after, on, document, drop)
    elif drop or days_after or on or document:
        die(_("Name the periods with --kind."))
    shown = year or clock.today().year
    days = calendar_of(place, date(shown, 1, 1), date(shown, 12, 31))
    emit([due_dict(item) for item in days], DUE_COLUMNS, format, DUE_WORDS)


def _set_deadline(
    place: Region, kind: str, task: str, days_after: int | None, on: str | None, document: str, drop: bool
) -> None:
    from nengtan.identity.access import system_actor
    from nengtan.reporting.models import OwnDeadline
    from nengtan.reporting.services.cycles import DeadlineInput, drop_deadline, set_deadline

    try:
        if drop:
            held = OwnDeadline.objects.select_related("region").filter(region=place, kind=kind, task=task).first()
            moved = drop_deadline(system_actor(), held or die(_("The region has set no such day itself.")))
        else:
            month, day = _month_and_day(on) if on else (None, None)
            told = DeadlineInput(kind, task, days_after, month, day, document)
            _row, moved = set_deadline(system_actor(), place, told)
    except ValidationError as error:
        die(" ".join(error.messages))
    click.echo(_("%(n)s returns not handed in are due on another day now.") % {"n": moved}, err=True)


def _month_and_day(text: str) -> tuple[int, int]:
    month, _dash, day = text.partition("-")
    if not (month.isdecimal() and day.isdecimal()):
        die(_("Found “%(found)s”; allowed: month and day, such as 03-31.") % {"found": text})
    return int(month), int(day)


@click.command("jointreview", help=_("The yearly joint review: show it, open it with --from and --to, or close it."))
@region_option
@click.option("--year", type=click.IntRange(1990, 2199), required=True, help=_("Year of the returns."))
@click.option("--from", "starts", type=click.DateTime(["%Y-%m-%d"]), help=_("First day."))
@click.option("--to", "ends", type=click.DateTime(["%Y-%m-%d"]), help=_("Last day."))
@click.option("--place", default="", help=_("Where."))
@click.option("--note", default="", help=_("What it is about."))
@click.option("--close", is_flag=True, help=_("Close it; what it came to is counted and kept."))
@format_option
def jointreview(
    region: str, year: int, starts: datetime | None, ends: datetime | None, place: str, note: str, close: bool,
    format: str,
) -> None:  # fmt: skip
    """Opened once a year; asked again it is shown."""
    from nengtan.identity.access import system_actor
    from nengtan.reporting.api.checks import joint_dict
    from nengtan.reporting.models import JointReview
    from nengtan.reporting.services import checks

    where = region_named(region)
    if (starts is None) != (ends is None):
        die(_("Name both --from and --to."))
    try:
        if starts and ends:
            checks.open_joint(system_actor(), where, year, starts.date(), ends.date(), place, note)
        held = JointReview.objects.select_related("region").filter(region=where, year=year).first()
        if held is None:
            die(_("No joint review of %(year)s is open here; open it with --from and --to.") % {"year": year})
        emit_one(joint_dict(checks.close_joint(system_actor(), held) if close else held), format)
    except ValidationError as error:
        die(" ".join(error.messages))


@click.command("cycles", help=_("How the cycles of a region run; with options its own settings are set."))
@region_option
@click.option("--opens-months/--no-opens-months", default=None, help=_("Open months by themselves."))
@click.option("--opens-quarters/--no-opens-quarters", default=None, help=_("Open quarters by themselves."))
@click.option("--opens-years/--no-opens-years", default=None, help=_("Open years by themselves."))
@click.option("--remind-days", type=click.IntRange(0, 60), help=_("Remind so many days before."))
@click.option("--escalate-days", type=click.IntRange(1, 366), help=_("Tell the level above after so many days late."))
@click.option("--spot-share", metavar="PERCENT", help=_("Share of each type to check on the spot, in percent."))
@format_option
def cycles(region: str, spot_share: str | None, format: str, **asked: bool | int | None) -> None:
    """What is not named stays as it holds; whether a period opens by itself is each region's own."""
    from nengtan.identity.access import system_actor
    from nengtan.reporting.api.cycles import cycle_dict
    from nengtan.reporting.deadlines import cycle_of
    from nengtan.reporting.models import CycleSetting
    from nengtan.reporting.services.cycles import set_cycle

    place = region_named(region)
    held = cycle_of(place)
    changed: dict[str, object] = {name: value for name, value in asked.items() if value is not None}
    if spot_share is not None:
        changed["spot_share"] = _percent(spot_share)
    if changed:
        kept = {name: value for name, value in cycle_dict(place.code, held).items() if name not in ("region", "set_by")}
        try:
            held = set_cycle(system_actor(), CycleSetting(region=place, **(kept | changed)))
        except ValidationError as error:
            die(" ".join(error.messages))
    emit_one(cycle_dict(place.code, held), format, CYCLE_HEADINGS)


@click.command("extend", help=_("Let a return be handed in later with --until and --reason, or list such days."))
@institution_option
@period_option
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help=_("The day it is due on instead."))
@click.option("--reason", default="", help=_("Why."))
@format_option
def extend(institution: str, period: slots.Slot, until: datetime | None, reason: str, format: str) -> None:
    """The latest last."""
    from nengtan.identity.access import system_actor
    from nengtan.reporting.api.cycles import extension_dict
    from nengtan.reporting.services import extend

    of = return_of(institution, period)
    if until is None and reason:
        die(_("Name the day with --until."))
    if until is not None:
        try:
            extend(system_actor(), of, until.date(), reason)
        except ValidationError as error:
            die(" ".join(error.messages))
    rows = of.extensions.select_related("by").order_by("pk")
    emit([extension_dict(row) for row in rows], EXTENSION_COLUMNS, format)

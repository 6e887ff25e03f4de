"""Commands of metering: ``meters`` is a group that grows with the room."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from nengtan.telemetry.alarm_commands import alarms
from nengtan.telemetry.gateway_commands import gateway, meter_event, meter_ratio, meter_register
from nengtan.telemetry.gateways import commands as _gateway_commands  # noqa: F401 - they join the group
from nengtan.telemetry.gateways import device_commands as _device_commands  # noqa: F401 - they too
from nengtan.telemetry.gateways import upload_commands as _upload_commands  # noqa: F401 - and they
from nengtan.telemetry.gateways.simulators.commands import simulate
from nengtan.telemetry.meter_commands import meters_building, meters_compare, meters_now
from nengtan.telemetry.quality_commands import quality
from nengtan.telemetry.tree_commands import meters_balance, meters_formula, meters_items, meters_tree
from nengtan.ui.cli import die, emit, emit_one, format_option, progress_bar, refuse_rows, to_json

if TYPE_CHECKING:
    from nengtan.domain.sheets.problems import Problem
    from nengtan.telemetry.cleaning import Outcome
    from nengtan.telemetry.files import EventRow, ReadingRow
    from nengtan.telemetry.models import Register
    from nengtan.telemetry.queries.virtual import Computed
    from nengtan.telemetry.sent import Fault as SentFault
    from nengtan.telemetry.services import Answer

T = TypeVar("T")

INTERVAL_COLUMNS = {
    "time": gettext_lazy("From"),
    "value": pgettext_lazy("meter", "Consumption"),
    "quality": gettext_lazy("Quality"),
    "method": gettext_lazy("How it was found"),
}
CONSUMPTION_COLUMNS = {
    "period": gettext_lazy("Period"),
    "value": pgettext_lazy("meter", "Consumption"),
    "good": gettext_lazy("Measured well"),
    "estimated": gettext_lazy("Estimated"),
    "missing": gettext_lazy("Missing"),
    "quality": gettext_lazy("Quality"),
}
FINDING_COLUMNS = {
    "time": gettext_lazy("Time"),
    "meter": gettext_lazy("Meter"),
    "message": gettext_lazy("What to look at"),
}
ROLLUP_COLUMNS = {
    "moved": gettext_lazy("Readings new in the lake"),
    "spans": gettext_lazy("Stretches computed"),
    "readings": gettext_lazy("Readings cleaned"),
    "intervals": gettext_lazy("Quarters of an hour"),
    "statistics": gettext_lazy("Hours, days and months"),
}
MICROSECOND = dt.timedelta(microseconds=1)
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class Positive(click.FloatRange):
    """A finite number above zero, or from zero on."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(_("%(found)s is not a finite number.") % {"found": value}, param, ctx)
        return float(number)


@click.group("meters", help=_("Readings of meters and the consumption that follows from them."))
def meters() -> None:
    """What can be said of readings."""


@meters.command(
    "clean",
    help=_(
        "Clean the readings of one register, a cumulative meter, from a file with the columns time and value: "
        "consumption by 15 minutes with its quality, the total, and what a person must look at. Nothing is stored."
    ),
)
@click.option(
    "--input", "source", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=_("CSV or Excel file with the columns time and value; a time without an offset is local."),
)  # fmt: skip
@click.option(
    "--modulus", type=Positive(min=0, min_open=True),
    help=_("Where the register starts again at 0: 1000000 for six digits. Without it no roll-over is believed."),
)  # fmt: skip
@click.option(
    "--ratio", type=Positive(min=0, min_open=True), default=1.0, show_default=True,
    help=_("Transformer ratio, CT × PT, by which what the register shows is multiplied."),
)  # fmt: skip
@click.option(
    "--cap", type=Positive(min=0, min_open=True),
    help=_("Largest mean power believed, in kW after the ratio; for water or gas, units an hour. Without it no jump is "
           "doubted."),
)  # fmt: skip
@click.option(
    "--events", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=_("File of replacements, resets and changes of ratio with the columns time, old_final (last reading of the "
           "old register), new_start (first of the new) and, if it changes, ratio."),
)  # fmt: skip
@click.option(
    "--period", type=click.IntRange(1, 44640), default=15, show_default=True,
    help=_("Minutes from reading to reading; more than one and a half times that is a gap."),
)  # fmt: skip
@format_option
def meters_clean(
    source: Path, modulus: float | None, ratio: float, cap: float | None, events: Path | None, period: int, format: str
) -> int:
    """Exit code 1 when a file was refused."""
    from nengtan.domain.metering.readings import Registers
    from nengtan.telemetry.cleaning import clean_register
    from nengtan.telemetry.files import read_events, read_readings

    zone = timezone.get_current_timezone()
    readings, faults = _read(source, zone, read_readings)
    happened: list[EventRow] = []
    if events:
        happened, more = _read(events, zone, read_events)
        faults += more
    if faults:
        return _refuse(faults, format)
    registers = Registers.alike(1, ratio=ratio, modulus=modulus, cap_kw=cap, period_s=period * 60)
    now = timezone.now()
    offset = timezone.localtime(now).utcoffset() or dt.timedelta()
    outcome = clean_register(readings, registers, happened, (now - EPOCH) // MICROSECOND, offset // MICROSECOND)
    _print(outcome, zone, format)
    return 0


def _read(
    path: Path, zone: dt.tzinfo, read: Callable[[Path, dt.tzinfo], tuple[list[T], list[Problem]]]
) -> tuple[list[T], list[dict[str, Any]]]:
    """What a file holds, and its faults as records."""
    from nengtan.ui.sheets import wording
    from nengtan.ui.sheets.refused import Refused

    try:
        rows, problems = read(path, zone)
    except Refused as refused:
        said = wording.refusal(refused)
        whole = {"row": 0, "column": "", "found": refused.found, "allowed": refused.allowed, "message": said}
        return [], [{"file": path.name, **whole, "code": refused.code}]
    return rows, _problems(path, problems)


def _problems(path: Path, problems: Sequence[Problem]) -> list[dict[str, Any]]:
    """Faults of a file as records."""
    from nengtan.ui.sheets import wording

    return [
        {
            "file": path.name, "row": problem.row, "column": problem.label or problem.column, "found": problem.found,
            "allowed": wording.allowed(problem), "message": wording.message(problem), "code": problem.code,
        }
        for problem in problems
    ]  # fmt: skip


def _refuse(faults: Sequence[dict[str, Any]], format: str) -> int:
    nothing: dict[str, Any] = {"intervals": [], "total": None, "tasks": [], "dropped": []}
    return refuse_rows(faults, nothing, format, _("Nothing was cleaned: mend the rows and try again."))


def _print(outcome: Outcome, zone: dt.tzinfo, format: str) -> None:
    from nengtan.telemetry.wording import METHODS, QUALITIES, task

    intervals = [
        {"time": _moment(one.time, zone), "value": one.value, "quality": one.quality, "method": one.method}
        for one in outcome.intervals
    ]
    if format == "json":
        tasks = [
            {
                "kind": one.kind,
                **_where(one.reading),
                "before": one.before and one.before.value_text,
                "message": task(one),
            }
            for one in outcome.tasks
        ]
        dropped = [{**_where(one.reading), "reason": one.reason} for one in outcome.dropped]
        click.echo(to_json({"intervals": intervals, "total": outcome.total, "tasks": tasks, "dropped": dropped}))
        return
    emit(intervals, INTERVAL_COLUMNS, format, {"quality": QUALITIES.__getitem__, "method": METHODS.__getitem__})
    for line in _summary(outcome):
        click.echo(line, err=format == "csv")


def _summary(outcome: Outcome) -> list[str]:
    """The total, what was left out, and what a person must look at, a line each."""
    from nengtan.telemetry.wording import REASONS, task

    total = "—" if outcome.total is None else f"{outcome.total:,.6f}".rstrip("0").rstrip(".")
    lines = [_("Total: %(total)s") % {"total": total}]
    lines += [
        _("Row %(row)s left out: %(time)s, %(value)s: %(reason)s.")
        % {
            "row": one.reading.row,
            "time": one.reading.time_text,
            "value": one.reading.value_text or "—",
            "reason": REASONS[one.reason],
        }
        for one in outcome.dropped
    ]
    lines += [
        _("To look at, row %(row)s, %(time)s: %(what)s")
        % {"row": one.reading.row, "time": one.reading.time_text, "what": task(one)}
        for one in outcome.tasks
    ]
    return lines


def _where(reading: ReadingRow) -> dict[str, Any]:
    """A reading as its file has it."""
    return {"row": reading.row, "time": reading.time_text, "value": reading.value_text}


def _moment(time: int, zone: dt.tzinfo) -> str:
    return (EPOCH + dt.timedelta(microseconds=time)).astimezone(zone).isoformat()


@meters.command(
    "consumption",
    help=_(
        "What a meter used by hour, day or month, beside it how much of the time is measured well, estimated or "
        "missing. What is not known is empty, never 0."
    ),
)
@click.option("--meter", "code", required=True, help=_("Code of the meter."))
@click.option("--register", default="", help=_("Code of one of its registers; without it the main one."))
@click.option(
    "--by",
    type=click.Choice(["hour", "day", "month"]),
    default="month",
    show_default=True,
    help=_("Length of a period."),
)
@click.option("--from", "since", help=_("First moment or day, such as 2026-01-01."))
@click.option("--to", "until", help=_("The moment before which it ends, or the last day, such as 2026-01-31."))
@format_option
def meters_consumption(
    code: str, register: str, by: Literal["hour", "day", "month"], since: str | None, until: str | None, format: str
) -> None:
    from nengtan.telemetry.queries import consumption
    from nengtan.telemetry.wording import QUALITIES

    begin, end = _bound("from", since), _bound("to", until, end=True)
    told = [one.as_dict() for one in consumption(_register(code, register), by, begin, end)]
    emit(told, CONSUMPTION_COLUMNS, format, {"quality": QUALITIES.__getitem__})


@meters.command(
    "findings", help=_("Readings a person must look at: what the rules found, and what was kept and marked.")
)
@click.option("--meter", "code", default="", help=_("Code of the meter; without it all."))
@click.option("--from", "since", help=_("First moment or day, such as 2026-01-01."))
@click.option("--to", "until", help=_("The moment before which it ends, or the last day, such as 2026-01-31."))
@format_option
def meters_findings(code: str, since: str | None, until: str | None, format: str) -> None:
    """Of the last week without bounds."""
    from nengtan.identity.access import system_actor
    from nengtan.telemetry.queries import findings
    from nengtan.telemetry.wording import finding_dict

    end = _bound("to", until, end=True) or timezone.now()
    begin = _bound("from", since) or end - dt.timedelta(days=7)
    found = findings(system_actor(), begin, end, code)
    emit([finding_dict(one) for one in found], FINDING_COLUMNS, format)


def _register(code: str, register: str) -> Register | Computed | None:
    """A register by its codes, or a virtual meter; None for a meter of which nothing was read yet."""
    from nengtan.registry.models import Meter
    from nengtan.telemetry.models import Register
    from nengtan.telemetry.queries.virtual import Computed, is_virtual

    found = Register.objects.filter(meter__code=code, code=register).first()
    meter = Meter.objects.filter(code=code).first()
    if found is None and (register or meter is None):
        die(_("There is no “%(code)s” within your reach.") % {"code": f"{code} {register}".strip()})
    return Computed([meter.pk]) if meter and not register and is_virtual(meter.pk) else found


def _bound(name: str, text: str | None, end: bool = False) -> dt.datetime | None:
    """A moment or day as written; of a day the beginning, or as the end of a time its end."""
    if text is None:
        return None
    try:
        found = dt.datetime.fromisoformat(text)
        if end and len(text) <= len("2026-01-01"):
            found += dt.timedelta(days=1)
    except (ValueError, OverflowError):
        die(
            _(
                "--%(name)s: found “%(found)s”; a day such as 2026-01-01 or a moment such as 2026-01-01T08:00+08:00 "
                "is allowed."
            )
            % {"name": name, "found": text}
        )
    return found if found.tzinfo else found.replace(tzinfo=timezone.get_current_timezone())


@click.command(
    "ingest",
    help=_(
        "Take in readings from a file (CSV, Excel or Parquet) with the columns meter, time and value, and register "
        "where a meter has several. All rows or none; a time without an offset is local. Readings taken in before "
        "change nothing."
    ),
)
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar=_("FILE"))
@format_option
def ingest(source: Path, format: str) -> int:
    """Exit code 1 when the file was refused; nothing of it is kept then."""
    from nengtan.identity.access import system_actor
    from nengtan.telemetry.sent import Unreadable, read_file
    from nengtan.telemetry.services import accept
    from nengtan.ui.sheets import wording
    from nengtan.ui.sheets.refused import Refused

    try:
        sent = read_file(source, timezone.get_current_timezone())
    except Refused as refused:
        whole = {"row": 0, "column": "", "found": refused.found, "allowed": refused.allowed}
        return _refuse_readings([{"file": source.name, **whole, "message": wording.refusal(refused)}], format)
    except Unreadable as error:
        return _refuse_readings([_fault(source, 0, "", str(error), "Parquet", _("This is no Parquet file."))], format)
    faults = _problems(source, sent.problems)
    if not faults:
        answer = accept(system_actor(), sent, f"file:{source.name}"[:200], whole=True)
        faults = [_unreadable(source, fault) for fault in answer.refused]
    if faults:
        return _refuse_readings(faults, format)
    _ingested(answer, format)
    return 0


def _fault(source: Path, row: int, column: str, found: str, allowed: str, message: str) -> dict[str, Any]:
    return {
        "file": source.name, "row": row, "column": column, "found": found, "allowed": allowed, "message": message,
    }  # fmt: skip


def _unreadable(source: Path, fault: SentFault) -> dict[str, Any]:
    from nengtan.telemetry.wording import ALLOWED, REFUSALS

    column = {"bad_time": "time", "bad_value": "value", "unknown_register": "register"}.get(fault.reason, "meter")
    allowed, message = str(ALLOWED[fault.reason]), str(REFUSALS[fault.reason])
    return _fault(source, fault.row, column, fault.found, allowed, message) | {"code": fault.reason}


def _refuse_readings(faults: Sequence[dict[str, Any]], format: str) -> int:
    nothing = {"accepted": 0, "marked": {}, "repeated": False}
    return refuse_rows(faults, nothing, format, _("Nothing was taken in: mend the rows and try again."))


def _ingested(answer: Answer, format: str) -> None:
    from nengtan.telemetry.wording import MARKS

    if format == "json":
        record = {"accepted": answer.accepted, "marked": answer.marked, "repeated": answer.repeated}
        click.echo(to_json(record | {"errors": [], "errors_omitted": 0}))
        return
    if answer.repeated:
        click.echo(_("These readings were taken in before; nothing changed."))
        return
    words = ngettext("%(n)s reading taken in.", "%(n)s readings taken in.", answer.accepted)
    click.echo(words % {"n": f"{answer.accepted:,}"})
    for reason, count in answer.marked.items():
        click.echo(_("%(n)s of them kept and marked: %(reason)s.") % {"n": f"{count:,}", "reason": MARKS[reason]})


@click.command(
    "rollup",
    help=_("Bring consumption up to the readings: by 15 minutes, hour, day and month, for what has changed since."),
)
@click.option("--engine", type=click.Choice(["duckdb"]), default="duckdb", show_default=True, help=_("What computes."))
@format_option
def rollup(engine: str, format: str) -> None:
    from nengtan.telemetry.services import bring_up_to_date
    from nengtan.telemetry.services.keeping import Busy

    try:
        with progress_bar(_("Cleaning readings")) as bar:
            kept = bring_up_to_date(progress=lambda done, whole: bar(done, whole, ""))
    except Busy:
        die(_("Another process is at work on the readings; try again later."))
    rolled = kept.rolled
    record = {
        "moved": kept.moved, "spans": rolled.spans, "readings": rolled.readings, "intervals": rolled.intervals,
        "statistics": rolled.statistics,
    }  # fmt: skip
    emit_one(record, format, ROLLUP_COLUMNS)


for _command in (
    meter_event, meter_ratio, meter_register, meters_now, meters_building, meters_compare, meters_tree, meters_balance,
    meters_items, meters_formula,
):  # fmt: skip
    meters.add_command(_command)

commands: list[click.Command] = [meters, ingest, rollup, quality, alarms, gateway, simulate]

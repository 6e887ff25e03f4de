"""Commands of metering: ``meters`` is a group that grows with the room."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from nengtan.ui.cli import REFUSED, emit, format_option, to_json

if TYPE_CHECKING:
    from nengtan.domain.sheets.problems import Problem
    from nengtan.telemetry.cleaning import Outcome
    from nengtan.telemetry.files import EventRow, ReadingRow

T = TypeVar("T")

INTERVAL_COLUMNS = {
    "time": gettext_lazy("From"),
    "value": pgettext_lazy("meter", "Consumption"),
    "quality": gettext_lazy("Quality"),
    "method": gettext_lazy("How it was found"),
}
FAULT_COLUMNS = {
    "file": gettext_lazy("File"),
    "row": gettext_lazy("Row"),
    "column": gettext_lazy("Column"),
    "found": gettext_lazy("Found"),
    "allowed": gettext_lazy("Allowed"),
    "message": gettext_lazy("What is wrong"),
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
    return rows, [
        {
            "file": path.name, "row": problem.row, "column": problem.label or problem.column, "found": problem.found,
            "allowed": wording.allowed(problem), "message": wording.message(problem), "code": problem.code,
        }
        for problem in problems
    ]  # fmt: skip


def _refuse(faults: Sequence[dict[str, Any]], format: str) -> int:
    """All faults of all files, the first thousand of them; nothing was cleaned."""
    from nengtan.ui.sheets.wording import MOST_TOLD, omitted

    told = faults[:MOST_TOLD]
    if format == "json":
        left = len(faults) - len(told)
        record = {"intervals": [], "total": None, "tasks": [], "dropped": [], "errors": told, "errors_omitted": left}
        click.echo(to_json(record))
    else:
        emit(told, FAULT_COLUMNS, format)
        if len(faults) > MOST_TOLD:
            click.echo(omitted(len(faults)), err=True)
        click.echo(_("Nothing was cleaned: mend the rows and try again."), err=True)
    return REFUSED


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


commands: list[click.Command] = [meters]

"""Commands of measurement and verification (节能量测量与验证): what meters saved, from files."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from nengtan.ui.cli import Columns, die, emit, format_option, one_of, read_or_refuse, to_json

if TYPE_CHECKING:
    from nengtan.domain.sheets.problems import Problem
    from nengtan.trusteeship.measuring import Question
    from nengtan.trusteeship.series import Told

T = TypeVar("T")

MODELS = {
    "caltrack-daily": gettext_lazy("one line of daily use against degree days"),
    "caltrack-billing": gettext_lazy(
        "one line of bills against degree days; each row begins a bill, the last one only ends"
    ),
    "caltrack-hourly": gettext_lazy("levels by hour of the week and slopes of temperature, a model a month"),
    "day-type": gettext_lazy("lines of their own for workdays and days of rest where that says more"),
}
CARRIERS = ("electricity", "natural_gas", "heat", "cold", "water")
CALENDARS = {
    "cn": gettext_lazy("statutory holidays of China and the days worked for them"),
    "week": gettext_lazy("Saturdays and Sundays alone"),
}
_EPOCH = dt.date(1970, 1, 1)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)

FIGURES = {
    "counterfactual": gettext_lazy("Without the measure"),
    "observed": gettext_lazy("Measured"),
    "savings": gettext_lazy("Avoided use"),
    "band_90": gettext_lazy("Band of 90%"),
    "guideline_14_90": gettext_lazy("Guideline 14, half-width of 90%"),
    "cvrmse": gettext_lazy("CV(RMSE) of the baseline"),
    "reported_days": gettext_lazy("Days reported"),
    "reported_bills": gettext_lazy("Bills reported"),
    "reported_hours": gettext_lazy("Hours reported"),
}
PARAMS = {
    "day_types": gettext_lazy("Kinds of day"),
    "month": gettext_lazy("Month"),
    "hours": gettext_lazy("Hours"),
    "bins_c": gettext_lazy("Slopes change at, °C"),
    "intercept": gettext_lazy("A day without heating or cooling"),
    "beta_hdd_per_c": gettext_lazy("More for each °C below"),
    "heating_balance_point_c": gettext_lazy("Heating below, °C"),
    "beta_cdd_per_c": gettext_lazy("More for each °C above"),
    "cooling_balance_point_c": gettext_lazy("Cooling above, °C"),
    "days": gettext_lazy("Days"),
    "r2_adjusted": gettext_lazy("Adjusted R²"),
}
DAY_TYPES = {
    "workday": gettext_lazy("workdays"),
    "rest": gettext_lazy("days of rest"),
    "holiday": gettext_lazy("statutory holidays"),
}
RULES = {
    "baseline_length": gettext_lazy("Days of the baseline"),
    "missing_days": gettext_lazy("Share of days not known"),
    "missing_temperature": gettext_lazy("Share of days without temperature"),
    "bills": gettext_lazy("Bills read"),
    "off_cycle_bills": gettext_lazy("Bills too short or too long, left out"),
    "bills_without_temperature": gettext_lazy("Bills without temperature, left out"),
    "zero_days": gettext_lazy("Days or bills of 0, taken as not measured"),
    "negative_days": gettext_lazy("Negative values (fed back?)"),
    "turned_sign": gettext_lazy("Negative values as large as the others (sign turned round?)"),
    "extreme_days": gettext_lazy("Days far above the others"),
    "distinct_values": gettext_lazy("Different values"),
    "unit_jump": gettext_lazy("Change of unit or meter (month: times)"),
    "changed_meter": gettext_lazy("A step in use: another meter or ratio? (day: times)"),
    "shifted_months": gettext_lazy("Months told too late (+) or too early (-)"),
    "swapped_years": gettext_lazy("Two years told as each other (share left unexplained)"),
    "temperature_range": gettext_lazy("Temperatures"),
    "zeros_among_use": gettext_lazy("Days of 0 among days of use (not measured?)"),
    "zero_moments": gettext_lazy("Hours of 0, taken as not measured"),
    "reported_days": gettext_lazy("Days reported that count"),
    "hours_of_month": gettext_lazy("Months with hours missing, also beside them"),
    "reported_hours": gettext_lazy("Hours reported that count"),
    "repeated_moments": gettext_lazy("Moments told twice and differently"),
    "calendar": gettext_lazy("Years without known holidays"),
}
RESTING = " (rest)"
"""Behind a name of somebody's own: the days of rest that have it."""

OUTCOMES = {"pass": gettext_lazy("passed"), "flag": gettext_lazy("look at it"), "fail": gettext_lazy("failed")}
WHY = {
    "no_baseline_days": gettext_lazy("no day of the baseline has both use and temperature"),
    "no_reported_days": gettext_lazy("no day reported has both use and temperature"),
    "no_baseline_bills": gettext_lazy("no bill of the baseline has both use and temperature"),
    "no_baseline_hours": gettext_lazy("no hour of the baseline has both use and temperature"),
    "no_reported_hours": gettext_lazy("no hour reported has both use and temperature"),
    "no_reported_bills": gettext_lazy("no bill reported has both use and temperature"),
}


@click.group("mv", help=_("Measurement and verification: what meters saved against a baseline."))
def mv() -> None:
    """Works without a database."""


def _asked(work: Callable[..., int]) -> Callable[..., int]:
    """The options both commands take."""
    models = one_of(_("How the baseline is drawn."), list(MODELS.items()))
    options = [
        click.option("--temperature", required=True, type=_FILE,
                     help=_("File with the columns date or hour, and value: the outdoor temperature.")),
        click.option("--model", required=True, type=click.Choice(list(MODELS)), metavar="MODEL", help=models),
        click.option("--baseline", required=True, metavar="FROM:TO",
                     help=_("First and last day of the baseline, such as 2022-01-01:2022-12-31.")),
        click.option("--report", required=True, metavar="FROM:TO", help=_("First and last day reported.")),
        click.option("--temperature-unit", type=click.Choice(["C", "F"]), default="C", show_default=True,
                     help=_("Unit of the temperatures.")),
        click.option("--carrier", type=click.Choice(CARRIERS), default="electricity", show_default=True,
                     help=_("What is metered: gas and heat have no cooling in them, and a day of 0 is not measured "
                            "only of electricity.")),
        click.option("--calendar", type=click.Choice(list(CALENDARS)), default="cn", show_default=True,
                     help=one_of(_("Which days are days of rest."), list(CALENDARS.items()))),
        click.option("--days", type=_FILE,
                     help=_("File with the columns date and type that names the kind of single days: workday, rest, "
                            "holiday or a word of your own.")),
        format_option,
    ]  # fmt: skip
    for option in reversed(options):
        work = option(work)
    return work


@mv.command("fit", help=_("Fit a baseline to one meter and tell what it saved since, with a band of 90%."))
@click.option(
    "--meter", required=True, type=_FILE, help=_("File with the columns date or hour, and value: what was used.")
)
@_asked
def fit(meter: Path, format: str, **asked: Any) -> int:
    """Exit code 1 when a file was refused."""
    told = _one(meter, asked, format)[0]
    if format == "json":
        click.echo(to_json(told))
    elif format == "csv":
        emit([figures(told)], {key: key for key in figures(told)}, format)
    else:
        _print(told)
    return 0


def _one(meter: Path, asked: Mapping[str, Any], format: str) -> tuple[dict[str, Any], str]:
    """The answer for the one meter of a file, and the heading of its column."""
    table, question = _read_all(meter, asked, format)
    if len(table.names) > 1 and "value" not in table.names:
        found = ", ".join(table.names)
        die(_("%(file)s: found the columns %(found)s; allowed: one column of values, or one called value. Use mv batch "
              "for many meters.") % {"file": meter.name, "found": found[:120]})  # fmt: skip
    name = "value" if "value" in table.names else table.names[0]
    from nengtan.trusteeship.measuring import answers, record

    ((_name, result),) = answers(question, table.column(name))
    return record(question, result), name


@mv.command(
    "report", help=_("The same for one meter as a report in Word: boundary, data, model, savings and their band.")
)
@click.option(
    "--meter", required=True, type=_FILE, help=_("File with the columns date or hour, and value: what was used.")
)
@click.option(
    "--out", required=True, type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help=_("The Word document to write, such as savings.docx."),
)  # fmt: skip
@click.option("--boundary", default="", help=_("What is inside the boundary, in a sentence."))
@click.option("--unit", default="kWh", show_default=True, help=_("Unit of the use in the file."))
@_asked
def report(meter: Path, out: Path, boundary: str, unit: str, format: str, **asked: Any) -> int:
    """Exit code 1 when a file was refused."""
    from nengtan.reporting import clock
    from nengtan.trusteeship import mv_report
    from nengtan.ui.words import carrier_word

    told, column = _one(meter, asked, format)
    given = {
        _("File of use"): f"{meter.name} ({column})",
        _("File of temperatures"): f"{asked['temperature'].name} (°{asked['temperature_unit']})",
        _("What is metered"): carrier_word(asked["carrier"]),
        _("Baseline"): asked["baseline"],
        _("Reported"): asked["report"],
        _("Calendar"): str(CALENDARS[asked["calendar"]]),
    }
    if asked["days"]:
        given[_("Kinds of single days")] = asked["days"].name
    out.write_bytes(mv_report.report(told, given, boundary, unit, clock.today()))
    if format == "json":
        click.echo(to_json({"file": str(out), **told}))
    else:
        click.echo(_("Written: %(file)s") % {"file": out})
    return 0


@mv.command("batch", help=_("The same for many meters: a file with one column a meter, one answer a meter."))
@click.option(
    "--meters", required=True, type=_FILE, help=_("File with the column date or hour, and one column for each meter.")
)
@_asked
def batch(meters: Path, format: str, **asked: Any) -> int:
    """Exit code 1 when a file was refused."""
    from nengtan.trusteeship.measuring import answers, record

    table, question = _read_all(meters, asked, format)
    told = [{"meter": name, **record(question, found)} for name, found in answers(question, table)]
    if format == "json":
        click.echo(to_json(told))
    else:
        heads = {key: head for key, head in FIGURES.items() if all(key in one for one in told)}
        columns: Columns = {"meter": _("Meter"), **heads, "reason": _("Why there is no figure")}
        words = {"reason": lambda code: WHY.get(code, "") if code else ""}
        emit([figures(one) for one in told], columns, format, words)
    return 0


def _read_all(path: Path, asked: Mapping[str, Any], format: str) -> tuple[Told, Question]:
    """The meters and everything asked of them; ends the command where a file or an option cannot be taken."""
    from nengtan.domain.baseline.savings import Method
    from nengtan.trusteeship.calendars import calendar_of
    from nengtan.trusteeship.measuring import Question
    from nengtan.trusteeship.series import read_day_names, read_table

    spans = [_span(f"--{name}", asked[name]) for name in ("baseline", "report")]
    method = Method(asked["model"])
    table = _read(path, lambda file: read_table(file, method is Method.CALTRACK_BILLING), format)
    air = _read(asked["temperature"], read_table, format)
    named = _read(asked["days"], read_day_names, format) if asked["days"] else {}
    air = air.column("value" if "value" in air.names else air.names[0])
    if asked["temperature_unit"] == "F":
        air = replace(air, value=(air.value - 32) * 5 / 9)
    days = [day for first, last in spans for day in range(first, last + 1)]
    calendar = calendar_of(days, asked["calendar"], named)
    return table, Question(method, asked["carrier"], spans[0], spans[1], air, calendar)


def _read(path: Path, read: Callable[[Path], tuple[T, list[Problem]]], format: str) -> T:
    why = _("%(file)s: nothing was computed: mend the rows and try again.") % {"file": path.name}
    return read_or_refuse(path, read, {}, format, why)


def _span(option: str, text: str) -> tuple[int, int]:
    """Two days with a colon between them, the second not before the first."""
    first, colon, last = text.replace("\uff1a", ":").partition(":")
    try:
        days = [(dt.date.fromisoformat(part.strip()) - _EPOCH).days for part in (first, last)]
    except ValueError:
        days = []
    if not colon or not days or days[1] < days[0] or days[1] - days[0] > 3660:
        words = {"option": option, "found": text[:40], "allowed": _("two days at most ten years apart, such as "
                                                                    "2022-01-01:2022-12-31")}  # fmt: skip
        die(_("%(option)s: found %(found)s; allowed: %(allowed)s.") % words)
    return days[0], days[1]


def figures(told: Mapping[str, Any]) -> dict[str, Any]:
    """One line of figures; the band as its two ends."""
    band = told["band_90"]
    shown = {key: told[key] for key in ("meter", *FIGURES, "reason") if key in told}
    return {key: _figure(value) for key, value in {**shown, "band_90": _ends(band)}.items()}


def _figure(value: Any) -> Any:
    return round(value, 4) if isinstance(value, float) else value


def _ends(band: list[float] | None) -> str:
    return "" if band is None else f"{band[0]:.4g} … {band[1]:.4g}"


def _print(told: Mapping[str, Any]) -> None:
    """Figures, parameters and rules for a person."""
    if told["reason"]:
        click.echo(_("No figure: %(why)s.") % {"why": WHY[told["reason"]]})
    lines = [{"what": FIGURES[key], "value": value} for key, value in figures(told).items() if key in FIGURES]
    emit(lines, {"what": _("Figure"), "value": _("Value")}, "table")
    params = told["params"]
    rows = params if isinstance(params, list) else [params] if params else []
    if rows:
        heads = {key: head for key, head in PARAMS.items() if any(key in row for row in rows)}
        emit([{key: cell(row.get(key)) for key in heads} for row in rows], heads, "table")
    rules = [
        {**check, "rule": RULES[check["rule"]], "outcome": OUTCOMES[check["outcome"]]} for check in told["sufficiency"]
    ]
    columns = {
        "rule": _("Rule"),
        "outcome": _("Outcome"),
        "found": pgettext("rule", "Found"),
        "allowed": pgettext("rule", "Allowed"),
    }
    emit(rules, columns, "table")


def _kind(name: str) -> Any:
    plain = name.removesuffix(RESTING)
    return DAY_TYPES.get(name) or (_("%(name)s, days of rest") % {"name": plain} if plain != name else name)


def cell(value: Any) -> Any:
    """A parameter as a person reads it."""
    if isinstance(value, list):
        return _(", ").join(str(_kind(name) if isinstance(name, str) else _figure(name)) for name in value)
    return _figure(value)

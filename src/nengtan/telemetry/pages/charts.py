"""Pictures of consumption: bars that say how sure they are, the band of what is usual, hours by days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from nengtan.telemetry.moments import EPOCH
from nengtan.telemetry.queries.looking import Look
from nengtan.telemetry.queries.series import Point
from nengtan.telemetry.wording import QUALITIES
from nengtan.ui import charts, formats
from nengtan.ui.charts import Chart, base

__all__ = ["consumption_chart", "heat_chart", "label_of", "register_chart"]

SURE = ("good", "partial")
FORMS = {"month": "%Y-%m", "day": "%m-%d", "hour": "%m-%d %H:00", "quarter": "%H:%M"}


def label_of(step: str, begin: int) -> str:
    """A period as an axis names it."""
    local = timezone.localtime(EPOCH + dt.timedelta(microseconds=begin))
    return local.strftime(FORMS[step])


def consumption_chart(look: Look, carrier: str, unit: str, opens: Callable[[Point], str]) -> Chart:
    """What was used by period; what is estimated or doubted in another colour, what is missing left open.

    ``opens``: the address that shows a period closer; empty where there is none.
    """
    found = look.points
    labels = [label_of(look.stretch.step, one.begin) for one in found]
    band = look.expected
    series = [
        _bars(_("measured"), base.colour_of(carrier), found, opens, lambda one: one.quality in SURE),
        _bars(_("estimated or doubtful"), base.colour_of("warn"), found, opens, lambda one: one.quality not in SURE),
    ]
    heads: list[Any] = [
        _("Period"),
        pgettext("metering", "Consumption"),
        pgettext("share of time", "measured"),
        pgettext("share of time", "estimated"),
        pgettext("share of time", "missing"),
        _("Quality"),
    ]
    rows: list[list[Any]] = [_row(label, one) for label, one in zip(labels, found, strict=True)]
    if band is not None:
        low, high = _numbers(band.low, len(found)), _numbers(band.high, len(found))
        series += [_edge(_("usual, at least"), low), _edge(_("usual, at most"), high)]
        heads += [_("usual, at least"), _("usual, at most")]
        rows = [[*row, low[place], high[place]] for place, row in enumerate(rows)]
    option = {
        "legend": base.legend(),
        "grid": base.grid(),
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "shadow"}},
        "xAxis": base.category_axis(labels),
        "yAxis": base.value_axis(),
        "series": series,
    }
    note = _("Between the dashed lines lies what is usual, from the last days of the same type.") if band else ""
    titles = {
        "month": _("Consumption by month"), "day": _("Consumption by day"), "hour": _("Consumption by hour"),
        "quarter": _("Consumption by 15 minutes"),
    }  # fmt: skip
    return Chart(
        "consumption", titles[look.stretch.step], unit, _described(labels, found), option, tuple(heads),
        tuple(tuple(row) for row in rows), note, {"links": any(opens(one) for one in found[:1])},
    )  # fmt: skip


def _bars(
    name: str, colour: str, found: Sequence[Point], opens: Callable[[Point], str], takes: Callable[[Point], bool]
) -> dict[str, Any]:
    return {
        "type": "bar",
        "name": str(name),
        "stack": "used",
        "barMaxWidth": 28,
        "barCategoryGap": "12%" if len(found) > 60 else "28%",
        "itemStyle": {"color": colour},
        "data": [{"value": base.number(one.value) if takes(one) else None, "link": opens(one)} for one in found],
    }


def _edge(name: str, values: Sequence[float | None]) -> dict[str, Any]:
    return {
        "type": "line",
        "name": str(name),
        "data": list(values),
        "symbol": "none",
        "step": False,
        "itemStyle": {"color": "var(--nt-muted)"},
        "lineStyle": {"color": "var(--nt-muted)", "width": 1.4, "type": "dashed"},
    }


def _numbers(values: Any, count: int) -> list[float | None]:
    return [round(float(one), 3) if one == one else None for one in values[:count]]


def _row(label: str, one: Point) -> list[Any]:
    shares = [formats.percent(share) for share in (one.good, one.estimated, one.missing)]
    return [label, None if one.value is None else round(one.value, 3), *shares, QUALITIES[one.quality]]


def _described(labels: Sequence[str], found: Sequence[Point]) -> str:
    known = [(one.value, label) for label, one in zip(labels, found, strict=True) if one.value is not None]
    if not known:
        return _("No value is known yet.")
    high, at = max(known)
    return _("From %(first)s to %(last)s; highest %(high)s in %(at)s.") % {
        "first": labels[0], "last": labels[-1], "high": formats.plain(high), "at": at,
    }  # fmt: skip


def heat_chart(look: Look, unit: str) -> Chart | None:
    """Hours by days: what runs when."""
    rows = [(f"{day:%m-%d}", values) for day, values in look.heat]
    if not rows:
        return None
    title = _("Load, hour by day")
    return charts.heat_map(title, unit, [f"{hour:02d}" for hour in range(24)], rows, key="load-heat")


def register_chart(raw: Sequence[dict[str, Any]], doubts: Sequence[Any], begin: dt.datetime, unit: str) -> Chart:
    """What the register showed during a day, as received; what is in doubt in another colour."""
    asked = {one.time for one in doubts}
    shown = [one for one in raw if one["value"] is not None]
    labels = [f"{timezone.localtime(one['time']):%H:%M:%S}" for one in shown]
    odd = [one["value"] if one["time"] in asked or one["mark"] else None for one in shown]
    plain = [None if one["mark"] else one["value"] for one in shown]
    title = _("Register as received")
    series = [charts.Series("electricity", _("reading"), plain), charts.Series("bad", _("in doubt"), odd)]
    made = charts.trend(title, unit, labels, series, heading=_("Time"), key="register")
    made.option["series"][1] |= {"symbol": "circle", "symbolSize": 9, "lineStyle": {"width": 0}}
    return made

"""Charts along time: months stacked by carrier, years, free trends, sparklines."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from nengtan.ui import formats
from nengtan.ui.charts import base
from nengtan.ui.charts.base import Chart, Series, Text, Values


def monthly_by_carrier(
    title: Text,
    unit: Text,
    series: Sequence[Series],
    last_year: Values | None = None,
    last_year_label: Text = "",
    key: str = "monthly",
    note: Text = "",
) -> Chart:
    """Twelve months stacked by carrier; last year's totals as a dashed line."""
    labels = base.months()
    bars = [_bar(item, position, stack="carriers") for position, item in enumerate(series)]
    table = list(series)
    if last_year is not None:
        line = Series("last_year", last_year_label or _("last year"), last_year, dashed=True)
        bars.append(_line(line, "var(--nt-ink)"))
        table.append(line)
    option = {
        "legend": base.legend(),
        "grid": base.grid(),
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "shadow"}},
        "xAxis": base.category_axis(labels),
        "yAxis": base.value_axis(),
        "series": bars,
    }
    described = _describe(labels, _sums(series))
    columns = (_("Month"), *(item.label for item in table))
    return Chart(key, title, unit, described, option, columns, base.columns_of(table, labels), note, {"total": True})


def yearly_trend(
    title: Text, unit: Text, years: Sequence[int], series: Sequence[Series], key: str = "yearly", note: Text = ""
) -> Chart:
    """Years stacked by carrier."""
    labels = [str(year) for year in years]
    option = {
        "legend": base.legend(),
        "grid": base.grid(),
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "shadow"}},
        "xAxis": base.category_axis(labels),
        "yAxis": base.value_axis(),
        "series": [_bar(item, position, stack="carriers") for position, item in enumerate(series)],
    }
    columns = (_("Year"), *(item.label for item in series))
    described = _describe(labels, _sums(series))
    return Chart(key, title, unit, described, option, columns, base.columns_of(series, labels), note, {"total": True})


def trend(
    title: Text,
    unit: Text,
    labels: Sequence[str],
    series: Sequence[Series],
    heading: Text = "",
    key: str = "trend",
    note: Text = "",
) -> Chart:
    """Lines over any labels (months of several years, days); dashed ones are for comparison."""
    lines = [
        _line(item, "var(--nt-muted)" if item.dashed else base.colour_of(item.key, position))
        for position, item in enumerate(series)
    ]
    option = {
        "legend": base.legend(show=len(series) > 1),
        "grid": base.grid(top=36 if len(series) > 1 else 12),
        "tooltip": {"trigger": "axis"},
        "xAxis": base.category_axis(labels, boundaryGap=False),
        "yAxis": base.value_axis(scale=True),
        "series": lines,
    }
    columns = (heading or _("Period"), *(item.label for item in series))
    described = _describe(list(labels), list(series[0].values)) if series else ""
    return Chart(key, title, unit, described, option, columns, base.columns_of(series, labels), note)


def spark(
    title: Text, unit: Text, labels: Sequence[str], values: Values, colour: str = "electricity", key: str = "spark"
) -> Chart:
    """A bare line with tooltips; for a line inside a table row use the ``sparkline`` tag, which needs no script."""
    series = Series(colour, title, values)
    line = {**_line(series, base.colour_of(colour)), "areaStyle": {"opacity": 0.1}}
    option = {
        "grid": {"left": 2, "right": 2, "top": 4, "bottom": 4},
        "tooltip": {"trigger": "axis"},
        "xAxis": base.category_axis(labels, show=False, boundaryGap=False),
        "yAxis": base.value_axis(show=False, scale=True),
        "series": [line],
    }
    rows = base.columns_of([series], labels)
    return Chart(key, title, unit, _describe(list(labels), list(values)), option, (_("Period"), title), rows)


def _bar(item: Series, position: int, stack: str) -> dict[str, Any]:
    return {
        "type": "bar",
        "name": str(item.label),
        "stack": stack,
        "barMaxWidth": 28,
        "data": base.numbers(item.values),
        "itemStyle": {"color": base.colour_of(item.key, position)},
        "emphasis": {"focus": "series"},
    }


def _line(item: Series, colour: str) -> dict[str, Any]:
    return {
        "type": "line",
        "name": str(item.label),
        "data": base.numbers(item.values),
        "symbol": "none" if item.dashed or len(item.values) > 24 else "circle",
        "symbolSize": 5,
        "connectNulls": False,
        "itemStyle": {"color": colour},
        "lineStyle": {
            "color": colour,
            "width": 1.4 if item.dashed else 2,
            "type": "dashed" if item.dashed else "solid",
        },
        "z": 5,
    }


def _sums(series: Sequence[Series]) -> list[float | None]:
    """The height of each stack; unknown where no part is known."""
    length = max((len(item.values) for item in series), default=0)
    stacks = []
    for position in range(length):
        parts = [base.number(item.values[position]) for item in series if position < len(item.values)]
        known = [part for part in parts if part is not None]
        stacks.append(sum(known) if known else None)
    return stacks


def _describe(labels: Sequence[str], values: Values) -> str:
    """One sentence for those who cannot see the picture."""
    known = [(value, label) for value, label in zip(base.numbers(values), labels, strict=False) if value is not None]
    if not known:
        return _("No value is known yet.")
    (high, at_high), (low, at_low) = max(known), min(known)
    return _("From %(first)s to %(last)s; highest %(high)s in %(at_high)s, lowest %(low)s in %(at_low)s.") % {
        "first": labels[0],
        "last": labels[-1],
        "high": formats.plain(high),
        "at_high": at_high,
        "low": formats.plain(low),
        "at_low": at_low,
    }

"""Charts of parts and ranks: structure, ranking, what a change is made of, heat map."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from nengtan.ui import formats
from nengtan.ui.charts import base
from nengtan.ui.charts.base import Chart, Series, Text, Values
from nengtan.ui.formats import Number


@dataclass(frozen=True)
class Share:
    """A part of a whole, or a bar of a ranking; ``href`` opens it."""

    key: str
    label: Text
    value: Number | None
    href: str = ""


@dataclass(frozen=True)
class Step:
    """One cause of a change between two totals."""

    label: Text
    value: Number


def structure(title: Text, unit: Text, shares: Sequence[Share], key: str = "structure", note: Text = "") -> Chart:
    """A ring of parts, largest first, with the share in words beside each."""
    parts = sorted((part for part in shares if part.value), key=lambda part: -float(part.value or 0))
    total = sum((formats.to_decimal(part.value) or Decimal(0) for part in parts), Decimal(0))
    names = [f"{part.label}  {formats.percent(_ratio(part.value, total))}" for part in parts]
    option = {
        "legend": base.legend(orient="vertical", top="middle", left="54%", right=None, itemGap=10, data=names),
        "tooltip": {"trigger": "item"},
        "series": [
            {
                "type": "pie",
                "radius": ["50%", "78%"],
                "center": ["26%", "50%"],
                "label": {"show": False},
                "itemStyle": {"borderColor": "var(--nt-paper)", "borderWidth": 2},
                "data": [
                    {"name": name, "value": base.number(part.value), "link": part.href,
                     "itemStyle": {"color": base.colour_of(part.key, position)}}
                    for position, (name, part) in enumerate(zip(names, parts, strict=True))
                ],
            }
        ],
    }  # fmt: skip
    rows = tuple((str(part.label), part.value, formats.percent(_ratio(part.value, total))) for part in parts)
    described = _("Shares: %(list)s.") % {"list": _list(names)}
    return Chart(
        key,
        title,
        unit,
        described,
        option,
        (pgettext("chart", "Part"), unit or _("Value"), pgettext("chart", "Share")),
        rows,
        note,
    )


def structure_over_time(
    title: Text, labels: Sequence[str], series: Sequence[Series], key: str = "structure-time", note: Text = ""
) -> Chart:
    """Parts of the whole, each period adding to 100 %."""
    totals = [
        sum((formats.to_decimal(item.values[position]) or Decimal(0) for item in series), Decimal(0))
        for position in range(len(labels))
    ]
    shares = [
        Series(
            item.key, item.label, [_hundredths(value, total) for value, total in zip(item.values, totals, strict=True)]
        )
        for item in series
    ]
    option = {
        "legend": base.legend(),
        "grid": base.grid(),
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "shadow"}},
        "xAxis": base.category_axis(labels),
        "yAxis": base.value_axis(max=100, interval=25),
        "series": [
            {
                "type": "bar",
                "stack": "all",
                "name": str(item.label),
                "barMaxWidth": 36,
                "data": base.numbers(item.values),
                "itemStyle": {"color": base.colour_of(item.key, position)},
            }
            for position, item in enumerate(shares)
        ],
    }
    described = _("Shares of %(list)s over time.") % {"list": _list([str(item.label) for item in series])}
    columns = (_("Period"), *(item.label for item in series))
    return Chart(key, title, "%", described, option, columns, base.columns_of(shares, labels), note)


def ranking(
    title: Text, unit: Text, bars: Sequence[Share], reference: Number | None = None, reference_label: Text = "",
    key: str = "ranking", note: Text = "", heading: Text = "",
) -> Chart:  # fmt: skip
    """Bars in the order given; a dashed line marks the median or a quota. A bar's ``key`` is its colour."""
    shown = [bar for bar in bars if bar.value is not None]
    mark = {
        "symbol": "none",
        "silent": True,
        "lineStyle": {"color": "var(--nt-ink)", "type": "dashed"},
        "label": {"formatter": f"{reference_label} {formats.plain(reference)}", "position": "start"},
        "data": [{"xAxis": base.number(reference)}],
    }
    option = {
        "grid": base.grid(top=24 if reference is not None else 4, right=56),
        "tooltip": {"trigger": "item"},
        "xAxis": base.value_axis(axisLabel={"hideOverlap": True}),
        "yAxis": base.category_axis([str(bar.label) for bar in shown], inverse=True, axisLabel={"name": True}),
        "series": [
            {
                "type": "bar",
                "name": str(title),
                "barMaxWidth": 16,
                "label": {"show": True, "position": "right"},
                "data": [
                    {"value": base.number(bar.value), "link": bar.href,
                     "itemStyle": {"color": base.colour_of(bar.key), "borderRadius": 3}}
                    for bar in shown
                ],
                **({"markLine": mark} if reference is not None else {}),
            }
        ],
    }  # fmt: skip
    first, last = (shown[0], shown[-1]) if shown else (None, None)
    described = _("No value is known yet.")
    if first and last:
        described = _("From %(first)s (%(high)s) to %(last)s (%(low)s).") % {
            "first": first.label, "high": formats.plain(first.value),
            "last": last.label, "low": formats.plain(last.value),
        }  # fmt: skip
    rows = tuple((str(bar.label), bar.value) for bar in bars)
    meta = {"links": any(bar.href for bar in shown)}
    return Chart(key, title, unit, described, option, (heading or _("Name"), unit or _("Value")), rows, note, meta)


def waterfall(
    title: Text, unit: Text, start: Share, steps: Sequence[Step], end: Share, less_is_better: bool = True,
    key: str = "waterfall", note: Text = "",
) -> Chart:  # fmt: skip
    """What a change between two totals is made of; the axis is cut below the smallest level."""
    level, base_heights, rises, falls = float(start.value or 0), [], [], []
    levels = [level]
    for step in steps:
        lower = min(level, level + float(step.value))
        base_heights.append(lower)
        rises.append(float(step.value) if step.value > 0 else None)
        falls.append(-float(step.value) if step.value < 0 else None)
        level += float(step.value)
        levels.append(level)
    up, down = ("bad", "good") if less_is_better else ("good", "bad")
    ends = [base.number(start.value), *[None] * len(steps), base.number(end.value)]
    option = {
        "grid": base.grid(top=24),
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "shadow"}},
        "xAxis": base.category_axis([str(start.label), *(str(step.label) for step in steps), str(end.label)],
                                    axisLabel={"interval": 0, "fit": True}),
        "yAxis": base.value_axis(**_cut([*levels, float(end.value or 0)])),
        "series": [
            _pillar("", [None, *base_heights, None], "transparent", silent=True),
            _pillar(_("Total"), ends, base.colour_of("total")),
            _pillar(_("Rise"), [None, *rises, None], base.colour_of(up), sign="+"),
            _pillar(_("Fall"), [None, *falls, None], base.colour_of(down), sign=formats.MINUS),
        ],
    }  # fmt: skip
    causes = [f"{step.label} {formats.fixed(step.value, 0)}" for step in steps]
    described = _("From %(start)s to %(end)s: %(causes)s.") % {
        "start": formats.plain(start.value), "end": formats.plain(end.value), "causes": _list(causes),
    }  # fmt: skip
    rows = (
        (str(start.label), start.value),
        *((str(step.label), step.value) for step in steps),
        (str(end.label), end.value),
    )
    return Chart(key, title, unit, described, option, (_("Cause"), unit or _("Value")), tuple(rows), note)


@dataclass(frozen=True)
class Flow:
    """What goes from one place to the next; places are named by key, so that two may bear one label."""

    source: str
    target: str
    value: Number


def flows(
    title: Text, unit: Text, names: Mapping[str, tuple[Text, str]], links: Sequence[Flow], key: str = "flows",
    note: Text = "",
) -> Chart:  # fmt: skip
    """A stream that parts on its way (桑基图). ``names``: label and colour key of each place; widths are amounts.

    Less than nothing has no width: such flows stand in the data and not in the picture.
    """
    marks = _apart({name: str(label) for name, (label, _colour) in names.items()})
    shown = [link for link in links if float(link.value) > 0]
    used = {name for link in shown for name in (link.source, link.target)}
    option = {
        "tooltip": {"trigger": "item"},
        "series": [
            {
                "type": "sankey",
                "left": 4, "right": 150, "top": 8, "bottom": 8, "nodeWidth": 14, "nodeGap": 9,
                "emphasis": {"focus": "adjacency"},
                "lineStyle": {"color": "source", "opacity": 0.28, "curveness": 0.5},
                "label": {"show": True, "named": True, "position": "right", "width": 140, "overflow": "truncate"},
                "data": [
                    {"name": marks[name], "itemStyle": {"color": base.colour_of(colour, at), "borderWidth": 0}}
                    for at, (name, (_label, colour)) in enumerate(names.items())
                    if name in used
                ],
                "links": [
                    {"source": marks[link.source], "target": marks[link.target], "value": base.number(link.value)}
                    for link in shown
                ],
            }
        ],
    }  # fmt: skip
    rows = tuple(
        (str(names[link.source][0]), str(names[link.target][0]), link.value) for link in links
    )  # fmt: skip
    largest = sorted(shown, key=lambda link: -float(link.value))[:5]
    described = _list(
        [f"{names[link.source][0]} → {names[link.target][0]} {formats.plain(link.value)}" for link in largest]
    )
    return Chart(
        key, title, unit, described or _("No value is known yet."), option, (_("From"), _("To"), unit or _("Value")),
        rows, note,
    )  # fmt: skip


def _apart(labels: Mapping[str, str]) -> dict[str, str]:
    """Labels that look the same kept apart by marks nobody sees.

    >>> [len(name) for name in _apart({"a": "rest", "b": "rest"}).values()]
    [4, 5]
    """
    seen: dict[str, int] = {}
    found = {}
    for name, label in labels.items():
        found[name] = label + "\u200b" * seen.get(label, 0)
        seen[label] = seen.get(label, 0) + 1
    return found


def heat_map(
    title: Text,
    unit: Text,
    columns: Sequence[str],
    rows: Sequence[tuple[Text, Values]],
    key: str = "heat",
    note: Text = "",
) -> Chart:
    """A field of cells, darker where the value is larger; unknown cells stay empty."""
    cells = [
        [x, y, base.number(value)]
        for y, (_label, values) in enumerate(rows)
        for x, value in enumerate(values)
        if value is not None
    ]
    sizes = [cell[2] for cell in cells if cell[2] is not None]
    option = {
        "grid": base.grid(top=8, bottom=52),
        "tooltip": {"trigger": "item"},
        "xAxis": base.category_axis(columns, splitArea={"show": True}),
        "yAxis": base.category_axis([str(label) for label, _values in rows], inverse=True),
        "visualMap": {
            "min": min(sizes, default=0), "max": max(sizes, default=1), "calculable": False, "orient": "horizontal",
            "left": "center", "bottom": 4, "itemHeight": 120, "itemWidth": 10,
            "inRange": {"color": ["var(--nt-brand-soft)", "var(--nt-brand)"]},
        },
        "series": [
            {"type": "heatmap", "data": cells, "itemStyle": {"borderColor": "var(--nt-paper)", "borderWidth": 2}}
        ],
    }  # fmt: skip
    table = tuple((str(label), *values) for label, values in rows)
    described = _("%(rows)s rows by %(columns)s columns; from %(low)s to %(high)s.") % {
        "rows": len(rows), "columns": len(columns),
        "low": formats.plain(min(sizes, default=None)), "high": formats.plain(max(sizes, default=None)),
    }  # fmt: skip
    return Chart(key, title, unit, described, option, (_("Name"), *columns), table, note)


def _pillar(name: str, data: list[float | None], colour: str, sign: str = "", silent: bool = False) -> dict[str, Any]:
    return {
        "type": "bar",
        "stack": "level",
        "name": name,
        "silent": silent,
        "barWidth": "48%",
        "itemStyle": {"color": colour},
        "data": data,
        "signed": sign,
        "label": {"show": bool(sign), "position": "top"},
    }


def _cut(levels: Sequence[float]) -> dict[str, float]:
    """An axis of round steps from under the smallest level; from zero when the changes are not small beside the totals.

    >>> _cut([84.1, 82.7, 78.1])
    {'min': 76.0, 'interval': 2.0}
    >>> _cut([10.0, 50.0])
    {}
    """
    low, high = min(levels), max(levels)
    spread = high - low
    if low <= 0 or spread <= 0 or spread > low:
        return {}
    wanted = spread * 1.3 / 4
    power = 10.0 ** math.floor(math.log10(wanted))
    step = next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= wanted)
    return {"min": max(0.0, math.floor((low - spread * 0.15) / step) * step), "interval": step}


def _ratio(value: Number | None, total: Decimal) -> Decimal | None:
    part = formats.to_decimal(value)
    return None if part is None or not total else part / total


def _hundredths(value: Number | None, total: Decimal) -> Decimal | None:
    ratio = _ratio(value, total)
    return None if ratio is None else ratio * 100


def _list(words: Sequence[str]) -> str:
    return _(", ").join(words)

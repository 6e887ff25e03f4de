"""Institutions by position: no tiles (they would need the internet), but a graticule, north and a scale."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from nengtan.ui.charts import base
from nengtan.ui.charts.base import Chart, Text
from nengtan.ui.formats import Number


@dataclass(frozen=True)
class Place:
    """An institution on the map; ``size`` is its energy, ``judgement`` its colour, ``reason`` the word beside it."""

    label: Text
    lon: float | None
    lat: float | None
    size: Number | None
    judgement: str = "muted"
    reason: Text = ""
    href: str = ""


def institution_map(
    title: Text, unit: Text, places: Sequence[Place], words: Mapping[str, Text], key: str = "map", note: Text = ""
) -> Chart:
    """Dots sized by energy, coloured by judgement; ``words`` names each judgement in the legend.

    Institutions without a position are counted in the note, not dropped silently.
    """
    placed = [place for place in places if place.lon is not None and place.lat is not None]
    largest = max((float(place.size or 0) for place in placed), default=0.0) or 1.0
    option = {
        "legend": base.legend(icon="circle"),
        "grid": {"left": 8, "right": 8, "top": 32, "bottom": 8},
        "tooltip": {"trigger": "item"},
        "xAxis": _degrees([float(place.lon or 0) for place in placed], position="bottom"),
        "yAxis": _degrees([float(place.lat or 0) for place in placed]),
        "series": [_dots(judgement, str(word), placed, largest) for judgement, word in words.items()],
    }
    missing = len(places) - len(placed)
    absent = ngettext("%(n)s institution has no position yet.", "%(n)s institutions have no position yet.", missing)
    lines = [str(note)] if note else []
    lines += [absent % {"n": missing}] if missing else []
    described = _("%(count)s institutions by position: %(words)s.") % {
        "count": len(placed),
        "words": _(", ").join(
            f"{word} {sum(1 for place in placed if place.judgement == judgement)}" for judgement, word in words.items()
        ),
    }
    rows = tuple(
        (
            str(place.label),
            place.size,
            str(words.get(place.judgement, "")),
            str(place.reason),
            _degree(place.lon),
            _degree(place.lat),
        )
        for place in places
    )
    columns = (_("Name"), unit, _("Judgement"), _("Why"), _("Longitude"), _("Latitude"))
    return Chart(key, title, unit, described, option, columns, rows, " ".join(lines), {"map": True, "links": True})


def _dots(judgement: str, word: str, places: Sequence[Place], largest: float) -> dict[str, Any]:
    mine = [place for place in places if place.judgement == judgement]
    middle = _middle([float(place.lon or 0) for place in places])
    return {
        "type": "scatter",
        "name": word,
        "z": 5 if judgement == "bad" else 3,
        "itemStyle": {"color": base.colour_of("brand" if judgement == "muted" else judgement), "opacity": 0.78,
                      "borderColor": "var(--nt-paper)", "borderWidth": 1},
        "label": {"show": judgement == "bad" and len(mine) <= 5, "position": "right", "named": True},
        "labelLayout": {"hideOverlap": True},
        "data": [
            {"name": str(place.label), "value": [place.lon, place.lat, base.number(place.size)], "link": place.href,
             "why": str(place.reason), "label": {"position": "left" if float(place.lon or 0) > middle else "right"},
             "symbolSize": round(7 + 23 * (float(place.size or 0) / largest) ** 0.5, 1)}
            for place in mine
        ],
    }  # fmt: skip


def _degrees(values: Sequence[float], **extra: Any) -> dict[str, Any]:
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    margin = max((high - low) * 0.1, 0.002)
    return {
        "type": "value",
        "min": low - margin,
        "max": high + margin,
        "splitLine": {"show": True, "lineStyle": {"type": "dotted"}},
        "axisLine": {"show": False},
        "axisTick": {"show": False},
        "axisLabel": {"show": True, "inside": True},
        **extra,
    }


def _middle(values: Sequence[float]) -> float:
    return (min(values) + max(values)) / 2 if values else 0.0


def _degree(value: float | None) -> str | None:
    return None if value is None else f"{value:.4f}"

"""Charts of the PDF: where bars and slices stand; a template draws them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from nengtan.reporting.report.charts import ChartData, Shape
from nengtan.reporting.report.drawing import COLOUR, COLOURS, MOST_LABELLED
from nengtan.ui.formats import fixed

WIDTH, LABELS, BAR, GAP = 600.0, 150.0, 18.0, 8.0
COLUMN_HEIGHT = 190.0
RADIUS = 105.0


@dataclass(frozen=True)
class Bar:
    """A bar with its name and number; ``x``, ``y`` is its upper left corner."""

    x: float
    y: float
    width: float
    height: float
    name: str
    number: str
    name_x: float
    name_y: float
    number_x: float
    number_y: float


@dataclass(frozen=True)
class Slice:
    """A slice: its path, its colour, and its line of the legend."""

    path: str
    colour: str
    name: str
    number: str
    legend_y: float


def svg(chart: ChartData) -> SafeString:
    """A chart as SVG."""
    draw = {Shape.BAR: _bars, Shape.COLUMN: _columns, Shape.PIE: _slices}[chart.shape]
    return render_to_string("reporting/report/chart.svg", {"chart": chart, "colour": COLOUR, **draw(chart)})


def _scaled(values: tuple[Decimal, ...], length: float) -> tuple[list[float], float]:
    """Lengths from the zero line, and how far that lies from the lower end."""
    high, low = max(*map(float, values), 0.0), min(*map(float, values), 0.0)
    scale = length / (high - low or 1)
    return [float(value) * scale for value in values], -low * scale


def _bars(chart: ChartData) -> dict[str, object]:
    lengths, zero = _scaled(chart.values, WIDTH - LABELS - 80)
    bars = []
    for at, (name, value, length) in enumerate(zip(chart.places, chart.values, lengths, strict=True)):
        y, left = GAP + at * (BAR + GAP), LABELS + zero + min(length, 0)
        text = fixed(value, chart.decimals)
        end = left + abs(length) + 6
        bars.append(Bar(left, y, abs(length), BAR, name, text, LABELS - 8, y + BAR - 5, end, y + BAR - 5))
    return {"bars": bars, "width": WIDTH, "height": GAP + len(bars) * (BAR + GAP), "anchor": "end"}


def _columns(chart: ChartData) -> dict[str, object]:
    lengths, zero = _scaled(chart.values, COLUMN_HEIGHT)
    step = WIDTH / len(lengths)
    bars = []
    labelled = len(lengths) <= MOST_LABELLED
    for at, (name, value, length) in enumerate(zip(chart.places, chart.values, lengths, strict=True)):
        width, x = min(step * 0.6, 70.0), step * (at + 0.5)
        top = 24 + COLUMN_HEIGHT - zero - max(length, 0)
        text, under = fixed(value, chart.decimals) if labelled else "", top + abs(length)
        number_y = top - 6 if length >= 0 else under + 14
        bars.append(
            Bar(x - width / 2, top, width, abs(length), name, text, x, COLUMN_HEIGHT + 62, x, number_y)
        )  # fmt: skip
    return {"bars": bars, "width": WIDTH, "height": COLUMN_HEIGHT + 74, "anchor": "middle"}


def _slices(chart: ChartData) -> dict[str, object]:
    whole = float(sum(chart.values)) or 1.0
    found, begun = [], 0.0
    for at, (name, value) in enumerate(zip(chart.places, chart.values, strict=True)):
        ended = begun + float(value) / whole
        text = f"{fixed(value, chart.decimals)}{chart.unit}"
        found.append(Slice(_arc(begun, ended), COLOURS[at % len(COLOURS)], name, text, 40 + at * 22))
        begun = ended
    return {"slices": found, "width": WIDTH, "height": 2 * RADIUS + 20}


def _arc(begun: float, ended: float) -> str:
    """The path of a slice; a whole turn stops just short of itself, else it would be nothing."""
    ended = min(ended, begun + 0.99999)
    centre_x, centre_y = RADIUS + 60, RADIUS + 10

    def point(turn: float) -> str:
        angle = 2 * math.pi * turn - math.pi / 2
        return f"{centre_x + RADIUS * math.cos(angle):.2f} {centre_y + RADIUS * math.sin(angle):.2f}"

    large = int(ended - begun > 0.5)
    return f"M {centre_x} {centre_y} L {point(begun)} A {RADIUS} {RADIUS} 0 {large} 1 {point(ended)} Z"

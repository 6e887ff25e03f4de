"""Charts as values: each builder returns a ``Chart`` (ECharts option, words for those who cannot see it, its data).

Options are plain JSON. Colours are written as ``var(--nt-…)`` and resolved in the browser, so that one option serves
light, dark and print; numbers in the option are floats for drawing, the data table keeps the Decimals.
"""

from nengtan.ui.charts.base import Chart, Series, colour_of, months
from nengtan.ui.charts.places import Place, institution_map
from nengtan.ui.charts.shares import (
    Flow,
    Share,
    Step,
    flows,
    heat_map,
    ranking,
    structure,
    structure_over_time,
    waterfall,
)
from nengtan.ui.charts.time import monthly_by_carrier, spark, trend, yearly_trend

__all__ = [
    "Chart",
    "Flow",
    "Place",
    "Series",
    "Share",
    "Step",
    "colour_of",
    "flows",
    "heat_map",
    "institution_map",
    "monthly_by_carrier",
    "months",
    "ranking",
    "spark",
    "structure",
    "structure_over_time",
    "trend",
    "waterfall",
    "yearly_trend",
]

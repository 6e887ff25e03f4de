"""Chart builders: plain JSON, honest gaps, words for those who cannot see."""

import json
from decimal import Decimal

import pytest
from django.utils import translation

from nengtan.ui import charts
from nengtan.ui.charts import Chart, Place, Series, Share, Step


@pytest.fixture(autouse=True)
def english() -> object:
    with translation.override("en"):
        yield


def monthly() -> Chart:
    values = [Decimal(n) for n in range(1, 12)] + [None]
    return charts.monthly_by_carrier("Energy", "tce", [Series("electricity", "Power", values)], [2] * 12, "2022")


def every_chart() -> list[Chart]:
    series = [Series("electricity", "Power", [Decimal(3), None]), Series("natural_gas", "Gas", [1, 2])]
    return [
        monthly(),
        charts.yearly_trend("Years", "tce", [2022, 2023], series),
        charts.trend("Trend", "tce", ["a", "b"], series),
        charts.spark("Line", "kWh", ["a", "b"], [1, None]),
        charts.structure("Parts", "tce", [Share("coal", "Coal", Decimal(1)), Share("heat", "Heat", None)]),
        charts.structure_over_time("Shares", ["a", "b"], series),
        charts.ranking("Rank", "tce", [Share("bad", "X", 3, "/x"), Share("brand", "Y", None)], 2, "median"),
        charts.waterfall("Change", "t", Share("total", "2022", 100), [Step("mix", -7)], Share("total", "2023", 93)),
        charts.heat_map("Heat", "tce", ["a", "b"], [("X", [1, None])]),
        charts.institution_map(
            "Map", "tce", [Place("X", 114.3, 30.5, 5), Place("Y", None, None, 1)], {"muted": "usual"}
        ),
    ]


@pytest.mark.parametrize("chart", every_chart(), ids=lambda chart: chart.key)
def test_every_chart_is_json_with_words_and_a_rectangular_table(chart: Chart) -> None:
    json.dumps(chart.payload, allow_nan=False)
    assert chart.description
    assert {len(row) for row in chart.rows} == {len(chart.columns)}


def test_an_unknown_month_is_a_gap_in_the_picture_and_a_dash_in_the_table() -> None:
    chart = monthly()
    assert chart.option["series"][0]["data"][11] is None
    assert chart.table_rows[11][1][0] == ("—", True)


def test_last_year_is_a_dashed_line() -> None:
    assert monthly().option["series"][-1]["lineStyle"]["type"] == "dashed"


def test_colours_are_tokens_so_that_themes_can_change_them() -> None:
    assert monthly().option["series"][0]["itemStyle"]["color"] == "var(--nt-electricity)"


def test_the_description_names_the_extremes() -> None:
    assert "highest 11 in Nov" in str(monthly().description)


def test_the_waterfall_ends_where_the_steps_lead() -> None:
    chart = charts.waterfall(
        "c", "t", Share("total", "a", 100), [Step("up", 10), Step("down", -30)], Share("total", "b", 80)
    )
    hidden, totals, rises, falls = (series["data"] for series in chart.option["series"])
    assert totals == [100, None, None, 80]
    assert (hidden[1], rises[1]) == (100, 10)
    assert (hidden[2], falls[2]) == (80, 30)


def test_a_small_change_between_large_totals_cuts_the_axis_and_a_large_one_does_not() -> None:
    def floor(steps: list[Step], end: int) -> float:
        axis = charts.waterfall("c", "t", Share("t", "a", 21860), steps, Share("t", "b", end)).option["yAxis"]
        return axis.get("min", 0)

    assert 0 < floor([Step("mix", -2060)], 19800) < 19800
    assert floor([Step("mix", -20000)], 1860) == 0


def test_institutions_without_position_are_counted_not_dropped() -> None:
    chart = every_chart()[-1]
    assert chart.note == "1 institution has no position yet."
    assert len(chart.rows) == 2


def test_empty_when_nothing_is_known() -> None:
    assert charts.trend("t", "tce", ["a"], [Series("x", "X", [None])]).is_empty

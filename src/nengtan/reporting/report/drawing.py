"""Charts of Word's own: a chart part with its values inside and a workbook behind it, so that it stays editable."""

from __future__ import annotations

import io
from typing import Any

from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml
from docx.text.paragraph import Paragraph
from openpyxl import Workbook
from openpyxl.chart import BarChart, PieChart
from openpyxl.chart.data_source import AxDataSource, NumData, NumDataSource, NumRef, NumVal, StrData, StrRef, StrVal
from openpyxl.chart.label import DataLabelList
from openpyxl.chart.layout import Layout, ManualLayout
from openpyxl.chart.series import Series, SeriesLabel
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.chart.text import RichText
from openpyxl.drawing.line import LineProperties
from openpyxl.drawing.text import CharacterProperties, ParagraphProperties
from openpyxl.drawing.text import Paragraph as TextLine
from openpyxl.xml.functions import tostring

from nengtan.reporting.report.charts import ChartData, Shape

CHART_TYPE = "application/vnd.openxmlformats-officedocument.drawingml.chart+xml"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_EMU_PER_MM = 36000
WIDTH_MM, HEIGHT_MM, ROW_MM = 150, 72, 7
COLOUR = "0B6B5D"
COLOURS = ("2F6FB5", "D9822B", "8A5A12", "C2453B", "4C9A5B", "3AA6B9", "7B5EA7", "6B7280", "B8A13A", "0B6B5D")
MOST_LABELLED = 6
"""Beside more columns their numbers would run into each other; the table has them."""

_POINTS = 900  # hundredths of a point
_FRAME = (
    '<w:r xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    ' xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"'
    ' xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
    ' xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart"'
    ' xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><w:drawing>'
    '<wp:inline distT="0" distB="0" distL="0" distR="0"><wp:extent cx="{cx}" cy="{cy}"/>'
    '<wp:docPr id="{number}" name="Chart {number}"/><wp:cNvGraphicFramePr/><a:graphic>'
    '<a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/chart"><c:chart r:id="{rid}"/>'
    "</a:graphicData></a:graphic></wp:inline></w:drawing></w:r>"
)


def put_chart(document: Any, line: Paragraph, chart: ChartData, number: int) -> None:
    """Put a chart in the place of the text of a paragraph."""
    package = document.part.package
    name = package.next_partname("/word/charts/chart%d.xml")
    held = Part(name, CHART_TYPE, b"", package)
    book = Part(PackURI(f"/word/embeddings/{name.filename[:-4]}.xlsx"), XLSX_TYPE, _workbook(chart), package)
    held._blob = _chart_xml(chart, held.relate_to(book, RELATIONSHIP_TYPE.PACKAGE))
    rid = document.part.relate_to(held, RELATIONSHIP_TYPE.CHART)
    line.clear()
    size = {"cx": WIDTH_MM * _EMU_PER_MM, "cy": height_mm(chart) * _EMU_PER_MM}
    line._p.append(parse_xml(_FRAME.format(number=9000 + number, rid=rid, **size)))


def height_mm(chart: ChartData) -> int:
    """How high a chart is drawn: bars want a line each."""
    return max(HEIGHT_MM, 20 + ROW_MM * len(chart.places)) if chart.shape is Shape.BAR else HEIGHT_MM


def _workbook(chart: ChartData) -> bytes:
    book = Workbook()
    page: Any = book.active
    page.title = "Sheet1"
    page.append(["", f"{chart.name} [{chart.unit}]"])
    for place, value in zip(chart.places, chart.values, strict=True):
        page.append([place, round(float(value), 6)])
    for cell in page["A"]:
        cell.data_type = "s"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _chart_xml(chart: ChartData, workbook_id: str) -> bytes:
    made = _pie(chart) if chart.shape is Shape.PIE else _bars(chart)
    made.legend = made.legend if chart.shape is Shape.PIE else None
    made.auto_title_deleted = True
    text = tostring(made._write()).decode()
    link = (
        f'<c:externalData xmlns:c="{_C}" xmlns:r="{_R}" r:id="{workbook_id}"><c:autoUpdate val="0"/></c:externalData>'
    )
    end = text.rindex("</")
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    return (head + text[:end] + link + text[end:]).encode()


_C = "http://schemas.openxmlformats.org/drawingml/2006/chart"
_R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def _series(chart: ChartData) -> Series:
    last, count = len(chart.places) + 1, len(chart.places)
    names = StrData(ptCount=count, pt=[StrVal(idx=at, v=place) for at, place in enumerate(chart.places)])
    numbers = NumData(
        formatCode="General", ptCount=count,
        pt=[NumVal(idx=at, v=f"{value:.{chart.decimals + 4}f}") for at, value in enumerate(chart.values)],
    )  # fmt: skip
    title = StrData(ptCount=1, pt=[StrVal(idx=0, v=f"{chart.name} [{chart.unit}]")])
    series = Series(
        idx=0, order=0, tx=SeriesLabel(strRef=StrRef(f="Sheet1!$B$1", strCache=title)),
        cat=AxDataSource(strRef=StrRef(f=f"Sheet1!$A$2:$A${last}", strCache=names)),
        val=NumDataSource(numRef=NumRef(f=f"Sheet1!$B$2:$B${last}", numCache=numbers)),
    )  # fmt: skip
    series.dLbls = DataLabelList(
        showVal=True, showSerName=False, showCatName=False, showLegendKey=False, showPercent=False,
        numFmt="#,##0" + ("." + "0" * chart.decimals if chart.decimals else ""), txPr=_letters(),
    )  # fmt: skip
    return series


def _bars(chart: ChartData) -> Any:
    made = BarChart()
    made.type = "bar" if chart.shape is Shape.BAR else "col"
    made.gapWidth = 60
    series = _series(chart)
    series.graphicalProperties = GraphicalProperties(solidFill=COLOUR)
    series.invertIfNegative = False
    if made.type == "col" and len(chart.places) > MOST_LABELLED:
        series.dLbls = None
    made.series.append(series)
    for axis in (made.x_axis, made.y_axis):
        axis.delete = False
        axis.txPr = _letters()
    made.x_axis.tickLblPos = "low"
    made.y_axis.majorGridlines.spPr = GraphicalProperties(ln=LineProperties(solidFill="E5E8ED"))
    made.y_axis.number_format = "#,##0.##" if max(map(abs, chart.values)) < 10 else "#,##0"
    if made.type == "bar":
        made.x_axis.scaling.orientation = "maxMin"
        made.y_axis.crosses = "max"
    return made


def _pie(chart: ChartData) -> Any:
    from openpyxl.chart.series import DataPoint

    made = PieChart()
    series = _series(chart)
    for at in range(len(chart.places)):
        point = DataPoint(idx=at)
        point.graphicalProperties = GraphicalProperties(solidFill=COLOURS[at % len(COLOURS)])
        series.dPt.append(point)
    made.series.append(series)
    made.legend.position = "r"
    made.legend.txPr = _letters()
    made.layout = Layout(manualLayout=ManualLayout(x=0.05, y=0.05, w=0.55, h=0.9))
    return made


def _letters() -> RichText:
    held = ParagraphProperties(defRPr=CharacterProperties(sz=_POINTS))
    return RichText(p=[TextLine(pPr=held, endParaRPr=CharacterProperties(sz=_POINTS))])

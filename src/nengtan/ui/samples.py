"""Invented numbers for the gallery of components; no page of the product uses them."""

from decimal import Decimal
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nengtan.ui import charts
from nengtan.ui.charts import Chart, Place, Series, Share
from nengtan.ui.charts import Step as Cause
from nengtan.ui.components import Change, Crumb, Definition, EvidenceItem, KeyFigure, Step, Tab, badge_html, peers_svg
from nengtan.ui.tables import ChoiceFilter, Column, RangeFilter, Table, TextFilter, sums_ratio
from nengtan.ui.widgets import DayInput

ELECTRICITY = (640, 560, 480, 430, 455, 622, 760, 770, 610, 440, 432, 560)
GAS = (125, 118, 78, 48, 34, 28, 26, 27, 29, 45, 75, 122)
OIL = (9, 6, 8, 7, 8, 7, 9, 8, 7, 6, 8, 9)
LAST = (800, 702, 571, 478, 486, 664, 815, 832, 668, 486, 512, 700)
PEERS = (4.2, 4.6, 4.9, 5.3, 5.5, 5.9, 6.2, 6.6, 7.4)
JUDGED = ("bad", "warn", "good", "muted")


class SampleForm(forms.Form):
    """One field of each kind."""

    name = forms.CharField(label=gettext_lazy("Name"), help_text=gettext_lazy("As on the certificate."))
    kind = forms.ChoiceField(
        label=gettext_lazy("Type"),
        choices=[("01", gettext_lazy("Government office")), ("021", gettext_lazy("Education"))],
    )
    area = forms.DecimalField(label=gettext_lazy("Floor area (m²)"), min_value=0)
    since = forms.DateField(label=gettext_lazy("Holds from"), widget=DayInput())
    shared = forms.BooleanField(label=gettext_lazy("Shares its building"), required=False)
    note = forms.CharField(label=gettext_lazy("Note"), required=False, widget=forms.Textarea(attrs={"rows": 2}))


def rows() -> list[dict[str, Any]]:
    """Sixty invented institutions."""
    made = []
    for number in range(1, 61):
        judgement = JUDGED[number % 4] if number % 5 == 0 else "muted"
        area = Decimal(3000 + number * 731 % 21000)
        energy = area * Decimal(4 + number * 37 % 70 / Decimal(10)) / 1000
        made.append(
            {
                "name": _("Sample institution %(n)s") % {"n": number},
                "kind": "021" if number % 3 else "01",
                "area_m2": None if number == 7 else area,
                "tce": energy.quantize(Decimal("0.01")),
                "judgement": judgement,
                "change": Change(energy, energy * (Decimal(90 + number % 23) / 100), _("on last year")),
            }
        )
    return made


def table(request: HttpRequest) -> Table:
    """A table over a list, with each kind of column and filter."""
    kinds = (("01", _("Government office")), ("021", _("Education")))
    words = {"bad": _("over quota"), "warn": _("check"), "good": _("improved"), "muted": _("as usual")}
    columns = (
        Column("name", _("Institution"), sort=True, priority=1, href=lambda row: "#"),
        Column("kind", _("Type"), sort=True, render=lambda row: dict(kinds)[row["kind"]]),
        Column(
            "area_m2", _("Area"), unit="m²", numeric=True, decimals=0, sort=True, total=True, reason=_("not reported")
        ),
        Column("tce", _("Energy"), unit="tce", numeric=True, decimals=1, sort=True, total=True),
        Column(
            *("per_area", _("Per area"), "kgce/m²"),
            value=lambda row: row["tce"] * 1000 / row["area_m2"] if row["area_m2"] else None,
            numeric=True,
            decimals=2,
            sort=True,
            total=lambda sums: sums_ratio(sums, "tce", "area_m2", 1000),
            reason=_("no area"),
        ),
        Column("peers", _("Among its kind"), render=_peers, export=lambda row: None, priority=3),
        Column("judgement", _("Judgement"), render=lambda row: badge_html(row["judgement"], words[row["judgement"]])),
    )
    filters = (
        TextFilter("q", _("Search"), fields=("name",), placeholder=_("Institution")),
        ChoiceFilter("kind", _("Type"), choices=kinds),
        RangeFilter("area", _("Area"), field="area_m2", unit="m²"),
    )
    return Table(
        rows(),
        request,
        id="sample",
        caption=_("Sample institutions"),
        columns=columns,
        filters=filters,
        default_sort="-tce",
    )


def _peers(row: dict[str, Any]) -> str:
    own = float(row["tce"] * 1000 / row["area_m2"]) if row["area_m2"] else None
    return peers_svg(PEERS, own, row["judgement"], "kgce/m²")


def key_figures() -> list[KeyFigure]:
    """The strip of the picture."""
    last = _("on last year")
    return [
        KeyFigure(
            _("Energy (equal value)"), Decimal("7846.2"), "tce", "#", Change(97.4, 100, last), _("within target")
        ),
        KeyFigure(_("CO₂ emissions"), Decimal(19800), "tCO₂", "#", Change(90.6, 100, last), _("of it factors −6.1%")),
        KeyFigure(_("Energy per area"), Decimal("6.463"), "kgce/m²", "#", Change(97.1, 100, last)),
        KeyFigure(
            _("Energy per person"),
            Decimal("114.93"),
            _("kgce/person"),
            "#",
            Change(100.8, 100, last),
            _("behind target"),
        ),
        KeyFigure(_("Water"), Decimal(1382000), "m³", "#", Change(98.3, 100, last), estimate=True),
        KeyFigure(_("Cost"), None, _("CNY"), reason=_("no bill carries a cost yet"), note=_("no costs yet")),
    ]


def pictures() -> dict[str, Chart]:
    """One chart of each kind."""
    carriers = [
        Series("electricity", _("Electricity"), ELECTRICITY),
        Series("natural_gas", _("Natural gas"), GAS),
        Series("gasoline", _("Oil"), OIL),
    ]
    causes = [
        Cause(_("persons"), 610),
        Cause(_("area per person"), -180),
        Cause(_("intensity"), -820),
        Cause(_("energy mix"), -260),
        Cause(_("factors"), -1410),
    ]
    ranks = [
        Share("bad" if n < 2 else "brand", _("Sample institution %(n)s") % {"n": n + 1}, 21 - n * 1.7, "#")
        for n in range(8)
    ]
    return {
        "monthly": charts.monthly_by_carrier(_("Energy by month"), "tce", carriers, LAST, "2022"),
        "waterfall": charts.waterfall(
            _("Where the change comes from"),
            "tCO₂",
            Share("total", "2022", 21860),
            causes,
            Share("total", "2023", 19800),
        ),
        "structure": charts.structure(
            _("By carrier"), "tce", [Share(item.key, item.label, sum(v for v in item.values if v)) for item in carriers]
        ),
        "yearly": charts.yearly_trend(
            _("By year"),
            "tce",
            (2019, 2020, 2021, 2022, 2023),
            [Series(s.key, s.label, s.values[:5]) for s in carriers],
        ),
        "shares": charts.structure_over_time(_("Shares by month"), charts.months(), carriers),
        "ranking": charts.ranking(_("Energy per area"), "kgce/m²", ranks, 12.4, _("median")),
        "heat": charts.heat_map(
            _("Months of each carrier"), "tce", charts.months(), [(s.label, s.values) for s in carriers]
        ),
        "trend": charts.trend(
            _("Against last year"),
            "tce",
            charts.months(),
            [Series("electricity", "2023", ELECTRICITY), Series("last", "2022", LAST, dashed=True)],
        ),
        "map": charts.institution_map(
            _("Institutions by position"),
            "tce",
            _places(),
            {"muted": _("as usual"), "warn": _("check"), "bad": _("over quota")},
        ),
    }


def _places() -> list[Place]:
    places = []
    for number in range(90):
        judgement = "bad" if number in (17, 60) else "warn" if number % 13 == 4 else "muted"
        lon, lat = 114.28 + (number * 61 % 97) / 900, 30.51 + (number * 43 % 89) / 1000
        label = _("Sample institution %(n)s") % {"n": number + 1}
        reason = _("far above its kind") if judgement == "bad" else ""
        places.append(Place(label, lon, lat if number != 3 else None, 20 + number * 37 % 400, judgement, reason, "#"))
    return places


def context(request: HttpRequest) -> dict[str, Any]:
    """Everything the gallery shows."""
    bound = SampleForm({"name": "", "kind": "021", "area": "-3"})
    return {
        "crumbs": [Crumb(_("Province"), "#"), Crumb(_("City"), "#"), Crumb(_("District"))],
        "years": (2023, 2022, 2021),
        "year": request.GET.get("year", "2023"),
        "table": table(request),
        "key_figures_list": key_figures(),
        "charts": pictures(),
        "form": bound,
        "steps_list": [Step(_("Entering"), "current"),
                       Step(_("Statistics head")), Step(_("Unit head")), Step(_("Sent"))],
        "tabs_list": [Tab(_("Accounts"), "#", True), Tab(_("Facts"), "#", count=1248),
                      Tab(_("Buildings"), "#", count=3)],
        "definitions_list": [
            Definition(_("Credit code"), "12420106000000000X"),
            Definition(_("Floor area"), "18,960 m²", _("since 2021-01-01")),
            Definition(_("Superior"), None),
        ],
        "evidence_list": [
            EvidenceItem(_("October: electricity 38,412 kWh"), _("bill, page 3; statistician, 11-08"), "#",
                         _("bill"), "good"),
            EvidenceItem(_("September: electricity 37,020 kWh"), _("estimate"), "#", _("estimate"), "warn"),
        ],
        "job": {"id": 1, "title": _("Importing a workbook"), "state": "running", "done": 61200, "total": 100000,
                "note": _("about 20 seconds left"), "cancel_url": "#"},
        "peer_values": PEERS,
        "spark_values": ELECTRICITY,
    }  # fmt: skip

"""Addresses of the room."""

from django.urls import path

from nengtan.telemetry.pages import alarms, comparison, formula, live, meter, quality, structure

urlpatterns = [
    path("metering/", live.metering, name="metering"),
    path("metering/live/", live.metering_live, name="metering_live"),
    path("metering/alarms/", alarms.alarms, name="alarms"),
    path("metering/alarms/<int:pk>/", alarms.alarm, name="alarm"),
    path("metering/quality/", quality.quality, name="metering_quality"),
    path("metering/structure/", structure.structure, name="metering_structure"),
    path("metering/comparison/", comparison.comparison, name="metering_comparison"),
    path("metering/meters/<str:code>/formula/", formula.formula, name="formula"),
    path("metering/meters/<str:code>/bench/", quality.bench, name="bench"),
    path("metering/meters/<str:code>/bench/<int:pk>/undo/", quality.bench_undo, name="bench_undo"),
    path("metering/meters/<str:code>/", meter.meter, name="meter"),
    path("metering/buildings/<str:code>/", meter.building, name="building"),
]

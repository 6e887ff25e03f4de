"""Every address of the site."""

from __future__ import annotations

from django.urls import include, path

from nengtan.config.api import api

urlpatterns = [
    path("", include("nengtan.dashboards.urls")),
    path("", include("nengtan.identity.urls")),
    path("", include("nengtan.registry.urls")),
    path("", include("nengtan.telemetry.urls")),
    path("", include("nengtan.ledger.urls")),
    path("", include("nengtan.carbon.urls")),
    path("", include("nengtan.reporting.urls")),
    path("", include("nengtan.trusteeship.urls")),
    path("ui/", include("nengtan.ui.urls")),
    path("jobs/", include("nengtan.ui.jobs.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("api/", api.urls),
]

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TelemetryConfig(AppConfig):
    """Readings of meters, and the consumption that follows from them."""

    name = "nengtan.telemetry"
    verbose_name = _("Metering")

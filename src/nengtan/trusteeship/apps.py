"""The room as Django knows it."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TrusteeshipConfig(AppConfig):
    """Energy-cost trusteeship."""

    name = "nengtan.trusteeship"
    verbose_name = _("Energy-cost trusteeship")

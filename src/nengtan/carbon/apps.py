"""The room as Django knows it."""

from typing import Any

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CarbonConfig(AppConfig):
    """Carbon books."""

    name = "nengtan.carbon"
    verbose_name = _("Carbon books")

    def ready(self) -> None:
        from nengtan.identity.roles import Capability
        from nengtan.ui import nav

        nav.register(
            "carbon", _("Carbon inventories"), "inventories", Capability.VIEW_DETAIL, icon="leaf", order=20
        )  # fmt: skip
        nav.register(
            "carbon", _("Regional carbon report"), "region_carbon", Capability.VIEW_DETAIL, icon="chart-bar", order=30,
            when=_sees_a_region,
        )  # fmt: skip
        nav.register("carbon", _("Test a claim"), "claim", Capability.VIEW, icon="search", order=40)


def _sees_a_region(actor: Any) -> bool:
    from nengtan.identity.roles import Capability

    scope = actor.scope_for(Capability.VIEW_DETAIL)
    return bool(scope.everything or scope.regions)

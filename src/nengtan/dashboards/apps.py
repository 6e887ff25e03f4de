from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DashboardsConfig(AppConfig):
    """Pictures drawn from several rooms' figures; writes nothing."""

    name = "nengtan.dashboards"
    verbose_name = _("Overviews")

    def ready(self) -> None:
        from nengtan.ui import nav

        own = ("/regions/", "/institutions/")
        nav.register("top", _("Overview"), "home", capability="view", icon="layout-dashboard", order=1, covers=own)

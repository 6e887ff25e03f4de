"""Django's handle on the room."""

from django import forms
from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IdentityConfig(AppConfig):
    """Who a person is, what they may do and where, and what they did."""

    name = "nengtan.identity"
    verbose_name = _("Users and audit")

    def ready(self) -> None:
        """Judge the text of form fields, seal the trail, enter the menu, and name the room's actions for the trail."""
        from nengtan.identity import texts, wording
        from nengtan.identity.appendonly import protect
        from nengtan.identity.roles import Capability
        from nengtan.ui import nav

        forms.CharField.default_validators = [texts.refuse]
        protect(self, "AuditEvent")
        nav.register("system", _("Users"), "users", capability=Capability.MANAGE_USERS, icon="users", order=10)
        nav.register("system", _("API keys"), "api_keys", capability=Capability.MANAGE_USERS, icon="key", order=20)
        nav.register("system", _("Audit trail"), "audit", capability=Capability.VIEW_AUDIT, icon="history", order=30)
        wording.register(actions=wording.OWN_ACTIONS, kinds=wording.OWN_KINDS)

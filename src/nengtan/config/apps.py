from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """Settings, addresses, the assembled API and the command."""

    name = "nengtan.config"
    label = "config"

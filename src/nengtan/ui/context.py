"""What the page shell needs on every page."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from nengtan.ui import nav

THEMES = ("light", "dark", "auto")
DEFAULT_THEME = "auto"
"""As the browser prefers, until somebody chooses."""


def shell(request: HttpRequest) -> dict[str, Any]:
    """Template context: the menu (computed when a page shows it), the chosen theme, who acts."""
    theme = request.COOKIES.get("theme", DEFAULT_THEME)
    return {
        "nav_groups": SimpleLazyObject(lambda: nav.groups_for(request)),
        "theme": theme if theme in THEMES else DEFAULT_THEME,
        "actor": getattr(request, "actor", None),
    }

"""Language of a request: what the visitor chose, else what the account says, else the installation's."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers

__all__ = ["LanguageMiddleware", "language_of"]


def language_of(request: HttpRequest) -> str:
    """The language code for this request.

    A browser's Accept-Language is not asked: officials' machines often carry an English browser, and the
    interface is Chinese unless somebody says otherwise.
    """
    user: Any = getattr(request, "user", None)
    known = dict(settings.LANGUAGES)
    for code in (request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME), getattr(user, "language", None)):
        if code and code in known:
            return str(code)
    return settings.LANGUAGE_CODE


class LanguageMiddleware:
    """Stands after authentication, in place of Django's LocaleMiddleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        code = language_of(request)
        request.LANGUAGE_CODE = code
        with translation.override(code):
            response = self.get_response(request)
        patch_vary_headers(response, ("Cookie",))
        response.headers.setdefault("Content-Language", code)
        return response

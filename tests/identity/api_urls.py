"""The site with this room's API alone, so that its tests do not wait for the other rooms."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from ninja import NinjaAPI

from nengtan.identity.access import Forbidden
from nengtan.identity.api import router
from nengtan.identity.api_auth import authenticators

api = NinjaAPI(auth=authenticators, urls_namespace="identity-test")
api.add_router("/identity", router)


@api.exception_handler(Forbidden)
def forbidden(request: HttpRequest, error: Forbidden) -> HttpResponse:
    return api.create_response(request, {"detail": str(error)}, status=403)


@api.exception_handler(ValidationError)
def invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    return api.create_response(request, {"detail": error.messages}, status=422)


urlpatterns = [
    path("", include("nengtan.config.urls")),
    path("api/", api.urls),
]
urlpatterns.reverse()

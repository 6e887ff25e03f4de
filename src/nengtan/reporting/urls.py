"""Addresses of the room."""

from django.urls import path

from nengtan.reporting.pages import lists, sheet

urlpatterns = [
    path("returns/", lists.returns, name="returns"),
    path("returns/<int:pk>/", sheet.return_page, name="return"),
]

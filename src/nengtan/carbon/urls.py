"""Addresses of the room."""

from django.urls import path

from nengtan.carbon.pages import claims

urlpatterns = [
    path("carbon/claim/", claims.claim_page, name="claim"),
]

"""Addresses of the design system's own pages (mounted at ``/ui/``)."""

from django.urls import path

from nengtan.ui import pages

urlpatterns = [
    path("gallery/", pages.gallery, name="ui_gallery"),
    path("gallery/lineage/", pages.gallery_lineage, name="ui_gallery_lineage"),
]

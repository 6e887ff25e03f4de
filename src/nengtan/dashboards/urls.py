"""Addresses of the room."""

from django.urls import path

from nengtan.dashboards import pages

urlpatterns = [
    path("", pages.home, name="home"),
    path("regions/<str:code>/", pages.region, name="region"),
    path("regions/<str:code>/map/", pages.region_map, name="region_map"),
    path("wall/", pages.wall_home, name="wall_home"),
    path("regions/<str:code>/wall/", pages.wall, name="wall"),
    path("regions/<str:code>/wall/live/", pages.wall_live, name="wall_live"),
    path("regions/<str:code>/attention/", pages.attention, name="attention"),
    path("institutions/<str:code>/", pages.institution, name="institution"),
]

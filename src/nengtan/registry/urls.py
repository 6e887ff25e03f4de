"""Addresses of the room."""

from django.urls import path

from nengtan.registry.pages import imports, lists, record, regions

urlpatterns = [
    path("search/", lists.search, name="search"),
    path("register/", lists.institutions, name="institutions"),
    path("register/map/", lists.registry_map, name="registry_map"),
    path("register/export/", lists.registry_export, name="registry_export"),
    path("register/template/", imports.registry_template, name="registry_template"),
    path("register/import/", imports.registry_import, name="registry_import"),
    path("register/import/<str:key>/", imports.registry_preview, name="registry_preview"),
    path("register/import/<str:key>/marked/", imports.registry_marked, name="registry_marked"),
    path("register/import/<str:key>/take/", imports.registry_take, name="registry_take"),
    path("register/buildings/", lists.buildings, name="buildings"),
    path("register/meters/", lists.meters, name="meters"),
    path("register/equipment/", lists.assets, name="assets"),
    path("register/alive/", lists.alive_check, name="alive_check"),
    path("register/regions/", regions.regions_admin, name="regions_admin"),
    path("register/regions/<str:code>/", regions.regions_admin, name="regions_below"),
    path("register/add/", record.institution_add, name="institution_add"),
    path("register/of/<str:code>/", record.institution_record, name="institution_record"),
    path("register/of/<str:code>/edit/", record.institution_edit, name="institution_edit"),
    path("register/of/<str:code>/history/", record.institution_history, name="institution_history"),
    path("register/of/<str:code>/event/", record.institution_event, name="institution_event"),
    path("register/of/<str:code>/contact/<int:pk>/remove/", record.contact_remove, name="contact_remove"),
    path("register/of/<str:code>/<slug:part>/add/", record.institution_part, name="institution_part_add"),
    path("register/of/<str:code>/<slug:part>/<int:pk>/", record.institution_part, name="institution_part"),
]

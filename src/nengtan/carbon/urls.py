"""Addresses of the room."""

from django.urls import path

from nengtan.carbon.pages import claims, inventories, regions

urlpatterns = [
    path("carbon/claim/", claims.claim_page, name="claim"),
    path("carbon/inventories/", inventories.inventories, name="inventories"),
    path("carbon/inventories/<str:code>/", inventories.inventory_page, name="inventory"),
    path("carbon/inventories/<str:code>/<str:written>/", inventories.inventory_file, name="inventory_file"),
    path("carbon/regions/", regions.region_page, name="region_carbon"),
    path("carbon/regions/<str:written>/", regions.region_file, name="region_carbon_file"),
]

"""Addresses of the room."""

from django.urls import path

from nengtan.carbon.pages import claims, inventories

urlpatterns = [
    path("carbon/claim/", claims.claim_page, name="claim"),
    path("carbon/inventories/", inventories.inventories, name="inventories"),
    path("carbon/inventories/<str:code>/", inventories.inventory_page, name="inventory"),
    path("carbon/inventories/<str:code>/<str:written>/", inventories.inventory_file, name="inventory_file"),
]

"""Addresses of the room."""

from django.urls import path

from nengtan.trusteeship.pages import contracts, settlements

urlpatterns = [
    path("contracts/", contracts.contracts, name="contracts"),
    path("contracts/add/", contracts.add, name="contract_add"),
    path("contracts/<int:pk>/", contracts.contract, name="contract"),
    path("contracts/<int:pk>/amend/", contracts.amend_page, name="contract_amend"),
    path("settlements/<int:pk>/", settlements.settlement, name="settlement"),
    path("settlements/<int:pk>/<str:kind>/", settlements.download, name="settlement_file"),
]

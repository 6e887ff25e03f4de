"""Addresses of the room."""

from django.urls import path

from nengtan.ledger.pages import accounts, closings, earlier, explain, factors, facts, imports

urlpatterns = [
    path("ledger/", facts.facts, name="facts"),
    path("ledger/add/", facts.fact_add, name="fact_add"),
    path("ledger/add/earlier/", earlier.fact_earlier, name="fact_earlier"),
    path("ledger/facts/<int:pk>/", facts.fact, name="fact"),
    path("ledger/facts/<int:pk>/correct/", facts.fact_correct, name="fact_correct"),
    path("ledger/facts/<int:pk>/withdraw/", facts.fact_withdraw, name="fact_withdraw"),
    path("ledger/evidence/<str:sha256>/", facts.evidence, name="evidence"),
    path("ledger/import/", imports.activity_import, name="activity_import"),
    path("ledger/import/template/", imports.activity_template, name="activity_template"),
    path("ledger/import/<str:key>/", imports.activity_preview, name="activity_preview"),
    path("ledger/import/<str:key>/marked/", imports.activity_marked, name="activity_marked"),
    path("ledger/import/<str:key>/take/", imports.activity_take, name="activity_take"),
    path("ledger/imports/", imports.imports, name="imports"),
    path("ledger/imports/<int:pk>/", imports.import_batch, name="import_batch"),
    path("ledger/factors/", factors.factors, name="factors"),
    path("ledger/factors/add/", factors.factor_add, name="factor_add"),
    path("ledger/factors/<str:code>/", factors.factor, name="factor"),
    path("ledger/closings/", closings.closings, name="closings"),
    path("ledger/closings/<int:pk>/reopen/", closings.closing_reopen, name="closing_reopen"),
    path("ledger/explain/", explain.explain_page, name="explain"),
    path("ledger/accounts/", accounts.accounts_page, name="accounts"),
]

"""Addresses of the room."""

from django.urls import path

from nengtan.reporting.pages import lists, origin, printing, rules, sheet, steps, workbooks

urlpatterns = [
    path("returns/", lists.returns, name="returns"),
    path("returns/rules/", rules.rules, name="rules"),
    path("returns/rules/add/", rules.rule_add, name="rule_add"),
    path("returns/rules/check/", rules.rule_check, name="rule_check"),
    path("returns/rules/<str:code>/", rules.rule, name="rule"),
    path("returns/rules/<str:code>/change/", rules.rule_change, name="rule_change"),
    path("returns/rules/<str:code>/try/", rules.rule_try, name="rule_try"),
    path("returns/rules/<str:code>/set/", rules.rule_set, name="rule_set"),
    path("returns/rules/<str:code>/switch/", rules.rule_switch, name="rule_switch"),
    path("returns/<int:pk>/", sheet.return_page, name="return"),
    path("returns/<int:pk>/print/", printing.return_print, name="return_print"),
    path("returns/<int:pk>/cells/", sheet.return_cells, name="return_cells"),
    path("returns/<int:pk>/check/", sheet.return_check, name="return_check"),
    path("returns/<int:pk>/explain/", sheet.return_explain, name="return_explain"),
    path("returns/<int:pk>/step/", steps.return_step, name="return_step"),
    path("returns/<int:pk>/accept/", steps.return_accept, name="return_accept"),
    path("returns/<int:pk>/room/remove/", steps.room_remove, name="room_remove"),
    path("returns/<int:pk>/cell/<str:cell>/", origin.return_cell, name="return_cell"),
    path("returns/<int:pk>/evidence/<str:sha256>/", origin.return_evidence, name="return_evidence"),
    path("returns/<int:pk>/workbook/", workbooks.return_workbook, name="return_workbook"),
    path("returns/workbook/", workbooks.returns_send, name="returns_send"),
    path("returns/workbook/region/", workbooks.region_workbook, name="region_workbook"),
    path("returns/workbook/<str:key>/", workbooks.returns_preview, name="returns_preview"),
    path("returns/workbook/<str:key>/marked/", workbooks.returns_marked, name="returns_marked"),
    path("returns/workbook/<str:key>/take/", workbooks.returns_take, name="returns_take"),
]

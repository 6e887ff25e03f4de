"""The workbook people fill in: one row a figure, drop-downs, hints and an example."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from nengtan import reference
from nengtan.domain import periods
from nengtan.identity.access import Actor
from nengtan.identity.roles import Capability
from nengtan.ledger.models import Origin
from nengtan.registry.models import Institution
from nengtan.ui.sheets.wording import column_name, unit_name
from nengtan.ui.sheets.writer import Sheet, SheetColumn, write_workbook

NAMED = 2000
"""Institutions offered in the drop-down at most."""


def template(actor: Actor | None = None) -> bytes:
    """The Excel file to fill in; with an actor, the institutions they report for are in its drop-down."""
    columns = _columns(_institutions(actor))
    return write_workbook([Sheet(_("Consumption"), columns)], _notes(), _("How to fill in"))


def _institutions(actor: Actor | None) -> tuple[str, ...]:
    if actor is None:
        return ()
    bodies = Institution.objects.for_actor(actor, Capability.WRITE_ACTIVITY).filter(status=Institution.Status.ACTIVE)
    return tuple(bodies.order_by("code").values_list("name", flat=True)[:NAMED])


def _columns(institutions: tuple[str, ...]) -> list[SheetColumn]:
    english = (get_language() or "").startswith("en")
    carriers = reference.carriers().values()
    names = tuple(carrier.name_en if english else carrier.name_zh for carrier in carriers)
    units = tuple(dict.fromkeys(unit_name(unit) for carrier in carriers for unit in carrier.units))
    month = periods.label(periods.shift(periods.of_date(timezone.localdate()), -1))
    text = "@"
    return [
        SheetColumn(
            column_name("institution_code"),
            16,
            text,
            comment=_("Code or unified social credit code; code or name is enough."),
        ),
        SheetColumn(
            column_name("institution_name"),
            30,
            text,
            choices=institutions,
            required=True,
            comment=_("Full name as in the register; a former name is understood."),
            example=institutions[0] if institutions else _("Example Primary School"),
        ),
        SheetColumn(
            column_name("period"),
            12,
            text,
            required=True,
            example=month,
            comment=_("Such as 2023-07; one row a month."),
        ),
        SheetColumn(column_name("carrier"), 14, text, choices=names, required=True, example=names[0]),
        SheetColumn(
            column_name("quantity"),
            14,
            "#,##0.######",
            required=True,
            example=12500,
            comment=_("Leave empty if unknown; 0 means none was used."),
        ),
        SheetColumn(column_name("unit"), 12, text, choices=units, required=True, example=unit_name("kWh")),
        SheetColumn(column_name("cost"), 14, "#,##0.00", example=9375),
        SheetColumn(column_name("origin"), 12, text, choices=_origins(english), example=_origins(english)[0]),
        SheetColumn(column_name("building_code"), 14, text, comment=_("Only if the figure is of one building.")),
        SheetColumn(column_name("meter_code"), 14, text, comment=_("Only if the figure is of one meter.")),
        SheetColumn(
            column_name("item"),
            12,
            text,
            comment=_("Only if the figure is a part of use, such as air conditioning: code or name."),
        ),
        SheetColumn(column_name("bill_no"), 18, text, comment=_("Tells several bills of one month apart.")),
        SheetColumn(column_name("note"), 24, text),
    ]


def _origins(english: bool) -> tuple[str, ...]:
    return tuple(origin.value if english else str(origin.label) for origin in Origin)


def _notes() -> list[str]:
    return [
        _("One row is one figure: an institution, a month, a kind of energy or water. Delete the example row."),
        _("Columns with a brown heading are needed. Either code or name says which institution is meant."),
        _("A quantity keeps the unit you choose; it is converted and both are kept."),
        _("Sheets with one column a carrier, or months across, are understood too; units may stand in headings."),
        _("Totals, blank rows and remarks are left out and listed; nothing is added up twice."),
        _("Bills count first, then meters, reports, estimates; figures of a lesser source are kept, not counted."),
        _("Importing the same file again changes nothing. To change stored figures, choose “correct” when importing."),
    ]

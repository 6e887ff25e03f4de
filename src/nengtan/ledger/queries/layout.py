"""How the columns of a sheet were understood, in words, for the person who sent it."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from nengtan.domain.sheets.headers import Column
from nengtan.ledger.services.intake import SheetPlan
from nengtan.ui.sheets.wording import column_name, unit_name
from nengtan.ui.words import carrier_word


@dataclass(frozen=True)
class ColumnView:
    """A column: letter, heading as it stands there, and what it was taken for; empty if it was left out."""

    letter: str
    heading: str
    meaning: str


@dataclass(frozen=True)
class SheetView:
    """A sheet: its name, how it is laid out, and its columns."""

    name: str
    form: str
    columns: tuple[ColumnView, ...]
    rows: int
    facts: int


def understood(sheet: SheetPlan) -> SheetView:
    """What a sheet was taken for."""
    layout = sheet.table.layout
    forms = {
        "long": _("one row a figure"),
        "wide": _("one column a carrier"),
        "months": _("months across"),
    }
    columns = tuple(
        ColumnView(column.letter, column.label, _meaning(column)) for column in layout.columns if column.label
    )
    return SheetView(sheet.table.sheet, forms.get(layout.form, ""), columns, sheet.table.rows_read, len(sheet.table))


def _meaning(column: Column) -> str:
    measure = column_name(column.measure) if column.measure else ""
    month = ""
    if column.month:
        month = f"{column.year}-{column.month:02d}" if column.year else _("month %(month)s") % {"month": column.month}
    parts = [
        column_name(column.key) if column.key and not column.measure else "",
        carrier_word(column.carrier) if column.carrier else "",
        measure,
        month,
        unit_name(column.unit) if column.unit else "",
    ]
    return " · ".join(part for part in parts if part)

"""Words for what only the ledger finds in a file; added to those of the sheet reader."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from nengtan.domain.sheets.problems import Problem
from nengtan.ui.sheets import wording
from nengtan.ui.sheets.understood import SheetView, sheet_dict, skipped_dicts, understood
from nengtan.ui.sheets.wording import MOST_TOLD

if TYPE_CHECKING:
    from nengtan.ledger.services.intake import Result, SheetPlan

CODES: dict[str, tuple[Promise | str, Promise | str]] = {
    "conflicting_row": (
        _("%(place)s says %(found)s, %(first_place)s %(before)s of one institution, carrier, month and source."),
        _("one row a figure; several bills of one month are told apart by bill number, building, meter or sub-item"),
    ),
    "conflicts_with_stored": (
        _("The ledger holds %(stored)s for this month already, the row says %(found)s."),
        _("the stored figures, or an import that corrects them"),
    ),
    "several_stored": (
        _("The ledger holds several entries that this row could mean to correct."),
        _("a bill number, building, meter or sub-item that tells which; or a correction in the ledger"),
    ),
    "not_in_region": (
        _("There is no “%(found)s” in %(region)s, the region chosen for this file."),
        _("an institution of this region, its code, or another region"),
    ),
    "former_name": (_("“%(found)s” is a former name; the row is taken for “%(now)s”."), ""),
    "meter_of_other_carrier": (
        _("The meter “%(found)s” measures something else."),
        _("a meter of this carrier: it measures %(carrier)s"),
    ),
    "unit_price": (
        _("%(carrier)s at %(found)s CNY/%(unit)s; most rows of this file pay about %(usual)s. The unit may be wrong."),
        "",
    ),
    "sheet_left_out": (_("The sheet “%(found)s” has no headings of figures and was left out."), ""),
    "sheet_hidden": (_("The sheet “%(found)s” is hidden and was left out."), _("a visible sheet, if it is meant")),
    "formulas_taken": (_("%(count)s formulas were taken with the results stored in the file."), ""),
}


def register() -> None:
    """Let the sheet reader's wording know the codes of this room."""
    wording.CODES.update(CODES)


def told(problem: Problem) -> dict[str, Any]:
    """A problem as the command, the API and the pages tell it: where, what was found, what is allowed, in words."""
    return {
        "sheet": problem.sheet,
        "row": problem.row,
        "column": problem.column,
        "place": problem.place,
        "label": problem.label or (wording.column_name(problem.column) if problem.column else ""),
        "code": problem.code,
        "found": problem.found,
        "allowed": wording.allowed(problem),
        "message": wording.message(problem),
    }


def result_dict(result: Result, dry_run: bool = False) -> dict[str, Any]:
    """What became of a file, as the command and the API print it."""
    return {
        "stored": result.stored,
        "dry_run": dry_run,
        "accepted": result.accepted,
        "rejected": result.rejected,
        "unchanged": result.unchanged,
        "corrected": result.corrected,
        "facts": result.facts,
        "batch": result.batch.pk if result.batch else None,
        "errors": [told(problem) for problem in result.errors[:MOST_TOLD]],
        "errors_omitted": max(len(result.errors) - MOST_TOLD, 0),
        "notes": [told(problem) for problem in result.notes],
        "sheets": [sheet_dict(sheet) for sheet in understood_sheets(result.sheets)],
        "skipped": skipped_dicts(result.skipped),
        "skipped_omitted": max(len(list(result.skipped)) - MOST_TOLD, 0),
    }


def understood_sheets(sheets: Sequence[SheetPlan]) -> list[SheetView]:
    """What each sheet was taken for."""
    forms = {
        "long": gettext("one row a figure"),
        "wide": gettext("one column a carrier"),
        "months": gettext("months across"),
    }
    tables = [sheet.table for sheet in sheets]
    return [
        understood(table.sheet, table.layout, table.layout.form, forms.get(table.layout.form, ""), table.rows_read)
        for table in tables
    ]


def said(result: Result) -> str:
    """What became of a file, in a sentence."""
    if result.stored:
        return gettext("%(rows)s rows are in the ledger.") % {"rows": result.accepted}
    if result.errors:
        return gettext("Nothing was stored: some rows are refused.")
    return gettext("Everything in the file was in the ledger already; nothing changed.")

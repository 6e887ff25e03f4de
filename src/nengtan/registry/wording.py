"""Words for what only the register finds in a file, and for its traces in the trail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from nengtan.domain.sheets.problems import Problem
from nengtan.registry.services.intake import schema
from nengtan.ui.sheets import wording
from nengtan.ui.sheets.understood import SheetView, sheet_dict, skipped_dicts, understood

if TYPE_CHECKING:
    from nengtan.registry.services.intake import Result, SheetPlan

CODES: dict[str, tuple[Promise | str, Promise | str]] = {
    "needs_refused_row": (
        _("“%(found)s” stands in this file, in a row that is refused itself."),
        _("correct that row first"),
    ),
    "meter_class": (_("The meter above measures something else."), _("what the meter above measures")),
    "not_a_particular": (_("“%(found)s” does not suit this kind of equipment."), "%(allowed)s"),
    "duplicate_day": (
        _("This code stands in row %(first)s already, from the same day %(found)s. %(differences)s"),
        _("a day of its own in each row of one code"),
    ),
    "repeated_without_day": (
        _("“%(found)s” stands in several rows, and this one does not say from which day its values hold."),
        _("a day of its own in each row of one code"),
    ),
    "differs_from_row": (
        _("Row %(first)s says “%(allowed)s” of the same code, this one “%(found)s”."),
        _("the same in each row of one code; a change on a day is an event (renaming, move)"),
    ),
    "duplicate_credit_code": (
        _("The credit code “%(found)s” is that of “%(holder)s” already."),
        _("a credit code of its own for each institution"),
    ),
    "missing_column_of": (
        _("Read as “%(kind)s”, the sheet lacks the column “%(allowed)s”."),
        _("this column, with a heading as in the template"),
    ),
    "missing_region_column": (
        _("Read as “%(kind)s”, the sheet lacks the column “%(allowed)s”."),
        _("this column, or one region for the whole file, chosen when it is sent"),
    ),
    "sheet_unclear": (
        _("What the sheet “%(found)s” holds is not clear: %(lacks)s."),
        _("the missing columns, or a sheet named after what it holds: %(allowed)s"),
    ),
    "bad_email": (_("“%(found)s” is not an e-mail address."), _("an address such as name@example.org")),
    "bad_code": (_("“%(found)s” cannot be a code."), _("a code without “/”")),
    "sheet_not_register": (_("The sheet “%(found)s” has no headings of the register and was left out."), ""),
    "sheet_hidden": (_("The sheet “%(found)s” is hidden and was left out."), _("a visible sheet, if it is meant")),
}

DOUBTS = {"no_staff": _("no staff"), "no_area": _("no area"), "no_activity": _("no activity")}
"""What an institution lacks that may exist on paper only."""


def register() -> None:
    """Let the sheet reader's wording know the codes of this room."""
    for code, words in CODES.items():
        wording.CODES.setdefault(code, words)


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
        "created": result.created,
        "updated": result.updated,
        "errors": [told(problem) for problem in result.errors[: wording.MOST_TOLD]],
        "errors_omitted": max(len(result.errors) - wording.MOST_TOLD, 0),
        "notes": [told(problem) for problem in result.notes[: wording.MOST_TOLD]],
        "sheets": [sheet_dict(sheet) for sheet in understood_sheets(result.sheets)],
        "skipped": skipped_dicts(result.skipped),
        "skipped_omitted": max(len(list(result.skipped)) - wording.MOST_TOLD, 0),
    }


def understood_sheets(sheets: Sequence[SheetPlan]) -> list[SheetView]:
    """What each sheet was taken for."""
    titles = schema.titles()
    return [
        understood(sheet.table.sheet, sheet.table.layout, sheet.kind, titles[sheet.kind], len(sheet.table))
        for sheet in sheets
    ]


def said(result: Result) -> str:
    """What became of a file, in a sentence."""
    if result.stored:
        told = gettext("%(created)s records added, %(updated)s changed.")
        return told % {"created": result.created, "updated": result.updated}
    if result.errors:
        return gettext("Nothing was stored: some rows are refused.")
    return gettext("Everything in the file was in the register already; nothing changed.")

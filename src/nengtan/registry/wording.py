"""Words for what only the register finds in a file, and for its traces in the trail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from nengtan.registry.services.intake import schema
from nengtan.ui.sheets import wording
from nengtan.ui.sheets.understood import SheetView, sheet_dict, skipped_dicts, understood, view_dict

if TYPE_CHECKING:
    from nengtan.registry.services.intake import RegistryPlan, Result, SheetPlan

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
    "credit_code_taken": (
        _("“%(found)s” is the unified social credit code of “%(name)s”; its code %(code)s was taken."),
        "",
    ),
    "ambiguous_credit_code": (
        _("“%(found)s” is the unified social credit code of several rows of this file."),
        _("one of the codes %(allowed)s"),
    ),
    "credit_code_of_other": (
        _("The unified social credit code “%(found)s” is not that of the institution the row names."),
        _("code and credit code of one institution; this credit code is that of %(allowed)s"),
    ),
    "event_sides": (
        _("%(found)s: the number of bodies before and after does not fit the event."),
        "%(allowed)s",
    ),
    "event_refused": (_("%(event)s: %(why)s"), _("an event that fits what the register and this file hold")),
    "not_yours": (
        _("“%(found)s” is not yours to change. %(why)s"),
        _("what the register says, or an empty cell"),
    ),
    "event_on_record": (
        _("This event is on record already, with “%(allowed)s”; the row says “%(found)s”."),
        _("what is on record; an event is never changed"),
    ),
    "differs_from_event": (
        _("By the event of %(day)s in this file it is “%(allowed)s” from then on, the row says “%(found)s”."),
        _("what the event says, or a day before it"),
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

REFUSALS: dict[str, Promise] = {"event_refused": _("The event in row %(found)s cannot be recorded: %(why)s")}

DOUBTS = {"no_staff": _("no staff"), "no_area": _("no area"), "no_activity": _("no activity")}
"""What an institution lacks that may exist on paper only."""


def register() -> None:
    """Let the sheet reader's wording know the codes of this room."""
    for code, words in CODES.items():
        wording.CODES.setdefault(code, words)
    wording.REFUSALS.update(REFUSALS)


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
        "errors": [wording.told(problem) for problem in result.errors[: wording.MOST_TOLD]],
        "errors_omitted": max(len(result.errors) - wording.MOST_TOLD, 0),
        "notes": [wording.told(problem) for problem in result.notes[: wording.MOST_TOLD]],
        "sheets": [sheet_dict(sheet) for sheet in understood_sheets(result.sheets)],
        "skipped": skipped_dicts(result.skipped),
        "skipped_omitted": max(len(list(result.skipped)) - wording.MOST_TOLD, 0),
    }


NOTES_SHOWN = 60
"""Notes and skipped rows a preview shows."""


def preview_dict(plan: RegistryPlan) -> dict[str, Any]:
    """What a page shows of a checked file, fit for JSON."""
    errors, counts, skipped, notes = plan.errors, plan.counts, list(plan.skipped), plan.remarks
    return {
        "errors": [wording.told(problem) for problem in errors[: wording.MOST_TOLD]],
        "omitted": wording.omitted(len(errors)),
        "create": counts["create"],
        "update": counts["update"],
        "same": counts["same"],
        "refused": counts["refused"],
        "good": counts["create"] + counts["update"],
        "sheets": [_counted(sheet) for sheet in plan.sheets],
        "notes": [(note.place or note.sheet, wording.message(note)) for note in notes[:NOTES_SHOWN]],
        "understood": [view_dict(sheet) for sheet in understood_sheets(plan.sheets)],
        "notes_more": max(len(notes) - NOTES_SHOWN, 0),
        "skipped_more": max(len(skipped) - NOTES_SHOWN, 0),
        "skipped": [
            (sheet, row.row, wording.skipped_reason(row.reason), row.text) for sheet, row in skipped[:NOTES_SHOWN]
        ],
    }


def _counted(sheet: SheetPlan) -> dict[str, Any]:
    actions = [row.action for row in sheet.good]
    return {
        "name": sheet.table.sheet,
        "kind": schema.titles()[sheet.kind],
        "create": actions.count("create"),
        "update": actions.count("update"),
        "same": actions.count("same"),
        "refused": sheet.refused,
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


def after_words(code: str, months: int) -> str:
    """That figures are held of months after a body ended, and what to do."""
    words = gettext(
        "%(code)s: figures of %(months)s months after its end are in the ledger and do not count. Withdraw them, or "
        "correct them to the institution that took over."
    )
    return words % {"code": code, "months": months}

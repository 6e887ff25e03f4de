"""Words for what only the ledger finds in a file; added to those of the sheet reader."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from nengtan.ui.sheets import wording
from nengtan.ui.sheets.understood import SheetView, sheet_dict, skipped_dicts, understood, view_dict
from nengtan.ui.sheets.wording import MOST_TOLD

if TYPE_CHECKING:
    from nengtan.ledger.services.intake import ActivityPlan, Result, SheetPlan
    from nengtan.ledger.services.metered import LeftOut

PRICE = _("%(carrier)s at %(found)s CNY/%(unit)s; most rows of this file pay about %(usual)s. The unit may be wrong.")
USUAL = _("usually about %(usual)s %(unit)s a month")

LISTED = frozenset(("price_high", "price_low", "usual_high", "usual_high_slip", "usual_low", "usual_low_slip"))
"""What a page tells in lists of their own, not among the notes: rows that stand out."""

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
    "not_in_region_of_row": (
        _("There is no “%(found)s” in %(region)s, the region the row names."),
        _("an institution of this region, its code, or another region"),
    ),
    "region_not_used": (
        _("No region is called “%(found)s”: the institution was looked for by its name alone."),
        _("code or name of a region"),
    ),
    "former_name": (_("“%(found)s” is a former name; the row is taken for “%(now)s”."), ""),
    "meter_of_other_carrier": (
        _("The meter “%(found)s” measures something else."),
        _("a meter of this carrier: it measures %(carrier)s"),
    ),
    "price_high": (PRICE, ""),
    "price_low": (PRICE, ""),
    "price_high_rows": (
        _(
            "%(carrier)s: %(count)s rows pay more than ten times what most rows of this file pay (about %(usual)s "
            "CNY/%(unit)s): rows %(named)s …. The unit may be wrong."
        ),
        "",
    ),
    "price_low_rows": (
        _(
            "%(carrier)s: %(count)s rows pay less than a tenth of what most rows of this file pay (about %(usual)s "
            "CNY/%(unit)s): rows %(named)s …. The unit may be wrong."
        ),
        "",
    ),
    "usual_high": (
        _(
            "%(found)s for %(carrier)s of %(who)s is far above its other months: %(times)s times the usual %(usual)s "
            "%(unit)s. Please check the unit."
        ),
        USUAL,
    ),
    "usual_high_slip": (
        _(
            "%(found)s for %(carrier)s of %(who)s is about %(times)s times its usual month (%(usual)s %(unit)s): the "
            "unit is probably too large. Please check it."
        ),
        USUAL,
    ),
    "usual_low": (
        _(
            "%(found)s for %(carrier)s of %(who)s is far below its other months: the usual %(usual)s %(unit)s is "
            "%(times)s times as much. Please check the unit."
        ),
        USUAL,
    ),
    "usual_low_slip": (
        _(
            "The usual month of %(carrier)s of %(who)s (%(usual)s %(unit)s) is about %(times)s times %(found)s: the "
            "unit is probably too small. Please check it."
        ),
        USUAL,
    ),
    "usual_high_rows": (
        _(
            "%(carrier)s: %(count)s rows are far above the usual months of their institutions: rows %(named)s …. "
            "Please check the unit."
        ),
        "",
    ),
    "usual_high_slip_rows": (
        _(
            "%(carrier)s: %(count)s rows are about %(times)s times the usual months of their institutions: rows "
            "%(named)s …. The unit is probably too large."
        ),
        "",
    ),
    "usual_low_rows": (
        _(
            "%(carrier)s: %(count)s rows are far below the usual months of their institutions: rows %(named)s …. "
            "Please check the unit."
        ),
        "",
    ),
    "usual_low_slip_rows": (
        _(
            "%(carrier)s: %(count)s rows are about one part in %(times)s of the usual months of their institutions: "
            "rows %(named)s …. The unit is probably too small."
        ),
        "",
    ),
    "no_institution": (
        _("Nothing says whose figures these are: there is no column of institutions, and no name above the headings."),
        _(
            "a column “Institution name”; or above the headings a line “Institution name: …”, or a title with the full "
            "name as in the register"
        ),
    ),
    "several_in_title": (
        _("The title “%(found)s” names several institutions: %(allowed)s."),
        _("a column “Institution name”, or above the headings a line “Institution name: …”"),
    ),
    "list_of_register": (
        _("The sheet “%(found)s” has no figures of consumption; it reads like a list of the register: %(kind)s."),
        _("a sheet of bills or meter figures here; lists of the register are imported in the register itself"),
    ),
    "institution_from_title": (
        _("No column names an institution: by the title “%(found)s” all rows are taken for “%(who)s”."),
        "",
    ),
    "sheet_left_out": (_("The sheet “%(found)s” has no headings of figures and was left out."), ""),
    "sheet_hidden": (_("The sheet “%(found)s” is hidden and was left out."), _("a visible sheet, if it is meant")),
    "formulas_taken": (_("%(count)s formulas were taken with the results stored in the file."), ""),
}


LEFT_OUT: dict[str, Promise] = {
    "missing": _("Too much of the month is missing."),
    "by_hand": _("A person entered or withdrew this figure: it stays."),
    "closed_year": _("The year is closed."),
}


def left_out_word(one: LeftOut) -> str:
    """Why a metered month was not entered; a fault of a field says so itself."""
    if one.reason == "missing":
        return f"{LEFT_OUT[one.reason]} ({float(one.found):.1%})"
    return str(LEFT_OUT.get(one.reason, one.found))


def register() -> None:
    """Let the sheet reader's wording know the codes of this room."""
    wording.CODES.update(CODES)


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
        "errors": [wording.told(problem) for problem in result.errors[:MOST_TOLD]],
        "errors_omitted": max(len(result.errors) - MOST_TOLD, 0),
        "notes": [wording.told(problem) for problem in result.notes],
        "prices": [wording.told(problem) for problem in result.prices[:MOST_TOLD]],
        "unusual": [wording.told(problem) for problem in result.unusual[:MOST_TOLD]],
        "sheets": [sheet_dict(sheet) for sheet in understood_sheets(result.sheets)],
        "skipped": skipped_dicts(result.skipped),
        "skipped_omitted": max(len(list(result.skipped)) - MOST_TOLD, 0),
    }


NOTES_SHOWN = 60
"""Notes and skipped rows a preview shows."""


def preview_dict(plan: ActivityPlan) -> dict[str, Any]:
    """What a page shows of a checked file, fit for JSON."""
    errors, (good, bad, same) = plan.errors("refuse"), plan.counts("refuse")
    correcting, still_bad, _same = plan.counts("correct")
    skipped = list(plan.skipped)
    notes = [note for note in plan.remarks if note.code.removesuffix("_rows") not in LISTED]
    return {
        "errors": [wording.told(problem) for problem in errors[:MOST_TOLD]],
        "omitted": wording.omitted(len(errors)),
        "prices": [wording.told(price) for price in plan.prices[:MOST_TOLD]],
        "prices_omitted": wording.omitted(len(plan.prices)),
        "unusual": [wording.told(one) for one in plan.unusual[:MOST_TOLD]],
        "unusual_count": len(plan.unusual),
        "unusual_omitted": wording.omitted(len(plan.unusual)),
        "good": good,
        "bad": bad,
        "same": same,
        "corrections": plan.corrections,
        "correcting": correcting,
        "still_bad": still_bad,
        "sheets": [view_dict(sheet) for sheet in understood_sheets(plan.sheets)],
        "notes": [(note.place or note.sheet, wording.message(note)) for note in notes[:NOTES_SHOWN]],
        "notes_more": max(len(notes) - NOTES_SHOWN, 0),
        "skipped": [
            (sheet, row.row, wording.skipped_reason(row.reason), row.text) for sheet, row in skipped[:NOTES_SHOWN]
        ],
        "skipped_count": len(skipped),
    }


def understood_sheets(sheets: Sequence[SheetPlan]) -> list[SheetView]:
    """What each sheet was taken for."""
    forms = {
        "long": gettext("one row a figure"),
        "wide": gettext("one column a carrier"),
        "months": gettext("months across"),
    }
    return [
        understood(
            table.sheet,
            table.layout,
            table.layout.form,
            forms.get(table.layout.form, ""),
            table.rows_read or table.rows_unread,
        )
        for table in (sheet.table for sheet in sheets)
    ]


def said(result: Result) -> str:
    """What became of a file, in a sentence."""
    if result.stored:
        return gettext("%(rows)s rows are in the ledger.") % {"rows": result.accepted}
    if result.errors:
        return gettext("Nothing was stored: some rows are refused.")
    return gettext("Everything in the file was in the ledger already; nothing changed.")

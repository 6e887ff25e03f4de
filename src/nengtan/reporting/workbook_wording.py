"""Workbooks of returns in words: what is wrong with a file, what it changes, what became of it."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from nengtan.domain.returns.review.rules import Severity
from nengtan.domain.sheets.problems import Problem
from nengtan.reference import scheme
from nengtan.reporting.wording import line_unit, told
from nengtan.ui.sheets import wording
from nengtan.ui.sheets.wording import MOST_TOLD
from nengtan.ui.sheets.wording import told as told_problem

if TYPE_CHECKING:
    from nengtan.domain.returns.review.findings import Finding
    from nengtan.reporting.services.workbooks import FilePlan, FileResult, ReturnPlan

CODES: dict[str, tuple[Promise | str, Promise | str]] = {
    "form_heads_missing": (
        _("The heads of the form in “%(found)s” were changed or are gone."),
        _("the form as it was downloaded, with the heads %(allowed)s"),
    ),
    "form_line_moved": (
        _("Beside the code %(code)s stands “%(found)s”."),
        _("%(allowed)s; copy figures without their names and codes"),
    ),
    "form_line_twice": (_("The line “%(found)s” stands here and at %(first)s."), _("each line once")),
    "form_line_missing": (_("The line “%(found)s” is not in the sheet; its figure was left as it is."), ""),
    "room_without_code": (_("The row has figures but no code of a room."), _("a code of up to 4 letters or digits")),
    "room_code_odd": (_("“%(found)s” is no code of a room."), _("a code of up to 4 letters or digits")),
    "room_row_gone": (
        _("“%(name)s”: the row of the room “%(found)s” is not in the file any more; its figures stay as they are."),
        _("a room that is out of use is taken out on the page of the return"),
    ),
    "room_twice": (_("The room “%(found)s” stands here a second time."), _("each room once")),
    "unknown_form": (_("“%(found)s” is no form that is filled in here."), _("editions %(allowed)s, forms 1 to 4")),
    "not_a_return_period": (
        _("“%(found)s” is not a period."), _("2025-00 is a year, 2025-03 a month, 2025-Q1 a quarter."),
    ),
    "blank_without_name": (
        _("The empty form does not say whose it is."),
        _("the name or the code of the institution in the box at the top, on one of the forms"),
    ),
    "blank_without_period": (
        _("The empty form does not say of which period it is."),
        _("2025-00 is a year, 2025-03 a month, 2025-Q1 a quarter."),
    ),
    "no_such_return": (
        _("“%(found)s” has no return of %(period)s."), _("a period that was opened for this institution"),
    ),
    "form_tag_missing": (
        _("“%(found)s” looks like a form, but its tag is gone or was changed, so nobody knows whose it is."),
        _("a form downloaded here, with the tag in its last line; or the empty form"),
    ),
    "no_period_heading": (
        _("“%(found)s” has no column of periods."),
        _("a column of periods; a sheet that holds no returns is hidden or taken out"),
    ),
    "no_institution_heading": (
        _("“%(found)s” has no column of institutions."),
        _("a column of codes or names of institutions; a sheet that holds no returns is hidden or taken out"),
    ),
    "total_row": (_("“%(found)s”: a row that adds up others was left out."), ""),
    "credit_code_mismatch": (
        _("The credit code “%(found)s” is not that of “%(name)s”."), _("%(allowed)s; or no credit code"),
    ),
    "another_period": (
        _("The form says “%(found)s” at its top, and was downloaded for %(allowed)s."),
        _("the form of the period that is meant, downloaded for it"),
    ),
    "another_return": (_("This is the return of %(found)s."), _("the workbook of %(allowed)s")),
    "wrong_edition": (
        _("The sheet is of edition %(found)s; the return is kept in edition %(allowed)s."),
        _("a workbook downloaded anew, with the figures copied into it"),
    ),
    "return_of_closed": (
        _("“%(found)s” was closed on %(on)s, before %(period)s began."), _("returns of periods in which it existed"),
    ),
    "return_twice": (
        _("“%(found)s” gives a figure that %(first)s gives already."), _("each return, and each form of it, once"),
    ),
    "return_in_other_hands": (
        _("The return of “%(found)s” takes no figures now: %(state)s."),
        _("a return not yet submitted, or sent back"),
    ),
    "cell_changed_meanwhile": (
        _("Somebody else changed this cell after the file was downloaded: it holds %(now)s, the file says %(found)s."),
        _("the figure that is right; or let the file's figures stand"),
    ),
    "heading_twice": (_("Two columns mean “%(found)s”."), _("each column once")),
    "review_finding": ("%(message)s", _("a right figure, or an explanation where the rule takes one")),
    "not_sealed": (
        _("No hidden sheet tells what others changed meanwhile; empty cells of “%(found)s” were left as they are."),
        "",
    ),
    "return_late": (_("The return of “%(found)s” was due on %(on)s and counts as late."), ""),
    "unit_converted": (_("“%(found)s” is given in %(unit)s in the file and was converted to %(allowed)s."), ""),
    "heading_ignored": (_("“%(found)s” is nothing this edition asks for; the column was left out."), ""),
    "heading_unknown": (
        _("The heading “%(found)s” is none of the form, and there is something below it."),
        _("%(allowed)s; a heading as it was downloaded; or take the column out"),
    ),
    "form_line_unknown": (
        _("“%(found)s” is no line of this form, and there is a figure beside it."),
        _("%(allowed)s; the names and codes as they were downloaded"),
    ),
}  # fmt: skip

REFUSALS: dict[str, Promise] = {
    "foreign_workbook": _(
        "The file holds no returns: neither forms downloaded here nor rows with institution, period and indicators."
        " Download the forms or the template and fill those in."
    ),
    "seal_broken": _(
        "The hidden sheet “%(found)s” was changed or cut off, so the file cannot tell what it was made from."
        " Download it anew and copy your figures into it."
    ),
}


def register() -> None:
    """Let the sheet reader's wording know the codes of this room."""
    wording.CODES.update(CODES)
    wording.REFUSALS.update(REFUSALS)


def cell_name(record: str, name: str) -> str:
    """A line as people call it, with the room where it has one."""
    return gettext("%(line)s, room %(room)s") % {"line": name, "room": record} if record else name


def changes_told(plan: FilePlan, most: int | None = None) -> list[dict[str, Any]]:
    """The changed cells of a file: where, what was there, what the file says, what stands there now."""
    return [
        {
            "institution": item.of.institution.name,
            "code": item.of.institution.code,
            "period": str(item.of.period),
            "sheet": change.placed.sheet,
            "place": change.placed.place,
            "cell": change.cell[1] + (f"@{change.cell[0]}" if change.cell[0] else ""),
            "label": cell_name(change.cell[0], _named(change.line.name_zh, change.line.name_en)),
            "unit": line_unit(change.line),
            "before": change.before,
            "after": change.after,
            "now": change.held,
            "conflict": conflict,
        }
        for item, change, conflict in islice(plan.changes(), most)
    ]


def _named(name_zh: str, name_en: str) -> str:
    return name_zh if (get_language() or "zh-hans").startswith("zh") else name_en


def findings_told(plan: FilePlan, most: int = MOST_TOLD) -> list[dict[str, Any]]:
    """What the rules find in the returns as they would be; the gravest where there are more than are told."""
    found = plan.findings
    if len(found) > most:
        found = sorted(found, key=lambda pair: pair[1].severity.rank)[:most]
    return [told(finding, scheme.edition(item.of.edition), item.of.institution.name) for item, finding in found]


def marked_problems(plan: FilePlan) -> list[Problem]:
    """What is coloured in the file: faults, conflicts, and what the rules forbid or want explained.

    A finding at a cell the file does not give stands in the list alone, with the sheet of its return.
    """
    found = plan.errors()
    for item, finding in plan.findings:
        if finding.severity in (Severity.BLOCK, Severity.EXPLAIN):
            found.append(_finding_problem(item, finding))
    return found


def _finding_problem(item: ReturnPlan, finding: Finding) -> Problem:
    """A finding as a problem of the file: the line, what stands there, what is expected, and the sentence."""
    edition = scheme.edition(item.of.edition)
    words = told(finding, edition, item.of.institution.name)
    line = edition.indicators.get(finding.cell.indicator)
    label = cell_name(finding.cell.record, _named(line.name_zh, line.name_en)) if line else finding.cell.indicator
    placed = item.places.get((finding.cell.record, finding.cell.indicator))
    row, letter, sheet = (placed.row, placed.letter, placed.sheet) if placed else (0, "", item.sheet)
    sentence = {"message": f"{item.of.institution.name}: {words['message']}"}
    return Problem(
        row, finding.cell.indicator, label, letter, "review_finding", words["found"] or "", params=sentence, sheet=sheet
    )


def result_dict(result: FileResult, plan: FilePlan | None = None, dry_run: bool = False) -> dict[str, Any]:
    """What became of a file, as the command and the API print it; with a plan also every change and finding."""
    return {
        "stored": result.stored,
        "dry_run": dry_run,
        "changed": result.changed,
        "refused": result.refused,
        "same": result.same,
        "cells": result.cells,
        "errors": [told_problem(problem) for problem in result.errors[:MOST_TOLD]],
        "errors_omitted": max(len(result.errors) - MOST_TOLD, 0),
        "notes": [told_problem(problem) for problem in result.notes[:MOST_TOLD]],
        "changes": changes_told(plan, MOST_TOLD) if plan else [],
        "findings": findings_told(plan) if plan else [],
    }


def counted(result: FileResult) -> str:
    """How many returns a file changes, in a sentence."""
    return gettext("%(changed)s returns changed (%(cells)s cells), %(refused)s refused, %(same)s the same.") % {
        "changed": result.changed, "cells": result.cells, "refused": result.refused, "same": result.same,
    }  # fmt: skip


def said(result: FileResult) -> str:
    """What became of a file, in a sentence."""
    if result.stored or not result.errors:
        return counted(result)
    return counted(result) + " " + gettext("Nothing was stored.")

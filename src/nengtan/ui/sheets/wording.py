"""Every problem of a sheet and refusal of a file in words: what was found, what is allowed, what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from nengtan.domain.sheets.problems import Problem

from .refused import Refused
from .vocabulary import CARRIERS, COLUMNS, UNITS

__all__ = [
    "CODES", "MOST_TOLD", "allowed", "column_name", "message", "omitted", "refusal", "refusal_told", "skipped_reason",
    "told", "unit_name",
]  # fmt: skip

MOST_TOLD = 1000
"""Problems of a file told one by one: who has more mends the first thousand, or the column, and sends it again."""

CODES: dict[str, tuple[Promise | str, Promise | str]] = {
    # cells: (message, what is allowed)
    "not_a_number": (
        _("“%(found)s” is not a number."),
        _("a number such as 1234.5, 1,234.5 or 0; leave empty if unknown"),
    ),
    "unclear_separators": (
        _("“%(found)s” has separators that can be read in more than one way."),
        _("thousands in groups of three (1,234.5), a point before decimals"),
    ),
    "unknown_unit_in_cell": (
        _("The unit in “%(found)s” is not known."),
        _("a number alone, with the unit in its own column"),
    ),
    "boolean_not_number": (_("“%(found)s” is a logical value, not a number."), _("a number")),
    "date_not_number": (
        _("“%(found)s” is a date. The cell is probably formatted as a date by mistake."),
        _("a number; set the cell format to General"),
    ),
    "formula_text": (_("“%(found)s” is a formula written as text."), _("the value itself; paste as values")),
    "formula_uncached": (
        _("“%(found)s” is a formula without a stored result."),
        _("open and save the file in Excel or WPS, or paste as values"),
    ),
    "control_character": (
        _("“%(found)s” holds a character that cannot be seen or kept."),
        _("the same text typed anew, or pasted as plain text"),
    ),
    "error_cell": (
        _("The cell shows the spreadsheet error %(found)s."),
        _("a value; correct the formula or paste as values"),
    ),
    "percent_not_allowed": (_("“%(found)s” is a percentage."), _("a quantity, not a percentage")),
    "scale_twice": (
        _("“%(found)s” says ten thousand, and the heading says %(unit)s already."),
        _("a plain number in the unit of the heading"),
    ),
    "read_as": (_("“%(found)s” was read as %(value)s %(unit)s."), ""),
    "unit_assumed": (
        _("No unit is given for %(carrier)s; %(unit)s was assumed."),
        _("a unit column, or the unit in the heading"),
    ),
    "digits_lost": (
        _("“%(found)s” is too long for a number: the spreadsheet has already lost its last digits."),
        _("format the column as text and type the code again"),
    ),
    # months and days
    "not_a_month": (_("“%(found)s” is not a month."), _("a month such as 2023-01, 2023/1 or 202301")),
    "no_such_month": (_("“%(found)s”: there is no such month."), _("months 1 to 12")),
    "no_such_day": (_("“%(found)s”: there is no such day."), _("a day of the calendar")),
    "month_or_october": (
        _("“%(found)s” is a number that may mean January or October."),
        _("2023-01 or 2023-10, typed as text"),
    ),
    "quarter_not_month": (_("“%(found)s” is a quarter."), _("one row for each month")),
    "half_year_not_month": (_("“%(found)s” is half a year."), _("one row for each month")),
    "year_not_month": (_("“%(found)s” is a whole year."), _("one row for each month")),
    "range_not_month": (_("“%(found)s” covers several months."), _("one row for each month")),
    "year_missing": (
        _("“%(found)s” names a month without a year."),
        _("the year in the cell, in a year column or in the title"),
    ),
    "year_conflict": (
        _("“%(found)s” does not lie in the year %(allowed)s of the same row."),
        _("the same year in both columns"),
    ),
    "year_out_of_range": (_("The year of “%(found)s” is out of range."), _("%(first)s to %(last)s")),
    "period_out_of_range": (_("The month %(found)s is out of range."), _("%(first)s to %(last)s")),
    "not_a_date": (_("“%(found)s” is not a date."), _("a date such as 2023-01-31")),
    "not_a_time": (
        _("“%(found)s” is not a time."),
        _("a day and a time of day such as 2026-01-31 08:15 or 2026-01-31T08:15:00+08:00"),
    ),
    "no_such_time": (
        _("“%(found)s”: there is no such time."),
        _("a day of the calendar and a time of day up to 24:00"),
    ),
    "not_a_year": (_("“%(found)s” is not a year."), _("a year such as 2008")),
    # figures
    "missing_institution": (_("The row names no institution."), _("the code or the full name of an institution")),
    "missing_period": (_("The row names no month."), _("a month such as 2023-01")),
    "missing_carrier": (
        _("The row names no energy or water."),
        _("a carrier such as electricity, natural gas or water"),
    ),
    "missing_unit": (_("The quantity has no unit."), "%(allowed)s"),
    "missing_kind": (_("The kind of supply is not told; it decides how power or heat counts."), "%(allowed)s"),
    "missing_value": (_("The cell is empty."), _("this column must be filled")),
    "unknown_carrier": (_("“%(found)s” is not a known carrier."), "%(allowed)s"),
    "unknown_unit": (_("“%(found)s” is not a known unit."), _("a unit such as kWh, m³, t, L, GJ")),
    "unknown_origin": (_("“%(found)s” is not a known origin."), _("bill, meter, report or estimate")),
    "unit_not_allowed": (_("The unit %(found)s does not suit this column or carrier."), "%(allowed)s"),
    "unit_conflict": (_("The cell says %(found)s, its row or heading says %(allowed)s."), _("one unit")),
    "not_money": (_("The cost is given in %(found)s."), _("an amount of money")),
    "negative_quantity": (
        _("The quantity %(found)s is below zero."),
        _("zero or more; to take back an earlier figure, enter a correction of it"),
    ),
    "negative_cost": (
        _("The cost %(found)s is below zero."),
        _("zero or more; to take back an earlier figure, enter a correction of it"),
    ),
    "absurd_quantity": (
        _("%(found)s %(unit)s in one month is beyond belief; the unit is probably wrong."),
        _("at most %(limit)s %(unit)s"),
    ),
    "merged_cell": (
        _("The cell lies under the merged range %(found)s and has no figure of its own."),
        _("a cell that is not merged"),
    ),
    "merged_figure": (
        _("The figure %(found)s is merged over rows %(first)s to %(last)s, so no row has a figure of its own."),
        _("one figure in each row"),
    ),
    # records
    "not_a_choice": (_("“%(found)s” is not one of the allowed words."), "%(allowed)s"),
    "not_yes_or_no": (_("“%(found)s” is neither yes nor no."), _("yes or no")),
    "share_out_of_range": (_("The share %(found)s is out of range."), _("0 to 1, or a percentage up to one hundred")),
    "too_small": (_("%(found)s is too small."), _("at least %(allowed)s")),
    "not_above_zero": (_("%(found)s is not above zero."), _("a number above zero")),
    "too_big": (_("%(found)s is too large."), _("at most %(allowed)s")),
    "too_long": (_("The text has %(length)s characters."), _("at most %(allowed)s characters")),
    "not_a_whole_number": (_("%(found)s is not a whole number."), _("a whole number")),
    # headings
    "no_readings": (_("There is no reading below the headings."), _("a row for each reading")),
    "no_header": (_("No row of headings was found in the sheet."), _("a first row with headings, as in the template")),
    "missing_column": (_("The column %(allowed)s is missing."), _("a column with this heading, as in the template")),
    "duplicate_column": (_("“%(found)s” means the same as column %(first)s."), _("each column once")),
    "unknown_column": (_("The column “%(found)s” is not understood and was left out."), _("a heading of the template")),
    "no_heading": (_("The column has values but no heading and was left out."), _("a heading of the template")),
    "total_column": (_("The column “%(found)s” is a total and was left out; totals are computed."), ""),
    # found by the services that store the rows
    "unknown_institution": (
        _("The register you are responsible for has no institution “%(found)s”."),
        _("full name, code or unified social credit code of an institution of your register"),
    ),
    "ambiguous_institution": (
        _("Several institutions are called “%(found)s”."),
        _("the code of the institution; in bills also its region"),
    ),
    "name_code_mismatch": (
        _("The code belongs to “%(allowed)s”, the row says “%(found)s”."),
        _("code and name of one institution"),
    ),
    "institution_closed": (_("The institution “%(found)s” did not exist in this month."), "%(allowed)s"),
    "duplicate_row": (
        _("The row repeats row %(first)s: %(first_place)s and %(place)s both say %(found)s."),
        _("each figure once"),
    ),
    "duplicate_of_stored": (_("The same figure is stored already."), _("new figures, or corrections marked as such")),
    "unknown_building": (
        _("The building “%(found)s” is not in the registry."),
        _("code of a building of this institution"),
    ),
    "unknown_meter": (_("The meter “%(found)s” is not in the registry."), _("code of a meter of this institution")),
    "unknown_item": (
        _("“%(found)s” is not a known sub-item."),
        _("code or name of a sub-item, such as %(allowed)s"),
    ),
    "unknown_region": (_("The region “%(found)s” is not known."), _("a six-digit code of GB/T 2260")),
    "unknown_code": (_("The code “%(found)s” is not known."), "%(allowed)s"),
    "duplicate_code": (
        _("“%(found)s” stands in row %(first)s already. %(differences)s"),
        _("a code of its own for each record"),
    ),
    "bad_credit_code": (
        _("“%(found)s” is not a valid unified social credit code."),
        _("18 characters with a right check digit"),
    ),
    "cycle": (_("“%(found)s” would stand above itself."), _("a superior that is not below this record")),
    "period_closed": (_("The year %(found)s is closed."), _("an open year; ask the manager to reopen it")),
    "out_of_scope": (_("“%(found)s” is outside your region or institution."), _("records you are responsible for")),
}

CONTENTS: dict[str, str | Promise] = {
    "pdf": "PDF",
    "image": _("a picture"),
    "archive": _("a compressed archive"),
    "zip": _("a compressed archive"),
    "html": _("a web page"),
    "text": _("plain text"),
    "xls": _("an old Excel workbook (.xls)"),
    "xlsx": _("an Excel workbook (.xlsx)"),
    "ods": _("an OpenDocument workbook (.ods)"),
}
"""What a file is by its content."""

REFUSALS: dict[str, Promise] = {
    "too_large": _("The file is %(found_size)s; at most %(allowed_size)s is taken. Split it, for example by year."),
    "empty_file": _("The file is empty."),
    "damaged": _("The file is damaged and cannot be opened. Open it in Excel or WPS and save it again as .xlsx."),
    "extension_not_allowed": _("Files of type “%(found)s” are not taken. Allowed: %(allowed)s."),
    "extension_mismatch": _(
        "The file is called %(extension)s but its content is %(found)s. Open it in Excel or WPS and save it as .xlsx."
    ),
    "macro_workbook": _("The file contains macros. Save it as a workbook without macros (.xlsx)."),
    "encrypted": _("The file is protected by a password. Remove the password and save it again."),
    "zip_bomb": _("The file unpacks to %(found_size)s; at most %(allowed_size)s is taken. It was not opened."),
    "zip_ratio": _(
        "The file unpacks to %(found)s times its size; at most %(allowed)s times is taken. It was not opened."
    ),
    "too_many_parts": _("The file has %(found)s parts; at most %(allowed)s are taken. It was not opened."),
    "xml_declaration": _("The file contains declarations that spreadsheets do not need and was not opened."),
    "too_many_rows": _("The sheet has %(found)s rows; at most %(allowed)s are taken."),
    "too_many_columns": _("The sheet has %(found)s columns; at most %(allowed)s are taken."),
    "too_many_cells": _(
        "The sheet reaches over %(found)s cells; at most %(allowed)s are taken. Delete empty rows and columns."
    ),
    "too_many_merges": _("The sheet has %(found)s merged ranges; at most %(allowed)s are taken."),
    "not_text": _("The content is not text (it begins with %(found)s). Save the file as .xlsx or CSV."),
    "unknown_encoding": _("The text is neither UTF-8 nor GBK (at %(found)s). Save the file as “CSV UTF-8”."),
    "bad_csv": _("The CSV cannot be read at line %(found)s."),
}

SKIPPED: dict[str, Promise] = {
    "blank": _("empty row"),
    "total": _("total row; totals are computed"),
    "note": _("remark below the table"),
    "repeated_header": _("headings repeated"),
    "column_numbers": _("numbers of the columns"),
    "no_values": _("no quantity and no cost"),
    "group": _("heading of a group of rows"),
}

_MB = 2**20


def message(problem: Problem) -> str:
    """What is wrong, as one sentence in the current language."""
    if problem.code not in CODES:
        return f"{problem.code}: {problem.found}"
    return _sentences(_filled(CODES[problem.code][0], problem), _alike(problem), _looked(problem))


def _sentences(*said: str) -> str:
    """Sentences one after another; none that ends in a full stop as wide as a letter needs a space after it."""
    text = ""
    for sentence in filter(None, said):
        text += sentence if not text or text.endswith("\u3002") else f" {sentence}"
    return text


def _alike(problem: Problem) -> str:
    """That a note stands for several rows, and which are the first."""
    if "rows" not in problem.params:
        return ""
    return gettext("So in %(rows)s rows of this column (%(first_rows)s …).") % problem.params


def _looked(problem: Problem) -> str:
    """Where a missing column was looked for."""
    if "where" not in problem.params:
        return ""
    place = {"sheet": problem.sheet, "where": problem.params["where"]}
    return gettext("Looked for among the headings in %(where)s of the sheet “%(sheet)s”.") % place


def allowed(problem: Problem) -> str:
    """What is allowed there, "" where nothing needs to be done; for unknown records with what is near."""
    if problem.code not in CODES:
        return ", ".join(problem.allowed)
    told = _filled(CODES[problem.code][1], problem)
    return _filled(gettext("%(told)s; near: %(allowed)s"), problem, told) if _has_near(problem) else told


_NEAR = frozenset({"unknown_institution", "unknown_building", "unknown_meter"})


def _has_near(problem: Problem) -> bool:
    return problem.code in _NEAR and bool(problem.allowed)


def _filled(text: Promise | str, problem: Problem, told: str = "") -> str:
    values: dict[str, Any] = {
        "told": told,
        "first": "",
        "last": "",
        "unit": "",
        "carrier": "",
        "value": "",
        "limit": "",
        "length": "",
        "place": problem.place,
    }
    if len(problem.allowed) == 2:
        values["first"], values["last"] = problem.allowed
    values |= {key: _name(value) if key in ("unit", "carrier") else value for key, value in problem.params.items()}
    values["found"] = unit_name(problem.found) if problem.code in _UNIT_FOUND else problem.found
    values["allowed"] = gettext(", ").join(_name(word) for word in problem.allowed)
    return str(text) % values


def _name(word: object) -> str:
    """A column key, carrier code or unit code as people write it; any other word as it is."""
    key = str(word)
    return str(CARRIERS.get(key) or UNITS.get(key) or COLUMNS.get(key) or key)


_UNIT_FOUND = frozenset({"unit_not_allowed", "unit_conflict", "not_money"})


def told(problem: Problem) -> dict[str, Any]:
    """A problem as the command, the API and the pages tell it: where, what was found, what is allowed, in words."""
    return {
        "sheet": problem.sheet,
        "row": problem.row,
        "column": problem.column,
        "place": problem.place,
        "label": problem.label or (column_name(problem.column) if problem.column else ""),
        "code": problem.code,
        "found": problem.found,
        "allowed": allowed(problem),
        "message": message(problem),
    }


def refusal(refused: Refused) -> str:
    """Why a whole file is not taken, as one sentence in the current language."""
    values: Mapping[str, Any] = {
        "extension": "", "why": "", **refused.params, "found": refused.found, "allowed": refused.allowed,
        "found_size": _size(refused.found), "allowed_size": _size(refused.allowed),
    }  # fmt: skip
    if refused.code == "extension_mismatch":
        values = {**values, "found": CONTENTS.get(refused.found, refused.found)}
    return str(REFUSALS[refused.code]) % values


def refusal_told(refused: Refused) -> dict[str, Any]:
    """A file that is not opened, told as one problem of the whole of it."""
    return {
        "sheet": "",
        "row": 0,
        "column": "",
        "place": "",
        "label": "",
        "code": refused.code,
        "found": refused.found,
        "allowed": refused.allowed,
        "message": refusal(refused),
    }


def omitted(count: int) -> str:
    """That only the first of ``count`` problems are told; empty where all are."""
    if count <= MOST_TOLD:
        return ""
    return gettext("These are the first %(shown)s of %(count)s problems.") % {"shown": MOST_TOLD, "count": count}


def _size(number: str) -> str:
    if not number.isdigit():
        return number
    return f"{int(number) / _MB:.0f} MB" if int(number) >= _MB else f"{int(number) / 1024:.0f} KB"


def skipped_reason(reason: str) -> str:
    """Why a row was left out."""
    return str(SKIPPED[reason])


def column_name(key: str) -> str:
    """The heading of a column key in the current language."""
    return str(COLUMNS.get(key, key))


def unit_name(code: object) -> str:
    """A unit code as people write it."""
    return str(UNITS.get(str(code), code))

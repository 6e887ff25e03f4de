"""What cannot be read of a case, in words."""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from nengtan.domain.settlement.document import Flaw
from nengtan.ui.sheets.wording import CODES

__all__ = ["told"]

_FLAWS: dict[str, Promise] = {
    "not_json": pgettext_lazy("settlement", "The file is no JSON: %(found)s."),
    "missing": pgettext_lazy("settlement", "A value is missing."),
    "unknown": pgettext_lazy("settlement", "There is no such field."),
    "unknown_column": pgettext_lazy("settlement", "There is no such column."),
    "unknown_sheet": pgettext_lazy("settlement", "There is no such sheet."),
    "not_a_record": pgettext_lazy("settlement", "This is no set of fields."),
    "not_a_list": pgettext_lazy("settlement", "This is no list of rows."),
    "not_a_choice": pgettext_lazy("settlement", "“%(found)s” is not one of the words allowed."),
    "not_yes_or_no": pgettext_lazy("settlement", "“%(found)s” is neither yes nor no."),
    "not_a_date": pgettext_lazy("settlement", "“%(found)s” is not a day."),
    "not_text": pgettext_lazy("settlement", "“%(found)s” is not a text, or too long a one."),
    "not_a_number": pgettext_lazy("settlement", "“%(found)s” is not a number."),
    "not_whole": pgettext_lazy("settlement", "“%(found)s” is not a whole number."),
    "too_long": pgettext_lazy("settlement", "“%(found)s” has too many digits."),
    "too_small": pgettext_lazy("settlement", "“%(found)s” is too small."),
    "too_large": pgettext_lazy("settlement", "“%(found)s” is too large."),
}


def told(flaw: Flaw) -> dict[str, Any]:
    """One fault as commands and files tell it: where it is, what was found, what is allowed."""
    word = _FLAWS.get(flaw.code) or CODES[flaw.code][0]
    allowed = _("; ").join(flaw.allowed)
    return {
        "path": flaw.path,
        "row": 0,
        "column": flaw.path,
        "code": flaw.code,
        "found": flaw.found,
        "allowed": allowed,
        "message": str(word) % {"found": flaw.found},
    }

"""What is wrong with an expression of the rule language, in words."""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

__all__ = ["expression_words"]


def expression_words(code: str, found: object, allowed: Iterable[str] = (), column: int = 0) -> str:
    """What is wrong with an expression, where, and what is allowed there."""
    pattern = _EXPRESSION.get(code, _EXPRESSION["syntax"])
    words = str(pattern) % {"found": _phrase(str(found))}
    hint = _(", ").join(map(_phrase, allowed))
    if hint:
        words += " " + _("Allowed: %(allowed)s.") % {"allowed": hint}
    return _("Character %(column)s: %(words)s") % {"column": column, "words": words} if column else words


def _phrase(text: str) -> str:
    """What the parser says in English, in the reader's language; names and signs stay as they are."""
    if text in _PHRASES:
        return str(_PHRASES[text])
    for pattern, words in _PATTERNS.items():
        if (held := re.fullmatch(pattern, text)) is not None:
            return str(words) % held.groupdict()
    return text


_EXPRESSION = {
    "syntax": gettext_lazy("this cannot be read: “%(found)s”."),
    "not_allowed": gettext_lazy("“%(found)s” cannot stand in a rule."),
    "unknown_name": gettext_lazy("there is no indicator or figure “%(found)s”."),
    "unknown_function": gettext_lazy("there is no function “%(found)s”."),
    "unknown_group": gettext_lazy("there is no group of indicators “%(found)s”."),
    "empty_group": gettext_lazy("the group “%(found)s” has no indicator in this edition."),
    "arguments": gettext_lazy("found %(found)s between the brackets."),
    "wrong_kind": gettext_lazy("found %(found)s."),
    "no_each": gettext_lazy("“%(found)s” only means something in a rule for each of several indicators."),
    "circular": gettext_lazy("“%(found)s” is made of itself."),
    "too_much": gettext_lazy("this grows too long when groups are written out: “%(found)s”."),
    "too_long": gettext_lazy("%(found)s characters are too many."),
    "too_deep": gettext_lazy("brackets are nested too deep."),
    "view_in_view": gettext_lazy("one look elsewhere cannot stand in another: “%(found)s”."),
    "unit_mismatch": gettext_lazy("the unit here is %(found)s, which does not fit the other side."),
}
"""What each code of an `ExpressionError` says to an administrator."""

_PHRASES = {
    "a condition": gettext_lazy("a condition"),
    "a number": gettext_lazy("a number"),
    "a text": gettext_lazy("a text"),
    "a function by its name, arguments in order": gettext_lazy("a function by its name, arguments in order"),
    'class codes such as "021"': gettext_lazy('codes of types such as "021"'),
}

_PATTERNS = {
    r"(?P<count>\d+) characters": gettext_lazy("%(count)s characters"),
    r"(?P<count>\d+) levels": gettext_lazy("%(count)s levels of brackets"),
    r"(?P<least>\d+) to (?P<most>\d+)": gettext_lazy("%(least)s to %(most)s figures"),
    r"up to (?P<most>\S+)": gettext_lazy("numbers up to %(most)s"),
    r"(?P<inner>\w+) in (?P<outer>\w+)": gettext_lazy("%(inner)s within %(outer)s"),
}

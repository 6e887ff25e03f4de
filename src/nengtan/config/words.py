"""Words for what is said before Django runs, such as that it cannot: Python's gettext over the room's catalogue."""

from __future__ import annotations

import gettext as python_gettext
import os
from functools import cache
from pathlib import Path

LOCALE = Path(__file__).parent / "locale"


@cache
def catalogue(domain: str, language: str) -> python_gettext.NullTranslations:
    """The catalogue of a language; English needs none."""
    if not language.lower().startswith("zh"):
        return python_gettext.NullTranslations()
    return python_gettext.translation(domain, LOCALE, languages=["zh_Hans"], fallback=True)


def gettext(text: str) -> str:
    """The text in the language of the installation."""
    return catalogue("django", os.environ.get("NENGTAN_LANGUAGE", "zh-hans")).gettext(text)

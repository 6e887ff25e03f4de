"""Figures as a report writes them, and phrases of the reference data with figures in them."""

from __future__ import annotations

from decimal import Decimal

from django.utils.translation import get_language

from nengtan.domain.change import Change
from nengtan.domain.returns.review.findings import PLACEHOLDER
from nengtan.reference.report import phrases
from nengtan.ui.formats import DASH, fixed

DECIMALS = {
    "energy_tce": 2, "tce": 2, "co2_t": 2, "kgce_per_m2": 2, "kgce_per_person": 2, "kwh_per_m2": 2,
    "m3_per_person": 2, "kgco2_per_m2": 2,
}  # fmt: skip
"""Of every other measure whole numbers are written."""


class Phrases:
    """The phrases of a language: ``phrases(code, name=text)``."""

    def __init__(self, language: str | None = None) -> None:
        self.language = language or get_language() or "zh-hans"
        self._held = phrases(self.language)

    def __call__(self, phrase: str, /, **texts: object) -> str:
        """A phrase with its placeholders filled; one that is not given stays as it is written."""
        return PLACEHOLDER.sub(lambda held: str(texts.get(held[1], held[0])), self._held[phrase])

    def get(self, code: str, otherwise: str = "") -> str:
        """A phrase, or something else where there is none."""
        return self._held.get(code, otherwise)

    def moved(self, percent: Decimal | None) -> str:
        """A change in percent in words: risen, fallen, level, or nothing to compare with."""
        if percent is None:
            return self("no_comparison")
        size = fixed(abs(percent), 1)
        if size == fixed(0, 1):
            return self("level")
        return self("up" if percent > 0 else "down", percent=size)

    def joined(self, parts: list[str]) -> str:
        """Several parts of a sentence in one."""
        found = parts[0] if parts else ""
        for part in parts[1:]:
            found = self("cause.join", left=found, right=part)
        return found


def number(value: Decimal | None, measure: str) -> str:
    """A figure with the decimals of its measure; a dash where it is unknown."""
    return fixed(value, DECIMALS.get(measure, 0))


def signed(percent: Decimal | None, decimals: int = 1) -> str:
    """A change with its sign."""
    if percent is None:
        return DASH
    text = fixed(percent, decimals)
    return f"+{text}" if percent > 0 and text != fixed(0, decimals) else text


def share(part: Decimal | None) -> str:
    """A part of a whole in percent, without the mark (the heading has it)."""
    return DASH if part is None else fixed(part * 100, 1)


def on_last(found: Change) -> str:
    """A change on the year before, for a table."""
    return signed(found.percent)

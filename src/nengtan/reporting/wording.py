"""Findings in words, as pages, operations and commands tell them."""

from __future__ import annotations

from typing import Any

from django.utils.translation import get_language

from nengtan.domain.returns.review.findings import Finding
from nengtan.domain.returns.scheme import Edition
from nengtan.ui.words import unit_word


def told(finding: Finding, edition: Edition, institution: str) -> dict[str, Any]:
    """A finding by its parts and in a sentence of the reader's language."""
    language = get_language() or "zh-hans"
    indicator = edition.indicators.get(finding.cell.indicator)
    name = ""
    if indicator is not None:
        name = indicator.name_zh if language.startswith("zh") else indicator.name_en
    cell = finding.cell.indicator + (f"@{finding.cell.record}" if finding.cell.record else "")
    return {
        "institution": institution,
        "period": finding.period,
        "rule": finding.rule,
        "severity": str(finding.severity),
        "cell": cell,
        "found": None if finding.found is None else str(finding.found),
        "expected": finding.expected,
        "message": finding.message(language, name, unit_word(indicator.unit) if indicator else ""),
    }

"""The Jinja of report templates: a sandbox that knows only the tags of the report, and counts chapters and tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import ChainableUndefined, StrictUndefined, Undefined
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from nengtan.reporting.report.charts import ChartData
from nengtan.reporting.report.phrasing import Phrases

MARK = "\ue000"
"""Stands around the name of a chart until it is drawn."""

CHARTS = ("carriers", "kinds", "children", "seasons", "causes")


class Environment(ImmutableSandboxedEnvironment):
    """No attribute that begins with an underscore, no globals, no text multiplied: only what the report gives."""

    intercepted_binops = frozenset(("*", "**", "%", "<<"))

    def __init__(self, undefined: type[Undefined] = StrictUndefined) -> None:
        super().__init__(autoescape=True, undefined=undefined)
        self.globals.clear()

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Arithmetic has no place in a template, and could be made to fill the memory."""
        raise SecurityError(operator)


def numbering(phrases: Phrases) -> dict[str, Callable[[], str]]:
    """Counters a template calls: chapters, sections within them, tables and figures."""
    counts: Counter[str] = Counter()
    numerals = phrases("numerals").split()

    def numeral(count: int) -> str:
        return numerals[count - 1] if count <= len(numerals) else str(count)

    def chapter() -> str:
        counts["chapter"] += 1
        counts["section"] = 0
        return phrases("chapter", chapter=numeral(counts["chapter"]))

    def section() -> str:
        counts["section"] += 1
        return phrases("section", chapter=counts["chapter"], section=numeral(counts["section"]))

    def counter(name: str) -> Callable[[], str]:
        def count() -> str:
            counts[name] += 1
            return str(counts[name])

        return count

    numbers = {name: counter(name) for name in ("table_number", "chart_number")}
    return {"chapter": chapter, "section": section, **numbers}


def filled(tags: Mapping[str, Any], charts: Mapping[str, ChartData], phrases: Phrases) -> dict[str, Any]:
    """The tags with counters, and a mark where each chart will stand."""
    places = {name: f"{MARK}{name}{MARK}" if name in charts else "" for name in CHARTS}
    return {**tags, "charts": places, **numbering(phrases)}


def unknown_names() -> tuple[type[Undefined], list[str]]:
    """A kind of undefined value that lets a template go on, and the list of names it was asked for."""
    found: list[str] = []

    class Noted(ChainableUndefined):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            if self._undefined_name is not None and self._undefined_name not in found:
                found.append(str(self._undefined_name))

        def __call__(self, *args: Any, **kwargs: Any) -> str:  # type: ignore[override]
            return ""

    return Noted, found

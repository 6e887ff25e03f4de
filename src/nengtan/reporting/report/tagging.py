"""The Jinja of report templates: a sandbox that knows only the tags of the report, and counts chapters and tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jinja2 import ChainableUndefined, StrictUndefined, Undefined, nodes
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from nengtan.reporting.report.charts import ChartData
from nengtan.reporting.report.phrasing import Phrases

MARK = "\ue000"
"""Stands around the name of a chart until it is drawn."""

CHARTS = ("carriers", "kinds", "children", "seasons", "causes")


_ALLOWED = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Getattr, nodes.Getitem, nodes.Const, nodes.For,
    nodes.If, nodes.CondExpr, nodes.And, nodes.Or, nodes.Not, nodes.Compare, nodes.Operand, nodes.Test, nodes.Filter,
    nodes.Call,
)  # fmt: skip
FILTERS = ("default", "e", "escape", "first", "join", "last", "length", "lower", "trim", "upper")
"""What may be done with a tag: nothing that makes a text or a list longer than what the report gives."""

MOST_LOOPS = 200
LONGEST_CONSTANT = 200
MOST_WRITTEN = 200 * 2**20
"""Characters a part of the document may grow to."""


class Environment(ImmutableSandboxedEnvironment):
    """What a template may do: show tags, choose, and walk once through the lists the report gives.

    Such a template is as fast as the report is long: a loop within a loop walks only through what belongs to the row.
    Everything else Jinja knows (arithmetic, macros, variables, methods) is refused when the template is read.
    """

    def __init__(self, undefined: type[Undefined] = StrictUndefined) -> None:
        super().__init__(autoescape=True, undefined=undefined)
        self.globals.clear()

    @staticmethod
    def concat(pieces: Iterable[str]) -> str:
        """The pieces of a part as one text, unless it is longer than any report."""
        written, size = [], 0
        for piece in pieces:
            size += len(piece)
            if size > MOST_WRITTEN:
                raise SecurityError("length")
            written.append(piece)
        return "".join(written)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        found = super()._parse(source, name, filename)
        _require_plain(found, frozenset())
        if sum(1 for _loop in found.find_all(nodes.For)) > MOST_LOOPS:
            raise SecurityError(f"for > {MOST_LOOPS}")
        return found


def _require_plain(node: nodes.Node, rows: frozenset[str]) -> None:
    """Refuse what a template has no need of; ``rows`` are the names of the rows of the loops around it."""
    match node:
        case nodes.For(target=nodes.Name(name=row), iter=walked, recursive=False):
            _require_list(walked, rows)
            rows = rows | {row}
        case nodes.For():
            raise SecurityError("for")
        case nodes.Filter(name=name, kwargs=named, dyn_args=more, dyn_kwargs=others):
            if name not in FILTERS or named or more or others:
                raise SecurityError(f"|{name}")
        case nodes.Call(node=nodes.Name(), args=[], kwargs=[], dyn_args=None, dyn_kwargs=None):
            pass
        case nodes.Call(node=called):
            raise SecurityError(f"{getattr(called, 'attr', '') or getattr(called, 'name', '')}()")
        case nodes.Const(value=str(text)) if len(text) > LONGEST_CONSTANT:
            raise SecurityError(text[:LONGEST_CONSTANT])
        case _ if not isinstance(node, _ALLOWED):
            raise SecurityError(type(node).__name__.lower())
    for child in node.iter_child_nodes():
        _require_plain(child, rows)


def _require_list(walked: nodes.Node, rows: frozenset[str]) -> None:
    """A loop walks through a list of the report; within a loop, through one of the row."""
    while isinstance(walked, (nodes.Getattr, nodes.Getitem)):
        walked = walked.node
    if not isinstance(walked, nodes.Name) or (rows and walked.name not in rows):
        raise SecurityError("for")


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

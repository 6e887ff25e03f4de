"""What a review found: kept as columns, turned into single findings with their messages when somebody reads them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

import numpy as np

from nengtan.domain.returns.review.language import NOW
from nengtan.domain.returns.review.operations import Array
from nengtan.domain.returns.review.rules import Check, InWords, Rule, Severity
from nengtan.domain.returns.review.table import Cell, Table

__all__ = ["BLANKS", "PLACEHOLDER", "Figures", "Finding", "Findings", "Hit", "Hits", "Named"]

PLACEHOLDER = re.compile(r"\{(\w+)\}")
"""What a wording may hold: a plain name in braces, nothing that reaches into an object."""

Figures = Callable[[Table, Array], Mapping[str, Array]]
"""Computes what a message shows for some rows of a table."""

Named = tuple[str, str]
"""What an indicator is called in Chinese and in English."""

BLANKS = "blanks"
"""The placeholder that names the parts that are not filled in."""

_PLACES = 6
_AND_ZH = "\u3001"


@dataclass(frozen=True)
class Finding:
    """One reason why a return cannot pass, must be explained or should be looked at.

    ``found`` is the figure in question (or the text that is no number); ``low`` and ``high`` what was expected, equal
    where one figure was. ``params`` fill the wording; the wording is data of the rule in both languages. ``blanks`` are
    the parts of the indicator that are not filled in, for a wording that names them (``{blanks}``). ``wants`` is the
    indicator that should be above zero, where that is what was expected.
    """

    institution: Hashable
    period: str
    rule: str
    check: str
    severity: Severity
    cell: Cell
    found: Decimal | str | None
    low: Decimal | None
    high: Decimal | None
    params: Mapping[str, Decimal | str | None] = field(hash=False)
    wording_zh: str = field(repr=False)
    wording_en: str = field(repr=False)
    overridable: bool = False
    needs_evidence: bool = False
    in_words: Mapping[str, InWords] = field(default_factory=dict, hash=False, repr=False)
    blanks: tuple[Named, ...] = ()
    wants: str = ""

    @property
    def expected(self) -> str:
        """What was expected, for a table or a file: a figure, a range, or nothing."""
        if self.low == self.high:
            return "" if self.low is None else _text(self.low)
        if self.low is None or self.high is None:
            return f"≥{_text(self.low)}" if self.high is None else f"≤{_text(self.high)}"
        return f"{_text(self.low)}–{_text(self.high)}"

    def _found(self) -> str:
        """The figure in question, in full where it would read like the bound it is beyond."""
        text, found = _text(self.found), self.found
        alike = isinstance(found, Decimal) and any(
            bound is not None and bound != found and text == _text(bound) for bound in (self.low, self.high)
        )
        return f"{found:f}" if alike else text

    def message(self, language: str, name: str = "", unit: str = "") -> str:
        """The finding in words; ``name`` and ``unit`` are those of the indicator in the language (zh or en)."""
        wording = self.wording_zh if language.startswith("zh") else self.wording_en
        texts = {key: _text(value) for key, value in self.params.items()}
        bounds = {"found": self._found(), "low": _text(self.low), "high": _text(self.high)}
        told = {key: item.word(language, texts.get(item.figure, ""), unit) for key, item in self.in_words.items()}
        at, sign = (0, _AND_ZH) if language.startswith("zh") else (1, ", ")
        blanks = sign.join(part[at] for part in self.blanks)
        words = {**bounds, "expected": self.expected, **texts, **told, "name": name, "unit": unit, BLANKS: blanks}
        return PLACEHOLDER.sub(lambda held: words.get(held[1], held[0]), wording)


@dataclass(frozen=True)
class Hits:
    """The rows one check flagged at one indicator; the figures of the message are computed when asked for.

    ``parts`` of the indicator, where the wording names those that are blank.
    """

    rule: Rule
    check: Check
    severity: Severity
    indicator: str
    rows: Array
    table: Table
    explain: Figures = field(repr=False)
    parts: Mapping[str, Named] = field(default_factory=dict, repr=False)
    wants: str = ""

    @cached_property
    def figures(self) -> Mapping[str, Array]:
        """found, low, high and what else the message shows, for each flagged row."""
        return self.explain(self.table, self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Finding]:
        return map(self.finding, range(len(self.rows)))

    def finding(self, at: int) -> Finding:
        """One of them, with its figures."""
        table, figures = self.table, {name: _decimal(values, at) for name, values in self.figures.items()}
        row = int(self.rows[at])
        shown: dict[str, Decimal | str | None] = {name: figures[name] for name in self.check.show}
        return Finding(
            institution=table.institutions[row],
            period=table.periods[row] if table.periods else "",
            rule=self.rule.id,
            check=self.check.key,
            severity=self.severity,
            cell=Cell(self.indicator, table.records[row] if table.records else ""),
            found=self._text(row) or figures["found"],
            low=figures["low"],
            high=figures["high"],
            params=shown,
            wording_zh=self.check.wording_zh,
            wording_en=self.check.wording_en,
            overridable=self.check.overridable,
            needs_evidence=self.check.needs_evidence,
            in_words=self.check.in_words,
            blanks=tuple(named for key, named in self.parts.items() if self._is_blank(key, row)),
            wants=self.wants,
        )

    def _text(self, row: int) -> str:
        """What stands in the cell, where that is no figure."""
        table, cell = self.table, self.indicator
        told = table.texts.get(f"{cell}.{self.check.key}") or table.texts.get(cell) or {}
        return table.unreadable.get((row, cell)) or told.get(row, "")

    def _is_blank(self, part: str, row: int) -> bool:
        column = self.table.column(NOW, part)
        return bool(np.isnan(column[row if len(column) > 1 else 0]))


class Hit(NamedTuple):
    """One finding as it was flagged: where it is and how grave, which is all a long list and its counts need."""

    among: Hits
    at: int

    @property
    def cell(self) -> Cell:
        """Where it stands."""
        records = self.among.table.records
        return Cell(self.among.indicator, records[self.among.rows[self.at]] if records else "")

    @property
    def rule(self) -> str:
        """The rule that flagged it."""
        return self.among.rule.id

    @property
    def severity(self) -> Severity:
        """How grave it is."""
        return self.among.severity

    @property
    def overridable(self) -> bool:
        """Whether an explanation settles it though it blocks."""
        return self.among.check.overridable

    @property
    def needs_evidence(self) -> bool:
        """Whether an explanation needs a file."""
        return self.among.check.needs_evidence

    def finding(self) -> Finding:
        """With its figures."""
        return self.among.finding(self.at)


@dataclass(frozen=True)
class Findings:
    """Everything a review found, the most severe first."""

    hits: Sequence[Hits]

    def __len__(self) -> int:
        return sum(map(len, self.hits))

    def __iter__(self) -> Iterator[Finding]:
        for hits in self.hits:
            yield from hits

    def by_rule(self) -> Mapping[str, int]:
        """How many returns each rule flags: what a rule would do before it is switched on."""
        rows: dict[str, list[Array]] = {}
        for hits in self.hits:
            rows.setdefault(hits.rule.id, []).append(hits.rows)
        return {rule: len(np.unique(np.concatenate(found))) for rule, found in sorted(rows.items())}

    def by_severity(self) -> Mapping[Severity, int]:
        """How many findings of each severity."""
        counts: Counter[Severity] = Counter()
        for hits in self.hits:
            counts[hits.severity] += len(hits)
        return {severity: counts[severity] for severity in Severity}

    def counts(self, rows: int) -> Mapping[Severity, Array]:
        """For each of so many rows of the table the number of findings of each severity."""
        found = {severity: np.zeros(rows, dtype=np.int64) for severity in Severity}
        for hits in self.hits:
            found[hits.severity][hits.rows] += 1
        return found


def _decimal(values: Array, at: int) -> Decimal | None:
    """A figure of a message, to six places as figures are stored."""
    value = float(values[at] if len(values) > 1 else values[0])
    if not np.isfinite(value):
        return None
    short = Decimal(f"{value:.{_PLACES}f}")
    whole = short.to_integral_value()
    return whole if short == whole else short.normalize()


def _text(value: Decimal | str | None) -> str:
    """A figure as a sentence gives it: two decimals, four below one, six below a hundredth; it holds it exact."""
    if value is None:
        return "—"
    if isinstance(value, str):
        return value
    size = abs(value)
    text = f"{value:.{2 if size >= 1 else 4 if size >= Decimal('0.01') else _PLACES}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text

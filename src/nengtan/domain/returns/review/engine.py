"""Running rules over a table: compiled once for an edition, a kind of period and a scope; one row or many alike."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nengtan.domain.returns.review.expressions import ExpressionError
from nengtan.domain.returns.review.findings import BLANKS, PLACEHOLDER, Figures, Findings, Hits, Named
from nengtan.domain.returns.review.language import NOW, Translator, Vocabulary
from nengtan.domain.returns.review.operations import Array
from nengtan.domain.returns.review.program import Program, Ref
from nengtan.domain.returns.review.rules import Check, Parameter, Parameters, Rule, RuleBook, Scope, Setting, Severity
from nengtan.domain.returns.review.table import Place, Table
from nengtan.domain.returns.review.units import check_units
from nengtan.domain.returns.scheme import Edition, Measure
from nengtan.domain.returns.slots import Kind

__all__ = ["Engine", "RuleError", "groups_of", "vocabulary"]

BLOCK = 8192
"""Rows at a time: so many that starting an operation is cheap, so few that columns stay in the processor's cache."""


class RuleError(ValueError):
    """A rule that cannot be used: which check, which of its expressions, and why."""

    def __init__(self, rule: str, check: str, field: str, error: ExpressionError) -> None:
        self.rule, self.check, self.field, self.error = rule, check, field, error
        super().__init__(f"{rule} {check}, {field}: {error}")


def groups_of(edition: Edition) -> dict[str, tuple[str, ...]]:
    """The groups of indicators every edition has: all, required, flows, quantities with a cost, details of form 2 …"""
    lines = [line for line in edition.indicators.values() if line.is_entered]
    flowing = [line for line in lines if line.measure is not Measure.STOCK]
    return {
        "all": tuple(line.key for line in lines),
        "required": tuple(line.key for line in lines if line.required and line.statutory),
        "flows": tuple(line.key for line in flowing),
        "quantities": tuple(line.key for line in lines if line.key in edition.costs),
        "details": tuple(line.key for line in flowing if line.of_which and line.form == 4),
        "additive": tuple(line.key for line in edition.indicators.values() if line.adds),
    }


def vocabulary(book: RuleBook, edition: Edition) -> Vocabulary:
    """What the rules of a book may name when they speak of an edition."""
    known = frozenset(edition.indicators)
    listed = {name: tuple(key for key in keys if key in known) for name, keys in book.groups.items()}
    wholes = {line.key: line.of_which for line in edition.indicators.values() if line.of_which}
    groups = {**groups_of(edition), **listed}
    units = {**book.units, **{line.key: line.unit for line in edition.indicators.values()}}
    return Vocabulary(known, groups, book.derived, book.facts, edition.costs, edition.parts, wholes, units)


@dataclass(frozen=True)
class _Judged:
    """One check at one indicator with the severity that holds, and where its flag stands in the program."""

    rule: Rule
    check: Check
    severity: Severity
    indicator: str
    parameters: Parameters
    flag: Ref


@dataclass(frozen=True)
class _Compiled:
    program: Program
    judged: Sequence[_Judged]


class Engine:
    """The checks that apply to one edition, kind of period and scope, ready to run.

    ``settings`` are changes of regions and classes; a table whose rows have different settings is split by them.
    """

    def __init__(
        self,
        book: RuleBook,
        edition: Edition,
        kind: Kind,
        scope: Scope = Scope.RETURN,
        settings: Sequence[Setting] = (),
    ) -> None:
        self._book, self._edition, self._words = book, edition, vocabulary(book, edition)
        self._checks = [
            (rule, check) for rule in book.rules for check in rule.checks if check.holds_for(edition.code, kind, scope)
        ]
        self._form = {3} if scope is Scope.ROOM else {2, 3, 4} if scope is Scope.SUMMARY else {2, 4}
        self._settings = tuple(settings)
        self._compiled: dict[tuple[int, ...], _Compiled] = {}
        self._explainers: dict[tuple[str, str, str, tuple[int, ...]], Figures] = {}
        self._profile(())

    def review(self, table: Table) -> Findings:
        """Every finding, the most severe first."""
        hits = [found for profile, rows in self._by_profile(table) for found in self._run(profile, rows, table)]
        return Findings(sorted(hits, key=lambda found: (found.severity.rank, found.rule.id)))

    def check(self) -> None:
        """Read every expression, also those of messages; `RuleError` at the first that cannot be used."""
        for judged in self._profile(()).judged:
            self._explain(judged)
            for name, text in {"flag": judged.check.flag, **_texts(judged.check)}.items():
                try:
                    check_units(text, self._words, judged.indicator or None)
                except ExpressionError as error:
                    raise RuleError(judged.rule.id, judged.check.key, name, error) from error

    def columns(self) -> frozenset[tuple[str, str]]:
        """Every column (view, name) the checks read: what has to be fetched."""
        return frozenset(self._profile(()).program.columns())

    def silent(self, table: Table) -> frozenset[str]:
        """The rules that cannot speak of a table: what they compare with is unknown in every row.

        Only rules that compare with other figures than those of the return itself; their ids.
        """
        judged, program = self._profile(()).judged, self._profile(()).program
        beyond = {one.rule.id for one in judged if any(view in _BEYOND for view, _name in program.reads(one.flag))}
        known: set[str] = set()
        for start in range(0, len(table), BLOCK):
            for one, flag in zip(judged, program.run(table.rows(slice(start, start + BLOCK))), strict=True):
                if one.rule.id in beyond and one.rule.id not in known and flag.any():
                    known.add(one.rule.id)
        return frozenset(beyond - known)

    def lacking(self, places: Iterable[Place]) -> frozenset[str]:
        """The rules with a check that compares with nothing at some of ``places``: nobody set its quota; their ids."""
        found: set[str] = set()
        for profile in {self._settings_at(place) for place in places}:
            settings = [self._settings[at] for at in profile]
            for rule, check in self._checks:
                _severity, parameters, enabled = self._adjusted(rule, check, settings)
                unset = {name for name, value in parameters.items() if value is None}
                if enabled and unset & set(_NAME.findall(check.flag)):
                    found.add(rule.id)
        return frozenset(found)

    @property
    def rules(self) -> frozenset[str]:
        """The ids of the rules that are asked."""
        return frozenset(rule.id for rule, _check in self._checks)

    @property
    def asks(self) -> int:
        """How many conditions are asked of each row."""
        return len(self._profile(()).judged)

    def derive(self, name: str, table: Table) -> Array:
        """A derived figure (such as kgce per m2) of every row."""
        (found,) = self._figure(name).run(table)
        return np.broadcast_to(found, (len(table),))

    def columns_of(self, name: str) -> frozenset[tuple[str, str]]:
        """The columns a derived figure is worked out from."""
        return frozenset(self._figure(name).columns())

    def _figure(self, name: str) -> Program:
        program = Program()
        program.outputs.append(Translator(program, self._words, self._book.constants).number(name))
        return program

    def _by_profile(self, table: Table) -> Iterator[tuple[tuple[int, ...], Array | None]]:
        """Rows under the same settings; None for all rows."""
        profiles = [self._settings_at(place) for place in table.places]
        distinct = sorted(set(profiles))
        if len(distinct) == 1 or table.place_of is None:
            yield profiles[0], None
            return
        numbers = np.array([distinct.index(profile) for profile in profiles])[table.place_of]
        for number, profile in enumerate(distinct):
            (rows,) = np.nonzero(numbers == number)
            if len(rows):
                yield profile, rows

    def _settings_at(self, place: Place) -> tuple[int, ...]:
        """The settings that hold at a place, the general ones first, so that the special ones have the last word."""
        found = [
            (-place.chain.index(setting.region), len(setting.institution_class), len(setting.check), at)
            for at, setting in enumerate(self._settings)
            if setting.region in place.chain and place.institution_class.startswith(setting.institution_class)
        ]
        return tuple(at for *_, at in sorted(found))

    def _run(self, profile: tuple[int, ...], rows: Array | None, table: Table) -> Iterator[Hits]:
        compiled = self._profile(profile)
        part = table if rows is None else table.rows(rows)
        flagged: list[list[Array]] = [[] for _ in compiled.judged]
        for start in range(0, len(part), BLOCK):
            block = part.rows(slice(start, start + BLOCK)) if len(part) > BLOCK else part
            size = min(BLOCK, len(part) - start)
            for found, flag in zip(flagged, compiled.program.run(block), strict=True):
                hit = flag == 1
                if hit.any():
                    found.append((np.nonzero(hit)[0] if len(flag) == size else np.arange(size)) + start)
        spoken: dict[tuple[str, str, str], Array] = {}
        hits = [np.concatenate(parts) if parts else _NONE for parts in flagged]
        refused = _refused(compiled.judged, hits)
        for judged, hit_rows in zip(compiled.judged, hits, strict=True):
            if refused and len(hit_rows) and not judged.check.refuses:
                hit_rows = _not_refused(hit_rows, compiled.program.reads(judged.flag), refused)
            if not len(hit_rows):
                continue
            if judged.check.ladder:
                hit_rows = _first_only(hit_rows, judged, spoken, len(part))
            if len(hit_rows):
                whole = hit_rows if rows is None else rows[hit_rows]
                explain = self._explainer(judged, profile)
                named = self._parts_named(judged)
                wants = self._wanted(judged)
                yield Hits(
                    judged.rule, judged.check, judged.severity, judged.indicator, whole, table, explain, named, wants
                )  # fmt: skip

    def _wanted(self, judged: _Judged) -> str:
        """The indicator that should be above zero."""
        wants = judged.check.wants
        return {"value": judged.indicator, "cost": self._words.costs.get(judged.indicator, "")}.get(wants, wants)

    def _parts_named(self, judged: _Judged) -> Mapping[str, Named]:
        """The parts of an indicator with their names, where the wording says which of them are blank."""
        if BLANKS not in PLACEHOLDER.findall(judged.check.wording_zh + judged.check.wording_en):
            return {}
        parts = self._words.parts.get(judged.indicator, ())
        lines = (self._edition.indicators[part] for part in parts)
        return {line.key: (line.name_zh, line.name_en) for line in lines}

    def _profile(self, profile: tuple[int, ...]) -> _Compiled:
        compiled = self._compiled.get(profile)
        if compiled is None:
            compiled = self._compiled[profile] = self._compile([self._settings[at] for at in profile])
        return compiled

    def _compile(self, settings: Sequence[Setting]) -> _Compiled:
        """All checks in one program, the severe before the mild so that ladders know who spoke."""
        program, judged = Program(), []
        for rule, check in self._checks:
            severity, parameters, enabled = self._adjusted(rule, check, settings)
            if enabled:
                translator = Translator(program, self._words, parameters)
                for key in self._cells(check):
                    flag = self._flag(program, translator, rule, check, key)
                    judged.append(_Judged(rule, check, severity, key or check.cell, parameters, flag))
        judged.sort(key=lambda one: one.severity.rank)
        program.outputs.extend(one.flag for one in judged)
        return _Compiled(program, judged)

    def _adjusted(self, rule: Rule, check: Check, settings: Sequence[Setting]) -> tuple[Severity, Parameters, bool]:
        severity, enabled = check.severity, True
        parameters: dict[str, Parameter] = {**self._book.constants, **rule.parameters}
        for setting in settings:
            if setting.concerns(rule.id, check.key):
                severity = setting.severity or severity
                _change(parameters, setting.parameters)
                enabled = enabled if setting.enabled is None else setting.enabled
        return severity, parameters, enabled

    def _cells(self, check: Check) -> Sequence[str | None]:
        if not check.each:
            return (None,)
        named = self._words.groups.get(check.each, ()) if isinstance(check.each, str) else check.each
        lines = self._edition.indicators
        return [key for key in named if key in lines and lines[key].form in self._form]

    def _flag(self, program: Program, translator: Translator, rule: Rule, check: Check, key: str | None) -> Ref:
        try:
            flag = translator.truth(check.flag, key)
        except ExpressionError as error:
            raise RuleError(rule.id, check.key, "flag", error) from error
        if check.classes:
            flag = program.put("and", flag, program.put("class", data=check.classes))
        if check.not_classes:
            flag = program.put("and", flag, program.put("not", program.put("class", data=check.not_classes)))
        if check.systems:
            flag = program.put("and", flag, program.put("system", data=check.systems))
        return flag

    def _explainer(self, judged: _Judged, profile: tuple[int, ...]) -> Figures:
        asked = (judged.rule.id, judged.check.key, judged.indicator, profile)
        found = self._explainers.get(asked)
        if found is None:
            found = self._explainers[asked] = self._explain(judged)
        return found

    def _explain(self, judged: _Judged) -> Figures:
        check, program = judged.check, Program()
        texts = {"found": judged.indicator and "value", "low": "", "high": "", **check.show, **_texts(check)}
        translator = Translator(program, self._words, judged.parameters)
        names = [name for name, text in texts.items() if text]
        for name in names:
            try:
                program.outputs.append(translator.number(texts[name], judged.indicator or None))
            except ExpressionError as error:
                raise RuleError(judged.rule.id, check.key, name, error) from error
        unknown = dict.fromkeys(texts, np.full(1, np.nan))

        read = frozenset(program.columns())

        def figures(table: Table, rows: Array) -> Mapping[str, Array]:
            return {**unknown, **dict(zip(names, program.run(table.rows(rows, read)), strict=True))}

        return figures


def _texts(check: Check) -> dict[str, str]:
    """The expressions of the message that are there."""
    texts = {"found": check.found, "low": check.low, "high": check.high, **check.show}
    return {name: text for name, text in texts.items() if text}


def _change(parameters: dict[str, Parameter], by: Parameters) -> None:
    """Thresholds that are numbers by indicator are changed one by one."""
    for name, value in by.items():
        held = parameters.get(name)
        both = isinstance(held, Mapping) and isinstance(value, Mapping)
        parameters[name] = {**held, **value} if both else value  # type: ignore[dict-item]


_NAME = re.compile(r"[a-z_]\w*")

_BEYOND = frozenset({"last", "previous", "base", "periods", "usual", "metered", "children", "peers", "spread"})
"""The views that are figures of other returns, of meters or of peers."""

_NONE: Array = np.array([], dtype=np.intp)


def _refused(judged: Sequence[_Judged], hits: Sequence[Array]) -> dict[str, Array]:
    """The rows in which an indicator is refused: its cell holds no figure, or one below zero."""
    found: dict[str, Array] = {}
    for one, rows in zip(judged, hits, strict=True):
        if one.check.refuses and len(rows):
            found[one.indicator] = np.union1d(found.get(one.indicator, _NONE), rows)
    return found


def _not_refused(rows: Array, reads: frozenset[tuple[str, str]], refused: Mapping[str, Array]) -> Array:
    """Rows in which nothing a check reads of this period is refused."""
    for name, refused_rows in refused.items():
        if (NOW, name) in reads:
            rows = rows[~np.isin(rows, refused_rows)]
    return rows


def _first_only(rows: Array, judged: _Judged, spoken: dict[tuple[str, str, str], Array], size: int) -> Array:
    """Rows of which no more severe check on the same ladder has spoken at this indicator."""
    before = spoken.setdefault((judged.rule.id, judged.check.ladder, judged.indicator), np.zeros(size, dtype=bool))
    first: Array = rows[~before[rows]]
    before[first] = True
    return first

"""What an expression of the rule language means: names and functions become operations of a program.

Names: an indicator (`elec_qty`); in a check over `each` indicator `value`, its `cost`, its `parts` together,
`all_parts` (the same, unknown while one of them is), and the `whole` of form 2 that contains it; a derived figure
(`energy`); a fact about the return (`months`); a threshold.
Views take any expression to other figures of the same institution: `last(…)` a year ago, `previous(…)` the period
before, `base(…)` the base year, `periods(…)` the sum of the year's shorter periods, `usual(…)` the median of twelve
months, `metered(…)`, `rooms(…)` the sum over data rooms, `children(…)` the sum of approved children.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from math import nan

from nengtan.domain.returns.review.expressions import ExpressionError, parse
from nengtan.domain.returns.review.operations import CLOSE
from nengtan.domain.returns.review.program import Program, Ref
from nengtan.domain.returns.review.rules import Parameters

__all__ = ["FUNCTIONS", "VIEWS", "Translator", "Vocabulary"]

NOW = "now"
FACT = "fact"
VIEWS = ("last", "previous", "base", "periods", "usual", "metered", "rooms", "children")
PEER_VIEWS = ("peers", "spread")
_LINKS = ("value", "cost", "parts", "all_parts", "whole")
MOST_VISITS = 20_000
"""Parts of one expression after groups and derived figures are written out, so that groups in groups end."""

_SIGNS = {ast.Add: "add", ast.Sub: "subtract", ast.Mult: "multiply", ast.Div: "divide"}


@dataclass(frozen=True)
class Vocabulary:
    """Everything an expression may name, for one edition."""

    indicators: frozenset[str]
    groups: Mapping[str, tuple[str, ...]]
    derived: Mapping[str, str]
    facts: frozenset[str]
    costs: Mapping[str, str]
    parts: Mapping[str, tuple[str, ...]]
    wholes: Mapping[str, str]
    units: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Here:
    """Where in an expression we are: the indicator `value` stands for, and the view of the figures."""

    each: str | None = None
    view: str = NOW
    inside: tuple[str, ...] = ()


class Translator:
    """Puts expressions into a program, with the thresholds of one rule."""

    def __init__(self, program: Program, vocabulary: Vocabulary, parameters: Parameters) -> None:
        self._program, self._words, self._parameters = program, vocabulary, parameters
        self._visits = 0

    def truth(self, text: str, each: str | None = None) -> Ref:
        """A condition."""
        self._visits = 0
        return self._truth(parse(text), _Here(each))

    def number(self, text: str, each: str | None = None) -> Ref:
        """A figure."""
        self._visits = 0
        return self._number(parse(text), _Here(each))

    def _truth(self, node: ast.expr, here: _Here) -> Ref:
        return self._of_kind(node, here, is_truth=True)

    def _number(self, node: ast.expr, here: _Here) -> Ref:
        return self._of_kind(node, here, is_truth=False)

    def _of_kind(self, node: ast.expr, here: _Here, *, is_truth: bool) -> Ref:
        found = self._any(node, here)
        if found.is_truth is not is_truth:
            wanted = "a condition" if is_truth else "a number"
            raise ExpressionError.at(node, "wrong_kind", "a condition" if found.is_truth else "a number", [wanted])
        return found

    def _any(self, node: ast.expr, here: _Here) -> Ref:
        self._visits += 1
        if self._visits > MOST_VISITS:
            raise ExpressionError.at(node, "too_much", ast.unparse(node)[:80])
        match node:
            case ast.Constant(value=int() | float() as value):
                return self._program.number(value)
            case ast.Name(id=name):
                return self._name(node, name, here)
            case ast.BinOp(left=left, op=sign, right=right):
                return self._program.put(_SIGNS[type(sign)], self._number(left, here), self._number(right, here))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self._program.put("negative", self._number(operand, here))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return self._program.put("not", self._truth(operand, here))
            case ast.BoolOp(op=operator, values=values):
                name = "and" if isinstance(operator, ast.And) else "or"
                return self._all(name, [self._truth(value, here) for value in values])
            case ast.Compare(left=left, ops=signs, comparators=others):
                sides = [self._number(side, here) for side in (left, *others)]
                pairs = zip(sides, signs, sides[1:], strict=False)
                return self._all("and", [self._compare(*pair) for pair in pairs])
            case ast.Call(func=ast.Name(id=name), args=arguments):
                return self._call(node, name, arguments, here)
            case _:
                raise ExpressionError.at(node, "not_allowed", ast.unparse(node))

    def _all(self, name: str, refs: list[Ref]) -> Ref:
        found = refs[0]
        for ref in refs[1:]:
            found = self._program.put(name, found, ref)
        return found

    def _compare(self, left: Ref, sign: ast.cmpop, right: Ref) -> Ref:
        put = self._program.put
        low, high = put("lower", right), put("upper", right)
        match sign:
            case ast.Lt():
                return put("less", left, low)
            case ast.LtE():
                return put("at_most", left, high)
            case ast.Gt():
                return put("more", left, high)
            case ast.GtE():
                return put("at_least", left, low)
            case ast.Eq():
                return put("equal", left, low, high)
            case _:
                return put("not", put("equal", left, low, high))

    def _name(self, node: ast.AST, name: str, here: _Here) -> Ref:
        words = self._words
        if name in _LINKS:
            return self._link(node, name, here)
        if name in words.indicators:
            return self._column(here.view, name)
        if name in self._parameters:
            return self._parameter(name, here)
        if name in words.derived:
            if name in here.inside:
                raise ExpressionError.at(node, "circular", name)
            return self._any(parse(words.derived[name]), replace(here, inside=(*here.inside, name)))
        if name in words.facts:
            return self._column(FACT, name)
        known = (*_LINKS, *words.indicators, *self._parameters, *words.derived, *words.facts)
        raise ExpressionError.at(node, "unknown_name", name, known)

    def _link(self, node: ast.AST, name: str, here: _Here) -> Ref:
        each, words = here.each, self._words
        if each is None:
            raise ExpressionError.at(node, "no_each", name)
        if name == "value":
            return self._column(here.view, each)
        if name in ("parts", "all_parts"):
            parts = [self._column(here.view, part) for part in words.parts.get(each, ())]
            if not parts:
                return self._program.number(nan)
            if name == "parts":
                return self._program.put("sum", *parts)
            return reduce(lambda left, right: self._program.put("add", left, right), parts)
        other = (words.costs if name == "cost" else words.wholes).get(each)
        return self._column(here.view, other) if other else self._program.number(nan)

    def _parameter(self, name: str, here: _Here) -> Ref:
        held = self._parameters[name]
        value = held.get(here.each or "") if isinstance(held, Mapping) else held
        return self._program.number(nan if value is None else float(value))

    def _column(self, view: str, name: str) -> Ref:
        return self._program.put("column", data=(view, name))

    def _call(self, node: ast.AST, name: str, arguments: list[ast.expr], here: _Here) -> Ref:
        if name in VIEWS:
            return self._view(node, name, arguments, here)
        if name in PEER_VIEWS:
            return self._peers(node, name, arguments)
        special = _SPECIAL.get(name)
        if special is not None:
            return special(self, node, arguments, here)
        known = FUNCTIONS.get(name)
        if known is None:
            raise ExpressionError.at(node, "unknown_function", name, [*VIEWS, *PEER_VIEWS, *_SPECIAL, *FUNCTIONS])
        least, most = known
        if not least <= len(arguments) <= most:
            raise ExpressionError.at(
                node, "arguments", len(arguments), [f"{least} to {most}" if least < most else str(least)]
            )
        refs = [self._number(argument, here) for argument in arguments]
        if name in ("least", "greatest"):
            return self._all(name, refs)
        return self._program.put(name, *refs)

    def _view(self, node: ast.AST, name: str, arguments: list[ast.expr], here: _Here) -> Ref:
        (argument,) = _exactly(1, node, arguments)
        if here.view != NOW:
            raise ExpressionError.at(node, "view_in_view", f"{name} in {here.view}")
        return self._any(argument, replace(here, view=name))

    def _peers(self, node: ast.AST, name: str, arguments: list[ast.expr]) -> Ref:
        (argument,) = _exactly(1, node, arguments)
        known = (*self._words.indicators, *self._words.derived)
        if not isinstance(argument, ast.Name) or argument.id not in known:
            raise ExpressionError.at(argument, "unknown_name", ast.unparse(argument), known)
        return self._column(name, argument.id)

    def _change(self, node: ast.AST, arguments: list[ast.expr], here: _Here) -> Ref:
        """The share by which the first differs from the second; unknown where the second is not above zero."""
        now, before = (self._number(argument, here) for argument in _exactly(2, node, arguments))
        put = self._program.put
        return put("over", put("subtract", now, before), put("positive", before))

    def _slip(self, node: ast.AST, arguments: list[ast.expr], here: _Here) -> Ref:
        """The power of ten, 1 to 4 either way, by which the first is off the second, or 0."""
        value, before, tolerance = (self._number(argument, here) for argument in _exactly(3, node, arguments))
        put = self._program.put
        return put("slip", put("over", put("positive", value), put("positive", before)), tolerance)

    def _differs(self, node: ast.AST, arguments: list[ast.expr], here: _Here) -> Ref:
        """Whether two differ by more than an amount, and by more than a share of the second."""
        one, other, amount, share = (self._number(argument, here) for argument in _exactly(4, node, arguments))
        put = self._program.put
        off = put("abs", put("subtract", one, other))
        size = put("abs", other)
        bound = put("greatest", amount, put("multiply", share, size))
        noise = put("multiply", self._program.number(CLOSE), size)  # what a difference of large numbers may be off by
        return put("more", off, put("add", bound, noise))

    def _outside(self, node: ast.AST, arguments: list[ast.expr], here: _Here) -> Ref:
        value, low, high = (self._number(argument, here) for argument in _exactly(3, node, arguments))
        put = self._program.put
        return put("or", put("less", value, put("lower", low)), put("more", value, put("upper", high)))

    def _blank(self, node: ast.AST, arguments: list[ast.expr], here: _Here) -> Ref:
        (value,) = (self._number(argument, here) for argument in _exactly(1, node, arguments))
        return self._program.put("not", self._program.put("given", value))

    def _unreadable(self, node: ast.AST, arguments: list[ast.expr], here: _Here) -> Ref:
        (argument,) = _exactly(1, node, arguments)
        return self._program.put("given", self._number(argument, replace(here, view="unreadable")))

    def _kind(self, node: ast.AST, arguments: list[ast.expr], _here: _Here) -> Ref:
        """Whether the institution's class is one of these, or under one of them."""
        codes = [argument.value for argument in arguments if isinstance(argument, ast.Constant)]
        texts = [code for code in codes if isinstance(code, str) and code.isdecimal()]
        given = ", ".join(map(ast.unparse, arguments))[:80]
        if not texts or len(texts) != len(arguments):
            raise ExpressionError.at(node, "arguments", given or "0", ['class codes such as "021"'])
        return self._program.put("class", data=tuple(texts))

    def _count(self, node: ast.AST, arguments: list[ast.expr], here: _Here) -> Ref:
        """Of how many indicators of a group a condition is true."""
        return self._program.put("count", *self._over(node, arguments, here, self._truth))

    def _total(self, node: ast.AST, arguments: list[ast.expr], here: _Here) -> Ref:
        """A figure added up over a group of indicators; unknown where all are."""
        return self._program.put("sum", *self._over(node, arguments, here, self._number))

    def _over(
        self, node: ast.AST, arguments: list[ast.expr], here: _Here, read: Callable[[ast.expr, _Here], Ref]
    ) -> list[Ref]:
        group, inner = _exactly(2, node, arguments)
        if not isinstance(group, ast.Name) or group.id not in self._words.groups:
            raise ExpressionError.at(group, "unknown_group", ast.unparse(group), self._words.groups)
        members = self._words.groups[group.id]
        if not members:
            raise ExpressionError.at(group, "empty_group", group.id)
        return [read(inner, replace(here, each=member)) for member in members]


def _exactly(count: int, node: ast.AST, arguments: list[ast.expr]) -> list[ast.expr]:
    if len(arguments) != count:
        raise ExpressionError.at(node, "arguments", len(arguments), [str(count)])
    return arguments


_Special = Callable[[Translator, ast.AST, list[ast.expr], _Here], Ref]
_SPECIAL: Mapping[str, _Special] = {
    "change": Translator._change,
    "differs": Translator._differs,
    "slip": Translator._slip,
    "outside": Translator._outside,
    "blank": Translator._blank,
    "unreadable": Translator._unreadable,
    "kind": Translator._kind,
    "count": Translator._count,
    "total": Translator._total,
}
FUNCTIONS: Mapping[str, tuple[int, int]] = {
    "sum": (1, 20),
    "either": (2, 2),
    "abs": (1, 1),
    "least": (2, 20),
    "greatest": (2, 20),
    "log10": (1, 1),
    "given": (1, 1),
    "multiple": (2, 2),
}
"""Plain functions with the fewest and the most arguments they take."""

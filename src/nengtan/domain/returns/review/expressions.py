"""Reading an expression: Python's grammar, of which only arithmetic, comparison, logic and named functions are let in.

Nothing is executed by Python: the tree is only walked. What is refused says where, what was found, what is allowed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["ExpressionError", "parse"]

LONGEST = 1000
DEEPEST = 40
LARGEST = 1e15
_ALLOWED = (
    ast.Expression, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.Call, ast.Name, ast.Constant, ast.Load,
    ast.Add, ast.Sub, ast.Mult, ast.Div, ast.USub, ast.Not, ast.And, ast.Or,
    ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq,
)  # fmt: skip


class ExpressionError(ValueError):
    """An expression that cannot be used: ``code`` (syntax, not_allowed, unknown_name, …), ``column`` counted from 1."""

    def __init__(self, code: str, column: int, found: object, allowed: Iterable[str] = ()) -> None:
        self.code, self.column, self.found, self.allowed = code, column, found, tuple(allowed)
        hint = f", allowed: {', '.join(self.allowed)}" if self.allowed else ""
        super().__init__(f"column {column}: {code}: found {found!r}{hint}")

    @classmethod
    def at(cls, node: ast.AST, code: str, found: object, allowed: Iterable[str] = ()) -> ExpressionError:
        """The same, at a node of the tree; of many allowed names only the similar ones are named."""
        names = sorted(allowed)
        if len(names) > 8:
            names = get_close_matches(str(found), names, n=5, cutoff=0.5)
        return cls(code, getattr(node, "col_offset", 0) + 1, found, names)


def parse(text: str) -> ast.expr:
    """The tree of an expression.

    >>> type(parse("value > 2 * last(value)")).__name__
    'Compare'
    >>> parse("().__class__")
    Traceback (most recent call last):
    nengtan.domain.returns.review.expressions.ExpressionError: column 1: not_allowed: found '().__class__', ...
    """
    if len(text) > LONGEST:
        raise ExpressionError("too_long", LONGEST, len(text), [f"{LONGEST} characters"])
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except SyntaxError as error:
        raise ExpressionError("syntax", error.offset or 1, (error.text or text).strip()[:80]) from None
    except (ValueError, MemoryError, RecursionError):
        raise ExpressionError("syntax", 1, text[:80]) from None
    _check(tree.body, 1)
    return tree.body


_OPERATORS = {
    ast.Pow: "**", ast.Mod: "%", ast.FloorDiv: "//", ast.MatMult: "@", ast.LShift: "<<", ast.RShift: ">>",
    ast.BitOr: "|", ast.BitXor: "^", ast.BitAnd: "&", ast.Invert: "~", ast.Is: "is", ast.IsNot: "is not",
    ast.In: "in", ast.NotIn: "not in",
}  # fmt: skip


def _source(node: ast.AST) -> str:
    """What somebody wrote there."""
    return _OPERATORS.get(type(node)) or ast.unparse(node)[:80]


def _check(node: ast.AST, depth: int) -> None:
    if depth > DEEPEST:
        raise ExpressionError.at(node, "too_deep", depth, [f"{DEEPEST} levels"])
    if not isinstance(node, _ALLOWED):
        raise ExpressionError.at(node, "not_allowed", _source(node), ["+ - * /", "< <= == != >= >", "and or not"])
    if isinstance(node, ast.Constant) and type(node.value) not in (int, float, str):
        raise ExpressionError.at(node, "not_allowed", node.value, ["a number", "a text"])
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not node.value <= LARGEST:
        raise ExpressionError.at(node, "not_allowed", _source(node), [f"up to {LARGEST:g}"])
    if isinstance(node, ast.Call) and (node.keywords or not isinstance(node.func, ast.Name)):
        raise ExpressionError.at(node, "not_allowed", _source(node), ["a function by its name, arguments in order"])
    for child in ast.iter_child_nodes(node):
        _check(child, depth + 1)

"""The rule language once more, one row at a time and in exact fractions: what the columns must agree with."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

Value = Fraction | bool | None
Row = Mapping[str, Fraction | None]

ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Fraction]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
}  # fmt: skip
COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
    ast.Eq: operator.eq, ast.NotEq: operator.ne,
}  # fmt: skip
FUNCTIONS: dict[str, Callable[[list[Any]], Value]] = {
    "sum": lambda values: sum(filter(None, values), Fraction(0)) if any(v is not None for v in values) else None,
    "either": lambda values: values[1] if values[0] is None else values[0],
    "given": lambda values: values[0] is not None,
    "abs": lambda values: None if values[0] is None else abs(values[0]),
    "least": lambda values: None if None in values else min(values),
}


def meaning(node: ast.expr, row: Row) -> Value:
    """What an expression is for one row; None where it cannot be known."""
    match node:
        case ast.Constant(value=value):
            return Fraction(str(value))
        case ast.Name(id=name):
            return row[name]
        case ast.UnaryOp(op=sign, operand=operand):
            found = meaning(operand, row)
            return None if found is None else -found if isinstance(sign, ast.USub) else not found
        case ast.BoolOp(op=sign, values=values):
            return _logic(isinstance(sign, ast.Or), [meaning(value, row) for value in values])
        case ast.BinOp(left=left, op=sign, right=right):
            sides = meaning(left, row), meaning(right, row)
            nothing = None in sides or (isinstance(sign, ast.Div) and sides[1] == 0)
            return None if nothing else ARITHMETIC[type(sign)](*sides)
        case ast.Compare(left=left, ops=[compared], comparators=[right]):
            sides = meaning(left, row), meaning(right, row)
            return None if None in sides else COMPARISONS[type(compared)](*sides)
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return FUNCTIONS[name]([meaning(argument, row) for argument in arguments])
    raise AssertionError(ast.dump(node))


def _logic(decisive: bool, values: list[Value]) -> bool | None:
    """True decides an or, False an and; otherwise an unknown leaves it unknown."""
    if any(value is decisive for value in values):
        return decisive
    return None if None in values else not decisive

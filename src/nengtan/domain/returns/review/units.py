"""Whether an expression adds and compares like with like: electricity with electricity, not with a floor area.

The unit of every indicator is known; a plain number and a threshold fit any unit. A quotient has the unit of its parts
(CNY/kWh), so a price may be compared with a price.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from nengtan.domain.returns.review.expressions import ExpressionError, parse
from nengtan.domain.returns.review.language import VIEWS, Vocabulary

__all__ = ["check_units"]

Unit = Mapping[str, int] | None
"""Powers by unit ({"CNY": 1, "kWh": -1}), empty for a ratio, None for what fits any unit."""

EACH = "value"
"""In a declared unit (kgce/value) stands for the unit of the indicator a check is about."""

_ALIKE = ("sum", "either", "least", "greatest", "change", "differs", "slip", "outside", "multiple")
_RATIOS = ("change", "slip", "log10")
_LOOSE = {"differs": 3, "slip": 2}
"""From which argument on a number is a share or a tolerance."""


def check_units(text: str, words: Vocabulary, each: str | None = None) -> str:
    """The unit of an expression ("" for a condition, a ratio or a plain number).

    Raises:
        ExpressionError: ``unit_mismatch``, at the side that does not fit, with the unit wanted there.

    >>> words = Vocabulary(frozenset({"area", "elec_qty"}), {}, {}, frozenset(), {}, {}, {},
    ...                    {"area": "m2", "elec_qty": "kWh"})
    >>> check_units("elec_qty / area", words)
    'kWh/m2'
    >>> check_units("elec_qty + 5 > area", words)
    Traceback (most recent call last):
    nengtan.domain.returns.review.expressions.ExpressionError: column 16: unit_mismatch: found 'm2', allowed: kWh
    """
    return _written(_Reader(words).of(parse(text), each))


def _written(unit: Unit) -> str:
    above = [_power(name, power) for name, power in (unit or {}).items() if power > 0]
    below = [_power(name, -power) for name, power in (unit or {}).items() if power < 0]
    head = "·".join(above) or ("1" if below else "")
    return "/".join([head, *below]) if below else head


def _power(name: str, power: int) -> str:
    return name if power == 1 else f"{name}^{power}"


def _read(text: str, each: str) -> Unit:
    """A unit as it is declared: names with slashes between."""
    above, *below = text.split("/")
    found: Unit = {}
    for name, power in [(above, 1), *((part, -1) for part in below)]:
        one = {each: 1} if name == EACH else {name: 1} if name else {}
        found = _times(found, one, power)
    return found


def _times(left: Unit, right: Unit, power: int = 1) -> Unit:
    if left is None and right is None:
        return None
    found = dict(left or {})
    for name, count in (right or {}).items():
        found[name] = found.get(name, 0) + count * power
    return {name: count for name, count in found.items() if count}


class _Reader:
    """Walks a tree that the translator has read already, so that every name in it is known."""

    def __init__(self, words: Vocabulary) -> None:
        self._words = words

    def of(self, node: ast.expr, each: str | None) -> Unit:
        match node:
            case ast.Name(id=name):
                return self._name(name, each)
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                return _times(self.of(left, each), self.of(right, each))
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return _times(self.of(left, each), self.of(right, each), -1)
            case ast.BinOp(left=left, right=right):
                return self._alike([left, right], each)
            case ast.UnaryOp(operand=operand):
                return self.of(operand, each)
            case ast.Compare(left=left, comparators=others):
                self._alike([left, *others], each)
            case ast.BoolOp(values=values):
                for value in values:
                    self.of(value, each)
            case ast.Call(func=ast.Name(id=name), args=arguments):
                return self._call(name, arguments, each)
        return None

    def _alike(self, nodes: Sequence[ast.expr], each: str | None) -> Unit:
        found: Unit = None
        for node in nodes:
            unit = self.of(node, each)
            if found is None:
                found = unit
            elif unit is not None and unit != found:
                raise _mismatch(node, unit, found)
        return found

    def _name(self, name: str, each: str | None) -> Unit:
        words = self._words
        if name in ("value", "cost", "parts", "all_parts", "whole"):
            other = {"cost": words.costs, "whole": words.wholes}.get(name, {}).get(each or "", each or "")
            return _read(words.units[other], "") if other in words.units else None
        declared = words.units.get(name)
        if declared is not None:
            return None if each is None and EACH in declared else _read(declared, words.units.get(each or "", ""))
        return self.of(parse(words.derived[name]), each) if name in words.derived else None

    def _call(self, name: str, arguments: Sequence[ast.expr], each: str | None) -> Unit:
        if name in (*VIEWS, "peers", "abs"):
            return self.of(arguments[0], each)
        if name in ("total", "count"):
            unit = self._over(arguments, adds=name == "total")
            return unit if name == "total" else {}
        if name in _ALIKE:
            loose = _LOOSE.get(name, len(arguments))
            unit = self._alike(arguments[:loose], each)
            return {} if name in _RATIOS else unit
        for argument in arguments:
            self.of(argument, each)
        return {} if name in ("spread", *_RATIOS) else None

    def _over(self, arguments: Sequence[ast.expr], *, adds: bool) -> Unit:
        """Each member of a group by itself; what is added must be of one unit."""
        group, inner = arguments
        units = [self.of(inner, member) for member in self._words.groups[getattr(group, "id", "")]]
        known = [unit for unit in units if unit is not None]
        odd = next((unit for unit in known if unit != known[0]), None)
        if adds and odd is not None:
            raise _mismatch(inner, odd, known[0])
        return known[0] if known else None


def _mismatch(node: ast.expr, found: Unit, wanted: Unit) -> ExpressionError:
    return ExpressionError.at(node, "unit_mismatch", _written(found) or "1", [_written(wanted) or "1"])

"""The rule language: what is let in, what is refused and how it is said, what every construct means for the unknown."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nengtan.domain.returns.review.expressions import ExpressionError, parse
from nengtan.domain.returns.review.language import Translator, Vocabulary
from nengtan.domain.returns.review.program import Program
from nengtan.domain.returns.review.table import ReturnRow, Table, table_of
from tests.domain.returns.one_row import meaning

KEYS = ("a", "b", "c")
WORDS = Vocabulary(
    indicators=frozenset(KEYS),
    groups={"most": ("a", "b"), "nothing": ()},
    derived={"double": "2 * value", "ratio": "a / b", "loop": "loop + 1"},
    facts=frozenset({"months"}),
    costs={"a": "c"},
    parts={"a": ("b", "c")},
    wholes={"b": "a"},
)
LIMITS = {"limit": Decimal("1.5"), "factor": {"a": Decimal(10), "b": Decimal(100)}}


def table(*rows: Mapping[str, object], **views: Mapping[str, object]) -> Table:
    def decimals(values: Mapping[str, object]) -> dict[str, Decimal | None]:
        return {key: None if value is None else Decimal(str(value)) for key, value in values.items()}

    seen = {view: decimals(values) for view, values in views.items()}
    return table_of([ReturnRow(at, decimals(row), seen, {"months": 12}) for at, row in enumerate(rows)])


def number(text: str, held: Table, each: str | None = None) -> list[float | None]:
    program = Program()
    program.outputs.append(Translator(program, WORDS, LIMITS).number(text, each))
    found = np.broadcast_to(program.run(held)[0], (len(held),))
    return [None if np.isnan(value) else float(value) for value in found]


def truth(text: str, held: Table, each: str | None = None) -> list[bool | None]:
    program = Program()
    program.outputs.append(Translator(program, WORDS, LIMITS).truth(text, each))
    found = np.broadcast_to(program.run(held)[0], (len(held),))
    return [{1: True, 0: None, -1: False}[int(value)] for value in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a + b * c", 14.0),
        ("-(a - b) / 4", 0.25),
        ("a / 0", None),
        ("a + last(a)", None),
        ("sum(a, last(a))", 2.0),
        ("sum(last(a), last(b))", None),
        ("either(last(a), b)", 3.0),
        ("abs(0 - a)", 2.0),
        ("least(a, b, c) + greatest(a, b, c)", 6.0),
        ("log10(100 * a / 2)", 2.0),
        ("log10(0 - a)", None),
        ("change(b, a)", 0.5),
        ("change(b, 0)", None),
        ("months", 12.0),
        ("limit * a", 3.0),
        ("ratio", 2 / 3),
        ("count(most, value > 2)", 1.0),
        ("total(most, value * factor)", 320.0),
        ("slip(2000, a, 0.1)", 3.0),
        ("slip(a, 2000, 0.1)", -3.0),
        ("slip(2900, a, 0.1)", 0.0),
        ("slip(a * 100000, a, 0.1)", 0.0),
        ("slip(0, a, 0.1)", None),
        ("slip(last(a), a, 0.1)", None),
    ],
)
def test_numbers(text: str, expected: float | None) -> None:
    (found,) = number(text, table({"a": 2, "b": 3, "c": 4}))
    assert found == (expected if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a < b <= c", True),
        ("a >= b or b == 3", True),
        ("a != 2", False),
        ("last(a) > 1", None),
        ("last(a) > 1 and a > 5", False),
        ("last(a) > 1 or a > 1", True),
        ("not last(a) > 1", None),
        ("given(a) and blank(last(a))", True),
        ("differs(a, b, 1, 0)", False),
        ("differs(a, b, 0.9, 0)", True),
        ("differs(a, b, 0, 0.4)", False),
        ("outside(a, 2, 3)", False),
        ("outside(a, 2.1, 3)", True),
        ("outside(a, 1, last(a))", None),
        ("outside(a, 3, last(a))", True),
        ("multiple(100 * a, 100)", True),
        ("multiple(a, 100)", False),
        ("unreadable(a)", False),
        ('kind("01")', None),
    ],
)
def test_truths(text: str, expected: bool | None) -> None:
    assert truth(text, table({"a": 2, "b": 3, "c": 4})) == [expected]


def test_names_of_one_indicator() -> None:
    held = table({"a": 2, "b": 3, "c": 4}, last={"a": 1})
    assert number("value + cost + parts", held, "a") == [13.0]
    assert number("whole - value", held, "b") == [-1.0]
    assert number("double + last(double)", held, "a") == [6.0]
    assert number("factor", held, "b") == [100.0]
    assert number("factor", held, "c") == [None], "no such number for this indicator"
    assert number("cost", held, "b") == [None]


def test_sums_of_decimals_equal_what_a_person_adds() -> None:
    held = table({"a": "0.1", "b": "0.2", "c": "0.3"})
    assert truth("a + b == c", held) == [True]
    assert truth("a + b > c", held) == [False]
    assert truth("change(c, b) > 0.5", held) == [False], "exactly a half"


@pytest.mark.parametrize(
    ("text", "code", "column"),
    [
        ("a +", "syntax", 4),
        ("", "syntax", 1),
        ("().__class__", "not_allowed", 1),
        ("a.real", "not_allowed", 1),
        ("a[0] > 1", "not_allowed", 1),
        ("[a for a in b]", "not_allowed", 1),
        ("lambda: 1", "not_allowed", 1),
        ("a if b else c", "not_allowed", 1),
        ("a ** 99999", "not_allowed", 1),
        ("(a := 1)", "not_allowed", 2),
        ("f'{a}'", "not_allowed", 1),
        ("True", "not_allowed", 1),
        ("a > None", "not_allowed", 5),
        ("1 < 2j", "not_allowed", 5),
        ("sum(*a)", "not_allowed", 5),
        ("abs(x=a)", "not_allowed", 1),
        ("abs(a)(b)", "not_allowed", 1),
        ("elec > 1", "unknown_name", 1),
        ("__import__('os')", "unknown_function", 1),
        ("eval('1')", "unknown_function", 1),
        ("value > 1", "no_each", 1),
        ("last(previous(a)) > 1", "view_in_view", 6),
        ("abs(a, b)", "arguments", 1),
        ("last()", "arguments", 1),
        ("a > (b > c)", "wrong_kind", 6),
        ("not a", "wrong_kind", 5),
        ("a and b > 1", "wrong_kind", 1),
        ("'text' > a", "not_allowed", 1),
        ("loop > 1", "circular", 1),
        ("count(few, value > 1) > 1", "unknown_group", 7),
        ("count(nothing, value > 1) > 1", "empty_group", 7),
        ("kind(a)", "arguments", 1),
        ("a > 1e16", "not_allowed", 5),
        ("a > 1e999", "not_allowed", 5),
        ("a > " + "9" * 400, "not_allowed", 5),
        ("kind('x')", "arguments", 1),
        ("peers(a + b) > 1", "unknown_name", 7),
        ("-" * 60 + "a", "too_deep", 1),
        ("a + " * 400 + "a", "too_long", 1000),
        ("(" * 300 + "a" + ")" * 300, "syntax", 1),
    ],
)
def test_what_is_refused(text: str, code: str, column: int) -> None:
    with pytest.raises(ExpressionError) as refused:
        truth(text, table({"a": 1}))
    assert refused.value.code == code
    if code not in ("syntax", "circular"):
        assert refused.value.column == column


def test_groups_in_groups_end() -> None:
    text = "value"
    for _ in range(16):
        text = f"total(most, {text})"
    with pytest.raises(ExpressionError) as refused:
        number(text, table({"a": 1}))
    assert refused.value.code == "too_much"


def test_a_misspelt_name_is_told_what_it_may_have_meant() -> None:
    with pytest.raises(ExpressionError) as refused:
        number("limt + 1", table({"a": 1}))
    assert "limit" in refused.value.allowed


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(ExpressionError):
        truth(text, table({"a": 1}))


figures = st.one_of(st.none(), st.integers(-20, 20).map(lambda value: Fraction(value, 4)))
numbers = st.recursive(
    st.one_of(st.sampled_from(KEYS), st.integers(0, 5).map(str)),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda made: f"({made[0]} {made[1]} {made[2]})"),
        st.tuples(st.sampled_from(["sum", "either", "least"]), inner, inner).map(lambda m: f"{m[0]}({m[1]}, {m[2]})"),
        inner.map(lambda made: f"abs({made})"),
        inner.map(lambda made: f"(-{made})"),
    ),
    max_leaves=6,
)
comparisons = st.one_of(
    st.tuples(numbers, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), numbers).map(" ".join),
    numbers.map(lambda made: f"given({made})"),
)
conditions = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from([" and ", " or "]), inner).map(lambda made: f"({''.join(made)})"),
        inner.map(lambda made: f"(not {made})"),
    ),
    max_leaves=4,
)


@settings(max_examples=300)
@given(conditions, st.lists(st.fixed_dictionaries(dict.fromkeys(KEYS, figures)), min_size=1, max_size=6))
def test_columns_mean_what_each_row_means(text: str, rows: list[dict[str, Fraction | None]]) -> None:
    held = table(*[{key: None if value is None else float(value) for key, value in row.items()} for row in rows])
    expected = [meaning(parse(text), row) for row in rows]
    assert truth(text, held) == expected


def test_equal_operations_are_done_once() -> None:
    program = Program()
    translator = Translator(program, WORDS, LIMITS)
    translator.truth("a + b > limit")
    before = len(program)
    translator.truth("a + b > limit and a + b > limit")
    assert len(program) == before + 1

"""Unified social credit codes and their check digit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nengtan.domain.creditcode import ALPHABET, Problem, check_digit, is_valid, normalise, problems

bodies = st.text(alphabet=ALPHABET, min_size=17, max_size=17)


def test_a_published_code_holds() -> None:
    assert is_valid("91350100M000100Y43")


@given(body=bodies, place=st.integers(min_value=0, max_value=17), other=st.sampled_from(ALPHABET))
def test_any_single_wrong_sign_is_found(body: str, place: int, other: str) -> None:
    code = body + check_digit(body)
    wrong = code[:place] + other + code[place + 1 :]
    assert is_valid(code)
    assert is_valid(wrong) == (wrong == code)


@given(body=bodies, place=st.integers(min_value=0, max_value=16))
def test_any_swap_of_neighbours_is_found(body: str, place: int) -> None:
    code = body + check_digit(body)
    swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    assert is_valid(swapped) == (swapped == code)


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("", (Problem.LENGTH,)),
        ("9135O100M000100Y43", (Problem.CHARACTERS,)),
        ("9135O1", (Problem.LENGTH, Problem.CHARACTERS)),
        ("91350100M000100Y44", (Problem.CHECK_DIGIT,)),
    ],
)
def test_what_is_wrong_is_named(code: str, found: tuple[Problem, ...]) -> None:
    assert problems(code) == found


def test_width_case_and_gaps_are_levelled_but_nothing_is_guessed() -> None:
    assert normalise("９１350100-m000100y43\n") == "91350100M000100Y43"
    assert normalise("9135O100M000100Y43") == "9135O100M000100Y43"


@given(text=st.text())
def test_any_text_is_judged_without_failing(text: str) -> None:
    plain = normalise(text)
    assert is_valid(plain) == (problems(plain) == ())


@given(body=bodies)
def test_a_whole_code_is_left_as_it_is(body: str) -> None:
    code = body + check_digit(body)
    assert normalise(code) == normalise(code.lower()) == code

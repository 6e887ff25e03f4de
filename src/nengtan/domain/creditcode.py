"""The unified social credit code (统一社会信用代码, GB 32100-2015): eighteen characters, the last a check digit.

The alphabet has 31 signs (no I, O, S, V, Z) and the weights are powers of 3 modulo 31; 31 being prime, any one wrong
sign and any swap of two different neighbours changes the check digit.
"""

import unicodedata
from enum import StrEnum

__all__ = ["Problem", "check_digit", "is_valid", "normalise", "problems"]

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
LENGTH = 18
_VALUE = {sign: value for value, sign in enumerate(ALPHABET)}
_WEIGHTS = tuple(pow(3, place, 31) for place in range(LENGTH - 1))


class Problem(StrEnum):
    """What is wrong with a code."""

    LENGTH = "length"
    CHARACTERS = "characters"
    CHECK_DIGIT = "check_digit"


def normalise(text: str) -> str:
    """Full-width and lower-case signs made plain, spaces and hyphens taken out; nothing else is repaired.

    >>> normalise(" 91350100m000100y4３ ")
    '91350100M000100Y43'
    """
    plain = unicodedata.normalize("NFKC", text).upper()
    return "".join(sign for sign in plain if sign != "-" and not sign.isspace())


def check_digit(body: str) -> str:
    """The eighteenth sign that belongs to seventeen.

    >>> check_digit("91350100M000100Y4")
    '3'
    """
    weighed = sum(_VALUE[sign] * weight for sign, weight in zip(body, _WEIGHTS, strict=True))
    return ALPHABET[-weighed % 31]


def problems(code: str) -> tuple[Problem, ...]:
    """What is wrong with a normalised code; empty when nothing is.

    >>> problems("91350100M000100Y44"), problems("9135O100M000100Y43"), problems("913")
    ((<Problem.CHECK_DIGIT: 'check_digit'>,), (<Problem.CHARACTERS: 'characters'>,), (<Problem.LENGTH: 'length'>,))
    """
    found = []
    if len(code) != LENGTH:
        found.append(Problem.LENGTH)
    if not set(code) <= _VALUE.keys():
        found.append(Problem.CHARACTERS)
    if not found and check_digit(code[:-1]) != code[-1]:
        found.append(Problem.CHECK_DIGIT)
    return tuple(found)


def is_valid(code: str) -> bool:
    """Whether a normalised code is whole.

    >>> is_valid("91350100M000100Y43")
    True
    """
    return not problems(code)

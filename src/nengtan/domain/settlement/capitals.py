"""An amount of money in the capitals of Chinese documents (人民币大写)."""

from __future__ import annotations

from decimal import Decimal

__all__ = ["capitals"]

_DIGITS = "\u96f6\u58f9\u8d30\u53c1\u8086\u4f0d\u9646\u67d2\u634c\u7396"
_PLACES = ("", "\u62fe", "\u4f70", "\u4edf")
_GROUPS = ("", "\u4e07", "\u4ebf", "\u4e07\u4ebf")
_YUAN, _JIAO, _FEN, _WHOLE, _BELOW = "\u5143", "\u89d2", "\u5206", "\u6574", "\u8d1f"


def capitals(amount: Decimal) -> str:
    """The amount [CNY, to the 分] in words, by the rules of 支付结算办法; below 10^16.

    >>> capitals(Decimal("3840837.03")) == "叁佰捌拾肆万零捌佰叁拾柒元零叁分"
    True
    >>> capitals(Decimal("-100000")) == "负壹拾万元整"
    True
    """
    fen = int(abs(amount).scaleb(2))
    whole, rest = divmod(fen, 100)
    told = _whole(whole) + _YUAN if whole else ""
    jiao, last = divmod(rest, 10)
    if jiao:
        told += _DIGITS[jiao] + _JIAO
    if last:
        told += (_DIGITS[0] if whole and not jiao else "") + _DIGITS[last] + _FEN
    else:
        told = (told or _DIGITS[0] + _YUAN) + _WHOLE
    return (_BELOW if amount < 0 else "") + told


def _whole(number: int) -> str:
    """A whole number, group of four digits by group; noughts between digits are said once."""
    groups = []
    while number:
        number, group = divmod(number, 10_000)
        groups.append(group)
    told = ""
    for at in reversed(range(len(groups))):
        group = groups[at]
        if group:
            needs_nought = told and (group < 1000 or groups[at + 1] % 10 == 0)
            told += (_DIGITS[0] if needs_nought else "") + _group(group) + _GROUPS[at]
    return told


def _group(number: int) -> str:
    told = ""
    for place in reversed(range(4)):
        digit = number // 10**place % 10
        if digit:
            if told and number // 10 ** (place + 1) % 10 == 0:
                told += _DIGITS[0]
            told += _DIGITS[digit] + _PLACES[place]
    return told

"""Numbers as people read them: thousands, 万 and 亿, signs, and a dash for what is unknown.

Nothing here rounds what is stored; rounding happens once, at the door, half away from zero as statutory forms do.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Final

from django.utils.translation import get_language, pgettext

__all__ = ["DASH", "Compact", "Number", "compact", "exact", "fixed", "join_unit", "percent", "plain", "to_decimal"]

Number = Decimal | int | float

DASH: Final = "—"
MINUS: Final = "−"
WAN: Final = Decimal(10) ** 4
YI: Final = Decimal(10) ** 8


@dataclass(frozen=True)
class Compact:
    """A number made short: its digits, the word for its scale (万, 亿 or empty) and the exact text behind it."""

    digits: str
    scale: str
    exact: str

    def __str__(self) -> str:
        return f"{self.digits} {self.scale}".strip()


def to_decimal(value: Number | str | None) -> Decimal | None:
    """The value as a finite Decimal; None for nothing, text that is no number, and not-a-number.

    >>> to_decimal(0.1), to_decimal("12.50"), to_decimal("x"), to_decimal(float("nan"))
    (Decimal('0.1'), Decimal('12.50'), None, None)
    """
    if value is None or value == "" or isinstance(value, bool):
        return None
    try:
        number = value if isinstance(value, Decimal) else Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def fixed(value: Number | str | None, decimals: int) -> str:
    """A column's number: thousands separated, always the same number of decimals.

    >>> fixed(Decimal("1234.565"), 2), fixed(-5, 0), fixed(None, 1)
    ('1,234.57', '−5', '—')
    """
    number = to_decimal(value)
    if number is None:
        return DASH
    rounded = _round(number, decimals)
    return _sign(rounded) + f"{abs(rounded):,f}"


def exact(value: Number | str | None) -> str:
    """Every digit that is known, without trailing zeros.

    >>> exact(Decimal("42130000.500000")), exact(Decimal("7846.000000"))
    ('42,130,000.5', '7,846')
    """
    number = to_decimal(value)
    if number is None:
        return DASH
    text = f"{abs(number):,f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return _sign(number) + text


def plain(value: Number | str | None, decimals: int | None = None) -> str:
    """A number standing alone: as many decimals as its size deserves (two under 10, one under 1,000, else none).

    >>> plain(Decimal("6.4567")), plain(Decimal("114.93")), plain(Decimal("7846.4")), plain(12)
    ('6.46', '114.9', '7,846', '12')
    """
    number = to_decimal(value)
    if number is None:
        return DASH
    return fixed(number, _decimals(number) if decimals is None else decimals)


def compact(value: Number | str | None, decimals: int | None = None, language: str | None = None) -> Compact:
    """A figure for a headline; in Chinese, large ones in 万 and 亿, in English exact thousands.

    >>> compact(42_130_000, language="en").digits
    '42,130,000'
    """
    number = to_decimal(value)
    if number is None:
        return Compact(DASH, "", "")
    divisor, word = _scale(number, language or get_language() or "")
    scaled = number / divisor
    places = _decimals(scaled, scaled_down=divisor > 1) if decimals is None or divisor > 1 else decimals
    return Compact(fixed(scaled, places), word, exact(number))


def percent(ratio: Number | str | None, decimals: int = 1, signed: bool = False) -> str:
    """A ratio as per cent, with its sign on request.

    >>> percent(Decimal("-0.0312"), signed=True), percent(0.5), percent(Decimal("0.182"), signed=True), percent(None)
    ('−3.1%', '50.0%', '+18.2%', '—')
    """
    number = to_decimal(ratio)
    if number is None:
        return DASH
    text = fixed(number * 100, decimals)
    plus = "+" if signed and _round(number * 100, decimals) > 0 else ""
    return f"{plus}{text}%"


def join_unit(scale: str, unit: str) -> str:
    """Scale word and unit as they are written together: a space before Latin letters, none before Chinese ones.

    >>> join_unit("w", "kWh"), join_unit("", "kWh"), join_unit("w", "")
    ('w kWh', 'kWh', 'w')
    """
    if not scale or not unit:
        return scale or unit
    return f"{scale}{unit}" if "\u4e00" <= unit[0] <= "\u9fff" else f"{scale} {unit}"


def _scale(number: Decimal, language: str) -> tuple[Decimal, str]:
    if not language.startswith("zh") or abs(number) < WAN:
        return Decimal(1), ""
    if abs(number) < YI:
        return WAN, pgettext("scale", "10⁴")
    return YI, pgettext("scale", "10⁸")


def _decimals(number: Decimal, scaled_down: bool = False) -> int:
    if not scaled_down and number == number.to_integral_value():
        return 0
    size = abs(number)
    return 2 if size < 10 else 1 if size < 1000 else 0


def _round(number: Decimal, decimals: int) -> Decimal:
    return number.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)


def _sign(number: Decimal) -> str:
    return MINUS if number < 0 else ""

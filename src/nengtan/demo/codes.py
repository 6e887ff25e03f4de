"""Made-up unified social credit codes (统一社会信用代码) that pass both of their check digits."""

from nengtan.domain import creditcode

__all__ = ["credit_code"]

_ORGANISATION = {sign: value for value, sign in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")}


def credit_code(class_code: str, division: str, number: int) -> str:
    """A valid code whose organisation part begins with DEM, so that nobody takes it for a real one.

    >>> credit_code("11", "420106", 1)
    '11420106DEM000014T'
    """
    body = f"DEM{number:05d}"
    first = f"{class_code}{division}{body}{_organisation_check(body)}"
    return first + creditcode.check_digit(first)


def _organisation_check(body: str) -> str:
    """Check digit of GB 11714 over the eight characters of an organisation code."""
    total = sum(_ORGANISATION[sign] * weight for sign, weight in zip(body, (3, 7, 9, 10, 5, 8, 4, 2), strict=True))
    return "0123456789X"[(11 - total % 11) % 11]

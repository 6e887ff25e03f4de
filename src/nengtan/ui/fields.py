"""Model fields shared by the rooms."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.db.models.expressions import Combinable

PLACES = 6
"""Decimal places every statutory quantity is kept to; see docs/decisions on fixed point."""


def to_units(value: Decimal | int | float | str, places: int = PLACES) -> int:
    """The whole number of 10^-places units in ``value``, rounded half to even.

    >>> to_units("1.5"), to_units(Decimal("0.0000004"))
    (1500000, 0)
    """
    number = value if isinstance(value, Decimal) else Decimal(str(value))
    return int((number.scaleb(places)).to_integral_value(rounding=ROUND_HALF_EVEN))


def from_units(units: int | Decimal, places: int = PLACES) -> Decimal:
    """The Decimal that ``units`` of 10^-places stand for, exact to 28 digits.

    >>> from_units(1500000)
    Decimal('1.5')
    """
    return Decimal(units) / _scale(places)


@cache
def _scale(places: int) -> Decimal:
    return Decimal(10) ** places


class FixedPointField(models.BigIntegerField):
    """A Decimal kept as a whole number of 10^-places units.

    SQLite has no decimal type and adds numbers as binary floats; whole numbers add exactly on SQLite and on
    PostgreSQL alike, so roll-ups kept by adding differences never drift. Sums over this field come back as Decimal.
    """

    description = _("Decimal kept as a whole number of small units")

    if TYPE_CHECKING:
        _pyi_private_set_type: Decimal | int | Combinable  # type: ignore[assignment]
        _pyi_private_get_type: Decimal  # type: ignore[assignment]

    def __init__(self, *args: Any, places: int = PLACES, **kwargs: Any) -> None:
        self.places = places
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, kwargs | {"places": self.places}

    def from_db_value(self, value: int | Decimal | None, expression: Any, connection: Any) -> Decimal | None:
        return None if value is None else Decimal(value) / _scale(self.places)

    def to_python(self, value: Any) -> Decimal | None:
        if value is None or isinstance(value, Decimal):
            return value
        try:
            return Decimal(str(value))
        except ArithmeticError as error:
            raise ValidationError(_("“%(value)s” is not a number."), params={"value": value}) from error

    def get_prep_value(self, value: Any) -> int | None:
        if value is None or hasattr(value, "resolve_expression"):
            return value
        return to_units(value, self.places)

    def formfield(self, **kwargs: Any) -> Any:
        from django import forms

        return models.Field.formfield(
            self, **{"form_class": forms.DecimalField, "decimal_places": self.places, **kwargs}
        )

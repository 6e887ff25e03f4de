"""Reading the shipped files: every cell passes a typed getter that names file, row and field when it is wrong."""

import csv
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal, InvalidOperation
from fractions import Fraction
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from nengtan.domain.factors import Confidence

__all__ = ["ReferenceDataError", "Row", "data_folder", "document", "rows"]

_QUOTIENT = Context(prec=28)  # whatever the importing program has set as its own


class ReferenceDataError(ValueError):
    """A shipped file holds something it may not: which file, row, field, what was found, what is allowed."""

    def __init__(self, file: str, row: int, field: str, found: object, allowed: str) -> None:
        self.file, self.row, self.field, self.found, self.allowed = file, row, field, found, allowed
        super().__init__(f"{file}, row {row}, {field}: found {found!r}, allowed: {allowed}")


def data_folder() -> Traversable:
    """The folder of shipped files, also inside a wheel."""
    return files("nengtan.reference") / "data"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file; ``number`` is its line as a spreadsheet counts it."""

    file: str
    number: int
    cells: Mapping[str, str]

    def wrong(self, field: str, allowed: str) -> ReferenceDataError:
        return ReferenceDataError(self.file, self.number, field, self.cells.get(field), allowed)

    def optional(self, field: str) -> str:
        """The cell, blank allowed; the column itself must exist."""
        value = self.cells.get(field)
        if value is None:
            raise self.wrong(field, "a column of this name")
        return value.strip()

    def text(self, field: str) -> str:
        value = self.optional(field)
        if not value:
            raise self.wrong(field, "a text")
        return value

    def one_of(self, field: str, allowed: Collection[str]) -> str:
        value = self.optional(field)
        if value not in allowed:
            raise self.wrong(field, ", ".join(allowed))
        return value

    def flag(self, field: str) -> bool:
        return self.one_of(field, ("yes", "no")) == "yes"

    def confidence(self, field: str = "confidence") -> Confidence:
        return Confidence(self.one_of(field, [str(level) for level in Confidence]))

    def optional_decimal(self, field: str) -> Decimal | None:
        value = self.optional(field)
        if not value:
            return None
        try:
            number = Decimal(value)
        except InvalidOperation:
            raise self.wrong(field, "a number") from None
        if not number.is_finite():
            raise self.wrong(field, "a finite number")
        return number

    def decimal(self, field: str) -> Decimal:
        number = self.optional_decimal(field)
        if number is None:
            raise self.wrong(field, "a number")
        return number

    def quotient(self, field: str) -> Decimal:
        """A positive number or a quotient of two, such as 1/0.73."""
        parts = self.text(field).split("/")
        try:
            value = Fraction(parts[0]) / Fraction(parts[1]) if len(parts) == 2 else Fraction(self.text(field))
        except (ValueError, ZeroDivisionError):
            raise self.wrong(field, "a number or a quotient such as 1/0.73") from None
        if value <= 0:
            raise self.wrong(field, "a number above 0")
        return _QUOTIENT.divide(Decimal(value.numerator), Decimal(value.denominator))

    def optional_integer(self, field: str) -> int | None:
        value = self.optional(field)
        if not value:
            return None
        if not value.isdecimal():
            raise self.wrong(field, "a whole number")
        return int(value)

    def optional_date(self, field: str) -> date | None:
        value = self.optional(field)
        try:
            return date.fromisoformat(value) if value else None
        except ValueError:
            raise self.wrong(field, "a date such as 2025-12-31") from None

    def optional_day_of_year(self, field: str) -> tuple[int, int] | None:
        """Month and day, written 03-31."""
        value = self.optional(field)
        try:
            day = date.fromisoformat(f"2001-{value}") if value else None
        except ValueError:
            raise self.wrong(field, "a day such as 03-31") from None
        return (day.month, day.day) if day else None


def rows(file: str) -> Iterator[Row]:
    """The rows of a shipped CSV file, first data row being number 2."""
    lines = (data_folder() / file).read_text(encoding="utf-8").splitlines()
    for number, cells in enumerate(csv.DictReader(lines), start=2):
        if None in cells or None in cells.values():
            raise ReferenceDataError(file, number, "row", len(cells), "as many cells as headings")
        yield Row(file, number, cells)


def document(file: str) -> Any:
    """A shipped JSON file."""
    return json.loads((data_folder() / file).read_text(encoding="utf-8"))

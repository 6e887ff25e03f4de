"""Cells as a page sends them: text as typed, read into numbers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest
from django.utils.translation import gettext as _

from nengtan.ledger.typed import number
from nengtan.reporting.filling import cell_name
from nengtan.reporting.services.cells import out_of_range

__all__ = ["Typed", "read_cells"]

MOST = 2000
LONGEST = 60


@dataclass(frozen=True)
class Typed:
    """One cell as typed: its number, or what is wrong with it; ``seen`` is the version that was changed."""

    record: str
    indicator: str
    value: Decimal | None
    seen: int
    problem: str = ""

    @property
    def name(self) -> str:
        """The cell as programs name it."""
        return cell_name(self.record, self.indicator)


def read_cells(request: HttpRequest) -> list[Typed]:
    """The cells of a request.

    Raises:
        BadRequest: the request is none of this page.
    """
    try:
        cells = json.loads(request.body)["cells"]
        if not isinstance(cells, list) or len(cells) > MOST:
            raise ValueError(cells)
        return [_read(cell) for cell in cells]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadRequest("no list of cells") from error


def _read(cell: dict[str, Any]) -> Typed:
    record, _dot, indicator = str(cell["cell"]).rpartition(".")
    text, seen = str(cell["text"])[:LONGEST], int(cell["seen"])
    try:
        value = number(text)
        return Typed(record, indicator, value, seen, out_of_range(value))
    except ValueError:
        words = _("Found “%(found)s”; a number such as 1234.5 is allowed.") % {"found": text[:40]}
        return Typed(record, indicator, None, seen, words)

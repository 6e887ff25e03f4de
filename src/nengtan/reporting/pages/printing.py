"""A return as the forms are printed and filed: official layout, legal marks, signatures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.http import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from nengtan.domain.returns.forms.base import base_page
from nengtan.domain.returns.forms.page import Box, Page
from nengtan.identity.doors import ActorRequest, page
from nengtan.identity.roles import Capability
from nengtan.reference import scheme
from nengtan.reporting.pages.sheet import return_or_404
from nengtan.reporting.services.workbooks import BASE_FORMS
from nengtan.reporting.services.workbooks.gathering import Gathered
from nengtan.reporting.wording import period_word
from nengtan.ui import formats
from nengtan.ui.components import Crumb


@dataclass(frozen=True)
class Place:
    """A box as a cell of a table; ``text`` has every digit of a figure, and is empty where it is unknown."""

    text: str
    look: str
    rows: int = 1
    columns: int = 1
    indent: int = 0


@dataclass(frozen=True)
class Printed:
    """One form as rows of a table."""

    number: int
    landscape: bool
    rows: tuple[tuple[Place, ...], ...]


@page(Capability.VIEW_DETAIL)
def return_print(request: ActorRequest, pk: int) -> HttpResponseBase:
    """Forms 1 to 4 of a return, as paper has them."""
    of = return_or_404(request.actor, pk)
    gathered, words = Gathered([of]), scheme.form_words()
    edition = gathered.edition(of)
    forms = [
        _printed(base_page(edition, number, gathered.filled(of, edition.forms[number]), words)) for number in BASE_FORMS
    ]
    crumbs = [
        Crumb(_("Returns"), reverse("returns")),
        Crumb(f"{of.institution} {period_word(of.period)}", reverse("return", args=[of.pk])),
        Crumb(_("Print")),
    ]
    return render(request, "reporting/print.html", {"return": of, "forms": forms, "crumbs": crumbs})


def _printed(drawn: Page) -> Printed:
    taken: set[tuple[int, int]] = set()
    by_row: dict[int, list[Box]] = {}
    for box in drawn.boxes:
        by_row.setdefault(box.row, []).append(box)
    rows = []
    for row in range(1, max(by_row) + 1):
        boxes = {box.column: box for box in by_row.get(row, ())}
        rows.append(tuple(_places(row, boxes, len(drawn.widths), taken)))
    return Printed(drawn.form, drawn.landscape, tuple(rows))


def _places(row: int, boxes: dict[int, Box], columns: int, taken: set[tuple[int, int]]) -> Iterable[Place]:
    """The boxes of a row with its empty places; what a box above or beside covers has no place of its own."""
    for column in range(1, columns + 1):
        if (row, column) in taken:
            continue
        box = boxes.get(column)
        if box is None:
            yield Place("", "empty")
            continue
        taken.update((row + down, column + right) for down in range(box.rows) for right in range(box.columns))
        yield Place(_text(box.value), str(box.look), box.rows, box.columns, box.indent)


def _text(value: str | Decimal | None) -> str:
    if value is None:
        return ""
    return formats.exact(value) if isinstance(value, Decimal) else value

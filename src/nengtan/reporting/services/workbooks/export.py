"""Returns as workbooks: the forms of one institution, of many, the summaries of a region, a row for each return."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from openpyxl import Workbook

from nengtan.domain.returns import slots
from nengtan.domain.returns.forms.base import base_page
from nengtan.domain.returns.forms.page import Filled, period_words
from nengtan.domain.returns.forms.seal import Seal, blank_tag, seal_rows
from nengtan.domain.returns.forms.summary import coverage_remarks, summary_page
from nengtan.domain.returns.scheme import Edition, Level
from nengtan.identity.access import Actor, Forbidden
from nengtan.identity.roles import Capability
from nengtan.ledger.services import bulk
from nengtan.reference import scheme
from nengtan.registry.models import Region
from nengtan.reporting.models import Return
from nengtan.reporting.queries import returns_of
from nengtan.reporting.queries.rollup import Rollup
from nengtan.reporting.services.headers import Headers
from nengtan.reporting.services.workbooks.drawing import add_notes, add_page, add_seal, saved
from nengtan.reporting.services.workbooks.gathering import Gathered
from nengtan.reporting.services.workbooks.wide import add_rooms_sheet, add_wide_sheet
from nengtan.reporting.totals import NONE

__all__ = [
    "BASE_FORMS",
    "MOST_DRAWN",
    "SUMMARY_FORMS",
    "blank",
    "forms_of_region",
    "forms_of_returns",
    "rows_of_returns",
    "workbook_of_region",
]

BASE_FORMS = (1, 2, 3, 4)
SUMMARY_FORMS = (5, 6, 7, 8)
MOST_DRAWN: Mapping[str, int] = {"rows": 2000, "forms": 200}
"""Returns drawn while somebody waits; the command draws more."""

Progress = Callable[[int, int, str], None]


def forms_of_returns(
    actor: Actor, returns: Sequence[Return], forms: Sequence[int] = BASE_FORMS, progress: Progress | None = None
) -> bytes:
    """Forms 1 to 4 of one return, or of many one after the other, filled in and sealed.

    Raises:
        Forbidden: the actor may not take one of them away.
    """
    _require(actor, returns)
    book, gathered = _book(), Gathered(returns)
    for done, item in enumerate(returns, 1):
        edition = gathered.edition(item)
        for number in forms:
            page = base_page(edition, number, gathered.filled(item, edition.forms[number]), _words())
            add_page(book, page, _title(edition, number, item if len(returns) > 1 else None))
        if progress:
            progress(done, len(returns), item.institution.name)
    _finish(book, gathered.headers, {item.edition for item in returns}, map(gathered.seal, returns), forms)
    return saved(book)


def rows_of_returns(actor: Actor, returns: Sequence[Return], progress: Progress | None = None) -> bytes:
    """Many returns of one edition, a row each and a row for each room: for filling in a district at once.

    Raises:
        Forbidden: the actor may not take one of them away.
    """
    _require(actor, returns)
    book, gathered = _book(), Gathered(returns)
    editions = {item.edition for item in returns}
    for code in sorted(editions):
        held = [item for item in returns if item.edition == code]
        add_wide_sheet(book, scheme.edition(code), held, gathered, progress)
        add_rooms_sheet(book, scheme.edition(code), held, gathered)
    _finish(book, gathered.headers, editions, map(gathered.seal, returns), BASE_FORMS[1:])
    return saved(book)


def forms_of_region(actor: Actor, region: Region, period: slots.Slot, forms: Sequence[int] = SUMMARY_FORMS) -> bytes:
    """Forms 5 to 8 of a region.

    Raises:
        ValidationError: there are no returns.
        Forbidden: the actor may not take the totals of the region away.
    """
    if not actor.scope_for(Capability.EXPORT).covers(region.path):
        raise Forbidden(Capability.EXPORT)
    found, words, headers = Rollup(actor, region, period, capability=Capability.EXPORT), _words(), Headers()
    if not found.returns().exists():
        raise ValidationError({"region": _("There are no returns of this region and period.")})
    names = {**dict(found.children), "": words["sum"], NONE: words["own_level"]}
    book = _book()
    edition = headers.editions[found.edition.code]
    for number in forms:
        summary, form = found.summary(number), edition.forms[number]
        texts = {
            **headers.texts(edition.code, form),
            "reporting_unit": region.name,
            "period": period_words(str(period), words),
        }
        filled = Filled(texts, {}, coverage_remarks(edition, summary, names, words))
        page = summary_page(edition, summary, names, filled, words)
        add_page(book, page, _title(edition, number))
    _finish(book, headers, {edition.code}, [], forms)
    return saved(book)


def workbook_of_region(
    actor: Actor, region: Region, period: slots.Slot, what: str, *, most: Mapping[str, int] = MOST_DRAWN
) -> bytes:
    """The returns of a region: ``rows`` to fill in, ``forms`` of every institution, or the ``summary``.

    Raises:
        ValidationError: there are no returns, or more than are drawn while somebody waits.
        Forbidden: the actor may not take the totals of the region away.
    """
    if what == "summary":
        return forms_of_region(actor, region, period)
    held = list(returns_of(actor, region, period).select_related("superior")[: most[what] + 1])
    if not held:
        raise ValidationError({"region": _("There are no returns of this region and period.")})
    if len(held) > most[what]:
        words = _("More than %(most)s returns: choose a smaller region, or use the command.")
        raise ValidationError({"region": words % {"most": most[what]}})
    return rows_of_returns(actor, held) if what == "rows" else forms_of_returns(actor, held)


def blank(edition: Edition, forms: Sequence[int] = BASE_FORMS) -> bytes:
    """Forms 1 to 4 with nothing filled in; sent back they say in their header whose they are and of which period."""
    book, headers = _book(), Headers()
    edition = headers.editions[edition.code]
    for number in forms:
        texts = headers.texts(edition.code, edition.forms[number])
        filled = Filled(texts, tag=blank_tag(edition.code, number), blank=True)
        add_page(book, base_page(edition, number, filled, _words()), _title(edition, number))
    _finish(book, headers, {edition.code}, [], forms)
    return saved(book)


def _require(actor: Actor, returns: Sequence[Return]) -> None:
    seen: set[int] = set()
    for chunk in bulk.chunks([item.pk for item in returns]):
        seen |= set(
            Return.objects.for_actor(actor, Capability.EXPORT).filter(pk__in=chunk).values_list("pk", flat=True)
        )
    if not seen or len(seen) < len(returns):
        raise Forbidden(Capability.EXPORT)


def _words() -> dict[str, str]:
    return dict(scheme.form_words())


def _book() -> Workbook:
    book = Workbook()
    book.remove(book.active)
    return book


def _title(edition: Edition, number: int, of: Return | None = None) -> str:
    """Form and name; in a workbook of many the code of the institution, which tells them apart."""
    words = _words()
    title = f"{words['sheet']}{number}"
    return f"{title} {of.institution.code}" if of else f"{title} {edition.forms[number].title_zh}"


def _finish(
    book: Workbook, headers: Headers, editions: Iterable[str], seals: Iterable[Seal], forms: Sequence[int]
) -> None:
    """The sheet of notes and the seal."""
    held = [headers.editions[code] for code in sorted(editions)]
    sealed = list(seals)
    add_notes(book, _words()["notes_sheet"], _notes(held, forms, sealed=bool(sealed)))
    if sealed:
        add_seal(book, seal_rows(sealed))
    book.active = 0


def _notes(editions: Sequence[Edition], forms: Sequence[int], *, sealed: bool) -> list[str]:
    notes = [edition.title_zh for edition in editions]
    if any(edition.forms[number].level is Level.BASE for edition in editions for number in forms):
        notes += [
            _("Fill in the green cells and send the file back; figures that were not changed stay as they are."),
            _("An empty cell means not applicable or not measured; 0 means measured, none used."),
            _("Do not delete the hidden sheet: it tells what was changed by whom.")
            if sealed
            else _(
                "Write the institution (its name or code) and the period (2025-03, 2025-Q1, 2025-00 for the year) "
                "in the boxes at the top of a form; what one form says holds for the others that say nothing."
            ),
        ]
    gaps = {gap.code: gap.text_zh for edition in editions for gap in edition.gaps}
    return [*notes, *gaps.values()]

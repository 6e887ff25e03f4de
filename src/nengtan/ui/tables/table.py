"""A list of records as a table: bound to a request it sorts, filters, pages, totals and exports."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, QuerySet, Sum
from django.db.models.query import ModelIterable
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from nengtan.ui import formats
from nengtan.ui.tables import exports
from nengtan.ui.tables.columns import Column, Text, resolve
from nengtan.ui.tables.filters import Filter, Rows, TextFilter

__all__ = ["Table"]

PIECE = 2000
"""Rows of a file fetched together."""

FEW = 8
"""Rows that are found at a glance: a list of more can be searched though it declares no filter."""


@dataclass(frozen=True)
class Heading:
    """A column's head as shown: the address that sorts by it, and how it is sorted now."""

    column: Column
    url: str
    direction: str


@dataclass(frozen=True)
class FilterView:
    """A filter as shown, with what is chosen."""

    filter: Filter
    values: tuple[tuple[str, str], ...]

    @property
    def value(self) -> str:
        """What is chosen, for filters with one key."""
        return self.values[0][1]


class Table:
    """Subclass and declare, or pass the declarations by name; either way bind to rows and request.

    A page answers exports and partial reloads in one line::

        table = InstitutionTable(Institution.objects.for_actor(request.actor), request)
        return table.answer() or render(request, "registry/list.html", {"table": table})

    A list of more than a few rows that declares no filter gets one over the words of its columns. A query set is
    searched in the database, which knows no columns, and must declare its own. Rows of a list that ``stays`` names
    stand first, whatever is searched and however it is sorted, as long as any other row fits.
    """

    id: str = "table"
    caption: Text = ""
    columns: Sequence[Column] = ()
    filters: Sequence[Filter] = ()
    default_sort: str = ""
    page_sizes: Sequence[int] = (20, 50, 100)
    prefix: str = ""
    exportable: bool = True
    cards: bool = True
    dense: bool = False
    stays: Callable[[Any], bool] | None = None
    empty_title: Text = ""
    empty_text: Text = ""
    empty_href: str = ""
    empty_action: Text = ""

    def __init__(self, rows: QuerySet[Any, Any] | Iterable[Any], request: HttpRequest, **declared: Any) -> None:
        for name, value in declared.items():
            if not hasattr(type(self), name):
                raise TypeError(f"a table has no {name!r}")
            setattr(self, name, value)
        self.source: Rows = rows if isinstance(rows, QuerySet) else list(rows)
        self.request = request

    @cached_property
    def offered(self) -> Sequence[Filter]:
        """The filters declared, or the search of a list that declares none."""
        texts = [column.words for column in self.columns if not column.numeric]
        if self.filters or not texts or isinstance(self.source, QuerySet) or len(self.source) <= FEW:
            return self.filters
        return (TextFilter("q", _("Search"), fields=texts),)

    # What the address says

    def param(self, name: str) -> str:
        """A value of the address, under this table's prefix."""
        return self.request.GET.get(self.prefix + name, "").strip()

    def address(self, **changed: Any) -> str:
        """This page's address with some of this table's values changed; None takes a value out."""
        own = {self.prefix + name: value for name, value in changed.items()}
        kept = [(name, value) for name, values in self.request.GET.lists() if name not in own for value in values]
        return f"?{urlencode([*kept, *((name, value) for name, value in own.items() if value is not None)])}"

    @cached_property
    def chosen(self) -> dict[str, str]:
        """What the filters were set to."""
        return {key: self.param(key) for item in self.offered for key in item.keys}

    @cached_property
    def sort(self) -> tuple[str, bool]:
        """Column key and whether downwards; unknown keys fall back to the default."""
        known = {column.key for column in self.columns if column.sort_path}
        for text in (self.param("sort"), self.default_sort):
            if text.lstrip("-") in known:
                return text.lstrip("-"), text.startswith("-")
        return "", False

    # Rows

    @cached_property
    def filtered(self) -> Rows:
        """All rows that fit the filters."""
        rows = self.source
        for item in self.offered:
            rows = item.apply(rows, self.chosen)
        return rows if isinstance(rows, QuerySet) else self._with_those_that_stay(rows)

    def _with_those_that_stay(self, rows: Sequence[Any]) -> Sequence[Any]:
        stays = self.stays
        if stays is None:
            return rows
        others = [row for row in rows if not stays(row)]
        return [*(row for row in self.source if stays(row)), *others] if others else []

    @cached_property
    def ordered(self) -> Rows:
        """All rows that fit, in order; unknown values come last either way."""
        key, down = self.sort
        column = next((column for column in self.columns if column.key == key), None)
        if isinstance(self.filtered, QuerySet):
            return _order_query(self.filtered, column, down)
        return self._with_those_that_stay(_order_list(self.filtered, column, down)) if column else self.filtered

    @cached_property
    def _added(self) -> tuple[int, dict[str, Any]]:
        """Number of fitting rows, and the sum of each column that asks for one: one query."""
        wanted = [column for column in self.columns if column.total is True]
        if isinstance(self.filtered, QuerySet):
            sums = {f"sum_{column.key}": Sum(column.path) for column in wanted}
            found = self.filtered.order_by().aggregate(nt_count=Count("*"), **sums)
            return found["nt_count"], {column.key: found[f"sum_{column.key}"] for column in wanted}
        return len(self.filtered), {column.key: _sum(self.filtered, column) for column in wanted}

    @property
    def sums(self) -> dict[str, Any]:
        """The sum over all fitting rows of each column that asks for one, by its key."""
        return self._added[1]

    @property
    def count(self) -> int:
        """How many rows fit."""
        return self._added[0]

    @cached_property
    def page_size(self) -> int:
        """Rows a page."""
        text = self.param("size")
        return int(text) if text.isdigit() and int(text) in self.page_sizes else self.page_sizes[0]

    @cached_property
    def page(self) -> Page[Any]:
        """The page asked for, or the nearest there is."""
        paginator = Paginator(self.ordered, self.page_size)
        paginator.count = self.count
        return paginator.get_page(self.param("page") or 1)

    @cached_property
    def rows(self) -> list[Any]:
        """The rows of this page."""
        rows = list(self.page.object_list)
        self.prepare(rows)
        return rows

    def prepare(self, rows: Sequence[Any]) -> None:
        """Fetch together what the cells of some rows need besides; called for each page and each piece of a file."""

    # What the template shows

    @property
    def headings(self) -> list[Heading]:
        """Heads with their sorting addresses: numbers start with the largest, text from the beginning."""
        key, down = self.sort
        heads = []
        for column in self.columns:
            now = ("descending" if down else "ascending") if column.key == key else ""
            turn = not down if now else column.numeric
            url = self.address(sort=("-" if turn else "") + column.key, page=None) if column.sort_path else ""
            heads.append(Heading(column, url, now))
        return heads

    @property
    def cells(self) -> list[list[tuple[Column, str]]]:
        """The page's cells, row by row."""
        return [[(column, column.cell(row)) for column in self.columns] for row in self.rows]

    @cached_property
    def totals(self) -> list[tuple[Column, str]]:
        """The total row; empty when no column asks for one or nothing is there."""
        if not any(column.total for column in self.columns) or not self.count:
            return []
        return [(column, self._total(column)) for column in self.columns]

    @property
    def filter_views(self) -> list[FilterView]:
        """Filters with what is chosen, their keys as they stand in the address."""
        return [
            FilterView(item, tuple((self.prefix + key, self.chosen[key]) for key in item.keys)) for item in self.offered
        ]

    @property
    def kept(self) -> list[tuple[str, str]]:
        """Other values of the address that a filter form must carry along."""
        own = {self.prefix + key for key in (*self.chosen, "page", "export")}
        return [(key, value) for key, values in self.request.GET.lists() if key not in own for value in values]

    @property
    def is_filtered(self) -> bool:
        """Whether any filter is set."""
        return any(self.chosen.values())

    @property
    def clear_url(self) -> str:
        """The address without filters."""
        return self.address(page=None, **dict.fromkeys(self.chosen))

    @property
    def page_links(self) -> list[tuple[str, str, bool]]:
        """Text, address and whether current, for each page offered; an ellipsis has no address."""
        links = []
        for number in self.page.paginator.get_elided_page_range(self.page.number, on_each_side=1, on_ends=1):
            address = self.address(page=number) if isinstance(number, int) else ""
            links.append((str(number), address, number == self.page.number))
        return links

    @property
    def previous_url(self) -> str:
        """The page before."""
        return self.address(page=self.page.number - 1) if self.page.has_previous() else ""

    @property
    def next_url(self) -> str:
        """The page after."""
        return self.address(page=self.page.number + 1) if self.page.has_next() else ""

    @property
    def size_links(self) -> list[tuple[int, str, bool]]:
        """The page sizes offered."""
        return [(size, self.address(size=size, page=None), size == self.page_size) for size in self.page_sizes]

    @cached_property
    def export_links(self) -> list[tuple[str, str]]:
        """The file formats offered."""
        return (
            [(ending, self.address(export=ending, page=None)) for ending in exports.FORMATS] if self.may_export else []
        )

    def render(self, request: HttpRequest) -> str:
        """The table as markup."""
        return render_to_string("ui/table.html", {"table": self}, request=request)

    @property
    def may_export(self) -> bool:
        """Whether this table gives files, and to this actor."""
        actor = getattr(self.request, "actor", None)
        return self.exportable and (actor is None or bool(actor.can("export")))

    # Doors

    def answer(self) -> HttpResponseBase | None:
        """The response when the request wants a file or only this table; None when it wants the page."""
        wanted = self.param("export")
        if wanted in exports.FORMATS and self.may_export:
            return self.export(wanted)
        target = self.request.headers.get("HX-Target", "")
        if target == self.id and not self.request.headers.get("HX-History-Restore-Request"):
            response = HttpResponse(self.render(self.request))
            response.headers["Vary"] = "HX-Request, HX-Target, Cookie"
            return response
        return None

    def export(self, ending: str) -> HttpResponseBase:
        """All rows that fit, in the order shown, with every column."""
        headings = [column.title for column in self.columns]
        name = str(self.caption) or self.id
        if ending == "csv":
            return exports.csv_response(headings, self._exported_rows(), name)
        return exports.xlsx_response(headings, self._exported_rows(), name, self._about())

    def _exported_rows(self) -> Iterator[list[Any]]:
        rows = iter(self.ordered.iterator(chunk_size=PIECE) if isinstance(self.ordered, QuerySet) else self.ordered)
        while piece := list(islice(rows, PIECE)):
            self.prepare(piece)
            for row in piece:
                yield [column.exported(row) for column in self.columns]

    def _about(self) -> Iterator[tuple[str, str]]:
        key, down = self.sort
        heading = next((column.title for column in self.columns if column.key == key), "")
        yield _("Table"), str(self.caption)
        yield _("Exported at"), f"{timezone.localtime():%Y-%m-%d %H:%M}"
        yield pgettext("count", "Rows"), str(self.count)
        if heading:
            yield _("Sorted by"), f"{heading} {'↓' if down else '↑'}"
        for item in self.offered:
            if words := item.words(self.chosen):
                yield str(item.label), words

    def _total(self, column: Column) -> str:
        if column is self.columns[0]:
            return _("Total")
        if not column.total:
            return ""
        value = column.total(self.sums) if callable(column.total) else self.sums[column.key]
        return formats.plain(value, column.decimals)


def _order_query(rows: QuerySet[Any, Any], column: Column | None, down: bool) -> QuerySet[Any, Any]:
    """Order in the database, ties settled by the primary key so that pages never overlap."""
    ties = ["pk"] if issubclass(rows._iterable_class, ModelIterable) else []
    if column is None:
        return rows if rows.ordered else rows.order_by(*ties)
    path = F(column.sort_path)
    return rows.order_by(path.desc(nulls_last=True) if down else path.asc(nulls_last=True), *ties)


def _order_list(rows: Sequence[Any], column: Column, down: bool) -> list[Any]:
    def value(row: Any) -> Any:
        return column.raw(row) if column.sort is True and callable(column.value) else resolve(row, column.sort_path)

    keyed = [(value(row), row) for row in rows]
    known = [pair for pair in keyed if pair[0] is not None]
    known.sort(key=lambda pair: pair[0], reverse=down)
    return [row for _key, row in known] + [row for key, row in keyed if key is None]


def _sum(rows: Sequence[Any], column: Column) -> Decimal | None:
    known = [number for number in (formats.to_decimal(column.raw(row)) for row in rows) if number is not None]
    return sum(known, Decimal(0)) if known else None


def sums_ratio(sums: Mapping[str, Any], numerator: str, denominator: str, factor: int = 1) -> Decimal | None:
    """An intensity of a total row: sums divided, empty without a denominator."""
    top, bottom = formats.to_decimal(sums.get(numerator)), formats.to_decimal(sums.get(denominator))
    return None if top is None or not bottom else top * factor / bottom

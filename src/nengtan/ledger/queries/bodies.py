"""The institutions behind a figure: how many, how large, how complete.

A region the actor sees whole is read from the kept sums of books, a few rows whatever its size; a part of a region, and
a single institution, from the books themselves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, QuerySet, Sum

from nengtan.domain import periods
from nengtan.domain.change import Coverage
from nengtan.identity.access import Actor
from nengtan.ledger.models import RegionBooks, RegionRollup
from nengtan.ledger.queries.selection import Selection, books_of, facts_of, sees_whole
from nengtan.ledger.queries.veil import Veil, veil_of


@dataclass(frozen=True)
class Bodies:
    """The institutions behind a row: how many, how large, how complete."""

    institutions: int = 0
    area_m2: Decimal | None = None
    persons: Decimal | None = None
    coverage: Coverage = field(default_factory=lambda: Coverage(0, 0))


_OF_SUMS = {
    "bodies": Sum("institutions"),
    "area": Sum("area_m2"),
    "areas_known": Sum("areas"),
    "people": Sum("persons"),
    "people_known": Sum("heads"),
    "had": Sum("present"),
    "wanted": Sum("expected"),
}
_OF_BOOKS = {
    "bodies": Count("id"),
    "area": Sum("area_m2"),
    "areas_known": Count("area_m2"),
    "people": Sum("persons"),
    "people_known": Count("persons"),
    "had": Sum("present"),
    "wanted": Sum("expected"),
}
_SPAN = ("first_period", "last_period", "carriers")

Counted = Mapping[str, Any]
"""Books added up: the columns they are grouped by, and the amounts above."""


def counted(actor: Actor, selection: Selection, *columns: str, since: int | None = None) -> list[Counted]:
    """The books behind a selection, added up by columns of theirs; from the year ``since`` on if given.

    Kinds of too few bodies for the actor to see are one group, and years of too few are left out.
    """
    if sees_whole(actor, selection):
        rows = _grouped(_sums_of(selection, since).filter(region=selection.region), columns, _OF_SUMS)
        veil = veil_of(actor, selection)
        return rows if veil is None else _veiled(rows, veil, selection.year)
    return _grouped(books_of(actor, selection, since).order_by(), columns, _OF_BOOKS)


def _veiled(rows: Iterable[Counted], veil: Veil, year: int) -> list[Counted]:
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        of = row.get("year", year)
        if of in veil.hidden:
            continue
        head = {name: value for name, value in row.items() if name not in _OF_SUMS}
        if "kind" in head:
            head["kind"] = veil.key("type", head["kind"], of)
        held = found.setdefault(tuple(head.values()), head | dict.fromkeys(_OF_SUMS, 0))
        for name in _OF_SUMS:
            held[name] += row[name] or 0
    return list(found.values())


def _sums_of(selection: Selection, since: int | None = None) -> QuerySet[RegionBooks]:
    sums = RegionBooks.objects.filter(year__range=(since or selection.year, selection.year)).exclude(institutions=0)
    return sums.filter(kind=selection.kind) if selection.kind else sums


def _grouped(rows: QuerySet[Any], columns: Iterable[str], amounts: Mapping[str, Any]) -> list[Counted]:
    groups = tuple(columns)
    return list(rows.order_by().values(*groups).annotate(**amounts)) if groups else [rows.aggregate(**amounts)]


def together(rows: Iterable[Counted]) -> Bodies:
    """Several groups as one."""
    sums: dict[str, Any] = dict.fromkeys(_OF_SUMS, 0)
    for row in rows:
        for name in sums:
            sums[name] += row[name] or 0
    return Bodies(
        sums["bodies"],
        Decimal(sums["area"]) if sums["areas_known"] else None,
        Decimal(sums["people"]) if sums["people_known"] else None,
        Coverage(sums["had"], sums["wanted"]),
    )


def bodies_by(actor: Actor, selection: Selection, by: str) -> tuple[dict[str, Bodies], Bodies]:
    """The bodies of each row of accounts listed ``by`` a dimension, and everybody; no rows for the total alone.

    The completeness of a row that is cut down to a carrier or a month is not known, but of carriers and months.
    """
    if by in ("region", "institution", "type"):
        found, whole = _by_body(actor, selection, by)
        if not (selection.carrier or selection.month):
            return found, whole
        unknown = {key: replace(held, coverage=Coverage(0, 0)) for key, held in found.items()}
        return unknown, _of_cut(actor, selection, counted(actor, selection, *_SPAN))
    if not (by or selection.carrier or selection.month):
        return {}, together(counted(actor, selection))
    rows = counted(actor, selection, *_SPAN)
    if by in ("carrier", "month"):
        whole = together(rows)
        expected = _expected(selection, rows, by)
        covered = _covered(whole, expected, _cells(actor, selection, "period" if by == "month" else by))
        return _shown(covered, veil_of(actor, selection), selection, by), _of_cut(actor, selection, rows)
    return {}, _of_cut(actor, selection, rows)


def _by_body(actor: Actor, selection: Selection, by: str) -> tuple[dict[str, Bodies], Bodies]:
    if by == "region":
        return _by_region(actor, selection)
    if by == "institution":
        rows = _grouped(books_of(actor, selection), ["institution__code"], _OF_BOOKS)
        return {row["institution__code"]: together([row]) for row in rows}, together(rows)
    rows = counted(actor, selection, "kind")
    return {row["kind"]: together([row]) for row in rows}, together(rows)


def _shown(found: Mapping[str, Bodies], veil: Veil | None, selection: Selection, by: str) -> dict[str, Bodies]:
    """Rows of carriers or months, those that may not be shown by themselves as one."""
    if veil is None:
        return dict(found)
    groups: dict[str, list[Bodies]] = defaultdict(list)
    for key, held in found.items():
        groups[veil.key(by, key, selection.year)].append(held)
    return {key: replace(held[0], coverage=_added(one.coverage for one in held)) for key, held in groups.items()}


def _added(coverages: Iterable[Coverage]) -> Coverage:
    held = list(coverages)
    return Coverage(sum(one.present for one in held), sum(one.expected for one in held))


def _of_cut(actor: Actor, selection: Selection, rows: Sequence[Counted]) -> Bodies:
    """Everybody, with the completeness of the carrier or month asked about; of a whole year it is known already."""
    whole = together(rows)
    if not (selection.carrier or selection.month):
        return whole
    expected, cells = _expected(selection, rows, "carrier"), _cells(actor, selection, "carrier")
    asked = [selection.carrier] if selection.carrier else list(expected)
    wanted = sum(expected.get(carrier, 0) for carrier in asked)
    had = sum(cells.get(carrier, 0) for carrier in (asked if selection.carrier else cells))
    return replace(whole, coverage=Coverage(min(had, wanted), wanted))


def _by_region(actor: Actor, selection: Selection) -> tuple[dict[str, Bodies], Bodies]:
    groups: dict[str, list[Counted]] = defaultdict(list)
    if sees_whole(actor, selection):
        sums = _grouped(_sums_of(selection).filter(region__in=list(selection.regions)), ["region"], _OF_SUMS)
        (top, region), *_below = selection.regions.items()
        below = {selection.regions[row["region"]].code: row for row in sums if row["region"] != top}
        whole = [row for row in sums if row["region"] == top]
        own = _less(whole[0] if whole else {}, below.values())
        veil = veil_of(actor, selection)
        for code, row in (below | {region.code: own} if own["bodies"] else below).items():
            groups[veil.key("region", code, selection.year) if veil else code].append(row)
    else:
        whole = _grouped(books_of(actor, selection).annotate(path=F("region__path")), ["path"], _OF_BOOKS)
        for row in whole:
            groups[child_of(selection, row["path"])].append(row)
    return {code: together(rows) for code, rows in groups.items()}, together(whole)


def _less(whole: Counted, parts: Iterable[Counted]) -> dict[str, Any]:
    """What is left of the whole without the parts: of a region, the bodies that stand directly in it."""
    left = {name: whole.get(name) or 0 for name in _OF_SUMS}
    for part in parts:
        for name in left:
            left[name] -= part[name] or 0
    return left


def child_of(selection: Selection, path: str) -> str:
    """The code just below the region asked about that a path passes through; its own for what is directly in it."""
    depth = len(selection.path.strip("/").split("/"))
    codes = path.strip("/").split("/")
    return codes[depth] if len(codes) > depth else codes[-1]


def _expected(selection: Selection, rows: Iterable[Counted], by: str) -> dict[str, int]:
    """How many cells are expected of each carrier or month."""
    first, last = selection.periods
    found = {str(period): 0 for period in periods.months_between(first, last)} if by == "month" else defaultdict(int)
    for row in rows:
        months = periods.months_between(max(first, row["first_period"]), min(last, row["last_period"]))
        carriers = row["carriers"].split()
        if by == "month":
            for period in months:
                found[str(period)] += row["bodies"] * len(carriers)
        else:
            for carrier in carriers:
                found[carrier] += row["bodies"] * len(months)
    return dict(found)


def _covered(whole: Bodies, expected: Mapping[str, int], cells: Mapping[str, int]) -> dict[str, Bodies]:
    """Everybody, with the completeness of each carrier or month; what nobody expects is complete if there."""
    found = {}
    for key in {**expected, **cells}:
        wanted, had = expected.get(key, 0), cells.get(key, 0)
        coverage = Coverage(min(had, wanted), wanted) if wanted or key in expected else Coverage(had, had)
        found[key] = replace(whole, coverage=coverage)
    return found


def _cells(actor: Actor, selection: Selection, column: str) -> dict[str, int]:
    """How many institutions' carriers have a known quantity, by carrier or month."""
    if sees_whole(actor, selection):
        span = selection.periods if column == "period" else selection.kept_as
        rows = RegionRollup.objects.filter(region=selection.region, period__range=span)
        if selection.kind:
            rows = rows.filter(kind=selection.kind)
        if selection.carrier:
            rows = rows.filter(carrier=selection.carrier)
        sums = rows.order_by().values(column).annotate(count=Sum("cells"))
        return {str(row[column]): row["count"] for row in sums if row["count"]}
    facts = facts_of(actor, selection).filter(quantity__isnull=False).order_by()
    counts: dict[str, int] = defaultdict(int)
    for row in facts.values("institution_id", "carrier", "period").distinct():
        counts[str(row[column])] += 1  # type: ignore[literal-required]
    return counts

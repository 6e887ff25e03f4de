"""The institutions behind a figure: how many, how large, how complete.

A region the actor sees whole is read from the kept sums of books, a few rows whatever its size; a part of a region, and
a single institution, from the books themselves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, QuerySet, Sum

from nengtan.domain import periods
from nengtan.domain.change import Coverage
from nengtan.domain.overtime import series, year_mean
from nengtan.identity.access import Actor, system_actor
from nengtan.ledger.models import RegionBooks, RegionRollup
from nengtan.ledger.queries.selection import Selection, books_of, facts_of, sees_whole
from nengtan.ledger.queries.veil import Veil
from nengtan.registry.models import Attribute


@dataclass(frozen=True)
class Bodies:
    """The institutions behind a row: how many, how large, how complete.

    ``without_area`` and ``without_persons`` are those of them whose part of a denominator nobody knows.
    """

    institutions: int = 0
    area_m2: Decimal | None = None
    persons: Decimal | None = None
    coverage: Coverage = field(default_factory=lambda: Coverage(0, 0))
    without_area: int = 0
    without_persons: int = 0


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


def counted(
    actor: Actor, selection: Selection, *columns: str, veil: Veil | None, since: int | None = None
) -> list[Counted]:
    """The books behind a selection, added up by columns of theirs; from the year ``since`` on if given.

    Behind the ``veil`` drawn for the actor, kinds of too few bodies are one group, and years of too few are left out.
    """
    if sees_whole(actor, selection):
        rows = _grouped(_sums_of(selection, since).filter(region=selection.region), columns, _OF_SUMS)
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
        sums["bodies"] - sums["areas_known"],
        sums["bodies"] - sums["people_known"],
    )


def bodies_by(actor: Actor, selection: Selection, by: str, veil: Veil | None) -> tuple[dict[str, Bodies], Bodies]:
    """The bodies of each row of accounts listed ``by`` a dimension, and everybody; no rows for the total alone.

    The completeness of what is cut down to a carrier or a month is that of this carrier or month. The bodies of a month
    are those that existed in it, as large as on its last day.
    """
    cut = bool(selection.carrier or selection.month)
    if by in ("region", "institution", "type"):
        groups = _groups(actor, selection, by, veil, *(_SPAN if cut else ()))
        if selection.month:
            groups = _groups_in_month(actor, selection, by, veil, groups)
        everyone = [row for rows in groups.values() for row in rows]
        if not cut:
            return {key: together(rows) for key, rows in groups.items()}, together(everyone)
        cells = _cells_of(actor, selection, by)
        found = {key: _cut_down(selection, rows, cells.get(key, {})) for key, rows in groups.items()}
        return found, _cut_down(selection, everyone, _summed(cells.values()))
    if not (by or cut):
        return {}, together(counted(actor, selection, veil=veil))
    rows = counted(actor, selection, *_SPAN, veil=veil)
    resized = _resized(actor, selection) if selection.month or by == "month" else {}
    in_all = _in_month(rows, resized, selection.periods[0]) if selection.month else rows
    if by in ("carrier", "month"):
        monthly = by == "month"
        expected, cells = _expected(selection, rows, monthly), _cells(actor, selection, monthly)
        keys = {**expected, **cells} if monthly else ()
        months = {key: together(_in_month(rows, resized, int(key))) for key in keys}
        covered = _covered(
            together(in_all), months, *((expected, cells) if monthly else (_each(expected), _each(cells)))
        )
        return _shown(covered, veil, selection, by), _of_cut(actor, selection, in_all)
    return {}, _of_cut(actor, selection, in_all)


def _in_month(rows: Iterable[Counted], resized: Mapping[int, Sequence[Counted]], period: int) -> list[Counted]:
    """Of books, those of bodies that existed in a month, as large as they were in it."""
    there = [row for row in rows if row["first_period"] <= period <= row["last_period"]]
    return [*there, *resized.get(period, ())]


def _groups_in_month(
    actor: Actor, selection: Selection, by: str, veil: Veil | None, groups: Mapping[str, Sequence[Counted]]
) -> dict[str, list[Counted]]:
    """The books behind each row of accounts of a month."""
    period = selection.periods[0]
    found = {key: there for key, rows in groups.items() if (there := _in_month(rows, {}, period))}
    for row in _resized(actor, selection).get(period, ()):
        key = child_of(selection, row["path"]) if by == "region" else row["kind" if by == "type" else "code"]
        found[veil.key(by, key, selection.year) if veil else key].append(row)
    return found


_SIZES = (
    (Attribute.Key.AREA, "area_m2", "area", "areas_known"),
    (Attribute.Key.PERSONS, "persons", "people", "people_known"),
)
"""Attribute, its column in a book, and what books are added up to."""

_HEAD = (
    ("institution__code", "code"),
    ("region__path", "path"),
    *((name, name) for name in ("kind", *_SPAN)),
)
_ENTRY = tuple(f"institution__attributes__{name}" for name in ("key", "valid_from", "value"))


def _resized(actor: Actor, selection: Selection) -> dict[int, list[Counted]]:
    """By month, what bodies whose area or headcount changed within the year have in it beyond the mean of the year.

    Books keep that mean, so the size of a region in a month costs what the changes of the year cost. A book that the
    register no longer agrees with, its year being closed, keeps its mean.
    """
    year, keys = selection.year, [key for key, *_columns in _SIZES]
    changed = Attribute.objects.filter(key__in=keys, valid_from__range=(date(year, 1, 2), date(year, 12, 31)))
    books = books_of(system_actor() if sees_whole(actor, selection) else actor, selection)
    books = books.filter(institution__in=changed.values("institution"), institution__attributes__key__in=keys)
    entries: dict[tuple[int, str], list[tuple[date, Decimal | None]]] = defaultdict(list)
    held: dict[int, Counted] = {}
    for row in books.order_by().values(
        "institution_id", *(name for name, _word in _HEAD), "area_m2", "persons", *_ENTRY
    ):
        held[row["institution_id"]] = row
        key, since, value = (row[name] for name in _ENTRY)
        entries[row["institution_id"], key].append((since, value))
    found: dict[int, list[Counted]] = defaultdict(list)
    for body, book in held.items():
        months = periods.months_between(book["first_period"], book["last_period"])
        head = {word: book[name] for name, word in _HEAD}
        more: dict[int, dict[str, Any]] = {period: head | dict.fromkeys(_OF_SUMS, 0) for period in months}
        for key, column, size, known in _SIZES:
            values, kept = series(entries[body, key]), book[column]
            if as_kept(year_mean(values, year, months)) != as_kept(kept):
                continue
            for period, row in more.items():
                value = values.month_value(period)
                row[size] = (value or 0) - (kept or 0)
                row[known] = (value is not None) - (kept is not None)
        for period, row in more.items():
            found[period].append(row)
    return found


def as_kept(value: Decimal | None) -> Decimal | None:
    """A mean to the place up to which books keep it alike."""
    return None if value is None else round(value, 4)


def _groups(actor: Actor, selection: Selection, by: str, veil: Veil | None, *columns: str) -> dict[str, list[Counted]]:
    """The books behind each row of accounts listed by bodies, added up by ``columns`` of theirs."""
    if by == "region":
        return _by_region(actor, selection, veil, *columns)
    if by == "institution":
        name, rows = (
            "institution__code",
            _grouped(books_of(actor, selection), ["institution__code", *columns], _OF_BOOKS),
        )
    else:
        name, rows = "kind", counted(actor, selection, "kind", *columns, veil=veil)
    groups: dict[str, list[Counted]] = defaultdict(list)
    for row in rows:
        groups[row[name]].append(row)
    return groups


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
    if not (selection.carrier or selection.month):
        return together(rows)
    return _cut_down(selection, rows, _cells(actor, selection).get("", {}))


def _cut_down(selection: Selection, rows: Sequence[Counted], cells: Mapping[str, int]) -> Bodies:
    """Books with the completeness of the carrier or month asked about, of which ``cells`` are there by carrier.

    A carrier nobody has to report makes up for none that is missing.
    """
    return replace(together(rows), coverage=_coverage(_expected(selection, rows).get("", {}), cells))


def _coverage(expected: Mapping[str, int], cells: Mapping[str, int]) -> Coverage:
    return Coverage(
        sum(min(cells.get(carrier, 0), wanted) for carrier, wanted in expected.items()), sum(expected.values())
    )


def _by_region(actor: Actor, selection: Selection, veil: Veil | None, *columns: str) -> dict[str, list[Counted]]:
    groups: dict[str, list[Counted]] = defaultdict(list)
    if sees_whole(actor, selection):
        sums = _sums_of(selection).filter(region__in=list(selection.regions))
        for code, row in _directly(selection, _grouped(sums, ["region", *columns], _OF_SUMS), columns, "bodies"):
            groups[veil.key("region", code, selection.year) if veil else code].append(row)
    else:
        for row in _grouped(books_of(actor, selection).annotate(path=F("region__path")), ["path", *columns], _OF_BOOKS):
            groups[child_of(selection, row["path"])].append(row)
    return groups


def _directly(
    selection: Selection, rows: Iterable[Counted], columns: Sequence[str], least: str
) -> Iterator[tuple[str, Counted]]:
    """Sums of a region and those just below it, with their codes; of its own is left what stands directly in it."""
    (top, region), *_below = selection.regions.items()
    own: dict[tuple[Any, ...], dict[str, Any]] = {}
    below = []
    for row in rows:
        if row["region"] == top:
            own[tuple(row[name] for name in columns)] = dict(row)
        else:
            below.append(row)
            yield selection.regions[row["region"]].code, row
    amounts = [name for row in own.values() for name in row if name not in ("region", *columns)]
    for row in below:
        held = own[tuple(row[name] for name in columns)]
        for name in dict.fromkeys(amounts):
            held[name] = (held[name] or 0) - (row[name] or 0)
    yield from ((region.code, row) for row in own.values() if row[least])


def child_of(selection: Selection, path: str) -> str:
    """The code just below the region asked about that a path passes through; its own for what is directly in it."""
    depth = len(selection.path.strip("/").split("/"))
    codes = path.strip("/").split("/")
    return codes[depth] if len(codes) > depth else codes[-1]


Grid = dict[str, dict[str, int]]
"""Months of institutions by carrier, for each month (yyyymm) or under "" for all of them together."""


def _expected(selection: Selection, rows: Iterable[Counted], monthly: bool = False) -> Grid:
    """How many months of institutions are expected of each carrier asked about."""
    first, last = selection.periods
    found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    if monthly:
        found |= {str(period): defaultdict(int) for period in periods.months_between(first, last)}
    for row in rows:
        months = periods.months_between(max(first, row["first_period"]), min(last, row["last_period"]))
        carriers = [name for name in row["carriers"].split() if selection.carrier in ("", name)]
        for key, count in [(str(period), 1) for period in months] if monthly else [("", len(months))]:
            for carrier in carriers:
                found[key][carrier] += row["bodies"] * count
    return found


def _each(grid: Grid) -> Grid:
    """Each carrier by itself."""
    return {carrier: {carrier: count} for carrier, count in grid.get("", {}).items()}


def _covered(whole: Bodies, months: Mapping[str, Bodies], expected: Grid, cells: Grid) -> dict[str, Bodies]:
    """Everybody (of a month, those of it), with the completeness of each carrier or month.

    What nobody expects is complete if there.
    """
    found = {}
    for key in {**expected, **cells}:
        there = cells.get(key, {})
        found[key] = replace(months.get(key, whole), coverage=_coverage(expected.get(key, there), there))
    return found


def _cells(actor: Actor, selection: Selection, monthly: bool = False) -> Grid:
    """How many months of institutions have a known quantity of each carrier."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    if sees_whole(actor, selection):
        kept = _kept_cells(selection, selection.periods if monthly else selection.kept_as)
        rows = kept.filter(region=selection.region).values("carrier", *(["period"] if monthly else []))
        for row in rows.annotate(there=Sum("cells")):
            if row["there"]:
                found[str(row["period"]) if monthly else ""][row["carrier"]] = row["there"]
        return found
    facts = facts_of(actor, selection).filter(quantity__isnull=False).order_by()
    for body in facts.values("institution_id", "carrier", "period").distinct():
        held = found[str(body["period"]) if monthly else ""]
        held[body["carrier"]] = held.get(body["carrier"], 0) + 1
    return found


def _kept_cells(selection: Selection, span: tuple[int, int]) -> QuerySet[RegionRollup]:
    rows = RegionRollup.objects.filter(period__range=span).order_by()
    cut = {name: value for name, value in (("kind", selection.kind), ("carrier", selection.carrier)) if value}
    return rows.filter(**cut)


def _cells_of(actor: Actor, selection: Selection, by: str) -> dict[str, dict[str, int]]:
    """How many months of institutions have a known quantity of each carrier, by row of accounts listed by bodies."""
    found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for key, carrier, count in _cells_by(actor, selection, by):
        found[key][carrier] += count
    return found


def _cells_by(actor: Actor, selection: Selection, by: str) -> Iterator[tuple[str, str, int]]:
    if by != "institution" and sees_whole(actor, selection):
        kept = _kept_cells(selection, selection.kept_as)
        if by == "type":
            rows = kept.filter(region=selection.region).values("kind", "carrier").annotate(there=Sum("cells"))
            yield from ((row["kind"], row["carrier"], row["there"]) for row in rows)
            return
        sums = kept.filter(region__in=list(selection.regions)).values("region", "carrier").annotate(there=Sum("cells"))
        counted_cells: list[Counted] = list(sums)
        for code, row in _directly(selection, counted_cells, ["carrier"], "there"):
            yield code, row["carrier"], row["there"]
        return
    name = {"type": "kind", "region": "region__path", "institution": "institution__code"}[by]
    facts = facts_of(actor, selection).filter(quantity__isnull=False).order_by()
    for row in facts.values(name, "institution_id", "carrier").annotate(months=Count("period", distinct=True)):
        yield child_of(selection, row[name]) if by == "region" else row[name], row["carrier"], row["months"]


def _summed(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    sums: dict[str, int] = defaultdict(int)
    for held in counts:
        for carrier, count in held.items():
            sums[carrier] += count
    return sums

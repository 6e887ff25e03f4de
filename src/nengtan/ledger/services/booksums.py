"""The sums of the yearly books by region: moved by the difference each refreshed book makes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from django.db.models import Count, Sum

from nengtan.ledger.models import InstitutionYear, RegionBooks
from nengtan.ledger.services import bulk
from nengtan.registry.models import Region


class Key(NamedTuple):
    """Where a book is summed: its region, year, kind of body, span of months, carriers to report."""

    region_id: int
    year: int
    kind: str
    first_period: int
    last_period: int
    carriers: str


AMOUNTS = ("institutions", "area_m2", "areas", "persons", "heads", "expected", "present")

Sums = dict[Key, list[int]]
"""What each sum moves by, in the order of :data:`AMOUNTS`."""


def differences(before: Iterable[InstitutionYear], after: Iterable[InstitutionYear]) -> Sums:
    """What the sums of the books' own regions move by."""
    sums: Sums = defaultdict(lambda: [0] * len(AMOUNTS))
    for sign, books in ((-1, before), (1, after)):
        for book in books:
            held = sums[_key(book)]
            for place, amount in enumerate(_amounts(book)):
                held[place] += sign * amount
    return {key: amounts for key, amounts in sums.items() if any(amounts)}


def _key(book: InstitutionYear) -> Key:
    return Key(book.region_id, book.year, book.kind, book.first_period, book.last_period, book.carriers)


def _amounts(book: InstitutionYear) -> tuple[int, ...]:
    area, persons = bulk.units(book.area_m2), bulk.units(book.persons)
    return 1, area or 0, area is not None, persons or 0, persons is not None, book.expected, book.present


def move(moved: Sums) -> None:
    """Add differences to the sums of each region and all above it."""
    if not moved:
        return
    paths = dict(Region.objects.filter(pk__in={key.region_id for key in moved}).values_list("id", "path"))
    codes = {pk: path.strip("/").split("/") for pk, path in paths.items()}
    ids = dict(
        Region.objects.filter(code__in={code for chain in codes.values() for code in chain}).values_list("code", "id")
    )
    sums: Sums = defaultdict(lambda: [0] * len(AMOUNTS))
    for key, amounts in moved.items():
        for code in codes[key.region_id]:
            held = sums[key._replace(region_id=ids[code])]
            for place, amount in enumerate(amounts):
                held[place] += amount
    bulk.add(RegionBooks, Key._fields, AMOUNTS, [(*key, *amounts) for key, amounts in sorted(sums.items())])


def rebuild() -> int:
    """Throw the sums away and add the books up again; how many keys."""
    RegionBooks.objects.all().delete()
    rows = (
        InstitutionYear.objects.order_by()
        .values_list(*Key._fields)
        .annotate(
            Count("id"),
            Sum("area_m2"),
            Count("area_m2"),
            Sum("persons"),
            Count("persons"),
            Sum("expected"),
            Sum("present"),
        )
    )
    found = {
        Key(*row[:6]): [row[6], bulk.units(row[7]) or 0, row[8], bulk.units(row[9]) or 0, *row[10:]]
        for row in rows.iterator()
    }
    move(found)
    return len(found)

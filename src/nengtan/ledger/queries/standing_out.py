"""Who stands out in a year and why, among the institutions of a region (数据会审的线索)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from heapq import nlargest

from django.core.cache import cache
from django.db.models import Count, Max, QuerySet, Sum

from nengtan import __version__
from nengtan.domain import periods
from nengtan.domain.review import CarrierSeries, Finding, Look, Subject, compare, look_at
from nengtan.identity.access import Actor
from nengtan.identity.roles import Capability
from nengtan.ledger.models import ActivityFact, InstitutionYear
from nengtan.ledger.queries.selection import Selection, books_of
from nengtan.ledger.services.bulk import chunks

MOST = 2000
"""Above so many institutions a region is looked at one level down."""

AFTER_CLOSING = 60.0
"""How soon somebody should look at figures of a body that is no more, among the scores of `domain.review`."""

LARGEST = 12
RANKED = ("energy_tce", "electricity_kwh")

KEEP_SECONDS = 7 * 86_400
"""What is kept is looked up by the books it was drawn from, so it may be kept until the space is wanted."""

Stamp = tuple[str, datetime, datetime | None]
"""Code, and when the books of the year and of the year before were drawn: anew with each change of a fact of the body,
of a factor of its place, or of its record."""

Kept = dict[int, tuple[Stamp, Look]]
"""By institution."""


@dataclass(frozen=True)
class StandingOut:
    """The findings of a region's year, most important first, and by kind of body the energy per area of all [kgce/m²].

    ``Finding.institution`` is the institution's code. ``largest``: by column of the books the primary keys of the
    :data:`LARGEST` that used most. ``unverified``: by institution code and carrier the months kept as received and not
    counted, because nobody has verified their unit.
    """

    findings: tuple[Finding, ...] = ()
    peers: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    largest: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    unverified: Mapping[tuple[str, str], int] = field(default_factory=dict)


def standing_out(actor: Actor, selection: Selection) -> StandingOut:
    """What stands out in a region's year among the institutions the actor sees.

    A region with more than :data:`MOST` bodies gives nothing. Each body is looked at again only when its own books were
    drawn anew. What is found in a region seen whole is kept too, while no book of it is drawn anew, comes or goes.
    """
    books = books_of(actor, selection).order_by()
    before = books_of(actor, selection.of_year(selection.year - 1)).order_by()
    if selection.institution or selection.kind or not actor.scope_for(Capability.VIEW_DETAIL).covers(selection.path):
        return _compared(selection.year, books, before)
    both = books_of(actor, selection, selection.year - 1).order_by().values("year")
    drawn = sorted(both.annotate(bodies=Count("id"), last=Max("drawn_at")).values_list("year", "bodies", "last"))
    name = f"standing_out:{__version__}:{selection.subject.pk}:{selection.year}"
    held = cache.get(name)
    if held and held[0] == drawn:
        return held[1]
    found = _compared(selection.year, books, before)
    cache.set(name, (drawn, found), KEEP_SECONDS)
    return found


def _compared(year: int, books: QuerySet[InstitutionYear], before: QuerySet[InstitutionYear]) -> StandingOut:
    drawn_before = dict(before.values_list("institution_id", "drawn_at"))
    homes: dict[int, int] = {}
    stamps: dict[int, Stamp] = {}
    used: dict[str, dict[int, Decimal]] = {column: {} for column in RANKED}
    rows = books.values_list("institution_id", "institution__code", "region_id", "drawn_at", *RANKED)
    for pk, code, region, drawn, *amounts in rows[: MOST + 1]:
        homes[pk], stamps[pk] = region, (code, drawn, drawn_before.get(pk))
        for column, amount in zip(RANKED, amounts, strict=True):
            if amount:
                used[column][pk] = amount
    if len(stamps) > MOST:
        return StandingOut()
    looks = _looks(year, homes, stamps).values()
    peers: dict[str, list[float]] = defaultdict(list)
    for look in looks:
        if look.kgce_per_m2 is not None:
            peers[look.kind].append(look.kgce_per_m2)
    largest = {column: tuple(nlargest(LARGEST, held, key=held.__getitem__)) for column, held in used.items()}
    held_peers = {kind: tuple(values) for kind, values in peers.items()}
    findings = sorted([*compare(looks), *_after_closing(year, books)], key=lambda finding: -finding.score)
    return StandingOut(tuple(findings), held_peers, largest, _unverified(year, books))


def _after_closing(year: int, books: QuerySet[InstitutionYear]) -> list[Finding]:
    """Of bodies closed in the year: how many months after their end there are figures of, which do not count."""
    ended = (date(year, 1, 2), date(year + 1, 1, 1))
    closed = books.filter(institution__closed_on__range=ended).values("institution")
    late = ActivityFact.objects.filter(institution__in=closed, standing=ActivityFact.Standing.AFTER_CLOSING)
    rows = late.order_by().values_list("institution__code").annotate(Count("period", distinct=True))
    return [Finding(code, "warn", "after_closing", {"months": months}, AFTER_CLOSING) for code, months in rows]


def _unverified(year: int, books: QuerySet[InstitutionYear]) -> dict[tuple[str, str], int]:
    facts = ActivityFact.objects.filter(standing=ActivityFact.Standing.UNVERIFIED, quantity=None)
    of_year = facts.filter(period__range=(year * 100 + 1, year * 100 + 12), institution__in=books.values("institution"))
    rows = of_year.order_by().values_list("institution__code", "carrier").annotate(Count("period", distinct=True))
    return {(code, carrier): months for code, carrier, months in rows}


def _looks(year: int, homes: dict[int, int], stamps: dict[int, Stamp]) -> dict[int, Look]:
    """A look at each institution, kept by region; only those that changed are looked at again."""
    names = {region: f"looks:{__version__}:{region}:{year}" for region in set(homes.values())}
    found = cache.get_many(names.values())
    kept: dict[int, Kept] = {region: found.get(name, {}) for region, name in names.items()}
    known = {pk: kept[region].get(pk) for pk, region in homes.items()}
    looks = {pk: held[1] for pk, held in known.items() if held and held[0] == stamps[pk]}
    fresh = _look_again(year, [pk for pk in stamps if pk not in looks])
    for pk, look in fresh.items():
        kept[homes[pk]][pk] = stamps[pk], look
    if fresh:
        cache.set_many({names[region]: kept[region] for region in {homes[pk] for pk in fresh}}, KEEP_SECONDS)
    return looks | fresh


def _look_again(year: int, institutions: Sequence[int]) -> dict[int, Look]:
    """A look at each institution from its facts and books, a fixed number of queries a few hundred."""
    looks: dict[int, Look] = {}
    for chunk in chunks(institutions):
        amounts = _amounts(year, chunk)
        books = InstitutionYear.objects.filter(institution_id__in=chunk, year__in=(year - 1, year))
        before: dict[int, Decimal | None] = {}
        for book in books.order_by("year").select_related("institution"):
            pk = book.institution_id
            if book.year < year:
                before[pk] = book.energy_tce
            else:
                looks[pk] = look_at(_subject(book, amounts[pk], before.get(pk)))
    return looks


Amounts = dict[str, dict[int, tuple[float | None, float | None]]]
"""By carrier and month: quantity and cost."""


def _amounts(year: int, institutions: Sequence[int]) -> dict[int, Amounts]:
    """What counts of the year and of the year before."""
    span = ((year - 1) * 100 + 1, year * 100 + 12)
    facts = ActivityFact.objects.counting().filter(institution_id__in=institutions, period__range=span)
    rows = facts.order_by().values_list("institution_id", "carrier", "period")
    found: dict[int, Amounts] = defaultdict(lambda: defaultdict(dict))
    for pk, carrier, period, quantity, cost in rows.annotate(Sum("quantity"), Sum("cost")):
        found[pk][carrier][period] = (_float(quantity), _float(cost))
    return found


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _subject(book: InstitutionYear, amounts: Amounts, before: Decimal | None) -> Subject:
    months = periods.months_between(book.first_period, book.last_period)
    expected = book.carriers.split()
    series = []
    for carrier in dict.fromkeys([*expected, *amounts]):
        held = amounts.get(carrier, {})
        series.append(
            CarrierSeries(
                carrier,
                {period: pair[0] for period, pair in held.items() if period // 100 == book.year},
                {period: pair[0] for period, pair in held.items() if period // 100 == book.year - 1},
                {period: pair[1] for period, pair in held.items() if period // 100 == book.year},
                months if carrier in expected else (),
            )
        )
    per_area = book.energy_tce * 1000 / book.area_m2 if book.energy_tce is not None and book.area_m2 else None
    comparable = before if book.months == 12 and book.present >= book.expected else None
    return Subject(
        book.institution.code, book.kind, _float(per_area), _float(book.energy_tce), _float(comparable), tuple(series)
    )

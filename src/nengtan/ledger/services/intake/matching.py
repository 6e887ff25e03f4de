"""Which institution, building, meter and item the rows of a file mean."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from difflib import SequenceMatcher

from django.db.models import Q, QuerySet

from nengtan import reference
from nengtan.domain import creditcode, periods
from nengtan.domain.sheets.problems import Fault
from nengtan.domain.sheets.words import fold
from nengtan.identity.access import Actor
from nengtan.identity.roles import Capability
from nengtan.ledger.services import bulk
from nengtan.reference.words import sheet_words
from nengtan.registry.models import Building, Institution, InstitutionSpan, Meter, Occupancy, Region
from nengtan.ui.words import named

Pair = tuple[str | None, str | None, str | None]
"""Code, name and region as a row gives them; each may be missing."""

SUGGESTED = 3
"""How many names are offered for an unknown one."""

NEAR_NAME, NEAR_CODE = 0.5, 0.85
"""How alike a name, and a code, must be to be offered: codes of one district have most of their letters in common."""

SEARCHED = 50
"""For how many unknown names of one file suggestions are looked for."""


@dataclass(frozen=True, slots=True)
class Body:
    """An institution a row means; ``last`` is its last month, ``former`` the former name it was found by."""

    id: int
    name: str
    last: int
    former: bool = False


@dataclass(frozen=True, slots=True)
class Unmatched:
    """Why a row's institution is not taken, and in which column that shows."""

    column: str
    fault: Fault


@dataclass(slots=True)
class _Row:
    id: int
    code: str
    credit_code: str | None
    name: str
    closed_on: date | None
    path: str
    names: set[str] = field(default_factory=set)

    def body(self, former: bool = False) -> Body:
        return Body(self.id, self.name, periods.last_before(self.closed_on) if self.closed_on else 999999, former)


_COLUMNS = ("id", "code", "credit_code", "name", "closed_on", "region__path")


class Institutions:
    """Finds the institutions of one file in a fixed number of queries a few hundred names.

    With a region, of the whole file or of a row, names are those of institutions that stand in it; a code means the
    same everywhere. What a row names as its region and no region is called is left out of account; see ``unknown``.
    """

    def __init__(
        self,
        actor: Actor,
        pairs: Collection[Pair],
        capability: str = Capability.WRITE_ACTIVITY,
        region: Region | None = None,
    ) -> None:
        self.actor, self.capability, self.region = actor, capability, region
        self.pairs = pairs
        self.rows: dict[int, _Row] = {}
        self.by_code: dict[str, _Row] = {}
        self.by_name: dict[str, list[_Row]] = defaultdict(list)
        self.by_former: dict[str, list[_Row]] = defaultdict(list)

    def match(self) -> dict[Pair, Body | Unmatched]:
        """What each pair means."""
        coded = {code for code, _name, _place in self.pairs if code}
        self._load_codes(
            coded | {name for code, name, _place in self.pairs if name and not code and _may_be_code(name)}
        )
        self._load_names({name for _code, name, _place in self.pairs if name})
        self.places = regions({place for _code, _name, place in self.pairs if place})
        self.writable = self._within(Institution.objects.for_actor(self.actor, self.capability))
        self.inside = self._within(Institution.objects.all().within(self.region)) if self.region else self.writable
        found = {pair: self._of(*pair) for pair in self.pairs}
        return self._second_look(found)

    @property
    def unknown(self) -> set[str]:
        """What rows name as their region and no region is called."""
        return {place for place, codes in self.places.items() if not codes}

    def _stands(self, row: _Row, place: str | None) -> bool:
        """Whether an institution stands in the region its row names; where that is none, it may stand anywhere."""
        codes = self.places.get(place or "")
        return not codes or not codes.isdisjoint(row.path.split("/"))

    def _load_codes(self, codes: set[str]) -> None:
        credit = {creditcode.normalise(code): code for code in codes}
        for chunk in bulk.chunks(sorted(codes | set(credit))):
            self._keep(Q(code__in=chunk) | Q(credit_code__in=chunk))
        for row in self.rows.values():
            if row.credit_code:
                self.by_code[row.credit_code] = row
        for row in self.rows.values():
            self.by_code[row.code] = row
        for normal, code in credit.items():
            if code not in self.by_code and normal in self.by_code:
                self.by_code[code] = self.by_code[normal]

    def _load_names(self, names: set[str]) -> None:
        for chunk in bulk.chunks(sorted(names)):
            self._keep(Q(name__in=chunk))
            spans = InstitutionSpan.objects.filter(name__in=chunk).values_list("institution_id", "name")
            former = list(spans)
            self._keep(Q(pk__in={pk for pk, _name in former} - set(self.rows)))
            for pk, name in former:
                self.rows[pk].names.add(name)
        coded = [row.id for row in self.rows.values() if row.name not in names]
        for known in bulk.chunks(coded):
            for pk, name in InstitutionSpan.objects.filter(institution_id__in=known).values_list(
                "institution_id", "name"
            ):
                self.rows[pk].names.add(name)
        for row in self.rows.values():
            self.by_name[fold(row.name)].append(row)
            for name in {fold(name) for name in row.names} - {fold(row.name)}:
                self.by_former[name].append(row)

    def _keep(self, where: Q) -> None:
        rows = Institution.objects.filter(where).values_list(*_COLUMNS)
        for row in rows:
            self.rows.setdefault(row[0], _Row(*row))

    def _within(self, bodies: QuerySet[Institution]) -> set[int]:
        """Which of the rows found are among ``bodies``."""
        allowed: set[int] = set()
        for chunk in bulk.chunks(sorted(self.rows)):
            allowed |= set(bodies.filter(pk__in=chunk).values_list("pk", flat=True))
        return allowed

    def _of(self, code: str | None, name: str | None, place: str | None) -> Body | Unmatched:
        if code:
            return self._by_code(code, name)
        own = self._own(self.by_name, name) or self._own(self.by_former, name)
        if not own and (row := self._coded(name or "")):  # a code where the name should stand
            return row.body()
        here = [row for row in own if row.id in self.inside]
        if own and self.region and not here:
            params = {"region": str(self.region)}
            return Unmatched("institution_name", Fault("not_in_region", name or "", (), params))
        own = here or own
        here = [row for row in own if self._stands(row, place)]
        if own and not here:
            params = {"region": str(place)}
            return Unmatched("institution_name", Fault("not_in_region_of_row", name or "", (), params))
        own = here or own
        living = [row for row in own if row.closed_on is None] or own
        if not living:
            return Unmatched("institution_name", Fault("unknown_institution", name or ""))
        if len(living) > 1:
            return Unmatched("institution_name", Fault("ambiguous_institution", name or ""))
        return living[0].body(fold(living[0].name) != fold(name or ""))

    def _by_code(self, code: str, name: str | None) -> Body | Unmatched:
        row = self._coded(code)
        if row is None:
            return Unmatched("institution_code", Fault("unknown_institution", code))
        if name and fold(name) not in {fold(known) for known in {row.name, *row.names}}:
            return Unmatched("institution_name", Fault("name_code_mismatch", name, (row.name,)))
        return row.body()

    def _coded(self, code: str) -> _Row | None:
        """The institution of a code; one the actor does not report for is as good as none, nothing tells them apart."""
        row = self.by_code.get(code)
        return row if row is not None and row.id in self.writable else None

    def _own(self, rows: Mapping[str, list[_Row]], name: str | None) -> list[_Row]:
        """The institutions of a name among those the actor reports for."""
        return [row for row in rows.get(fold(name or ""), ()) if row.id in self.writable]

    def _second_look(self, found: dict[Pair, Body | Unmatched]) -> dict[Pair, Body | Unmatched]:
        """Names written a little differently (full-width marks, spaces) match, also where a code should stand; the rest
        get suggestions: names near a name, codes near a code.
        """
        unknown = [
            pair
            for pair, what in found.items()
            if isinstance(what, Unmatched) and what.fault.code == "unknown_institution"
        ]
        if not unknown:
            return found
        bodies = Institution.objects.for_actor(self.actor, self.capability)
        bodies = bodies.within(self.region) if self.region else bodies
        rows = [_Row(*values) for values in bodies.values_list(*_COLUMNS)]
        folded: dict[str, list[_Row]] = defaultdict(list)
        for row in rows:
            folded[fold(row.name)].append(row)
        closest = Closest([row.name for row in rows])
        labels = {code: f"{code} {row.name}" for row in rows for code in (row.code, row.credit_code) if code}
        codes = Closest(labels)
        for at, (code, name, place) in enumerate(unknown):
            pair = code, name, place
            same = folded.get(fold(name or code or ""), []) if not (name and code) else []
            same = [row for row in same if self._stands(row, place)]
            if len(same) == 1:
                found[pair] = same[0].body()
            elif len(same) > 1:
                found[pair] = Unmatched("institution_name", Fault("ambiguous_institution", name or ""))
            elif at < SEARCHED:
                column = "institution_code" if code else "institution_name"
                near = closest.to(name) if name else ()
                near = near or tuple(labels[one] for one in codes.to(code or name or "", NEAR_CODE))
                found[pair] = Unmatched(column, Fault("unknown_institution", code or name or "", near))
        return found


def _may_be_code(text: str) -> bool:
    """Whether a text where a name should stand may be a code: it holds a digit, and no space."""
    return any(letter.isdigit() for letter in text) and not any(letter.isspace() for letter in text)


def regions(texts: Collection[str]) -> dict[str, set[str]]:
    """Codes of the regions that texts mean: a code, a name in either language, its beginning, or a path down to it."""
    if not texts:
        return {}
    known = [
        (code, fold(name), fold(english))
        for code, name, english in Region.objects.values_list("code", "name", "name_en")
    ]
    found: dict[str, set[str]] = {}
    for text in texts:
        word = fold(text)
        exact = {code for code, name, english in known if word in {fold(code), name, english}}
        found[text] = exact or {
            code
            for code, name, _english in known
            if len(name) > 1 and (word.endswith(name) or (len(word) > 1 and name.startswith(word)))
        }
    return found


class Closest:
    """Offers known names that resemble an unknown one; pairs of letters narrow the search before it compares."""

    def __init__(self, names: Iterable[str]) -> None:
        self.by_pair: dict[str, list[str]] = defaultdict(list)
        for name in dict.fromkeys(names):
            for pair in _pairs(name):
                self.by_pair[pair].append(name)

    def to(self, name: str, least: float = NEAR_NAME) -> tuple[str, ...]:
        """The closest names, best first.

        >>> Closest(["First Primary School", "City Hospital"]).to("First Primary Scool")
        ('First Primary School',)
        """
        shared = Counter(candidate for pair in _pairs(name) for candidate in self.by_pair.get(pair, ()))
        ranked = [
            (SequenceMatcher(None, fold(name), fold(candidate)).ratio(), candidate)
            for candidate, _count in shared.most_common(40)
        ]
        good = sorted((item for item in ranked if item[0] >= least), key=lambda item: (-item[0], item[1]))
        return tuple(candidate for _ratio, candidate in good[:SUGGESTED])


def _pairs(name: str) -> set[str]:
    text = fold(name)
    return {text[at : at + 2] for at in range(len(text) - 1)} or {text}


def buildings(codes: Iterable[str], bodies: Collection[int]) -> dict[tuple[int, str], int]:
    """Building ids by institution and code: those it keeps, and those it is in."""
    found: dict[tuple[int, str], int] = {}
    for chunk in bulk.chunks(sorted(set(codes))):
        for pk, code, owner in Building.objects.filter(code__in=chunk).values_list("id", "code", "institution_id"):
            found[owner, code] = pk
        shared = Occupancy.objects.filter(building__code__in=chunk).values_list(
            "building_id", "building__code", "institution_id"
        )
        for pk, code, guest in shared:
            found[guest, code] = pk
    return {where: pk for where, pk in found.items() if where[0] in bodies}


def meters(codes: Iterable[str], bodies: Collection[int]) -> dict[tuple[int, str], tuple[int, str]]:
    """Meter id and carrier by institution and code."""
    found: dict[tuple[int, str], tuple[int, str]] = {}
    for chunk in bulk.chunks(sorted(set(codes))):
        rows = Meter.objects.filter(code__in=chunk).values_list("id", "code", "institution_id", "carrier")
        found |= {(owner, code): (pk, carrier) for pk, code, owner, carrier in rows if owner in bodies}
    return found


def items(texts: Iterable[str]) -> Mapping[str, str]:
    """Item codes by what rows write: the code itself, its Chinese or English name, or a usual word for it."""
    codes = reference.item_codes()
    names = {word: code for word, code in sheet_words().choices.get("item", {}).items() if code in codes}
    names |= {fold(word): code for code, item in codes.items() for word in (item.name_zh, item.name_en)}
    found: dict[str, str] = {}
    for text in set(texts):
        code = text.strip().upper()
        if code in codes:
            found[text] = code
        elif fold(text) in names:
            found[text] = names[fold(text)]
    return found


def item_help(text: str) -> tuple[str, ...]:
    """What may stand there instead of an unknown item, by code and name: those with a name near it, else the main ones.

    >>> [entry[:5] for entry in item_help("?")]
    ['01A00', '01B00', '01C00', '01D00']
    """
    codes = reference.item_codes()
    by_name = {named(item, code): code for code, item in codes.items()}
    near = [by_name[name] for name in Closest(by_name).to(text)]
    main = [code for code, item in codes.items() if item.level == "item"]
    return tuple(f"{code} {named(codes[code], code)}" for code in near or main)

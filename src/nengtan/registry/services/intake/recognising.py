"""Which kind of record a sheet holds: told by its title and by what its headings name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from django.utils.translation import gettext as _

from nengtan.domain.sheets.cells import Grid, shown
from nengtan.domain.sheets.headers import Layout, find
from nengtan.domain.sheets.problems import Problem
from nengtan.domain.sheets.records import Field
from nengtan.domain.sheets.words import Words, fold
from nengtan.reference.words import sheet_words
from nengtan.ui.sheets.wording import column_name

HALF = 0.5
"""The part of the needed columns from which a sheet is what its title says, or at least a sheet of the register."""

DEPTH = {"institutions": 0, "buildings": 1, "occupancies": 2, "contacts": 2, "meters": 3, "assets": 3, "events": 4}
"""A record names those of lesser depth it belongs to, so a name of its own says more than a name of theirs."""

SERIAL = "serial"
CREDIT_CODE = "credit_code"
"""Stands beside the institution's own code in any list."""

OWN = frozenset({"code", "name"})


@dataclass(frozen=True)
class Reading:
    """A sheet read as one kind of record: its columns and those it lacks; ``coverage`` is the part of the needed."""

    kind: str
    layout: Layout
    keys: frozenset[str]
    missing: tuple[str, ...]
    coverage: float


def recognise(grid: Grid, specs: Mapping[str, Sequence[Field]], titles: Mapping[str, str]) -> Reading | Problem | None:
    """What a sheet is; a problem where it may be one thing or another, None where it is nothing of the register."""
    readings = {kind: _reading(grid, kind, entries) for kind, entries in specs.items()}
    likeliest = max(readings.values(), key=lambda one: len(one.keys))
    titled = readings.get(_titled(grid, likeliest.layout, titles))
    if titled and titled.coverage >= HALF:
        return titled
    if "event_kind" not in readings["events"].keys:
        del readings["events"]  # a day alone makes no list of events
    named = readings.get(_named(likeliest.layout))
    complete = [one for one in readings.values() if one.layout.columns and not one.missing]
    found = _best_complete(complete, named) if complete else _best_partial(readings.values(), titled, named)
    return found[0] if len(found) == 1 else _unclear(grid, found, titles) if found else None


def _reading(grid: Grid, kind: str, entries: Sequence[Field]) -> Reading:
    own = {entry.key for entry in entries}
    layout = find(grid, words_for(kind), {SERIAL, *own, CREDIT_CODE}, figures=False)
    keys = frozenset(column.key for column in layout.columns) & own
    required = [entry.key for entry in entries if entry.required]
    missing = tuple(key for key in required if key not in keys)
    return Reading(kind, layout, keys, missing, 1 - len(missing) / len(required))


def _best_complete(complete: Sequence[Reading], named: Reading | None) -> list[Reading]:
    """The reading that understands most; with its rivals, where another is as good or the headings speak against it."""
    best = max(complete, key=lambda one: len(one.keys))
    if named in complete and named is not None and DEPTH[named.kind] > DEPTH[best.kind]:
        return [named]
    rivals = [one for one in complete if one is not best and len(one.keys) == len(best.keys)]
    if named is not None and named.missing and DEPTH[named.kind] > DEPTH[best.kind]:
        rivals.append(named)
    return [best, *rivals]


def _best_partial(readings: Iterable[Reading], titled: Reading | None, named: Reading | None) -> list[Reading]:
    """What the title or the headings name; else what lacks least, if it is not too much."""
    for told in (titled, named):
        if told is not None and told.coverage >= HALF:
            return [told]
    most = max(one.coverage for one in readings)
    best = [one for one in readings if one.coverage == most and one.coverage >= HALF]
    widest = max((len(one.keys) for one in best), default=0)
    return [one for one in best if len(one.keys) == widest]


def _unclear(grid: Grid, found: Sequence[Reading], titles: Mapping[str, str]) -> Problem:
    """Which columns the sheet lacks for what."""
    lacks = [
        _("as “%(kind)s” it lacks %(columns)s")
        % {"kind": titles[one.kind], "columns": _(", ").join(map(column_name, one.missing)) or _("nothing")}
        for one in found
    ]
    kinds = tuple(titles[one.kind] for one in found)
    params = {"lacks": _("; ").join(lacks)}
    return Problem(0, "", "", "", "sheet_unclear", grid.name, kinds, params, sheet=grid.name)


@cache
def words_for(kind: str) -> Words:
    """The words of sheets, where what names another record's code or name is not this one's."""
    words = sheet_words()
    others = {word for word, owner in _entities().items() if owner != kind}
    return replace(
        words,
        columns={
            word: tuple(key for key in keys if word not in others or key not in OWN)
            for word, keys in words.columns.items()
        },
    )


def _entities() -> Mapping[str, str]:
    """Which kind of record a heading names by its code or name."""
    return sheet_words().choices["entity"]


def _named(layout: Layout) -> str:
    """The deepest kind whose code or name stands among the headings."""
    found = {_entities().get(fold(column.label), "") for column in layout.columns}
    return max(found - {""}, key=lambda kind: DEPTH[kind], default="")


def _titled(grid: Grid, layout: Layout, titles: Mapping[str, str]) -> str:
    """The kind that the name of the sheet or a line above its headings tells."""
    exact = {fold(kind): kind for kind in titles} | {fold(title): kind for kind, title in titles.items()}
    if fold(grid.name) in exact:
        return exact[fold(grid.name)]
    lines = [text for row in grid.rows[: layout.header] for cell in row if (text := shown(cell))]
    return next((kind for text in (grid.name, *lines) if (kind := _title_kind(fold(text)))), "")


def _title_kind(text: str) -> str:
    """The one kind a title speaks of; what belongs to institutions is often titled as theirs."""
    found: set[str] = set()
    words = sheet_words().choices["sheet"]
    for word in sorted(words, key=len, reverse=True):
        if word in text:
            found.add(words[word])
            text = text.replace(word, " ")
    if len(found) > 1:
        found.discard("institutions")
    return found.pop() if len(found) == 1 else ""

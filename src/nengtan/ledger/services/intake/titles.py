"""The institution of a sheet whose columns name none: looked for above the headings and in the sheet's name."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain

from nengtan.domain.sheets.cells import Grid
from nengtan.domain.sheets.groups import names_nobody
from nengtan.domain.sheets.headers import Layout
from nengtan.domain.sheets.problems import Problem
from nengtan.domain.sheets.words import fold
from nengtan.identity.access import Actor
from nengtan.identity.roles import Capability
from nengtan.registry.models import Institution, InstitutionSpan, Region

SHORTEST = 4
"""Letters a name has at least to be looked for in a title: shorter ones stand in other words."""

SHOWN = 60
"""Letters of a title that are told."""


@dataclass(frozen=True)
class Entitled:
    """A layout, with the institution its title names if one does; ``names`` are all that were found in ``title``."""

    layout: Layout
    title: str = ""
    names: tuple[str, ...] = ()

    def told(self, problem: Problem) -> Problem:
        """A missing column of institutions, with what the title says instead and what to do."""
        if (problem.code, problem.column) != ("missing_column", "institution_name"):
            return problem
        code = "several_in_title" if self.names else "no_institution"
        return replace(problem, code=code, found=self.title[:SHOWN], allowed=self.names)

    def notes(self, sheet: str) -> list[Problem]:
        """That the rows are taken for the institution in the title."""
        if len(self.names) != 1:
            return []
        found, params = self.title[:SHOWN], {"who": self.names[0]}
        return [Problem(0, "", "", "", "institution_from_title", found, params=params, severity="note", sheet=sheet)]


class Titles:
    """Names of the institutions somebody reports for, in a region or in all; loaded when the first is looked for."""

    def __init__(self, actor: Actor, region: Region | None) -> None:
        self.actor, self.region = actor, region

    def of(self, grid: Grid, layout: Layout) -> Entitled:
        """The layout, with the one institution whose name stands above the headings, else in the sheet's name."""
        if not names_nobody(layout):
            return Entitled(layout)
        for text in (*layout.context.above, grid.name):
            if names := self._in(text):
                context = replace(layout.context, institution=names[0]) if len(names) == 1 else layout.context
                return Entitled(replace(layout, context=context), text, names)
        return Entitled(layout, layout.context.title)

    def _in(self, text: str) -> tuple[str, ...]:
        """What the institutions named in a text are called, each once; a name within a longer one found is left out."""
        found = [name for name in self._names if stands_in(name, text)]
        longest = [name for name in found if not any(name != other and fold(name) in fold(other) for other in found)]
        bodies = {pk: name for name in longest for pk in self._names[name]}
        return tuple(sorted(bodies.values()))

    @cached_property
    def _names(self) -> dict[str, set[int]]:
        """Who is or was called so."""
        bodies = Institution.objects.for_actor(self.actor, Capability.WRITE_ACTIVITY)
        bodies = bodies.within(self.region) if self.region else bodies
        found: dict[str, set[int]] = defaultdict(set)
        former = InstitutionSpan.objects.filter(institution_id__in=bodies.order_by().values("pk"))
        for pk, name in chain(bodies.values_list("pk", "name"), former.values_list("institution_id", "name")):
            if len(fold(name)) >= SHORTEST:
                found[name].add(pk)
        return found


def stands_in(name: str, text: str) -> bool:
    """Whether a name stands in a text as a whole: no letter or digit of a Latin word goes on beside it.

    >>> stands_in("School 1", "School  1 2023"), stands_in("School 1", "School 12"), stands_in("a-b", "xa-b")
    (True, False, False)
    """
    if fold(name) not in fold(text):
        return False
    wanted = _spaced(name)
    if not wanted.isascii():
        return True
    return re.search(rf"(?<![a-z0-9]){re.escape(wanted)}(?![a-z]|(?<=[0-9])[0-9])", _spaced(text)) is not None


def _spaced(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())

"""How far the returns of a large region are, by region below: counted by the database, none of them reviewed."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import cached_property

from django.db.models import Count
from django.utils.translation import gettext as _

from nengtan.domain.returns.slots import Slot
from nengtan.identity.access import Actor
from nengtan.registry.models import Region
from nengtan.reporting import clock
from nengtan.reporting.lateness import HANDED_IN, overdue
from nengtan.reporting.queries import returns_of

__all__ = ["LARGE", "ChildRow", "Overview"]

LARGE = 2000
"""More returns than this are not reviewed for one page: whoever reviews them does so region by region below."""


@dataclass
class ChildRow:
    """A region below with how many of its returns stand where; no code for what lies directly in the region."""

    code: str
    label: str
    states: Counter[str] = field(default_factory=Counter)
    late: int = 0

    @property
    def owed(self) -> int:
        """Returns owed."""
        return self.states.total()

    @property
    def handed_in(self) -> int:
        """Returns that were reported, approved ones with them."""
        return sum(self.states[state] for state in HANDED_IN)

    @property
    def missing(self) -> int:
        """Returns that are not handed in."""
        return self.owed - self.handed_in


class Overview:
    """What the actor may see of the returns of a region and period, by region below; two queries."""

    def __init__(self, actor: Actor, region: Region, period: Slot) -> None:
        self.region = region
        rows = returns_of(actor, region, period).select_related(None).order_by().values_list("region__path", "state")
        late = Count("pk", filter=overdue(clock.today()))
        self._counts = list(rows.annotate(count=Count("pk"), late=late))

    @property
    def owed(self) -> int:
        """Returns owed."""
        return sum(count for _path, _state, count, _late in self._counts)

    @property
    def is_large(self) -> bool:
        """Whether it is too much for one page and there are regions below to look at one by one."""
        return self.owed > LARGE and any(path != self.region.path for path, *_rest in self._counts)

    @cached_property
    def total(self) -> ChildRow:
        """The region as a whole."""
        whole = ChildRow(self.region.code, self.region.label)
        for row in self.rows:
            whole.states.update(row.states)
            whole.late += row.late
        return whole

    @cached_property
    def rows(self) -> list[ChildRow]:
        """The regions below, those with most outstanding first."""
        states: dict[str, Counter[str]] = defaultdict(Counter)
        late: Counter[str] = Counter()
        for path, state, count, overdue_ones in self._counts:
            code = path[len(self.region.path) :].split("/")[0]
            states[code][state] += count
            late[code] += overdue_ones
        names = {item.code: item.label for item in Region.objects.filter(code__in=[code for code in states if code])}
        directly = _("directly in %(region)s") % {"region": self.region.label}
        found = [ChildRow(code, names.get(code, code) or directly, held, late[code]) for code, held in states.items()]
        return sorted(found, key=lambda row: (-row.late, -row.missing, row.code))

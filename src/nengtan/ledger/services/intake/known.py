"""What the ledger holds already of the figures a file brings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import NamedTuple

from django.db.models import BigIntegerField, ExpressionWrapper, F

from nengtan.ledger.models import ActivityFact
from nengtan.ledger.services import bulk


class Key(NamedTuple):
    """What makes two rows the same figure; ``0`` stands for no building or meter."""

    institution: int
    building: int
    meter: int
    carrier: str
    item: str
    period: int
    origin: str
    bill_no: str


class Known(NamedTuple):
    """A stored fact that still stands: its id and figures in 10^-6 units."""

    id: int
    quantity: int | None
    cost: int | None
    entered_quantity: str
    entered_unit: str

    def says(self, quantity: int | None, cost: int | None, entered: str, unverified: bool) -> bool:
        """Whether a row repeats it."""
        same = self.quantity == quantity and self.cost == cost
        return same and (not unverified or self.entered_quantity == entered)


_STANDING = ActivityFact.Standing
_RAW = {name: ExpressionWrapper(F(name), output_field=BigIntegerField()) for name in ("quantity", "cost")}


def known(bodies: Collection[int], months: tuple[int, int]) -> Mapping[Key, list[Known]]:
    """Facts of the institutions and months that nothing has replaced; parts of shared bills are left out."""
    found: dict[Key, list[Known]] = defaultdict(list)
    for chunk in bulk.chunks(sorted(bodies)):
        facts = ActivityFact.objects.filter(institution_id__in=chunk, period__range=months, allocated_from=None)
        rows = (
            facts.exclude(standing__in=(_STANDING.SUPERSEDED, _STANDING.WITHDRAWN))
            .order_by()
            .annotate(raw_quantity=_RAW["quantity"], raw_cost=_RAW["cost"])
            .values_list(
                "institution_id", "building_id", "meter_id", "carrier", "item", "period", "origin", "bill_no",
                "id", "raw_quantity", "raw_cost", "entered_quantity", "entered_unit",
            )
        )  # fmt: skip
        for body, building, meter, *rest in rows.iterator(chunk_size=5000):
            key = Key(body, building or 0, meter or 0, *rest[:5])
            found[key].append(Known(*rest[5:]))
    return found

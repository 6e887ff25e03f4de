"""Accounts of energy, carbon, water and cost: quantities are added first, factors multiply the sums, intensities last.

A region the actor sees whole is read from the kept sums, a few hundred rows whatever its size; a part of a region, and
institutions one by one, are read from the facts that count.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db.models import F, Sum
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from nengtan import reference
from nengtan.domain import periods
from nengtan.domain.accounts import Figures, Intensities, Use, account, intensities
from nengtan.domain.change import Change, change
from nengtan.domain.factors import Chooser, Kind
from nengtan.identity.access import Actor
from nengtan.identity.roles import Capability
from nengtan.ledger.models import RegionRollup, YearClosing
from nengtan.ledger.queries.bodies import Bodies, bodies_by, child_of
from nengtan.ledger.queries.choosing import Choosers
from nengtan.ledger.queries.selection import Selection, facts_of, require_visible, sees_whole
from nengtan.ledger.queries.veil import OTHERS, TooFew, Veil, others_word, veil_of
from nengtan.registry.models import Institution, Region

BY = ("institution", "type", "carrier", "month", "region")
"""What accounts can be listed by."""

DOOR, MEAN_DOOR = Decimal("1e-6"), Decimal("0.01")
"""Figures leave by a door with six decimals; inside they keep every digit."""


MEANS = frozenset(("area_m2", "persons"))
"""Measures that are means over the months of a year. Books keep them to six places, so that the thirds and twelfths of
a sum leave a remainder there which nobody counted; they leave with two."""


def at_the_door(value: Decimal, measure: str = "") -> Decimal:
    """A figure as it leaves: six decimals at most, two for a mean area or headcount, no trailing zeros.

    >>> at_the_door(Decimal("1600.0000000")), at_the_door(Decimal("0.12345678"))
    (Decimal('1600'), Decimal('0.123457'))
    >>> at_the_door(Decimal("68711.249999"), "persons")
    Decimal('68711.25')
    """
    rounded = value.quantize(MEAN_DOOR if measure in MEANS else DOOR)
    return rounded.quantize(Decimal(1)) if rounded == rounded.to_integral_value() else rounded.normalize()


@dataclass(frozen=True)
class AccountRow:
    """One line of the accounts: ``key`` is a code, ``label`` its words."""

    key: str
    label: str
    figures: Figures
    bodies: Bodies = field(default_factory=Bodies)
    uses: tuple[Use, ...] = ()
    base: AccountRow | None = None

    @property
    def intensities(self) -> Intensities:
        """Per area and per head."""
        return intensities(self.figures, self.bodies.area_m2, self.bodies.persons)

    @property
    def primary_tce(self) -> Decimal | None:
        """等价值; ``None`` as long as a part of it has no factor, since the sum of the rest would mislead."""
        figures = self.figures
        return None if Kind.COAL_EQUIVALENT_PRIMARY in figures.incomplete else figures.energy_tce_primary

    @cached_property
    def measures(self) -> dict[str, Decimal | None]:
        """Every figure of the row by its fixed name, unrounded."""
        figures, bodies, per = self.figures, self.bodies, self.intensities
        return {
            "energy_tce": figures.energy_tce,
            "energy_tce_primary": self.primary_tce,
            "co2_t": figures.co2_t,
            "co2_scope1_t": figures.co2_scope1_t,
            "co2_scope2_t": figures.co2_scope2_t,
            "water_m3": figures.water_m3,
            "cost_cny": figures.cost_cny,
            "electricity_kwh": figures.electricity_kwh,
            "coverage": bodies.coverage.share,
            "area_m2": bodies.area_m2,
            "persons": bodies.persons,
            "kgce_per_m2": per.kgce_per_m2,
            "kgce_per_person": per.kgce_per_person,
            "m3_per_person": per.m3_per_person,
            "kgco2_per_m2": per.kgco2_per_m2,
            "kwh_per_m2": per.kwh_per_m2,
        }

    @property
    def changes(self) -> dict[str, Change]:
        """Each figure against the base year's (同比、定比); empty without a base."""
        if self.base is None:
            return {}
        before = self.base.measures
        return {name: change(value, before[name]) for name, value in self.measures.items()}

    def as_dict(self) -> dict[str, Any]:
        """The row as the command and the API print it; with a base year its figures and the change in percent."""
        figures, bodies = self.figures, self.bodies
        told: dict[str, Any] = {
            "key": self.key,
            "label": self.label,
            **_rounded(self.measures),
            "present": bodies.coverage.present,
            "expected": bodies.coverage.expected,
            "institutions": bodies.institutions,
            "without_area": bodies.without_area,
            "without_persons": bodies.without_persons,
            "missing": [
                {"carrier": item.carrier, "kind": str(item.kind), "reason": str(item.reason)}
                for item in figures.missing
            ],
        }
        if self.base is not None:
            told["base"] = _rounded(self.base.measures)
            told["change_percent"] = _rounded({name: item.percent for name, item in self.changes.items()})
        return told


def _rounded(measures: Mapping[str, Decimal | None]) -> dict[str, Decimal | None]:
    return {name: None if value is None else at_the_door(value, name) for name, value in measures.items()}


@dataclass(frozen=True)
class Account:
    """The accounts of a selection: its rows, their total, and the closing if the year is closed."""

    selection: Selection
    by: str
    total: AccountRow
    rows: tuple[AccountRow, ...]
    closing: YearClosing | None
    partial: bool
    base_year: int | None = None

    @property
    def has_figures(self) -> bool:
        """Whether anything at all is known."""
        return bool(self.total.uses)


def accounts(
    actor: Actor,
    year: int,
    *,
    region: Region | None = None,
    institution: Institution | None = None,
    by: str | None = None,
    kind: str = "",
    carrier: str = "",
    month: int | None = None,
    base_year: int | None = None,
    choosers: Choosers | None = None,
) -> Account:
    """The accounts of a region or an institution for a year, in total and by one dimension, against ``base_year``.

    Raises:
        Forbidden: the actor sees nothing of the subject, or asks for single institutions without the right to.
        TooFew: to answer would tell an actor without that right of too few institutions.
        ValueError: ``by`` is none of :data:`BY`.
    """
    selection = Selection(year, region, institution, kind, carrier, month)
    require_visible(actor, selection)
    if by == "institution":
        actor.require(Capability.VIEW_DETAIL)
    if by is not None and by not in BY:
        raise ValueError(f"found {by!r}; allowed: {', '.join(BY)}")
    veil, choosers = veil_of(actor, selection), choosers or Choosers.now()
    found = _drawn(actor, selection, by, veil, choosers)
    if base_year is None:
        return found
    try:
        return _against(found, _drawn(actor, selection.of_year(base_year), by, veil, choosers))
    except TooFew:
        return found


def _drawn(actor: Actor, selection: Selection, by: str | None, veil: Veil | None, choosers: Choosers) -> Account:
    """The accounts of one year, behind the veil that holds for every year of the subject."""
    if veil is not None:
        veil.require(selection, by or "")
    year = selection.year
    chooser = choosers.chooser(year)
    whole = sees_whole(actor, selection)
    used: dict[str, list[Use]] = defaultdict(list)
    for key, uses in _uses(actor, selection, by or "", whole, choosers).items():
        used[veil.key(by or "", key, year) if veil else key] += uses
    bodies, everybody = bodies_by(actor, selection, by or "", veil)
    labels = _labels(selection, by or "", used, bodies)
    rows = tuple(
        _row(key, labels[key], used.get(key, ()), bodies.get(key, Bodies()), chooser)
        for key in _order(by or "", labels)
    )
    everything = [use for uses in used.values() for use in uses]
    total = _row("", str(selection.subject), everything, everybody, chooser)
    return Account(
        selection,
        by or "",
        total,
        rows if by else (),
        choosers.closing(selection.path, year),
        selection.region is not None and not whole,
    )


def _against(now: Account, before: Account) -> Account:
    """The same account with the rows of the base year beside its own; months stand beside the same month."""
    held = {row.key[-2:] if now.by == "month" else row.key: row for row in before.rows if row.key != OTHERS}
    rows = tuple(replace(row, base=held.get(row.key[-2:] if now.by == "month" else row.key)) for row in now.rows)
    total = replace(now.total, base=before.total)
    return replace(now, total=total, rows=rows, base_year=before.selection.year)


def _row(key: str, label: str, uses: Iterable[Use], bodies: Bodies, chooser: Chooser) -> AccountRow:
    held = _merged(uses)
    return AccountRow(key, label, account(held, reference.carriers(), chooser), bodies, held)


def _merged(uses: Iterable[Use]) -> tuple[Use, ...]:
    """Uses of one carrier and chain added up, so that a formula has one line for each."""
    sums: dict[tuple[str, tuple[str, ...]], Use] = {}
    for use in uses:
        before = sums.get((use.carrier, use.chain))
        quantity, cost = (
            (use.quantity, use.cost)
            if before is None
            else (_add(before.quantity, use.quantity), _add(before.cost, use.cost))
        )
        sums[use.carrier, use.chain] = Use(use.carrier, use.year, use.chain, quantity, cost)
    order = list(reference.carriers())
    return tuple(sorted(sums.values(), key=lambda use: (order.index(use.carrier), use.chain)))


def _add(left: Decimal | None, right: Decimal | None) -> Decimal | None:
    return right if left is None else left if right is None else left + right


def _uses(actor: Actor, selection: Selection, by: str, whole: bool, choosers: Choosers) -> dict[str, list[Use]]:
    from_sums = whole and by != "institution"
    rows = _from_sums(selection, by) if from_sums else _from_facts(actor, selection, by)
    found: dict[str, list[Use]] = defaultdict(list)
    places = choosers.places
    for key, zone, carrier, quantity, cost in rows:
        chain = places.chain(zone if from_sums else places.zone(zone))
        found[key].append(Use(carrier, selection.year, chain, quantity, cost))
    return found


Summed = tuple[str, str, str, Decimal | None, Decimal | None]
"""Key, zone (or region path), carrier, quantity, cost."""


def _from_sums(selection: Selection, by: str) -> list[Summed]:
    column = {"type": "kind", "month": "period", "carrier": "carrier", "region": "region"}.get(by)
    span = selection.periods if by == "month" else selection.kept_as
    regions = list(selection.regions) if by == "region" else [selection.region]
    rows = RegionRollup.objects.filter(period__range=span, region__in=regions, **_cut(selection)).order_by()
    groups = dict.fromkeys(["zone", "carrier", *([column] if column else [])])
    sums = list(rows.values(*groups).annotate(**_AMOUNTS))
    if by == "region":
        sums = _directly_in(selection, sums)
    return [
        (
            str(row[column]) if column else "",
            row["zone"],
            row["carrier"],
            row["quantity_sum"] if row["known"] else None,
            row["cost_sum"] if row["paid"] else None,
        )
        for row in sums
        if row["known"] or row["paid"]
    ]


_AMOUNTS = {"quantity_sum": Sum("quantity"), "cost_sum": Sum("cost"), "known": Sum("cells"), "paid": Sum("costs")}


def _directly_in(selection: Selection, sums: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The region's own sums less those of the regions below it: of the bodies that stand directly in it."""
    codes = {pk: region.code for pk, region in selection.regions.items()}
    rows = [row | {"region": codes[row["region"]]} for row in sums]
    own = codes[next(iter(codes))]
    below = [row for row in rows if row["region"] != own]
    left = {(row["zone"], row["carrier"]): row for row in rows if row["region"] == own}
    for row in below:
        held = left[row["zone"], row["carrier"]]
        for name in _AMOUNTS:
            held[name] -= row[name]
    return [*left.values(), *below]


def _cut(selection: Selection) -> dict[str, str]:
    return {name: value for name, value in (("kind", selection.kind), ("carrier", selection.carrier)) if value}


def _from_facts(actor: Actor, selection: Selection, by: str) -> list[Summed]:
    column = {"type": "kind", "month": "period", "carrier": "carrier", "institution": "institution__code"}.get(by)
    groups = ["path", "carrier", *([column] if column else [])]
    rows = facts_of(actor, selection).order_by().annotate(path=F("region__path")).values(*dict.fromkeys(groups))
    sums = rows.annotate(quantity_sum=Sum("quantity"), cost_sum=Sum("cost"))
    return [
        (
            child_of(selection, row["path"]) if by == "region" else str(row[column]) if column else "",
            row["path"],
            row["carrier"],
            row["quantity_sum"],
            row["cost_sum"],
        )
        for row in sums
    ]


def _labels(selection: Selection, by: str, used: Mapping[str, Any], bodies: Mapping[str, Bodies]) -> dict[str, str]:
    keys = [key for key in dict.fromkeys([*used, *bodies]) if key != OTHERS]
    others = {OTHERS: others_word()} if OTHERS in used or OTHERS in bodies else {}
    return _words(selection, by, keys) | others


def _words(selection: Selection, by: str, keys: list[str]) -> dict[str, str]:
    english = (get_language() or "").startswith("en")
    if by == "type":
        kinds = reference.institution_types()
        return {key: kinds[key].name_en if english else kinds[key].name_zh for key in keys}
    if by == "carrier":
        carriers = reference.carriers()
        return {key: carriers[key].name_en if english else carriers[key].name_zh for key in keys}
    if by == "month":
        return {key: periods.label(int(key)) for key in keys}
    if by == "region":
        labels = {region.code: region.label for region in selection.regions.values()}
        labels |= {region.code: region.label for region in Region.objects.filter(code__in=set(keys) - set(labels))}
        if selection.region is not None and len(selection.regions) > 1:  # its own line is of what stands in none below
            labels[selection.region.code] = _("directly in %(region)s") % {"region": selection.region.label}
        return {key: labels[key] for key in keys}
    if by == "institution":
        return (
            dict(Institution.objects.filter(code__in=keys).values_list("code", "name"))
            if len(keys) < 900
            else _all_names(keys)
        )
    return dict.fromkeys(keys, "")


def _all_names(keys: list[str]) -> dict[str, str]:
    names = dict(Institution.objects.values_list("code", "name"))
    return {key: names[key] for key in keys}


def _order(by: str, labels: Mapping[str, str]) -> list[str]:
    if by == "carrier":
        order = list(reference.carriers())
        return sorted(labels, key=lambda key: order.index(key) if key in order else len(order))
    return sorted(labels, key=lambda key: (key == OTHERS, key))

"""A return as its page shows it: each line with its cell, what it is held against and what was found."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from nengtan.domain.returns.review.findings import Finding
from nengtan.domain.returns.review.rules import Severity
from nengtan.domain.returns.scheme import Edition, Form, Indicator, Level, Records
from nengtan.reference import scheme
from nengtan.registry.models import Asset
from nengtan.reporting.models import Explanation, Return, Value
from nengtan.reporting.services.reviewing import Cells, Reviewed, is_settled, review_typed

__all__ = ["Filling", "Line", "Said", "Section", "cell_name", "fill_in"]

Key = tuple[str, str]


def cell_name(record: str, indicator: str) -> str:
    """A cell as programs name it.

    >>> cell_name("", "elec_qty"), cell_name("0001", "room_elec")
    ('elec_qty', '0001.room_elec')
    """
    return f"{record}.{indicator}" if record else indicator


@dataclass(frozen=True)
class Said:
    """A finding, what the institution said to it, and whether that settles it."""

    finding: Finding
    explanation: Explanation | None
    settled: bool


@dataclass(frozen=True)
class Line:
    """One line of a form with what its cell is held against; ``whole`` is the line of form 2 it is in (其中).

    ``booked`` is what bills and register say of last year where there is no return of it.
    """

    indicator: Indicator
    record: str
    depth: int
    value: Value | None
    amount: Decimal | None
    last: Decimal | None
    previous: Decimal | None
    base: Decimal | None
    metered: Decimal | None
    price: Decimal | None
    whole: Indicator | None
    whole_amount: Decimal | None
    said: tuple[Said, ...] = ()
    booked: Decimal | None = None

    @property
    def name(self) -> str:
        """The cell as programs name it."""
        return cell_name(self.record, self.indicator.key)

    @property
    def version(self) -> int:
        """The version of the cell as it is stored; 0 where it is empty."""
        return self.value.version if self.value else 0


@dataclass(frozen=True)
class Section:
    """A form, or one room of the form that has a record for each."""

    form: Form
    lines: tuple[Line, ...]
    record: str = ""
    room: str = ""
    removable: bool = False

    @property
    def open(self) -> int:
        """How many findings in it still want something done."""
        return sum(_wants_work(said) for line in self.lines for said in line.said)

    @property
    def filled(self) -> int:
        """How many of its cells have a value."""
        return sum(line.amount is not None for line in self.lines)


@dataclass(frozen=True)
class Filling:
    """A return with everything its page shows; ``elsewhere`` are findings at no line, such as a missing period."""

    of: Return
    edition: Edition
    sections: tuple[Section, ...]
    stored: Mapping[Key, Value]
    elsewhere: tuple[Said, ...] = ()
    told: Mapping[Severity, int] = field(default_factory=dict)

    @property
    def lines(self) -> list[Line]:
        """Every line of every form."""
        return [line for section in self.sections for line in section.lines]

    @property
    def findings(self) -> list[Said]:
        """Every finding, the gravest first."""
        found = [*self.elsewhere, *(said for line in self.lines for said in line.said)]
        return sorted(found, key=lambda said: (said.settled, said.finding.severity.rank))

    @property
    def blocking(self) -> int:
        """Findings that still block the return."""
        return self.told.get(Severity.BLOCK, 0)

    @property
    def unexplained(self) -> int:
        """Findings that still want an explanation."""
        return self.told.get(Severity.EXPLAIN, 0)

    @property
    def pre_filled(self) -> int:
        """Cells the platform filled in."""
        entered = (Value.Provenance.TYPED, Value.Provenance.FILE)
        return sum(line.value is not None and line.amount is not None and line.value.provenance not in entered
                   for line in self.lines)  # fmt: skip


def fill_in(of: Return, typed: Cells | None = None, room: str = "") -> Filling:
    """A return as it stands, or as it would with ``typed`` in its cells; ``room`` is one about to be added."""
    edition, reviewed = scheme.edition(of.edition), review_typed(of, typed)
    said = _said(of, reviewed.findings)
    drawn = _Drawn(edition, reviewed, said)
    sections = tuple(section for form in edition.forms.values() for section in drawn.sections(form, room))
    shown = {(line.record, line.indicator.key) for section in sections for line in section.lines}
    elsewhere = tuple(item for cell, items in said.items() if cell not in shown for item in items)
    told = Counter(item.finding.severity for items in said.values() for item in items if not item.settled)
    return Filling(of, edition, sections, reviewed.stored, elsewhere, told)


def _said(of: Return, findings: Sequence[Finding]) -> dict[Key, list[Said]]:
    rows = of.explanations.select_related("evidence", "by")
    told = {(item.rule, item.record, item.indicator): item for item in rows}
    proved = {place: item.evidence_id is not None for place, item in told.items() if item.stands}
    found: dict[Key, list[Said]] = defaultdict(list)
    for finding in findings:
        cell = finding.cell
        explanation = told.get((finding.rule, cell.record, cell.indicator))
        found[cell.record, cell.indicator].append(Said(finding, explanation, is_settled(finding, proved)))
    return found


def _wants_work(said: Said) -> bool:
    return not said.settled and said.finding.severity is not Severity.INFORM


class _Drawn:
    """The forms of one return, drawn from what is stored and what was found."""

    def __init__(self, edition: Edition, reviewed: Reviewed, said: Mapping[Key, list[Said]]) -> None:
        self.edition, self.reviewed, self.said = edition, reviewed, said
        self.stored = reviewed.stored
        self.quantities = {cost: quantity for quantity, cost in edition.costs.items()}

    def sections(self, form: Form, new_room: str) -> list[Section]:
        """A form; of the form for rooms, one section for each room."""
        if form.level is not Level.BASE or not self.edition.lines(form.number):
            return []
        if form.records is not Records.ROOM:
            return [Section(form, self._lines(form, ""))]
        rooms = {record for record, _indicator in self.reviewed.cells if record} | ({new_room} - {""})
        names = _room_names(self.stored)
        return [
            Section(form, self._lines(form, room), room, names.get(room, ""), self._removable(room))
            for room in sorted(rooms)
        ] or [Section(form, ())]

    def _removable(self, room: str) -> bool:
        held = [value for (record, _indicator), value in self.stored.items() if record == room]
        return not any(v.provenance == Value.Provenance.REGISTER and v.value is not None for v in held)

    def _lines(self, form: Form, record: str) -> tuple[Line, ...]:
        depth: dict[str, int] = {}
        lines = []
        for line in self.edition.lines(form.number, platform=True):
            depth[line.key] = depth.get(line.parent, -1) + 1 if line.parent else 0
            lines.append(self._line(line, record, depth[line.key]))
        return tuple(lines)

    def _line(self, line: Indicator, record: str, depth: int) -> Line:
        at, held = (record, line.key), self.reviewed
        amount = held.cells.get(at)
        return Line(
            line, record, depth, self.stored.get(at), amount, held.last.get(at), held.previous.get(at),
            held.base.get(at), None if record else held.metered.get(line.key), self._price(line, record, amount),
            self.edition.indicators.get(line.of_which or ""), held.cells.get(("", line.of_which or "")),
            tuple(self.said.get(at, ())), held.booked.get(at),
        )  # fmt: skip

    def _price(self, line: Indicator, record: str, amount: Decimal | None) -> Decimal | None:
        """What a unit of a quantity cost, shown beside its cost."""
        quantity = self.reviewed.cells.get((record, self.quantities.get(line.key, "")))
        return amount / quantity if amount is not None and quantity else None


def _room_names(stored: Mapping[Key, Value]) -> dict[str, str]:
    """The names rooms have in the register, by the code of their record."""
    assets = {record: value.source["asset"] for (record, _key), value in stored.items() if "asset" in value.source}
    names = dict(Asset.objects.filter(pk__in=assets.values()).values_list("pk", "name")) if assets else {}
    return {record: names[asset] for record, asset in assets.items() if asset in names}

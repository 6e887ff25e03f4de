"""Institutions named by their unified social credit code where a list asks for their own code."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from nengtan.domain import creditcode
from nengtan.domain.sheets.problems import Fault, Param
from nengtan.identity.access import Actor
from nengtan.registry.models import Institution
from nengtan.registry.services.intake.plan import SheetPlan

CHUNK = 500
NAMED = 5
"""Rows named of those that give a credit code."""

OWN = "code"
"""The column of an institution's own code in the list of institutions."""

Holders = dict[str, dict[str, str]]
"""By credit code: the codes of its holders, with their names."""


def settle(actor: Actor, sheets: Sequence[SheetPlan], columns: Mapping[str, Collection[str]]) -> None:
    """Put the institution's own code in the place of a credit code, and tell so; ``columns`` by sheet.

    A text that is a code of the register or of the file is that code. Credit codes are those of institutions the actor
    may name, and of the file's own rows.
    """
    columns = {**columns, "institutions": [*columns.get("institutions", ()), OWN]}
    given = {text for _sheet, _at, _key, text in _cells(sheets, columns)}
    beside = {text for sheet in sheets for record in sheet.table.records if (text := _beside(record))}
    wanted = {creditcode.normalise(text) for text in given | beside}
    if not wanted:
        return
    codes = set(_stored(Institution.objects.values_list("code", flat=True), "code", given))
    holders: Holders = defaultdict(dict)
    seen = Institution.objects.all().referable(actor)
    for credit_code, code, name in _stored(seen.values_list("credit_code", "code", "name"), "credit_code", wanted):
        holders[credit_code][code] = name
    _take(sheets, {"institutions": [OWN]}, holders, codes)
    codes |= _add_rows(sheets, holders)
    _take(sheets, {kind: [key for key in keys if key != OWN] for kind, keys in columns.items()}, holders, codes)
    _contradictions(sheets, holders)


@dataclass
class _Taken:
    """Credit codes taken for codes in one column."""

    sheet: SheetPlan
    key: str
    first: Fault
    places: list[int] = field(default_factory=list)

    def tell(self) -> None:
        """One note of the column."""
        rows = [self.sheet.table.rows[at] for at in self.places]
        note = self.sheet.table.problem(self.places[0], self.key, self.first)
        params: dict[str, Param] = dict(note.params)
        if len(rows) > 1:
            params |= {"rows": len(rows), "first_rows": ", ".join(map(str, rows[:NAMED]))}
        self.sheet.table.notes.append(replace(note, params=params, severity="note"))


def _take(
    sheets: Sequence[SheetPlan], columns: Mapping[str, Collection[str]], holders: Holders, codes: Collection[str]
) -> None:
    taken: dict[tuple[int, str], _Taken] = {}
    for sheet, at, key, text in list(_cells(sheets, columns)):
        bodies = {} if text in codes else holders[creditcode.normalise(text)]
        record = sheet.table.records[at]
        if len(bodies) > 1:
            record[key] = None
            sheet.fault(at, key, Fault("ambiguous_credit_code", text, tuple(sorted(bodies))))
        for code, name in bodies.items() if len(bodies) == 1 else ():
            held = record[key]
            record[key] = tuple(code if one == text else one for one in held) if isinstance(held, tuple) else code
            first = Fault("credit_code_taken", text, (), {"code": code, "name": name})
            taken.setdefault((id(sheet), key), _Taken(sheet, key, first)).places.append(at)
    for one in taken.values():
        one.tell()


def _cells(
    sheets: Sequence[SheetPlan], columns: Mapping[str, Collection[str]]
) -> Iterator[tuple[SheetPlan, int, str, str]]:
    """Cells that name an institution by what has the form of a credit code."""
    for sheet in sheets:
        for at, record in enumerate(sheet.table.records):
            for key in columns.get(sheet.kind, ()):
                held: Any = record.get(key)
                for text in held if isinstance(held, tuple) else (held,):
                    if text and creditcode.is_valid(creditcode.normalise(text)):
                        yield sheet, at, key, text


def _beside(record: Mapping[str, Any]) -> str:
    """The credit code a row gives in a column of its own."""
    text = str(record.get("credit_code") or "")
    return text if creditcode.is_valid(creditcode.normalise(text)) else ""


def _add_rows(sheets: Sequence[SheetPlan], holders: Holders) -> set[str]:
    """Holders the file itself brings; all its codes."""
    rows = [record for sheet in sheets if sheet.kind == "institutions" for record in sheet.table.records]
    for record in rows:
        text, code = _beside(record), record.get(OWN)
        if text and code:
            holders[creditcode.normalise(text)][str(code)] = str(record.get("name") or "")
    return {str(record[OWN]) for record in rows if record.get(OWN)}


def _stored(rows: Any, column: str, values: Collection[str]) -> Iterator[Any]:
    held = sorted(values)
    for start in range(0, len(held), CHUNK):
        yield from rows.filter(**{f"{column}__in": held[start : start + CHUNK]})


def _contradictions(sheets: Sequence[SheetPlan], holders: Holders) -> None:
    """Rows of lists whose code and credit code are those of two institutions."""
    for sheet in sheets:
        for at, record in enumerate(sheet.table.records if sheet.kind != "institutions" else ()):
            code, text = record.get("institution_code"), _beside(record)
            bodies = holders[creditcode.normalise(text)] if code and text else {}
            if bodies and code not in bodies:
                sheet.fault(at, "credit_code", Fault("credit_code_of_other", text, tuple(sorted(bodies))))

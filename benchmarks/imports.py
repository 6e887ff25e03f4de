"""An Excel of 100,000 rows through the door everybody uses, against reading it and inserting its rows and no more."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.databases import Database
from benchmarks.measuring import Row, side_by_side
from benchmarks.province import CARRIERS, institutions

ROWS = 100_000
LIMIT = 3.0
"""At most so many times reading the file and inserting its rows."""

YEAR = 2022
HEADINGS = ("institution_code", "institution_name", "period", "carrier", "quantity", "unit", "cost", "bill_no")
REPEATS = 3


def run(sizes: Sequence[int], database: Database) -> list[Row]:
    """Twelve months of eight carriers of as many institutions as it takes; each run is taken back."""
    rows = min(ROWS, sizes[-1] * 96)
    bodies = -(-rows // 96)
    if database.use(f"import_{bodies}"):
        institutions(bodies)
    content = _workbook(rows)
    whole, least = side_by_side(
        _taken_back(lambda: _import(content, rows)), _taken_back(lambda: _plain(content)), repeats=REPEATS
    )
    note = f"{rows / whole:,.0f} rows a second; {len(content) / 1e6:.1f} MB"
    return [Row("import", f"{rows:,} rows of Excel", database.kind, bodies, whole, "read + insert", least, LIMIT, note)]


def _workbook(rows: int) -> bytes:
    from openpyxl import Workbook

    from nengtan.registry.models import Institution

    book = Workbook(write_only=True)
    sheet = book.create_sheet("facts")
    sheet.append(HEADINGS)
    cells = (
        (body, at, month)
        for body in Institution.objects.order_by("id").values_list("id", "code", "name")
        for at in range(len(CARRIERS))
        for month in range(1, 13)
    )
    for ((pk, code, name), at, month), _row in zip(cells, range(rows), strict=False):
        amount = (pk * 7919 + month * 104729 + at * 31337) % 500_000 / 100 + 40
        sheet.append(
            (code, name, f"{YEAR}-{month:02d}", CARRIERS[at], amount, _unit(at), round(amount * 0.61, 2), f"B{at}")
        )
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _unit(at: int) -> str:
    from nengtan import reference

    return reference.carriers()[CARRIERS[at]].unit


def _taken_back(work: Callable[[], object]) -> Callable[[], None]:
    """``work`` in a transaction that leaves nothing behind."""

    def run_and_roll_back() -> None:
        from django.db import transaction

        with transaction.atomic():
            work()
            transaction.set_rollback(True)

    return run_and_roll_back


def _import(content: bytes, rows: int) -> None:
    from nengtan.identity.access import system_actor
    from nengtan.ledger.services import intake

    result = intake.import_file(system_actor(), "facts.xlsx", content)
    if result.accepted != rows:
        raise RuntimeError(f"{result.accepted} of {rows} rows accepted; {result.errors[:3]}")


def _plain(content: bytes) -> None:
    """Cells into columns as they are, without asking what they mean."""
    from django.utils import timezone
    from python_calamine import CalamineWorkbook

    from nengtan.ledger.models import ActivityFact
    from nengtan.ledger.services import bulk
    from nengtan.registry.models import Institution

    sheet = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    homes = {code: values for code, *values in Institution.objects.values_list("code", "id", "region_id", "kind")}
    now = timezone.now()
    columns = (
        "institution_id", "region_id", "kind", "carrier", "item", "period", "quantity", "cost", "entered_quantity",
        "entered_unit", "origin", "bill_no", "source_row", "note", "standing", "entered_at",
    )  # fmt: skip

    def row(cells: list[Any]) -> tuple[Any, ...]:
        code, _name, month, carrier, quantity, unit, cost, bill = cells
        period = int(month[:4]) * 100 + int(month[5:7])
        amounts = int(quantity * 1_000_000), int(cost * 1_000_000)
        return (*homes[code], carrier, "", period, *amounts, str(quantity), unit, "bill", bill, "", "", 1, now)

    bulk.insert(ActivityFact, columns, map(row, sheet[1:]))

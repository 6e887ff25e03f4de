"""Writing a checked file: all of it or its good rows, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from django.conf import settings
from django.db import connection, transaction

from nengtan.domain.sheets.cells import Grid
from nengtan.domain.sheets.problems import Problem
from nengtan.domain.sheets.tables import Rules
from nengtan.identity.access import Actor
from nengtan.identity.audit import record
from nengtan.identity.roles import Capability
from nengtan.ledger.models import ActivityFact, ImportBatch, Origin
from nengtan.ledger.services import bulk, sharing
from nengtan.ledger.services.evidence import keep_evidence
from nengtan.ledger.services.intake.check import check_activity
from nengtan.ledger.services.intake.plan import ActivityPlan, OfSheets, OnExisting, SheetPlan
from nengtan.ledger.services.intake.rules import activity_rules
from nengtan.ledger.services.posting import Entry, Unsettled, post
from nengtan.ledger.services.reach import region_over
from nengtan.registry.models import Region
from nengtan.ui.sheets.collector import paused
from nengtan.ui.sheets.reader import Limits, open_table

Progress = Callable[[int, int, str], None]

PIECE = 20_000
"""Facts written at a time, so that progress shows; all pieces are one transaction."""


@dataclass(frozen=True)
class Result(OfSheets):
    """What became of a file, in rows; ``facts`` counts the figures, several a row where a sheet is wide.

    ``stored`` is false when nothing was written: a row was refused and the good ones were not asked for, or all was
    known already.
    """

    accepted: int
    rejected: int
    unchanged: int
    errors: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)
    batch: ImportBatch | None = None
    facts: int = 0
    corrected: int = 0
    sheets: Sequence[SheetPlan] = ()

    @property
    def stored(self) -> bool:
        """Whether the ledger changed."""
        return self.batch is not None


def import_activity(
    actor: Actor,
    grids: Sequence[Grid],
    filename: str,
    content: bytes,
    *,
    rules: Rules | None = None,
    partial: bool = False,
    on_existing: OnExisting = "refuse",
    progress: Progress | None = None,
    region: Region | None = None,
) -> Result:
    """Check and write a file with nobody writing in between."""
    with transaction.atomic():
        _wait_for_others()
        plan = check_activity(actor, grids, rules, region)
        return apply_activity(actor, plan, filename, content, partial, on_existing, progress)


def import_file(
    actor: Actor,
    filename: str,
    content: bytes,
    *,
    origin: str = Origin.BILL,
    partial: bool = False,
    on_existing: OnExisting = "refuse",
    progress: Progress | None = None,
    region: Region | None = None,
) -> Result:
    """Read, check and write a file as it was sent: what every door uses.

    Raises:
        Refused: the file as a whole is not taken.
        YearClosed, Forbidden: nothing is written.
    """
    with paused():
        grids = open_table(content, filename, limits())
        return import_activity(
            actor, grids, filename, content,
            rules=activity_rules(origin), partial=partial, on_existing=on_existing, progress=progress,
            region=region,
        )  # fmt: skip


def check_file(
    actor: Actor,
    filename: str,
    content: bytes,
    *,
    origin: str = Origin.BILL,
    region: Region | None = None,
    progress: Progress | None = None,
) -> ActivityPlan:
    """Read and check a file as it was sent; writes nothing.

    Raises:
        Refused: the file as a whole is not taken.
    """
    with paused():
        grids = open_table(content, filename, limits())
        return check_activity(actor, grids, activity_rules(origin), region, progress)


def limits() -> Limits:
    """How large a file may be in this installation."""
    return Limits(max_bytes=settings.MAX_UPLOAD_BYTES)


def preview_result(plan: ActivityPlan, on_existing: OnExisting = "refuse") -> Result:
    """What :func:`apply_activity` would answer if it took the good rows; nothing is written."""
    good, bad, same = plan.counts(on_existing)
    facts = len(plan.taken(on_existing))
    return Result(good, bad, same, plan.errors(on_existing), plan.remarks, None, facts, sheets=plan.sheets)


@transaction.atomic
def apply_activity(
    actor: Actor,
    plan: ActivityPlan,
    filename: str,
    content: bytes,
    partial: bool = False,
    on_existing: OnExisting = "refuse",
    progress: Progress | None = None,
) -> Result:
    """Write a checked file: every row, or with ``partial`` its good rows; else nothing.

    ``on_existing="correct"`` lets rows with other figures replace what the ledger holds.

    Raises:
        YearClosed, Forbidden: nothing is written.
    """
    actor.require(Capability.WRITE_ACTIVITY)
    good, bad, same = plan.counts(on_existing)
    errors = plan.errors(on_existing)
    if bad and not partial:
        return Result(0, bad, same, errors, plan.remarks, sheets=plan.sheets)
    entries = plan.taken(on_existing)
    if not entries:
        return Result(0, bad, same, errors, plan.remarks, sheets=plan.sheets)
    evidence = keep_evidence(actor, filename, content)
    bodies = {entry.institution_id for entry in entries}
    batch = ImportBatch.objects.create(
        evidence=evidence,
        accepted=good,
        rejected=bad,
        unchanged=same,
        entered_by=actor.user,
        region_path=region_over(bodies),
        institution_id=next(iter(bodies)) if len(bodies) == 1 else None,
    )
    corrected = sum(entry.supersedes_id is not None for entry in entries)
    _write(actor, entries, batch, bodies, progress)
    _tell(actor, batch, len(entries), corrected, len(bodies))
    return Result(good, bad, same, errors, plan.remarks, batch, len(entries), corrected, plan.sheets)


def _wait_for_others() -> None:
    """One import at a time, so that two of the same file do not both find it new. SQLite has one writer anyway."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('ledger.import'))")


def _write(actor: Actor, entries: list[Entry], batch: ImportBatch, bodies: set[int], progress: Progress | None) -> None:
    holders = sharing.holders(bodies)
    bills: dict[int, int | None] = {}
    unsettled = Unsettled()
    done = 0
    for piece in _pieces(entries):
        ids = post(actor, piece, batch.evidence, batch, unsettled)
        if holders:
            bills |= _shared(piece, ids, holders)
        done += len(piece)
        if progress:
            progress(done, len(entries), "")
    unsettled.settle()
    _divide(actor, bills)
    readings = {(e.institution_id, e.carrier, e.period) for e in entries if e.origin == Origin.METER}
    sharing.follow_readings(actor, readings)


def _pieces(entries: list[Entry]) -> list[list[Entry]]:
    """Entries in pieces; a piece holds all of an institution's, so that its books are written once."""
    if len(entries) <= PIECE:
        return [entries]
    ordered = sorted(entries, key=lambda entry: entry.institution_id)
    pieces: list[list[Entry]] = [[]]
    for before, entry in zip([ordered[0], *ordered], ordered, strict=False):
        if len(pieces[-1]) >= PIECE and entry.institution_id != before.institution_id:
            pieces.append([])
        pieces[-1].append(entry)
    return pieces


def _shared(piece: Sequence[Entry], ids: range, holders: set[int]) -> dict[int, int | None]:
    """Bills that may be shared, with the fact each corrects."""
    return {
        pk: entry.supersedes_id
        for pk, entry in zip(ids, piece, strict=True)
        if entry.institution_id in holders and entry.origin == Origin.BILL
    }


def _divide(actor: Actor, bills: dict[int, int | None]) -> None:
    """Divide the shared bills, once everybody's meters are in."""
    if not bills:
        return
    facts: list[ActivityFact] = []
    for chunk in bulk.chunks(list(bills)):
        facts += ActivityFact.objects.filter(pk__in=chunk)
    replaced = ActivityFact.objects.in_bulk([old for old in bills.values() if old])
    sharing.divide(actor, facts, {pk: replaced[old] for pk, old in bills.items() if old})


def _tell(actor: Actor, batch: ImportBatch, facts: int, corrected: int, bodies: int) -> None:
    record(
        actor,
        "import.activity",
        batch,
        after={
            "file": batch.evidence.name,
            "sha256": batch.evidence.sha256,
            "accepted": batch.accepted,
            "rejected": batch.rejected,
            "unchanged": batch.unchanged,
            "facts": facts,
            "corrected": corrected,
            "institutions": bodies,
        },
        region_path=batch.region_path,
        institution_id=batch.institution_id,
    )

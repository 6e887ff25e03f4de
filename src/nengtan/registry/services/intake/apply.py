"""Writing a checked register workbook: all of it or its good rows, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.conf import settings
from django.db import connection, transaction

from nengtan.domain.sheets.cells import Grid
from nengtan.domain.sheets.problems import Problem
from nengtan.identity.access import Actor
from nengtan.identity.roles import Capability
from nengtan.registry.services.intake.check import check_registry
from nengtan.registry.services.intake.plan import Progress, RegistryPlan
from nengtan.registry.services.intake.writer import Writer
from nengtan.ui.sheets.collector import paused
from nengtan.ui.sheets.reader import Limits, open_table


@dataclass(frozen=True)
class Result:
    """What became of a file, in rows: accepted (created or updated), rejected, and those that change nothing."""

    accepted: int
    rejected: int
    unchanged: int
    created: int = 0
    updated: int = 0
    errors: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)
    stored: bool = False


def preview_result(plan: RegistryPlan) -> Result:
    """What :func:`apply_registry` would answer if it took the good rows; nothing is written."""
    counts = plan.counts
    created, updated = counts["create"], counts["update"]
    return Result(created + updated, counts["refused"], counts["same"], created, updated, plan.errors, plan.remarks)


def check_file(actor: Actor, filename: str, content: bytes) -> RegistryPlan:
    """Read and check a file as it was sent; writes nothing.

    Raises:
        Refused: the file as a whole is not taken.
    """
    with paused():
        return check_registry(actor, open_table(content, filename, limits()), filename)


def import_file(
    actor: Actor, filename: str, content: bytes, partial: bool = False, progress: Progress | None = None
) -> Result:
    """Read, check and write a file as it was sent: what every door uses.

    Raises:
        Refused: the file as a whole is not taken.
    """
    with paused():
        return import_registry(actor, open_table(content, filename, limits()), partial, filename, progress)


def limits() -> Limits:
    """How large a file may be in this installation."""
    return Limits(max_bytes=settings.MAX_UPLOAD_BYTES)


def import_registry(
    actor: Actor, grids: Sequence[Grid], partial: bool = False, source: str = "", progress: Progress | None = None
) -> Result:
    """Check and write a file with nobody writing in between."""
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(hashtext('registry.import'))")
        return apply_registry(actor, check_registry(actor, grids, source, progress), partial, progress)


@transaction.atomic
def apply_registry(actor: Actor, plan: RegistryPlan, partial: bool = False, progress: Progress | None = None) -> Result:
    """Write a checked file: every row, or with ``partial`` its good rows; else nothing."""
    actor.require(Capability.WRITE_REGISTRY)
    told = preview_result(plan)
    if told.rejected and not partial:
        return Result(0, told.rejected, told.unchanged, errors=told.errors, notes=told.notes)
    if not told.accepted:
        return Result(0, told.rejected, told.unchanged, errors=told.errors, notes=told.notes)
    Writer(actor, plan, progress).run()
    return Result(**{**vars(told), "stored": True})

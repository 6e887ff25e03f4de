"""Writing a checked register workbook: all of it or its good rows, in one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from django.conf import settings
from django.db import connection, transaction

from nengtan.domain.sheets.cells import Grid
from nengtan.domain.sheets.problems import Problem, Skipped
from nengtan.identity.access import Actor
from nengtan.identity.roles import Capability
from nengtan.registry.models import Region
from nengtan.registry.services.intake.check import check_registry
from nengtan.registry.services.intake.plan import Progress, RegistryPlan, SheetPlan
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
    sheets: Sequence[SheetPlan] = ()

    @property
    def skipped(self) -> Iterator[tuple[str, Skipped]]:
        """Rows left out on purpose, with their sheet."""
        return ((sheet.table.sheet, row) for sheet in self.sheets for row in sheet.table.skipped)


def preview_result(plan: RegistryPlan) -> Result:
    """What :func:`apply_registry` would answer if it took the good rows; nothing is written."""
    counts = plan.counts
    created, updated = counts["create"], counts["update"]
    return Result(
        created + updated, counts["refused"], counts["same"], created, updated, plan.errors, plan.remarks,
        sheets=plan.sheets,
    )  # fmt: skip


def check_file(
    actor: Actor,
    filename: str,
    content: bytes,
    region: Region | None = None,
    progress: Progress | None = None,
) -> RegistryPlan:
    """Read and check a file as it was sent; writes nothing.

    Raises:
        Refused: the file as a whole is not taken.
    """
    with paused():
        return check_registry(actor, open_table(content, filename, limits()), filename, progress, region)


def import_file(
    actor: Actor,
    filename: str,
    content: bytes,
    partial: bool = False,
    progress: Progress | None = None,
    region: Region | None = None,
) -> Result:
    """Read, check and write a file as it was sent: what every door uses.

    Raises:
        Refused: the file as a whole is not taken.
    """
    with paused():
        return import_registry(actor, open_table(content, filename, limits()), partial, filename, progress, region)


def region_of(code: str) -> Region | None:
    """The region chosen for a whole file, by its code; None for none."""
    return Region.objects.get(code=code) if code else None


def limits() -> Limits:
    """How large a file may be in this installation."""
    return Limits(max_bytes=settings.MAX_UPLOAD_BYTES)


def import_registry(
    actor: Actor,
    grids: Sequence[Grid],
    partial: bool = False,
    source: str = "",
    progress: Progress | None = None,
    region: Region | None = None,
) -> Result:
    """Check and write a file with nobody writing in between."""
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(hashtext('registry.import'))")
        return apply_registry(actor, check_registry(actor, grids, source, progress, region), partial, progress)


@transaction.atomic
def apply_registry(actor: Actor, plan: RegistryPlan, partial: bool = False, progress: Progress | None = None) -> Result:
    """Write a checked file: every row, or with ``partial`` its good rows; else nothing."""
    actor.require(Capability.WRITE_REGISTRY)
    told = preview_result(plan)
    if (told.rejected and not partial) or not told.accepted:
        return replace(told, accepted=0, created=0, updated=0)
    Writer(actor, plan, progress).run()
    return replace(told, stored=True)

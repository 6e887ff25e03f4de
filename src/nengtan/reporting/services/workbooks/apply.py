"""Storing a workbook: every return's changes or none, or the good returns by choice; alike for one and thousands."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from nengtan.domain.returns import steps
from nengtan.domain.sheets.problems import Problem
from nengtan.identity import audit
from nengtan.identity.access import Actor
from nengtan.identity.models import AuditEvent
from nengtan.ledger.services import bulk
from nengtan.ledger.services.evidence import keep_evidence
from nengtan.reference import scheme
from nengtan.reporting.models import Return, Value
from nengtan.reporting.services.explanations import unsettle
from nengtan.reporting.services.stepping import begun, hand_of
from nengtan.reporting.services.workbooks.check import check
from nengtan.reporting.services.workbooks.intake import FileRead, read_workbook
from nengtan.reporting.services.workbooks.plan import Change, FilePlan, ReturnPlan

__all__ = ["FileResult", "check_file", "preview_result", "take_file"]

Progress = Callable[[int, int, str], None]


@dataclass
class FileResult:
    """What became of a file: returns changed, refused and the same as before, and cells written."""

    changed: int
    refused: int
    same: int
    cells: int
    errors: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)
    stored: bool = False


def check_file(actor: Actor, filename: str, content: bytes, only: Return | None = None) -> FilePlan:
    """Read a file and say what taking it in would do; writes nothing.

    Raises:
        Refused: the file as a whole is not taken.
        Forbidden: the actor fills in returns nowhere.
    """
    return check(actor, _read(filename, content, only), only)


def _read(filename: str, content: bytes, only: Return | None) -> FileRead:
    return read_workbook(filename, content, (only.institution.code, only.period) if only else None)


def preview_result(plan: FilePlan, partial: bool = False, overwrite: bool = False) -> FileResult:
    """What :func:`take_file` would answer; nothing is written."""
    good, bad = plan.good(overwrite), plan.bad(overwrite)
    taken = [] if bad and not partial else good
    cells = sum(len(item.taken(overwrite)) for item in taken)
    return FileResult(len(taken), bad, plan.same(overwrite), cells, plan.errors(overwrite), plan.notes)


@transaction.atomic
def take_file(
    actor: Actor,
    filename: str,
    content: bytes,
    *,
    only: Return | None = None,
    partial: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> FileResult:
    """Take a file in: all its returns, or with ``partial`` those without a fault, else nothing.

    ``overwrite`` lets the file's figure stand where somebody else changed the cell since the file was drawn. What is
    compared is held until it is written, so that nobody changes it in between.

    Raises:
        Refused: the file as a whole is not taken.
        Forbidden: the actor fills in returns nowhere.
    """
    plan = check(actor, _read(filename, content, only), only, lock=True)
    result = preview_result(plan, partial, overwrite)
    if not result.changed:
        return result
    evidence = keep_evidence(actor, filename, content)
    _write(actor, plan.good(overwrite), overwrite, f"{evidence.name} {evidence.sha256[:12]}", evidence.sha256, progress)
    result.stored = True
    return result


def _write(
    actor: Actor, plans: Sequence[ReturnPlan], overwrite: bool, told: str, sha256: str, progress: Progress | None
) -> None:
    done = 0
    for piece in bulk.chunks(plans):
        values = [value for plan in piece for value in _values(actor, plan, plan.taken(overwrite), sha256)]
        _store([value for value in values if value.version == 1], [value for value in values if value.version > 1])
        _move(actor, [plan.of for plan in piece])
        for edition in {plan.of.edition for plan in piece}:
            plans_of = [plan for plan in piece if plan.of.edition == edition]
            changed = {plan.of.pk: [change.cell for change in plan.taken(overwrite)] for plan in plans_of}
            unsettle(changed, scheme.edition(edition))
        audit.keep([_event(actor, plan, plan.taken(overwrite), told) for plan in piece])
        done += len(piece)
        if progress:
            progress(done, len(plans), "")


def _store(fresh: Sequence[Value], moved: Sequence[Value]) -> None:
    """Write cells; those nobody had filled in go in by the thousand, unless bills filled one in this very moment."""
    try:
        with transaction.atomic():
            bulk.insert(Value, _COLUMNS, map(_row, fresh))
    except IntegrityError:
        moved = [*fresh, *moved]
    Value.objects.bulk_create(
        moved, batch_size=500, update_conflicts=True, unique_fields=["of", "record", "indicator"],
        update_fields=["value", "provenance", "source", "version", "entered_by", "entered_at"],
    )  # fmt: skip


_COLUMNS = (
    "of_id", "record", "indicator", "value", "provenance", "source", "version", "entered_by_id", "entered_at",
)  # fmt: skip


def _row(value: Value) -> tuple[Any, ...]:
    return (
        value.of_id, value.record, value.indicator, bulk.units(value.value), str(value.provenance),
        json.dumps(value.source), value.version, value.entered_by_id, value.entered_at,
    )  # fmt: skip


def _values(actor: Actor, plan: ReturnPlan, changes: Sequence[Change], sha256: str) -> list[Value]:
    """The cells as they will stand, each with the file and the place in it that it came from."""
    now = timezone.now()
    return [
        Value(
            of=plan.of, record=change.cell[0], indicator=change.cell[1], value=change.after,
            provenance=Value.Provenance.FILE, version=change.held_version + 1, entered_by=actor.user, entered_at=now,
            source={"file": sha256, "place": f"{change.placed.sheet}!{change.placed.place}"},
        )
        for change in changes
    ]  # fmt: skip


def _move(actor: Actor, returns: Sequence[Return]) -> None:
    """The step every return takes when it is written to; alike for those that stand alike."""
    begun(actor, returns, steps.State.ENTERING)
    groups: dict[tuple[str, tuple[str, ...]], list[int]] = defaultdict(list)
    for of in returns:
        step = steps.Step(steps.Action.ENTER, steps.Role.STATISTICIAN, hand_of(actor))
        standing = steps.take(of.standing, step)
        groups[standing.state, tuple(sorted(standing.hands))].append(of.pk)
    for (state, hands), ids in groups.items():
        for chunk in bulk.chunks(ids):
            Return.objects.filter(pk__in=chunk).update(state=state, hands=list(hands), version=F("version") + 1)


def _event(actor: Actor, plan: ReturnPlan, changes: Sequence[Change], told: str) -> AuditEvent:
    return audit.event(
        actor, "return.enter", plan.of,
        before={_name(change): _plain(change.held) for change in changes},
        after={_name(change): _plain(change.after) for change in changes},
        region_path=plan.of.region.path, institution_id=plan.of.institution_id, reason=told,
    )  # fmt: skip


def _name(change: Change) -> str:
    record, indicator = change.cell
    return f"{record}.{indicator}" if record else indicator


def _plain(value: Decimal | None) -> str | None:
    """A value in the trail, the same whether it was typed as 6000 or stored as 6000.000000."""
    return None if value is None else format(value.normalize(), "f")

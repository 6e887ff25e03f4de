"""One way to write records of the register, one by one or many at once: what changed goes into the trail with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Model

from nengtan.identity.access import Actor
from nengtan.identity.audit import event, keep, record, snapshot
from nengtan.registry.models import Institution

PIECE = 2000
"""Records written between two words on progress."""

Told = Callable[[], dict[str, Any]]
"""The event of a write, asked for once the record has its key."""


def put(actor: Actor, what: str, instance: Model, values: Mapping[str, Any], owner: Institution | None = None) -> bool:
    """Set ``values`` on a record and save it if it is new or different; whether anything was written.

    ``what`` names the record in the trail ("building"); ``owner`` is the institution it belongs to.
    """
    before = snapshot(instance) if instance.pk else None
    _set(instance, values)
    if before is not None and before == snapshot(instance):
        return False
    instance.save()
    record(actor, **_told(what, instance, before, owner))
    return True


def drop(actor: Actor, what: str, instance: Model, owner: Institution) -> None:
    """Take a record out; the trail keeps what it said."""
    before, path = snapshot(instance), owner.region.path
    record(actor, f"{what}.remove", instance, before=before, region_path=path, institution_id=owner.pk)
    instance.delete()


def _set(instance: Model, values: Mapping[str, Any]) -> None:
    for key, value in values.items():
        setattr(instance, key, value)


def _told(what: str, instance: Model, before: Mapping[str, Any] | None, owner: Institution | None) -> dict[str, Any]:
    body: Any = owner or getattr(instance, "institution", None) or instance
    return {
        "action": f"{what}.{'add' if before is None else 'change'}",
        "subject": instance,
        "before": before,
        "after": snapshot(instance),
        "region_path": body.region.path,
        "institution_id": body.pk,
    }


@dataclass
class _Staged:
    instance: Model
    told: Told | None
    fields: set[str]


class Writing:
    """Many records written together: staged one by one, then written and put on record in bulk."""

    def __init__(self, actor: Actor, written: Callable[[int], None] | None = None) -> None:
        """``written`` hears how many records each piece wrote."""
        self.actor, self.written = actor, written or (lambda count: None)
        self.staged: list[_Staged] = []

    def put(self, what: str, instance: Model, values: Mapping[str, Any], owner: Institution | None = None) -> bool:
        """As :func:`put`, in effect with the next :meth:`flush`; whether anything is to be written."""
        before = snapshot(instance) if instance.pk else None
        _set(instance, values)
        if before is not None and before == snapshot(instance):
            return False
        known = _told(what, instance, before, owner) if before is not None else None
        self.stage(instance, set(values), lambda: known or _told(what, instance, None, owner))
        return True

    def stage(self, instance: Model, fields: set[str], told: Told | None = None) -> None:
        """Have a record written: a new one whole, a known one its ``fields``."""
        self.staged.append(_Staged(instance, told, fields))

    def flush(self) -> None:
        """Write what is staged, kind by kind, and its trace."""
        staged, self.staged = self.staged, []
        for model in dict.fromkeys(type(one.instance) for one in staged):
            mine = [one for one in staged if type(one.instance) is model]
            known = [one for one in mine if one.instance.pk is not None]
            for piece in _pieces([one.instance for one in mine if one.instance.pk is None]):
                model._default_manager.bulk_create(piece)
                self.written(len(piece))
            _change(model, known, self.written)
        for piece in _pieces([one.told for one in staged if one.told]):
            keep([event(self.actor, **told()) for told in piece])


def _change(model: type[Model], staged: Sequence[_Staged], written: Callable[[int], None]) -> None:
    """Known records: each set of columns that changes is written by itself."""
    by_fields: dict[frozenset[str], dict[Any, Model]] = {}
    for one in staged:
        by_fields.setdefault(frozenset(one.fields), {})[one.instance.pk] = one.instance
    for fields, instances in by_fields.items():
        for piece in _pieces(list(instances.values())):
            model._default_manager.bulk_create(
                piece, update_conflicts=True, unique_fields=["pk"], update_fields=sorted(fields)
            )
            written(len(piece))


def _pieces(rows: Sequence[Any]) -> Iterator[Any]:
    for start in range(0, len(rows), PIECE):
        yield rows[start : start + PIECE]

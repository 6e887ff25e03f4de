"""What an audit event changed, readable: field names and values in words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db.models import DateTimeField, Field, ForeignKey, Model
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from nengtan.identity import wording
from nengtan.identity.models import AuditEvent
from nengtan.identity.roles import Capability

NONE = "—"
Names = Mapping[tuple[type[Model], str], str]


@dataclass(frozen=True)
class Change:
    """One field, before and after; "" on the side that did not exist."""

    label: str
    before: str
    after: str


def changes(events: Iterable[AuditEvent]) -> dict[int, list[Change]]:
    """What each event changed, by its key; records that are referred to are looked up together."""
    events = list(events)
    names = _names(events)
    return {event.pk: _changes_of(event, names) for event in events}


def text(found: Iterable[Change]) -> str:
    """Changes in one line of a file."""
    return _("; ").join(f"{item.label}: {' → '.join(filter(None, (item.before, item.after)))}" for item in found)


def _changes_of(event: AuditEvent, names: Names) -> list[Change]:
    before, after = event.before, event.after
    found = []
    for key in dict.fromkeys([*(before or {}), *(after or {})]):
        if key == "id":
            continue
        field = _field(event, key)
        old = "" if before is None else _words(field, key, before.get(key), names)
        new = "" if after is None else _words(field, key, after.get(key), names)
        if {old, new} - {"", NONE}:
            found.append(Change(_label(field, key), old, new))
    return found


def _model(event: AuditEvent) -> type[Model] | None:
    try:
        return apps.get_model(event.subject_type)
    except LookupError:
        return None


def _field(event: AuditEvent, key: str) -> Field[Any, Any] | None:
    model = _model(event)
    if model is None:
        return None
    try:
        found = model._meta.get_field(key)
    except FieldDoesNotExist:
        return None
    return found if isinstance(found, Field) else None


def _label(field: Field[Any, Any] | None, key: str) -> str:
    named = field is not None and getattr(field, "_verbose_name", None) is not None
    return capfirst(str(field.verbose_name) if field is not None and named else wording.field_word(key))


def _words(field: Field[Any, Any] | None, key: str, value: Any, names: Names) -> str:
    if value is None or value in ("", [], {}):
        return NONE
    if isinstance(value, bool):
        return pgettext("answer", "yes") if value else pgettext("answer", "no")
    told = wording.value_words(str(field) if field is not None else key)
    if isinstance(value, list):
        return _(", ").join(told(item) if told else _words(None, "", item, names) for item in value)
    if told:
        return told(value)
    if isinstance(value, dict):
        return _("; ").join(
            f"{wording.field_word(key)} {_words(None, key, item, names)}" for key, item in value.items()
        )
    return _plain(field, value, names)


def _plain(field: Field[Any, Any] | None, value: Any, names: Names) -> str:
    if isinstance(field, ForeignKey):
        return names.get((field.related_model, str(value)), str(value))
    if isinstance(field, DateTimeField) and (moment := parse_datetime(str(value))):
        return f"{timezone.localtime(moment):%Y-%m-%d %H:%M}"
    choices = dict(field.flatchoices) if field is not None else {}
    if value in choices:
        return str(choices[value])
    return str(Capability(value).label) if field is None and value in Capability.values else str(value)


def _names(events: Iterable[AuditEvent]) -> Names:
    """What the records referred to are called: one query a kind of record."""
    wanted: dict[type[Model], set[str]] = defaultdict(set)
    for event in events:
        for side in (event.before or {}, event.after or {}):
            for key, value in side.items():
                field = _field(event, key)
                if isinstance(field, ForeignKey) and value is not None:
                    wanted[field.related_model].add(str(value))
    return {
        (model, str(record.pk)): str(record)
        for model, keys in wanted.items()
        for record in model._default_manager.filter(pk__in=keys)
    }

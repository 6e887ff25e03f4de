"""Two at once: whoever changes a record first holds it until done, and the second sees what the first made of it."""

from __future__ import annotations

from django.db.models import Model


def hold(record: Model) -> None:
    """Read a record anew, and keep others from changing it until the transaction ends.

    SQLite has one writer at a time anyway: there reading anew inside the transaction is all that is needed.
    """
    record.refresh_from_db(from_queryset=record._meta.model._base_manager.select_for_update(of=("self",), no_key=True))

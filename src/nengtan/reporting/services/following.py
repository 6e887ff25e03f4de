"""Returns not yet handed in follow the register: a body that moved within the period reports where it stood last."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from nengtan.identity.access import Actor
from nengtan.identity.audit import event, keep, snapshot
from nengtan.ledger.services import bulk
from nengtan.registry.models import Institution, InstitutionSpan
from nengtan.reporting.deadlines import Deadlines
from nengtan.reporting.lateness import HANDED_IN
from nengtan.reporting.models import Return
from nengtan.reporting.services.opening import days_of, home_of

_HOME = ("region", "institution_kind", "system", "superior")


@transaction.atomic
def follow(actor: Actor, institutions: Sequence[Institution]) -> None:
    """After a change of the register: region, type, system and superior of what is not handed in yet.

    What is handed in stays with whom it was handed in to. The day a return is due follows the region, unless it was
    given a day of its own.
    """
    deadlines = Deadlines()
    for chunk in bulk.chunks([body.pk for body in institutions]):
        spans: dict[int, list[InstitutionSpan]] = {}
        rows = InstitutionSpan.objects.filter(institution__in=chunk).select_related("region")
        for span in rows.order_by("institution_id", "valid_from"):
            spans.setdefault(span.institution_id, []).append(span)
        open_ones = Return.objects.filter(institution__in=chunk).exclude(state__in=HANDED_IN)
        moved, events = [], []
        for of in open_ones.select_for_update(of=("self",)).select_related("region", "superior", "institution"):
            last = days_of(of.period)[1]
            held = [span for span in spans.get(of.institution_id, ()) if span.valid_from <= last]
            before = snapshot(of, *_HOME, "due_on")
            home = home_of(held[-1]) if held else {}
            if not home or all(getattr(of, name) == value for name, value in home.items()):
                continue
            if of.due_on == deadlines.due(of.period, of.region):
                of.due_on = deadlines.due(of.period, held[-1].region)
            for name, value in home.items():
                setattr(of, name, value)
            of.version += 1
            moved.append(of)
            events.append(
                event(actor, "return.follow", of, before=before, after=snapshot(of, *_HOME, "due_on"),
                      region_path=of.region.path, institution_id=of.institution_id)
            )  # fmt: skip
        Return.objects.bulk_update(moved, [*_HOME, "due_on", "version"], batch_size=200)
        keep(events)

"""What became of a fact: its corrections, the other facts of its cell, and who may see what proves it."""

from __future__ import annotations

from nengtan.identity.access import Actor
from nengtan.identity.roles import Capability
from nengtan.ledger.models import ActivityFact, Evidence, ImportBatch

LONGEST = 200
"""Corrections followed in either direction."""


def chain_of(actor: Actor, fact: ActivityFact) -> list[ActivityFact]:
    """The fact with what it corrected and what corrected it, oldest first; those the actor may see.

    A figure entered for the wrong body is corrected into one of another body, which not everybody sees.
    """
    facts = ActivityFact.objects.select_related("entered_by", "institution", "supersedes", "superseded_by")
    earlier: list[ActivityFact] = []
    before = fact.supersedes_id
    while before and len(earlier) < LONGEST:
        found = facts.get(pk=before)
        earlier.append(found)
        before = found.supersedes_id
    later: list[ActivityFact] = []
    after = facts.filter(supersedes=fact).first()
    while after is not None and len(later) < LONGEST:
        later.append(after)
        after = facts.filter(supersedes=after).first()
    seen = set(
        ActivityFact.objects.for_actor(actor)
        .filter(pk__in=[item.pk for item in [*earlier, *later]])
        .values_list("pk", flat=True)
    )
    chain = [*reversed(earlier), fact, *later]
    return [item for item in chain if item is fact or item.pk in seen]


def neighbours_of(fact: ActivityFact) -> list[ActivityFact]:
    """Every fact of the same institution, carrier and month: the rule decides among these."""
    cell = ActivityFact.objects.filter(institution=fact.institution_id, carrier=fact.carrier, period=fact.period)
    return list(cell.select_related("building", "meter").order_by("standing", "-id")[:LONGEST])


def visible_evidence(actor: Actor, of: ActivityFact | Evidence) -> Evidence | None:
    """The file behind a fact, for those who may open it.

    A file that came as an import holds figures of all its institutions: it opens for those who see the whole import.
    A file attached to single facts opens for those who see one of them.
    """
    file = of.evidence if isinstance(of, ActivityFact) else of
    if file is None or not actor.can(Capability.VIEW_LINEAGE):
        return None
    batches = ImportBatch.objects.filter(evidence=file)
    if batches.exists():
        seen = batches.for_actor(actor, Capability.VIEW_LINEAGE).exists()
    else:
        seen = ActivityFact.objects.for_actor(actor, Capability.VIEW_LINEAGE).filter(evidence=file).exists()
    return file if seen else None

"""What became of a fact: its corrections, the other facts of its cell, and who may see what proves it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.db.models import Q
from django.utils.translation import gettext as _

from nengtan.identity import wording
from nengtan.identity.access import Actor
from nengtan.identity.models import AuditEvent
from nengtan.identity.roles import Capability
from nengtan.ledger.models import ActivityFact, Evidence, FactorVersion, ImportBatch, YearClosing

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


def known_tellers(facts: Iterable[ActivityFact]) -> dict[int, str | None]:
    """Who entered each fact, by its number: the person, or for commands whoever sat at the console, from the trail.

    None where it was the installation itself.
    """
    told = list(facts)
    events = _events({trace for fact in told if fact.entered_by_id is None for trace in _traces(fact)})
    return {
        fact.pk: str(fact.entered_by)
        if fact.entered_by
        else next((events[trace] for trace in _traces(fact) if trace in events), None)
        for fact in told
    }


def tellers(facts: Iterable[ActivityFact]) -> dict[int, str]:
    """As :func:`known_tellers`, in words for the installation itself too."""
    return {pk: name or _("the platform itself") for pk, name in known_tellers(facts).items()}


def importers(batches: Iterable[ImportBatch]) -> dict[int, str]:
    """Who took each file in, by the number of the import."""
    told = list(batches)
    events = _events({("import.activity", str(batch.pk)) for batch in told if batch.entered_by_id is None})
    return {
        batch.pk: str(batch.entered_by or events.get(("import.activity", str(batch.pk))) or _("the platform itself"))
        for batch in told
    }


def adders(factors: Iterable[FactorVersion]) -> dict[int, str | None]:
    """Who added each version of a factor, by its number; None as in :func:`known_tellers`, and for what was shipped."""
    told = list(factors)
    added = [one for one in told if one.added_by_id is None and not one.shipped]
    events = _events({("factor.add", str(one.pk)) for one in added})
    return {one.pk: str(one.added_by) if one.added_by else events.get(("factor.add", str(one.pk))) for one in told}


def closers(closings: Iterable[YearClosing]) -> dict[int, tuple[str | None, str | None]]:
    """Who closed each year and who reopened it, by the number of the closing; None as in :func:`known_tellers`."""
    told = list(closings)
    acts = (("closed_by", "year.close"), ("reopened_by", "year.reopen"))
    events = _events({(action, str(closing.pk)) for closing in told for _field, action in acts})

    def name(closing: YearClosing, field: str, action: str) -> str | None:
        user = getattr(closing, field)
        return str(user) if user else events.get((action, str(closing.pk)))

    return {
        closing.pk: (name(closing, *acts[0]), name(closing, *acts[1]) if closing.reopened_at else None)
        for closing in told
    }


Trace = tuple[str, str]
"""An action and the record it was done to."""


def _traces(fact: ActivityFact) -> Iterator[Trace]:
    """Where the trail may tell of a fact: itself, the bill it is a part of, what it takes back, its import."""
    for pk in filter(None, (fact.pk, fact.allocated_from_id)):
        yield from (("fact.enter", str(pk)), ("fact.correct", str(pk)))
    if fact.supersedes_id:
        yield ("fact.withdraw", str(fact.supersedes_id))
    if fact.batch_id:
        yield ("import.activity", str(fact.batch_id))


_KINDS = {
    "factor.add": "ledger.factorversion",
    "import.activity": "ledger.importbatch",
    "year.close": "ledger.yearclosing",
    "year.reopen": "ledger.yearclosing",
}
"""What is written of in the trail by an action, where it is no fact."""


def _events(traces: set[Trace]) -> dict[Trace, str | None]:
    if not traces:
        return {}
    wanted = Q()
    for action in {action for action, _key in traces}:
        kind = _KINDS.get(action, "ledger.activityfact")
        keys = [key for name, key in traces if name == action]
        wanted |= Q(subject_type=kind, action=action, subject_id__in=keys)
    nobody = _("the platform itself")
    found = {(event.action, event.subject_id): wording.who(event) for event in AuditEvent.objects.filter(wanted)}
    return {trace: name if name != nobody else None for trace, name in found.items()}

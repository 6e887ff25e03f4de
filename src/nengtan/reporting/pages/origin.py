"""What is behind a cell: facts of the ledger, the register, whoever typed it; and the files behind explanations."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import Http404, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from nengtan import reference
from nengtan.domain import periods
from nengtan.domain.returns.scheme import Indicator, Measure
from nengtan.identity.access import Actor
from nengtan.identity.doors import ActorRequest, page
from nengtan.identity.models import AuditEvent
from nengtan.identity.roles import Capability
from nengtan.ledger.models import ActivityFact, Evidence, Origin
from nengtan.ledger.pages.cells import fact_url, who
from nengtan.ledger.pages.facts import evidence_file
from nengtan.reference import scheme
from nengtan.registry.since import since_word
from nengtan.reporting.models import Return, Value
from nengtan.reporting.pages.sheet import return_or_404
from nengtan.reporting.wording import line_unit, period_word
from nengtan.ui import formats
from nengtan.ui.components import Crumb, EvidenceItem
from nengtan.ui.words import named, unit_word

FACTS_SHOWN = 40


@page(Capability.VIEW_LINEAGE)
def return_cell(request: ActorRequest, pk: int, cell: str) -> HttpResponseBase:
    """Where one cell comes from, in the drawer or on a page of its own."""
    of = return_or_404(request.actor, pk)
    record, _dot, key = cell.rpartition(".")
    indicator = scheme.edition(of.edition).indicators.get(key)
    if indicator is None:
        raise Http404(_("This edition has no such indicator."))
    value = of.values.filter(record=record, indicator=key).select_related("entered_by").first()
    facts, read = (_facts(request.actor, of, indicator, metered=metered) for metered in (False, True))
    context = {
        "return": of, "cell": cell, "name": named(indicator), "unit": line_unit(indicator), "value": value,
        "subject": f"{of.institution} · {period_word(of.period)}", "entered": _entered(value),
        "facts": [_item(fact, indicator) for fact in facts[:FACTS_SHOWN]], "changes": _changes(of, cell),
        "asked": _asked(indicator), "holds_from": _holds_from(value), "decimals": _decimals(value),
        "metered": [_item(fact, indicator) for fact in read[:FACTS_SHOWN]],
        "crumbs": [Crumb(_("Returns"), reverse("returns")), Crumb(str(of.institution), reverse("return", args=[of.pk])),
                   Crumb(named(indicator))],
    }  # fmt: skip
    return render(request, "reporting/cell.html", context)


def _asked(indicator: Indicator) -> tuple[str, str]:
    """Where an indicator is asked for and what is said of it, in the reader's language."""
    english = (get_language() or "").startswith("en")
    return (indicator.source, indicator.note) if english else (indicator.source_zh, indicator.note_zh)


def _decimals(value: Value | None) -> int:
    """Counts without decimals, others with two; every digit stands behind."""
    number = value.value if value else None
    return 0 if number is None or number == number.to_integral_value() else 2


def _holds_from(value: Value | None) -> str:
    """Since when the register's value holds, where it comes from there."""
    since = value.source.get("valid_from", "") if value else ""
    return since_word(since) if since else ""


def _facts(actor: Actor, of: Return, indicator: Indicator, *, metered: bool = False) -> QuerySet[ActivityFact]:
    """The facts that count towards a quantity or its cost, of those the actor may see; or what meters read beside."""
    quantity = scheme.edition(of.edition).indicators.get(indicator.cost_of or "", indicator)
    months = of.period.months
    if indicator.form != 2 or not quantity.carrier or quantity.parent is not None:
        return ActivityFact.objects.none()
    visible = ActivityFact.objects.for_actor(actor, Capability.VIEW_LINEAGE)
    if metered:
        standing = (ActivityFact.Standing.OUTRANKED, ActivityFact.Standing.ALLOCATED)
        visible = visible.filter(origin=Origin.METER, item="", standing__in=standing, superseded_by=None)
    else:
        visible = visible.counting()
    return visible.filter(
        institution=of.institution_id, carrier=quantity.carrier, period__range=(months[0], months[-1])
    ).order_by("period", "id")


def _item(fact: ActivityFact, indicator: Indicator) -> EvidenceItem:
    is_cost = indicator.measure is Measure.COST
    unit = unit_word("CNY") if is_cost else unit_word(reference.carriers()[fact.carrier].unit)
    amount = formats.exact(fact.cost if is_cost else fact.quantity)
    text = f"{periods.label(fact.period)} {amount} {unit}"
    about = f"{fact.get_origin_display()} {fact.bill_no}".strip()
    if fact.share is not None:
        about += " · " + _("%(share)s of a shared bill") % {"share": formats.percent(fact.share)}
    return EvidenceItem(text, about, fact_url(fact))


def _entered(value: Value | None) -> str:
    if value is None:
        return ""
    told = {"who": who(value.entered_by), "when": f"{timezone.localtime(value.entered_at):%Y-%m-%d %H:%M}"}
    return _("%(who)s, %(when)s") % told


def _changes(of: Return, cell: str) -> list[EvidenceItem]:
    """Every time somebody wrote this cell, the latest first."""
    events = AuditEvent.objects.filter(
        subject_type="reporting.return", subject_id=str(of.pk), action="return.enter", after__has_key=cell
    ).order_by("-id")
    return [
        EvidenceItem(
            f"{formats.exact((event.before or {}).get(cell))} → {formats.exact((event.after or {}).get(cell))}",
            f"{event.who} {timezone.localtime(event.at):%Y-%m-%d %H:%M}",
        )
        for event in events
    ]


@page(Capability.VIEW_LINEAGE)
def return_evidence(request: ActorRequest, pk: int, sha256: str) -> HttpResponseBase:
    """The file behind an explanation of this return, exactly as it came in; never shown inside the site."""
    of = return_or_404(request.actor, pk, Capability.VIEW_LINEAGE)
    found = get_object_or_404(Evidence.objects.filter(pk__in=of.explanations.values("evidence")), sha256=sha256)
    return evidence_file(found)

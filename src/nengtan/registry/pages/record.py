"""The record of one institution, tab by tab, and its changes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from nengtan import reference
from nengtan.identity import diffs, wording
from nengtan.identity.doors import ActorRequest, page
from nengtan.identity.pages.forms import take_errors
from nengtan.identity.queries import events_for
from nengtan.identity.roles import Capability
from nengtan.registry.models import Attribute, Contact, Institution, InstitutionEvent, Meter
from nengtan.registry.pages.forms import EventForm, InstitutionForm, SizeForm
from nengtan.registry.pages.parts import PARTS, PartForm
from nengtan.registry.pages.tables import particulars_text, record_url, state_html
from nengtan.registry.queries.endings import months_after
from nengtan.registry.services import record_event, remove_contact, save_institution, set_attribute
from nengtan.registry.services.institutions import keeper_words, keeps
from nengtan.registry.services.intake.schema import asset_word
from nengtan.registry.wording import after_words
from nengtan.ui.components import Crumb, Definition, Tab
from nengtan.ui.words import carrier_word, kind_word, named, system_word

EVENTS_SHOWN = 100


def _body(request: ActorRequest, code: str, capability: str = Capability.VIEW_DETAIL) -> Institution:
    rows = Institution.objects.for_actor(request.actor, capability).select_related("region", "superior", "host")
    return get_object_or_404(rows, code=code)


def _may_write(request: ActorRequest, body: Institution) -> bool:
    rows = Institution.objects.for_actor(request.actor, Capability.WRITE_REGISTRY)
    return request.actor.can(Capability.WRITE_REGISTRY) and rows.filter(pk=body.pk).exists()


def _crumbs(body: Institution | None, *more: str) -> list[Crumb]:
    crumbs = [Crumb(gettext("Register"), reverse("institutions"))]
    if body is not None:
        crumbs.append(Crumb(body.name, record_url(body.code) if more else ""))
    return crumbs + [Crumb(label) for label in more]


def _tabs(body: Institution, shown: str) -> list[Tab]:
    words = {
        "basic": gettext("Basic data"), "dated": gettext("Dated values"), "buildings": gettext("Buildings"),
        "meters": gettext("Meters"), "assets": gettext("Equipment"), "contacts": gettext("Contacts"),
    }  # fmt: skip
    tabs = [Tab(word, record_url(body.code, tab), tab == shown) for tab, word in words.items()]
    return [
        *tabs,
        Tab(gettext("Events and history"), reverse("institution_history", args=[body.code]), shown == "history"),
    ]


def _context(request: ActorRequest, body: Institution, shown: str) -> dict[str, Any]:
    return {
        "body": body,
        "kind": kind_word(body.kind),
        "state": state_html(body),
        "tabs": _tabs(body, shown),
        "tab": shown,
        "may_write": _may_write(request, body),
        "may_keep": keeps(request.actor, body),
        "crumbs": _crumbs(body),
    }


@page(Capability.VIEW_DETAIL)
def institution_record(request: ActorRequest, code: str) -> HttpResponseBase:
    """Basic data, or what the tab asks for."""
    body = _body(request, code)
    tab = request.GET.get("tab", "basic")
    builders: dict[str, Callable[[ActorRequest, Institution], dict[str, Any]]] = {
        "basic": _basic, "dated": _dated, "buildings": _buildings, "meters": _meters, "assets": _assets,
        "contacts": _contacts,
    }  # fmt: skip
    if tab not in builders:
        tab = "basic"
    context = _context(request, body, tab) | builders[tab](request, body)
    return render(request, f"registry/record/{tab}.html", context)


def _basic(request: ActorRequest, body: Institution) -> dict[str, Any]:
    position = f"{body.lat:.5f}, {body.lon:.5f}" if body.lat is not None and body.lon is not None else ""
    identity = [
        (gettext("Code"), body.code), (gettext("Unified social credit code"), body.credit_code or ""),
        (gettext("Type"), kind_word(body.kind)), (gettext("System"), system_word(body.system)),
        (gettext("Region"), str(body.region)), (gettext("Superior body"), str(body.superior or "")),
        (gettext("Reports to"), body.get_reports_to_display()), (gettext("Established on"), body.established_on or ""),
        (gettext("Closed on"), body.closed_on or ""), (gettext("Remark"), body.note),
    ]  # fmt: skip
    place = [
        (gettext("Address"), body.address), (gettext("Position"), position),
        (gettext("Office"), body.get_occupancy_display()),
        (gettext("Utility account"), body.get_utility_account_display()),
        (gettext("Account held by"), str(body.host or "")),
        (gettext("Shared bills are divided"), body.get_allocation_display()),
        (gettext("Agreed share"), body.share if body.share is not None else ""),
        (gettext("Carriers to report"), gettext(", ").join(carrier_word(one) for one in body.carriers)),
    ]  # fmt: skip
    shown: dict[str, list[tuple[str, Any]]] = {"identity": identity, "place": place}
    return {
        key: [Definition(term, value if value != "" else "—") for term, value in rows] for key, rows in shown.items()
    }


def _dated(request: ActorRequest, body: Institution) -> dict[str, Any]:
    rows = Attribute.objects.filter(institution=body) | Attribute.objects.filter(building__institution=body)
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for one in rows.select_related("building", "entered_by").order_by("building__code", "key", "valid_from"):
        place = one.building.name if one.building else ""
        groups.setdefault((str(one.get_key_display()), place), []).append({"one": one, "until": None})
    for held in groups.values():
        for earlier, later in pairwise(held):
            earlier["until"] = later["one"].valid_from
        held.reverse()
    ordered = sorted(groups.items(), key=lambda pair: bool(pair[0][1]))
    return {"groups": [{"key": key, "place": place, "rows": held} for (key, place), held in ordered]}


def _buildings(request: ActorRequest, body: Institution) -> dict[str, Any]:
    own = list(body.buildings.order_by("code"))
    areas: dict[int, Attribute] = {}
    for one in Attribute.objects.filter(building__in=own, key="area_m2").order_by("valid_from"):
        areas[one.building_id or 0] = one
    for building in own:
        building.area = areas.get(building.pk)  # type: ignore[attr-defined]
        building.use_word = named(reference.building_uses().get(building.use), building.use)  # type: ignore[attr-defined]
    parts = body.occupancies.select_related("building", "building__institution").order_by(
        "building__code", "valid_from"
    )
    others = [
        one
        for building in own
        for one in building.occupancies.select_related("institution", "building").order_by("valid_from")
        if one.institution_id != body.pk
    ] if len(own) <= 12 else []  # fmt: skip
    return {"buildings": own, "occupancies": parts, "others": others}


def _meters(request: ActorRequest, body: Institution) -> dict[str, Any]:
    mine = list(Meter.objects.filter(institution=body).select_related("building", "parent", "parent__institution"))
    below: dict[int | None, list[Meter]] = {}
    ids = {meter.pk for meter in mine}
    for meter in mine:
        below.setdefault(meter.parent_id if meter.parent_id in ids else None, []).append(meter)
    lines: list[dict[str, Any]] = []

    def walk(parent: int | None, depth: int) -> None:
        for meter in below.get(parent, ()):
            lines.append(
                {
                    "meter": meter,
                    "depth": depth,
                    "indent": "\u3000" * min(depth - 1, 6),
                    "carrier": carrier_word(meter.carrier),
                    "item": named(reference.item_codes().get(meter.item), meter.item),
                    "outside": meter.parent if meter.parent_id and meter.parent_id not in ids else None,
                }
            )
            walk(meter.pk, depth + 1)

    walk(None, 0)
    return {"lines": lines}


def _assets(request: ActorRequest, body: Institution) -> dict[str, Any]:
    order = {code: place for place, code in enumerate(reference.asset_kinds())}
    rows = body.assets.select_related("building")
    lines = [
        {"asset": one, "kind": asset_word(one.kind), "particulars": particulars_text(one)}
        for one in sorted(rows, key=lambda one: (order.get(one.kind, 99), one.name))
    ]
    return {"lines": lines, "kinds": [(code, asset_word(code)) for code in reference.asset_kinds()]}


def _contacts(request: ActorRequest, body: Institution) -> dict[str, Any]:
    return {"contacts": body.contacts.order_by("role", "name")}


@page(Capability.VIEW_DETAIL)
def institution_history(request: ActorRequest, code: str) -> HttpResponseBase:
    """What it was called and where it belonged, the events, and who changed what."""
    body = _body(request, code)
    events = InstitutionEvent.objects.filter(parties__institution=body).distinct()
    trail: list[dict[str, Any]] = []
    if request.actor.can(Capability.VIEW_AUDIT):
        found = list(events_for(request.actor).filter(institution=body).order_by("-id")[:EVENTS_SHOWN])
        changed = diffs.changes(found)
        trail = [
            {
                "event": one,
                "who": wording.who(one),
                "action": wording.action(one.action),
                "changes": changed[one.pk][:8],
            }
            for one in found
            if one.subject_type.startswith("registry.")
        ]
    spans = list(body.spans.select_related("region", "superior").order_by("-valid_from"))
    context = _context(request, body, "history") | {
        "spans": [{"span": span, "kind": kind_word(span.kind)} for span in spans],
        "events": [_told(event) for event in events.prefetch_related("parties__institution__spans")],
        "trail": trail,
        "may_audit": request.actor.can(Capability.VIEW_AUDIT),
    }
    return render(request, "registry/record/history.html", context)


def _told(event: InstitutionEvent) -> dict[str, Any]:
    """An event with its parties as they were called the day before it, and on its day."""
    sides: dict[str, list[str]] = {"before": [], "after": []}
    days = {"before": event.effective_on - timedelta(days=1), "after": event.effective_on}
    for part in event.parties.all():
        sides[part.side].append(_name_on(part.institution, days[part.side]))
    if event.kind == InstitutionEvent.Kind.RENAMED and not sides["after"]:
        sides["after"] = [_name_on(part.institution, event.effective_on) for part in event.parties.all()]
    return {"event": event, "before": gettext(", ").join(sides["before"]), "after": gettext(", ").join(sides["after"])}


def _name_on(body: Institution, day: date) -> str:
    held = [span for span in body.spans.all() if span.valid_from <= day]
    return max(held, key=lambda span: span.valid_from).name if held else body.name


@page(Capability.WRITE_REGISTRY)
def institution_edit(request: ActorRequest, code: str) -> HttpResponseBase:
    """Mend the record; what happened on a day is an event."""
    body = _body(request, code, Capability.WRITE_REGISTRY)
    form = InstitutionForm(request.actor, body, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            saved = save_institution(request.actor, form.input(), body)
        except ValidationError as error:
            take_errors(form, error)
        else:
            messages.success(request, gettext("Saved."))
            return redirect("institution_record", saved.code)
    fixed = "" if form.keeps else keeper_words(body)
    context = {"form": form, "body": body, "fixed": fixed, "crumbs": _crumbs(body, gettext("Edit"))}
    return render(request, "registry/institution_form.html", context)


@page(Capability.KEEP_INSTITUTIONS)
def institution_add(request: ActorRequest) -> HttpResponseBase:
    """A new institution with its first area and headcount."""
    form, sizes = InstitutionForm(request.actor, None, request.POST or None), SizeForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and sizes.is_valid():
        try:
            body = _add(request, form, sizes)
        except ValidationError as error:
            take_errors(form, error)
        else:
            messages.success(request, gettext("%(name)s is in the register.") % {"name": body.name})
            return redirect("institution_record", body.code)
    context = {"form": form, "sizes": sizes, "crumbs": _crumbs(None, gettext("Add an institution"))}
    return render(request, "registry/institution_form.html", context)


@transaction.atomic
def _add(request: ActorRequest, form: InstitutionForm, sizes: SizeForm) -> Institution:
    from django.utils import timezone

    body = save_institution(request.actor, form.input())
    since = sizes.cleaned_data.pop("valid_from") or body.established_on
    since = since or timezone.localdate().replace(month=1, day=1)
    for key, value in sizes.cleaned_data.items():
        if value is not None:
            set_attribute(request.actor, body, key, since, Decimal(value))
    return body


@page(Capability.KEEP_INSTITUTIONS)
def institution_event(request: ActorRequest, code: str) -> HttpResponseBase:
    """Record something that happened to the body."""
    body = _body(request, code, Capability.KEEP_INSTITUTIONS)
    form = EventForm(request.actor, body, request.POST or None)
    form.initial["kind"] = request.GET.get("kind", "renamed")
    if request.method == "POST" and form.is_valid():
        try:
            record_event(request.actor, form.input())
        except ValidationError as error:
            take_errors(form, error)
        else:
            messages.success(request, gettext("The event is recorded; the register follows it."))
            for ended, months in months_after(form.input().before).items():
                messages.warning(request, after_words(ended, months))
            return redirect("institution_history", body.code)
    context = {"form": form, "body": body, "crumbs": _crumbs(body, gettext("Record an event"))}
    return render(request, "registry/event_form.html", context)


@page(Capability.WRITE_REGISTRY)
def institution_part(request: ActorRequest, code: str, part: str, pk: int | None = None) -> HttpResponseBase:
    """Add or change what belongs to the body: a building, an occupancy, a meter, equipment, a contact, a value."""
    body = _body(request, code, Capability.WRITE_REGISTRY)
    kind = PARTS.get(part)
    if kind is None or (pk is not None and part == "value"):
        raise Http404
    record = get_object_or_404(kind.model._default_manager.filter(institution=body), pk=pk) if pk else None
    preset = {"kind": request.GET.get("kind", "")}
    form = kind(request.actor, body, record, request.POST or None, preset)
    if request.method == "POST" and form.is_valid():
        try:
            form.save()
        except ValidationError as error:
            take_errors(form, error)
        else:
            messages.success(request, gettext("Saved."))
            return redirect(record_url(body.code, kind.tab))
    return render(request, "registry/part_form.html", _part_context(body, kind, form, record))


def _part_context(body: Institution, kind: type[PartForm], form: PartForm, record: Any) -> dict[str, Any]:
    return {
        "form": form,
        "body": body,
        "title": kind.title,
        "record": record,
        "removable": isinstance(record, Contact),
        "back": record_url(body.code, kind.tab),
        "crumbs": _crumbs(body, str(kind.title)),
    }


@require_POST
@page(Capability.WRITE_REGISTRY)
def contact_remove(request: ActorRequest, code: str, pk: int) -> HttpResponseBase:
    """Take somebody off the list."""
    body = _body(request, code, Capability.WRITE_REGISTRY)
    remove_contact(request.actor, get_object_or_404(body.contacts, pk=pk))
    messages.success(request, gettext("Removed."))
    return redirect(record_url(body.code, "contacts"))

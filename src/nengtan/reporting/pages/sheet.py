"""One return: its forms, cell by cell, saved and reviewed while somebody types."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from nengtan.domain.returns.steps import State
from nengtan.identity.access import Actor
from nengtan.identity.doors import ActorRequest, page
from nengtan.identity.roles import Capability
from nengtan.reporting.closing import closed_word, closings
from nengtan.reporting.filling import Filling, cell_name, fill_in
from nengtan.reporting.models import Return
from nengtan.reporting.models.returns import STATES
from nengtan.reporting.pages import live
from nengtan.reporting.pages.forms import ExplainForm
from nengtan.reporting.pages.headers import marks_of
from nengtan.reporting.pages.history import history_of
from nengtan.reporting.pages.lists import late_badge, state_badge
from nengtan.reporting.pages.typed import Typed, read_cells
from nengtan.reporting.queries import visible
from nengtan.reporting.services import CellChange, Conflict, Saved, explain_with_file, save_cells
from nengtan.reporting.services.workbooks import BASE_FORMS
from nengtan.reporting.services.workbooks.gathering import Gathered
from nengtan.reporting.turns import can_enter
from nengtan.reporting.wording import line_unit, period_word, title_word
from nengtan.ui import formats
from nengtan.ui.components import Crumb, Definition, Step, Tab
from nengtan.ui.words import named

__all__ = ["return_or_404"]


def return_or_404(actor: Actor, pk: int, capability: str = Capability.VIEW_DETAIL) -> Return:
    """A return the actor may use ``capability`` on."""
    return get_object_or_404(visible(actor, capability), pk=pk)


@page(Capability.VIEW_DETAIL)
def return_page(request: ActorRequest, pk: int) -> HttpResponseBase:
    """The forms of the return's own edition."""
    of = return_or_404(request.actor, pk)
    may = can_enter(request.actor, of)
    filling = fill_in(of, room=_new_room(request) if may else "")
    period = period_word(of.period)
    context = {
        "return": of, "closed": _closed(of), "period": period, "may": may, "state": state_badge(of),
        "late": late_badge(of),
        "edition": title_word(filling.edition), "path": _path(of), "summary": live.summary(filling),
        "bar": live.bar(request.actor, filling, may), "tabs": _tabs(filling), "sections": _sections(filling, may),
        "with_previous": of.period.previous != of.period.last_year,
        "with_base": any(line.base is not None for line in filling.lines),
        "history": history_of(of, filling.edition), "basics": _basics(filling),
        "marks": marks_of(filling.edition, BASE_FORMS),
        "basics_title": title_word(filling.edition.forms[1]),
        "institution_url": reverse("institution_record", args=[of.institution.code]),
        "crumbs": [Crumb(_("Returns"), reverse("returns")), Crumb(f"{of.institution} {period}")],
    }  # fmt: skip
    return render(request, "reporting/return.html", context)


def _closed(of: Return) -> str:
    """That the body was closed, what it still owes, and who reports from then on."""
    closing = closings([of]).get(of.pk)
    return closed_word(of, closing) if closing else ""


def _basics(filling: Filling) -> list[Definition]:
    """Form 1, which the register fills in."""
    texts = Gathered([filling.of], {filling.of.pk: filling.stored}).basics(filling.of)
    fields = [item for item in filling.edition.fields if item.part == "form1"]
    return [Definition(named(item), texts.get(item.code, "")) for item in fields]


def _new_room(request: ActorRequest) -> str:
    """The code of a room about to be added."""
    return "".join(char for char in request.GET.get("room", "").strip() if char.isalnum())[:4]


def _path(of: Return) -> list[Step]:
    """The stations of a return; one sent back stands where it is filled in."""
    stations = [word for word in STATES if word[0] is not State.RETURNED]
    here = State.ENTERING if of.state == State.RETURNED else State(of.state)
    at = [state for state, _word in stations].index(here)
    return [
        Step(word, "done" if place < at else "current" if place == at else "todo")
        for place, (_state, word) in enumerate(stations)
    ]


def _tabs(filling: Filling) -> list[Tab]:
    found: dict[int, Tab] = {}
    for section in filling.sections:
        number = section.form.number
        count = (found[number].count or 0 if number in found else 0) + section.open
        found[number] = Tab(title_word(section.form), f"#form-{number}", False, count or None)
    return list(found.values())


def _sections(filling: Filling, may: bool) -> list[dict[str, Any]]:
    last = {section.form.number: section for section in filling.sections}
    return [
        {
            "section": section,
            "first": section is next(one for one in filling.sections if one.form is section.form),
            "last": section is last[section.form.number],
            "title": title_word(section.form),
            "next_room": f"{1 + sum(one.form is section.form for one in filling.sections if one.record):04d}",
            "rows": [
                {
                    "line": line, "name": named(line.indicator), "unit": line_unit(line.indicator),
                    "shown": live.shown(line), "live": live.parts(filling.of, line, may),
                    "indent": "·" * line.depth,
                }
                for line in section.lines
            ],
        }
        for section in filling.sections
    ]  # fmt: skip


@require_POST
@page(Capability.VIEW_DETAIL)
def return_check(request: ActorRequest, pk: int) -> HttpResponseBase:
    """What the rules say of what is typed; nothing is stored."""
    of = return_or_404(request.actor, pk)
    typed = read_cells(request)
    filling = fill_in(of, {(one.record, one.indicator): one.value for one in typed if not one.problem})
    return JsonResponse(live.answer(request.actor, filling, refused=_refused(typed), conflicts={}))


@require_POST
@page(Capability.ENTER_RETURNS)
def return_cells(request: ActorRequest, pk: int) -> HttpResponseBase:
    """Store what was typed, cell by cell: what cannot be taken and what others changed is told, the rest is kept."""
    of = return_or_404(request.actor, pk, Capability.ENTER_RETURNS)
    typed = read_cells(request)
    refused = _refused(typed)
    try:
        saved, wrong = _store(request.actor, of, [one for one in typed if not one.problem])
    except ValidationError as error:
        return JsonResponse({"closed": " ".join(error.messages)}, status=409)
    told = {cell_name(one.change.record, one.change.indicator): _told(request.actor, one) for one in saved.conflicts}
    stored = {cell_name(value.record, value.indicator): value.version for value in saved.held}
    return JsonResponse(live.answer(request.actor, fill_in(of), refused=refused | wrong, conflicts=told, stored=stored))


def _refused(typed: list[Typed]) -> dict[str, str]:
    return {one.name: one.problem for one in typed if one.problem}


def _store(actor: Actor, of: Return, typed: list[Typed]) -> tuple[Saved, dict[str, str]]:
    """Store cells; those the service refuses are told by name, and the others stored without them."""
    changes = [CellChange(one.indicator, one.value, one.seen, one.record) for one in typed]
    wrong: dict[str, str] = {}
    try:
        return save_cells(actor, of, changes), wrong
    except ValidationError as error:
        if not hasattr(error, "error_dict"):
            raise
        wrong = {name: " ".join(messages) for name, messages in error.message_dict.items()}
    left = [one for one in changes if cell_name(one.record, one.indicator) not in wrong]
    return (save_cells(actor, of, left) if left else Saved()), wrong


def _told(actor: Actor, conflict: Conflict) -> dict[str, Any]:
    """A cell somebody else changed, or the same person in another window: what stands there, who wrote it and when."""
    held = conflict.held
    value = "" if held is None or held.value is None else formats.exact(held.value)
    who = str(held.entered_by) if held and held.entered_by else _("the platform itself")
    if held and held.entered_by is not None and held.entered_by == actor.user:
        who = _("you yourself, in another window,")
    when = timezone.localtime(held.entered_at).strftime("%H:%M") if held else ""
    words = _("Meanwhile %(who)s wrote “%(value)s” at %(when)s.") % {"who": who, "value": value, "when": when}
    return {"words": words, "shown": value, "version": held.version if held else 0}


@require_POST
@page(Capability.ENTER_RETURNS)
def return_explain(request: ActorRequest, pk: int) -> HttpResponseBase:
    """Keep why a flagged value is right, maybe with a file."""
    of = return_or_404(request.actor, pk, Capability.ENTER_RETURNS)
    form = ExplainForm(request.POST, request.FILES)
    if not form.is_valid():
        return JsonResponse(
            {"closed": " ".join(str(word) for words in form.errors.values() for word in words)}, status=422
        )
    try:
        explain_with_file(request.actor, of, **form.told())
    except ValidationError as error:
        place = {name: form.cleaned_data[name] for name in ("rule", "record", "indicator")}
        held = of.explanations.filter(**place).first()
        return JsonResponse({"closed": " ".join(error.messages), "seen": held.text if held else ""}, status=409)
    return JsonResponse(live.answer(request.actor, fill_in(of), refused={}, conflicts={}))

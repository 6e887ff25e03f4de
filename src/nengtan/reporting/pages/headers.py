"""The headers of the forms: what stands in them, where it was read, entered and taken back by the administrator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from nengtan.domain.returns.scheme import Edition
from nengtan.identity.doors import ActorRequest, page
from nengtan.identity.roles import Capability
from nengtan.ledger.pages.forms import add_errors
from nengtan.reference import scheme
from nengtan.reporting.header_wording import STATES, field_word, form_word
from nengtan.reporting.models import HeaderSetting
from nengtan.reporting.services.headers import OF_A_FORM, HeaderLine, Headers, drop_header, header_line, set_header
from nengtan.reporting.wording import title_word
from nengtan.ui.components import Crumb, Definition, EvidenceItem, Judgement, badge_html
from nengtan.ui.tables import ChoiceFilter, Column, Table
from nengtan.ui.words import named

_JUDGED: dict[str, Judgement] = {"set": "good", "verified": "good", "unverified": "warn", "unknown": "warn"}


class HeaderForm(forms.Form):
    """A mark as a document states it."""

    value = forms.CharField(label=_("What the document says"), max_length=80)
    source = forms.CharField(label=_("The document it was read in"), max_length=200)
    reason = forms.CharField(label=_("Reason"), max_length=400, required=False)


class DropForm(forms.Form):
    """Back to what is shipped."""

    reason = forms.CharField(label=_("Reason"), max_length=400)


def marks_of(edition: Edition, forms: Sequence[int]) -> list[Definition]:
    """What the headers of some forms say, as they are printed: the number of each, and what they share."""
    held, names = Headers(), {item.code: item for item in edition.fields if item.part == "header"}
    texts = {number: held.texts(edition.code, edition.forms[number]) for number in forms}
    numbers = " · ".join(f"{number} {text[OF_A_FORM] or '—'}" for number, text in texts.items())
    shared = {field: text for field, text in texts[forms[0]].items() if field != OF_A_FORM}
    return [
        Definition(named(names[OF_A_FORM]), numbers),
        *(Definition(named(names[field]), text or gettext("not known")) for field, text in shared.items()),
    ]


def _crumbs(last: str = "") -> list[Crumb]:
    here = [Crumb(last)] if last else []
    return [Crumb(gettext("Form headers"), reverse("headers") if last else ""), *here]


def _title(line: HeaderLine) -> str:
    return f"{line.edition} · {form_word(line.form)} · {field_word(line.field)}"


def _url(line: HeaderLine) -> str:
    return reverse("header", args=[line.edition, line.field, line.form])


def _state(line: HeaderLine) -> SafeString:
    return badge_html(_JUDGED[line.state], STATES[line.state])


@page(Capability.MANAGE_SCHEME)
def headers(request: ActorRequest) -> HttpResponseBase:
    """Every mark of every edition."""
    held = Headers()
    lines = [line for code in reversed(list(scheme.editions())) for line in held.lines(code)]
    table = Table(
        lines, request, id="headers", caption=_("Form headers"), page_sizes=(50, 100),
        columns=(
            Column("edition", _("Edition"), sort=True, priority=1),
            Column("form", _("Form"), value=lambda line: form_word(line.form)),
            Column("field", _("Header field"), value=lambda line: field_word(line.field), href=_url),
            Column("value", _("Value"), value=lambda line: line.value or "—"),
            Column("state", _("State"), render=_state, export=lambda line: STATES[line.state], sort=True),
            Column("source", _("Read in"), value=lambda line: line.setting.source if line.is_set else ""),
        ),
        filters=(
            ChoiceFilter("edition", _("Edition"), choices=lambda: [(code, code) for code in scheme.editions()]),
            ChoiceFilter("state", _("State"), choices=list(STATES.items())),
        ),
    )  # fmt: skip
    if (answer := table.answer()) is not None:
        return answer
    unread = sum(line.state in ("unverified", "unknown") for line in lines)
    return render(request, "reporting/headers.html", {"table": table, "unread": unread, "crumbs": _crumbs()})


@page(Capability.MANAGE_SCHEME)
def header(request: ActorRequest, edition: str, field: str, form: int) -> HttpResponseBase:
    """One mark: as it stands, to be entered, what it was before."""
    line = _line_or_404(edition, field, form)
    held = {"value": line.value, "source": line.setting.source if line.setting and line.is_set else ""}
    entry = HeaderForm(request.POST or None, initial=held)
    if entry.is_valid():
        told = entry.cleaned_data
        try:
            set_header(request.actor, edition, field, told["value"], told["source"], told["reason"], form)
        except ValidationError as error:
            add_errors(entry, error)
        else:
            messages.success(request, gettext("Forms bear it from now on."))
            return redirect("headers")
    return _header_page(request, line, entry)


@require_POST
@page(Capability.MANAGE_SCHEME)
def header_drop(request: ActorRequest, edition: str, field: str, form: int) -> HttpResponseBase:
    """Let what is shipped hold again."""
    line, entry = _line_or_404(edition, field, form), DropForm(request.POST, auto_id="drop_%s")
    if entry.is_valid():
        try:
            drop_header(request.actor, edition, field, entry.cleaned_data["reason"], form)
        except ValidationError as error:
            add_errors(entry, error)
        else:
            messages.success(request, gettext("What is shipped holds again."))
            return redirect("headers")
    return _header_page(request, line, HeaderForm(initial={"value": line.value}), drop_form=entry)


def _line_or_404(edition: str, field: str, form: int) -> HeaderLine:
    try:
        return header_line(edition, field, form)
    except ValidationError as error:
        raise Http404 from error


def _header_page(request: ActorRequest, line: HeaderLine, entry: HeaderForm, **more: Any) -> HttpResponseBase:
    context = {
        "line": line, "title": _title(line), "of": _name(line), "state": _state(line), "form": entry,
        "url": _url(line), "drop_url": reverse("header_drop", args=[line.edition, line.field, line.form]),
        "drop_form": DropForm(auto_id="drop_%s"), "history": _history(line), "crumbs": _crumbs(_title(line)), **more,
    }  # fmt: skip
    return render(request, "reporting/header.html", context)


def _name(line: HeaderLine) -> str:
    """The edition, or the form the mark is of, by its title."""
    of = scheme.edition(line.edition)
    return title_word(of.forms[line.form] if line.form else of)


def _history(line: HeaderLine) -> list[EvidenceItem]:
    """What was entered, latest first: what, where it was read, who, when, why."""
    rows = HeaderSetting.objects.filter(edition=line.edition, form=line.form, field=line.field).select_related("by")
    return [
        EvidenceItem(
            row.value if row.value is not None else gettext("as shipped"),
            f"{row.source} {row.by or gettext('the platform itself')} {localtime(row.at):%Y-%m-%d %H:%M} {row.reason}",
        )
        for row in rows.order_by("-id")
    ]  # fmt: skip

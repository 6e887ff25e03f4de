"""Returns as workbooks on pages: take the forms away, send them back, see what would change, take all or some."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from nengtan.domain.returns import slots
from nengtan.domain.returns.review.rules import Severity
from nengtan.identity.access import Actor
from nengtan.identity.doors import ActorRequest, page
from nengtan.identity.roles import Capability
from nengtan.ledger.pages.forms import add_errors
from nengtan.reference import scheme
from nengtan.registry.models import Region
from nengtan.reporting.models import Return
from nengtan.reporting.pages.places import region_choices
from nengtan.reporting.queries.bench import periods_of
from nengtan.reporting.services import workbooks
from nengtan.reporting.wording import period_word, severity_word, title_word
from nengtan.reporting.workbook_wording import changes_told, findings_told, marked_problems, said
from nengtan.ui import drafts, sending
from nengtan.ui.components import Crumb, Judgement, badge_html
from nengtan.ui.drafts import Draft
from nengtan.ui.sheets import wording
from nengtan.ui.sheets.refused import Refused
from nengtan.ui.sheets.wording import MOST_TOLD
from nengtan.ui.sheets.wording import told as told_problem
from nengtan.ui.tables import Column, Table

__all__ = ["PURPOSE"]

PURPOSE = "returns"
LARGE = 2**20
"""Bytes from which a file is taken in by the worker, with progress."""

NOTES_SHOWN = 60


class SendForm(forms.Form):
    """A workbook of returns."""

    file = forms.FileField(
        label=_("File"),
        help_text=_("The forms as downloaded, or a row for each return: Excel, WPS, OpenDocument or CSV."),
        widget=forms.ClearableFileInput(attrs={"accept": ".xlsx,.xls,.ods,.csv,.tsv,.txt"}),
    )


class TakeAwayForm(forms.Form):
    """Which region and period to take away, and how."""

    region = forms.CharField(label=_("Region"), help_text=_("six-digit code, such as 420106"), max_length=20)
    period = forms.CharField(
        label=_("Period"), help_text=_("2025-00 is a year, 2025-03 a month, 2025-Q1 a quarter."), max_length=8
    )
    what = forms.ChoiceField(
        label=_("Workbook"),
        choices=[
            ("rows", _("a row for each return, to fill in")),
            ("forms", _("forms 1 to 4 of every institution")),
            ("summary", _("forms 5 to 8 of the region")),
        ],
    )

    def offer(self, actor: Actor) -> None:
        """Let the actor choose among the regions overseen and the periods opened there, the own and the last first."""
        scope = actor.scope_for(Capability.OVERSEE_RETURNS)
        if not scope.granted:
            return
        own = Region.objects.get(path=min(scope.granted, key=len))
        regions, opened = region_choices(actor, own), periods_of(actor, own)
        for name, offered in (
            ("region", regions), ("period", [(str(period), period_word(period)) for period in opened])
        ):  # fmt: skip
            field = self.fields[name]
            known = {code for code, _word in offered}
            given = self.data.get(name, "")
            if offered and (not given or given in known):
                field.widget, field.help_text = forms.Select(choices=offered), ""
        self.initial.setdefault("region", own.code)

    def clean_period(self) -> slots.Slot:
        """The period written."""
        try:
            return slots.parse(self.cleaned_data["period"])
        except slots.SlotError as error:
            raise ValidationError(gettext("“%(found)s” is not a period.") % {"found": error.found}) from error


def _crumbs(*more: str) -> list[Crumb]:
    first = Crumb(gettext("Workbooks of returns"), reverse("returns_send") if more else "")
    return [first, *(Crumb(label) for label in more)]


@page(Capability.EXPORT)
def return_workbook(request: ActorRequest, pk: int) -> HttpResponseBase:
    """The forms of one return, filled in."""
    held = Return.objects.for_actor(request.actor, Capability.EXPORT)
    of = get_object_or_404(held.select_related("institution", "region", "superior"), pk=pk)
    wanted = [form for form in workbooks.BASE_FORMS if str(form) in request.GET.getlist("form")]
    content = workbooks.forms_of_returns(request.actor, [of], wanted or workbooks.BASE_FORMS)
    return sending.download(content, f"{of.institution.code}-{of.period}.xlsx")


@page(Capability.EXPORT)
def region_workbook(request: ActorRequest) -> HttpResponseBase:
    """The returns of a region and period as one workbook."""
    form = TakeAwayForm(request.GET)
    if not form.is_valid():
        return render(request, "reporting/workbook_send.html", _sending(request, SendForm(), form))
    held = Region.objects.for_actor(request.actor, Capability.EXPORT)
    region = get_object_or_404(held, code=form.cleaned_data["region"])
    period, what = form.cleaned_data["period"], form.cleaned_data["what"]
    try:
        content = workbooks.workbook_of_region(request.actor, region, period, what)
    except ValidationError as error:
        add_errors(form, error)
        return render(request, "reporting/workbook_send.html", _sending(request, SendForm(), form))
    return sending.download(content, f"{region.code}-{period}-{what}.xlsx")


@page(Capability.EXPORT)
def blank_workbook(request: ActorRequest, edition: str) -> HttpResponseBase:
    """The empty forms of an edition: who fills them in says at their top whose they are."""
    if edition not in scheme.editions():
        raise Http404
    return sending.download(workbooks.blank(scheme.edition(edition)), f"blank-{edition}.xlsx")


def _sending(request: ActorRequest, form: SendForm, away: TakeAwayForm) -> dict[str, Any]:
    only = _only(request.actor, request.GET.get("return", ""))
    whole = bool(request.actor.scope_for(Capability.EXPORT).regions) or request.actor.scope.everything
    if whole:
        away.offer(request.actor)
    return {
        "editions": [(code, title_word(of)) for code, of in reversed(list(scheme.editions().items()))],
        "form": form, "away": away if whole else None, "only": only, "crumbs": _crumbs(gettext("Send")),
        "period": period_word(only.period) if only else "",
    }  # fmt: skip


def _only(actor: Actor, key: object) -> Return | None:
    """The return a file is sent for, where it is sent from the page of one."""
    if not str(key).isdigit():
        return None
    held = Return.objects.for_actor(actor, Capability.ENTER_RETURNS).select_related("institution")
    return held.filter(pk=int(str(key))).first()


@page(Capability.ENTER_RETURNS)
def returns_send(request: ActorRequest) -> HttpResponseBase:
    """Send a file."""
    form = SendForm(request.POST or None, request.FILES or None)
    only = _only(request.actor, request.GET.get("return", ""))
    if form.is_valid():
        options = {"only": only.pk} if only else {}
        draft = sending.keep(request, PURPOSE, form, workbooks.limits().max_bytes, **options)
        if draft is not None:
            return redirect("returns_preview", draft.key)
    return render(request, "reporting/workbook_send.html", _sending(request, form, TakeAwayForm()))


def _checked(request: ActorRequest, draft: Draft) -> workbooks.FilePlan:
    only = _only(request.actor, draft.options.get("only", ""))
    return workbooks.check_file(request.actor, draft.filename, draft.content, only)


@page(Capability.ENTER_RETURNS)
def returns_preview(request: ActorRequest, key: str) -> HttpResponseBase:
    """What the file would change, cell by cell, what the rules say of it, and the choice."""
    draft = sending.draft_or_404(request, PURPOSE, key)
    try:
        plan = _checked(request, draft)
    except Refused as refused:
        context = {"draft": draft, "refusal": wording.refusal(refused), "crumbs": _crumbs(draft.filename)}
        return render(request, "reporting/workbook_preview.html", context)
    errors = plan.errors()
    tables = (
        _change_table(changes_told(plan), request),
        sending.problem_table(map(told_problem, errors[:MOST_TOLD]), request),
        _finding_table(findings_told(plan), request),
    )
    for table in tables:
        if (answer := table.answer()) is not None:
            return answer
    result, overwritten = workbooks.preview_result(plan, partial=True), plan.good(overwrite=True)
    conflicts = sum(len(item.conflicts) for item in plan.returns)
    context = {
        "draft": draft, "result": result, "changes": tables[0], "problems": tables[1], "findings": tables[2],
        "count": sum(1 for _change in plan.changes()), "errors": len(errors), "finding_count": len(plan.findings),
        "conflicts": conflicts, "overwritten": len(overwritten), "all_good": not plan.bad(),
        "omitted": wording.omitted(len(errors)), "kept": sum(item.kept for item in plan.returns),
        "still_bad": plan.bad(overwrite=True), "notes": _notes(plan),
        "can_mark": sending.can_mark(draft) and bool(errors or plan.findings), "crumbs": _crumbs(draft.filename),
    }  # fmt: skip
    return render(request, "reporting/workbook_preview.html", context)


def _notes(plan: workbooks.FilePlan) -> Sequence[tuple[str, str]]:
    return [(note.place or note.sheet, wording.message(note)) for note in plan.notes[:NOTES_SHOWN]]


def _change_table(told: Sequence[dict[str, Any]], request: ActorRequest) -> Table:
    return Table(
        told[:MOST_TOLD],
        request,
        id="changes",
        caption=_("What changes"),
        columns=(
            Column("institution", _("Institution"), sort=True, priority=1),
            Column("label", _("Indicator")),
            Column("unit", _("Unit")),
            Column("before", _("Before"), numeric=True, exact=True),
            Column("after", _("After"), numeric=True, exact=True),
            Column("now", _("Now"), numeric=True, exact=True),
            Column("place", _("In the file"), value=lambda row: f"{row['sheet']}!{row['place']}", priority=3),
            Column(
                "conflict",
                pgettext_lazy("cell", "Changed meanwhile"),
                render=_conflict,
                export=lambda row: row["conflict"],
                sort=True,
            ),
        ),
        page_sizes=(50, 200, 1000),
    )


def _conflict(row: dict[str, Any]) -> str:
    return badge_html("bad", gettext("by somebody else")) if row["conflict"] else ""


def _finding_table(told: Sequence[dict[str, Any]], request: ActorRequest) -> Table:
    return Table(
        told,
        request,
        id="findings",
        caption=_("What the rules say"),
        columns=(
            Column("institution", _("Institution"), sort=True, priority=1),
            Column("rule", _("Rule"), sort=True),
            Column("severity", _("Severity"), render=_severity, export=lambda row: row["severity"], sort=True),
            Column("message", _("What was found"), whole=True),
        ),
        page_sizes=(50, 200, 1000),
    )


def _severity(row: dict[str, Any]) -> str:
    severity = Severity(row["severity"])
    return badge_html(_JUDGED[severity], severity_word(severity))


_JUDGED: dict[Severity, Judgement] = {Severity.BLOCK: "bad", Severity.EXPLAIN: "warn", Severity.INFORM: "muted"}


@page(Capability.ENTER_RETURNS)
def returns_marked(request: ActorRequest, key: str) -> HttpResponseBase:
    """The file as it came, faulty cells coloured and explained."""
    draft = sending.draft_or_404(request, PURPOSE, key)
    if not sending.can_mark(draft):
        return redirect("returns_preview", key)
    try:
        return sending.marked(draft, marked_problems(_checked(request, draft)))
    except Refused:
        return redirect("returns_preview", key)


@page(Capability.ENTER_RETURNS)
def returns_take(request: ActorRequest, key: str) -> HttpResponseBase:
    """Take the file: all its returns, or the good ones; or cancel."""
    draft = sending.draft_or_404(request, PURPOSE, key)
    choice = request.POST.get("take", "")
    if request.method != "POST" or choice not in {"all", "good", "cancel"}:
        return redirect("returns_preview", key)
    if choice == "cancel":
        drafts.drop(draft)
        messages.info(request, gettext("Nothing was stored."))
        return redirect("returns_send")
    options: dict[str, Any] = {"partial": choice == "good", "overwrite": bool(request.POST.get("overwrite"))}
    if draft.size > LARGE:
        only = draft.options.get("only")
        return redirect("job", sending.begin("import.returns", request.actor, draft, only=only, **options).pk)
    only_return = _only(request.actor, draft.options.get("only", ""))
    try:
        result = workbooks.take_file(request.actor, draft.filename, draft.content, only=only_return, **options)
    except Refused:
        return redirect("returns_preview", key)
    if result.errors and not result.stored:
        messages.error(request, said(result))
        return redirect("returns_preview", key)
    drafts.drop(draft)
    (messages.success if result.stored else messages.info)(request, said(result))
    return redirect("return", only_return.pk) if only_return else redirect("returns")

"""A settlement as both parties open it: sums, every line with formula, clause and evidence, and their answers."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from nengtan.domain.settlement.lines import Line
from nengtan.domain.settlement.lines import Settlement as Settled
from nengtan.identity.doors import ActorRequest, page
from nengtan.identity.pages.forms import take_errors
from nengtan.identity.roles import Capability
from nengtan.reporting import clock
from nengtan.trusteeship import services
from nengtan.trusteeship.models import Settlement, SettlementAnswer
from nengtan.trusteeship.pages.forms import AnswerForm
from nengtan.trusteeship.queries import again, two_sides
from nengtan.trusteeship.settling import word, workbook
from nengtan.trusteeship.settling.record import computed, legend, record, unit_shown, value_shown
from nengtan.trusteeship.settling.words import ITEM, SECTIONS, line_word, note
from nengtan.ui.cli import to_json
from nengtan.ui.components import Crumb, KeyFigure
from nengtan.ui.formats import fixed
from nengtan.ui.tables import ChoiceFilter, Column, Table
from nengtan.ui.words import carrier_word

__all__ = ["download", "settlement"]

_TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "json": "application/json",
}


@page(Capability.VIEW_DETAIL)
def settlement(request: ActorRequest, pk: int) -> HttpResponseBase:
    """A settlement, computed anew from its figures as it is opened."""
    found = _found(request, pk)
    case, settled, same = again(found)
    table = _table(settled, request)
    if (answer := table.answer()) is not None:
        return answer
    sides = services.sides_of(request.actor, found.contract)
    form = AnswerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.answer(request.actor, found, _kind(request), form.cleaned_data["reason"])
        except ValidationError as error:
            take_errors(form, error)
        else:
            messages.success(request, gettext("Your answer is kept."))
            return redirect("settlement", pk=found.pk)
    answers = list(found.answers.select_related("by"))
    context = {
        "found": found, "contract": found.contract, "same": same, "table": table, "form": form, "answers": answers,
        "replaced": Settlement.objects.filter(replaces=found).first(), "sides": two_sides(found),
        "may": len(sides) == 1 and not services.is_agreed(answers), "agreed": services.is_agreed(answers),
        "notes": [note(one) for one in settled.notes], "finding": _finding(found), "legend": legend(),
        "figures": _figures(settled), "period": f"{case.period.first} – {case.period.last}",
        "crumbs": [
            Crumb(gettext("Contracts"), reverse("contracts")),
            Crumb(found.contract.number, reverse("contract", args=[found.contract_id])),
            Crumb(gettext("Settlement of year %(year)s") % {"year": found.year}),
        ],
    }  # fmt: skip
    return render(request, "trusteeship/settlement.html", context)


@page(Capability.EXPORT)
def download(request: ActorRequest, pk: int, kind: str) -> HttpResponseBase:
    """The settlement sheet as a workbook or a document, or the figures as JSON: the other side settles them again."""
    if kind not in _TYPES:
        raise Http404
    found = _found(request, pk)
    case, settled, _same = again(found)
    day = clock.today()
    if kind == "json":
        content = to_json({**record(case, settled)}).encode()
    else:
        content = (workbook.as_workbook if kind == "xlsx" else word.as_document)(case, settled, day)
    answer = HttpResponse(content, content_type=_TYPES[kind])
    answer["Content-Disposition"] = f'attachment; filename="settlement-{found.pk}.{kind}"'
    return answer


def _found(request: ActorRequest, pk: int) -> Settlement:
    mine = Settlement.objects.for_actor(request.actor).select_related("contract__institution__region", "terms", "by")
    return get_object_or_404(mine.prefetch_related("answers"), pk=pk)


def _kind(request: ActorRequest) -> str:
    asked = request.POST.get("kind", "")
    if asked not in SettlementAnswer.Kind.values:
        raise ValidationError(gettext("Agree or dispute."))
    return asked


def _finding(found: Settlement) -> str:
    values: dict[str, Any] = {
        "institution": found.contract.institution.name, "year": found.year, "due": fixed(found.due, 2),
        "balance": fixed(abs(found.balance), 2),
    }  # fmt: skip
    if found.balance >= 0:
        return gettext("%(institution)s, year %(year)s: CNY %(due)s are due, CNY %(balance)s are left to pay.") % values
    return gettext(
        "%(institution)s, year %(year)s: CNY %(due)s are due, CNY %(balance)s are to be paid back."
    ) % values  # fmt: skip


def _figures(settled: Settled) -> list[KeyFigure]:
    cny = gettext("CNY")
    share = None if settled.saved_share is None else settled.saved_share * 100
    return [
        KeyFigure(_("Sum due for the year"), settled.due, cny, decimals=2),
        KeyFigure(_("Tax"), settled.tax, cny, decimals=2),
        KeyFigure(_("Paid already"), settled.paid, cny, decimals=2),
        KeyFigure(_("Left to pay (below 0: to pay back)"), settled.balance, cny, decimals=2),
        KeyFigure(_("Share saved"), share, "%", decimals=1, reason=_("not all was measured")),
    ]


def _table(settled: Settled, request: ActorRequest) -> Table:
    sections = [(str(code), word) for code, word in SECTIONS.items()]
    return Table(
        list(settled.lines), request, id="lines", caption=_("Every line"), page_sizes=(100, 500),
        columns=(
            Column("section", _("Part"), value=lambda row: str(SECTIONS[row.section])),
            Column("of", _("Site and carrier"), value=_of),
            Column("what", ITEM, value=lambda row: line_word(row.code, row.about), priority=1),
            Column("value", _("Value"), value=lambda row: row.value, numeric=True,
                   render=lambda row: value_shown(row.value, row.unit), nowrap=True),
            Column("unit", _("Unit"), value=lambda row: unit_shown(row.unit)),
            Column("counts", _("Counts"), value=lambda row: gettext("yes") if row.counts else ""),
            Column("how", _("Formula and figures"), value=computed, whole=True),
            Column("backed", _("Clause and evidence"), value=_backed, whole=True),
        ),
        filters=(ChoiceFilter("section", _("Part"), choices=sections),),
    )  # fmt: skip


def _of(row: Line) -> str:
    return " ".join(part for part in (row.site, carrier_word(row.carrier) if row.carrier else "") if part)


def _backed(row: Line) -> str:
    return gettext("; ").join(part for part in (row.clause, *row.evidence) if part)

"""Joint review and spot check of a year: draw, assign, record, print, and what it came to."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from nengtan.domain.returns.slots import annual
from nengtan.identity.doors import ActorRequest, page
from nengtan.identity.pages.forms import take_errors
from nengtan.identity.roles import Capability
from nengtan.registry.models import Region
from nengtan.reporting import clock
from nengtan.reporting.deadlines import cycle_of
from nengtan.reporting.models import JointReview, Sampled, SpotCheck
from nengtan.reporting.pages.lists import return_url, state_badge
from nengtan.reporting.pages.places import manager_tabs, period_asked, region_asked, region_choices
from nengtan.reporting.services.checks import assign, checkers, close_joint, draw, open_joint, rate_of, record_outcome
from nengtan.ui.components import Crumb, badge_html
from nengtan.ui.tables import ChoiceFilter, Column, Table, TextFilter
from nengtan.ui.widgets import DayInput
from nengtan.ui.words import kind_word

_JUDGED = {"pending": "muted", "agrees": "good", "corrected": "warn", "refused": "bad"}


class JointForm(forms.Form):
    """When and where the returns of a year are looked at together."""

    starts_on = forms.DateField(label=_("From"), widget=DayInput())
    ends_on = forms.DateField(label=_("Until"), widget=DayInput())
    place = forms.CharField(label=_("Place of the meeting"), required=False, max_length=120)
    note = forms.CharField(label=_("Remark"), required=False, max_length=400)


class DrawForm(forms.Form):
    """What is drawn, and with which seed."""

    share = forms.DecimalField(label=_("Share of each type [%]"), max_digits=5, decimal_places=2)
    seed = forms.CharField(
        label=_("Seed"), required=False, max_length=80, help_text=_("Empty: region and year. It is kept with the draw.")
    )


class OutcomeForm(forms.Form):
    """What a visit found."""

    outcome = forms.ChoiceField(label=_("Outcome"), choices=Sampled.Outcome.choices[1:])
    findings = forms.CharField(
        label=_("Findings"), required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 3})
    )
    checked_on = forms.DateField(label=_("Checked on"), widget=DayInput())


@page(Capability.OVERSEE_RETURNS)
def checks(request: ActorRequest) -> HttpResponseBase:
    """The round and the sample of the year asked for."""
    region = region_asked(request)
    period = period_asked(request, region)
    year = period.year
    may = request.actor.scope_for(Capability.REVIEW_RETURNS).covers(region.path)
    if may and request.method == "POST" and (answer := _act(request, region, year)) is not None:
        return answer
    check = SpotCheck.objects.filter(region=region, year=year).select_related("drawn_by").first()
    joint = JointReview.objects.filter(region=region, year=year).select_related("opened_by", "closed_by").first()
    table = _table(check, request) if check else None
    if table is not None and (answer := table.answer()) is not None:
        return answer
    share = cycle_of(region).spot_share
    context = {
        "region": region, "period": str(annual(year)), "year": year, "may": may, "check": check, "joint": joint,
        "rate": rate_of(check) if check else None, "table": table,
        "draw_form": _bound(request, "draw", DrawForm, {"share": f"{share.normalize():f}"}),
        "joint_form": _bound(request, "joint", JointForm, {}),
        "people": checkers(request.actor, region)[:100] if may and check else [],
        "years": _years(region, year), "regions": region_choices(request.actor, region),
        "tabs": manager_tabs(region, period, "checks"), "crumbs": [Crumb(gettext("Joint review and spot check"))],
    }  # fmt: skip
    return render(request, "reporting/checks.html", context)


@page(Capability.OVERSEE_RETURNS)
def sampled(request: ActorRequest, pk: int) -> HttpResponseBase:
    """One sampled institution: what was found there."""
    rows = Sampled.objects.for_actor(request.actor, Capability.OVERSEE_RETURNS)
    found = get_object_or_404(
        rows.select_related("check_of__region", "institution", "of__region", "assigned_to"), pk=pk
    )
    back = f"{reverse('checks')}?region={found.check_of.region.code}&period={annual(found.check_of.year)}"
    initial = {"outcome": found.outcome, "findings": found.findings, "checked_on": found.checked_on or clock.today()}
    form = OutcomeForm(request.POST or None, initial=initial)
    if form.is_valid():
        try:
            record_outcome(request.actor, found, **form.cleaned_data)
        except ValidationError as error:
            take_errors(form, error)
        else:
            messages.success(request, gettext("Kept: %(institution)s.") % {"institution": found.institution})
            return redirect(back)
    crumbs = [Crumb(gettext("Joint review and spot check"), back), Crumb(found.institution.name)]
    return render(request, "reporting/sampled.html", {"found": found, "form": form, "crumbs": crumbs, "back": back})


def _years(region: Region, asked: int) -> list[tuple[str, str]]:
    """The years looked at together or sampled here, the last one that has ended, and the one asked for."""
    held = {asked, clock.today().year - 1}
    held |= set(SpotCheck.objects.filter(region=region).values_list("year", flat=True))
    held |= set(JointReview.objects.filter(region=region).values_list("year", flat=True))
    return [(str(annual(year)), str(year)) for year in sorted(held, reverse=True)]


def _bound(request: ActorRequest, act: str, form: type[forms.Form], initial: dict[str, Any]) -> forms.Form:
    return form(request.POST if request.POST.get("act") == act else None, initial=initial)


def _act(request: ActorRequest, region: Region, year: int) -> HttpResponseBase | None:
    """Do what was posted; None where a form has to be shown again with its faults."""
    acts = {"draw": _draw, "joint": _open_joint, "close": _close_joint, "assign": _assign}
    act = acts.get(request.POST.get("act", ""))
    try:
        if act is None or not act(request, region, year):
            return None
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect(f"{reverse('checks')}?region={region.code}&period={annual(year)}")


def _draw(request: ActorRequest, region: Region, year: int) -> bool:
    form = _bound(request, "draw", DrawForm, {})
    if not form.is_valid():
        return False
    check = draw(request.actor, region, year, form.cleaned_data["share"], form.cleaned_data["seed"])
    count = check.sampled.count()
    words = ngettext("%(n)s institution drawn.", "%(n)s institutions drawn.", count)
    messages.success(request, words % {"n": count})
    return True


def _open_joint(request: ActorRequest, region: Region, year: int) -> bool:
    form = _bound(request, "joint", JointForm, {})
    if not form.is_valid():
        return False
    open_joint(request.actor, region, year, **form.cleaned_data)
    messages.success(request, gettext("The joint review is open."))
    return True


def _close_joint(request: ActorRequest, region: Region, year: int) -> bool:
    close_joint(request.actor, get_object_or_404(JointReview, region=region, year=year))
    messages.success(request, gettext("The joint review is closed; what it came to is kept."))
    return True


def _assign(request: ActorRequest, region: Region, year: int) -> bool:
    keys = [int(text) for text in request.POST.getlist("sampled") if text.isdecimal() and len(text) < 18]
    rows = Sampled.objects.for_actor(request.actor).filter(pk__in=keys, check_of__region=region, check_of__year=year)
    chosen = list(rows.select_related("check_of", "institution", "of__region"))
    who = request.POST.get("user", "")
    user = (
        get_object_or_404(checkers(request.actor, region), pk=int(who)) if who.isdecimal() and len(who) < 18 else None
    )
    if not chosen:
        raise ValidationError(gettext("Choose at least one institution."))
    count = assign(request.actor, chosen, user)
    words = ngettext("%(n)s institution assigned.", "%(n)s institutions assigned.", count)
    messages.success(request, words % {"n": count})
    return True


def _table(check: SpotCheck, request: ActorRequest) -> Table:
    rows = Sampled.objects.for_actor(request.actor, Capability.OVERSEE_RETURNS).filter(check_of=check)
    return Table(
        rows.select_related("institution__region", "of__institution", "assigned_to"), request, id="sampled",
        caption=_("Spot check"), page_sizes=(50, 200),
        columns=(
            Column("institution", _("Institution"), value="institution__name", sort="institution__code", priority=1,
                   href=lambda row: reverse("sampled", args=[row.pk])),
            Column("choose", "", render=_choice, export=lambda row: ""),
            Column("code", _("Code"), value="institution__code", priority=3),
            Column("kind", _("Type"), value=lambda row: kind_word(row.institution_kind), sort="institution_kind"),
            Column("address", _("Address"), value="institution__address", priority=3),
            Column("return", _("Return"), render=_state, export=lambda row: row.of.get_state_display()),
            Column("assigned", _("Assigned to"), value=lambda row: str(row.assigned_to) if row.assigned_to else None,
                   reason=_("nobody yet")),
            Column("outcome", _("Outcome"), sort=True, export=lambda row: row.get_outcome_display(),
                   render=lambda row: badge_html(_JUDGED[row.outcome], row.get_outcome_display())),
            Column("checked_on", _("Checked on"), sort=True, nowrap=True),
            Column("findings", _("Findings"), whole=True),
        ),
        filters=(
            TextFilter("q", _("Institution"), fields=("institution__name", "institution__code")),
            ChoiceFilter("outcome", _("Outcome"), choices=Sampled.Outcome.choices),
        ),
    )  # fmt: skip


def _state(row: Sampled) -> SafeString:
    return format_html('<a href="{}">{}</a>', return_url(row.of), state_badge(row.of))


def _choice(row: Sampled) -> SafeString:
    label = gettext("choose %(institution)s") % {"institution": row.institution.name}
    return format_html(
        '<input class="form-check-input" type="checkbox" name="sampled" value="{}" form="assign" aria-label="{}">',
        row.pk, label,
    )  # fmt: skip

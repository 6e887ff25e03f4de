"""Publications: the list everybody reads, preparing and confirming one, withdrawing it, and what is not named."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import FileResponse, Http404, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from nengtan import reference
from nengtan.identity.doors import ActorRequest, page
from nengtan.identity.pages.forms import take_errors
from nengtan.identity.roles import Capability
from nengtan.registry.models import Institution, Region
from nengtan.reporting.models import Publication
from nengtan.reporting.models.publication import BY
from nengtan.reporting.pages.report import asked, regions_of
from nengtan.reporting.report import word
from nengtan.reporting.report.notice import Notice, as_word, as_workbook, notice
from nengtan.reporting.report.phrasing import Phrases
from nengtan.reporting.report.published import readable
from nengtan.reporting.services.publishing import (
    frozen,
    institutions_meant,
    preview,
    publish,
    rule_of,
    set_rule,
    withdraw,
)
from nengtan.ui.components import Crumb, badge_html
from nengtan.ui.sending import download
from nengtan.ui.tables import Column, Table, TextFilter
from nengtan.ui.words import choices


class ChooseForm(forms.Form):
    """What to publish."""

    region = forms.ChoiceField(label=_("Region"))
    year = forms.IntegerField(label=_("Year"), min_value=1990, max_value=2100)
    by = forms.ChoiceField(label=_("Classes"), choices=BY)
    title = forms.CharField(label=_("Title"), max_length=200, required=False)


class WithdrawForm(forms.Form):
    """Why it is withdrawn."""

    reason = forms.CharField(label=_("Reason"), max_length=400)


class NamingForm(forms.Form):
    """What is not named."""

    smallest = forms.IntegerField(
        label=_("Institutions a class needs to be shown by itself"), min_value=1, max_value=100
    )
    kinds = forms.MultipleChoiceField(label=_("Types not named"), required=False, widget=forms.CheckboxSelectMultiple)
    systems = forms.MultipleChoiceField(
        label=_("Systems not named"), required=False, widget=forms.CheckboxSelectMultiple
    )
    institutions = forms.CharField(
        label=_("Institutions not named"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("One code or name a line."),
    )
    reason = forms.CharField(label=_("Reason"), max_length=400, required=False)

    def __init__(self, region: Region, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.region = region
        self.fields["kinds"].choices = choices(reference.institution_types())  # type: ignore[attr-defined]
        self.fields["systems"].choices = choices(reference.systems())  # type: ignore[attr-defined]

    def clean_institutions(self) -> list[Institution]:
        """The institutions of the region that are meant."""
        try:
            return institutions_meant(self.region, self.cleaned_data["institutions"].splitlines())
        except ValidationError as error:
            raise ValidationError(error.messages) from error


@page(Capability.VIEW)
def publications(request: ActorRequest) -> HttpResponseBase:
    """What was published, the latest first."""
    table = Table(
        readable(request.actor).defer("content"), request, id="publications", caption=_("Publications"),
        columns=(
            Column("title", _("Publication"), priority=1, href=lambda row: reverse("publication", args=[row.pk])),
            Column("region", _("Region"), value=lambda row: row.region.label, sort="region__path"),
            Column("year", _("Year"), value=lambda row: str(row.year), sort="year"),
            Column("classes", _("Classes"), value=lambda row: row.get_classes_display()),
            Column("number", _("Edition"), value=lambda row: str(row.number)),
            Column("at", _("Published at"), sort=True, nowrap=True),
            Column("state", _("State"), render=_state, export=_state_word),
        ),
        filters=(TextFilter("q", _("Search"), fields=("title", "region__name", "region__code", "year")),),
        default_sort="-at", empty_title=_("Nothing is published yet"),
    )  # fmt: skip
    context = {
        "table": table, "may_publish": request.actor.can(Capability.REVIEW_RETURNS),
        "crumbs": [Crumb(gettext("Publications"))],
    }  # fmt: skip
    return table.answer() or render(request, "reporting/publication/list.html", context)


def _state_word(row: Publication) -> str:
    return gettext("withdrawn") if row.withdrawn_at else gettext("published")


def _state(row: Publication) -> SafeString:
    return badge_html("bad" if row.withdrawn_at else "good", _state_word(row))


@page(Capability.REVIEW_RETURNS)
def publication_new(request: ActorRequest) -> HttpResponseBase:
    """Choose, look at the preview, publish."""
    regions = regions_of(request.actor, Capability.REVIEW_RETURNS)
    region, year, _years = asked(request, regions)
    if region is None:
        return redirect("publications")
    values = {"region": region.code, "year": year, "by": "kind", **request.GET.dict(), **request.POST.dict()}
    form = ChooseForm(values)
    form.fields["region"].choices = [(item.code, item.label) for item in regions]  # type: ignore[attr-defined]
    context: dict[str, Any] = {
        "form": form, "region": region, "here": request.get_full_path(),
        "crumbs": [Crumb(gettext("Publications"), reverse("publications")), Crumb(gettext("Prepare a publication"))],
    }  # fmt: skip
    if form.is_valid():
        chosen = form.cleaned_data.copy()
        place = next(item for item in regions if item.code == chosen["region"])
        if request.method == "POST" and (made := _published(request, place, form)) is not None:
            return redirect("publication", made.pk)
        context |= _previewed(request, place, form, chosen)
    return render(request, "reporting/publication/new.html", context)


def _previewed(request: ActorRequest, place: Region, form: ChooseForm, chosen: dict[str, Any]) -> dict[str, Any]:
    """What would be published; nothing, and why on the form, where that would tell what may not be named."""
    try:
        found = preview(request.actor, place, chosen["year"], chosen["by"])
    except ValidationError as error:
        if not form.errors:
            take_errors(form, error)
        return {}
    title = chosen["title"] or Phrases()("publication.title", region=place.label, year=chosen["year"])
    held = notice(title, place, chosen["year"], chosen["by"], frozen(found))
    return {"notice": held, "parts": held.parts, "total": found.total.bodies, "chosen": chosen}


def _published(request: ActorRequest, place: Region, form: ChooseForm) -> Publication | None:
    chosen = form.cleaned_data
    try:
        made = publish(request.actor, place, chosen["year"], chosen["by"], chosen["title"])
    except ValidationError as error:
        take_errors(form, error)
        return None
    messages.success(request, gettext("“%(title)s” is published.") % {"title": made.title})
    return made


def _worded(found: Publication) -> Notice:
    return notice(found.title, found.region, found.year, found.classes, found.content, timezone.localdate(found.at))


@require_GET
@page(Capability.VIEW)
def publication(request: ActorRequest, pk: int) -> HttpResponseBase:
    """A publication as it stands."""
    found = get_object_or_404(readable(request.actor), pk=pk)
    held = _worded(found)
    managed = request.actor.scope_for(Capability.REVIEW_RETURNS).covers(found.region.path)
    told = {
        "edition": Phrases()("publication.edition", number=found.number),
        "day": date_format(timezone.localtime(found.at), "Y-m-d"),
    }
    context = {
        "publication": found, "notice": held, "parts": held.parts,
        "note": gettext("%(edition)s · published on %(day)s") % told, "form": WithdrawForm(),
        "may_withdraw": managed and found.withdrawn_at is None,
        "crumbs": [Crumb(gettext("Publications"), reverse("publications")), Crumb(found.title, "")],
    }  # fmt: skip
    return render(request, "reporting/publication/publication.html", context)


@require_GET
@page(Capability.VIEW)
def publication_file(request: ActorRequest, pk: int, format: str) -> FileResponse:
    """A publication as Word or Excel."""
    found = get_object_or_404(readable(request.actor), pk=pk)
    held = _worded(found)
    if format == "docx":
        return download(as_word(held), f"{found.title.replace('/', '_')}.docx", word.WORD_TYPE)
    if format == "xlsx":
        return download(as_workbook(held), f"{found.title}.xlsx")
    raise Http404


@require_POST
@page(Capability.REVIEW_RETURNS)
def publication_withdraw(request: ActorRequest, pk: int) -> HttpResponseBase:
    """Take it back, with the reason."""
    found = get_object_or_404(readable(request.actor), pk=pk)
    form = WithdrawForm(request.POST)
    try:
        withdraw(request.actor, found, form.cleaned_data["reason"] if form.is_valid() else "")
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, gettext("“%(title)s” is withdrawn.") % {"title": found.title})
    return redirect("publication", found.pk)


@page(Capability.REVIEW_RETURNS)
def naming(request: ActorRequest) -> HttpResponseBase:
    """Set what a region does not name."""
    region, _year, _years = asked(request, regions_of(request.actor, Capability.REVIEW_RETURNS))
    if region is None:
        return redirect("publications")
    rule = rule_of(region)
    names = "\n".join(rule.institutions.values_list("name", flat=True)) if rule.pk else ""
    held = {
        "smallest": rule.smallest_class, "kinds": rule.kinds, "systems": rule.systems, "institutions": names,
        "reason": rule.reason,
    }  # fmt: skip
    form = NamingForm(region, request.POST or None, initial=held)
    if form.is_valid():
        try:
            set_rule(request.actor, region, **form.cleaned_data)
        except ValidationError as error:
            take_errors(form, error, {"smallest_class": "smallest"})
        else:
            messages.success(request, gettext("Saved."))
            return redirect(f"{reverse('publication_new')}?region={region.code}")
    context = {
        "form": form, "region": region, "inherited": rule.region if rule.pk and rule.region != region else None,
        "crumbs": [Crumb(gettext("Publications"), reverse("publications")), Crumb(gettext("What is not named"))],
    }  # fmt: skip
    return render(request, "reporting/publication/naming.html", context)

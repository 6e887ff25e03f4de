"""The tree of regions: browse it, add one's own below, say what is shown with their figures."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Q
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext

from nengtan.identity.access import Actor
from nengtan.identity.doors import ActorRequest, page
from nengtan.identity.pages.forms import take_errors
from nengtan.identity.roles import Capability
from nengtan.registry.models import Institution, Region
from nengtan.registry.pages.forms import NoticeForm, RegionForm
from nengtan.registry.services import add_region, set_notice
from nengtan.ui.components import Crumb


@page(Capability.WRITE_REGISTRY)
def regions_admin(request: ActorRequest, code: str = "") -> HttpResponseBase:
    """One level of the tree; the top of one's own by default."""
    actor = request.actor
    known = Region.objects.for_actor(actor, Capability.WRITE_REGISTRY)
    here = get_object_or_404(known, code=code) if code else None
    acts = request.POST.get("act", "") if request.method == "POST" else ""
    may_root = actor.scope_for(Capability.WRITE_REGISTRY).whole
    add = RegionForm(request.POST if acts == "add" else None) if here or may_root else None
    notice = NoticeForm(request.POST if acts == "notice" else None, initial={"notice": here.notice}) if here else None
    if add is not None and acts == "add" and add.is_valid():
        try:
            region = add_region(actor, parent=here, **add.cleaned_data)
        except ValidationError as error:
            take_errors(add, error)
        else:
            messages.success(request, gettext("%(region)s is added.") % {"region": region})
            return _back(here)
    if here is not None and notice is not None and acts == "notice" and notice.is_valid():
        set_notice(actor, here, notice.cleaned_data["notice"])
        messages.success(request, gettext("Saved."))
        return _back(here)
    context = {
        "here": here,
        "below": _below(actor, here),
        "add_title": gettext("Add a region below") if here else gettext("Add a root of another tree"),
        "form": add,
        "notice_form": notice,
        "crumbs": _crumbs(actor, here),
    }
    return render(request, "registry/regions.html", context)


def _back(here: Region | None) -> HttpResponseBase:
    return redirect("regions_below", here.code) if here else redirect("regions_admin")


def _below(actor: Actor, here: Region | None) -> list[Region]:
    """The next level, each with how many regions and institutions it holds."""
    known = Region.objects.for_actor(actor, Capability.WRITE_REGISTRY)
    rows = known.filter(parent=here) if here else known.filter(_tops(actor))
    listed: list[Any] = list(rows.annotate(parts=Count("children")).order_by("code"))
    held = Institution.objects.for_actor(actor).order_by()
    counts = held.values_list("region__path").annotate(count=Count("pk")) if listed else []
    totals = dict.fromkeys((region.path for region in listed), 0)
    for path, count in counts:
        for top in totals:
            if path.startswith(top):
                totals[top] += count
    for region in listed:
        region.bodies = totals[region.path]
    return listed


def _tops(actor: Actor) -> Q:
    scope = actor.scope_for(Capability.WRITE_REGISTRY)
    return Q(parent=None) if scope.everything else Q(path__in=scope.regions)


def _crumbs(actor: Actor, here: Region | None) -> list[Crumb]:
    crumbs = [Crumb(gettext("Regions"), reverse("regions_admin") if here else "")]
    if here is None:
        return crumbs
    known = Region.objects.for_actor(actor, Capability.WRITE_REGISTRY)
    above = known.filter(code__in=here.codes).exclude(pk=here.pk).order_by("path")
    crumbs += [Crumb(region.label, reverse("regions_below", args=[region.code])) for region in above]
    return [*crumbs, Crumb(here.label)]

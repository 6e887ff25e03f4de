"""The tree of regions, and the search."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from ninja import Query, Router
from ninja.responses import Status

from nengtan.identity.doors import ActorRequest
from nengtan.identity.roles import Capability
from nengtan.registry.api.places import named
from nengtan.registry.api.schemas import FoundOut, NoticeIn, NoticeOut, RegionIn, RegionOut
from nengtan.registry.models import Region
from nengtan.registry.queries.search import search as search_for
from nengtan.registry.services import add_region, set_notice
from nengtan.ui.api import Line, Listed, Paging, paged

router = Router()


@router.get("/regions", response=Listed[RegionOut], summary="Regions")
def regions(request: ActorRequest, paging: Query[Paging], below: Line = "") -> dict[str, Any]:
    """Those whose totals you may see; with `below`, a region's subtree."""
    request.actor.require(Capability.VIEW)
    rows = Region.objects.for_actor(request.actor).select_related("parent").order_by("path")
    if below:
        rows = rows.below(get_object_or_404(rows, code=below))
    return paged(rows, paging)


@router.get("/regions/{code}", response=RegionOut, summary="A region")
def region(request: ActorRequest, code: str) -> Region:
    """By its code."""
    request.actor.require(Capability.VIEW)
    return get_object_or_404(Region.objects.for_actor(request.actor).select_related("parent"), code=code)


@router.post("/regions", response={201: RegionOut}, summary="Add a region")
def region_add(request: ActorRequest, data: RegionIn) -> Status[Any]:
    """Below a region you manage."""
    request.actor.require(Capability.WRITE_REGISTRY)
    within = Region.objects.for_actor(request.actor, Capability.WRITE_REGISTRY)
    values = data.dict()
    parent = named(within, "parent", values.pop("parent"))
    return Status(201, add_region(request.actor, parent=parent, **values))


@router.get("/regions/{code}/notice", response=NoticeOut, summary="What is shown with figures of a region")
def notice(request: ActorRequest, code: str) -> Region:
    """Such as the licence of a published data set; empty: nothing."""
    return region(request, code)


@router.put("/regions/{code}/notice", response=RegionOut, summary="Change what is shown with figures of a region")
def region_notice(request: ActorRequest, code: str, data: NoticeIn) -> Region:
    """Such as the licence of a published data set; empty shows nothing."""
    request.actor.require(Capability.WRITE_REGISTRY)
    rows = Region.objects.for_actor(request.actor, Capability.WRITE_REGISTRY).select_related("parent")
    found = get_object_or_404(rows, code=code)
    set_notice(request.actor, found, data.notice)
    return found


@router.get("/search", response=list[FoundOut], summary="Search by name, code or pinyin initials")
def search(request: ActorRequest, q: Line) -> list[Any]:
    """Institutions first, then regions, buildings, meters; at most 30 of each."""
    request.actor.require(Capability.VIEW)
    return search_for(request.actor, q)

"""The gallery: every component on one page, for those who build pages."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from nengtan.ui import samples

__all__ = ["gallery", "gallery_lineage"]


def _for_maintainers(request: HttpRequest) -> None:
    """The gallery does not exist for anybody but platform administrators, except while debugging."""
    actor = getattr(request, "actor", None)
    if not settings.DEBUG and not (actor is not None and actor.can("manage_users") and actor.scope.whole):
        raise Http404


def gallery(request: HttpRequest) -> HttpResponseBase:
    """Every component, with sample numbers."""
    _for_maintainers(request)
    context = samples.context(request)
    return context["table"].answer() or render(request, "ui/gallery.html", context)


def gallery_lineage(request: HttpRequest) -> HttpResponse:
    """A sample of the lineage drawer."""
    _for_maintainers(request)
    return render(request, "ui/gallery_lineage.html", samples.context(request))

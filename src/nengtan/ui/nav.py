"""The side menu: each room registers its entries; the shell shows those the actor may open.

A room calls ``register`` once, from its AppConfig's ``ready``; the order of registration does not matter.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

__all__ = ["Entry", "Group", "GroupView", "Link", "groups_for", "register", "register_group"]

Label = str | Promise
Badge = Callable[[HttpRequest], int | None]
When = Callable[[Any], bool]


@dataclass(frozen=True)
class Entry:
    """One line of the menu, as registered."""

    label: Label
    url_name: str
    capability: str | None
    badge: Badge | None
    icon: str
    order: int
    covers: tuple[str, ...] = ()
    when: When | None = None


@dataclass
class Group:
    """A titled block of the menu."""

    key: str
    label: Label
    order: int
    entries: list[Entry] = field(default_factory=list)


@dataclass(frozen=True)
class Link:
    """One line of the menu, as shown to this actor on this page."""

    label: Label
    url: str
    icon: str
    badge: int | None
    active: bool


@dataclass(frozen=True)
class GroupView:
    """A titled block of the menu, as shown."""

    label: Label
    links: tuple[Link, ...]


_KNOWN: tuple[tuple[str, Label], ...] = (
    ("top", ""),
    ("data", _("Data")),
    ("carbon", _("Carbon")),
    ("manage", _("Management")),
    ("daily", _("Daily work")),
    ("system", _("System")),
)
_groups: dict[str, Group] = {key: Group(key, label, order) for order, (key, label) in enumerate(_KNOWN)}


def register_group(key: str, label: Label, order: int) -> None:
    """Add a block to the menu, or rename one."""
    known = _groups.get(key)
    _groups[key] = Group(key, label, order, known.entries if known else [])


def register(
    group: str,
    label: Label,
    url_name: str,
    capability: str | None = None,
    badge: Badge | None = None,
    icon: str = "",
    order: int = 100,
    covers: tuple[str, ...] = (),
    when: When | None = None,
) -> None:
    """Add a line to a block (top, data, carbon, manage, daily or system); registering a URL again replaces its line.

    ``covers`` are beginnings of addresses that belong to this line though they do not lie under its own; ``when`` says
    of an actor with the capability whether there is anything behind the line for them.
    """
    if group not in _groups:
        raise ValueError(f"no menu group {group!r}; known: {', '.join(_groups)}")
    entries = _groups[group].entries
    entries[:] = [entry for entry in entries if entry.url_name != url_name]
    entries.append(Entry(label, url_name, capability, badge, icon, order, covers, when))
    entries.sort(key=lambda entry: entry.order)


def groups_for(request: HttpRequest) -> list[GroupView]:
    """The blocks with at least one line for this actor, the line of the current page marked."""
    actor = getattr(request, "actor", None)
    shown = [
        (group, entry, url)
        for group in sorted(_groups.values(), key=lambda group: group.order)
        for entry in group.entries
        if _allowed(entry, actor) and (url := _url(entry.url_name))
    ]
    places = [(place, url) for _group, entry, url in shown for place in (url, *entry.covers)]
    active = _active_url(request.path, places)
    views = []
    for group in dict.fromkeys(group.key for group, _entry, _u in shown):
        links = tuple(
            Link(entry.label, url, entry.icon, entry.badge(request) if entry.badge else None, url == active)
            for owner, entry, url in shown
            if owner.key == group
        )
        views.append(GroupView(_groups[group].label, links))
    return views


def _allowed(entry: Entry, actor: Any) -> bool:
    if entry.capability is not None and (actor is None or not actor.can(entry.capability)):
        return False
    return entry.when is None or (actor is not None and entry.when(actor))


def _url(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def _active_url(path: str, places: list[tuple[str, str]]) -> str:
    """The line whose place is the longest the current address lies under; the root only matches itself."""
    under = [
        (place, url)
        for place, url in places
        if path == place or (place != "/" and path.startswith(place.rstrip("/") + "/"))
    ]
    return max(under, key=lambda pair: len(pair[0]), default=("", ""))[1]

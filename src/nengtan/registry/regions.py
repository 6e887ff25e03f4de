"""Keeps the shipped GB/T 2260 tree in the database, and answers questions about the tree."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from django.utils.translation import gettext

from nengtan import reference
from nengtan.registry.models import Region


def sync_regions(**_: Any) -> int:
    """Add or rename shipped regions so that they are as the reference data says; how many changed.

    Runs after every migrate. Regions added by an installation are left alone.
    """
    known = {region.code: region for region in Region.objects.all()}
    fresh: list[Region] = []
    changed: list[Region] = []
    for row in reference.regions().values():
        parent = known.get(row.parent) if row.parent else None
        values = {"name": row.name_zh, "name_en": row.name_en, "level": row.level, "shipped": True}
        region = known.get(row.code)
        if region is None:
            path = f"{parent.path if parent else '/'}{row.code}/"
            region = known[row.code] = Region(code=row.code, path=path, **values)
            fresh.append(region)
        elif any(getattr(region, key) != value for key, value in values.items()):
            for key, value in values.items():
                setattr(region, key, value)
            changed.append(region)
    Region.objects.bulk_create(fresh, batch_size=1000)
    _link_parents(fresh, known)
    Region.objects.bulk_update(changed, ["name", "name_en", "level", "shipped"], batch_size=500)
    return len(fresh) + len(changed)


def _link_parents(fresh: list[Region], known: dict[str, Region]) -> None:
    children = [region for region in fresh if len(region.codes) > 1]
    for region in children:
        region.parent = known[region.codes[-2]]
    Region.objects.bulk_update(children, ["parent"], batch_size=500)


NEAR = 3
"""Regions suggested for one that is not known."""


def near(text: str, known: Mapping[str, str] | None = None) -> list[tuple[str, str]]:
    """Code and name of the regions most like an unknown code or name, the likeliest first.

    Those ``known`` are names by code, all of this installation unless told.
    """
    wanted = text.strip()
    if not wanted:
        return []
    if known is None:
        known = dict(Region.objects.order_by("path").values_list("code", "name"))
    named = [code for code, name in known.items() if name and (wanted in name or name in wanted)]
    if wanted.isascii():
        found = get_close_matches(wanted.upper(), known, NEAR, cutoff=0.7)
    else:
        close = set(get_close_matches(wanted, set(known.values()), NEAR, cutoff=0.5))
        found = [code for code, name in known.items() if name in close]
    return [(code, known[code]) for code in dict.fromkeys((*named, *found))][:NEAR]


def near_words(text: str, known: Mapping[str, str] | None = None) -> str:
    """A sentence to append where a region is not known: those it may mean; empty where none is like it."""
    found = gettext(", ").join(f"{code} {name}" for code, name in near(text, known))
    return " " + gettext("Did you mean %(regions)s?") % {"regions": found} if found else ""

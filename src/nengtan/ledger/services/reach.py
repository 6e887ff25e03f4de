"""Which region a write over several institutions belongs to, so that the trail shows it to those above."""

from __future__ import annotations

from collections.abc import Collection

from nengtan.ledger.services.bulk import chunks
from nengtan.registry.models import Institution


def region_over(institutions: Collection[int]) -> str:
    """The path of the smallest region that holds all the institutions; "" where there is none."""
    paths: set[str] = set()
    for chunk in chunks(sorted(institutions)):
        paths |= set(Institution.objects.filter(pk__in=chunk).values_list("region__path", flat=True))
    return common_path(paths)


def common_path(paths: Collection[str]) -> str:
    """The path of the smallest region above all.

    >>> common_path(["/CN/42/4201/", "/CN/42/4205/"])
    '/CN/42/'
    """
    shared: list[str] = []
    for codes in zip(*(path.strip("/").split("/") for path in paths), strict=False):
        if len(set(codes)) > 1:
            break
        shared.append(codes[0])
    return f"/{'/'.join(shared)}/" if shared else ""

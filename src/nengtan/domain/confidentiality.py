"""Which groups are too small to be shown by themselves, so that no figure tells of one body alone (保密合并)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

Sizes = Sequence[int]
"""How many bodies a group has, then how many of them told of each of its figures."""


def is_small(sizes: Sizes, least: int) -> bool:
    """Whether a group has fewer than ``least`` bodies, or a figure that fewer of them told of.

    >>> is_small((5, 5, 0), 3), is_small((5, 5, 1), 3), is_small((2, 2), 3)
    (False, True, True)
    """
    return sizes[0] < least or any(0 < count < least for count in sizes[1:])


def folded(groups: Mapping[str, Sizes], least: int) -> frozenset[str]:
    """The groups to be shown as one: the small ones, and the smallest of the others while they are small together.

    What is left of the total without the groups shown is then never a small group.

    >>> sorted(folded({"a": (1,), "b": (9,), "c": (4,)}, 3)), sorted(folded({"a": (1,), "b": (9,), "c": (2,)}, 3))
    (['a', 'c'], ['a', 'c'])
    >>> folded({"a": (3,), "b": (4,)}, 3)
    frozenset()
    """
    order = sorted(groups, key=lambda key: (groups[key][0], key))
    small = [key for key in order if is_small(groups[key], least)]
    rest = iter([key for key in order if key not in small])
    while small and is_small(added(groups[key] for key in small), least):
        following = next(rest, None)
        if following is None:
            break
        small.append(following)
    return frozenset(small)


def added(groups: Iterable[Sizes]) -> tuple[int, ...]:
    """Several groups as one."""
    return tuple(map(sum, zip(*groups, strict=True))) or (0,)

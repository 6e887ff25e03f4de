"""The way a return came: every step, who took it, and what changed since the one before."""

from __future__ import annotations

from dataclasses import dataclass

from nengtan.domain.returns.scheme import Edition
from nengtan.reporting.models import Return, ReturnStep
from nengtan.reporting.wording import action_word, cell_word, role_word
from nengtan.ui import formats

__all__ = ["Taken", "history_of"]


@dataclass(frozen=True)
class Change:
    """One cell before and after."""

    name: str
    before: str
    after: str


@dataclass(frozen=True)
class Taken:
    """One step in words."""

    step: ReturnStep
    action: str
    role: str
    changes: tuple[Change, ...]


def history_of(of: Return, edition: Edition) -> list[Taken]:
    """Every step, the latest first."""
    return [
        Taken(
            step,
            action_word(step.action, step.before),
            role_word(step.role),
            tuple(
                Change(cell_word(cell, edition) or cell, formats.exact(before), formats.exact(after))
                for cell, (before, after) in sorted(step.changes.items())
            ),
        )
        for step in of.steps.select_related("by").order_by("-id")
    ]

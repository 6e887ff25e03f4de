"""What can be done next with a return, by whom, and why not."""

from __future__ import annotations

from dataclasses import dataclass

from nengtan.domain.returns import steps
from nengtan.identity.access import Actor
from nengtan.reporting.models import Return
from nengtan.reporting.services.stepping import BACK, RIGHTS, hand_of, refusal

__all__ = ["Offer", "can_enter", "offers"]


@dataclass(frozen=True)
class Offer:
    """A step that leads on from here: whose it is, whether it wants a reason, why it cannot be taken now."""

    action: steps.Action
    role: steps.Role
    needs_reason: bool
    mine: bool
    refused: str


def offers(actor: Actor, of: Return, blocking: int, unexplained: int, *, enters: bool = False) -> list[Offer]:
    """Every step from where a return stands; to enter is none of them.

    ``enters`` is whether :func:`can_enter` said yes: whoever enters figures has the right of a statistician.
    """
    arrows = {
        action: arrow
        for (state, action), arrow in steps.TRANSITIONS.items()
        if state == of.state and action is not steps.Action.ENTER
    }
    roles = {arrow.role for arrow in arrows.values()}
    reached = {role: (enters and role is steps.Role.STATISTICIAN) or holds(actor, of, RIGHTS[role]) for role in roles}
    found = []
    for action, arrow in arrows.items():
        reason = "." if arrow.needs_reason else ""
        step = steps.Step(action, arrow.role, hand_of(actor), reason, blocking, unexplained)
        mine = reached[arrow.role]
        why = _objection(of, step) if mine else str(refusal_of(steps.Because.NOT_YOUR_ROLE))
        found.append(Offer(action, arrow.role, arrow.needs_reason, mine, why))
    return found


def can_enter(actor: Actor, of: Return) -> bool:
    """Whether the actor may write in the cells now."""
    entering = steps.Action.ENTER in steps.allowed(of.standing, steps.Role.STATISTICIAN, hand_of(actor))
    return entering and bool(of.months_owed) and holds(actor, of, RIGHTS[steps.Role.STATISTICIAN])


def holds(actor: Actor, of: Return, right: str) -> bool:
    """Whether a right of the actor reaches a return."""
    body = of.institution
    return actor.can(right) and actor.scope_for(right).includes(body.pk, body.region.path, body.system)


def refusal_of(because: steps.Because) -> str:
    """A refusal in words."""
    return refusal(steps.Refused(because, steps.State.EMPTY, steps.Action.ENTER))


def _objection(of: Return, step: steps.Step) -> str:
    if step.action not in BACK and not of.months_owed:
        return refusal_of(steps.Because.NOT_OWED)
    try:
        steps.take(of.standing, step)
    except steps.Refused as refused:
        return refusal(refused)
    return ""

"""The way of a return (报送流程): its states, who may take it from one to the next, and what each step must carry.

未录入 → 录入中 → 待统计负责人 → 待单位负责人 → 已上报 → 已审核 or 已退回. Nobody passes on what they entered or passed
before; to send a return back, or to reopen an approved one, needs a reason. The numbers in `SYSTEM_CODES` are those of
the national system as seen in public code that maps it; the two waiting states are internal to the institution.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

__all__ = [
    "SYSTEM_CODES",
    "TRANSITIONS",
    "Action",
    "Because",
    "Refused",
    "Role",
    "Standing",
    "State",
    "Step",
    "allowed",
    "take",
    "walk",
]


class State(StrEnum):
    """Where a return stands."""

    EMPTY = "empty"  # 未录入
    ENTERING = "entering"  # 录入中
    STATISTICS_HEAD = "statistics_head"  # 待统计负责人
    UNIT_HEAD = "unit_head"  # 待单位负责人
    REPORTED = "reported"  # 已上报
    APPROVED = "approved"  # 已审核
    RETURNED = "returned"  # 已退回


class Role(StrEnum):
    """Who acts on a return: three people of the institution and the department above."""

    STATISTICIAN = "statistician"  # 填报人
    STATISTICS_HEAD = "statistics_head"  # 统计负责人
    UNIT_HEAD = "unit_head"  # 单位负责人
    REVIEWER = "reviewer"  # 上级主管部门


class Action(StrEnum):
    """What can be done with a return."""

    ENTER = "enter"
    SUBMIT = "submit"
    PASS = "pass"
    SEND_BACK = "send_back"
    APPROVE = "approve"
    REOPEN = "reopen"


SYSTEM_CODES: Mapping[State, int] = MappingProxyType(
    {
        State.EMPTY: 9,
        State.ENTERING: 8,
        State.STATISTICS_HEAD: 8,
        State.UNIT_HEAD: 8,
        State.REPORTED: 1,
        State.RETURNED: -9,
        State.APPROVED: 7,
    }
)


@dataclass(frozen=True, slots=True)
class Transition:
    """One arrow: where it leads and who may take it, whether it needs a reason and clean findings."""

    to: State
    role: Role
    needs_reason: bool = False
    needs_clean: bool = False
    needs_other: bool = False


_S, _R, _A = State, Role, Action
TRANSITIONS: Mapping[tuple[State, Action], Transition] = MappingProxyType(
    {
        (_S.EMPTY, _A.ENTER): Transition(_S.ENTERING, _R.STATISTICIAN),
        (_S.ENTERING, _A.ENTER): Transition(_S.ENTERING, _R.STATISTICIAN),
        (_S.RETURNED, _A.ENTER): Transition(_S.ENTERING, _R.STATISTICIAN),
        (_S.ENTERING, _A.SUBMIT): Transition(_S.STATISTICS_HEAD, _R.STATISTICIAN, needs_clean=True),
        (_S.STATISTICS_HEAD, _A.PASS): Transition(_S.UNIT_HEAD, _R.STATISTICS_HEAD, needs_clean=True, needs_other=True),
        (_S.STATISTICS_HEAD, _A.SEND_BACK): Transition(_S.RETURNED, _R.STATISTICS_HEAD, needs_reason=True),
        (_S.UNIT_HEAD, _A.PASS): Transition(_S.REPORTED, _R.UNIT_HEAD, needs_clean=True, needs_other=True),
        (_S.UNIT_HEAD, _A.SEND_BACK): Transition(_S.RETURNED, _R.UNIT_HEAD, needs_reason=True),
        (_S.REPORTED, _A.APPROVE): Transition(_S.APPROVED, _R.REVIEWER, needs_clean=True, needs_other=True),
        (_S.REPORTED, _A.SEND_BACK): Transition(_S.RETURNED, _R.REVIEWER, needs_reason=True),
        (_S.APPROVED, _A.REOPEN): Transition(_S.RETURNED, _R.REVIEWER, needs_reason=True),
    }
)


class Because(StrEnum):
    """Why a step is refused, in the order in which it is asked."""

    NOT_OWED = "not_owed"
    NOT_FROM_HERE = "not_from_here"
    NOT_YOUR_ROLE = "not_your_role"
    OWN_WORK = "own_work"
    REASON_MISSING = "reason_missing"
    FAULTS_BLOCK = "faults_block"
    UNEXPLAINED = "unexplained"


class Refused(ValueError):
    """The step may not be taken; ``because`` says why, ``state`` and ``action`` what was tried."""

    def __init__(self, because: Because, state: State, action: Action) -> None:
        self.because, self.state, self.action = because, state, action
        super().__init__(f"{action} from {state}: {because}")


@dataclass(frozen=True, slots=True)
class Standing:
    """A return on its way: its state and who had a hand in it (entered what stands, passed on in this round)."""

    state: State = State.EMPTY
    hands: frozenset[str] = frozenset()
    rounds: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """Who wants to do what, in which role; ``blocking`` and ``unexplained`` count the findings still standing."""

    action: Action
    role: Role
    actor: str
    reason: str = ""
    blocking: int = 0
    unexplained: int = 0


def take(standing: Standing, step: Step, authors: frozenset[str] = frozenset()) -> Standing:
    """The standing after a step; `Refused` when it may not be taken.

    ``authors`` entered figures that stand: sent back, they keep a hand in the return; who passed it on does not.

    >>> entered = take(Standing(), Step(Action.ENTER, Role.STATISTICIAN, "li"))
    >>> submitted = take(entered, Step(Action.SUBMIT, Role.STATISTICIAN, "li"))
    >>> str(submitted.state)
    'statistics_head'
    >>> take(submitted, Step(Action.PASS, Role.STATISTICS_HEAD, "li"))
    Traceback (most recent call last):
    nengtan.domain.returns.steps.Refused: pass from statistics_head: own_work
    """
    transition = TRANSITIONS.get((standing.state, step.action))
    because = _objection(standing, step, transition)
    if transition is None or because is not None:
        raise Refused(because or Because.NOT_FROM_HERE, standing.state, step.action)
    if transition.to is State.RETURNED:
        return Standing(State.RETURNED, authors, standing.rounds + 1)
    return Standing(transition.to, standing.hands | {step.actor}, standing.rounds)


def allowed(standing: Standing, role: Role, actor: str) -> tuple[Action, ...]:
    """What a person may do next, as far as role and hands decide; reason and findings are asked when the step is taken.

    >>> [str(action) for action in allowed(Standing(State.REPORTED, frozenset({"li"})), Role.REVIEWER, "wang")]
    ['send_back', 'approve']
    >>> [str(action) for action in allowed(Standing(State.REPORTED, frozenset({"li"})), Role.REVIEWER, "li")]
    ['send_back']
    """
    return tuple(
        action
        for action in Action
        if (transition := TRANSITIONS.get((standing.state, action))) is not None
        and transition.role is role
        and not (transition.needs_other and actor in standing.hands)
    )


def walk(steps: tuple[Step, ...], start: Standing | None = None) -> Standing:
    """The standing after several steps.

    >>> str(walk((Step(Action.ENTER, Role.STATISTICIAN, "li"), Step(Action.ENTER, Role.STATISTICIAN, "li"))).state)
    'entering'
    """
    standing = start or Standing()
    for step in steps:
        standing = take(standing, step)
    return standing


def _objection(standing: Standing, step: Step, transition: Transition | None) -> Because | None:
    if transition is None:
        return Because.NOT_FROM_HERE
    asked = (
        (Because.NOT_YOUR_ROLE, step.role is not transition.role),
        (Because.OWN_WORK, transition.needs_other and step.actor in standing.hands),
        (Because.REASON_MISSING, transition.needs_reason and not step.reason.strip()),
        (Because.FAULTS_BLOCK, transition.needs_clean and step.blocking > 0),
        (Because.UNEXPLAINED, transition.needs_clean and step.unexplained > 0),
    )
    return next((because for because, holds in asked if holds), None)

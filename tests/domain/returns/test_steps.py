"""The way of a return: no path skips a role, nobody approves their own, nothing passes with faults standing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nengtan.domain.returns.steps import (
    SYSTEM_CODES,
    TRANSITIONS,
    Action,
    Because,
    Refused,
    Role,
    Standing,
    State,
    Step,
    allowed,
    take,
    walk,
)

ENTER = Step(Action.ENTER, Role.STATISTICIAN, "li")
SUBMIT = Step(Action.SUBMIT, Role.STATISTICIAN, "li")
HEAD = Step(Action.PASS, Role.STATISTICS_HEAD, "zhang")
UNIT = Step(Action.PASS, Role.UNIT_HEAD, "zhao")
APPROVE = Step(Action.APPROVE, Role.REVIEWER, "wang")
WAY = (ENTER, SUBMIT, HEAD, UNIT, APPROVE)
BACK = Step(Action.SEND_BACK, Role.REVIEWER, "wang", reason="unit of gas")
PASSING = {Action.SUBMIT, Action.PASS, Action.APPROVE}

steps = st.builds(
    Step,
    st.sampled_from(Action),
    st.sampled_from(Role),
    st.sampled_from(["li", "zhang", "zhao", "wang"]),
    st.sampled_from(["", "  ", "because"]),
    st.integers(0, 1),
    st.integers(0, 1),
)


def refusal(standing: Standing, step: Step) -> Because:
    with pytest.raises(Refused) as refused:
        take(standing, step)
    return refused.value.because


def test_the_whole_way() -> None:
    states = [walk(WAY[:count]).state for count in range(len(WAY) + 1)]
    assert states == [
        State.EMPTY, State.ENTERING, State.STATISTICS_HEAD, State.UNIT_HEAD, State.REPORTED, State.APPROVED,
    ]  # fmt: skip


def test_sent_back_it_begins_again_with_new_hands() -> None:
    back = walk((*WAY[:4], BACK))
    assert (back.state, back.hands, back.rounds) == (State.RETURNED, frozenset(), 1)
    assert walk(WAY, back).state is State.APPROVED


def test_who_entered_what_stands_keeps_a_hand_in_what_is_sent_back() -> None:
    back = take(walk(WAY[:4]), BACK, frozenset({"wang"}))
    assert refusal(walk(WAY[:4], back), APPROVE) is Because.OWN_WORK
    assert walk((*WAY[:4], replace(APPROVE, actor="zhou")), back).state is State.APPROVED


def test_an_approved_return_opens_again_only_with_a_reason_and_from_above() -> None:
    approved = walk(WAY)
    reopen = Step(Action.REOPEN, Role.REVIEWER, "wang", reason="meter read wrongly")
    assert take(approved, reopen).state is State.RETURNED
    assert refusal(approved, replace(reopen, reason=" ")) is Because.REASON_MISSING
    assert refusal(approved, replace(reopen, role=Role.UNIT_HEAD)) is Because.NOT_YOUR_ROLE
    assert refusal(approved, ENTER) is Because.NOT_FROM_HERE


@pytest.mark.parametrize("count", [2, 3, 4])
def test_nobody_passes_on_their_own(count: int) -> None:
    standing, step = walk(WAY[:count]), WAY[count]
    for actor in standing.hands:
        assert refusal(standing, replace(step, actor=actor)) is Because.OWN_WORK
        assert step.action not in allowed(standing, step.role, actor)
    assert step.action in allowed(standing, step.role, step.actor)


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_faults_and_unexplained_findings_hold_a_return_back(count: int) -> None:
    standing, step = walk(WAY[:count]), WAY[count]
    assert refusal(standing, replace(step, blocking=1)) is Because.FAULTS_BLOCK
    assert refusal(standing, replace(step, unexplained=1)) is Because.UNEXPLAINED
    assert take(standing, step).state is not standing.state


def test_a_faulty_return_can_still_be_entered_and_sent_back() -> None:
    assert take(walk((ENTER,)), replace(ENTER, blocking=3)).state is State.ENTERING
    assert take(walk(WAY[:4]), replace(BACK, blocking=3)).state is State.RETURNED


def test_every_state_has_a_code_of_the_national_system() -> None:
    assert set(SYSTEM_CODES) == set(State)
    assert {SYSTEM_CODES[state] for state in State} == {9, 8, 1, 7, -9}


def test_every_state_but_none_is_left_again() -> None:
    assert {state for state, _ in TRANSITIONS} == set(State)


def accepted(wanted: list[Step]) -> list[tuple[State, Step, State]]:
    """The steps that were taken, with the states before and after."""
    standing, taken, entered = Standing(), [], set[str]()
    for step in wanted:
        try:
            after = take(standing, step, frozenset(entered))
        except Refused:
            continue
        entered |= {step.actor} if step.action is Action.ENTER else set()
        taken.append((standing.state, step, after.state))
        standing = after
    return taken


@given(st.lists(steps, max_size=120))
def test_no_path_to_approval_skips_a_role(wanted: list[Step]) -> None:
    taken = accepted(wanted)
    for at, (_, _, after) in enumerate(taken):
        if after is not State.APPROVED:
            continue
        start = max((n for n in range(at) if taken[n][2] is State.RETURNED), default=-1) + 1
        passed = [step for _, step, _ in taken[start : at + 1] if step.action in PASSING]
        assert [step.role for step in passed] == list(Role)
        assert len({step.actor for step in passed}) == len(Role), "four people"
        assert not any(step.blocking or step.unexplained for step in passed)


@given(st.lists(steps, max_size=60))
def test_nobody_approves_what_they_entered(wanted: list[Step]) -> None:
    entered: set[str] = set()
    for _, step, _after in accepted(wanted):
        if step.action is Action.ENTER:
            entered.add(step.actor)
        elif step.action in (Action.PASS, Action.APPROVE):
            assert step.actor not in entered


@given(st.lists(steps, max_size=60))
def test_going_back_always_has_a_reason(wanted: list[Step]) -> None:
    assert all(step.reason.strip() for _, step, after in accepted(wanted) if after is State.RETURNED)


@given(st.lists(steps, max_size=40), steps)
def test_what_is_allowed_is_what_is_accepted(wanted: list[Step], step: Step) -> None:
    standing = Standing()
    for earlier in wanted:
        try:
            standing = take(standing, earlier)
        except Refused:
            continue
    clean = replace(step, reason="because", blocking=0, unexplained=0)
    if step.action in allowed(standing, step.role, step.actor):
        take(standing, clean)
    else:
        refusal(standing, clean)

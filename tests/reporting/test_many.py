"""The same step with many returns: with all or with none, on one review."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from nengtan.domain.returns import slots
from nengtan.domain.returns.steps import Action, State
from nengtan.reporting import clock
from nengtan.reporting.models import Return, ReturnStep, Value
from nengtan.reporting.services import NotAll, open_returns, review, reviewing, take_step, take_steps
from nengtan.reporting.services.stepping import Outcome
from tests.cast import Cast
from tests.reporting.desk import handed_in, opened_all
from tests.reporting.english import _in_english

__all__ = ["_in_english"]


@pytest.fixture
def three(cast: Cast) -> list[Return]:
    """The returns of the district's three bodies, handed in by the unit heads."""
    returns = opened_all(cast)
    for of in returns:
        handed_in(cast, of)
    return returns


def states() -> list[str]:
    return sorted(Return.objects.values_list("state", flat=True))


def test_many_are_approved_in_one_act_each_with_its_step(cast: Cast, three: list[Return]) -> None:
    outcomes = take_steps(cast.actor("district"), three, Action.APPROVE)
    assert [item.refused for item in outcomes] == ["", "", ""]
    assert states() == [State.APPROVED] * 3
    last = [of.steps.order_by("-id")[0] for of in Return.objects.all()]
    assert {(step.before, step.after, step.by) for step in last} == {("reported", "approved", cast.user("district"))}


def test_one_that_refuses_holds_all_back_and_each_is_told(cast: Cast, three: list[Return]) -> None:
    take_step(cast.actor("district"), three[0], Action.APPROVE)
    written = ReturnStep.objects.count()
    with pytest.raises(NotAll) as refused:
        take_steps(cast.actor("district"), three, Action.APPROVE)
    told = {outcome.of.pk: outcome.refused for outcome in refused.value.outcomes}
    assert told[three[0].pk]
    assert [told[of.pk] for of in three[1:]] == ["", ""]
    assert states() == ["approved", "reported", "reported"]
    assert ReturnStep.objects.count() == written


def test_sending_back_wants_a_reason(cast: Cast, three: list[Return]) -> None:
    with pytest.raises(NotAll):
        take_steps(cast.actor("district"), three, Action.SEND_BACK, "  ")
    take_steps(cast.actor("district"), three, Action.SEND_BACK, "compare with the bills")
    assert {(of.state, of.rounds) for of in Return.objects.all()} == {("returned", 1)}


def test_nobody_approves_what_they_had_a_hand_in(cast: Cast, three: list[Return]) -> None:
    three[1].hands = [*three[1].hands, str(cast.user("district").pk)]
    three[1].save()
    with pytest.raises(NotAll) as refused:
        take_steps(cast.actor("district"), three, Action.APPROVE)
    assert [bool(item.refused) for item in refused.value.outcomes] == [False, True, False]


@pytest.mark.parametrize("who", ["neighbour", "education", "outsider", "statistician"])
def test_somebody_elses_returns_are_refused_not_touched(cast: Cast, three: list[Return], who: str) -> None:
    with pytest.raises(NotAll) as refused:
        take_steps(cast.actor(who), three, Action.APPROVE)
    assert all(isinstance(item, Outcome) and item.refused for item in refused.value.outcomes)
    assert states() == ["reported"] * 3


def test_the_number_of_queries_does_not_grow_with_the_returns(cast: Cast, three: list[Return]) -> None:
    with CaptureQueriesContext(
        connection,
    ) as one:
        take_steps(cast.actor("district"), three[:1], Action.APPROVE)
    with CaptureQueriesContext(connection) as two:
        take_steps(cast.actor("district"), three[1:], Action.APPROVE)
    assert len(two) == len(one)


def test_a_year_is_opened_though_other_years_and_months_are(cast: Cast) -> None:
    actor, region = cast.actor("district"), cast.regions["420106"]
    for period in (slots.annual(2021), slots.month(2023, 1), slots.annual(2023)):
        assert open_returns(actor, region, period) == 3


def test_what_is_done_on_another_day_bears_its_date(cast: Cast) -> None:
    with clock.at(date(2023, 4, 2)):
        of = opened_all(cast)[0]
        handed_in(cast, of)
    assert {step.at.date() for step in ReturnStep.objects.all()} == {date(2023, 4, 2)}
    of.refresh_from_db()
    assert of.reported_at is not None
    assert of.reported_at.date() == date(2023, 4, 2)
    assert Decimal(5000) in [value.value for value in of.values.all()]


def test_a_review_of_many_finds_the_same_piece_by_piece(three: list[Return], monkeypatch: pytest.MonkeyPatch) -> None:
    Value.objects.filter(indicator="elec_qty").update(value=0)
    whole = review(three)
    monkeypatch.setattr(reviewing, "AT_ONCE", 2)
    assert review(three) == whole
    assert all(whole.values())

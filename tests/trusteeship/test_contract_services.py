"""Contracts on record and their settlements: who may, what is kept, and that what is agreed stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction

from nengtan.domain.settlement.terms import Case, Reopening
from nengtan.identity.access import Forbidden
from nengtan.identity.models import AuditEvent
from nengtan.trusteeship.models import Contract, ContractStep, Settlement, SettlementAnswer, TermsVersion
from nengtan.trusteeship.queries import again
from nengtan.trusteeship.services import add_contract, amend, answer, is_agreed, settle_year, sides_of, step
from tests.cast import Cast

from .conftest import worked

MAY_KEEP = {"admin", "nation", "province", "city", "district"}
EVERYBODY = [*sorted(MAY_KEEP), "neighbour", "other", "education", "statistician", "statistics_head"]
EVERYBODY += ["unit_head", "service", "verifier", "public", "outsider"]


def with_other_gas(case: Case, use: str = "81231") -> Case:
    uses = tuple(replace(one, use=Decimal(use)) if one.carrier == "natural_gas" else one for one in case.uses)
    return replace(case, uses=uses)


def reopened(case: Case, earlier: Settlement) -> Case:
    told = Reopening(earlier.inputs_hash, earlier.due, "the gas meter was read wrong", "both", date(2026, 5, 8))
    return replace(case, reopening=told)


@pytest.mark.parametrize("who", EVERYBODY)
def test_who_keeps_contracts(cast: Cast, who: str) -> None:
    if who in MAY_KEEP:
        assert add_contract(cast.actor(who), cast.institutions["school"], worked()).number == "WC-TG-2024-001"
        return
    with pytest.raises(Forbidden):
        add_contract(cast.actor(who), cast.institutions["school"], worked())
    assert not Contract.objects.exists()


@pytest.mark.parametrize("who", EVERYBODY)
def test_who_settles_and_who_sees(cast: Cast, contract: Contract, who: str) -> None:
    if who in MAY_KEEP | {"service"}:
        assert settle_year(cast.actor(who), contract, worked()).due == Decimal("3840837.03")
    else:
        with pytest.raises(Forbidden):
            settle_year(cast.actor(who), contract, worked())
    sees = Contract.objects.for_actor(cast.actor(who)).exists()
    assert sees is (who not in {"neighbour", "other", "public", "outsider"})


def test_a_number_is_given_once(cast: Cast, contract: Contract) -> None:
    with pytest.raises(ValidationError):
        add_contract(cast.actor("district"), cast.institutions["office"], worked())
    long = worked(contract={**_contract(), "number": "9" * 81})
    with pytest.raises(ValidationError):
        add_contract(cast.actor("district"), cast.institutions["office"], long)


def _contract() -> dict[str, str]:
    return {"number": "N", "kind": "trusteeship", "starts": "2024-07-01", "ends": "2034-12-31"}


def test_a_settlement_comes_to_the_same_at_any_time(cast: Cast, contract: Contract) -> None:
    made = settle_year(cast.actor("service"), contract, worked())
    kept = Settlement.objects.get(pk=made.pk)
    _case, found, same = again(kept)
    assert same
    assert (found.due, found.balance) == (kept.due, kept.balance) == (Decimal("3840837.03"), Decimal("440837.03"))
    assert kept.saved_share == Decimal("0.192041")


def test_terms_other_than_those_on_record_are_refused_by_name(cast: Cast, contract: Contract) -> None:
    case = worked()
    cheaper = replace(case, discounts=(replace(case.discounts[0], share=Decimal("0.04")),))
    with pytest.raises(ValidationError, match="1"):
        settle_year(cast.actor("service"), contract, cheaper)
    amend(cast.actor("district"), contract, cheaper, date(2025, 1, 1), "supplementary agreement 1")
    assert settle_year(cast.actor("service"), contract, cheaper).terms.number == 2
    assert contract.versions.count() == 2


def test_an_amendment_needs_a_reason_a_change_and_a_later_day(cast: Cast, contract: Contract) -> None:
    case, actor = worked(), cast.actor("district")
    other = replace(case, surplus=())
    for changed, day, reason in (
        (other, date(2025, 1, 1), " "), (case, date(2025, 1, 1), "r"), (other, date(2024, 7, 1), "r"),
    ):  # fmt: skip
        with pytest.raises(ValidationError):
            amend(actor, contract, changed, day, reason)
    assert contract.versions.count() == 1


def test_years_before_an_amendment_keep_their_terms(cast: Cast, contract: Contract) -> None:
    amend(cast.actor("district"), contract, replace(worked(), surplus=()), date(2026, 1, 1), "r")
    assert settle_year(cast.actor("service"), contract, worked()).terms.number == 1


def test_a_year_that_cannot_be_settled_is_not_kept(cast: Cast, contract: Contract) -> None:
    with pytest.raises(ValidationError):
        settle_year(cast.actor("service"), contract, replace(worked(), prices=()))
    with pytest.raises(ValidationError):
        settle_year(cast.actor("service"), contract, worked("guarantee"))
    assert not Settlement.objects.exists()


def test_both_parties_answer_and_nobody_else(cast: Cast, contract: Contract) -> None:
    made = settle_year(cast.actor("service"), contract, worked())
    for who in ("admin", "district", "statistician", "statistics_head", "verifier", "outsider"):
        with pytest.raises(Forbidden):
            answer(cast.actor(who), made, "agree")
    answer(cast.actor("service"), made, "agree")
    assert not is_agreed(made.answers.all())
    with pytest.raises(ValidationError):
        answer(cast.actor("unit_head"), made, "dispute")
    answer(cast.actor("unit_head"), made, "dispute", "the area")
    with pytest.raises(ValidationError):
        answer(cast.actor("unit_head"), made, "dispute", "the area")
    answer(cast.actor("unit_head"), made, "agree")
    assert is_agreed(made.answers.all())
    with pytest.raises(ValidationError):
        answer(cast.actor("unit_head"), made, "dispute", "again")
    assert sides_of(cast.actor("unit_head"), contract) == ["client"]
    assert sides_of(cast.actor("service"), contract) == ["company"]


def test_nobody_answers_for_both(cast: Cast, contract: Contract) -> None:
    from nengtan.identity.services import GrantInput, grant_role

    grant = GrantInput(role="service_company", institution=cast.institutions["school"])
    grant_role(cast.actor("admin"), cast.users["unit_head"], grant)
    made = settle_year(cast.actor("service"), contract, worked())
    with pytest.raises(Forbidden):
        answer(cast.actor("unit_head"), made, "agree")


def test_what_is_disputed_is_settled_anew_and_what_is_agreed_only_as_opened_again(
    cast: Cast, contract: Contract
) -> None:
    company = cast.actor("service")
    first = settle_year(company, contract, worked())
    with pytest.raises(ValidationError):
        settle_year(company, contract, worked())
    answer(cast.actor("unit_head"), first, "dispute", "gas")
    second = settle_year(company, contract, with_other_gas(worked()))
    assert second.replaces == first
    with pytest.raises(ValidationError):
        answer(cast.actor("unit_head"), first, "agree")
    for who in ("unit_head", "service"):
        answer(cast.actor(who), second, "agree")
    with pytest.raises(ValidationError):
        settle_year(company, contract, with_other_gas(worked(), "82000"))
    with pytest.raises(ValidationError):
        settle_year(company, contract, reopened(with_other_gas(worked(), "82000"), first))
    third = settle_year(company, contract, reopened(with_other_gas(worked(), "82000"), second))
    assert third.replaces == second
    assert Settlement.objects.count() == 3
    assert all(again(one)[2] for one in Settlement.objects.all())


def test_a_year_never_settled_is_not_opened_again(cast: Cast, contract: Contract) -> None:
    made = settle_year(cast.actor("service"), contract, worked())
    other = add_contract(cast.actor("district"), cast.institutions["hospital"], _renamed(worked()))
    with pytest.raises(ValidationError):
        settle_year(cast.actor("service"), other, reopened(_renamed(worked()), made))


def _renamed(case: Case) -> Case:
    return replace(case, contract=replace(case.contract, number="ANOTHER"))


def test_states_go_forward_and_every_other_step_says_why(cast: Cast, contract: Contract) -> None:
    actor = cast.actor("district")
    step(actor, contract, "signed", date(2024, 8, 1))
    with pytest.raises(ValidationError):
        step(actor, contract, "signed", date(2024, 8, 1))
    with pytest.raises(ValidationError):
        step(actor, contract, "operating", date(2024, 9, 1))
    with pytest.raises(ValidationError):
        step(actor, contract, "building", date(2999, 1, 1))
    step(actor, contract, "ended", date(2024, 9, 1), "the company withdrew")
    contract.refresh_from_db()
    assert contract.state == "ended"
    assert [one.state for one in contract.steps.all()] == ["signed", "ended"]
    with pytest.raises(Forbidden):
        step(cast.actor("service"), contract, "signed", date(2024, 10, 1), "r")


def test_what_is_kept_cannot_be_changed(cast: Cast, contract: Contract) -> None:
    made = settle_year(cast.actor("service"), contract, worked())
    answer(cast.actor("service"), made, "agree")
    step(cast.actor("district"), contract, "signed", date(2024, 8, 1))
    for model in (Settlement, SettlementAnswer, TermsVersion, ContractStep):
        for change in (lambda rows: rows.update(at=made.at), lambda rows: rows.delete()):
            with pytest.raises(DatabaseError), transaction.atomic():
                change(model.objects.all())


def test_every_write_is_in_the_trail(cast: Cast, contract: Contract) -> None:
    made = settle_year(cast.actor("service"), contract, worked())
    answer(cast.actor("service"), made, "agree")
    step(cast.actor("district"), contract, "signed", date(2024, 8, 1))
    found = set(AuditEvent.objects.filter(institution_id=contract.institution_id).values_list("action", flat=True))
    assert {"contract.add", "contract.terms", "contract.step", "settlement.make", "settlement.agree"} <= found

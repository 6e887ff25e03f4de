"""Contracts and settlements are written here alone; every write leaves an audit event."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from nengtan.domain.settlement.document import canonical, digest, ordered
from nengtan.domain.settlement.engine import RULES, settle
from nengtan.domain.settlement.terms import Case
from nengtan.identity import audit
from nengtan.identity.access import Actor, Forbidden
from nengtan.identity.roles import Capability, Role
from nengtan.registry.models import Institution
from nengtan.reporting import clock
from nengtan.trusteeship.models import NUMBER_LENGTH, Contract, ContractStep, Settlement, SettlementAnswer, TermsVersion
from nengtan.trusteeship.settling.words import TABLES, refusal

__all__ = ["TERMS", "add_contract", "amend", "answer", "is_agreed", "settle_year", "sides_of", "standing", "step"]

TERMS = (
    "contract", "accounts", "baselines", "baseline_years", "adjustments", "discounts", "sharing", "surplus", "overrun",
    "guarantee", "guaranteed", "lease", "ladders", "advances",
)  # fmt: skip
"""Tables that are terms; all others are what a year brought."""

OWN = (Role.UNIT_HEAD, Role.SERVICE_COMPANY)


@transaction.atomic
def add_contract(actor: Actor, institution: Institution, case: Case) -> Contract:
    """Put a contract on record with its first version of terms, both taken from a case.

    Raises:
        Forbidden: the actor may not keep contracts of the institution.
        ValidationError: there is a contract of this number.
    """
    _require(actor, Capability.MANAGE_CONTRACTS, institution)
    told = case.contract
    if len(told.number) > NUMBER_LENGTH:
        allowed = _("a number of at most %(n)s characters") % {"n": NUMBER_LENGTH}
        raise ValidationError(
            _("Found “%(found)s”; allowed: %(allowed)s.") % {"found": told.number[:40], "allowed": allowed}
        )
    if Contract.objects.filter(number=told.number).exists():
        raise ValidationError(_("There is a contract %(number)s already.") % {"number": told.number})
    contract = Contract.objects.create(
        institution=institution, number=told.number, title=told.title, kind=str(told.kind), company=told.company,
        starts=told.starts, ends=told.ends,
    )  # fmt: skip
    _record(actor, "contract.add", contract, contract, after=audit.snapshot(contract))
    _keep_terms(actor, contract, case, told.starts, "")
    return contract


@transaction.atomic
def amend(actor: Actor, contract: Contract, case: Case, holds_from: date, reason: str) -> TermsVersion:
    """A new version of the terms from a day on (补充协议); years settled before keep theirs.

    Raises:
        Forbidden: the actor may not keep contracts of the institution.
        ValidationError: another contract, no reason, nothing changed, or not later than the version before.
    """
    _require(actor, Capability.MANAGE_CONTRACTS, contract.institution)
    contract = Contract.objects.select_for_update().get(pk=contract.pk)
    _same_contract(contract, case)
    latest = contract.versions.order_by("-number").first()
    if not reason.strip():
        raise ValidationError(_("Say what was agreed and in which document."))
    if latest is not None and latest.digest == digest(_terms(case)):
        raise ValidationError(_("The terms are those of version %(number)s.") % {"number": latest.number})
    if latest is not None and holds_from <= latest.holds_from:
        allowed = _("a day after %(day)s") % {"day": latest.holds_from}
        raise ValidationError(_("Found “%(found)s”; allowed: %(allowed)s.") % {"found": holds_from, "allowed": allowed})
    told = case.contract
    before = audit.snapshot(contract)
    contract.title, contract.company, contract.ends = told.title, told.company, told.ends
    contract.save(update_fields=["title", "company", "ends"])
    made = _keep_terms(actor, contract, case, holds_from, reason)
    _record(actor, "contract.change", contract, contract, before=before, after=audit.snapshot(contract))
    return made


@transaction.atomic
def step(actor: Actor, contract: Contract, state: str, on: date, reason: str = "") -> ContractStep:
    """A contract comes into a state on a day, forward only; out of its order, or back, only with a reason.

    Raises:
        Forbidden: the actor may not keep contracts of the institution.
        ValidationError: it is in this state, the day is yet to come, or the reason is missing.
    """
    _require(actor, Capability.MANAGE_CONTRACTS, contract.institution)
    contract = Contract.objects.select_for_update().get(pk=contract.pk)
    order = list(Contract.State)
    wanted, held = Contract.State(state), Contract.State(contract.state)
    if wanted is held:
        raise ValidationError(_("The contract is in this state: %(state)s.") % {"state": held.label})
    if on > clock.today():
        allowed = _("a day until %(day)s") % {"day": clock.today()}
        raise ValidationError(_("Found “%(found)s”; allowed: %(allowed)s.") % {"found": on, "allowed": allowed})
    if order.index(wanted) != order.index(held) + 1 and not reason.strip():
        raise ValidationError(_("A step that is not the next one needs a reason."))
    before = audit.snapshot(contract, "state")
    contract.state = wanted
    contract.save(update_fields=["state"])
    made = ContractStep.objects.create(
        contract=contract, state=wanted, on=on, reason=reason, by=actor.user, at=clock.now()
    )
    after = audit.snapshot(contract, "state")
    _record(actor, "contract.step", contract, contract, before=before, after=after, reason=reason)
    return made


@transaction.atomic
def settle_year(actor: Actor, contract: Contract, case: Case) -> Settlement:
    """Settle a year and put it forward to both parties; nothing about it changes any more.

    A settlement both have agreed to is followed by another only as one opened again (`reopening`), one that is not by
    any other. Raises:
        Forbidden: the actor may not put settlements of the institution forward.
        ValidationError: another contract, other terms than those in force, or a year that cannot be settled.
    """
    _require(actor, Capability.SETTLE_CONTRACTS, contract.institution)
    contract = Contract.objects.select_for_update().get(pk=contract.pk)
    _same_contract(contract, case)
    terms = contract.versions.filter(holds_from__lte=case.period.first).order_by("-number").first()
    if terms is None:
        raise ValidationError(_("No terms hold on %(day)s.") % {"day": case.period.first})
    if terms.digest != digest(_terms(case)):
        raise ValidationError(
            _("The terms are not those on record (version %(number)s): %(tables)s. Amend the contract first, or settle "
              "by the terms on record.") % {"number": terms.number, "tables": _differing(terms, case)}
        )  # fmt: skip
    found = settle(case)
    if found.year is None or found.due is None or found.balance is None:
        raise ValidationError([refusal(one) for one in found.refusals])
    replaced = _replaced(contract, case)
    made = Settlement.objects.create(
        contract=contract, terms=terms, year=found.year, first=case.period.first, last=case.period.last,
        document=canonical(case), due=found.due, balance=found.balance, saved_share=found.saved_share, rules=RULES,
        inputs_hash=found.inputs_hash, result_hash=found.result_hash, replaces=replaced, by=actor.user, at=clock.now(),
    )  # fmt: skip
    after = audit.snapshot(made, "year", "due", "balance", "inputs_hash", "result_hash")
    _record(actor, "settlement.make", made, contract, after=after)
    return made


@transaction.atomic
def answer(actor: Actor, settlement: Settlement, kind: str, reason: str = "") -> SettlementAnswer:
    """A party agrees to a settlement, or disputes it and says why.

    Raises:
        Forbidden: the actor is of neither party.
        ValidationError: a dispute without a reason, an answer that is there already, or a settlement replaced.
    """
    contract = settlement.contract
    _require(actor, Capability.SIGN_SETTLEMENTS, contract.institution)
    Settlement.objects.select_for_update().get(pk=settlement.pk)
    sides = sides_of(actor, contract)
    if len(sides) != 1:
        raise Forbidden(_("Nobody answers for both parties of a contract."))
    if Settlement.objects.filter(replaces=settlement).exists():
        raise ValidationError(_("This settlement is replaced by a later one."))
    if is_agreed(settlement.answers.all()):
        raise ValidationError(_("Both parties have agreed; a change needs the year to be opened again."))
    if kind == SettlementAnswer.Kind.DISPUTE and not reason.strip():
        raise ValidationError(_("Say what is disputed and why."))
    latest = settlement.answers.filter(side=sides[0]).order_by("-id").first()
    if latest is not None and latest.kind == kind:
        raise ValidationError(_("You have answered so already."))
    made = SettlementAnswer.objects.create(
        settlement=settlement, side=sides[0], kind=SettlementAnswer.Kind(kind), reason=reason, by=actor.user,
        at=clock.now(),
    )  # fmt: skip
    _record(actor, f"settlement.{kind}", settlement, contract, after={"side": sides[0]}, reason=reason)
    return made


def sides_of(actor: Actor, contract: Contract) -> list[str]:
    """The parties of a contract the actor answers for."""
    if not actor.can(Capability.SIGN_SETTLEMENTS):
        return []
    held = {grant.role for grant in actor.grants if grant.institution_id == contract.institution_id}
    sides = {Role.UNIT_HEAD: SettlementAnswer.Side.CLIENT, Role.SERVICE_COMPANY: SettlementAnswer.Side.COMPANY}
    return [str(sides[role]) for role in OWN if role in held]


def standing(answers: Iterable[SettlementAnswer]) -> dict[str, str]:
    """What each party said last."""
    return {one.side: one.kind for one in sorted(answers, key=lambda one: one.pk)}


def is_agreed(answers: Iterable[SettlementAnswer]) -> bool:
    """Whether both parties agree."""
    said = standing(answers)
    return all(said.get(side) == SettlementAnswer.Kind.AGREE for side in SettlementAnswer.Side.values)


def _terms(case: Case) -> dict[str, Any]:
    """The tables of terms, their rows in the order of their text."""
    case = ordered(case)
    return {name: getattr(case, name) for name in TERMS}


def _keep_terms(actor: Actor, contract: Contract, case: Case, holds_from: date, reason: str) -> TermsVersion:
    held = _terms(case)
    made = TermsVersion.objects.create(
        contract=contract, number=contract.versions.count() + 1, holds_from=holds_from, document=canonical(held),
        digest=digest(held), reason=reason, by=actor.user, at=clock.now(),
    )  # fmt: skip
    after = audit.snapshot(made, "number", "holds_from", "digest")
    _record(actor, "contract.terms", made, contract, after=after, reason=reason)
    return made


def _same_contract(contract: Contract, case: Case) -> None:
    if case.contract.number != contract.number:
        raise ValidationError(
            _("The file is about contract %(found)s; allowed: %(allowed)s.")
            % {"found": case.contract.number, "allowed": contract.number}
        )


def _differing(terms: TermsVersion, case: Case) -> str:
    kept, told = json.loads(terms.document), json.loads(canonical(_terms(case)))
    return ", ".join(str(TABLES[name]) for name in TERMS if kept.get(name) != told.get(name))


def _replaced(contract: Contract, case: Case) -> Settlement | None:
    """The settlement of the year that a new one takes the place of."""
    held = contract.settlements.filter(first=case.period.first, replaced_by=None).first()
    if held is None:
        if case.reopening is not None:
            raise ValidationError(_("The year has not been settled: there is nothing to open again."))
        return None
    agreed = is_agreed(held.answers.all())
    if agreed and case.reopening is None:
        raise ValidationError(
            _("Both parties have agreed to this year; to change it, open it again: fingerprint, reason and who asks.")
        )
    if case.reopening is not None and (not agreed or case.reopening.of != held.inputs_hash):
        raise ValidationError(
            _("The settlement opened again is not the one agreed to; its fingerprint is %(hash)s.")
            % {"hash": held.inputs_hash}
        )
    if ordered(replace(case, reopening=None)) == ordered(replace(held.case, reopening=None)):
        raise ValidationError(_("The figures are those of the settlement there is."))
    return held


def _require(actor: Actor, capability: str, institution: Institution) -> None:
    actor.require(capability)
    if not Institution.objects.for_actor(actor, capability).filter(pk=institution.pk).exists():
        raise Forbidden(capability)


def _record(actor: Actor, action: str, subject: Any, contract: Contract, **told: Any) -> None:
    institution = contract.institution
    audit.record(
        actor, action, subject, region_path=institution.region.path, institution_id=institution.pk, **told
    )  # fmt: skip

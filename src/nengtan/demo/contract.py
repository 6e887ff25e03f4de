"""A contract of trusteeship with a year settled, every figure of it invented."""

from __future__ import annotations

import json
from datetime import date
from importlib.resources import files

from nengtan.domain.settlement.document import read
from nengtan.identity.access import Actor, actor_for
from nengtan.identity.models import AuditEvent, User
from nengtan.registry.models import Institution
from nengtan.reporting import clock
from nengtan.trusteeship import services

__all__ = ["add_contract"]

CLIENT, COMPANY = "WC012", "company"
STEPS = (("signed", date(2022, 7, 1)), ("building", date(2022, 8, 15)), ("operating", date(2022, 12, 20)))
SETTLED = date(2024, 1, 12)


def add_contract(actor: Actor) -> None:
    """The contract of the science bureau with its company: its first year is settled, and the company agrees."""
    text = files("nengtan.demo").joinpath("data/contract.json").read_text(encoding="utf-8")
    case, flaws = read(json.loads(text))
    if case is None:
        raise RuntimeError(f"the demonstration's own contract was refused: {flaws[:3]}")
    institution = Institution.objects.select_related("region").get(code=CLIENT)
    with clock.at(STEPS[0][1]):
        contract = services.add_contract(actor, institution, case)
    for state, day in STEPS:
        with clock.at(day):
            services.step(actor, contract, state, day)
    with clock.at(SETTLED):
        company = actor_for(User.objects.get(username=COMPANY), AuditEvent.Via.PAGE)
        made = services.settle_year(company, contract, case)
        services.answer(company, made, "agree")

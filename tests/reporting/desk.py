"""What a school has on its desk when a return is due: bills, a credit code, an area and a headcount."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from nengtan.domain import creditcode
from nengtan.domain.returns import slots
from nengtan.domain.returns.steps import Action
from nengtan.identity.access import Actor, system_actor
from nengtan.ledger.services import FactInput, enter_fact
from nengtan.registry.services import set_attribute
from nengtan.reporting.models import Return
from nengtan.reporting.services import CellChange, explain, open_returns, review, save_cells, take_step
from tests.cast import Cast

QUARTER = slots.quarter(2023, 1)


def bill(cast: Cast, who: str, carrier: str, month: int, quantity: str, unit: str, cost: str | None = None) -> None:
    money = None if cost is None else Decimal(cost)
    enter_fact(system_actor(), FactInput(cast.institutions[who], carrier, month, Decimal(quantity), unit, money))


def register(cast: Cast, who: str, number: int) -> None:
    """A credit code with its check digit, an area and a headcount."""
    body = cast.institutions[who]
    stem = f"12420106MB00000{number:02d}"
    body.credit_code = stem + creditcode.check_digit(stem)
    body.save(update_fields=["credit_code"])
    set_attribute(system_actor(), body, "area_m2", date(2020, 1, 1), Decimal(5000))
    set_attribute(system_actor(), body, "area_m2", date(2023, 3, 1), Decimal(6000))
    set_attribute(system_actor(), body, "persons", date(2020, 1, 1), Decimal(400))


def opened(cast: Cast) -> Return:
    """The school's first quarter of 2023, opened by the district: three months of electricity and water, two of gas."""
    register(cast, "school", 1)
    for month, kwh in ((202301, "12000"), (202302, "8000"), (202303, "10000")):
        bill(cast, "school", "electricity", month, kwh, "kWh", str(Decimal(kwh) * Decimal("0.6")))
        bill(cast, "school", "water", month, "500", "m3", "1500")
    bill(cast, "school", "natural_gas", 202301, "0.2", "10km3", "6000")
    bill(cast, "school", "natural_gas", 202302, "1000", "m3", "3000")
    open_returns(cast.actor("district"), cast.regions["420106"], QUARTER)
    return Return.objects.get(institution=cast.institutions["school"])


def opened_all(cast: Cast) -> list[Return]:
    """The first quarter of 2023 of all three bodies of the district, each with bills and a register."""
    for number, who in enumerate(("school", "hospital", "office"), 1):
        register(cast, who, number)
        for month in (202301, 202302, 202303):
            bill(cast, who, "electricity", month, str(9000 + 100 * number + month % 10), "kWh", "5400")
            bill(cast, who, "water", month, str(300 + 7 * number), "m3", "900")
    open_returns(cast.actor("district"), cast.regions["420106"], QUARTER)
    return list(Return.objects.select_related("institution").order_by("institution__code"))


def handed_in(cast: Cast, of: Return) -> None:
    """Filled in, explained, passed on by the three people of the institution, who here serve all of them."""
    people = [Actor(cast.user(name), _all=True) for name in ("statistician", "statistics_head", "unit_head")]
    area = of.values.get(indicator="area")
    save_cells(people[0], of, [CellChange("area", Decimal(5000), area.version)])
    for finding in review([of])[of.pk]:
        explain(people[0], of, finding.rule, "as billed", indicator=finding.cell.indicator)
    for actor, action in zip(people, (Action.SUBMIT, Action.PASS, Action.PASS), strict=True):
        take_step(actor, of, action)

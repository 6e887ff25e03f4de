"""What a school has on its desk when a return is due: bills, a credit code, an area and a headcount."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from nengtan.domain import creditcode
from nengtan.domain.returns import slots
from nengtan.identity.access import system_actor
from nengtan.ledger.services import FactInput, enter_fact
from nengtan.registry.services import set_attribute
from nengtan.reporting.models import Return
from nengtan.reporting.services import open_returns
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

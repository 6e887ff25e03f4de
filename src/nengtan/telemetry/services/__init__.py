"""The only code of metering that writes to the business database and the inbox."""

from nengtan.telemetry.services.accepting import Answer, accept
from nengtan.telemetry.services.formulas import TermInput, remove_formula, set_formula
from nengtan.telemetry.services.gateways import (
    authenticate_gateway,
    end_gateway,
    issue_gateway,
    new_key,
    remove_point,
    set_point,
)
from nengtan.telemetry.services.happenings import record_event, set_ratio, withdraw_event
from nengtan.telemetry.services.keeping import Kept, bring_up_to_date
from nengtan.telemetry.services.orders import close_order, give_order
from nengtan.telemetry.services.registers import main_registers, save_register
from nengtan.telemetry.services.repairing import repair, undo_repair
from nengtan.telemetry.services.watching import watch

__all__ = [
    "Answer",
    "Kept",
    "TermInput",
    "accept",
    "authenticate_gateway",
    "bring_up_to_date",
    "close_order",
    "end_gateway",
    "give_order",
    "issue_gateway",
    "main_registers",
    "new_key",
    "record_event",
    "remove_formula",
    "remove_point",
    "repair",
    "save_register",
    "set_formula",
    "set_point",
    "set_ratio",
    "undo_repair",
    "watch",
    "withdraw_event",
]

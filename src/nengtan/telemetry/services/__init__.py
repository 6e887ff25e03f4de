"""The only code of metering that writes to the business database and the inbox."""

from nengtan.telemetry.services.accepting import Answer, accept
from nengtan.telemetry.services.gateways import authenticate_gateway, end_gateway, issue_gateway, new_key
from nengtan.telemetry.services.happenings import record_event, set_ratio, withdraw_event
from nengtan.telemetry.services.keeping import Kept, bring_up_to_date
from nengtan.telemetry.services.registers import main_registers, save_register
from nengtan.telemetry.services.repairing import repair, undo_repair

__all__ = [
    "Answer",
    "Kept",
    "accept",
    "authenticate_gateway",
    "bring_up_to_date",
    "end_gateway",
    "issue_gateway",
    "main_registers",
    "new_key",
    "record_event",
    "repair",
    "save_register",
    "set_ratio",
    "undo_repair",
    "withdraw_event",
]

"""The only code that writes returns."""

from nengtan.reporting.services.cells import (
    CellChange,
    Conflict,
    Saved,
    accept,
    explain,
    explain_with_file,
    remove_room,
    save_cells,
)
from nengtan.reporting.services.opening import extend, open_returns
from nengtan.reporting.services.prefill import prefill
from nengtan.reporting.services.reviewing import Reviewed, is_settled, review, review_typed, weigh, weigh_all
from nengtan.reporting.services.rules import RuleDraft, add_rule, change_rule, set_thresholds, switch_rule
from nengtan.reporting.services.stepping import NotAll, Outcome, take_step, take_steps
from nengtan.reporting.services.trying import trial_of, try_rule

__all__ = [
    "CellChange",
    "Conflict",
    "NotAll",
    "Outcome",
    "Reviewed",
    "RuleDraft",
    "Saved",
    "accept",
    "add_rule",
    "change_rule",
    "explain",
    "explain_with_file",
    "extend",
    "is_settled",
    "open_returns",
    "prefill",
    "remove_room",
    "review",
    "review_typed",
    "save_cells",
    "set_thresholds",
    "switch_rule",
    "take_step",
    "take_steps",
    "trial_of",
    "try_rule",
    "weigh",
    "weigh_all",
]

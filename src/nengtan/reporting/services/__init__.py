"""The only code that writes returns."""

from nengtan.reporting.services.cells import CellChange, Conflict, Saved, accept, explain, remove_room, save_cells
from nengtan.reporting.services.opening import extend, open_returns
from nengtan.reporting.services.prefill import prefill
from nengtan.reporting.services.reviewing import Reviewed, review, review_typed, weigh
from nengtan.reporting.services.stepping import take_step

__all__ = [
    "CellChange",
    "Conflict",
    "Reviewed",
    "Saved",
    "accept",
    "explain",
    "extend",
    "open_returns",
    "prefill",
    "remove_room",
    "review",
    "review_typed",
    "save_cells",
    "take_step",
    "weigh",
]

"""The only code that writes returns."""

from nengtan.reporting.services.cells import CellChange, Conflict, Saved, explain, save_cells
from nengtan.reporting.services.opening import extend, open_returns
from nengtan.reporting.services.prefill import prefill
from nengtan.reporting.services.reviewing import review, weigh
from nengtan.reporting.services.stepping import take_step

__all__ = [
    "CellChange",
    "Conflict",
    "Saved",
    "explain",
    "extend",
    "open_returns",
    "prefill",
    "review",
    "save_cells",
    "take_step",
    "weigh",
]

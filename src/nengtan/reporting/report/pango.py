"""Whether this machine can lay out PDF; asked without loading anything else."""

from __future__ import annotations

import logging
from functools import cache


class NoPdf(Exception):
    """The machine lacks what a PDF is laid out with; the text says which part."""


@cache
def missing() -> str:
    """What the machine lacks for PDF; empty where nothing."""
    for name in ("weasyprint", "weasyprint.progress", "fontTools"):  # they tell every step, before anything is wrong
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        import weasyprint
    except (ImportError, OSError) as error:
        return str(error).splitlines()[0]
    return "" if weasyprint.__version__ else "weasyprint"

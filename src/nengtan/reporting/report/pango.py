"""Whether this machine can lay out PDF; asked without loading anything else."""

from __future__ import annotations

from functools import cache


class NoPdf(Exception):
    """The machine lacks what a PDF is laid out with; the text says which part."""


@cache
def missing() -> str:
    """What the machine lacks for PDF; empty where nothing."""
    try:
        import weasyprint
    except (ImportError, OSError) as error:
        return str(error).splitlines()[0]
    return "" if weasyprint.__version__ else "weasyprint"

"""Pausing Python's search for cycles while hundreds of thousands of plain rows are made."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_inside = 0


@contextmanager
def paused() -> Iterator[None]:
    """No cycle collection inside: rows hold no cycles, and looking for some takes half the time of an import.

    Several threads may be inside; the last one out switches the collector on again.
    """
    global _inside  # noqa: PLW0603 - one switch for the whole process
    with _lock:
        _inside += 1
        was_on = gc.isenabled() or _inside > 1
        gc.disable()
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if was_on and not _inside:
                gc.enable()

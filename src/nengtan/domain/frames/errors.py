"""Why bytes are no frame."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["BadFrame", "Fault"]


class Fault(StrEnum):
    """What is wrong with a frame."""

    NO_START = "no_start"
    SHORT = "short"  # more bytes may still come
    TOO_LONG = "too_long"
    NO_END = "no_end"
    CHECKSUM = "checksum"
    CONTENT = "content"  # whole, but not what its kind may hold


class BadFrame(ValueError):
    """Bytes that are no frame of their protocol: ``fault``, what was ``found`` and what is ``allowed`` there."""

    def __init__(self, fault: Fault, found: object = "", allowed: object = "") -> None:
        self.fault, self.found, self.allowed = fault, found, allowed
        super().__init__(f"{fault}: found {found!r}, allowed: {allowed}")

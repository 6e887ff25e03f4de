"""How sure a figure is, how it was found, what became of a reading; numbers in arrays, names in answers."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["Method", "Quality", "Step", "Verdict"]


class Quality(IntEnum):
    """How sure the consumption of an interval is, the worse the larger (数据质量)."""

    GOOD = 0  # measured within the period in which the register is read
    ESTIMATED = 1  # a measured sum over a longer time, shared out among its intervals
    SUSPECT = 2  # measured, and contradicted by something
    PARTIAL = 3  # known for a part of the interval only; the value is that part
    MISSING = 4  # not known: no value, never zero


class Method(IntEnum):
    """How the consumption of an interval was found."""

    MEASURED = 0
    PRORATED = 1  # a step across an edge of the grid, shared by time
    ROLLOVER = 2  # rule 5
    EVENT = 3  # rule 4
    LINEAR = 4  # rule 9, evenly
    PROFILE = 5  # rule 9, like days of the same type
    CATCH_UP = 6  # rule 8, confirmed by the next reading
    RESET = 7  # rule 7
    UNCONFIRMED = 8  # rule 8, no reading after it yet
    MISMATCH = 9  # rule 4, the event and the readings contradict each other
    STUCK = 10  # rule 10
    CROSS_CHECK = 11  # rule 11
    FILLED = 12  # nobody measured it: the mean of like days


class Verdict(IntEnum):
    """What became of a reading; all but ``KEPT`` are left out of the consumption and stay as received."""

    KEPT = 0
    SENTINEL = 1  # rule 1: not a number, infinite, or a value by which devices say "no value"
    OUT_OF_RANGE = 2  # rule 1: more than the register can show
    EARLY = 3  # a clock that was never set
    FUTURE = 4  # a clock that runs ahead
    DUPLICATE = 5  # rule 2, the same value
    CONFLICT = 6  # rule 2, another value
    DIP = 7  # rule 6
    SPIKE = 8  # rule 8


class Step(IntEnum):
    """Which rule made the step that ends at a reading."""

    NONE = 0  # the reading was left out
    BASE = 1  # the first of its register: a base, no consumption
    MEASURED = 2
    EVENT = 3
    ROLLOVER = 4
    RESET = 5
    CATCH_UP = 6
    UNCONFIRMED = 7
    MISMATCH = 8

    @property
    def is_known(self) -> bool:
        """Whether the step has a consumption."""
        return self not in (Step.NONE, Step.BASE, Step.RESET, Step.UNCONFIRMED, Step.MISMATCH)

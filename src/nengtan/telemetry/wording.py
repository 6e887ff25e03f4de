"""What the rules found, in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from nengtan.telemetry.cleaning import Task

if TYPE_CHECKING:
    from nengtan.telemetry.queries import Finding

__all__ = ["MARKS", "METHODS", "QUALITIES", "REASONS", "REFUSALS", "TASKS", "finding_dict", "task", "task_words"]

QUALITIES: dict[str, Promise] = {
    "good": pgettext_lazy("quality of a figure", "good"),
    "estimated": pgettext_lazy("quality of a figure", "estimated"),
    "suspect": pgettext_lazy("quality of a figure", "suspect"),
    "partial": pgettext_lazy("quality of a figure", "partial"),
    "missing": pgettext_lazy("quality of a figure", "missing"),
}

METHODS: dict[str, Promise] = {
    "measured": _("measured"),
    "prorated": _("measured, shared by time between intervals"),
    "rollover": _("register rolled over"),
    "event": _("across a recorded event"),
    "linear": _("gap, shared out evenly"),
    "profile": _("gap, shared out like other days"),
    "catch_up": _("jump confirmed by the next reading"),
    "reset": _("register went back"),
    "unconfirmed": _("jump not yet confirmed"),
    "mismatch": _("event and readings disagree"),
    "stuck": _("zero while something ran"),
    "cross_check": _("disagrees with power"),
    "filled": _("not measured, mean of like days"),
}

REASONS: dict[str, Promise] = {
    "sentinel": _("no value"),
    "out_of_range": _("more than the register can show"),
    "early": _("time before the year 2000"),
    "future": _("time in the future"),
    "duplicate": _("repeats a reading"),
    "conflict": _("contradicts an earlier reading of the same time"),
    "dip": _("dip from which the register came back"),
    "spike": _("jump that did not last"),
}

MARKS: dict[str, Promise] = {
    "sentinel": REASONS["sentinel"],
    "early": REASONS["early"],
    "future": REASONS["future"],
    "conflict": REASONS["conflict"],
    "doubted": _("doubted by the sender"),
}

REFUSALS: dict[str, Promise] = {
    "unknown_meter": _("The register has no meter of this code that the sender may send for."),
    "unknown_register": _("The meter has no register of this code."),
    "no_meter": _("The code of the meter is missing."),
    "bad_time": _("This is no time with an offset between 1970 and 2100."),
    "bad_value": _("This is no number."),
    "unreadable": _("The message cannot be read."),
    "unknown_sender": _("There is no gateway of this name that may send."),
}

ALLOWED: dict[str, Promise] = {
    "unknown_meter": _("the code of a meter in the register, within your reach"),
    "unknown_register": _("the code of a register of the meter, or nothing"),
    "no_meter": _("the code of a meter"),
    "bad_time": _("a time such as 2026-01-01T08:15:00+08:00"),
    "bad_value": _("a number"),
    "unreadable": _("a message in one of the documented forms"),
    "unknown_sender": _("a gateway in the register that has not ended"),
}

TASKS: dict[str, Promise] = {
    "reset": _(
        "The register went back from %(before)s to %(found)s and no event says why. What was used in between is not "
        "known: record the replacement or the reset."
    ),
    "catch_up": _(
        "From %(before)s to %(found)s is more than can have been used, yet the next reading confirms it. It was "
        "counted: find out what happened."
    ),
    "unconfirmed": _(
        "From %(before)s to %(found)s is more than can have been used. It counts once a later reading confirms it."
    ),
    "mismatch": _(
        "The recorded event contradicts the readings %(before)s and %(found)s. What was used in between is not known: "
        "correct the event."
    ),
    "spike": _("%(found)s after %(before)s is more than can have been used, and the next reading does not confirm it."),
    "conflict": _("At the same time %(before)s was read first; %(found)s was left out. Find out which is right."),
    "out_of_range": _("%(found)s is more than the register can show. Check its modulus and its wiring."),
    "early": _("The clock was never set: the reading says %(time)s. Set the clock."),
    "future": _("The clock runs ahead: the reading says %(time)s. Set the clock."),
    "sentinel": _("The device had no value to send. Check the meter and its wiring."),
    "doubted": _("The sender says that %(found)s may be wrong. Check the meter and its wiring."),
}


def task(found: Task) -> str:
    """What a person must look at, as a sentence or two in the current language."""
    before = found.before.value_text.strip() if found.before else ""
    return task_words(found.kind, before, found.reading.value_text.strip(), found.reading.time_text.strip())


def finding_dict(one: Finding) -> dict[str, object]:
    """A finding as commands and API tell it."""
    time = timezone.localtime(one.time).isoformat()
    found, before = ("" if value is None else f"{value:.15g}" for value in (one.found, one.before))
    return {
        "meter": one.meter, "register_code": one.register, "time": time, "kind": one.kind,
        "found": _number(one.found), "before": _number(one.before),
        "message": task_words(one.kind, before, found, time),
    }  # fmt: skip


def _number(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def task_words(kind: str, before: str, found: str, time: str) -> str:
    """The same of a reading that is in the lake."""
    return str(TASKS[kind]) % {"before": before or "—", "found": found or "—", "time": time}

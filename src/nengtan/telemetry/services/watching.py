"""Watching what meters say (监测告警): what is unusual becomes an alarm, once, with why; what is over, ends."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from nengtan.domain.metering.readings import Floats, Ints
from nengtan.domain.watching.conditions import leaking, night_base, night_watch
from nengtan.domain.watching.episodes import Watch, episodes
from nengtan.domain.watching.expectation import expect
from nengtan.reference.alarms import AlarmRule, alarm_rules
from nengtan.telemetry.inbox import open_inbox
from nengtan.telemetry.lake.columns import ENDLESS
from nengtan.telemetry.models import Alarm, Register
from nengtan.telemetry.moments import EPOCH, local_offset, micros
from nengtan.telemetry.queries.series import DAY, HOUR, hourly, midnight

__all__ = ["watch"]

DAYS = 36
"""Days that are looked at: the last two for what is unusual, those before for what is usual."""

LAST = 48
NIGHT = (23, 0, 1, 2, 3, 4)
"""Hours of the day in which a house sleeps; a setting of ours."""

SMALL_HOURS = (2, 3)
LEAST_DAYS = 3
"""With fewer like days nothing is called usual."""


@dataclass(frozen=True, slots=True)
class Found:
    """Something unusual of a register: from when to when [µs; None: it lasts], the worst, what is usual, what it cost.

    ``found``, ``usual``, ``extra`` are in the units of the rule's words.
    """

    rule: str
    register: int
    begun: int
    raised: int
    ended: int | None
    found: float
    usual: float | None = None
    extra: float | None = None


@dataclass(frozen=True)
class Series:
    """Hours of a register up to the last that is over: rows are local days, columns hours; NaN is not wholly known."""

    register: int
    carrier: str
    time: Ints
    value: Floats
    told: Floats
    weekend: np.ndarray

    def like(self, day: int) -> Floats:
        """The days of its type before a day."""
        found: Floats = self.value[:day][self.weekend[:day] == self.weekend[day]]
        return found[np.isfinite(found).any(axis=1)]


def watch(now: dt.datetime | None = None, only_silence: bool = False) -> int:
    """Look at everything once; how many alarms began. Done again, nothing more happens.

    What is judged by the hour has nothing new to say within the hour: with ``only_silence`` it is left alone.
    """
    moment = micros(now or timezone.now())
    registers = list(
        Register.objects.filter(code="", kind=Register.Kind.CUMULATIVE, meter__removed_on=None).values_list(
            "pk", "meter__carrier"
        )
    )
    found = list(_silent(registers, moment))
    if only_silence:
        return _keep(found, moment, ["silent"])
    return _keep([*found, *_unusual(registers, moment)], moment, list(alarm_rules()))


def _silent(registers: Sequence[tuple[int, str]], now: int) -> Iterator[Found]:
    rule = alarm_rules()["silent"]
    latest = open_inbox().latest([pk for pk, _carrier in registers])
    for pk, one in latest.items():
        age = now - one.time
        if age > rule.limit * HOUR:
            yield Found("silent", pk, one.time, one.time + round(rule.limit * HOUR), None, age // HOUR)


def _unusual(registers: Sequence[tuple[int, str]], now: int) -> Iterator[Found]:
    offset = local_offset()
    end = now // HOUR * HOUR
    begin = midnight(end - HOUR, offset) - (DAYS - 1) * DAY
    whole = begin + DAYS * DAY
    ids = [pk for pk, _carrier in registers]
    value, good, estimated = hourly(ids, begin, whole)
    told = good + estimated
    value = np.where(told > 0.99, value, np.nan)
    time = begin + np.arange(DAYS * 24).reshape(DAYS, 24) * HOUR
    days = ((time[:, 0] + offset) // DAY + 3) % 7  # 1970-01-01 was a Thursday
    for row, (pk, carrier) in enumerate(registers):
        series = Series(pk, carrier, time, value[row].reshape(DAYS, 24), told[row].reshape(DAYS, 24), days >= 5)
        for rule in alarm_rules().values():
            judge = _JUDGES.get(rule.code)
            if judge is not None and rule.carrier in ("", carrier):
                yield from judge(rule, series, end)


def _recent(series: Series, end: int, value: Floats) -> tuple[Ints, Floats]:
    """The last hours that are over."""
    time, flat = series.time.ravel(), value.ravel()
    over = time < end
    return time[over][-LAST:], flat[over][-LAST:]


def _above(rule: AlarmRule, series: Series, end: int) -> Iterator[Found]:
    """Above the band of like days for some hours."""
    high, mean = np.full((DAYS, 24), np.nan), np.full((DAYS, 24), np.nan)
    for day in range(DAYS - 3, DAYS):
        like = series.like(day)
        if len(like) >= LEAST_DAYS:
            usual = expect(like)
            high[day], mean[day] = usual.high, usual.mean
    time, over = _recent(series, end, series.value - high)
    _time, extra = _recent(series, end, series.value - mean)
    _time, value = _recent(series, end, series.value)
    for one in episodes(time, over, Watch(rule.limit, 0.0, rule.hold_h * HOUR), 2 * HOUR):
        at = int(np.flatnonzero(time == one.worst_at)[0])
        cost = _cost(time, extra, one.begun, one.ended)
        yield Found(rule.code, series.register, one.begun, one.raised, one.ended, value[at], value[at] - over[at], cost)


def _night(rule: AlarmRule, series: Series, end: int) -> Iterator[Found]:
    """At night above what runs at night anyway."""
    asleep = np.full((DAYS, 24), np.nan)
    asleep[:, NIGHT] = series.value[:, NIGHT]
    today = series.weekend[-1]
    before = asleep[:-3][series.weekend[:-3] == today]
    known = np.isfinite(before).any(axis=1)
    if known.sum() < LEAST_DAYS:
        return
    base = night_base(np.nanmean(before[known], axis=1))
    if base is None:
        return
    time, value = _recent(series, end, asleep)
    for one in episodes(time, value, night_watch(base, rule.hold_h * HOUR, rule.limit), 2 * HOUR):
        cost = _cost(time, value - base, one.begun, one.ended)
        yield Found(rule.code, series.register, one.begun, one.raised, one.ended, one.worst, base, cost)


def _cost(time: Ints, extra: Floats, begun: int, ended: int | None) -> float:
    inside = (time >= begun) & (time < (ended or time[-1] + 1))
    return float(np.nansum(np.maximum(extra[inside], 0)))


def _leak(rule: AlarmRule, series: Series, end: int) -> Iterator[Found]:
    """Water that never stops in the small hours of some nights in a row."""
    nights = int(rule.limit)
    over = series.time[:, SMALL_HOURS[-1]] + HOUR <= end
    flow = series.value[over][:, SMALL_HOURS]
    if leaking(flow, nights):
        begun = int(series.time[over][-nights, SMALL_HOURS[0]])
        raised = int(series.time[over][-1, SMALL_HOURS[-1]]) + HOUR
        yield Found(rule.code, series.register, begun, raised, None, float(flow[-nights:].min()))


def _stuck(rule: AlarmRule, series: Series, end: int) -> Iterator[Found]:
    """No step for some hours in which there usually is one."""
    time, value = _recent(series, end, series.value)
    still = 0
    while still < len(value) and value[-1 - still] == 0:
        still += 1
    like = series.like(DAYS - 1)
    if still < rule.limit or len(like) < LEAST_DAYS:
        return
    hours = ((time[-still:] - series.time[0, 0]) // HOUR) % 24
    usual = float(np.nansum(np.nanmean(like, axis=0)[hours]))
    if usual > 0:
        begun = int(time[-still])
        yield Found(rule.code, series.register, begun, begun + round(rule.limit * HOUR), None, still, usual)


def _incomplete(rule: AlarmRule, series: Series, end: int) -> Iterator[Found]:
    """A part of the last day is missing, while the rest of it is there."""
    time, told = _recent(series, end, series.told)
    missing = 1 - float(told[-24:].mean())
    if rule.limit / 100 < missing < 1:
        begun = int(time[-24:][told[-24:] < 0.5][0]) if (told[-24:] < 0.5).any() else int(time[-24])
        yield Found(rule.code, series.register, begun, end, None, missing * 100)


_JUDGES: Mapping[str, Any] = {
    "above": _above, "night": _night, "leak": _leak, "stuck": _stuck, "incomplete": _incomplete,
}  # fmt: skip


@transaction.atomic
def _keep(found: Sequence[Found], now: int, rules: Sequence[str]) -> int:
    """One alarm for each; what is found again is the same, what some rules find no more has ended."""
    known: dict[tuple[str, int], list[Alarm]] = {}
    since = EPOCH + dt.timedelta(microseconds=now - 7 * DAY)
    recent = Alarm.objects.filter(Q(ended=None) | Q(ended__gte=since), rule__in=rules)
    for alarm in recent.select_for_update():
        known.setdefault((alarm.rule, alarm.register_id), []).append(alarm)
    begun = 0
    lasting: set[int] = set()
    for one in found:
        silence = alarm_rules()[one.rule].silence_h * HOUR
        held = known.setdefault((one.rule, one.register), [])
        same = next((alarm for alarm in held if _same(alarm, one, silence)), None)
        if same is None:
            same = Alarm(
                rule=one.rule, register_id=one.register, severity=alarm_rules()[one.rule].severity,
                begun=_moment(one.begun), raised=_moment(one.raised),
            )  # fmt: skip
            held.append(same)
            begun += 1
        _tell(same, one)
        lasting |= {same.pk} if one.ended is None else set()
    over = [alarm.pk for held in known.values() for alarm in held if alarm.ended is None and alarm.pk not in lasting]
    Alarm.objects.filter(pk__in=over).update(ended=_moment(now))
    return begun


def _tell(alarm: Alarm, one: Found) -> None:
    """Write what is found, where it is new."""
    ended = None if one.ended is None else _moment(one.ended)
    values = {"found": one.found, "usual": one.usual, "extra": one.extra, "ended": ended}
    if alarm.pk is None or any(getattr(alarm, name) != value for name, value in values.items()):
        for name, value in values.items():
            setattr(alarm, name, value)
        alarm.save()


def _moment(time: int) -> dt.datetime:
    return EPOCH + dt.timedelta(microseconds=int(time))


def _same(alarm: Alarm, one: Found, silence: int) -> bool:
    """Whether something found is what an alarm tells of already: they meet, or follow each other closely."""
    last = micros(alarm.ended) if alarm.ended else ENDLESS
    until = ENDLESS if one.ended is None else one.ended
    return one.begun - last <= silence and until >= micros(alarm.begun) - silence

"""The page of a meter and that of a building: consumption from years down to quarters of an hour."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from nengtan import reference
from nengtan.identity.doors import ActorRequest, page
from nengtan.identity.roles import Capability
from nengtan.registry.models import Attribute, Building, Meter
from nengtan.telemetry.inbox import open_inbox
from nengtan.telemetry.models import MeterEvent, RatioSpan, Register
from nengtan.telemetry.moments import EPOCH
from nengtan.telemetry.pages.charts import consumption_chart, heat_chart
from nengtan.telemetry.pages.rights import may_compute
from nengtan.telemetry.pages.tables import JUDGED, LiveTable, seen_words, unit_of
from nengtan.telemetry.queries import readings
from nengtan.telemetry.queries.buildings import building_carriers, building_meters, building_registers
from nengtan.telemetry.queries.looking import LEVELS, Level, Look, Stretch, level_words, local_day, stretch_of
from nengtan.telemetry.queries.overview import Heard, Seen, meters_seen, seen
from nengtan.telemetry.queries.quality import open_findings
from nengtan.telemetry.queries.series import HOUR, Point
from nengtan.telemetry.queries.virtual import Computed
from nengtan.telemetry.wording import MARKS, finding_dict
from nengtan.ui import formats
from nengtan.ui.charts import Chart
from nengtan.ui.components import Change, Crumb, Definition, KeyFigure, Tab
from nengtan.ui.tables import Column, Table
from nengtan.ui.words import carrier_word, named

__all__ = ["View", "building", "crumbs_of", "meter", "source_words"]

LONGEST = 62
"""Days of which findings are told on the page of a meter; those of longer ones are on the board."""

CLOSER: dict[Level, Level | None] = {"all": "month", "month": "day", "week": "day", "day": None}
POWER = {"kWh": "kW"}


@dataclass
class View:
    """What a page shows of some registers together in the stretch the address asks for."""

    request: ActorRequest
    registers: Sequence[int]
    carrier: str
    unit_code: str
    now: dt.datetime
    virtual: Computed | None = None

    @property
    def is_there(self) -> bool:
        """Whether there is anything consumption could come from."""
        return bool(self.registers) or self.virtual is not None

    @property
    def unit(self) -> str:
        return unit_of(self.unit_code)

    @property
    def rate(self) -> str:
        """The unit of what is used in an hour."""
        return POWER.get(self.unit_code, f"{self.unit}/h")

    @cached_property
    def stretch(self) -> Stretch:
        """As asked for; without a question the month, up to the last reading."""
        asked = self.request.GET.get("view", "month")
        level: Level = next((one for one in LEVELS if one == asked), "month")
        return stretch_of(level, self._day())

    def _day(self) -> dt.date:
        try:
            day = dt.date.fromisoformat(self.request.GET.get("at", ""))
        except ValueError:
            return self.last_day
        return day if 1990 <= day.year < 2100 else self.last_day

    @cached_property
    def last_day(self) -> dt.date:
        """Today, or the day of the last reading where that was long ago."""
        ids = self.registers if self.virtual is None else list(self.virtual.registers.values())
        latest = [one.time for one in open_inbox().latest(ids).values()] if ids else []
        today = timezone.localtime(self.now).date()
        return min(local_day(max(latest)), today) if latest else today

    @cached_property
    def look(self) -> Look:
        return Look(self.registers, self.stretch, self.now, self.virtual)

    def address(self, level: Level, day: dt.date) -> str:
        kept = {key: value for key, value in self.request.GET.items() if key in ("carrier",)}
        return "?" + urlencode({**kept, "view": level, "at": day.isoformat()})

    @property
    def tabs(self) -> list[Tab]:
        shown = self.stretch
        return [Tab(word, self.address(level, shown.day), level == shown.level)
                for level, word in level_words().items()]  # fmt: skip

    @property
    def earlier(self) -> str:
        day = self.stretch.moved(back=True)
        return self.address(self.stretch.level, day) if day and day.year >= 1990 else ""

    @property
    def later(self) -> str:
        day = self.stretch.moved(back=False)
        last = timezone.localtime(self.now).date()
        if day is None or self.stretch.end > _micros_of_next(last):
            return ""
        return self.address(self.stretch.level, min(day, last))

    @property
    def label(self) -> str:
        """The stretch in words."""
        day = self.stretch.day
        first = local_day(self.stretch.begin)
        return {
            "all": gettext("all that is known"), "month": f"{day:%Y-%m}", "week": f"{first} – {day}", "day": f"{day}",
        }[self.stretch.level]  # fmt: skip

    def opens(self, point: Point) -> str:
        """The address that shows a period closer."""
        closer = CLOSER[self.stretch.level]
        return self.address(closer, local_day(point.begin)) if closer else ""

    @property
    def chart(self) -> Chart:
        return consumption_chart(self.look, self.carrier, self.unit, self.opens)

    @cached_property
    def heat(self) -> Chart | None:
        return heat_chart(self.look, self.rate) if self.stretch.level != "all" else None

    @property
    def heat_height(self) -> int:
        """A row of the map is as high as a line of text [px]."""
        return 76 + 15 * len(self.heat.rows) if self.heat else 0

    @property
    def shares(self) -> list[dict[str, str]]:
        """How sure the figures are, as parts of the time."""
        words = (
            ("good", pgettext("share of time", "measured")), ("estimated", pgettext("share of time", "estimated")),
            ("missing", pgettext("share of time", "missing")),
        )  # fmt: skip
        return [
            {"key": key, "word": word, "share": formats.percent(share), "width": f"{share * 100:.2f}"}
            for (key, word), share in zip(words, self.look.shares, strict=True)
        ]

    @property
    def figures(self) -> list[KeyFigure]:
        look, level = self.look, self.stretch.level
        good, estimated, missing = look.shares
        against = {
            "month": gettext("on the month before"), "week": gettext("on the week before"),
            "day": gettext("on the day before"),
        }  # fmt: skip
        change = Change(look.total, look.before, against[level]) if level in against else None
        reason = gettext("nothing is known of this time")
        found = [KeyFigure(gettext("Used"), _round(look.total), self.unit, change=change, reason=reason,
                           estimate=estimated > 0.001)]  # fmt: skip
        if look.peak is not None and look.peak.value is not None and level in ("day", "week"):
            hours = 0.25 if level == "day" else 1.0
            at = timezone.localtime(EPOCH + dt.timedelta(microseconds=look.peak.begin))
            peak = KeyFigure(gettext("Highest load"), _round(look.peak.value / hours), self.rate,
                             note=gettext("from %(time)s") % {"time": f"{at:%m-%d %H:%M}"})  # fmt: skip
            found.append(peak)
        found.append(KeyFigure(pgettext("metering", "Measured"), _round(good * 100), "%", decimals=1,
                               judgement="good" if good >= 0.95 else "warn"))  # fmt: skip
        found.append(KeyFigure(gettext("Estimated"), _round(estimated * 100), "%", decimals=1))
        found.append(KeyFigure(gettext("Missing"), _round(missing * 100), "%", decimals=1,
                               judgement="muted" if missing < 0.005 else "bad"))  # fmt: skip
        return found


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def _micros_of_next(day: dt.date) -> int:
    return stretch_of("day", day).end


@page(Capability.VIEW_DETAIL)
def meter(request: ActorRequest, code: str) -> HttpResponseBase:
    """One meter: consumption, how sure it is, its readings, and what is to be looked at."""
    found = get_object_or_404(_meters(request), code=code)
    register = Register.objects.filter(meter=found, code="").first()
    unit = register.unit if register else reference.carriers()[found.carrier].unit
    virtual = Computed([found.pk]) if register is None else None
    formulas = virtual.formulas.get(found.pk, []) if virtual else []
    view = View(
        request, [register.pk] if register else [], found.carrier, unit, timezone.now(), virtual if formulas else None
    )  # fmt: skip
    raw = _readings_table(request, view, register)
    doubts = None if formulas else _findings_table(request, view, found)
    for table in (raw, doubts):
        answer = table.answer() if table is not None else None
        if answer is not None:
            return answer
    now = Seen(Heard.COMPUTED, unit) if formulas else seen([found], view.now)[found.pk]
    context = {
        "meter": found,
        "view": view,
        "now": now,
        "state_judgement": JUDGED[now.state],
        "seen": seen_words(now.time),
        "last": formats.fixed(now.value, now.decimals),
        "raw": raw,
        "doubts": doubts,
        "definitions": _definitions(found, register),
        "happened": [] if formulas else _happened(found),
        "formulas": formulas[::-1],
        "may_compute": register is None and may_compute(request, found),
        "notices": [found.institution.region.notice] if found.institution.region.notice else [],
        "crumbs": crumbs_of(found.institution, str(found)),
    }
    return render(request, "telemetry/meter.html", context)


def _meters(request: ActorRequest) -> Any:
    return Meter.objects.for_actor(request.actor).select_related("institution__region", "building", "parent")


def crumbs_of(body: Any, *last: str) -> list[Crumb]:
    """From the overview over the household to what a page is about."""
    metering = reverse("metering")
    return [
        Crumb(gettext("Live metering"), metering),
        Crumb(body.name, f"{metering}?institution={body.code}"),
        *(Crumb(one) for one in last),
    ]


def _definitions(found: Meter, register: Register | None) -> list[Definition]:
    item = reference.item_codes().get(found.item)
    told = [
        (gettext("Code"), found.code), (gettext("Household"), found.institution.name),
        (gettext("Building"), found.building.name if found.building else ""),
        (gettext("Class"), carrier_word(found.carrier)),
        (gettext("Item"), named(item, found.item) if found.item else gettext("the whole")),
        (gettext("Upper meter"), str(found.parent or "")), (gettext("Ratio"), formats.exact(found.ratio)),
        (gettext("Account number"), found.account_no),
    ]  # fmt: skip
    if register is not None:
        told.append((gettext("Read every"), gettext("%(n)s min") % {"n": f"{register.period_s / 60:g}"}))
        told.append((gettext("Starts again at"), formats.exact(register.modulus) if register.modulus else ""))
    return [Definition(term, value or "—") for term, value in told]


def _happened(found: Meter) -> list[dict[str, Any]]:
    """Replacements and ratios, the last ones first."""
    events = MeterEvent.objects.filter(register__meter=found, withdrawn_at=None).order_by("-at")[:5]
    ratios = RatioSpan.objects.filter(meter=found).order_by("-since")[:5]
    told = [{"at": one.at, "word": one.get_kind_display(),
             "text": f"{formats.exact(one.final)} → {formats.exact(one.start)}"} for one in events]  # fmt: skip
    told += [{"at": one.since, "word": gettext("ratio"), "text": f"× {formats.exact(one.ratio)}"} for one in ratios]
    return sorted(told, key=lambda one: one["at"], reverse=True)


def _between(stretch: Stretch) -> tuple[dt.datetime, dt.datetime]:
    return EPOCH + dt.timedelta(microseconds=stretch.begin), EPOCH + dt.timedelta(microseconds=stretch.end)


def _readings_table(request: ActorRequest, view: View, register: Register | None) -> Table | None:
    """Readings as received, of one day."""
    if register is None or view.stretch.level != "day":
        return None
    rows = readings(register, *_between(view.stretch)).to_pylist()
    columns = (
        Column("time", _("Time"), value=lambda row: f"{timezone.localtime(row['time']):%H:%M:%S}", sort="time",
               export=lambda row: row["time"], priority=1),
        Column("value", _("Reading"), numeric=True, exact=True, sort=True),
        Column("mark", _("Remark"), value=lambda row: str(MARKS[row["mark"]]) if row["mark"] else ""),
        Column("source", _("Source"), value=lambda row: source_words(row["source"])),
        Column("received", _("Received"), value=lambda row: seen_words(row["received"], view.now), sort="received",
               export=lambda row: row["received"]),
    )  # fmt: skip
    return Table(rows, request, id="readings", prefix="r_", caption=_("Readings as received"), columns=columns,
                 empty_title=_("No reading on this day"), dense=True, cards=False,
                 page_sizes=(12, 48, 96))  # fmt: skip


def source_words(source: str) -> str:
    """Where a reading came from, in words."""
    kind, _colon, name = source.partition(":")
    words = {
        "simulation": gettext("simulated"), "gateway": gettext("gateway %(name)s"), "file": gettext("file %(name)s"),
        "user": gettext("entered by hand"),
    }  # fmt: skip
    return words[kind] % {"name": name} if kind in words else source


def _findings_table(request: ActorRequest, view: View, found: Meter) -> Table | None:
    """Readings of the stretch a person must look at."""
    since, until = _between(view.stretch)
    if (until - since).days > LONGEST:
        return None
    rows = [finding_dict(one) for one in open_findings(request.actor, since, until, found.code)]
    columns = (
        Column("time", _("Time"), value=lambda row: str(row["time"])[:16].replace("T", " "), sort="time", priority=1,
               nowrap=True),
        Column("message", _("What to look at"), whole=True),
    )  # fmt: skip
    return Table(rows, request, id="doubts", prefix="f_", caption=_("To look at"), columns=columns,
                 empty_title=_("Nothing to look at"),
                 empty_text=_("No reading of this time is in doubt."))  # fmt: skip


@page(Capability.VIEW_DETAIL)
def building(request: ActorRequest, code: str) -> HttpResponseBase:
    """One building: what its meters show together, by carrier, and each of them."""
    places = Building.objects.for_actor(request.actor).select_related("institution__region")
    found: Any = get_object_or_404(places, code=code)
    table = LiveTable(meters_seen(request.actor).filter(building=found), request)
    answer = table.answer()
    if answer is not None:
        return answer
    rows = building_meters(request.actor, found)
    carriers = building_carriers(rows)
    carrier = next((one for one in carriers if one == request.GET.get("carrier")), (carriers or ["electricity"])[0])
    unit = reference.carriers()[carrier].unit
    view = View(request, building_registers(rows, carrier), carrier, unit, timezone.now())
    area = _area(found, view.stretch)
    context = {
        "building": found,
        "view": view,
        "table": table,
        "carriers": [Tab(carrier_word(one), f"?carrier={one}", one == carrier) for one in carriers],
        "counted": len(view.registers),
        "area": area,
        "per_area": view.look.total / float(area) if area and view.look.total is not None else None,
        "notices": [found.institution.region.notice] if found.institution.region.notice else [],
        "crumbs": crumbs_of(found.institution, found.name),
        "live_url": reverse("metering_live"),
    }
    return render(request, "telemetry/building.html", context)


def _area(found: Building, stretch: Stretch) -> Any:
    """Its floor area at the end of the stretch [m²]; None where it is not known."""
    day = local_day(stretch.end - HOUR)
    held = Attribute.objects.filter(Q(building=found), key="area_m2", valid_from__lte=day).order_by("-valid_from")
    return held.values_list("value", flat=True).first()

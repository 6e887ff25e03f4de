"""What the wall screen of a region shows (一屏): live load, today against what is usual, carbon, ranking, alarms."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.core.cache import cache
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from nengtan import reference
from nengtan.domain.accounts import Use, account
from nengtan.domain.factors import Kind, NoFactor
from nengtan.identity.access import Actor
from nengtan.ledger.queries.cube import Cube, cube
from nengtan.ledger.queries.selection import Selection, require_visible
from nengtan.registry.models import Institution, Region
from nengtan.telemetry.lake import open_lake
from nengtan.telemetry.queries.alarms import alarm_title, alarms_seen
from nengtan.telemetry.queries.overview import Heard
from nengtan.telemetry.queries.today import Today
from nengtan.telemetry.queries.trees import Place, Trees
from nengtan.ui import formats

__all__ = ["MOST_PLACES", "Wall", "name_of"]

MOST_PLACES = 2000
"""Of more institutions only those with meters are on the map."""

SHOWN_ALARMS, SHOWN_RANKS = 7, 8

HIGH, ODD = 1.15, 1.3
"""From so many times what is usual on a household is to be watched, and stands out. Settings of ours."""

YEARS_BACK = 6

ITEMS_S = 300
"""How long the parts of the day's electricity are kept [s]: they change slowly."""


def name_of(region: str, alarms: int) -> str:
    """By what a browser says which state it has seen: it changes with the figures, and once a minute."""
    return f"{region}-{open_lake().statistics.version()}-{alarms}-{timezone.localtime():%H%M}"


class Wall:
    """The figures of one look at a region's screen."""

    def __init__(self, actor: Actor, region: Region, now: dt.datetime | None = None) -> None:
        """What the actor may see of the region.

        Raises:
            Forbidden: the actor may see nothing of it, or no meters.
        """
        self.actor, self.region = actor, region
        self.now = now or timezone.now()
        self.selection = Selection(timezone.localtime(self.now).year, region)
        require_visible(actor, self.selection)
        self.today = Today(actor, region, self.now)

    def told(self) -> dict[str, Any]:
        """Everything, as the browser draws it; texts in the reader's language."""
        bodies = self._bodies()
        alarms, lasting = self._alarms()
        return {
            "made": timezone.localtime(self.now).isoformat(timespec="seconds"),
            "sentence": self._sentence(lasting),
            "load": self._load(),
            "items": self._items(),
            "places": self._places(bodies, {one["code"] for one in alarms}),
            "count": len(bodies),
            "carbon": self._carbon(),
            "ranking": self._ranking(bodies),
            "alarms": alarms,
            "lasting": lasting,
        }

    def _sentence(self, lasting: int) -> list[dict[str, str]]:
        """What is to be known first; figures apart from words, so that they stand out."""
        parts: list[dict[str, str]] = []

        def say(words: str, figure: str = "", tone: str = "") -> None:
            parts.append({"words": words, "figure": figure, "tone": tone})

        today, ratio = self.today, self.today.ratio
        if today.used is None:
            say(_("Nothing of today is computed yet"))
        else:
            used = formats.compact(today.used)
            say(_("By %(hour)s used today ") % {"hour": f"{today.hours:02d}:00"},
                f"{used} kWh")  # fmt: skip
            if ratio is not None:
                word = _(", above what is usual by ") if ratio >= 1 else _(", below what is usual by ")
                say(word, formats.percent(abs(ratio - 1)), "bad" if ratio > HIGH else "good" if ratio < 1 else "")
        say(_("; in time "), f"{today.states[Heard.LIVE]} / {sum(today.states.values())}")
        say(_(" meters; "), str(lasting), "bad" if lasting else "good")
        say(ngettext(" alarm waits", " alarms wait", lasting))
        return parts

    def _load(self) -> dict[str, Any]:
        found = self.today.load
        at, value = found[-1] if found else (None, None)
        big = max([one for _at, one in found] + [band[2] for band in self.today.band if band], default=0.0)
        scale, unit = (1000.0, "MW") if big >= 2000 else (1.0, "kW")
        shown = None if value is None else value / scale
        return {
            "now": formats.DASH if shown is None else formats.plain(round(shown, 2 if scale > 1 else 0)),
            "unit": unit,
            "at": "" if at is None else f"{(at + 1) // 4:02d}:{(at + 1) % 4 * 15:02d}",
            "curve": [[place, round(one / scale, 4)] for place, one in found],
            "band": [None if one is None else [round(part / scale, 4) for part in one] for one in self.today.band],
        }

    def _items(self) -> list[dict[str, Any]]:
        """Items of today's electricity, the largest first, and what is not metered by item last; every few minutes."""
        key = self.today.key(f"items-{get_language()}-{int(self.now.timestamp()) // ITEMS_S}")
        kept: Any = cache.get_or_set(key, self._work_out_items, ITEMS_S)
        found: list[dict[str, Any]] = kept
        return found

    def _work_out_items(self) -> list[dict[str, Any]]:
        day = timezone.localtime(self.now).date()
        rows = Trees(self.actor, Place(path=self.region.path), "electricity", day, day).items()
        known = [row for row in rows if row.depth == 1 and row.value]
        total = sum(row.value or 0 for row in known)
        items = sorted((row for row in known if row.kind == "item"), key=lambda row: -(row.value or 0))
        rest = [row for row in known if row.kind != "item" and (row.value or 0) > 0]
        return [
            {"name": row.name if row.kind == "item" else _("not metered"), "share": (row.value or 0) / total,
             "text": formats.percent((row.value or 0) / total, 0)}
            for row in [*items[:6], *rest]
        ]  # fmt: skip

    def _bodies(self) -> dict[str, tuple[str, float | None, float | None]]:
        """Institutions on the map, by code: name and position."""
        rows = Institution.objects.for_actor(self.actor).filter(region__path__startswith=self.region.path)
        open_ = rows.filter(closed_on=None).order_by("code").values_list("code", "name", "lon", "lat")
        found = list(open_[: MOST_PLACES + 1])
        if len(found) > MOST_PLACES:
            found = list(open_.filter(code__in=self.today.bodies))
        return {code: (name, lon, lat) for code, name, lon, lat in found}

    def _places(self, bodies: dict[str, Any], alarmed: set[str]) -> list[dict[str, Any]]:
        live = {one.code: one for one in self.today.households}
        largest = max((one.load_kw or 0 for one in live.values()), default=0) or 1
        found = []
        for code, (name, lon, lat) in bodies.items():
            if lon is None or lat is None:
                continue
            one = live.get(code)
            ratio = one.ratio if one else None
            found.append(
                {"name": name, "lon": lon, "lat": lat, "state": _state(ratio, one is not None),
                 "alarm": code in alarmed, "size": ((one.load_kw or 0) / largest) ** 0.5 if one else 0.0,
                 "load": formats.plain(round(one.load_kw)) if one and one.load_kw is not None else "",
                 "ratio": formats.percent(ratio, 0) if ratio is not None else ""}
            )  # fmt: skip
        return found

    def _ranking(self, bodies: dict[str, Any]) -> list[dict[str, Any]]:
        """Households furthest above what is usual today."""
        ranked = sorted(
            (one for one in self.today.households if one.ratio is not None), key=lambda one: -_of(one.ratio)
        )
        return [
            {"name": bodies[one.code][0] if one.code in bodies else one.code, "ratio": _of(one.ratio),
             "used": formats.plain(round(_of(one.used))),
             "text": formats.percent(_of(one.ratio) - 1, 1, signed=True), "state": _state(one.ratio, True)}
            for one in ranked[:SHOWN_RANKS]
        ]  # fmt: skip

    def _alarms(self) -> tuple[list[dict[str, Any]], int]:
        """Those that last, the gravest and latest first, and how many there are."""
        rows = alarms_seen(self.actor).filter(
            ended=None, register__meter__institution__region__path__startswith=self.region.path
        )
        shown = list(rows.order_by("severity", "-raised")[:SHOWN_ALARMS])
        lasting = rows.count() if len(shown) == SHOWN_ALARMS else len(shown)
        return [
            {"title": alarm_title(one), "where": one.register.meter.institution.name, "severity": one.severity,
             "code": one.register.meter.institution.code, "meter": str(one.register.meter),
             "since": f"{timezone.localtime(one.begun):%m-%d %H:%M}",
             "extra": "" if one.extra is None else f"+{formats.plain(round(one.extra))} {one.register.unit}"}
            for one in shown
        ], lasting  # fmt: skip

    def _carbon(self) -> dict[str, Any]:
        """Emissions of what was used today, by the factors in force; and the last full year of the books beside the
        year before it."""
        this_year = self.selection.year
        books = cube(self.actor, self.selection, (this_year - YEARS_BACK, this_year))
        year = books.newest_full_year()
        figures = self._today_accounted(books)
        co2 = figures.co2_t if figures else None
        return {
            "now": formats.DASH if co2 is None else formats.plain(round(co2, 2 if co2 < 10 else 1)),
            "note": self._factors(books),
            **self._year(books, year),
        }

    def _zones(self, books: Cube) -> tuple[str, ...]:
        places = books.choosers.places
        return places.chain(places.zone(self.region.path))

    def _factors(self, books: Cube) -> str:
        """Of which year the factor of electricity is."""
        year = self.selection.year
        found = books.choosers.chooser(year).choose(Kind.CO2, "electricity", self._zones(books), year)
        if isinstance(found, NoFactor):
            return _("no factor for this place")
        return _("by the factors of %(year)s") % {"year": found.factor.year} if found.factor.year else ""

    def _today_accounted(self, books: Cube) -> Any:
        zones, year = self._zones(books), self.selection.year
        uses = [Use(code, year, zones, Decimal(str(round(used, 6)))) for code, used in self.today.carriers.items()]
        return account(uses, reference.carriers(), books.choosers.chooser(year)) if uses else None

    def _year(self, books: Cube, year: int | None) -> dict[str, Any]:
        if year is None:
            return {"year": None, "months": [], "before": [], "line": ""}
        now, before = (_running(books, one, books.last_month(year)) for one in (year, year - 1))
        line = ""
        if now and now[-1] is not None:
            line = _("%(year)s: %(sum)s t") % {"year": year, "sum": formats.plain(round(now[-1]))}
            if before and before[-1]:
                change = formats.percent(now[-1] / before[-1] - 1, 1, signed=True)
                line = _("%(line)s, %(change)s on %(before)s") % {"line": line, "change": change, "before": year - 1}
        less = bool(now and before and now[-1] is not None and before[-1] and now[-1] <= before[-1])
        return {"year": year, "months": now, "before": before, "line": line, "less": less}


def _of(value: float | None) -> float:
    return value or 0.0


def _state(ratio: float | None, metered: bool) -> str:
    """How a household stands today."""
    if ratio is None:
        return "unknown" if metered else "none"
    return "bad" if ratio >= ODD else "warn" if ratio >= HIGH else "fine"


def _running(books: Cube, year: int, last: int) -> Sequence[float | None]:
    """Emissions from January to each month [tCO₂]; None from the first month on that is not known."""
    total = 0.0
    found: list[float | None] = []
    for month in range(1, last + 1):
        figures = books.figures(year, month=month)
        if figures.co2_t is None:
            found += [None] * (last + 1 - month)
            break
        total += float(figures.co2_t)
        found.append(round(total, 3))
    return found

"""Tables of metering."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from nengtan import reference
from nengtan.registry.models import Meter
from nengtan.telemetry.queries import overview
from nengtan.telemetry.queries.overview import Heard, Seen
from nengtan.telemetry.wording import QUALITIES
from nengtan.ui import formats
from nengtan.ui.components import badge_html, sparkline_svg
from nengtan.ui.tables import ChoiceFilter, Column, Table, TextFilter
from nengtan.ui.words import carrier_word, choices, named, unit_word

__all__ = ["JUDGED", "LiveTable", "live_cells", "meter_url", "seen_words", "unit_of"]

JUDGED = {Heard.LIVE: "good", Heard.LATE: "warn", Heard.SILENT: "bad", Heard.NEVER: "muted", Heard.COMPUTED: "muted"}

_BELOW = SafeString('<span class="text-muted" aria-hidden="true">└ </span>')
"""Before a meter that stands below another."""

OFTEN = 0.999
"""Above this share of good time a figure needs no word about it."""


def meter_url(code: str) -> str:
    """The page of a meter."""
    return reverse("meter", args=[code])


def unit_of(code: str) -> str:
    """kWh, m³."""
    return unit_word(code)


def seen_words(moment: dt.datetime | None, now: dt.datetime | None = None) -> str:
    """When something was heard of last: the time today, else the day."""
    if moment is None:
        return ""
    local, today = timezone.localtime(moment), timezone.localtime(now)
    return f"{local:%H:%M:%S}" if local.date() == today.date() else f"{local:%Y-%m-%d %H:%M}"


def _value(seen: Seen) -> str:
    return formats.fixed(seen.value, seen.decimals)


def _quality(seen: Seen) -> str:
    """How sure today's figure is, of the time since its first reading."""
    point = seen.today
    if point is None or point.value is None:
        return ""
    known = point.good + point.estimated
    if known and point.good / known >= OFTEN:
        return str(QUALITIES["good"])
    share = formats.percent(point.estimated / known if known else None, 0)
    return gettext("%(share)s estimated") % {"share": share}


def live_cells(seen: Seen) -> dict[str, str]:
    """What changes while one looks at the table: the same words in the page and in the stream."""
    return {
        "value": _value(seen),
        "seen": seen_words(seen.time),
        "state": str(seen.state.label),
        "judgement": JUDGED[seen.state],
        "today": formats.plain(seen.today.value if seen.today else None),
        "quality": _quality(seen),
    }


def _cell(row: Any, name: str) -> SafeString:
    return format_html(
        '<span data-live-cell="{}" data-meter="{}">{}</span>',
        name,
        row.code,
        live_cells(row.seen)[name] or formats.DASH,
    )


def _with_unit(row: Any, name: str) -> SafeString:
    unit = format_html('<span class="unit">{}</span>', unit_of(row.seen.unit)) if row.seen.unit else ""
    return format_html("{}{}", _cell(row, name), unit)


def _state(row: Any) -> SafeString:
    word = format_html('<span data-live-cell="state" data-meter="{}">{}</span>', row.code, row.seen.state.label)
    return badge_html(JUDGED[row.seen.state], word)


def _name(row: Any) -> SafeString:
    mark = _BELOW if row.parent_id else ""
    code = format_html('<span class="note">{}</span>', row.code) if row.name else ""
    return format_html('{}<a href="{}">{}</a>{}', mark, meter_url(row.code), row, code)


def _item(row: Any) -> str:
    return named(reference.item_codes().get(row.item), row.item) if row.item else ""


def _items() -> list[tuple[str, str]]:
    return [(code, named(one, code)) for code, one in reference.item_codes().items() if one.level == "item"]


def _of_item(rows: Any, code: str) -> Any:
    """Meters of an item and of the parts of it: 01A00 is all that begins with 01A."""
    return rows.filter(item__startswith=code[:3])


def _week(row: Any) -> SafeString:
    days = [value for value in row.seen.week if value is not None]
    label = ngettext("%(n)s day", "%(n)s days", len(days)) % {"n": len(days)}
    return sparkline_svg(row.seen.week, label) if days else format_html("{}", formats.DASH)


class LiveTable(Table):
    """Meters by household, class and item, with their last reading (分户、分类、分项)."""

    id = "live"
    caption = _("Live meters")
    columns = (
        Column("name", _("Meter"), value=str, render=_name, sort="code", priority=1,
               export=lambda row: f"{row.code} {row.name}".strip()),
        Column("institution", _("Household"), value="institution__name", sort="institution__code",
               href=lambda row: f"{reverse('metering')}?institution={row.institution.code}"),
        Column("carrier", _("Class"), value=lambda row: carrier_word(row.carrier), sort="carrier"),
        Column("item", _("Item"), value=_item, sort="item", reason=_("the whole")),
        Column("value", _("Last value"), numeric=True, render=lambda row: _with_unit(row, "value"),
               export=lambda row: row.seen.value, help=_("as the register shows it, before the ratio")),
        Column("seen", _("Last seen"), render=lambda row: _cell(row, "seen"), export=lambda row: row.seen.time,
               nowrap=True),
        Column("state", _("State"), render=_state, export=lambda row: row.seen.state.label),
        Column("today", _("Used today"), numeric=True, render=lambda row: _with_unit(row, "today"),
               export=lambda row: row.seen.today.value if row.seen.today else None),
        Column("quality", _("Quality"), render=lambda row: _cell(row, "quality"),
               export=lambda row: _quality(row.seen)),
        Column("week", _("Last seven days"), render=_week, export=lambda row: "", priority=3),
    )  # fmt: skip
    filters = (
        TextFilter("q", _("Search"), fields=("name", "code", "institution__name", "institution__initials",
                                              "building__name"), placeholder=_("Meter, institution, building")),
        ChoiceFilter("carrier", _("Class"), choices=lambda: choices(reference.carriers()), field="carrier"),
        ChoiceFilter("item", _("Item"), choices=_items, where=_of_item),
        ChoiceFilter("state", _("State"), choices=Heard.choices,
                     where=overview.with_state),  # type: ignore[arg-type]
    )  # fmt: skip
    empty_title = pgettext_lazy("metering", "No meters yet")
    empty_text = _("Meters come with the register workbook, or from the page of an institution.")

    def prepare(self, rows: Sequence[Meter]) -> None:
        """The state of the meters of a page, together."""
        found = overview.seen(rows)
        for row in rows:
            row.seen = found[row.pk]  # type: ignore[attr-defined]

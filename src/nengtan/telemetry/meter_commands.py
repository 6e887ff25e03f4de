"""Commands on meters as they are now, and on buildings."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

import click
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from nengtan.ui.cli import die, emit, format_option

NOW_COLUMNS = {
    "meter": gettext_lazy("Meter"),
    "institution": gettext_lazy("Household"),
    "carrier": gettext_lazy("Class"),
    "state": gettext_lazy("State"),
    "value": gettext_lazy("Last value"),
    "time": gettext_lazy("Last seen"),
    "today": gettext_lazy("Used today"),
    "unit": gettext_lazy("Unit"),
}
BUILDING_COLUMNS = {
    "period": gettext_lazy("Period"),
    "value": pgettext_lazy("meter", "Consumption"),
    "good": gettext_lazy("Measured well"),
    "estimated": gettext_lazy("Estimated"),
    "missing": gettext_lazy("Missing"),
    "quality": gettext_lazy("Quality"),
}


@click.command(
    "now", help=_("Meters as they are now: the last reading of each, whether it is heard of, and today's consumption.")
)
@click.option("--institution", default="", help=_("Code of an institution; without it all."))
@click.option("--region", default="", help=_("Code of a region: everything below it."))
@click.option(
    "--state",
    type=click.Choice(["live", "late", "silent", "never", "computed"]),
    help=_("Only those heard of in this way."),
)
@format_option
def meters_now(institution: str, region: str, state: str | None, format: str) -> None:
    from nengtan.identity.access import system_actor
    from nengtan.telemetry.queries.overview import Heard, meters_seen, now_dict, seen, with_state, within
    from nengtan.ui.words import carrier_word, label_of, unit_word

    rows = within(meters_seen(system_actor()), institution, region)
    meters = list(with_state(rows, state) if state else rows)
    found = seen(meters)
    told: list[dict[str, Any]] = []
    for meter in meters:
        record = now_dict(meter, found[meter.pk])
        times = {key: record[key] and record[key].isoformat() for key in ("time", "received")}
        told.append(record | times)
    emit(told, NOW_COLUMNS, format, {"state": label_of(Heard), "carrier": carrier_word, "unit": unit_word})


@click.command(
    "building",
    help=_("What a building used, by its meters at the top of their trees: by month, day, hour or 15 minutes."),
)
@click.option("--building", "code", required=True, help=_("Code of the building."))
@click.option("--carrier", default="electricity", show_default=True, help=_("Code of the carrier."))
@click.option(
    "--view", type=click.Choice(["all", "month", "week", "day"]), default="month", show_default=True,
    help=_("All years by month, a month by day, seven days by hour, a day by 15 minutes."),
)  # fmt: skip
@click.option("--at", type=click.DateTime(["%Y-%m-%d"]), help=_("A day in it, such as 2026-01-31; without it today."))
@format_option
def meters_building(
    code: str, carrier: str, view: Literal["all", "month", "week", "day"], at: dt.datetime | None, format: str
) -> None:
    from nengtan.identity.access import system_actor
    from nengtan.registry.models import Building
    from nengtan.telemetry.queries.buildings import building_consumption
    from nengtan.telemetry.wording import QUALITIES

    found = Building.objects.filter(code=code).first()
    if found is None:
        die(_("There is no “%(code)s” within your reach.") % {"code": code})
    try:
        told = building_consumption(system_actor(), found, carrier, view, at.date() if at else None)
    except ValidationError as error:
        die(" ".join(error.messages))
    emit(told, BUILDING_COLUMNS, format, {"quality": QUALITIES.__getitem__})


COMPARED_COLUMNS = {
    "name": gettext_lazy("Building"),
    "institution": gettext_lazy("Household"),
    "use": gettext_lazy("Use"),
    "value": pgettext_lazy("meter", "Consumption"),
    "area_m2": gettext_lazy("Floor area, m²"),
    "per_m2": gettext_lazy("Per m²"),
    "known": gettext_lazy("Known"),
}


@click.command("compare", help=_("Buildings side by side: what each used for a square metre, the most first."))
@click.option("--carrier", default="electricity", show_default=True, help=_("Code of the carrier."))
@click.option("--use", default="", help=_("Code of a use of buildings; without it all."))
@click.option("--region", default="", help=_("Code of a region: everything below it."))
@click.option("--from", "since", type=click.DateTime(["%Y-%m-%d"]), help=_("First day; without it the month's first."))
@click.option("--to", "until", type=click.DateTime(["%Y-%m-%d"]), help=_("Last day; without it today."))
@format_option
def meters_compare(
    carrier: str, use: str, region: str, since: dt.datetime | None, until: dt.datetime | None, format: str
) -> None:
    from nengtan import reference
    from nengtan.identity.access import system_actor
    from nengtan.telemetry.queries.comparison import buildings_compared, compared_dict
    from nengtan.ui.words import named

    for found, allowed in ((carrier, reference.carriers()), (use, {"": None, **reference.building_uses()})):
        if found not in allowed:
            die(_("Found “%(found)s”; allowed: %(allowed)s.") % {"found": found, "allowed": " ".join(allowed)})
    last = until.date() if until else timezone.localdate()
    first = since.date() if since else last.replace(day=1)
    told = [compared_dict(one) for one in buildings_compared(system_actor(), carrier, first, last, use, region)]
    emit(told, COMPARED_COLUMNS, format, {"use": lambda code: named(reference.building_uses().get(code), code)})

"""Commands on meters as they are now, and on buildings."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

import click
from django.core.exceptions import ValidationError
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
    "--state", type=click.Choice(["live", "late", "silent", "never"]), help=_("Only those heard of in this way.")
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

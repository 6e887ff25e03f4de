"""What departments do with returns at the console: roll-up, spot check, reminders, deadlines that are due."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import click
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nengtan.domain.returns import slots
from nengtan.reporting.asking import period_option, region_named, region_option
from nengtan.ui.cli import die, emit, emit_one, format_option

if TYPE_CHECKING:
    from nengtan.registry.models import Region

SAMPLED_COLUMNS = {
    "code": gettext_lazy("Code"),
    "institution": gettext_lazy("Institution"),
    "type": gettext_lazy("Type"),
    "assigned_to": gettext_lazy("Assigned to"),
    "outcome": gettext_lazy("Outcome"),
    "findings": gettext_lazy("Findings"),
}
ROLLUP_COLUMNS = {
    "head": gettext_lazy("Row or column"),
    "coverage": gettext_lazy("Approved / owed"),
    "indicator": gettext_lazy("Indicator"),
    "value": gettext_lazy("Value"),
}


@click.command("rollup", help=_("Forms 5 to 8 of a region, added up from its approved returns."))
@region_option
@period_option
@click.option("--form", type=click.IntRange(5, 8), default=5, show_default=True, help=_("Which of the forms."))
@click.option(
    "--by", type=click.Choice(["region", "system", "superior"]), default="region", show_default=True,
    help=_("What the rows of form 5 are."),
)  # fmt: skip
@format_option
def rollup(region: str, period: slots.Slot, form: int, by: str, format: str) -> None:
    """A line a figure as a table; one record as JSON."""
    from nengtan.identity.access import system_actor
    from nengtan.reporting.api.rollup import rollup_dict
    from nengtan.reporting.queries.rollup import Rollup

    found = rollup_dict(Rollup(system_actor(), region_named(region), period, by), form)
    if format == "json":
        emit_one(found, format)
        return
    lines = [
        {"head": head["name"], "coverage": f"{head['approved']}/{head['owed']}", "indicator": indicator, "value": value}
        for head in found["heads"]
        for indicator, value in head["values"].items()
        if value is not None
    ]
    emit(lines, ROLLUP_COLUMNS, format)


@click.command("spotcheck", help=_("The yearly spot check: draw it, or list what was drawn and found."))
@region_option
@click.option("--year", type=click.IntRange(1990, 2199), required=True, help=_("Year of the returns."))
@click.option("--draw", "drawing", is_flag=True, help=_("Draw the sample; once a year."))
@click.option("--share", type=str, default=None, metavar="PERCENT", help=_("Share of each type, in percent."))
@click.option("--seed", default="", help=_("Seed of the draw; region and year unless given."))
@format_option
def spotcheck(region: str, year: int, drawing: bool, share: str | None, seed: str, format: str) -> None:
    """Drawn once; asked again it lists."""
    from nengtan.reporting.models import SpotCheck

    place = region_named(region)
    if drawing:
        _draw(place, year, share, seed)
    check = SpotCheck.objects.filter(region=place, year=year).first()
    if check is None:
        die(_("No sample of %(year)s is drawn here; draw it with --draw.") % {"year": year})
    rows = check.sampled.select_related("institution", "assigned_to")
    emit(
        [
            {
                "code": row.institution.code, "institution": row.institution.name, "type": row.institution_kind,
                "assigned_to": row.assigned_to.username if row.assigned_to else "",
                "outcome": str(row.get_outcome_display()) if format == "table" else row.outcome,
                "findings": row.findings,
            }
            for row in rows
        ],
        SAMPLED_COLUMNS, format,
    )  # fmt: skip


def _draw(place: Region, year: int, share: str | None, seed: str) -> None:
    from nengtan.identity.access import system_actor
    from nengtan.reporting.services.checks import draw

    try:
        percent = None if share is None else Decimal(share)
    except ArithmeticError:
        die(_("Found “%(found)s”; a number such as 5 is allowed.") % {"found": share})
    try:
        draw(system_actor(), place, year, percent, seed)
    except ValidationError as error:
        die(" ".join(error.messages))


@click.command("due", help=_("Open periods that have ended where a region wants it, and remind who is late."))
@format_option
def due(format: str) -> None:
    """What the worker does every day; twice a day is harmless."""
    from nengtan.identity.access import system_actor
    from nengtan.reporting.services import cycles, reminding

    opened = cycles.open_due(system_actor())
    reminded = reminding.remind()
    emit_one({"opened": sum(opened.values()), "reminded": reminded}, format)

"""Months that meters measured, at the console."""

from __future__ import annotations

import click
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nengtan.identity.access import system_actor
from nengtan.ledger.services.metered import post_metered
from nengtan.ledger.wording import left_out_word
from nengtan.ui.cli import emit, format_option, to_json

COLUMNS = {
    "meter": gettext_lazy("Meter"),
    "period": gettext_lazy("Month"),
    "message": gettext_lazy("Why it was left out"),
}


@click.command(
    "post", help=_("Enter months that are over and that meters measured into the ledger; again, only changes.")
)
@format_option
def meters_post(format: str) -> None:
    """What was entered, and what was not and why."""
    done = post_metered(system_actor())
    rows = [
        {
            "meter": one.meter,
            "period": one.period,
            "reason": one.reason,
            "found": one.found,
            "message": left_out_word(one),
        }
        for one in done.left_out
    ]
    if format == "json":
        counts = {"entered": done.entered, "corrected": done.corrected, "unchanged": done.unchanged}
        click.echo(to_json(counts | {"left_out": rows}))
        return
    if rows:
        emit(rows, COLUMNS, format)
    words = _("%(entered)s months entered, %(corrected)s corrected, %(unchanged)s unchanged.")
    told = {"entered": done.entered, "corrected": done.corrected, "unchanged": done.unchanged}
    click.echo(words % told, err=format == "csv")

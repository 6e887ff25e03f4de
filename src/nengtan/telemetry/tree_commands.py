"""Commands on trees of meters: who stands below whom, what is lost between them, items, and virtual meters."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from nengtan.ui.cli import die, emit, format_option

if TYPE_CHECKING:
    from nengtan.telemetry.queries.trees import Grouping, Trees

TREE_COLUMNS = {
    "tree": gettext_lazy("Meter"),
    "household": gettext_lazy("Household"),
    "item": gettext_lazy("Item"),
    "value": pgettext_lazy("meter", "Consumption"),
    "share": gettext_lazy("Of the upper meter"),
    "good": gettext_lazy("Measured well"),
    "estimated": gettext_lazy("Estimated"),
    "missing": gettext_lazy("Missing"),
    "verdict": gettext_lazy("Verdict"),
}
BALANCE_COLUMNS = {
    "meter": gettext_lazy("Upper meter"),
    "household": gettext_lazy("Household"),
    "period": gettext_lazy("Period"),
    "upper": gettext_lazy("Upper meter shows"),
    "below": gettext_lazy("Those below together"),
    "remainder": gettext_lazy("Not metered"),
    "share": gettext_lazy("Of the upper meter"),
    "known": gettext_lazy("Known"),
    "verdict": gettext_lazy("Verdict"),
}
ITEM_COLUMNS = {
    "item": gettext_lazy("Code"),
    "tree": gettext_lazy("Item"),
    "period": gettext_lazy("Period"),
    "value": pgettext_lazy("meter", "Consumption"),
    "share": gettext_lazy("Of the item above"),
    "complete": gettext_lazy("All of it known"),
    "trust": gettext_lazy("How sure the table is"),
}
FORMULA_COLUMNS = {
    "meter": gettext_lazy("Virtual meter"),
    "valid_from": gettext_lazy("From"),
    "terms": gettext_lazy("Computed from"),
    "constant": gettext_lazy("Always running, an hour"),
    "note": gettext_lazy("Remark"),
}

Command = Callable[..., None]


def _where(command: Command) -> Command:
    """The options all of them share, which meters and when."""
    options = [
        click.option("--institution", default="", help=_("Code of an institution.")),
        click.option("--building", default="", help=_("Code of a building.")),
        click.option("--region", default="", help=_("Code of a region: everything below it.")),
        click.option(
            "--carrier", default="electricity", show_default=True, help=_("Code of the carrier."),
        ),
        click.option(
            "--from", "since", type=click.DateTime(["%Y-%m-%d"]), help=_("First day; without it the month's first.")
        ),
        click.option("--to", "until", type=click.DateTime(["%Y-%m-%d"]), help=_("Last day; without it today.")),
    ]  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


_by = click.option(
    "--by", type=click.Choice(["whole", "month", "day"]), default="whole", show_default=True,
    help=_("One figure for the whole time, or by month or day."),
)  # fmt: skip


@click.command(
    "tree", help=_("Meters as a tree: what each used, and below each upper meter what those below have not seen.")
)
@_where
@format_option
def meters_tree(format: str, **where: Any) -> None:
    from nengtan.telemetry.queries.trees import as_dict
    from nengtan.telemetry.tree_words import VERDICTS, remainder_word

    rows = []
    for row in _trees("whole", **where).tree:
        told = as_dict(row)
        word = remainder_word() if row.kind == "remainder" else row.name or row.meter
        rows.append(told if format == "json" else {**told, "tree": f"{'  ' * row.depth}{word}"})
    emit(rows, TREE_COLUMNS, format, {"verdict": lambda code: VERDICTS.get(code, "")})


@click.command(
    "balance",
    help=_("Every upper meter held against those right below it. Less than nothing not metered is an error of a "
           "ratio or a line."),
)  # fmt: skip
@_where
@_by
@format_option
def meters_balance(by: Grouping, format: str, **where: Any) -> None:
    from nengtan.telemetry.queries.trees import as_dict
    from nengtan.telemetry.tree_words import VERDICTS

    rows = [as_dict(row) for row in _trees(by, **where).balances]
    emit(rows, BALANCE_COLUMNS, format, {"verdict": VERDICTS.__getitem__})


@click.command(
    "items", help=_("Consumption by item of a table of items, with what no sub-item has on a line of its own.")
)
@_where
@_by
@click.option("--scheme", default="mohurd2008", show_default=True, help=_("Code of the table of items."))
@format_option
def meters_items(by: Grouping, scheme: str, format: str, **where: Any) -> None:
    from nengtan import reference
    from nengtan.telemetry.queries.trees import as_dict
    from nengtan.telemetry.tree_words import item_row_word

    if scheme not in reference.item_schemes():
        die(_("Found “%(found)s”; allowed: %(allowed)s.") % {
            "found": scheme, "allowed": " ".join(reference.item_schemes()),
        })  # fmt: skip
    rows = []
    for row in _trees(by, **where).items(scheme):
        told = as_dict(row)
        rows.append(told if format == "json" else {**told, "tree": f"{'  ' * row.depth}{item_row_word(row)}"})
    emit(rows, ITEM_COLUMNS, format)


def _trees(
    by: Grouping, institution: str, building: str, region: str, carrier: str, since: dt.datetime | None,
    until: dt.datetime | None,
) -> Trees:  # fmt: skip
    from nengtan import reference
    from nengtan.identity.access import system_actor
    from nengtan.telemetry.queries.trees import Place, TooMany, Trees
    from nengtan.telemetry.tree_words import too_many_meters

    if carrier not in reference.carriers():
        die(_("Found “%(found)s”; allowed: %(allowed)s.") % {
            "found": carrier, "allowed": " ".join(reference.carriers()),
        })  # fmt: skip
    last = until.date() if until else timezone.localdate()
    first = since.date() if since else last.replace(day=1)
    if first > last:
        die(_("The first day is after the last."))
    try:
        return Trees(system_actor(), Place(institution, building, region), carrier, first, last, by)
    except TooMany:
        die(too_many_meters())


@click.command(
    "formula",
    help=_(
        "Virtual meters: what each is computed from. With --term or --constant, say so of one from a day on; with "
        "--remove, take the version of that day out."
    ),
)
@click.option("--meter", "code", default="", help=_("Code of the virtual meter; without it all are listed."))
@click.option("--from", "since", type=click.DateTime(["%Y-%m-%d"]), help=_("Day from which on it holds."))
@click.option(
    "--term", "terms", multiple=True, metavar="CODE=WEIGHT",
    help=_("A meter with its sign and share, such as M-1=1, M-2=-1 or M-3=0.25; as often as needed. With “?” after "
           "the weight it may be missing."),
)  # fmt: skip
@click.option("--constant", type=Decimal, default=None, help=_("What always runs and has no meter, units an hour."))
@click.option("--note", default="", help=_("Remark."))
@click.option("--remove", is_flag=True, help=_("Take the version of that day out."))
@format_option
def meters_formula(
    code: str, since: dt.datetime | None, terms: tuple[str, ...], constant: Decimal | None, note: str, remove: bool,
    format: str,
) -> None:  # fmt: skip
    from nengtan.identity.access import system_actor
    from nengtan.telemetry.gateway_commands import absent, meter_of
    from nengtan.telemetry.models import Formula
    from nengtan.telemetry.services import remove_formula, set_formula
    from nengtan.telemetry.tree_words import formula_dict, term_of

    rows = Formula.objects.select_related("meter__institution__region").prefetch_related("terms__meter")
    try:
        if remove:
            found = rows.filter(meter__code=code, valid_from=since).first() if since else None
            remove_formula(system_actor(), found or absent(f"{code} {since:%Y-%m-%d}" if since else code))
        elif terms or constant is not None:
            if since is None:
                die(_("Say from which day on it holds: --from 2026-01-01."))
            set_formula(
                system_actor(), meter_of(code), since.date(), [term_of(one) for one in terms], constant or Decimal(0),
                note,
            )  # fmt: skip
    except ValidationError as error:
        die(" ".join(error.messages))
    shown = rows.filter(meter__code=code) if code else rows
    told = [formula_dict(one) for one in shown.order_by("meter__code", "valid_from")]
    emit(
        told, FORMULA_COLUMNS, format,
        {"terms": lambda those: "; ".join(f"{one['meter']} × {one['weight']}" for one in those)},
    )  # fmt: skip

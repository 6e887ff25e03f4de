"""Closing years, and adding the kept sums up anew."""

from __future__ import annotations

from typing import Any

import click
from django.utils.translation import gettext as _

from nengtan.identity.access import system_actor
from nengtan.ledger.commands.words import CLOSING_HEADINGS, REBUILD_HEADINGS
from nengtan.ledger.models import YearClosing
from nengtan.ledger.queries.closings import closing_dict, closing_dicts, figures_agree
from nengtan.ledger.services.closing import close_year, reopen_year
from nengtan.ledger.services.evidence import sweep_evidence
from nengtan.ledger.services.rebuild import rebuild_everything
from nengtan.registry.models import Region
from nengtan.registry.regions import near_words
from nengtan.ui.cli import REFUSED, die, emit, emit_one, format_option, progress_bar

COLUMNS = ("region", "name", "year", "closed_at", "closed_by", "reopened_at", "reason", "digest")


@click.group("years", help=_("Years: list the closed ones, close, reopen."))
def years_group() -> None:
    """Closed years take no more figures."""


@years_group.command("list", help=_("List closed and reopened years."))
@click.option(
    "--check", is_flag=True, help=_("Compare today's figures with those at closing; exit code 1 if any differ.")
)
@format_option
def list_years(check: bool, format: str) -> int:
    """Newest first."""
    closings = YearClosing.objects.select_related("region", "closed_by", "reopened_by")
    told = closing_dicts(closings)
    checked = [{"agrees": figures_agree(closing)} if check else {} for closing in closings]
    rows = [row | more for row, more in zip(told, checked, strict=True)]
    names = (*COLUMNS, "agrees") if check else COLUMNS
    emit(rows, {name: CLOSING_HEADINGS[name] for name in names}, format)
    return REFUSED if check and any(row["agrees"] is False for row in rows) else 0


@years_group.command("close", help=_("Close a year of a region: no more figures, factors stand."))
@click.option("--region", required=True, metavar="CODE", help=_("Code of a region, such as 420106."))
@click.option("--year", required=True, type=click.IntRange(1990, 2100), help=_("Year of the accounts."))
@format_option
def close(region: str, year: int, format: str) -> None:
    """With all regions below it."""
    emit_one(closing_dict(close_year(system_actor(), region_named(region), year)), format, CLOSING_HEADINGS)


@years_group.command("reopen", help=_("Reopen a closed year."))
@click.option("--region", required=True, metavar="CODE", help=_("Code of a region, such as 420106."))
@click.option("--year", required=True, type=click.IntRange(1990, 2100), help=_("Year of the accounts."))
@click.option("--reason", required=True, help=_("Why."))
@format_option
def reopen(region: str, year: int, reason: str, format: str) -> None:
    """Its figures follow facts, register and factors again."""
    closing = YearClosing.objects.filter(region=region_named(region), year=year, reopened_at=None).first()
    if closing is None:
        die(_("%(year)s of %(region)s is not closed.") % {"year": year, "region": region})
    emit_one(closing_dict(reopen_year(system_actor(), closing, reason)), format, CLOSING_HEADINGS)


@click.command("rebuild", help=_("Add up all kept sums and yearly books anew from the facts."))
@click.option("--check", is_flag=True, help=_("Only compare; exit code 1 if anything differs."))
@format_option
def rebuild(check: bool, format: str) -> int:
    """Harmless at any time: the facts decide."""
    with progress_bar(_("Adding up")) as step:
        result: dict[str, Any] = rebuild_everything(check_only=check, progress=step)
    if not check:
        result["files_swept"] = sweep_evidence()
    emit_one(result, format, REBUILD_HEADINGS)
    return REFUSED if check and (result["sums_differing"] or result["books_differing"]) else 0


def region_named(code: str) -> Region:
    found = Region.objects.filter(code=code).first()
    if found is None:
        die(_("No region has the code “%(code)s”.") % {"code": code} + near_words(code))
    return found

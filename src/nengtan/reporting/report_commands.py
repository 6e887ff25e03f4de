"""The annual report and publications at the console: ``nengtan returns report``, ``publish`` and ``naming``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nengtan.reporting.asking import region_named, region_option
from nengtan.ui.cli import Words, die, emit, emit_one, format_option, progress_bar
from nengtan.ui.words import kind_word, system_word

if TYPE_CHECKING:
    from nengtan.registry.models import Region

PUBLISHED_HEADINGS = {
    "id": gettext_lazy("Number"),
    "title": gettext_lazy("Title"),
    "edition": gettext_lazy("Edition"),
    "published_at": gettext_lazy("Published at"),
}
NAMING_HEADINGS = {
    "region": gettext_lazy("Region"),
    "set_by": gettext_lazy("Set by"),
    "smallest_class": gettext_lazy("Institutions a class needs"),
    "kinds": gettext_lazy("Types not named"),
    "systems": gettext_lazy("Systems not named"),
    "institutions": gettext_lazy("Institutions not named"),
    "reason": gettext_lazy("Reason"),
}


def _listed(word: Callable[[str], str]) -> Callable[[Iterable[str]], str]:
    """Codes in words, one after the other."""
    return lambda codes: _(", ").join(map(word, codes)) or _("none")


NAMING_WORDS: Words = {"kinds": _listed(kind_word), "systems": _listed(system_word), "institutions": _listed(str)}

year_option = click.option("--year", required=True, type=click.IntRange(1990, 2100), help=_("The year reported on."))


@click.command("report", help=_("Make the annual analysis report of a region as Word or PDF and write it to a file."))
@region_option
@year_option
@click.option("--base-year", type=click.IntRange(1990, 2100), help=_("An earlier year to compare with as well."))
@click.option(
    "--format", "written", type=click.Choice(["docx", "pdf"]), help=_("By the ending of the file unless given.")
)
@click.argument("out", type=click.Path(dir_okay=False, writable=True, path_type=Path))
def report(region: str, year: int, base_year: int | None, written: str | None, out: Path) -> None:
    """Kept among the made reports as well."""
    from nengtan.identity.access import system_actor
    from nengtan.reporting.services.reports import make_report

    kind = written or out.suffix.lstrip(".").lower()
    if kind not in ("docx", "pdf"):
        die(_("Found “%(found)s”; allowed: a file that ends in .docx or .pdf, or --format.") % {"found": out.name})
    place = region_named(region)
    try:
        with progress_bar(_("Making the report")) as tell:
            made = make_report(system_actor(), place, year, kind, base_year=base_year, progress=tell)
    except ValidationError as error:
        die(" ".join(error.messages))
    out.write_bytes(bytes(made.content))
    click.echo(_("%(file)s: %(title)s, %(counted)s of %(owed)s returns.") % {
        "file": out, "title": made.title, "counted": made.counted, "owed": made.owed,
    })  # fmt: skip


@click.command(
    "publish", help=_("Publish a region's year: rankings and reporting; --preview only shows what it would say.")
)
@region_option
@year_option
@click.option("--by", type=click.Choice(["kind", "system", "child"]), default="kind", show_default=True,
              help=_("Classes: types of institutions, systems, or regions below."))  # fmt: skip
@click.option("--title", default="", help=_("Title, if not the usual one."))
@click.option("--preview", "only_preview", is_flag=True, help=_("Publish nothing."))
@format_option
def publish(region: str, year: int, by: str, title: str, only_preview: bool, format: str) -> None:
    """Only approved returns; what may not be named is added up."""
    from nengtan.identity.access import system_actor
    from nengtan.reporting.services import publishing

    place = region_named(region)
    try:
        if only_preview:
            content = publishing.frozen(publishing.preview(system_actor(), place, year, by))
            if format == "table":
                _print_notice(place, year, by, content, title)
            else:
                emit_one(content, format)
            return
        made = publishing.publish(system_actor(), place, year, by, title)
    except ValidationError as error:
        die(" ".join(error.messages))
    told = {"id": made.pk, "title": made.title, "edition": made.number, "published_at": made.at}
    emit_one(told, format, PUBLISHED_HEADINGS)


def _print_notice(place: Region, year: int, by: str, content: dict[str, Any], title: str) -> None:
    """What a publication would say, as it reads: its sentences, and a table a class."""
    from nengtan.reporting.report.notice import notice
    from nengtan.reporting.report.phrasing import Phrases

    usual = Phrases()("publication.title", region=place.label, year=year)
    held = notice(title or usual, place, year, by, content)
    for text in (held.title, *held.opening):
        click.echo(text)
    for part in held.parts:
        click.echo(f"\n{part.heading}")
        columns = dict(zip(map(str, range(len(part.columns))), part.columns, strict=True))
        emit([dict(zip(columns, row, strict=True)) for row in part.rows], columns, "table")
    for text in ("", *held.lines):
        click.echo(text)


@click.command("naming", help=_("Show what publications of a region do not name, or set it with the options."))
@region_option
@click.option("--smallest", type=click.IntRange(1, 100), help=_("Institutions a class needs to be shown by itself."))
@click.option("--type", "kinds", multiple=True, metavar="CODE", help=_("A type not named; may be repeated."))
@click.option("--system", "systems", multiple=True, metavar="CODE", help=_("A system not named; may be repeated."))
@click.option("--institution", "institutions", multiple=True, metavar="CODE",
              help=_("An institution not named, by code or name; may be repeated."))  # fmt: skip
@click.option("--name-all", type=click.Choice(["types", "systems", "institutions"]), multiple=True,
              help=_("Name all of these again; may be repeated."))  # fmt: skip
@click.option("--reason", help=_("Why."))
@format_option
def naming(
    region: str, smallest: int | None, kinds: tuple[str, ...], systems: tuple[str, ...],
    institutions: tuple[str, ...], name_all: tuple[str, ...], reason: str | None, format: str,
) -> None:  # fmt: skip
    """What no option speaks of stays as it is."""
    from nengtan.identity.access import system_actor
    from nengtan.reporting.services import publishing

    place = region_named(region)
    held = publishing.naming_told(place)
    if held["set_by"] != place.code:
        held["institutions"] = []

    def listed(key: str, given: tuple[str, ...], every: str) -> list[str]:
        return list(given) if given or every in name_all else held[key]

    try:
        if smallest or kinds or systems or institutions or name_all or reason is not None:
            bodies = publishing.institutions_meant(place, listed("institutions", institutions, "institutions"))
            publishing.set_rule(
                system_actor(), place, smallest or held["smallest_class"], listed("kinds", kinds, "types"), bodies,
                held["reason"] if reason is None else reason, listed("systems", systems, "systems"),
            )  # fmt: skip
    except ValidationError as error:
        die(" ".join(error.messages))
    emit_one(publishing.naming_told(place), format, NAMING_HEADINGS, NAMING_WORDS)

"""Commands of the register: ``import`` and ``template`` are groups that later rooms add to."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nengtan import reference
from nengtan.domain import periods
from nengtan.ui.cli import (
    REFUSED,
    Words,
    die,
    emit,
    emit_one,
    format_option,
    one_of,
    progress_bar,
    reason_of,
    refuse_file,
    to_json,
)
from nengtan.ui.words import carrier_word, choices, kind_word, label_of, system_word

if TYPE_CHECKING:
    from nengtan.registry.models import Institution
    from nengtan.registry.services.intake import Result

INSTITUTION_COLUMNS = {
    "code": gettext_lazy("Code"),
    "name": gettext_lazy("Name"),
    "kind": gettext_lazy("Type"),
    "region": gettext_lazy("Region"),
    "system": gettext_lazy("System"),
    "area_m2": gettext_lazy("Floor area (m²)"),
    "persons": gettext_lazy("Persons"),
    "status": gettext_lazy("Status"),
}
REGION_COLUMNS = {
    "code": gettext_lazy("Code"),
    "name": gettext_lazy("Name"),
    "level": gettext_lazy("Level"),
    "parent": gettext_lazy("Parent"),
    "shipped": gettext_lazy("GB/T 2260"),
}
ERROR_COLUMNS = {
    "sheet": gettext_lazy("Sheet"),
    "place": gettext_lazy("Cell"),
    "label": gettext_lazy("Column"),
    "found": gettext_lazy("Found"),
    "allowed": gettext_lazy("Allowed"),
    "message": gettext_lazy("What is wrong"),
}


output_option = click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help=_("Where to write it; “-” for standard output."),
)

target_argument = click.argument(
    "file", required=False, type=click.Path(dir_okay=False, writable=True, path_type=Path), metavar=_("[FILE]")
)

SHEETS = ("institutions", "buildings", "occupancies", "meters", "assets", "contacts", "events")
DOUBT_COLUMNS = {
    "code": gettext_lazy("Code"),
    "name": gettext_lazy("Name"),
    "persons": gettext_lazy("Persons"),
    "area_m2": gettext_lazy("Floor area (m²)"),
    "last_period": gettext_lazy("Latest figures"),
    "contact": gettext_lazy("Whom to ask"),
    "missing": gettext_lazy("Missing"),
}
RECORD_HEADINGS = {
    "credit_code": gettext_lazy("Unified social credit code"),
    "superior": gettext_lazy("Superior body"),
    "reports_to": gettext_lazy("Reports to"),
    "address": gettext_lazy("Address"),
    "lat": gettext_lazy("Latitude"),
    "lon": gettext_lazy("Longitude"),
    "occupancy": gettext_lazy("Office"),
    "utility_account": gettext_lazy("Utility account"),
    "host": gettext_lazy("Host body"),
    "allocation": gettext_lazy("Division of shared bills"),
    "share": gettext_lazy("Agreed share"),
    "carriers": gettext_lazy("Carriers used"),
    "established_on": gettext_lazy("Established on"),
    "closed_on": gettext_lazy("Closed on"),
    "note": gettext_lazy("Remark"),
    "buildings": gettext_lazy("Buildings"),
    "meters": gettext_lazy("Meters"),
    "assets": gettext_lazy("Equipment"),
}
EVENT_HEADINGS = {
    "id": gettext_lazy("Number"),
    "kind": gettext_lazy("Event"),
    "effective_on": gettext_lazy("Effective on"),
    "before": gettext_lazy("Before"),
    "after": gettext_lazy("After"),
    "document": gettext_lazy("Document"),
    "months_after": gettext_lazy("Figures after the end"),
}


@click.group("import", help=_("Take in a file."))
def import_group() -> None:
    """Files of the register and, from the ledger, of consumption."""


@click.group("template", help=_("Write the workbook to fill in."))
def template_group() -> None:
    """Workbooks of the register and, from the ledger, of consumption."""


@import_group.command("registry", help=_("Take in institutions, buildings, meters and equipment: Excel or CSV."))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help=_("Say what would happen; store nothing."))
@click.option("--partial", is_flag=True, help=_("Store the good rows although others are refused."))
@click.option("--region", default="", help=_("Code of the region of new institutions whose row names none."))
@format_option
def import_registry(file: Path, dry_run: bool, partial: bool, region: str, format: str) -> int:
    """Exit code 1 when rows were refused and nothing was stored."""
    from nengtan.identity.access import system_actor
    from nengtan.registry.services import intake
    from nengtan.ui.sheets.refused import Refused

    actor = system_actor()
    home = _region(region) if region else None
    try:
        if file.stat().st_size > intake.limits().max_bytes:
            raise Refused("too_large", str(file.stat().st_size), str(intake.limits().max_bytes))
        content = file.read_bytes()
        if dry_run:
            result = intake.preview_result(intake.check_file(actor, file.name, content, home))
        else:
            with progress_bar(_("Importing")) as step:
                result = intake.import_file(actor, file.name, content, partial, step, home)
    except Refused as refused:
        return refuse_file(file, refused, format, ("accepted", "rejected", "unchanged", "created", "updated"))
    _print(result, dry_run, format)
    return REFUSED if result.errors and not (result.stored or (dry_run and partial and result.accepted)) else 0


def _print(result: Result, dry_run: bool, format: str) -> None:
    from nengtan.registry.wording import result_dict, understood_sheets
    from nengtan.ui.sheets import wording
    from nengtan.ui.sheets.understood import lines, skipped_lines

    if format == "json":
        click.echo(to_json(result_dict(result, dry_run)))
        return
    if result.errors or format == "csv":
        emit([wording.told(problem) for problem in result.errors], ERROR_COLUMNS, format)
    for problem in result.notes:
        click.echo(f"{problem.place or problem.sheet}: {wording.message(problem)}", err=True)
    for line in (*lines(understood_sheets(result.sheets)), *skipped_lines(result.skipped)):
        click.echo(line, err=True)
    click.echo(_summary(result, dry_run), err=format == "csv")


def _summary(result: Result, dry_run: bool) -> str:
    counts = _("%(created)s records added, %(updated)s changed, %(unchanged)s unchanged, %(rejected)s rows refused.")
    told = counts % {
        "created": result.created, "updated": result.updated, "unchanged": result.unchanged,
        "rejected": result.rejected,
    }  # fmt: skip
    if dry_run:
        return told + " " + _("Nothing was stored (dry run).")
    if result.errors and not result.stored:
        return told + " " + _("Nothing was stored; mend the rows, or take the good ones with --partial.")
    return told


@template_group.command("registry", help=_("Write the workbook for institutions, buildings, meters and equipment."))
@target_argument
@output_option
def template_registry(file: Path | None, output: Path | None) -> None:
    """An .xlsx with drop-downs, hints and examples."""
    from nengtan.registry.services import intake

    _write(file or output or Path(_("register-template") + ".xlsx"), intake.template())


def _write(target: Path, content: bytes) -> None:
    """To the file, or to standard output for “-”."""
    if str(target) == "-":
        sys.stdout.buffer.write(content)
        return
    try:
        target.write_bytes(content)
    except OSError as error:
        die(_("%(path)s cannot be written: %(error)s") % {"path": target, "error": reason_of(error)})
    click.echo(_("Written: %(path)s") % {"path": target})


@click.group("export", help=_("Write what the platform holds to a file."))
def export_group() -> None:
    """Files in the layout of the imports."""


@export_group.command("registry", help=_("Write the register as the import takes it: Excel, or one sheet as CSV."))
@click.option("--region", default="", help=_("Code of a region: only those in it and below."))
@click.option("--sheet", type=click.Choice(SHEETS), help=_("Only this sheet, as CSV."))
@click.option("--history", is_flag=True, help=_("All dated values, an earlier day a row; else the latest."))
@output_option
def export_registry(region: str, sheet: str | None, history: bool, output: Path | None) -> None:
    """Reading it in again changes nothing."""
    from nengtan.identity.access import system_actor
    from nengtan.registry.models import Institution
    from nengtan.registry.services import intake

    rows = Institution.objects.for_actor(system_actor())
    if region:
        rows = rows.within(_region(region))
    if sheet:
        _write(output or Path(f"{sheet}.csv"), intake.export_csv(rows, sheet, history))
    else:
        _write(output or Path(_("register") + ".xlsx"), intake.export_workbook(rows, history))


@click.group("institutions", help=_("List institutions, or show one."))
def institutions() -> None:
    """What the register holds."""


@institutions.command("list", help=_("List institutions."))
@click.option("--region", default="", help=_("Code of a region: only those in it and below."))
@click.option(
    "--kind",
    default="",
    metavar="CODE",
    help=one_of(_("Code of a type, such as 021."), choices(reference.institution_types())),
)
@click.option("--search", "typed", default="", help=_("Name, code or pinyin initials."))
@click.option("--closed", is_flag=True, help=_("Closed ones too."))
@format_option
def institutions_list(region: str, kind: str, typed: str, closed: bool, format: str) -> None:
    """In order of code; with a search the best fit first."""
    from nengtan.identity.access import system_actor
    from nengtan.registry.queries import listing
    from nengtan.registry.queries.search import institutions_like

    rows = listing.institutions(system_actor()).order_by("code")
    if region:
        rows = rows.filter(region__path__startswith=_region(region).path)
    if kind:
        rows = rows.filter(kind=kind)
    if not closed:
        rows = rows.filter(status="active")
    if typed:
        rows = institutions_like(rows, typed)
    held = list(rows)
    emit([_row(body) for body in held], INSTITUTION_COLUMNS, format, _institution_words(held))


def _institution_words(bodies: Iterable[Institution]) -> Words:
    """Codes of institutions in words; a region keeps its code, which is what one types."""
    from nengtan.registry.models import Institution

    regions = {body.region.code: body.region.label for body in bodies}
    return {
        "kind": kind_word,
        "region": lambda code: f"{code} {regions[code]}",
        "system": system_word,
        "status": label_of(Institution.Status),
        "reports_to": label_of(Institution.ReportsTo),
        "occupancy": label_of(Institution.Occupancy),
        "utility_account": label_of(Institution.UtilityAccount),
        "allocation": label_of(Institution.Allocation),
        "carriers": lambda codes: _(", ").join(map(carrier_word, codes)),
    }


def _row(body: Institution) -> dict[str, Any]:
    held: Any = body
    return {
        "code": body.code,
        "name": body.name,
        "kind": body.kind,
        "region": body.region.code,
        "system": body.system,
        "area_m2": held.area_held,
        "persons": held.persons_held,
        "status": body.status,
    }


@institutions.command("show", help=_("Show the record of an institution."))
@click.argument("code")
@format_option
def institutions_show(code: str, format: str) -> None:
    """Everything but its figures."""
    from nengtan.identity.access import system_actor
    from nengtan.registry.queries import listing

    body = listing.institutions(system_actor()).select_related("superior", "host").filter(code=code).first()
    if body is None:
        die(_("There is no institution with code %(code)s.") % {"code": code})
    emit_one(
        {
            **_row(body),
            "credit_code": body.credit_code,
            "superior": body.superior.code if body.superior else None,
            "reports_to": body.reports_to,
            "address": body.address,
            "lat": body.lat,
            "lon": body.lon,
            "occupancy": body.occupancy,
            "utility_account": body.utility_account,
            "host": body.host.code if body.host else None,
            "allocation": body.allocation,
            "share": body.share,
            "carriers": body.carriers,
            "established_on": body.established_on,
            "closed_on": body.closed_on,
            "note": body.note,
            "buildings": body.buildings.count(),
            "meters": body.meters.count(),
            "assets": body.assets.count(),
        },
        format,
        {**INSTITUTION_COLUMNS, **RECORD_HEADINGS},
        _institution_words([body]),
    )


@institutions.command("alive", help=_("List those of a year that lack staff, floor area or activity."))
@click.option("--year", type=click.IntRange(2000, 2100), required=True, help=_("Year."))
@click.option("--region", default="", help=_("Code of a region: only those in it and below."))
@format_option
def institutions_alive(year: int, region: str, format: str) -> None:
    """Those that lack most first."""
    from nengtan.identity.access import system_actor
    from nengtan.registry.queries.alive import doubtful

    rows = [
        {
            "code": one.institution.code, "name": one.institution.name, "persons": one.persons,
            "area_m2": one.area_m2, "last_period": one.last_period, "contact": one.contact,
            "missing": " ".join(one.reasons),
        }
        for one in doubtful(system_actor(), year, _region(region) if region else None)
    ]  # fmt: skip
    emit(rows, DOUBT_COLUMNS, format, {"missing": _missing_words, "last_period": periods.label})


def _missing_words(codes: str) -> str:
    from nengtan.registry.wording import DOUBTS

    return _(", ").join(str(DOUBTS[code]) for code in codes.split())


@institutions.command("event", help=_("Record an event: added, closed, merged, split, renamed or moved."))
@click.argument("kind", type=click.Choice(["added", "closed", "merged", "split", "renamed", "moved"]))
@click.option("--on", "day", type=click.DateTime(["%Y-%m-%d"]), required=True, help=_("Effective on."))
@click.option("--before", multiple=True, help=_("Code of a body that goes in; may be repeated."))
@click.option("--after", multiple=True, help=_("Code of a body that comes out; may be repeated."))
@click.option("--document", default="", help=_("Document."))
@click.option("--name", default="", help=_("New name, for a renaming."))
@click.option("--region", default="", help=_("Code of the new region, for a move."))
@click.option("--superior", default="", help=_("Code of the new superior body, for a move."))
@format_option
def institutions_event(
    kind: str, day: datetime, before: tuple[str, ...], after: tuple[str, ...], document: str, name: str, region: str,
    superior: str, format: str,
) -> None:  # fmt: skip
    """The register follows from its day; the past keeps its name and place."""
    from django.core.exceptions import ValidationError

    from nengtan.identity.access import system_actor
    from nengtan.registry.models import InstitutionEvent
    from nengtan.registry.queries.endings import months_after
    from nengtan.registry.services import EventInput, record_event

    told = EventInput(
        kind,
        day.date(),
        [_institution(code) for code in before],
        [_institution(code) for code in after],
        document=document,
        name=name,
        region=_region(region) if region else None,
        superior=_institution(superior) if superior else None,
    )
    try:
        event = record_event(system_actor(), told)
    except ValidationError as error:
        die(" ".join(error.messages))
    record = {"id": event.pk, "kind": event.kind, "effective_on": event.effective_on, "before": list(before),
              "after": list(after), "document": event.document,
              "months_after": months_after(told.before)}  # fmt: skip
    words: Words = {
        "kind": label_of(InstitutionEvent.Kind), "before": _(", ").join, "after": _(", ").join,
        "months_after": _after_words,
    }  # fmt: skip
    emit_one(record, format, EVENT_HEADINGS, words)


def _after_words(months: Mapping[str, int]) -> str:
    from nengtan.registry.wording import after_words

    return " ".join(after_words(code, count) for code, count in months.items())


def _institution(code: str) -> Institution:
    from nengtan.registry.models import Institution

    found = Institution.objects.filter(code=code).select_related("region").first()
    if found is None:
        die(_("There is no institution with code %(code)s.") % {"code": code})
    return found


@click.group("regions", help=_("List regions, or add one below."))
def regions() -> None:
    """The tree."""


@regions.command("list", help=_("List the regions below one; without one, the roots."))
@click.option("--below", default="", help=_("Code of a region."))
@click.option("--all", "whole", is_flag=True, help=_("The whole subtree, not only the next level."))
@format_option
def regions_list(below: str, whole: bool, format: str) -> None:
    """In order of code."""
    from nengtan.registry.models import Region

    rows = Region.objects.select_related("parent").order_by("path")
    if below:
        top = _region(below)
        rows = rows.below(top).exclude(pk=top.pk) if whole else rows.filter(parent=top)
    elif not whole:
        rows = rows.filter(parent=None)
    emit(
        [
            {
                "code": row.code,
                "name": row.label,
                "level": row.level,
                "parent": row.parent.code if row.parent else None,
                "shipped": row.shipped,
            }
            for row in rows
        ],
        REGION_COLUMNS,
        format,
        {"level": label_of(Region.Level)},
    )


@regions.command("add", help=_("Add a region below another, or a root."))
@click.argument("code")
@click.argument("name")
@click.option("--parent", default="", help=_("Code of the region above; none makes a root."))
@click.option("--level", type=click.Choice(["street", "custom"]), default="street", show_default=True, help=_("Level."))
@click.option("--name-en", default="", help=_("English name."))
@click.option("--notice", default="", help=_("Shown with every figure of the region."))
@format_option
def regions_add(code: str, name: str, parent: str, level: str, name_en: str, notice: str, format: str) -> None:
    """One region."""
    from django.core.exceptions import ValidationError

    from nengtan.identity.access import system_actor
    from nengtan.registry.models import Region
    from nengtan.registry.services import add_region

    above = _region(parent) if parent else None
    try:
        made = add_region(system_actor(), code, name, parent=above, name_en=name_en, level=level, notice=notice)
    except ValidationError as error:
        die(" ".join(error.messages))
    record = {"code": made.code, "name": made.name, "level": made.level, "path": made.path}
    emit_one(record, format, {**REGION_COLUMNS, "path": _("Path")}, {"level": label_of(Region.Level)})


@regions.command("notice", help=_("Change what is shown with every figure of a region."))
@click.argument("code")
@click.argument("notice")
def regions_notice(code: str, notice: str) -> None:
    """An empty notice shows nothing."""
    from nengtan.identity.access import system_actor
    from nengtan.registry.services import set_notice

    set_notice(system_actor(), _region(code), notice)
    click.echo(_("Saved."))


def _region(code: str) -> Any:
    from nengtan.registry.models import Region

    found = Region.objects.filter(code=code).first()
    if found is None:
        from nengtan.registry.regions import near_words

        die(_("There is no region with code %(code)s.") % {"code": code} + near_words(code))
    return found


commands: list[click.Command] = [import_group, template_group, export_group, institutions, regions]

"""Making the annual report of a region, and keeping the template an office edits in Word."""

from __future__ import annotations

from collections.abc import Callable

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from nengtan.identity.access import Actor
from nengtan.identity.audit import record
from nengtan.identity.roles import Capability
from nengtan.registry.models import Region
from nengtan.reporting import clock
from nengtan.reporting.models import AnnualReport, ReportTemplate
from nengtan.reporting.report import books, office, pango, pdf, shipped, word
from nengtan.reporting.report.gather import annual_report, require_whole
from nengtan.reporting.report.words import Wording, worded

Progress = Callable[[int, int, str], None]
STEPS = 4


def no_progress(done: int, total: int, note: str) -> None:
    """For doors that show none."""


def make_report(
    actor: Actor, region: Region, year: int, format: str, *, base_year: int | None = None,
    progress: Progress = no_progress,
) -> AnnualReport:  # fmt: skip
    """Make the annual report of a region and keep it as made, in the reader's language.

    Raises:
        Forbidden: the actor does not see the single institutions of the whole region.
        ValidationError: PDF cannot be laid out here, the template cannot be used, no return is owed, or the base year
            is none before the year.
    """
    return keep_report(actor, written_report(actor, region, year, format, base_year=base_year, progress=progress))


def written_report(
    actor: Actor, region: Region, year: int, format: str, *, base_year: int | None = None,
    progress: Progress = no_progress,
) -> AnnualReport:  # fmt: skip
    """The report as it will be kept, not kept yet: writes nothing, so that laying it out blocks nobody.

    Raises:
        Forbidden: the actor does not see the single institutions of the whole region.
        ValidationError: PDF cannot be laid out here, or the template cannot be used.
    """
    require_whole(actor, region, Capability.EXPORT)
    if format == AnnualReport.Format.PDF and (fault := no_pdf()):
        raise ValidationError({"format": fault})
    if base_year is not None and base_year >= year:
        words = _("Found %(found)s; a year before %(year)s is allowed.") % {"found": base_year, "year": year}
        raise ValidationError({"base_year": words})
    progress(0, STEPS, _("Reading the approved returns"))
    found = annual_report(actor, region, year, base_year)
    if not found.report.total.coverage.expected:
        raise ValidationError({"year": _("No annual return of %(year)s is owed here.") % {"year": year}})
    progress(1, STEPS, _("Putting the figures into words"))
    wording = worded(found, clock.today())
    progress(2, STEPS, _("Writing the document"))
    template = template_of(region) if format == AnnualReport.Format.DOCX or office.program() else None
    content = _written(wording, format, template)
    progress(3, STEPS, _("Keeping it"))
    held, printed = found.report.total.coverage, wording.tags["tables"]["lineage"]
    return AnnualReport(
        region=region, year=year, base_year=base_year, format=format, title=wording.title[:200], template=template,
        counted=held.present, owed=held.expected, content=content, by=actor.user,
        books=books.pack(found.report.reporters, found.seasons, [(row["key"], row["name"]) for row in printed]),
    )  # fmt: skip


@transaction.atomic
def keep_report(actor: Actor, written: AnnualReport) -> AnnualReport:
    """Keep a report that is written."""
    written.save()
    told = {"year": written.year, "format": written.format, "counted": written.counted, "owed": written.owed}
    record(actor, "report.make", written, after=told, region_path=written.region.path)
    return written


def no_pdf() -> str:
    """Why no PDF can be made here, and what to do; empty where it can."""
    fault = "" if office.program() else pango.missing()
    words = _("PDF cannot be made on this server (%(fault)s); choose Word, or have Pango or LibreOffice installed.")
    return words % {"fault": fault} if fault else ""


def _written(wording: Wording, format: str, template: ReportTemplate | None) -> bytes:
    """As Word from the template; as PDF from an own template by LibreOffice, else in the shipped layout."""
    language = translation.get_language() or "zh-hans"
    if format == AnnualReport.Format.PDF and template is None and not pango.missing():
        return pdf.render(wording, language)
    try:
        document = word.render(bytes(template.content) if template else shipped.template(language), wording, language)
        return office.converted(document) if format == AnnualReport.Format.PDF else document
    except word.TemplateFault as fault:
        raise ValidationError({"template": told(fault)}) from fault
    except office.Unconverted as fault:
        words = _("LibreOffice made no PDF of the report (%(fault)s); choose Word.")
        raise ValidationError({"format": words % {"fault": fault}}) from fault


def template_of(region: Region) -> ReportTemplate | None:
    """The template in force: the region's own, else that of the nearest region above; none means the shipped one."""
    held = ReportTemplate.objects.filter(region__code__in=region.codes, retired_at=None).select_related("region")
    return max(held, key=lambda item: (len(item.region.path), item.pk), default=None)


def keep_template(actor: Actor, region: Region, name: str, content: bytes) -> ReportTemplate:
    """Use an office's own template from now on; read through before anything is held, so that it blocks nobody.

    Raises:
        ValidationError: what is wrong with it, unknown tags by name.
        Forbidden: the actor does not review the returns of the region.
    """
    require_whole(actor, region, Capability.REVIEW_RETURNS)
    try:
        word.check(content)
    except word.TemplateFault as fault:
        raise ValidationError({"file": told(fault)}) from fault
    with transaction.atomic():
        _retire(region)
        made = ReportTemplate.objects.create(region=region, name=name[:200], content=content, by=actor.user)
        told_of = {"name": made.name, "size": len(content)}
        record(actor, "report.template", made, after=told_of, region_path=region.path)
    return made


@transaction.atomic
def drop_template(actor: Actor, region: Region) -> bool:
    """Go back to the template of the level above, or to the shipped one; whether there was one to drop."""
    require_whole(actor, region, Capability.REVIEW_RETURNS)
    dropped = _retire(region)
    for item in dropped:
        record(actor, "report.template_drop", item, before={"name": item.name}, region_path=region.path)
    return bool(dropped)


def _retire(region: Region) -> list[ReportTemplate]:
    held = list(ReportTemplate.objects.select_for_update().filter(region=region, retired_at=None))
    ReportTemplate.objects.filter(pk__in=[item.pk for item in held]).update(retired_at=timezone.now())
    return held


def told(fault: word.TemplateFault) -> str:
    """What is wrong with a template, in words."""
    words = {
        "unknown": _("The template names tags that do not exist: %(found)s. The list of tags is on the report page."),
        "tag": _("A tag of the template cannot be read: %(found)s"),
        "unsafe": _("The template holds something templates may not do: %(found)s"),
        "macros": _("The template holds macros or embedded programs; save it as a plain .docx without them."),
        "external": _("The template fetches something from outside; take that link out and save it again."),
        "field": _("The template has fields a report may not have: %(found)s; take them out and save it again."),
        "too_large": _("The template is too large; %(most)s MB are allowed."),
        "not_word": _("This is no Word document (.docx)."),
    }
    return words[fault.kind] % {"found": fault.found, "most": word.LARGEST // 2**20}

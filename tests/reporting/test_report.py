"""The annual report of a district of five bodies: its figures, its words, its Word document and its PDF."""

from __future__ import annotations

import io
import subprocess
import zipfile
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from django.utils import translation
from docx import Document

from nengtan.domain.returns import slots
from nengtan.identity.access import Forbidden
from nengtan.reporting.report import pango, pdf, shipped, tagging, word
from nengtan.reporting.report.gather import Gathered, annual_report, filings
from nengtan.reporting.report.words import Wording, worded
from nengtan.reporting.totals import Counted
from tests.reporting.books import TCE, YEAR, Books, code

DAY = date(2024, 3, 1)


def gathered(books: Books, who: str = "district", **options: int) -> Gathered:
    return annual_report(books.cast.actor(who), books.region, YEAR, **options)


@pytest.fixture
def wording(books: Books) -> Wording:
    with translation.override("en"):
        return worded(gathered(books), DAY)


def text_of(content: bytes) -> str:
    document = Document(io.BytesIO(content))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(line.text for line in document.paragraphs), *cells])


def edited(old: str, new: str) -> bytes:
    """The shipped template, a paragraph changed as in Word."""
    document = Document(io.BytesIO(shipped.template("en")))
    line = next(item for item in document.paragraphs if old in item.text)
    line.text = line.text.replace(old, new)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


# figures


def test_only_approved_returns_are_counted(books: Books) -> None:
    report = gathered(books).report
    energy = report.total.figures["energy_tce"]
    assert energy.value == sum(TCE.values())
    assert (report.total.coverage.present, report.total.coverage.expected) == (4, 5)
    assert [(item.name, item.state) for item in report.missing] == [("The clinic", "reported")]
    assert {item.code for item in report.reporters} == {code(books, name) for name in TCE}


def test_intensities_leave_out_who_has_no_area(books: Books) -> None:
    figures = gathered(books).report.total.figures
    expected = (sum(TCE.values()) - TCE["library"]) * 1000 / Decimal(32000)
    assert figures["kgce_per_m2"].value == expected
    assert figures["m3_per_person"].value == Decimal(40500) / Decimal(1950)
    assert figures["cost_cny"].value == 60000


def test_last_year_and_base_year_stand_beside(books: Books) -> None:
    figure = gathered(books, base_year=YEAR - 1).report.total.figures["electricity_kwh"]
    assert (figure.value, figure.last, figure.base) == (1360000, 1280000, 1280000)
    assert figure.on_last.percent == Decimal("6.25")


def test_a_report_is_for_those_who_see_the_whole_region(books: Books) -> None:
    for who in ("district", "city", "verifier"):
        assert gathered(books, who).report.reporters
    for who in ("education", "statistician", "public", "neighbour", "outsider", "anonymous"):
        with pytest.raises(Forbidden):
            gathered(books, who)


def test_queries_do_not_grow_with_the_region(books: Books, django_assert_max_num_queries: object) -> None:
    with django_assert_max_num_queries(80):  # type: ignore[operator]
        gathered(books)


def test_how_each_body_filed(books: Books) -> None:
    counted = Counted(books.region, slots.annual(YEAR))
    filed = filings(counted, counted.returns.select_related("institution"))
    found = {item.name: str(item.handed) for item in filed}
    assert set(found) == {"The office", "The school", "The hospital", "The library", "The clinic"}


# words


def test_findings_are_made_from_the_figures(wording: Wording) -> None:
    findings = " ".join(wording.tags["findings"])
    assert "4 of 5 annual returns are approved (80.0%)" in findings
    assert "Energy 233.64 tce" in findings
    assert "Electricity makes up 71.5% of all energy" in findings
    assert "institutions lack floor area" in " ".join(wording.tags["problems"])


def test_numbers_and_chinese_phrases(books: Books) -> None:
    with translation.override("zh-hans"):
        tags = worded(gathered(books), DAY).tags
    assert tags["total"]["energy_tce"] == "233.64"
    assert tags["total"]["electricity_kwh"] == "1,360,000"
    assert "2.3%" in tags["total"]["electricity_kwh_yoy"], "three of five last year, four now: the same three compared"
    assert tags["tables"]["indicators"][0]["yoy"] == "\u2014"
    assert tags["total"]["cost_cny_yoy"] == translation_of("no_comparison")


def translation_of(phrase: str) -> str:
    from nengtan.reference.report import phrases

    return phrases("zh-hans")[phrase]


def test_the_lineage_lists_every_printed_figure(wording: Wording) -> None:
    rows = {row["key"]: row for row in wording.tags["tables"]["lineage"]}
    assert rows["energy_tce"]["value"] == "233.64"
    assert rows["energy_tce"]["how"] == "sum of 4 approved returns"
    assert rows["kgce_per_m2"]["how"] == "Energy ÷ Floor area (3 returns)"
    assert rows["quantity:carrier=natural_gas"]["value"] == "50,000"
    assert rows["energy_tce:kind=024"]["value"] == "176.10"


# Word


def test_the_word_document_holds_figures_and_charts_that_can_be_edited(wording: Wording) -> None:
    content = word.render(shipped.template("en"), wording, "en")
    text = text_of(content)
    assert "233.64" in text
    assert "The hospital" in text
    assert "{{" not in text
    assert "{%" not in text
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        names = package.namelist()
        charts = [name for name in names if name.startswith("word/charts/chart")]
        assert len(charts) == 3, "carriers, types, causes: the district has no regions below, no months"
        assert len([name for name in names if name.startswith("word/embeddings/")]) == 3
        assert b"numCache" in package.read(charts[0])


def test_tables_and_figures_are_numbered_in_order(wording: Wording) -> None:
    text = text_of(word.render(shipped.template("en"), wording, "en"))
    numbers = [int(line.split()[1]) for line in text.splitlines() if line.startswith("Table ") and len(line) > 9]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) > 8


@pytest.mark.requires("office", "fonts")
def test_it_opens_in_libreoffice(books: Books, tmp_path: Path) -> None:
    with translation.override("zh-hans"):
        content = word.render(shipped.template("zh-hans"), worded(gathered(books), DAY))
    (tmp_path / "report.docx").write_bytes(content)
    home = f"-env:UserInstallation=file://{tmp_path}/office"
    turned = ["soffice", home, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path), "report.docx"]
    subprocess.run(turned, cwd=tmp_path, check=True, capture_output=True, timeout=180)
    text = subprocess.run(["pdftotext", "report.pdf", "-"], cwd=tmp_path, capture_output=True, check=True).stdout
    assert "233.64" in text.decode()
    assert "1,360,000" in text.decode()


# an office's own template


def test_the_shipped_templates_pass_their_own_check(books: Books) -> None:
    for language in ("zh-hans", "en"):
        word.check(shipped.template(language))


def test_an_edited_template_is_used(wording: Wording) -> None:
    mine = edited("Main findings", "What {{ region }} found in {{ total.water_m3 }} m³")
    word.check(mine)
    assert "found in 40,500 m³" in text_of(word.render(mine, wording, "en"))


@pytest.mark.parametrize(
    ("tag", "kind", "found"),
    [
        ("{{ nonsense }} {{ total.energie }}", "unknown", "nonsense, energie"),
        ("{{ region", "tag", ""),
        ("{% for x in findings %}", "tag", ""),
        ("{{ region.__class__.__mro__ }}", "unknown", "__class__"),
        ("{{ ''.__class__.__mro__[1].__subclasses__() }}", "unsafe", "__subclasses__()"),
        ("{{ 'a' * 1000000000 }}", "unsafe", "mul"),
        ("{{ 1/0 }}", "unsafe", "div"),
        ("{{ range(10) }}", "unsafe", "range()"),
        ("{{ 'x'|center(2000000000) }}", "unsafe", "|center"),
        ("{{ '%3000000000d'|format(1) }}", "unsafe", "|format"),
        ("{{ 'x'.ljust(2000000000) }}", "unsafe", "ljust()"),
        ("{{ '" + "x" * 300 + "' }}", "unsafe", "xxx"),
        ("{% set s = region %}", "unsafe", "assign"),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "unsafe", "macro"),
        ("{% for a in findings %}{% for b in findings %}{% endfor %}{% endfor %}", "unsafe", "for"),
        ("{% for a in 'abc' %}{% endfor %}", "unsafe", "for"),
        ("{% for a in findings recursive %}{{ loop(a) }}{% endfor %}", "unsafe", "for"),
        ("{% for a in findings %}{% endfor %}" * 300, "unsafe", "for"),
        ("{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}", "tag", ""),
        ("{% if region > 3 %}{% endif %}", "tag", ""),
    ],
)
def test_what_a_template_may_not_say_is_told_by_name(books: Books, tag: str, kind: str, found: str) -> None:
    with pytest.raises(word.TemplateFault) as raised:
        word.check(edited("Main findings", tag))
    assert raised.value.kind == kind
    assert found in raised.value.found


def test_what_an_office_may_say_in_a_tag(wording: Wording) -> None:
    tag = "{{ region|upper }}: {{ findings|length }} of {% for row in tables.by_kind %}{{ row.name|trim }};{% endfor %}"
    mine = edited("Main findings", tag + "{% if has.same and counted != owed %}in part{% else %}whole{% endif %}")
    word.check(mine)
    text = text_of(word.render(mine, wording, "en"))
    assert f"{wording.tags['region'].upper()}: {len(wording.tags['findings'])} of" in text
    assert ";in part" in text


def test_a_report_grows_no_longer_than_any_report(wording: Wording, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tagging, "MOST_WRITTEN", 1000)
    with pytest.raises(word.TemplateFault) as raised:
        word.render(shipped.template("en"), wording, "en")
    assert raised.value.kind == "unsafe"


def repacked(changes: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(shipped.template("en"))) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, changes.pop(name, old.read(name)))
        for name, content in changes.items():
            new.writestr(name, content)
    return out.getvalue()


OUTSIDE = (
    b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
    b'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/attachedTemplate" '
    b'Target="http://example.org/x.dotm" TargetMode="External"/></Relationships>'
)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (lambda: b"no document", "not_word"),
        (lambda: repacked({"word/vbaProject.bin": b"x"}), "macros"),
        (lambda: repacked({"word/_rels/settings.xml.rels": OUTSIDE}), "external"),
        (lambda: repacked({"word/document.xml": b'<!DOCTYPE x [<!ENTITY a "b">]><x/>'}), "not_word"),
        (lambda: b"x" * (word.LARGEST + 1), "too_large"),
    ],
)
def test_what_is_no_plain_word_document_is_refused(books: Books, content: object, kind: str) -> None:
    with pytest.raises(word.TemplateFault) as raised:
        word.check(content())  # type: ignore[operator]
    assert raised.value.kind == kind


# PDF


def test_the_page_of_the_pdf_says_the_same(wording: Wording) -> None:
    page = pdf.page(wording, "en")
    assert "233.64" in page
    assert page.count("<svg") == 3
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")


def test_names_cannot_break_the_page(books: Books) -> None:
    school = books.cast.institutions["school"]
    school.name = "<b>A & B</b> {{ region }}"
    school.save()
    with translation.override("en"):
        told = worded(gathered(books), DAY)
        assert "&lt;b&gt;A &amp; B&lt;/b&gt; {{ region }}" in pdf.page(told, "en")
        assert "<b>A & B</b> {{ region }}" in text_of(word.render(shipped.template("en"), told, "en"))


@pytest.mark.requires("pango", "fonts")
def test_a_pdf_is_laid_out(wording: Wording) -> None:
    assert pdf.render(wording, "en").startswith(b"%PDF")


def test_without_pango_it_is_said(wording: Wording, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pango, "missing", lambda: "no pango here")
    with pytest.raises(pango.NoPdf, match="no pango here"):
        pdf.render(wording, "en")

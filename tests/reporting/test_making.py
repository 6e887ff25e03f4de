"""Making the annual report through each door, with the shipped template or an office's own."""

from __future__ import annotations

import io
import subprocess
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils import translation
from docx import Document

from nengtan.identity.access import Forbidden, system_actor
from nengtan.ledger.services import FactInput, close_year, enter_fact
from nengtan.reporting.commands import returns
from nengtan.reporting.models import AnnualReport, ReportTemplate, Return
from nengtan.reporting.report import books as packed
from nengtan.reporting.report import office, opening, pango
from nengtan.reporting.services import reports
from nengtan.reporting.services.reports import drop_template, keep_template, make_report, template_of
from nengtan.ui.jobs import Job
from nengtan.ui.jobs.running import run_job
from tests.budget import MOST_QUERIES
from tests.reporting.books import TCE, YEAR, Books
from tests.reporting.test_report import edited, text_of


@pytest.fixture(autouse=True)
def _english() -> Any:
    with translation.override("en"):
        yield


def reader(books: Books) -> Client:
    """The manager's browser, in English."""
    client = books.cast.client("district")
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    return client


def made(books: Books, who: str = "district") -> AnnualReport:
    return make_report(books.cast.actor(who), books.region, YEAR, "docx")


def test_a_report_is_kept_as_made_with_the_returns_behind_it(books: Books) -> None:
    report = made(books)
    assert (report.counted, report.owed, str(report.by)) == (4, 5, str(books.cast.user("district")))
    Return.objects.filter(pk=books.returns["office", YEAR].pk).update(state="returned")
    parts = packed.parts_of(bytes(report.books), "energy_tce")
    assert {item.name: value for item, value in parts} == {
        "The office": TCE["office"], "The school": TCE["school"], "The hospital": TCE["hospital"],
        "The library": TCE["library"],
    }  # fmt: skip
    (gas,) = [v for item, v in packed.parts_of(bytes(report.books), "cost_cny:carrier=electricity") if v is not None]
    assert gas == Decimal(60000)
    with pytest.raises(KeyError):
        packed.parts_of(bytes(report.books), "energy_tce:colour=red")


def test_the_database_refuses_to_change_a_made_report(books: Books) -> None:
    report = made(books)
    with pytest.raises(DatabaseError), transaction.atomic():
        AnnualReport.objects.filter(pk=report.pk).update(title="other")


def test_who_does_not_see_the_whole_region_makes_none(books: Books) -> None:
    for who in ("education", "statistician", "public", "neighbour", "outsider"):
        with pytest.raises(Forbidden):
            made(books, who)


def test_an_office_uses_its_own_template_and_goes_back(books: Books) -> None:
    city, district = books.cast.actor("city"), books.cast.actor("district")
    keep_template(city, books.cast.regions["420100"], "city.docx", edited("Main findings", "City findings"))
    assert "City findings" in text_of(bytes(made(books).content))
    own = keep_template(district, books.region, "own.docx", edited("Main findings", "Own findings {{ counted }}"))
    assert "Own findings 4" in text_of(bytes(made(books).content))
    assert made(books).template == own
    assert drop_template(district, books.region)
    assert not drop_template(district, books.region)
    found = template_of(books.region)
    assert found is not None
    assert found.name == "city.docx"
    with pytest.raises(Forbidden):
        keep_template(books.cast.actor("verifier"), books.region, "x.docx", b"")


def test_unknown_tags_are_told_by_name_and_nothing_is_kept(books: Books) -> None:
    with pytest.raises(ValidationError) as raised:
        keep_template(books.cast.actor("district"), books.region, "x.docx", edited("Main findings", "{{ energie }}"))
    assert "energie" in str(raised.value)
    assert not ReportTemplate.objects.exists()


def test_without_pango_and_libreoffice_word_is_offered(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pango, "missing", lambda: "no libpango")
    monkeypatch.setattr(office, "program", lambda: "")
    with pytest.raises(ValidationError) as raised:
        make_report(books.cast.actor("district"), books.region, YEAR, "pdf")
    assert "choose Word" in str(raised.value)
    page = reader(books).get(f"/returns/report/?region=420106&year={YEAR}")
    assert "no libpango" in page.content.decode()


@pytest.mark.requires("office", "fonts")
def test_the_pdf_of_an_office_is_made_from_its_own_template(books: Books, tmp_path: Path) -> None:
    keep_template(books.cast.actor("district"), books.region, "own.docx", edited("Main findings", "Own findings"))
    report = make_report(books.cast.actor("district"), books.region, YEAR, "pdf")
    assert report.template == template_of(books.region)
    (tmp_path / "report.pdf").write_bytes(bytes(report.content))
    text = subprocess.run(["pdftotext", "report.pdf", "-"], cwd=tmp_path, capture_output=True, check=True).stdout
    assert "Own findings" in text.decode()
    assert "233.64" in text.decode()
    assert "PDF is made from this template as well" in page_of(books)


@pytest.mark.requires("pango", "fonts")
def test_without_libreoffice_the_pdf_has_the_shipped_layout_and_the_page_says_so(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(office, "program", lambda: "")
    keep_template(books.cast.actor("district"), books.region, "own.docx", edited("Main findings", "Own findings"))
    report = make_report(books.cast.actor("district"), books.region, YEAR, "pdf")
    assert report.template is None
    assert bytes(report.content).startswith(b"%PDF")
    assert "LibreOffice, which turns Word into PDF, is not installed" in page_of(books)


def test_what_libreoffice_does_not_make_is_told_and_nothing_is_kept(
    books: Books, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "soffice"
    broken.write_text("#!/bin/sh\necho no display >&2\n")
    broken.chmod(0o755)
    monkeypatch.setattr(office, "program", lambda: str(broken))
    keep_template(books.cast.actor("district"), books.region, "own.docx", edited("Main findings", "Own findings"))
    with pytest.raises(ValidationError, match="no display"):
        make_report(books.cast.actor("district"), books.region, YEAR, "pdf")
    assert not AnnualReport.objects.exists()


def page_of(books: Books) -> str:
    return str(reader(books).get(f"/returns/report/?region=420106&year={YEAR}").content.decode())


# the state of the review


def test_beside_the_report_stands_how_far_the_review_is(books: Books, django_assert_max_num_queries: Any) -> None:
    address = f"/returns/report/state/?region=420106&year={YEAR}"
    assert address.replace("&", "&amp;") in page_of(books)
    client = reader(books)
    client.get(address)
    with django_assert_max_num_queries(MOST_QUERIES):
        text = client.get(address).content.decode()
    assert "Waiting for review" in text
    assert "80.0 % of those owed" in text
    assert "carry errors" in text
    assert f"/returns/workbench/?region=420106&amp;period={YEAR}-00" in text
    for who in ("neighbour", "education", "public", "statistician"):
        assert books.cast.client(who).get(address).status_code in (403, 404), who


def test_the_page_of_the_report_asks_the_database_few_times(books: Books, django_assert_max_num_queries: Any) -> None:
    page_of(books)
    with django_assert_max_num_queries(MOST_QUERIES):
        page_of(books)


def test_it_asks_no_more_of_years_that_are_closed(books: Books, django_assert_max_num_queries: Any) -> None:
    for year in (YEAR - 1, YEAR):
        for body in books.cast.institutions.values():
            enter_fact(system_actor(), FactInput(body, "electricity", year * 100 + 1, Decimal(1000), "kWh"))
        for region in ("420106", "420111"):
            close_year(system_actor(), books.cast.regions[region], year)
    page_of(books)
    with django_assert_max_num_queries(MOST_QUERIES):
        page_of(books)


# doors


def test_the_page_makes_it_lists_it_and_opens_its_figures(books: Books) -> None:
    client = reader(books)
    address = f"/returns/report/?region=420106&year={YEAR}"
    page = client.get(address).content.decode()
    assert "4 of 5 annual returns are approved" in page
    assert client.post(address, {"format": "docx", "base_year": YEAR - 1}).status_code == 302
    assert Job.objects.get().state == Job.State.DONE, Job.objects.get().error
    report = AnnualReport.objects.get()
    assert report.base_year == YEAR - 1
    assert report.title in client.get(address).content.decode()
    assert "233.64" in text_of(b"".join(client.get(f"/returns/report/{report.pk}/")))
    figures = client.get(f"/returns/report/{report.pk}/figure/?key=energy_tce:kind=024").content.decode()
    assert "The hospital" in figures
    assert "The school" not in figures
    assert client.get(f"/returns/report/{report.pk}/figure/?key=nonsense").status_code == 404
    for who in ("neighbour", "education", "public", "statistician"):
        assert books.cast.client(who).get(f"/returns/report/{report.pk}/").status_code in (403, 404), who
        assert books.cast.client(who).get(address).status_code in (403, 404), who


def test_a_large_region_s_figures_are_added_up_in_the_background_and_kept(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page answers before they are there; what is decided meanwhile does not start it again at once."""
    monkeypatch.setattr(opening, "AT_ONCE", 4)
    address = f"/returns/report/?region=420106&year={YEAR}"

    def page() -> str:
        with monkeypatch.context() as patch:
            patch.setattr("nengtan.ui.jobs.queue.inline", lambda: False)
            return reader(books).get(address).content.decode()

    first, again = page(), page()
    assert "added up in the background" in first
    assert "233.64" not in first
    job = Job.objects.get(kind="report.open")
    assert f"/jobs/{job.pk}/" in again, "whoever comes back waits for the same"
    run_job(job.pk)
    assert "Energy 233.64 tce" in page()
    Return.objects.filter(pk=books.returns["office", YEAR].pk).update(state="returned", version=9)
    assert "what was decided since comes in within ten minutes" in page()
    monkeypatch.setattr(opening, "FRESH", timedelta(0))
    assert "added up in the background" in page()
    run_job(Job.objects.filter(kind="report.open").latest("pk").pk)
    assert "3 of 5 annual returns are approved" in page()


def test_a_template_is_sent_through_the_page(books: Books) -> None:
    client, address = reader(books), f"/returns/report/?region=420106&year={YEAR}"

    def send(content: bytes) -> Any:
        file = SimpleUploadedFile("own.docx", content)
        return client.post(address, {"act": "template", "file": file})

    assert "energie" in send(edited("Main findings", "{{ energie }}")).content.decode()
    assert "no Word document" in send(b"nothing").content.decode()
    assert send(edited("Main findings", "Ours")).status_code == 302
    saved = b"".join(client.get("/returns/report/template/?region=420106"))
    assert "Ours" in text_of(saved)
    assert "Ours" not in text_of(b"".join(client.get("/returns/report/template/")))
    client.post(address, {"act": "shipped"})
    assert template_of(books.region) is None


def test_programs_read_the_figures_and_have_it_made(books: Books) -> None:
    client, key = books.cast.client("anonymous"), books.cast.bearer("district")
    told = client.get(f"/api/returns/report?region=420106&year={YEAR}", headers=key).json()
    assert told["total"]["figures"]["energy_tce"]["value"] == 233.644
    assert told["total"]["figures"]["kgce_per_m2"]["bodies"] == 3
    assert {line["head"] for line in told["by_type"]} == {"01", "021", "023", "024"}
    job = client.post("/api/returns/report", {"region": "420106", "year": YEAR}, "application/json", headers=key)
    assert job.status_code == 202
    (item,) = client.get("/api/returns/reports", headers=key).json()["items"]
    file = client.get(f"/api/returns/reports/{item['id']}/file", headers=key)
    assert "233.64" in text_of(file.content)
    away = books.cast.bearer("neighbour")
    assert client.get(f"/api/returns/report?region=420106&year={YEAR}", headers=away).status_code == 404
    assert client.get(f"/api/returns/reports/{item['id']}/file", headers=away).status_code == 404


def test_the_console_writes_the_file(books: Books, tmp_path: Path) -> None:
    out = tmp_path / "report.docx"
    ran = CliRunner().invoke(returns, ["report", "--region", "420106", "--year", str(YEAR), str(out)])
    assert ran.exit_code == 0, ran.output
    assert "4 of 5 returns" in ran.output
    assert Document(io.BytesIO(out.read_bytes())).paragraphs
    bad = CliRunner().invoke(returns, ["report", "--region", "420106", "--year", str(YEAR), str(tmp_path / "x.txt")])
    assert bad.exit_code == 2
    assert AnnualReport.objects.count() == 1


# nobody waits while a document is laid out


def test_the_job_holds_no_lock_while_the_document_is_written(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    """One level of transaction is the test's own; SQLite locks for writing where a transaction begins."""
    depths: list[tuple[str, int]] = []
    written, kept = reports.written_report, reports.keep_report

    def depth() -> int:
        return len(connection.savepoint_ids) + connection.in_atomic_block

    def writing(*args: Any, **more: Any) -> Any:
        depths.append(("written", depth()))
        return written(*args, **more)

    def keeping(*args: Any) -> Any:
        depths.append(("kept", depth()))
        return kept(*args)

    monkeypatch.setattr(reports, "written_report", writing)
    monkeypatch.setattr(reports, "keep_report", keeping)
    manager = books.cast.user("district")
    params = {"region": "420106", "year": YEAR, "format": "docx"}
    job = Job.objects.create(kind="report.make", title="t", owner=manager, via="page", language="en", params=params).pk
    outside = depth()
    run_job(job)
    assert depths == [("written", outside), ("kept", outside + 1)]
    assert AnnualReport.objects.get().counted == 4
    assert Job.objects.get(pk=job).state == Job.State.DONE

"""The pages of the ledger: what they show, to whom, in how many queries; the way of a file from upload to undo."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from nengtan import reference
from nengtan.identity.access import system_actor
from nengtan.ledger.commands import tree
from nengtan.ledger.commands.facts import facts_group
from nengtan.ledger.models import ActivityFact, FactorVersion, ImportBatch, YearClosing
from nengtan.ledger.pages import explain
from nengtan.ledger.services import FactInput, enter_fact, intake, keep_evidence
from nengtan.ledger.services.posting import UNVERIFIED
from tests.budget import MOST_QUERIES
from tests.cast import Cast
from tests.ledger.files import bills


@pytest.fixture
def world(cast: Cast) -> Cast:
    """A year of bills of two institutions, one with a scan."""
    scan = keep_evidence(system_actor(), "bill.pdf", b"%PDF-1.4 scan")
    for name in ("school", "hospital"):
        for month in range(1, 13):
            for carrier, unit in (("electricity", "kWh"), ("water", "m3")):
                data = FactInput(
                    cast.institutions[name], carrier, 202300 + month, Decimal(1000 + month), unit, Decimal(700),
                    bill_no=f"{name}-{month}", evidence=scan if name == "school" else None,
                )  # fmt: skip
                enter_fact(system_actor(), data)
    return cast


def fact_of(name: str) -> ActivityFact:
    return ActivityFact.objects.filter(bill_no=f"{name}-1", carrier="electricity").get()


PAGES = (
    "/ledger/",
    "/ledger/?carrier=electricity&year=2023&month=1&origin=bill&standing=1&region=420106&sort=-quantity&q=school",
    "/ledger/add/",
    "/ledger/facts/{pk}/",
    "/ledger/facts/{pk}/correct/",
    "/ledger/facts/{pk}/withdraw/",
    "/ledger/import/",
    "/ledger/imports/",
    "/ledger/factors/",
    "/ledger/factors/ELEC_AVG_420000_2023/",
    "/ledger/closings/",
    "/ledger/accounts/?region=420106&year=2023&by=institution",
    "/ledger/accounts/?region=420106&year=2023&by=month",
    "/ledger/accounts/?region=420106&year=2023&by=institution&month=3",
    "/ledger/accounts/?region=420106&year=2023&by=institution&base=2022",
    "/ledger/accounts/?institution=420106-S1&year=2023&by=carrier",
    "/ledger/explain/?region=420106&year=2023&measure=co2_t",
    "/ledger/explain/?institution=420106-S1&year=2023&measure=kgce_per_m2&month=2",
)


@pytest.mark.parametrize("address", PAGES)
def test_a_page_opens_in_few_queries(world: Cast, address: str, django_assert_max_num_queries: Any) -> None:
    client = world.client("district")
    url = address.format(pk=fact_of("school").pk)
    assert client.get(url).status_code == 200
    with django_assert_max_num_queries(MOST_QUERIES):
        answer = client.get(url)
    assert answer.status_code == 200


@pytest.mark.parametrize("who", ["district", "statistician", "education", "verifier", "service", "unit_head"])
def test_the_list_holds_what_one_may_see(world: Cast, who: str) -> None:
    text = world.client(who).get("/ledger/?export=csv").getvalue().decode()
    assert "school-1" in text
    assert ("hospital-1" in text) == (who in {"district", "verifier", "service"})


@pytest.mark.parametrize("who", ["neighbour", "other"])
def test_a_fact_of_others_does_not_exist(world: Cast, who: str) -> None:
    fact = fact_of("school")
    for name in ("fact", "fact_correct", "fact_withdraw"):
        assert world.client(who).get(reverse(name, args=[fact.pk])).status_code == 404
    assert world.client(who).get(reverse("evidence", args=[fact.evidence.sha256])).status_code == 404  # type: ignore[union-attr]
    assert world.client("district").get(reverse("fact", args=[fact.pk])).status_code == 200


def test_evidence_is_a_download_and_never_runs(world: Cast) -> None:
    page = keep_evidence(system_actor(), "bill.html", b"<script>alert(1)</script>")
    data = FactInput(world.institutions["school"], "heat", 202301, Decimal(1), "GJ", evidence=page)
    enter_fact(system_actor(), data)
    answer = world.client("statistician").get(reverse("evidence", args=[page.sha256]))
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.getvalue() == b"<script>alert(1)</script>"


def posted(**changes: Any) -> dict[str, Any]:
    values = {
        "institution": "420106-S1", "period": "2023-05", "carrier": "natural_gas", "quantity": "1,234.5", "unit": "m3",
        "cost": "", "origin": "bill", "building": "", "meter": "", "item": "", "bill_no": "G1", "note": "",
    }  # fmt: skip
    return {**values, **changes}


def test_a_figure_is_entered_corrected_and_withdrawn_on_pages(world: Cast) -> None:
    client = world.client("statistician")
    scan = SimpleUploadedFile("gas.pdf", b"%PDF-1.4 gas")
    answer = client.post("/ledger/add/", posted(evidence=scan), follow=True)
    fact = ActivityFact.objects.get(bill_no="G1")
    assert (fact.quantity, fact.evidence.name) == (Decimal("1234.5"), "gas.pdf")  # type: ignore[union-attr]
    assert b"gas.pdf" in answer.content
    client.post(reverse("fact_correct", args=[fact.pk]), posted(quantity="1200", reason="misread"))
    fixed = ActivityFact.objects.get(supersedes=fact)
    assert (fixed.quantity, fixed.evidence) == (1200, fact.evidence)
    client.post(reverse("fact_withdraw", args=[fixed.pk]), {"reason": "not ours"})
    assert not ActivityFact.objects.counting().filter(carrier="natural_gas").exists()


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("institution", {"institution": "420111-S1"}),
        ("period", {"period": "May"}),
        ("period", {"period": "2099-01"}),
        ("quantity", {"quantity": "many"}),
        ("quantity", {"quantity": "-1"}),
        ("quantity", {"quantity": ""}),
        ("unit", {"unit": "kWh"}),
        ("building", {"building": "X9"}),
        ("evidence", {"evidence": SimpleUploadedFile("run.exe", b"MZ")}),
    ],
)
def test_a_fault_shows_beside_its_field(world: Cast, field: str, changes: dict[str, Any]) -> None:
    answer = world.client("statistician").post("/ledger/add/", posted(**changes))
    assert field in answer.context["form"].errors
    assert not ActivityFact.objects.filter(bill_no="G1").exists()


def test_faults_of_unit_and_quantity_are_told_together_in_words(world: Cast) -> None:
    answer = world.client("statistician").post(
        "/ledger/add/", posted(carrier="gasoline", unit="kWh", quantity="-5"), headers={"Accept-Language": "zh-hans"}
    )
    errors = answer.context["form"].errors
    assert {"unit", "quantity"} <= set(errors)
    assert "m³" in errors["unit"][0]
    assert "10kL" not in errors["unit"][0]


def test_a_carrier_narrows_the_units_to_its_own_base_unit_first(world: Cast) -> None:
    form = world.client("statistician").get("/ledger/add/?carrier=gasoline").context["form"]
    fitting = json.loads(form["unit"].field.widget.attrs["data-narrowed-to"])
    carriers = reference.carriers()
    assert set(fitting) == set(carriers)
    for code, units in fitting.items():
        assert units[0] == carriers[code].unit
        assert sorted(units[:-1]) == sorted(carriers[code].units)
        assert units[-1] == UNVERIFIED
    assert form["unit"].value() == carriers["gasoline"].unit


def test_a_bill_is_shown_as_entered(world: Cast) -> None:
    client = world.client("statistician")
    shown = client.post("/ledger/add/", posted(quantity="1,234.5"), follow=True).content.decode()
    fact = ActivityFact.objects.get(bill_no="G1")
    assert "<b>1,234.5</b>" in shown
    assert "1,234.5" in client.get("/ledger/?carrier=natural_gas").content.decode()
    assert "1,234.5" in client.get(reverse("fact_withdraw", args=[fact.pk])).content.decode()
    changed = posted(quantity="1243.5", reason="misread")
    chain = client.post(reverse("fact_correct", args=[fact.pk]), changed, follow=True).content.decode()
    assert "1,234.5" in chain
    assert "1,243.5" in chain


def row(code: str, month: str, quantity: object) -> tuple[Any, ...]:
    return (code, None, month, "电力", quantity, "kWh", None, "账单", "X")


def send(client: Any, content: bytes, name: str = "bills.xlsx") -> Any:
    file = SimpleUploadedFile(name, content)
    return client.post("/ledger/import/", {"file": file, "origin": "bill"}, follow=True)


def test_a_file_goes_from_upload_over_preview_into_the_ledger_and_out_again(world: Cast) -> None:
    client = world.client("district")
    shown = send(client, bills(row("420106-O1", "2023-01", 10), row("420106-O1", "2023-02", -1)))
    text = shown.content.decode()
    assert "E3" in text
    assert ImportBatch.objects.count() == 0
    key = shown.redirect_chain[-1][0].rstrip("/").split("/")[-1]
    take = reverse("activity_take", args=[key])
    refused = client.post(take, {"take": "all"}, follow=True)
    assert refused.redirect_chain[-1][0] == reverse("activity_preview", args=[key])
    assert ImportBatch.objects.count() == 0
    marked = client.get(reverse("activity_marked", args=[key]))
    assert marked.headers["Content-Disposition"].startswith("attachment")
    done = client.post(take, {"take": "good"}, follow=True)
    batch = ImportBatch.objects.get()
    assert done.redirect_chain[-1][0] == reverse("import_batch", args=[batch.pk])
    assert (batch.accepted, batch.rejected, batch.entered_by) == (1, 1, world.user("district"))
    assert client.get(reverse("activity_preview", args=[key])).status_code == 404
    client.post(reverse("import_batch", args=[batch.pk]), {"reason": "wrong file"})
    batch.refresh_from_db()
    assert batch.withdrawn_at
    assert not ActivityFact.objects.counting().filter(batch=batch).exists()


def test_corrections_are_offered_and_taken_when_ticked(world: Cast) -> None:
    client = world.client("district")
    send(client, bills(row("420106-O1", "2023-01", 10)))
    for quantity, ticked in ((10, {}), (12, {"correct": "1"})):
        shown = send(client, bills(row("420106-O1", "2023-01", quantity)))
        key = shown.redirect_chain[-1][0].rstrip("/").split("/")[-1]
        client.post(reverse("activity_take", args=[key]), {"take": "all", **ticked})
    assert list(ActivityFact.objects.counting().filter(bill_no="X").values_list("quantity", flat=True)) == [12]


def test_a_draft_is_the_senders_own(world: Cast) -> None:
    shown = send(world.client("district"), bills(row("420106-O1", "2023-01", 10)))
    url = shown.redirect_chain[-1][0]
    assert world.client("city").get(url).status_code == 404
    assert world.client("city").post(url + "take/", {"take": "all"}).status_code == 404
    assert world.client("district").get(url).status_code == 200
    for key in ("..", "%2e%2e", "x" * 24):
        assert world.client("district").get(f"/ledger/import/{key}/").status_code in {302, 404}


def test_a_file_that_is_not_taken_says_why(world: Cast) -> None:
    answer = send(world.client("district"), b"PK\x03\x04broken")
    assert answer.status_code == 200
    assert answer.context["refusal"]


def test_a_large_file_is_taken_in_by_the_worker(world: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    from nengtan.ledger.pages import imports
    from nengtan.ui import jobs

    asked: dict[str, Any] = {}

    class Job:
        pk = 7

    monkeypatch.setattr(jobs, "start", lambda kind, actor, title, **params: asked.update(kind=kind, **params) or Job)
    client = world.client("district")
    shown = send(client, bills(row("420106-O1", "2023-01", 10)))
    key = shown.redirect_chain[-1][0].rstrip("/").split("/")[-1]
    monkeypatch.setattr(imports, "LARGE", 10)
    answer = client.post(reverse("activity_take", args=[key]), {"take": "all"})
    assert answer.status_code == 302
    assert (asked["kind"], asked["draft"], asked["partial"]) == ("import.activity", key, False)

    class Running:
        def progress(self, done: int, total: int, note: str = "") -> None:
            asked["progress"] = (done, total)

    from nengtan.ledger import tasks

    result = tasks.import_activity(
        Running(), world.actor("district"), draft=key, origin="bill", partial=False, on_existing="refuse"
    )  # type: ignore[arg-type]
    assert (result["accepted"], asked["progress"]) == (1, (1, 1))


def test_a_year_is_closed_checked_and_reopened_on_pages(world: Cast) -> None:
    client = world.client("district")
    client.post("/ledger/closings/", {"region": "420106", "year": 2023})
    closing = YearClosing.objects.get()
    assert b"is-good" in client.get(f"/ledger/closings/?check={closing.pk}").content
    refused = world.client("statistician").post("/ledger/add/", posted())
    assert refused.context["form"].non_field_errors()
    client.post(reverse("closing_reopen", args=[closing.pk]), {"reason": "late bills"})
    closing.refresh_from_db()
    assert closing.reopened_at
    assert world.client("neighbour").get(reverse("closing_reopen", args=[closing.pk])).status_code == 404


def test_a_factor_is_added_and_retired_by_the_administrator(world: Cast) -> None:
    values = {
        "kind": "co2", "carrier": "electricity", "place": "420106", "year": "2022", "value": "0.5", "unit": "kWh",
        "source": "District notice 1", "basis": "",
    }  # fmt: skip
    assert world.client("district").post("/ledger/factors/add/", values).status_code == 403
    client = world.client("admin")
    assert client.post("/ledger/factors/add/", {**values, "place": "nowhere"}).context["form"].errors["place"]
    answer = client.post("/ledger/factors/add/", values, follow=True)
    factor = FactorVersion.objects.get(shipped=False)
    assert "2023" in answer.content.decode()
    client.post(reverse("factor", args=[factor.code]), {"reason": "withdrawn"})
    factor.refresh_from_db()
    assert factor.superseded_on


def test_general_knowledge_is_marked_wherever_it_is_shown(world: Cast) -> None:
    factor = FactorVersion.objects.filter(confidence="general-knowledge").first()
    assert factor is not None
    page = world.client("public").get(reverse("factor", args=[factor.code])).content.decode()
    listed = world.client("public").get("/ledger/factors/?confidence=general-knowledge").content.decode()
    assert "is-warn" in page
    assert listed.count("is-warn") >= 10


def test_the_lineage_shows_formula_factor_source_facts_and_evidence(world: Cast) -> None:
    answer = world.client("verifier").get(
        "/ledger/explain/?institution=420106-S1&year=2023&measure=co2_t", headers={"HX-Request": "true"}
    )
    text = answer.content.decode()
    assert "<html" not in text
    for part in ("12,078 kWh × 0.4044", "0.4044 kgCO₂/kWh", "1,001 kWh", "bill.pdf", "4.88"):
        assert part in text, part


def test_the_lineage_dates_an_entry_by_the_day_of_this_place(world: Cast) -> None:
    """17:30 of 1 March in Greenwich is 01:30 of 2 March here, as the page of the figure says."""
    fact = fact_of("school")
    fact.entered_at = datetime(2026, 3, 1, 17, 30, tzinfo=UTC)
    fact.supersedes = fact_of("hospital")
    names = {fact.pk: "Li"}
    assert explain._fact(fact, names).note.endswith("Li 2026-03-02")
    assert explain._correction(fact, names).note.endswith("Li 2026-03-02")
    assert tree._fact(fact, names).endswith("Li 2026-03-02")


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?region=420106",
        "?region=nowhere&year=2023",
        "?region=420106&year=2023&measure=x",
        "?institution=x&year=2023",
    ],
)
def test_a_lineage_that_does_not_exist_says_so(world: Cast, query: str) -> None:
    assert world.client("district").get(f"/ledger/explain/{query}").status_code == 404


def test_accounts_are_held_against_a_year_of_ones_choice_on_the_page_and_in_its_file(world: Cast) -> None:
    bill = FactInput(world.institutions["school"], "electricity", 202103, Decimal(500), "kWh")
    enter_fact(system_actor(), bill)
    client = world.client("district")
    client.cookies["django_language"] = "en"
    address = "/ledger/accounts/?region=420106&year=2023&by=carrier"
    plain = client.get(address).content.decode().partition("</main>")[0]
    assert "base=2021" in plain
    assert "on 2021" in plain  # what may be chosen
    assert 'class="change' not in plain
    compared = client.get(f"{address}&base=2021")
    text = compared.content.decode().partition("</main>")[0]
    change = (Decimal(2 * sum(range(1001, 1013))) - 500) / 500
    assert text.count('class="change') > 10
    assert "part of a change may be this" in text
    assert client.get(f"{address}&base=2022").context["base"] == ""  # a year without figures is none to compare with
    file: Any = client.get(f"{address}&base=2021&export=csv")
    lines = list(csv.reader(io.StringIO(b"".join(file.streaming_content).decode("utf-8-sig"))))
    at = [heading.split(" (")[0] for heading in lines[0]].index("Electricity 2021")
    row = next(line for line in lines[1:] if Decimal(line[at] or 0) == 500)
    assert Decimal(row[at - 1]) == 2 * sum(range(1001, 1013))
    assert Decimal(row[at + 1]) == round(change * 100, 1)


def test_accounts_by_institution_are_searched_by_name(world: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nengtan.ui.tables.table.FEW", 1)
    client, school = world.client("district"), world.institutions["school"].name
    address = f"/ledger/accounts/?region=420106&year=2023&by=institution&q={school}"
    page = client.get(address)
    assert [row.label for row in page.context["table"].rows] == [school]
    assert page.context["table"].kept == [("region", "420106"), ("year", "2023"), ("by", "institution")]
    file: Any = client.get(f"{address}&export=csv")
    lines = list(csv.reader(io.StringIO(b"".join(file.streaming_content).decode("utf-8-sig"))))
    assert [line[0] for line in lines[1:]] == [school]


def test_closed_years_are_searched(world: Cast) -> None:
    client = world.client("district")
    client.post("/ledger/closings/", {"region": "420106", "year": 2023})

    def found(query: str) -> int:
        return client.get(f"/ledger/closings/?{query}").context["table"].count

    assert [found("q=2023"), found("q=420106+2023"), found("q=2022")] == [1, 1, 0]
    assert [found("state=closed"), found("state=reopened")] == [1, 0]
    assert client.get("/ledger/closings/?q=2022").context["nothing_to_close"] is False


def test_the_figures_of_an_import_are_filtered(world: Cast, django_assert_max_num_queries: Any) -> None:
    client = world.client("district")
    shown = send(client, bills(row("420106-O1", "2023-01", 10), row("420106-O1", "2023-02", 20)))
    key = shown.redirect_chain[-1][0].rstrip("/").split("/")[-1]
    client.post(reverse("activity_take", args=[key]), {"take": "all"})
    address = reverse("import_batch", args=[ImportBatch.objects.get().pk])

    def found(query: str) -> int:
        return client.get(f"{address}?{query}").context["table"].count

    assert [found(""), found("institution=420106-O1&carrier=electricity"), found("carrier=water")] == [2, 2, 0]
    assert [found("q=X"), found("q=none"), found("standing=1")] == [2, 0, 2]
    with django_assert_max_num_queries(MOST_QUERIES):
        client.get(f"{address}?institution=420106&sort=-quantity")


def test_the_public_sees_totals_and_no_single_institution(world: Cast) -> None:
    client = world.client("public")
    text = client.get("/ledger/accounts/?region=420106&year=2023&by=institution").content.decode()
    assert "The school" not in text
    assert client.get("/ledger/").status_code == 403
    assert client.get("/ledger/accounts/?region=420106&year=2023&by=type").status_code == 200


def test_what_a_command_did_names_who_sat_at_the_console(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "zhang")
    school = cast.institutions["school"]
    fact = enter_fact(system_actor(), FactInput(school, "electricity", 202301, Decimal(5), "kWh", bill_no="school-1"))
    client = cast.client("verifier")
    client.cookies["django_language"] = "en"
    for address in (
        reverse("fact", args=[fact.pk]),
        "/ledger/explain/?institution=420106-S1&year=2023&measure=electricity_kwh",
        "/ledger/",
    ):
        assert "command line (system user zhang)" in client.get(address).content.decode(), address
    file: Any = cast.client("district").get("/ledger/?export=csv")
    assert "zhang" in b"".join(file.streaming_content).decode()
    told = client.get("/api/facts", headers=cast.bearer("district") | {"Accept-Language": "en"}).json()
    assert "zhang" in told["items"][0]["entered_by"]
    listed = CliRunner().invoke(facts_group, ["list", "--format", "json"], standalone_mode=False)
    assert "zhang" in json.loads(listed.output)[0]["entered_by"]


def test_an_import_by_command_names_who_sat_at_the_console(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path, django_assert_max_num_queries: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path / "files"
    monkeypatch.setattr("getpass.getuser", lambda: "zhang")
    rows = [("420106-S1", None, f"2023-{month:02d}", "电力", 1000, "kWh", 750, None, None) for month in range(1, 13)]
    intake.import_file(system_actor(), "a.xlsx", bills(*rows))
    client = cast.client("district")
    client.cookies["django_language"] = "en"
    with django_assert_max_num_queries(MOST_QUERIES):
        text = client.get("/ledger/").content.decode()
    assert text.count("command line (system user zhang)") == 12
    assert "command line (system user zhang)" in client.get("/ledger/imports/").content.decode()


def test_the_remark_on_a_factor_is_in_the_language_of_the_reader(world: Cast) -> None:
    client = world.client("public")
    for language, words in (("zh-hans", "统计汇总默认采用"), ("en", "default for totals of the statistics scheme")):
        client.cookies["django_language"] = language
        text = client.get("/ledger/factors/SCH_ELEC/").content.decode()
        assert words in text
        assert "Back-calculated" not in text


def test_the_source_of_a_factor_is_cited_in_the_language_of_the_reader(world: Cast) -> None:
    client = world.client("public")
    addresses = ("/ledger/factors/ELEC_AVG_420000_2023/", "/ledger/factors/?carrier=electricity&place=420000&year=2023")
    explain = "/ledger/explain/?institution=420106-S1&year=2023&measure=co2_t"
    for who, address in ((client, addresses[0]), (client, addresses[1]), (world.client("verifier"), explain)):
        who.cookies["django_language"] = "zh-hans"
        chinese = who.get(address).content.decode()
        who.cookies["django_language"] = "en"
        english = who.get(address).content.decode()
        assert "《关于发布2023年电力二氧化碳排放因子的公告》" in chinese, address
        assert "transcriptions" not in chinese, address
        assert "Notice on the 2023 CO2 emission factors" in english, address
        assert "《关于发布" not in english, address


def test_accounts_are_cut_to_a_month_with_its_own_completeness(world: Cast) -> None:
    client = world.client("district")
    page = client.get("/ledger/accounts/?region=420106&year=2023&by=institution&month=3", HTTP_ACCEPT_LANGUAGE="en")
    account = page.context["account"]
    told = {row.key: (row.bodies.coverage.present, row.bodies.coverage.expected) for row in account.rows}
    assert told == {"420106-S1": (2, 2), "420106-H1": (2, 2), "420106-O1": (0, 2)}
    assert account.total.figures.water_m3 == Decimal(2 * 1003)
    assert "month=3" in page.content.decode()
    whole = client.get("/ledger/accounts/?region=420106&year=2023&by=institution&month=13")
    assert whole.context["account"].selection.month is None

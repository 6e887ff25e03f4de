"""Publishing a district's year: what is not named, what stands, who reads it, and through which door."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from click.testing import CliRunner
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction
from django.utils import translation
from docx import Document
from openpyxl import load_workbook

from nengtan.identity.access import Forbidden
from nengtan.identity.models import AuditEvent
from nengtan.reporting import clock
from nengtan.reporting.commands import returns
from nengtan.reporting.lateness import HANDED_IN
from nengtan.reporting.models import NamingRule, Publication, Return
from nengtan.reporting.report.notice import notice
from nengtan.reporting.report.published import readable
from nengtan.reporting.services import publishing
from tests.budget import MOST_QUERIES
from tests.reporting.books import TCE, YEAR, Books, code


@pytest.fixture(autouse=True)
def _english() -> Any:
    with translation.override("en"):
        yield


def district(books: Books) -> Any:
    return books.cast.actor("district")


def one_class_each(books: Books, *hidden: str) -> None:
    """Let every class stand by itself, and some bodies unnamed."""
    bodies = [books.cast.institutions[name] for name in hidden]
    publishing.set_rule(district(books), books.region, 1, [], bodies, "agreed")


def named(content: dict[str, Any]) -> set[str]:
    return {row["name"] for group in content["groups"] for row in group["named"]}


def total(content: dict[str, Any]) -> Decimal:
    return sum((Decimal(group["total"]["values"]["energy_tce"]) for group in content["groups"]), Decimal(0))


# what is named


def test_small_classes_are_added_up_by_default_and_totals_hold(books: Books) -> None:
    content = publishing.frozen(publishing.preview(district(books), books.region, YEAR, "kind"))
    assert named(content) == set(), "four types of one body each"
    assert total(content) == sum(TCE.values())


def test_nothing_of_an_unapproved_return_is_published(books: Books) -> None:
    one_class_each(books)
    content = publishing.frozen(publishing.preview(district(books), books.region, YEAR, "kind"))
    assert named(content) == {"The office", "The school", "The hospital", "The library"}
    assert total(content) == sum(TCE.values())
    assert content["total"]["bodies"] == 4


def test_a_body_that_may_not_be_named_is_added_up(books: Books) -> None:
    one_class_each(books, "hospital")
    content = publishing.frozen(publishing.preview(district(books), books.region, YEAR, "kind"))
    assert "The hospital" not in json.dumps(content)
    assert total(content) == sum(TCE.values())
    publishing.set_rule(district(books), books.region, 1, ["02"], [])
    content = publishing.frozen(publishing.preview(district(books), books.region, YEAR, "kind"))
    assert named(content) == {"The office"}, "all public service institutions are hidden"


def test_the_rule_of_the_level_above_holds_until_there_is_an_own_one(books: Books) -> None:
    city = books.cast.regions["420100"]
    publishing.set_rule(books.cast.actor("city"), city, 7, ["01"], [])
    assert publishing.rule_of(books.region).smallest_class == 7
    one_class_each(books)
    assert publishing.rule_of(books.region).smallest_class == 1


def test_what_a_region_above_or_below_does_not_name_stays_unnamed(books: Books) -> None:
    one_class_each(books, "hospital")
    city = books.cast.regions["420100"]
    publishing.set_rule(books.cast.actor("city"), city, 1, [], [books.cast.institutions["office"]])
    for who, region in (("district", books.region), ("city", city)):
        content = publishing.frozen(publishing.preview(books.cast.actor(who), region, YEAR, "kind"))
        assert "The hospital" not in json.dumps(content), "the district does not name it"
        assert "The office" not in json.dumps(content), "the city does not name it"
        assert total(content) == sum(TCE.values())


def test_public_security_is_not_named_unless_a_region_says_so(books: Books) -> None:
    assert publishing.rule_of(books.region).systems == ["public_security"]
    for of in Return.objects.filter(institution__name="The office"):
        Return.objects.filter(pk=of.pk).update(system="public_security")
    city = books.cast.regions["420100"]
    publishing.set_rule(books.cast.actor("city"), city, 1, [], [], systems=["public_security"])
    one_class_each(books)
    content = publishing.frozen(publishing.preview(district(books), books.region, YEAR, "kind"))
    assert named(content) == {"The school", "The hospital", "The library"}
    publishing.set_rule(books.cast.actor("city"), city, 1, [], [])
    content = publishing.frozen(publishing.preview(district(books), books.region, YEAR, "kind"))
    assert "The office" in named(content)


# how they reported


def test_the_notice_says_by_how_many_days(books: Books) -> None:
    one_class_each(books)
    clinic = books.returns["clinic", YEAR]
    in_time = datetime(YEAR + 1, 1, 30, 9, tzinfo=UTC)
    Return.objects.filter(year=YEAR).update(due_on=date(YEAR + 1, 1, 31))
    Return.objects.filter(year=YEAR, state__in=HANDED_IN).update(reported_at=in_time)
    Return.objects.filter(pk=clinic.pk).update(reported_at=datetime(YEAR + 1, 2, 12, 9, tzinfo=UTC))
    with clock.at(date(YEAR + 1, 2, 20)):
        found = publishing.preview(district(books), books.region, YEAR, "kind")
    late, outstanding = found.notices
    assert [(one.name, one.days_late) for one in late.named] == [("The clinic", 12)]
    told = notice("t", books.region, YEAR, "kind", publishing.frozen(found))
    assert ("The clinic", "late", "12") in told.overdue.rows
    assert any("up to 12 days" in line for line in told.lines)
    with clock.at(date(YEAR + 1, 1, 20)):
        early = publishing.preview(district(books), books.region, YEAR, "kind").notices[1]
    assert early.named == ()
    assert early.not_due == len(outstanding.named)


@pytest.mark.parametrize(
    ("smallest", "kinds", "who"), [(0, [], ()), (3, ["99"], ()), (3, [], ("neighbour_school",)), (101, [], ())]
)
def test_a_rule_that_makes_no_sense_is_refused(books: Books, smallest: int, kinds: list[str], who: tuple[str]) -> None:
    bodies = [books.cast.institutions[name] for name in who]
    with pytest.raises(ValidationError):
        publishing.set_rule(district(books), books.region, smallest, kinds, bodies)
    assert not NamingRule.objects.exists()


# what stands


def test_what_is_published_stands_and_counts_its_editions(books: Books) -> None:
    one_class_each(books)
    first = publishing.publish(district(books), books.region, YEAR, "kind")
    office = books.returns["office", YEAR]
    office.values.filter(indicator="elec_qty").update(value=Decimal(1))
    second = publishing.publish(district(books), books.region, YEAR, "kind", "Our notice")
    first.refresh_from_db()
    assert (first.number, second.number, second.title) == (1, 2, "Our notice")
    assert total(first.content) == sum(TCE.values())
    assert total(second.content) < total(first.content)
    assert list(AuditEvent.objects.filter(action="publication.publish").values_list("user__username", flat=True)) == [
        "district", "district",
    ]  # fmt: skip


def test_the_database_refuses_to_change_or_delete_it(books: Books) -> None:
    made = publishing.publish(district(books), books.region, YEAR, "kind")
    for act in (
        lambda: Publication.objects.filter(pk=made.pk).update(title="other"),
        lambda: Publication.objects.filter(pk=made.pk).delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            act()


def test_it_is_withdrawn_once_and_with_a_reason(books: Books) -> None:
    made = publishing.publish(district(books), books.region, YEAR, "kind")
    with pytest.raises(ValidationError):
        publishing.withdraw(district(books), made, "  ")
    publishing.withdraw(district(books), made, "a wrong figure")
    with pytest.raises(ValidationError):
        publishing.withdraw(district(books), made, "again")
    assert made in readable(district(books))
    assert made not in readable(books.cast.actor("public"))


def test_nothing_approved_is_nothing_to_publish(books: Books) -> None:
    with pytest.raises(ValidationError):
        publishing.publish(district(books), books.region, 2020, "kind")
    with pytest.raises(ValidationError):
        publishing.publish(district(books), books.region, YEAR, "colour")
    assert not Publication.objects.exists()


# who


def test_only_managers_of_the_whole_region_publish(books: Books) -> None:
    made = publishing.publish(district(books), books.region, YEAR, "kind")
    for who in ("education", "statistician", "verifier", "public", "neighbour", "outsider", "anonymous"):
        actor = books.cast.actor(who)
        with pytest.raises(Forbidden):
            publishing.publish(actor, books.region, YEAR, "kind")
        with pytest.raises(Forbidden):
            publishing.withdraw(actor, made, "no")
        with pytest.raises(Forbidden):
            publishing.set_rule(actor, books.region, 3, [], [])


def test_readers_are_the_public_of_the_region_and_its_institutions(books: Books) -> None:
    made = publishing.publish(district(books), books.region, YEAR, "kind")
    readers = {who for who in books.cast.names if made in readable(books.cast.actor(who))}
    assert {"public", "district", "city", "province", "nation", "admin", "statistician", "unit_head"} <= readers
    assert not {"neighbour", "other", "outsider"} & readers


# doors


def test_the_public_reads_the_page_and_saves_the_files(books: Books) -> None:
    one_class_each(books)
    made = publishing.publish(district(books), books.region, YEAR, "kind")
    client = books.cast.client("public")
    assert made.title in client.get("/returns/publications/").content.decode()
    found = [client.get(f"/returns/publications/?q={words}").context["table"].count for words in (YEAR, "nowhere")]
    assert found == [1, 0]
    page = client.get(f"/returns/publications/{made.pk}/").content.decode()
    assert "The hospital" in page
    assert page.count("The clinic") == 1, "it is not approved; that it reported late is no figure of it"
    document = Document(io.BytesIO(b"".join(client.get(f"/returns/publications/{made.pk}/docx/"))))
    assert any(cell.text == "The hospital" for table in document.tables for row in table.rows for cell in row.cells)
    book = load_workbook(io.BytesIO(b"".join(client.get(f"/returns/publications/{made.pk}/xlsx/"))))
    values = [cell for page in book for row in page.iter_rows(values_only=True) for cell in row]
    assert 176.1 in values, "a number, not a text"
    assert client.get(f"/returns/publications/{made.pk}/zip/").status_code == 404
    assert books.cast.client("neighbour").get(f"/returns/publications/{made.pk}/").status_code == 404
    assert client.get("/returns/publications/new/").status_code == 403


def test_preparing_one_asks_the_database_few_times(books: Books, django_assert_max_num_queries: Any) -> None:
    client, chosen = books.cast.client("district"), {"region": "420106", "year": YEAR, "by": "kind"}
    of = {"smallest": 1, "kinds": ["023"], "institutions": "The office", "reason": "agreed"}
    client.post("/returns/publications/naming/?region=420106", of)
    client.get("/returns/publications/new/", chosen)
    with django_assert_max_num_queries(MOST_QUERIES):
        assert "The hospital" in client.get("/returns/publications/new/", chosen).content.decode()


def test_a_manager_previews_publishes_and_withdraws(books: Books) -> None:
    client = books.cast.client("district")
    saved = client.post(
        "/returns/publications/naming/?region=420106",
        {"smallest": 1, "kinds": ["023"], "institutions": "The office", "reason": "agreed"},
    )
    assert saved.status_code == 302
    chosen = {"region": "420106", "year": YEAR, "by": "kind"}
    page = client.get("/returns/publications/new/", chosen).content.decode()
    assert "The hospital" in page
    assert "The office" not in page
    assert not Publication.objects.exists()
    client.post("/returns/publications/new/", chosen)
    made = Publication.objects.get()
    client.post(f"/returns/publications/{made.pk}/withdraw/", {"reason": "mistaken"})
    made.refresh_from_db()
    assert (made.reason, str(made.withdrawn_by)) == ("mistaken", str(books.cast.user("district")))
    assert books.cast.client("public").get(f"/returns/publications/{made.pk}/").status_code == 404


def test_an_unknown_institution_is_told(books: Books) -> None:
    sent = {"smallest": 3, "institutions": "The office\nNobody"}
    page = books.cast.client("district").post("/returns/publications/naming/?region=420106", sent)
    assert "Nobody" in page.content.decode()
    assert not NamingRule.objects.exists()


def test_programs_publish_read_and_withdraw(books: Books) -> None:
    client, key = books.cast.client("anonymous"), books.cast.bearer("district")
    asked = {"region": "420106", "year": YEAR, "by": "system"}
    made = client.post("/api/returns/publications", asked, "application/json", headers=key).json()
    assert made["content"]["total"]["bodies"] == 4
    listed = client.get("/api/returns/publications", headers=books.cast.bearer("public")).json()
    assert [item["id"] for item in listed["items"]] == [made["id"]]
    address = f"/api/returns/publications/{made['id']}/withdraw"
    away = client.post(address, {"reason": "x"}, "application/json", headers=books.cast.bearer("public"))
    assert away.status_code == 403
    assert client.post(address, {"reason": "x"}, "application/json", headers=key).json()["reason"] == "x"
    assert client.get("/api/returns/publications", headers=books.cast.bearer("public")).json()["items"] == []


def test_the_console_previews_and_publishes(books: Books) -> None:
    place = ("publish", "--region", "420106", "--year", str(YEAR), "--format", "json")
    shown = json.loads(CliRunner().invoke(returns, [*place, "--preview"]).stdout)
    assert shown["total"]["bodies"] == 4
    assert not Publication.objects.exists()
    told = json.loads(CliRunner().invoke(returns, list(place)).stdout)
    assert told["edition"] == 1
    refused = CliRunner().invoke(returns, ["publish", "--region", "420106", "--year", "2019"])
    assert refused.exit_code == 2
    assert "nothing to publish" in refused.output


# what is not named, at every door


def test_the_operation_sets_what_is_not_named(books: Books) -> None:
    client, region = books.cast.client("anonymous"), {"region": "420106"}
    key, address = books.cast.bearer("district"), "/api/returns/publications/naming"
    usual = client.get(address, region, headers=key).json()
    assert (usual["set_by"], usual["systems"], usual["institutions"]) == ("", ["public_security"], [])
    told = {**region, "smallest_class": 3, "kinds": ["023"], "institutions": ["The office"], "reason": "agreed"}
    made = client.put(address, told, "application/json", headers=key)
    assert made.status_code == 200, made.content
    found = client.get(address, region, headers=key).json()
    assert (found["set_by"], found["smallest_class"], found["kinds"], found["systems"]) == ("420106", 3, ["023"], [])
    assert found["institutions"] == [code(books, "office")]
    wrong = client.put(address, {**told, "institutions": ["Nobody"]}, "application/json", headers=key)
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "institutions")
    for who in ("neighbour", "education", "statistician"):
        answer = client.put(address, told, "application/json", headers=books.cast.bearer(who))
        assert answer.status_code in (403, 404), who


def test_the_command_sets_what_is_not_named(books: Books) -> None:
    def run(*more: str) -> Any:
        result = CliRunner().invoke(returns, ["naming", "--region", "420106", "--format", "json", *more])
        assert result.exit_code == 0, result.output
        return json.loads(result.output)

    assert run()["set_by"] == ""
    run("--smallest", "3", "--type", "023", "--institution", "The office", "--reason", "agreed")
    found = run("--name-all", "types")
    assert (found["smallest_class"], found["kinds"], found["reason"]) == (3, [], "agreed")
    assert found["institutions"] == [code(books, "office")]
    refused = CliRunner().invoke(returns, ["naming", "--region", "420106", "--institution", "Nobody"])
    assert refused.exit_code == 2
    assert "Nobody" in refused.output


def test_the_preview_at_the_console_reads_as_it_will(books: Books) -> None:
    told = ["publish", "--region", "420106", "--year", str(YEAR), "--preview"]
    table = CliRunner().invoke(returns, told).output
    assert "{" not in table
    assert "5 reported late." in table
    assert json.loads(CliRunner().invoke(returns, [*told, "--format", "json"]).output)["total"]["bodies"] == 4
    assert "{" not in CliRunner().invoke(returns, ["naming", "--region", "420106"]).output

"""Joint review and spot check: drawn so that anybody draws the same, assigned, recorded, counted, closed."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from click.testing import CliRunner
from django.core.exceptions import ValidationError

from nengtan.domain.returns.sampling import spot_check
from nengtan.identity.access import Forbidden
from nengtan.reporting.commands import returns
from nengtan.reporting.models import Return, Sampled, SpotCheck
from nengtan.reporting.services.checks import assign, checkers, close_joint, draw, open_joint, rate_of, record_outcome
from tests.cast import Cast
from tests.reporting.books import YEAR, Books
from tests.reporting.english import _in_english

__all__ = ["_in_english"]

TODAY = date(2024, 2, 20)


@pytest.fixture
def check(books: Books) -> SpotCheck:
    """One of each type of the five bodies, of the two hospitals one."""
    return draw(books.cast.actor("district"), books.region, YEAR)


def test_the_draw_is_a_share_of_each_type_and_anybody_repeats_it(books: Books, check: SpotCheck) -> None:
    assert (check.seed, check.drawn_from, check.share) == (f"420106/{YEAR}", 5, 5)
    classes = {of.institution.code: of.institution_kind for of in books.returns.values()}
    again = spot_check(classes, Decimal("0.05"), check.seed)
    drawn = {(item.institution_kind, item.institution.code) for item in check.sampled.all()}
    assert drawn == {(kind, code) for kind, codes in again.items() for code in codes}
    assert sorted(kind for kind, _code in drawn) == ["01", "021", "023", "024"]


def test_it_is_drawn_once(books: Books, check: SpotCheck) -> None:
    with pytest.raises(ValidationError):
        draw(books.cast.actor("district"), books.region, YEAR)
    assert SpotCheck.objects.count() == 1


@pytest.mark.parametrize("share", ["0", "-1", "101"])
def test_a_share_that_is_none_draws_nothing(books: Books, share: str) -> None:
    with pytest.raises(ValidationError):
        draw(books.cast.actor("district"), books.region, YEAR, Decimal(share))
    assert not SpotCheck.objects.exists()


@pytest.mark.parametrize("who", ["neighbour", "education", "verifier", "statistician", "outsider"])
def test_only_managers_of_the_region_draw_assign_and_record(books: Books, check: SpotCheck, who: str) -> None:
    actor, one = books.cast.actor(who), check.sampled.first()
    assert one is not None
    with pytest.raises(Forbidden):
        draw(actor, books.region, YEAR - 1)
    with pytest.raises(Forbidden):
        assign(actor, [one], books.cast.user("district"))
    with pytest.raises(Forbidden):
        record_outcome(actor, one, "agrees", "", TODAY)


def test_who_is_assigned_must_see_the_returns_and_may_then_record(books: Books, check: SpotCheck) -> None:
    sampled = list(check.sampled.select_related("check_of", "institution", "of__region"))
    with pytest.raises(ValidationError):
        assign(books.cast.actor("district"), sampled, books.cast.user("neighbour"))
    assert assign(books.cast.actor("district"), sampled, books.cast.user("verifier")) == 4
    record_outcome(books.cast.actor("verifier"), sampled[0], "agrees", "", TODAY)
    assert Sampled.objects.get(pk=sampled[0].pk).recorded_by == books.cast.user("verifier")


def test_the_rate_is_of_those_checked(books: Books, check: SpotCheck) -> None:
    actor, sampled = books.cast.actor("district"), list(check.sampled.all())
    assert rate_of(check).share_wrong is None
    with pytest.raises(ValidationError):
        record_outcome(actor, sampled[0], "corrected", " ", TODAY)
    record_outcome(actor, sampled[0], "corrected", "one meter was left out", TODAY)
    record_outcome(actor, sampled[1], "agrees", "", TODAY)
    rate = rate_of(check)
    assert (rate.drawn, rate.checked, rate.share_wrong) == (4, 2, Decimal("0.5"))
    record_outcome(actor, sampled[0], "agrees", "", TODAY)
    assert rate_of(check).share_wrong == 0


def test_a_joint_review_closes_when_all_sampled_are_checked_and_keeps_what_it_came_to(
    books: Books, check: SpotCheck
) -> None:
    actor = books.cast.actor("district")
    joint = open_joint(actor, books.region, YEAR, TODAY, TODAY, "the hall")
    with pytest.raises(ValidationError):
        open_joint(actor, books.region, YEAR, TODAY, TODAY)
    with pytest.raises(ValidationError):
        close_joint(actor, joint)
    for number, one in enumerate(check.sampled.all()):
        record_outcome(
            actor, one, "refused" if number == 0 else "agrees", "nobody was there" if number == 0 else "", TODAY
        )
    closed = close_joint(actor, joint)
    assert closed.closed_at is not None
    assert closed.outcome["returns"] == 5
    assert closed.outcome["states"] == {"approved": 4, "reported": 1}
    assert (closed.outcome["drawn"], closed.outcome["wrong"]) == (4, 1)
    with pytest.raises(ValidationError):
        close_joint(actor, closed)


def test_the_page_draws_assigns_and_shows_the_list(books: Books) -> None:
    client = books.cast.client("district")
    address = f"/returns/checks/?region=420106&period={YEAR}-00"
    client.post(address, {"act": "draw", "share": "5", "seed": "read aloud on the day"})
    check = SpotCheck.objects.get()
    keys = [one.pk for one in check.sampled.all()]
    client.post(address, {"act": "assign", "sampled": keys, "user": books.cast.user("district").pk})
    page = client.get(address).content.decode()
    assert "read aloud on the day" in page
    assert "District Person" in page
    offered = [person.username for person in checkers(books.cast.actor("district"), books.region)]
    assert "statistician" not in offered, "who oversees no returns cannot check them"
    assert {"district", "verifier"} <= set(offered)
    client.post(f"/returns/checks/sampled/{keys[0]}/", {"outcome": "agrees", "checked_on": "2024-02-20"})
    assert "1 of 4 sampled institutions are checked" in client.get(address).content.decode()
    assert books.cast.client("neighbour").get(f"/returns/checks/sampled/{keys[0]}/").status_code == 404
    assert books.cast.client("neighbour").get(address).status_code == 404


def run(*arguments: str) -> tuple[int, str]:
    ran = CliRunner().invoke(returns, list(arguments))
    return ran.exit_code, ran.stdout


def test_the_command_draws_once_and_lists(books: Books) -> None:
    asked = ("spotcheck", "--region", "420106", "--year", str(YEAR), "--format", "json")
    assert run(*asked)[0] == 2
    code, out = run(*asked, "--draw", "--seed", "abc")
    assert code == 0
    assert {line["outcome"] for line in json.loads(out)} == {"pending"}
    assert len(json.loads(out)) == 4
    assert run(*asked, "--draw")[0] == 2
    assert json.loads(run(*asked)[1]) == json.loads(out)


def test_the_command_says_who_checks_and_what_was_found(books: Books) -> None:
    asked = ("spotcheck", "--region", "420106", "--year", str(YEAR), "--format", "json")
    drawn = [line["code"] for line in json.loads(run(*asked, "--draw")[1])]
    one, other = ("--institution", drawn[0]), ("--institution", drawn[1])
    found = json.loads(run(*asked, *one, *other, "--assign", "verifier")[1])
    assert {line["code"] for line in found if line["assigned_to"] == "verifier"} == set(drawn[:2])
    corrected = ("--outcome", "corrected", "--findings", "one meter was left out", "--on", "2024-02-20")
    code, out = run(*asked, *one, "--assign", "", *corrected)
    line = next(line for line in json.loads(out) if line["code"] == drawn[0])
    assert (code, line["assigned_to"], line["outcome"]) == (0, "", "corrected")
    assert (line["findings"], line["checked_on"]) == ("one meter was left out", "2024-02-20")
    refused = [
        (*one, "--outcome", "refused"), (*one, "--assign", "nobody-here"), ("--institution", "none", "--assign", ""),
        one, corrected, ("--assign", "verifier"), (*one, "--assign", "verifier", "--findings", "x"),
        (*one, *other, "--assign", "statistician"), (*one, "--outcome", "agrees", "--on", "2199-01-01"),
    ]  # fmt: skip
    assert [run(*asked, *words)[0] for words in refused] == [2] * len(refused)
    assert json.loads(run(*asked)[1]) == json.loads(out), "nothing of it was kept"


def test_the_command_shows_and_sets_how_cycles_run(books: Books) -> None:
    asked = ("cycles", "--region", "420106", "--format", "json")
    usual = json.loads(run(*asked)[1])
    assert (usual["set_by"], usual["opens_months"], usual["remind_days"], usual["spot_share"]) == (None, False, 3, 5)
    run("cycles", "--region", "420100", "--remind-days", "9", "--opens-years")
    above = json.loads(run(*asked)[1])
    assert (above["set_by"], above["opens_years"], above["remind_days"]) == ("420100", False, 9), (
        "it opens its own only"
    )
    code, out = run(*asked, "--opens-months", "--escalate-days", "20", "--spot-share", "7.5")
    told = json.loads(out)
    assert (code, told["set_by"], told["opens_months"], told["opens_years"]) == (0, "420106", True, False)
    assert (told["remind_days"], told["escalate_days"], told["spot_share"]) == (9, 20, 7.5)
    kept = json.loads(run(*asked, "--no-opens-months")[1])
    assert kept == {**told, "opens_months": False}, "the others stay"
    assert json.loads(run(*asked)[1]) == kept
    assert [run(*asked, "--spot-share", share)[0] for share in ("0", "101", "half")] == [2, 2, 2]


def test_the_command_lets_a_return_be_handed_in_later(books: Books) -> None:
    of = Return.objects.exclude(state="approved").select_related("institution").get(year=YEAR, slot=0)
    asked = ("extend", "--institution", of.institution.code, "--period", f"{YEAR}-00", "--format", "json")
    assert json.loads(run(*asked)[1]) == []
    code, out = run(*asked, "--until", "2199-05-06", "--reason", "the meter room was flooded")
    (given,) = json.loads(out)
    assert (code, given["until"], given["reason"]) == (0, "2199-05-06", "the meter room was flooded")
    of.refresh_from_db()
    assert "2199-05-06" in (str(of.due_on), str(of.again_by))
    refused = [("--until", "2199-05-06", "--reason", "again"), ("--until", "2199-06-01"), ("--reason", "x")]
    assert [run(*asked, *words)[0] for words in refused] == [2, 2, 2]
    assert len(json.loads(run(*asked)[1])) == 1


def test_the_command_gives_the_roll_up(books: Books) -> None:
    code, out = run("rollup", "--region", "420106", "--period", "2023-00", "--form", "6", "--format", "json")
    assert code == 0
    total = json.loads(out)["heads"][0]
    assert (total["approved"], total["owed"], Decimal(str(total["values"]["elec_qty"]))) == (4, 5, 1_360_000)


def test_the_daily_work_can_be_done_by_hand(cast: Cast) -> None:
    code, out = run("due", "--format", "json")
    assert (code, json.loads(out)) == (0, {"opened": 0, "reminded": 0})


def test_the_console_sets_due_days_and_holds_the_joint_review(books: Books) -> None:
    """The district's annual returns are due 40 days after the year: 9 February."""

    def run(*arguments: str) -> Any:
        result = CliRunner().invoke(returns, [*arguments, "--region", "420106", "--format", "json"])
        return json.loads(result.stdout) if result.exit_code == 0 else result

    def days(asked: Any) -> list[str]:
        return [row["due_on"] for row in asked if (row["task"], row["period"]) == ("report", f"{YEAR}-00")]

    usual = days(run("deadlines", "--year", str(YEAR + 1)))
    own = run("deadlines", "--year", str(YEAR + 1), "--kind", "annual", "--days-after", "40", "--document", "notice 3")
    assert days(own) == [f"{YEAR + 1}-02-09"] != usual
    assert days(run("deadlines", "--year", str(YEAR + 1), "--kind", "annual", "--drop")) == usual
    assert run("deadlines", "--kind", "annual", "--drop").exit_code != 0, "there is none any more"
    assert run("deadlines", "--kind", "annual", "--on", "March").exit_code != 0

    of = ("jointreview", "--year", str(YEAR))
    assert run(*of).exit_code != 0
    assert run(*of, "--from", f"{YEAR + 1}-03-01").exit_code != 0
    opened = run(*of, "--from", f"{YEAR + 1}-03-01", "--to", f"{YEAR + 1}-03-02", "--place", "Hall 2")
    assert (opened["place"], opened["closed_at"]) == ("Hall 2", None)
    closed = run(*of, "--close")
    assert closed["outcome"]["returns"] == 5
    assert (run(*of)["outcome"], run(*of, "--close").exit_code) == (closed["outcome"], 2), "closed once"


def test_the_console_hands_the_region_s_forms_in_and_decides_on_them(books: Books) -> None:
    """Four of five returns are approved; sent back once with a reason, then approved."""
    of = ("handin", "--region", "420106", "--period", f"{YEAR}-00", "--format", "json")

    def asked(*words: str) -> list[dict[str, Any]]:
        code, out = run(*of, *words)
        assert code == 0, out
        return json.loads(out)

    assert asked() == []
    assert run(*of, "--approve")[0] == 2, "nothing is handed in"
    (first,) = asked("--submit", "--note", "the clinic follows")
    assert (first["state"], first["approved"], first["owed"], first["note"]) == ("reported", 4, 5, "the clinic follows")
    assert run(*of, "--submit")[0] == 2, "it stands already"
    assert run(*of, "--send-back")[0] == 2, "why?"
    assert run(*of, "--approve", "--reason", "x")[0] == 2
    assert asked("--send-back", "--reason", "the clinic is missing")[0]["state"] == "returned"
    assert [row["state"] for row in asked("--submit", "--note", "again")] == ["reported", "returned"]
    assert [row["state"] for row in asked("--approve")] == ["approved", "returned"]

"""What managers do with returns, by program: due days, extensions, opening, deciding on many, checks, own reports."""

from __future__ import annotations

from typing import Any

import pytest

from nengtan.reporting.models import JointReview, OwnDeadline, RegionReport, Return, Sampled, SpotCheck
from tests.cast import Cast
from tests.reporting.books import YEAR, Books
from tests.reporting.desk import handed_in, opened_all
from tests.reporting.english import _in_english

__all__ = ["_in_english"]

OUTSIDE = ("neighbour", "other", "statistician", "public")
"""Who has no say in the district."""


def call(cast: Cast, who: str, method: str, path: str, data: Any = None) -> Any:
    client, headers = cast.client("anonymous"), {**cast.bearer(who), "Accept-Language": "en"}
    if method == "get":
        return client.get(f"/api/returns{path}", data, headers=headers)
    return getattr(client, method)(f"/api/returns{path}", data, "application/json", headers=headers)


@pytest.mark.parametrize("who", OUTSIDE)
@pytest.mark.parametrize(
    ("method", "path", "data"),
    [
        ("get", "/deadlines", {"region": "420106", "year": 2024}),
        ("put", "/deadlines", {"region": "420106", "kind": "annual", "days_after": 40}),
        ("get", "/cycle", {"region": "420106"}),
        ("put", "/cycle", {"region": "420106"}),
        ("post", "/periods", {"region": "420106", "period": "2023-Q2"}),
        ("post", "/spot-checks", {"region": "420106", "year": YEAR}),
        ("post", "/joint-reviews",
         {"region": "420106", "year": YEAR, "starts_on": "2024-03-01", "ends_on": "2024-03-02"}),
        ("post", "/region-reports", {"region": "420106", "period": f"{YEAR}-00", "note": "the clinic follows"}),
        ("post", "/steps", {"action": "approve", "region": "420106", "period": f"{YEAR}-00"}),
    ],
)  # fmt: skip
def test_nobody_from_outside_does_any_of_it(books: Books, who: str, method: str, path: str, data: Any) -> None:
    assert call(books.cast, who, method, path, data).status_code in {403, 404}
    assert call(books.cast, "district", method, path, data).status_code in {200, 201}


def test_a_region_sets_its_own_due_day_and_takes_it_back(books: Books) -> None:
    cast, clinic = books.cast, books.returns["clinic", YEAR]
    Return.objects.filter(pk=clinic.pk).update(state="entering", reported_at=None)
    told = {"region": "420106", "kind": "annual", "month": 2, "day": 10, "document": "notice 3"}
    set_ = call(cast, "district", "put", "/deadlines", told).json()
    assert (set_["month"], set_["day"], set_["moved"]) == (2, 10, 3), "of both years, the clinic and the library"
    listed = call(cast, "district", "get", "/deadlines", {"region": "420106", "year": YEAR + 1}).json()
    (mine,) = [item for item in listed if item["own"] and item["period"] == f"{YEAR}-00"]
    assert (mine["due_on"], mine["region"], mine["document"], mine["verified"]) == (
        f"{YEAR + 1}-02-10", "420106", "notice 3", True,
    )  # fmt: skip
    assert call(cast, "neighbour", "delete", f"/deadlines/{set_['id']}").status_code == 404
    wrong = call(cast, "district", "put", "/deadlines", {"region": "420106", "kind": "annual"})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "days_after")
    assert call(cast, "district", "delete", f"/deadlines/{set_['id']}").json() == {"moved": 3}
    assert not OwnDeadline.objects.exists()


def test_a_region_sets_how_its_cycles_run(books: Books) -> None:
    cast = books.cast
    before = call(cast, "district", "get", "/cycle", {"region": "420106"}).json()
    assert (before["set_by"], before["opens_months"], before["spot_share"]) == (None, False, 5)
    data = {"region": "420106", "opens_months": True, "remind_days": 5, "spot_share": "7.5"}
    after = call(cast, "district", "put", "/cycle", data).json()
    assert (after["set_by"], after["opens_months"], after["remind_days"], after["spot_share"]) == (
        "420106", True, 5, 7.5,
    )  # fmt: skip


def test_a_period_is_opened_and_a_return_gets_a_later_day(cast: Cast) -> None:
    opened = call(cast, "district", "post", "/periods", {"region": "420106", "period": "2023-Q1"})
    assert (opened.status_code, opened.json()) == (201, {"opened": 3})
    again = call(cast, "district", "post", "/periods", {"region": "420106", "period": "2023-Q1"})
    assert again.json() == {"opened": 0}
    of = Return.objects.get(institution=cast.institutions["school"])
    later = {"until": "2030-01-31", "reason": "the meter is being replaced"}
    assert call(cast, "statistician", "post", f"/{of.pk}/extensions", later).status_code == 403
    assert call(cast, "neighbour", "post", f"/{of.pk}/extensions", later).status_code == 404
    given = call(cast, "district", "post", f"/{of.pk}/extensions", later)
    assert (given.status_code, given.json()["due_on"]) == (201, "2030-01-31")
    told = call(cast, "statistician", "get", f"/{of.pk}/extensions").json()
    assert [(item["until"], item["reason"]) for item in told] == [("2030-01-31", "the meter is being replaced")]
    sooner = call(cast, "district", "post", f"/{of.pk}/extensions", {"until": "2020-01-01", "reason": "x"})
    assert (sooner.status_code, sooner.json()["errors"][0]["field"]) == (422, "until")


def test_many_are_decided_with_all_or_with_none(cast: Cast) -> None:
    held = opened_all(cast)
    for of in held[:2]:
        handed_in(cast, of)
    keys = [of.pk for of in held]
    refused = call(cast, "district", "post", "/steps", {"action": "approve", "returns": keys})
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:nengtan:problem:step-refused")
    assert [(item["field"], item["found"]) for item in refused.json()["errors"]] == [
        (f"returns.{held[2].pk}", held[2].institution.code)
    ]
    assert not Return.objects.filter(state="approved").exists()
    unknown = call(cast, "neighbour", "post", "/steps", {"action": "approve", "returns": keys[:1]})
    assert unknown.status_code == 422
    none = call(cast, "district", "post", "/steps", {"action": "approve"})
    assert none.status_code == 422
    back = call(cast, "district", "post", "/steps", {"action": "send_back", "returns": keys[:1], "reason": "wrong"})
    assert (back.status_code, back.json()["returns"]) == (201, keys[:1])
    in_order = {"action": "approve", "region": "420106", "period": "2023-Q1"}
    assert call(cast, "district", "post", "/steps", in_order).json()["returns"] == [keys[1]]
    assert list(Return.objects.order_by("pk").values_list("state", flat=True)) == ["returned", "approved", "empty"]


def test_a_spot_check_is_drawn_assigned_and_recorded(books: Books) -> None:
    cast = books.cast
    asked = {"region": "420106", "year": YEAR}
    assert call(cast, "district", "get", "/spot-checks", asked).status_code == 404
    check = call(cast, "district", "post", "/spot-checks", asked | {"share": "10", "seed": "s"}).json()
    assert (check["drawn"], check["drawn_from"], check["share"], check["seed"]) == (4, 5, 10, "s")
    assert call(cast, "district", "post", "/spot-checks", asked).status_code == 422, "drawn once"
    rows = call(cast, "district", "get", f"/spot-checks/{check['id']}/sampled").json()["items"]
    keys = [row["id"] for row in rows]
    assert len(keys) == 4
    assert call(cast, "neighbour", "get", f"/spot-checks/{check['id']}/sampled").json()["count"] == 0
    told = {"sampled": keys, "user": "district"}
    assert call(cast, "neighbour", "post", "/sampled/assignments", told).status_code == 404
    assert call(cast, "district", "post", "/sampled/assignments", told).json() == {"assigned": 4}
    found = {"outcome": "corrected", "findings": "one meter was left out", "checked_on": "2024-02-20"}
    assert call(cast, "neighbour", "put", f"/sampled/{keys[0]}", found).status_code == 404
    row = call(cast, "district", "put", f"/sampled/{keys[0]}", found).json()
    assert (row["outcome"], row["assigned_to"], row["checked_on"]) == ("corrected", "district", "2024-02-20")
    bare = call(cast, "district", "put", f"/sampled/{keys[1]}", {"outcome": "refused", "checked_on": "2024-02-20"})
    assert (bare.status_code, bare.json()["errors"][0]["field"]) == (422, "findings")
    now = call(cast, "district", "get", "/spot-checks", asked).json()
    assert (now["checked"], now["corrected"], now["share_wrong"]) == (1, 1, 1)
    assert SpotCheck.objects.count() == 1
    assert Sampled.objects.filter(outcome="corrected").count() == 1


def test_a_joint_review_is_opened_and_closed(books: Books) -> None:
    cast, asked = books.cast, {"region": "420106", "year": YEAR}
    assert call(cast, "district", "get", "/joint-reviews", asked).status_code == 404
    days = {"starts_on": "2024-03-01", "ends_on": "2024-03-05", "place": "room 3"}
    made = call(cast, "district", "post", "/joint-reviews", asked | days).json()
    assert (made["place"], made["closed_at"]) == ("room 3", None)
    assert call(cast, "neighbour", "post", f"/joint-reviews/{made['id']}/close").status_code == 404
    closed = call(cast, "district", "post", f"/joint-reviews/{made['id']}/close").json()
    assert closed["outcome"]["states"] == {"approved": 4, "reported": 1}
    assert call(cast, "district", "post", f"/joint-reviews/{made['id']}/close").status_code == 422
    assert call(cast, "district", "get", "/joint-reviews", asked).json()["closed_at"]
    assert JointReview.objects.count() == 1


def test_a_region_hands_its_forms_in_and_the_level_above_decides(books: Books) -> None:
    cast, told = books.cast, {"region": "420106", "period": f"{YEAR}-00", "note": "first"}
    made = call(cast, "district", "post", "/region-reports", told).json()
    assert (made["state"], made["approved"], made["owed"]) == ("reported", 4, 5)
    path = f"/region-reports/{made['id']}/decision"
    assert call(cast, "neighbour", "post", path, {"approve": True}).status_code == 404
    assert call(cast, "district", "post", path, {"approve": True}).status_code == 403
    bare = call(cast, "city", "post", path, {"approve": False})
    assert (bare.status_code, bare.json()["errors"][0]["field"]) == (422, "reason")
    assert call(cast, "city", "post", path, {"approve": True}).json()["state"] == "approved"
    listed = call(cast, "city", "get", "/region-reports", {"region": "420106"}).json()
    assert [(item["id"], item["state"]) for item in listed["items"]] == [(made["id"], "approved")]
    assert call(cast, "neighbour", "get", "/region-reports").json()["count"] == 0
    assert RegionReport.objects.count() == 1

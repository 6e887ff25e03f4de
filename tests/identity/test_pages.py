"""The pages as everybody: who may open what, what a form does, what is shown once."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from nengtan.identity import throttle
from nengtan.identity.models import ApiKey, AuditEvent, User
from nengtan.identity.services import grant_role, issue_key
from nengtan.identity.services.grants import GrantInput
from tests.cast import GRANTS, PASSWORD, Cast

MANAGERS = {"admin", "nation", "province", "city", "district", "neighbour", "other"}
READERS = MANAGERS | {"education", "statistician", "statistics_head", "unit_head", "verifier", "verifier_one"}
EVERYBODY = set(GRANTS)

OPENS: dict[str, set[str]] = {
    "account": EVERYBODY,
    "password_change": EVERYBODY,
    "api_keys": EVERYBODY,
    "api_key_add": EVERYBODY,
    "place_suggestions": EVERYBODY,
    "users": MANAGERS,
    "user_add": MANAGERS,
    "audit": READERS,
}


@pytest.mark.parametrize("url_name", OPENS)
def test_who_opens_which_page(cast: Cast, url_name: str) -> None:
    url = reverse(url_name)
    found = {name: cast.client(name).get(url).status_code for name in cast.names}
    assert found == {name: 200 if name in OPENS[url_name] else 403 for name in cast.names}
    assert cast.client("anonymous").get(url).url.startswith(reverse("sign_in"))


@pytest.mark.parametrize("url_name", ["sign_in", "password_reset", "password_reset_sent"])
def test_pages_for_everybody(cast: Cast, url_name: str) -> None:
    assert cast.client("anonymous").get(reverse(url_name)).status_code == 200


def test_a_refusal_says_which_right_is_missing(cast: Cast) -> None:
    page = cast.client("statistician").get(reverse("users"), headers={"Accept-Language": "en"})
    assert page.status_code == 403
    text = page.content.decode()
    assert str(AuditEvent._meta.get_field("who").verbose_name) not in text
    client = cast.client("unit_head")
    client.cookies["django_language"] = "en"
    text = client.get(reverse("users")).content.decode()
    assert "Manage users and keys" in text
    assert "Unit head" in text


@pytest.mark.parametrize(
    ("reader", "target", "status"),
    [
        ("district", "unit_head", 200),
        ("district", "district", 200),
        ("district", "neighbour", 404),
        ("district", "admin", 404),
        ("district", "outsider", 404),
        ("city", "neighbour", 200),
        ("admin", "outsider", 200),
        ("unit_head", "unit_head", 403),
        ("outsider", "outsider", 403),
    ],
)
def test_who_sees_whose_page(cast: Cast, reader: str, target: str, status: int) -> None:
    assert cast.client(reader).get(reverse("user", args=[cast.user(target).pk])).status_code == status


@pytest.mark.parametrize("target", ["neighbour", "admin", "outsider"])
@pytest.mark.parametrize("url_name", ["user", "user_reset", "user_active"])
def test_acts_on_users_out_of_reach_find_nobody(cast: Cast, url_name: str, target: str) -> None:
    answer = cast.client("district").post(reverse(url_name, args=[cast.user(target).pk]), {"act": "save"})
    assert answer.status_code == 404
    cast.user(target).refresh_from_db()
    assert cast.user(target).check_password(PASSWORD)
    assert cast.user(target).is_active


def test_nobody_acts_on_oneself(cast: Cast) -> None:
    client, user = cast.client("district"), cast.user("district")
    for url_name in ("user_reset", "user_active"):
        assert client.post(reverse(url_name, args=[user.pk])).status_code == 403
    assert client.post(reverse("grant_revoke", args=[user.grants.get().pk])).status_code == 403
    assert "grant_form" in client.get(reverse("user", args=[user.pk])).context


def test_the_list_shows_filters_and_exports_only_the_reach(cast: Cast) -> None:
    client = cast.client("district")
    rows = client.get(reverse("users")).context["table"]
    assert rows.count == 9
    assert client.get(reverse("users"), {"role": "verifier"}).context["table"].count == 2
    assert client.get(reverse("users"), {"q": "unit"}).context["table"].count == 1
    assert client.get(reverse("users"), {"state": "out"}).context["table"].count == 0
    exported = b"".join(client.get(reverse("users"), {"export": "csv"}).streaming_content).decode()  # type: ignore[attr-defined]
    assert "unit_head" in exported
    assert "neighbour" not in exported


def test_grants_beyond_the_readers_reach_are_not_shown(cast: Cast) -> None:
    grant_role(cast.actor("admin"), cast.user("unit_head"), GrantInput("public", region=cast.regions["330000"]))
    name = cast.regions["330000"].name
    client = cast.client("district")
    for url in (reverse("users"), reverse("user", args=[cast.user("unit_head").pk])):
        assert name not in client.get(url).content.decode()
    assert name in cast.client("admin").get(reverse("users")).content.decode()


def test_adding_a_user_shows_the_password_once(cast: Cast) -> None:
    form = {"username": "liu", "name": "Liu", "role": "statistician", "institution": "420106-H1 The hospital"}
    page = cast.client("district").post(reverse("user_add"), form)
    password = page.context["password"]
    assert password in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    assert User.objects.get(username="liu").grants.get().institution == cast.institutions["hospital"]
    client = Client()
    assert client.login(username="liu", password=password)
    assert client.get(reverse("account")).url == reverse("password_change")


@pytest.mark.parametrize(
    ("form", "fields"),
    [
        ({"username": "district", "role": "public", "region": "420106"}, ("form", "username")),
        ({"username": "liu", "role": "statistician"}, ("grant_form", "institution")),
        ({"username": "liu", "role": "statistician", "institution": "420111-S1"}, ("grant_form", "institution")),
        ({"username": "liu", "role": "statistician", "institution": "The"}, ("grant_form", "institution")),
        ({"username": "liu", "role": "platform_admin"}, ("grant_form", "role")),
        ({"username": "liu", "role": "public", "region": "420000"}, ("grant_form", "region")),
        ({"username": "liu"}, ("grant_form", "role")),
    ],
)
def test_faults_stand_beside_their_field(cast: Cast, form: dict[str, str], fields: tuple[str, str]) -> None:
    page = cast.client("district").post(reverse("user_add"), form)
    assert page.status_code == 200
    assert fields[1] in page.context[fields[0]].errors
    assert not User.objects.filter(username="liu").exists()


def test_a_role_given_and_taken_on_the_users_page(cast: Cast) -> None:
    client, user = cast.client("district"), cast.user("unit_head")
    url = reverse("user", args=[user.pk])
    given = {"act": "grant", "role": "verifier", "region": "420106", "system": "education"}
    assert client.post(url, given).url == url
    grant = user.grants.get(role="verifier")
    assert (grant.region, grant.system) == (cast.regions["420106"], "")
    assert client.post(reverse("grant_revoke", args=[grant.pk])).url == url
    grant.refresh_from_db()
    assert grant.revoked_at is not None


def test_particulars_saved_and_state_changed(cast: Cast) -> None:
    client, user = cast.client("district"), cast.user("unit_head")
    url = reverse("user", args=[user.pk])
    assert client.post(url, {"act": "save", "username": "unit_head", "name": "Zhao"}).url == url
    assert client.post(url, {"act": "save", "username": ""}).context["form"].errors
    client.post(reverse("user_active", args=[user.pk]))
    user.refresh_from_db()
    assert (user.name, user.is_active) == ("Zhao", False)
    client.post(reverse("user_active", args=[user.pk]), {"active": "yes"})
    user.refresh_from_db()
    assert user.is_active


def test_who_holds_more_is_shown_read_only(cast: Cast) -> None:
    grant_role(cast.actor("admin"), cast.user("unit_head"), GrantInput("public", region=cast.regions["330000"]))
    client, url = cast.client("district"), reverse("user", args=[cast.user("unit_head").pk])
    page = client.get(url)
    assert page.status_code == 200
    assert not page.context["manageable"]
    assert client.post(url, {"act": "save", "username": "unit_head", "name": "Mine"}).status_code == 403


def test_own_account_changes_language_and_forgets_the_browsers(cast: Cast) -> None:
    client = cast.client("unit_head")
    client.cookies["django_language"] = "zh-hans"
    answer = client.post(reverse("account"), {"name": "Zhao", "language": "en"})
    assert answer.url == reverse("account")
    assert answer.cookies["django_language"]["max-age"] == 0
    client.cookies.pop("django_language")
    assert "My account" in client.get(reverse("account")).content.decode()


def key_form(**changed: Any) -> dict[str, Any]:
    day = timezone.localdate() + timedelta(days=30)
    return {"name": "gateway", "capabilities": ["view"], "expires_on": str(day), "region": ""} | changed


def test_a_key_is_shown_once_and_revoked(cast: Cast) -> None:
    client = cast.client("statistician")
    page = client.post(reverse("api_key_add"), key_form())
    secret = page.context["secret"]
    assert secret in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    listed = client.get(reverse("api_keys")).content.decode()
    assert "gateway" in listed
    assert secret not in listed
    key = ApiKey.objects.get()
    assert cast.client("service").post(reverse("api_key_revoke", args=[key.pk])).status_code == 404
    assert client.post(reverse("api_key_revoke", args=[key.pk])).url == reverse("api_keys")
    key.refresh_from_db()
    assert key.revoked_at is not None


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"capabilities": ["manage_users"]}, "capabilities"),
        ({"capabilities": []}, "capabilities"),
        ({"expires_on": "2020-01-01"}, "expires_on"),
        ({"expires_on": "2999-01-01"}, "expires_on"),
        ({"region": "420000"}, "region"),
        ({"name": ""}, "name"),
    ],
)
def test_a_key_that_cannot_be_is_told_beside_its_field(cast: Cast, changed: dict[str, Any], field: str) -> None:
    page = cast.client("verifier").post(reverse("api_key_add"), key_form(**changed))
    assert field in page.context["form"].errors
    assert not ApiKey.objects.exists()


def test_keys_for_others_only_by_who_manages_them(cast: Cast) -> None:
    url = f"{reverse('api_key_add')}?user={cast.user('service').pk}"
    assert cast.client("district").post(url, key_form()).context["key"].user == cast.user("service")
    assert cast.client("neighbour").post(url, key_form()).status_code == 404
    assert cast.client("unit_head").post(url, key_form()).status_code == 403
    assert ApiKey.objects.count() == 1


def test_suggestions_stay_within_reach(cast: Cast) -> None:
    def suggested(name: str, kind: str, typed: str) -> str:
        url = reverse("place_suggestions")
        return str(cast.client(name).get(url, {"kind": kind, "field": kind, kind: typed}).content.decode())

    assert "420106-S1" in suggested("district", "institution", "school")
    assert "420111-S1" not in suggested("district", "institution", "school")
    assert "420106" in suggested("district", "region", "4201")
    assert "420111" not in suggested("district", "region", "4201")
    assert "option" not in suggested("outsider", "region", "4201")
    assert "option" not in suggested("district", "region", "")


def test_the_trail_filters_and_opens(cast: Cast) -> None:
    actor = cast.actor("district")
    soon = timezone.now() + timedelta(days=9)
    issue_key(actor, cast.user("district"), "gateway", ["view"], soon)
    grant_role(actor, cast.user("unit_head"), GrantInput("public", region=cast.regions["420106"]))
    client, url = cast.client("district"), reverse("audit")

    def count(**wanted: str) -> int:
        return int(client.get(url, wanted).context["table"].count)

    assert count(action="api_key.issue") == 1
    assert count(kind="identity.grant") == 1
    assert count(q="gateway") == 1
    assert count(body="hospital") == count(body="420106-H1") == 1
    today = timezone.localdate()
    assert count(on_min=str(today)) == count(on_max=str(today)) == count()
    assert count(on_min=f"{today:%Y-%m}", on_max=f"{today:%Y-%m}") == count(on_min=f"{today:%Y}") == count()
    assert count(on_max="2020-02") == count(on_min=str(today + timedelta(days=1))) == 0
    assert count(on_min="rubbish", on_max="2020-99") == count()
    event = AuditEvent.objects.get(action="grant.add")
    assert client.get(reverse("audit_event", args=[event.pk])).status_code == 200
    drawer = client.get(reverse("audit_event", args=[event.pk]), headers={"HX-Request": "true"})
    assert "<html" not in drawer.content.decode()
    assert cast.client("neighbour").get(reverse("audit_event", args=[event.pk])).status_code == 404
    exported = b"".join(client.get(url, {"export": "csv"}).streaming_content).decode()  # type: ignore[attr-defined]
    assert "gateway" in exported


def test_pages_ask_few_questions(cast: Cast, django_assert_max_num_queries: Any) -> None:
    client = cast.client("admin")
    for name in ("users", "api_keys", "audit", "account"):
        with django_assert_max_num_queries(12):
            client.get(reverse(name))
    with django_assert_max_num_queries(14):
        client.get(reverse("user", args=[cast.user("service").pk]))


def test_the_menu_shows_what_may_be_opened(cast: Cast) -> None:
    def links(name: str) -> set[str]:
        page = cast.client(name).get(reverse("account")).content.decode()
        return set(re.findall(r'href="(/(?:users|api-keys|audit)/)"', page.split("<main")[0]))

    assert links("district") == {"/users/", "/api-keys/", "/audit/"}
    assert links("unit_head") == {"/audit/"}
    assert links("public") == set()


def test_a_mailed_link_sets_a_password_once(cast: Cast, outbox: list[Any]) -> None:
    client = Client()
    answer = client.post(reverse("password_reset"), {"email": "UNIT_HEAD@example.org"})
    assert answer.url == reverse("password_reset_sent")
    (mail,) = outbox
    assert mail.to == ["unit_head@example.org"]
    path = re.search(r"http://testserver(\S+)", mail.body)
    assert path is not None
    form_page = client.get(path[1], follow=True)
    form_url = form_page.redirect_chain[-1][0]
    weak = client.post(form_url, {"new_password": "12345", "repeated": "12345"})
    assert weak.context["form"].errors
    new = {"new_password": "tram-window-fox", "repeated": "tram-window-fox"}
    assert client.post(form_url, new).url == reverse("sign_in")
    cast.user("unit_head").refresh_from_db()
    assert cast.user("unit_head").check_password("tram-window-fox")
    assert AuditEvent.objects.get(action="user.password").user == cast.user("unit_head")
    again = Client().get(path[1], follow=True)
    assert not again.context.get("validlink")
    assert again.status_code == 200


def test_asking_for_a_link_reveals_nothing_and_is_slowed(cast: Cast, outbox: list[Any]) -> None:
    client = Client()
    known = client.post(reverse("password_reset"), {"email": "unit_head@example.org"})
    unknown = client.post(reverse("password_reset"), {"email": "nobody@example.org"})
    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)
    assert len(outbox) == 1
    for _ in range(throttle.FAILURES):
        slowed = client.post(reverse("password_reset"), {"email": "unit_head@example.org"})
    assert slowed.context["form"].errors
    assert len(outbox) == throttle.FAILURES


def test_a_made_up_link_says_so(cast: Cast) -> None:
    page = Client().get(reverse("password_reset_link", args=["MQ", "x-y"]), follow=True)
    assert page.status_code == 200
    assert not page.context.get("validlink")
    assert Client().get(reverse("password_reset_link", args=["%%%", "x"]), follow=True).status_code == 200

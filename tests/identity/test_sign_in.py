"""Signing in and out: nothing is revealed, guessing is slowed, a one-time password opens nothing else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from django.db import connection
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from nengtan.identity import throttle
from nengtan.identity.middleware import address_of
from nengtan.identity.models import AuditEvent, Tries
from tests.cast import PASSWORD, Cast

SIGN_IN = "/sign-in/"


def sign_in(client: Client, username: str, password: str = PASSWORD, **extra: Any) -> Any:
    return client.post(SIGN_IN, {"username": username, "password": password, **extra})


def test_a_person_signs_in_comes_back_and_signs_out(cast: Cast, client: Client) -> None:
    asked = client.get(reverse("password_change"))
    assert asked.status_code == 302
    assert asked.url == f"{SIGN_IN}?next=/password/"
    done = sign_in(client, "district", next="/password/")
    assert (done.status_code, done.url) == (302, "/password/")
    assert client.get("/password/").status_code == 200
    assert client.get(reverse("sign_out")).status_code == 405
    assert client.post(reverse("sign_out")).url == SIGN_IN
    assert client.get("/password/").status_code == 302


def test_signing_in_leaves_a_trace(cast: Cast, client: Client) -> None:
    sign_in(client, "district", next="/password/")
    event = AuditEvent.objects.get(action="user.sign_in")
    assert (event.user, event.via, event.address) == (cast.user("district"), "page", "127.0.0.1")
    assert event.region_path == cast.regions["420106"].path


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example"]
)
def test_next_never_leads_elsewhere(cast: Cast, client: Client, target: str) -> None:
    assert sign_in(client, "district", next=target).url == reverse("home")


def test_refusals_look_the_same(cast: Cast, client: Client) -> None:
    locked = cast.user("outsider")
    locked.is_active = False
    locked.save()
    tries = [("nobody", PASSWORD), ("district", "wrong"), ("outsider", PASSWORD)]
    answers = [sign_in(client, name, password) for name, password in tries]
    assert (
        len({answer.content.decode().replace(name, "") for answer, (name, _) in zip(answers, tries, strict=True)}) <= 3
    )
    messages = {str(answer.context["form"].non_field_errors()) for answer in answers}
    assert len(messages) == 1
    assert all(answer.status_code == 200 for answer in answers)


def test_five_failures_under_a_name_close_it_even_to_the_right_password(cast: Cast) -> None:
    for number in range(throttle.FAILURES):
        sign_in(Client(REMOTE_ADDR=f"192.0.2.{number}"), "district", "wrong")
    answer = sign_in(Client(REMOTE_ADDR="192.0.2.99"), " District ", PASSWORD)
    assert answer.status_code == 429
    assert "15" in str(answer.context["form"].non_field_errors())
    assert sign_in(Client(REMOTE_ADDR="192.0.2.99"), "province", PASSWORD).status_code == 302


def test_many_failures_from_an_address_close_it_for_every_name(cast: Cast, client: Client) -> None:
    for number in range(throttle.FROM_ADDRESS):
        assert sign_in(client, f"guess{number}", "wrong").status_code == 200
    answer = sign_in(client, "district")
    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= throttle.WINDOW_SECONDS
    assert sign_in(Client(REMOTE_ADDR="192.0.2.7"), "district").status_code == 302


def test_an_address_that_is_closed_closes_no_names(cast: Cast, client: Client) -> None:
    for number in range(throttle.FROM_ADDRESS):
        sign_in(client, f"guess{number}", "wrong")
    for _ in range(throttle.FAILURES):
        sign_in(client, "district", "wrong")
    assert sign_in(Client(REMOTE_ADDR="192.0.2.7"), "district").status_code == 302


def test_the_pause_ends_and_nothing_is_left_of_it(cast: Cast, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(throttle.FAILURES):
        sign_in(client, "district", "wrong")
    assert sign_in(client, "district").status_code == 429
    later = timezone.now() + timedelta(seconds=throttle.WINDOW_SECONDS + 1)
    monkeypatch.setattr(throttle.timezone, "now", lambda: later)
    assert throttle.sign_in("province", "192.0.2.7").take() == 0
    assert Tries.objects.count() == 2
    assert throttle.sign_in("district", "127.0.0.1").take() == 0


def test_success_forgets_the_name_but_not_the_address(cast: Cast, client: Client) -> None:
    for number in range(throttle.FROM_ADDRESS - 1):
        sign_in(client, f"guess{number}", "wrong")
    for _ in range(3):
        assert sign_in(client, "district").status_code == 302
        client.logout()
    sign_in(client, "province", "wrong")
    assert sign_in(client, "province").status_code == 429


@pytest.mark.django_db(transaction=True)
def test_tries_at_the_same_moment_are_counted_each(cast: Cast) -> None:
    """Twenty-four at once used to be ten that passed: each read the count before another wrote it."""

    def tried(number: int) -> bool:
        try:
            return throttle.sign_in("district", f"192.0.2.{number}").take() == 0
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(tried, range(24))) == throttle.FAILURES


NGINX, FIREWALL = "127.0.0.1", "10.1.2.3"


@pytest.mark.parametrize(
    ("peer", "told", "address"),
    [
        ("192.0.2.1", "", "192.0.2.1"),
        (NGINX, "192.0.2.1", "192.0.2.1"),
        ("::ffff:127.0.0.1", "192.0.2.1", "192.0.2.1"),
        (NGINX, "2001:DB8::7", "2001:db8::7"),
        (NGINX, "192.0.2.1, 10.1.2.3", "192.0.2.1"),
        (NGINX, "198.51.100.66, 192.0.2.1", "192.0.2.1"),
        (NGINX, "192.0.2.1, nonsense", NGINX),
        (NGINX, "", NGINX),
        (FIREWALL, "127.0.0.1", NGINX),
        ("192.0.2.1", "198.51.100.66", "192.0.2.1"),
    ],
)
def test_only_our_own_proxies_say_where_somebody_comes_from(settings: Any, peer: str, told: str, address: str) -> None:
    settings.PROXIES = [ip_network(NGINX), ip_network("10.0.0.0/8")]
    request = RequestFactory(REMOTE_ADDR=peer).get("/", headers={"X-Forwarded-For": told} if told else {})
    assert address_of(request) == address


def test_visitors_behind_a_proxy_are_told_apart(cast: Cast, settings: Any) -> None:
    settings.PROXIES = [ip_network(NGINX)]
    for number in range(throttle.FROM_ADDRESS):
        sign_in(Client(headers={"X-Forwarded-For": "192.0.2.1"}), f"guess{number}", "wrong")
    assert sign_in(Client(headers={"X-Forwarded-For": "192.0.2.1"}), "district").status_code == 429
    assert sign_in(Client(headers={"X-Forwarded-For": "192.0.2.2"}), "district").status_code == 302
    assert AuditEvent.objects.get(action="user.sign_in").address == "192.0.2.2"


def test_a_one_time_password_opens_nothing_but_its_change(cast: Cast, client: Client) -> None:
    user = cast.user("district")
    user.must_change_password = True
    user.save()
    sign_in(client, "district")
    for name in ("account", "users", "api_keys", "audit"):
        assert client.get(reverse(name)).url == reverse("password_change")
    moved = client.get(reverse("account"), headers={"HX-Request": "true"})
    assert moved["HX-Redirect"] == reverse("password_change")
    again = client.post(
        reverse("password_change"), {"old_password": PASSWORD, "new_password": PASSWORD, "repeated": PASSWORD}
    )
    assert again.context["form"].errors["new_password"]
    form = {"old_password": PASSWORD, "new_password": "tram-window-fox", "repeated": "tram-window-fox"}
    assert client.post(reverse("password_change"), form).url == reverse("home")
    assert client.get(reverse("account")).status_code == 200


@pytest.mark.parametrize(
    ("old", "new", "repeated", "field"),
    [
        ("wrong", "tram-window-fox", "tram-window-fox", "old_password"),
        (PASSWORD, "tram-window-fox", "tram-window-ox", "repeated"),
        (PASSWORD, "short", "short", "new_password"),
        (PASSWORD, "1234567890123", "1234567890123", "new_password"),
    ],
)
def test_a_bad_new_password_is_told_beside_its_field(cast: Cast, old: str, new: str, repeated: str, field: str) -> None:
    answer = cast.client("district").post(
        reverse("password_change"), {"old_password": old, "new_password": new, "repeated": repeated}
    )
    assert field in answer.context["form"].errors
    cast.user("district").refresh_from_db()
    assert cast.user("district").check_password(PASSWORD)


def test_changing_the_password_ends_other_sessions_and_keeps_this_one(cast: Cast) -> None:
    here, there = Client(), Client()
    for client in (here, there):
        client.force_login(cast.user("district"))
    form = {"old_password": PASSWORD, "new_password": "tram-window-fox", "repeated": "tram-window-fox"}
    here.post(reverse("password_change"), form)
    assert here.get(reverse("account")).status_code == 200
    assert there.get(reverse("account")).status_code == 302


def test_htmx_requests_of_the_anonymous_lead_to_signing_in(cast: Cast, client: Client) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/users/?q=a"}
    answer = client.get(reverse("users"), headers=headers)
    assert answer["HX-Redirect"] == f"{SIGN_IN}?next=/users/%3Fq%3Da"

"""``nengtan check`` and ``/healthz``: what is wrong with an installation, in words and in one number."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.cache import cache
from django.db import DatabaseError
from django.test import Client
from django.utils import translation

from nengtan.config import health, middleware
from nengtan.config.conf import Config
from tests.cast import PASSWORD
from tests.machine import redis_url, require

SAFE = Config(email_url="smtp://mail.example")


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    translation.activate("en")


def states(found: list[health.Finding]) -> dict[str, str]:
    return {row["subject"]: row["state"] for row in found}


def test_sound_installation(db: None) -> None:
    found = states(health.findings())
    assert (found["settings"], found["folder"], found["database"]) == ("good", "good", "good")


def test_bad_setting_is_found(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "examine", lambda: (SAFE, ["NENGTAN_PORT: found 'x'"]))
    first = health.findings()[0]
    assert first == {"state": "bad", "subject": "settings", "message": "NENGTAN_PORT: found 'x'"}


def test_folder_that_does_not_exist(tmp_path: Path) -> None:
    found = health._folder(Config(dir=tmp_path / "absent"))[0]
    assert (found["state"], found["message"]) == ("bad", f"{tmp_path / 'absent'} does not exist")


def test_folder_that_cannot_be_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health.os, "access", lambda *arguments: False)
    assert "cannot be written to" in health._folder(Config(dir=tmp_path))[0]["message"]


def test_a_file_in_the_place_of_the_folder_is_called_one(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    assert "is a file, not a folder" in health._folder(Config(dir=tmp_path / "data"))[0]["message"]


def test_a_mistyped_name_of_a_setting_is_found(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NENGTAN_PROXY", "127.0.0.1")
    assert states(health.findings())["NENGTAN_PROXY"] == "warn"


def test_missing_migrations_say_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "pending", lambda: 3)
    assert health._database()[0]["message"] == "3 migrations are missing; run “nengtan migrate”"


def test_database_out_of_reach_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> int:
        raise DatabaseError("no such host\nmore")

    monkeypatch.setattr(health, "pending", fail)
    assert health._database()[0] == {"state": "bad", "subject": "database", "message": "no such host"}


@pytest.mark.parametrize(
    ("change", "subject", "state"),
    [
        ({"debug": True}, "NENGTAN_DEBUG", "warn"),
        ({"hosts": ("*",)}, "NENGTAN_HOSTS", "warn"),
        ({"host": "0.0.0.0"}, "NENGTAN_HTTPS", "warn"),
        ({"email_url": ""}, "NENGTAN_EMAIL_URL", "warn"),
        ({"https": True}, "NENGTAN_PROXIES", "warn"),
    ],
)
def test_each_risk_is_named(change: dict[str, Any], subject: str, state: str) -> None:
    assert subject not in states(health._security(SAFE))
    assert states(health._security(dataclasses.replace(SAFE, **change)))[subject] == state


def test_redis_that_does_not_answer_is_named() -> None:
    (found,) = health._redis(dataclasses.replace(SAFE, redis_url="redis://127.0.0.1:1/0"))
    assert (found["subject"], found["state"]) == ("NENGTAN_REDIS_URL", "bad")
    assert "127.0.0.1:1" in found["message"]


def test_redis_that_answers_is_named_too() -> None:
    require("redis")
    (found,) = health._redis(dataclasses.replace(SAFE, redis_url=redis_url()))
    assert (found["subject"], found["state"]) == ("NENGTAN_REDIS_URL", "good")


def test_no_redis_is_no_fault() -> None:
    assert health._redis(SAFE) == []


def test_short_secret_key_is_named(settings: Any) -> None:
    settings.SECRET_KEY = "short"
    assert states(health._security(SAFE))["NENGTAN_SECRET_KEY"] == "bad"


def test_healthz_needs_nobody_and_no_host_name(db: None) -> None:
    answer = Client().get("/healthz", headers={"Host": "10.0.0.9"})
    assert (answer.status_code, answer.json(), answer.headers["Cache-Control"]) == (200, {"status": "ok"}, "no-store")


def test_healthz_says_when_the_database_is_away(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise DatabaseError("away")

    monkeypatch.setattr(middleware, "connection", SimpleNamespace(cursor=fail))
    answer = Client().get("/healthz")
    assert (answer.status_code, answer.json()) == (503, {"status": "database"})


@pytest.mark.usefixtures("cast")
def test_redis_out_of_reach_stops_no_sign_in_and_is_told(settings: Any) -> None:
    dead = "redis://127.0.0.1:1/0"
    settings.CONFIG = dataclasses.replace(settings.CONFIG, redis_url=dead)
    settings.CACHES = {"default": {"BACKEND": "nengtan.config.cache.Forgiving", "LOCATION": dead}}
    answer = Client().get("/healthz")
    assert (answer.status_code, answer.json()) == (503, {"status": "redis"})
    cache.set("kept", "value")
    assert cache.get("kept", "nothing") == "nothing"
    signed = Client().post("/sign-in/", {"username": "district", "password": PASSWORD})
    assert (signed.status_code, signed["Location"]) == (302, "/")


def test_without_pango_word_is_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "pango_missing", lambda: "cannot load library 'libpango-1.0-0'")
    monkeypatch.setattr(health, "office_program", lambda: "")
    (found,) = health._pdf()
    assert found["state"] == "warn"
    assert "as Word only" in found["message"]
    assert "libpango-1.0-0" in found["message"]
    monkeypatch.setattr(health, "office_program", lambda: "/usr/bin/soffice")
    (found,) = health._pdf()
    assert found["state"] == "good"

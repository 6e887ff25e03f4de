"""Settings: read from environment, file or secret file; each bad value is named with what is allowed."""

from __future__ import annotations

import dataclasses
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from nengtan.config.conf import Config, ConfigError, examine, load, unknown

BAD = {
    "dir": (" ", "the path of a folder"),
    "database_url": ("mysql://db", "postgresql://… | postgres://…"),
    "redis_url": ("http://r", "redis://… | rediss://…"),
    "debug": ("maybe", "true or false"),
    "port": ("65536", "a port from 0 to 65535"),
    "workers": ("0", "a whole number from 1 to 256"),
    "hosts": (" , ", "host names such as energy.example.gov.cn, with commas between"),
    "origins": ("energy.example.gov.cn", "origins such as https://energy.example.gov.cn, with commas between"),
    "proxies": ("nginx", "addresses or networks such as 127.0.0.1,10.0.0.0/8"),
    "https": ("2", "true or false"),
    "language": ("fr", "zh-hans | en"),
    "time_zone": ("Mars/Olympus", "a time zone name such as Asia/Shanghai"),
    "mqtt_url": ("http://x", "mqtt://… | mqtts://…"),
    "collectors": ("8601", "empty, or address and port such as 0.0.0.0:8601"),
    "email_url": ("mailto:x", "smtp://… | smtps://…"),
    "max_upload_mb": ("-1", "a whole number from 1 to 4096"),
    "email_from": ("energy@example.gov.cn\nBcc: x@y.z", "an e-mail address such as energy@example.gov.cn"),
    "log_level": ("LOUD", "DEBUG | INFO | WARNING | ERROR"),
    "today": ("yesterday", "empty, or a day such as 2024-01-18"),
}
FREE = {"secret_key", "host"}
"""Settings that take any text."""


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NENGTAN_LANGUAGE", "en")


def test_every_setting_is_either_checked_or_free() -> None:
    assert {item.name for item in dataclasses.fields(Config)} == set(BAD) | FREE


@pytest.mark.parametrize("name", BAD)
def test_bad_value_is_named_with_what_is_allowed(name: str, tmp_path: Path) -> None:
    value, allowed = BAD[name]
    environ = {"NENGTAN_DIR": str(tmp_path), f"NENGTAN_{name.upper()}": value}
    with pytest.raises(ConfigError) as caught:
        load(environ)
    line = str(caught.value)
    assert line.startswith(f"NENGTAN_{name.upper()}: found '")
    assert line.endswith(allowed)
    secret = Config.__dataclass_fields__[name].metadata["secret"]
    assert (value in line) is not secret, "an address may hold a password"


def test_all_faults_are_found_at_once(tmp_path: Path) -> None:
    environ = {"NENGTAN_DIR": str(tmp_path), **{f"NENGTAN_{name.upper()}": value for name, (value, _) in BAD.items()}}
    config, problems = examine(environ)
    assert len(problems) == len(BAD)
    assert config.port == 8600, "what cannot be read stays at its default"


def test_words_are_chinese_unless_the_installation_is_english(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NENGTAN_LANGUAGE", "zh-hans")
    _config, problems = examine({"NENGTAN_DIR": str(tmp_path), "NENGTAN_PORT": "x"})
    assert problems[0].startswith("NENGTAN_PORT：")


def test_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "nengtan.toml").write_text('port = 9000\nhosts = ["a.example", "b.example"]\nhttps = true\n')
    config = load({"NENGTAN_DIR": str(tmp_path), "NENGTAN_PORT": "9001"})
    assert (config.port, config.hosts, config.https) == (9001, ("a.example", "b.example"), True)


def test_named_file_is_read_instead_of_the_one_in_the_folder(tmp_path: Path) -> None:
    (tmp_path / "nengtan.toml").write_text("port = 9000\n")
    other = tmp_path / "other.toml"
    other.write_text("port = 9002\n")
    assert load({"NENGTAN_DIR": str(tmp_path), "NENGTAN_CONFIG": str(other)}).port == 9002


def test_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"NENGTAN_CONFIG: found '.*absent\.toml'; allowed: the path of an existing"):
        load({"NENGTAN_DIR": str(tmp_path), "NENGTAN_CONFIG": str(tmp_path / "absent.toml")})


@pytest.mark.parametrize("content", [b"port = ", b"\xff\xfe\x00"])
def test_file_must_be_toml(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "nengtan.toml").write_bytes(content)
    with pytest.raises(ConfigError, match="not a TOML file"):
        load({"NENGTAN_DIR": str(tmp_path)})


def test_unknown_setting_in_the_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "nengtan.toml").write_text("prot = 9000\n")
    with pytest.raises(ConfigError, match=r"prot: unknown setting in the file; allowed: .*\bport\b"):
        load({"NENGTAN_DIR": str(tmp_path)})


def test_secrets_can_come_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("from-a-file\n")
    environ = {"NENGTAN_DIR": str(tmp_path), "NENGTAN_SECRET_KEY_FILE": str(secret)}
    assert load(environ).signing_key() == "from-a-file"
    secret.unlink()
    with pytest.raises(ConfigError, match="NENGTAN_SECRET_KEY_FILE: found"):
        load(environ)


def test_signing_key_is_made_once_and_readable_by_the_owner_only(tmp_path: Path) -> None:
    first = load({"NENGTAN_DIR": str(tmp_path)}).signing_key()
    assert len(first) >= 32
    assert load({"NENGTAN_DIR": str(tmp_path)}).signing_key() == first
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600


def test_the_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    load({"NENGTAN_DIR": str(tmp_path / "new")}).make_dir()
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_processes_that_start_at_once_sign_with_one_key(tmp_path: Path) -> None:
    config = load({"NENGTAN_DIR": str(tmp_path)})
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _n: config.signing_key(), range(32)))) == 1


def test_key_is_made_where_there_are_no_links_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_names: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", refuse)
    config = load({"NENGTAN_DIR": str(tmp_path)})
    assert config.signing_key() == config.signing_key()
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]


def test_reading_settings_makes_no_folder(tmp_path: Path) -> None:
    config = load({"NENGTAN_DIR": str(tmp_path / "new")})
    assert len(config.signing_key()) >= 32
    assert not (tmp_path / "new").exists()
    config.make_dir()
    assert (tmp_path / "new").is_dir()


def test_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"NENGTAN_DIR: found '.*/file/new'; allowed: a folder that can be made"):
        load({"NENGTAN_DIR": str(tmp_path / "file" / "new")}).make_dir()


def test_folder_must_have_a_name() -> None:
    with pytest.raises(ConfigError, match="NENGTAN_DIR: found ''; allowed: the path of a folder"):
        load({"NENGTAN_DIR": ""})


@pytest.mark.parametrize("url", ["postgresql://db:port/x", "postgresql://[::1/x", "postgresql://db:70000/x"])
def test_address_that_cannot_be_read_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigError, match="NENGTAN_DATABASE_URL: found"):
        load({"NENGTAN_DIR": str(tmp_path), "NENGTAN_DATABASE_URL": url})


def test_options_of_the_database_are_kept(tmp_path: Path) -> None:
    url = "postgresql://db/x?sslmode=verify-full&connect_timeout=3"
    database = load({"NENGTAN_DIR": str(tmp_path), "NENGTAN_DATABASE_URL": url}).database
    assert database["OPTIONS"] == {"sslmode": "verify-full", "connect_timeout": "3"}


def test_postgresql_address_is_taken_apart(tmp_path: Path) -> None:
    url = "postgresql://energy:p%40ss@db.example:5433/neng%20tan"
    database = load({"NENGTAN_DIR": str(tmp_path), "NENGTAN_DATABASE_URL": url}).database
    wanted = {"NAME": "neng tan", "USER": "energy", "PASSWORD": "p@ss", "HOST": "db.example", "PORT": "5433"}
    assert {name: database[name] for name in wanted} == wanted


def test_without_one_the_database_is_a_file_in_the_folder(tmp_path: Path) -> None:
    database = load({"NENGTAN_DIR": str(tmp_path)}).database
    assert database["NAME"] == str(tmp_path / "nengtan.sqlite3")
    assert "journal_mode=WAL" in database["OPTIONS"]["init_command"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("redis_url", "redis://127.0.0.1:6379/abc"),
        ("workers", "100000"),
        ("workers", "9" * 5000),
        ("max_upload_mb", str(10**20)),
        ("hosts", ""),
        ("hosts", "https://energy.example.gov.cn"),
        ("origins", "https://energy.example.gov.cn/path"),
        ("proxies", "10.0.0.1/8"),
        ("email_from", "nobody"),
    ],
)
def test_what_would_fail_only_in_service_is_refused_at_once(name: str, value: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"^NENGTAN_{name.upper()}: found"):
        load({"NENGTAN_DIR": str(tmp_path), f"NENGTAN_{name.upper()}": value})


@pytest.mark.parametrize(
    ("name", "value", "held"),
    [
        ("redis_url", "redis://:secret@127.0.0.1:6379/3", "redis://:secret@127.0.0.1:6379/3"),
        ("origins", "https://a.example/, http://b.example:8080", ("https://a.example", "http://b.example:8080")),
        ("proxies", "127.0.0.1, 10.0.0.0/8, ::1", ("127.0.0.1/32", "10.0.0.0/8", "::1/128")),
        ("email_from", "Energy office <energy@example.gov.cn>", "Energy office <energy@example.gov.cn>"),
        ("hosts", "*", ("*",)),
    ],
)
def test_what_is_meant_is_taken(name: str, value: str, held: object, tmp_path: Path) -> None:
    assert getattr(load({"NENGTAN_DIR": str(tmp_path), f"NENGTAN_{name.upper()}": value}), name) == held


def test_names_that_are_no_settings_are_found() -> None:
    names = ["NENGTAN_PROXY", "NENGTAN_PORT", "NENGTAN_SECRET_KEY_FILE", "NENGTAN_CONFIG", "NENGTAN_TEST_RUN", "HOME"]
    assert unknown(dict.fromkeys(names, "x")) == ["NENGTAN_PROXY"]


def test_every_process_of_a_test_run_has_a_folder_of_its_own(settings: Any) -> None:
    assert settings.CONFIG.dir.name == os.environ.get("PYTEST_XDIST_WORKER", "data")

"""How the suite runs: which database, which parts of the machine, which browser."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from tests import machine

pytest_plugins = ["tests.browsing"]

PURE = ("tests/domain", "tests/reference", "tests/repository", "src/nengtan/domain", "src/nengtan/reference")
"""Places whose tests know no Django; a run of these alone does not load it."""

TOGETHER = ("tests/journeys/",)
"""Folders whose tests share something costly, so that xdist gives each folder to one process, the largest first."""

DATABASE_FIXTURES = frozenset({"db", "transactional_db", "django_db_reset_sequences", "live_server", "admin_client"})

hypothesis_settings.register_profile("dev", deadline=None, max_examples=50)
hypothesis_settings.register_profile(
    "ci", deadline=None, derandomize=True, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--db", choices=("sqlite", "postgres"), default="sqlite", help="database the tests run on")


def pytest_configure(config: pytest.Config) -> None:
    """Settle where data lives before Django reads its settings; each xdist worker gets a folder of its own.

    The process that only hands tests to workers leaves Django alone: with ``DJANGO_SETTINGS_MODULE`` inherited from
    it, a worker would have read its settings before it comes here, and all of them would share one folder.
    """
    worker = getattr(config, "workerinput", {}).get("workerid", "")
    if not worker:
        os.environ["NENGTAN_TEST_RUN"] = tempfile.mkdtemp(prefix="nengtan-tests-")
        os.environ.pop("DJANGO_SETTINGS_MODULE", None)
        if config.getoption("numprocesses", None):
            return
    folder = Path(os.environ["NENGTAN_TEST_RUN"])
    if all(argument.replace(os.sep, "/").startswith(PURE) for argument in config.args):
        return
    for name in [name for name in os.environ if name.startswith("NENGTAN_") and not _of_tests(name)]:
        del os.environ[name]
    home = folder / (worker or "data")
    (home / "static").mkdir(parents=True)
    os.environ["NENGTAN_DIR"] = str(home)
    os.environ["NENGTAN_SECRET_KEY"] = "for-tests-only-" + "x" * 40
    if config.getoption("--db") == "postgres":
        os.environ["NENGTAN_DATABASE_URL"] = _own_database(folder)
    _load_django()


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput") and "NENGTAN_TEST_RUN" in os.environ:
        shutil.rmtree(os.environ.pop("NENGTAN_TEST_RUN"), ignore_errors=True)


def pytest_report_header(config: pytest.Config) -> list[str]:
    absent = [f"{part}: {machine.missing(part)}" for part in machine.PROBES if machine.missing(part)]
    return [f"database: {config.getoption('--db')}", *(f"absent: {line}" for line in absent)]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give tests to processes one by one, but folders of ``TOGETHER`` whole.

    xdist's own groups (``--dist loadgroup``) are not asked: xdist 3.8 marks them in a way that pytest 9.2 ignores.
    """
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return next((folder for folder in TOGETHER if nodeid.startswith(folder)), nodeid)

    return Scheduling(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On PostgreSQL keep the tests that touch the database and are not like others: the rest saw no difference."""
    if config.getoption("--db") != "postgres":
        return
    kept = [item for item in items if _touches_database(item) and item.get_closest_marker("any_database") is None]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
    for item in kept:
        item.add_marker(pytest.mark.requires("postgres"))
    items[:] = kept


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("requires"):
        machine.require(*marker.args)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Test on an SQLite file, as in service, but without waiting for the disk."""
    from django.db import connection

    if connection.vendor == "sqlite":
        connection.settings_dict["TEST"]["NAME"] = str(Path(os.environ["NENGTAN_DIR"]) / "test.sqlite3")
        options = connection.settings_dict["OPTIONS"]
        options["init_command"] = options.get("init_command", "") + "PRAGMA synchronous=OFF;"


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Iterator[None]:
    """Let the flush after a transactional test empty the append-only tables, whose triggers forbid it."""
    from django.db import connection

    operations = type(connection.ops)
    flush = operations.execute_sql_flush
    guarded = "SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE tgname LIKE '%_no_truncate'"

    def flush_without_guards(self: Any, statements: list[str]) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(guarded)
            tables = cursor.fetchall()
            for table, name in tables:
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {name}")
            flush(self, statements)
            for table, name in tables:
                cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER {name}")

    def flush_without_triggers(self: Any, statements: list[str]) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            triggers = cursor.fetchall()
            for name, _ in triggers:
                cursor.execute(f'DROP TRIGGER "{name}"')
            flush(self, statements)
            for _, create in triggers:
                cursor.execute(create)

    on_sqlite = connection.vendor == "sqlite"
    operations.execute_sql_flush = flush_without_triggers if on_sqlite else flush_without_guards
    yield
    if not on_sqlite:
        from nengtan.telemetry.inbox import open_inbox

        open_inbox().close_all()


@pytest.fixture
def outbox(settings: Any) -> list[Any]:
    """Mails sent by the test."""
    from django.core import mail

    return mail.outbox


def _of_tests(name: str) -> bool:
    return name.startswith("NENGTAN_TEST_") or name == "NENGTAN_CHROMIUM"


def _own_database(folder: Path) -> str:
    """An address whose database name is this run's own, so that two runs never meet."""
    name = folder.name.replace("-", "_").lower()
    return urlsplit(machine.POSTGRES_URL)._replace(path=f"/{name}").geturl()


def _load_django() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "nengtan.config.settings"
    import django
    from django.conf import settings

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.JOBS_INLINE = True
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    django.setup()


def _touches_database(item: pytest.Item) -> bool:
    if item.get_closest_marker("django_db") or DATABASE_FIXTURES & set(getattr(item, "fixturenames", ())):
        return True
    from django.test import SimpleTestCase

    owner = getattr(item, "cls", None)
    return owner is not None and issubclass(owner, SimpleTestCase)


@pytest.fixture(autouse=True)
def _default_language() -> Iterator[None]:
    """Every test begins in the default language, whatever the one before switched to."""
    yield
    from django.utils import translation

    if os.environ.get("DJANGO_SETTINGS_MODULE"):
        translation.deactivate()

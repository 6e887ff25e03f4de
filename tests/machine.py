"""What this machine has: tests that need a part say so and are skipped, with the reason, where it is absent."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache

import pytest

POSTGRES_URL = os.environ.get("NENGTAN_TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
REDIS_SERVER = os.environ.get("NENGTAN_TEST_REDIS_URL", "redis://127.0.0.1:6379")
REQUIRED = frozenset(filter(None, os.environ.get("NENGTAN_TEST_REQUIRE", "").split(",")))
"""Parts whose absence is a failure instead of a skip, as in CI."""

BROWSERS = ("chromium", "chromium-browser", "google-chrome")

_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin"
"""Servers stand where the paths of ordinary users do not lead."""


def mosquitto_path() -> str:
    """The broker; only where `require` has found it."""
    return str(shutil.which("mosquitto", path=_PATH))


def chromium_path() -> str | None:
    """The installed Chromium: ``NENGTAN_CHROMIUM``, else the first found on the path."""
    return os.environ.get("NENGTAN_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)


def redis_url() -> str:
    """A Redis database, counted from the last of 16 down, that no other process of this run uses; it may be emptied."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    return f"{REDIS_SERVER}/{15 - int(worker) % 8}"


def _postgres() -> str:
    import psycopg

    try:
        psycopg.connect(POSTGRES_URL, connect_timeout=3).close()
    except psycopg.OperationalError as error:
        return f"no PostgreSQL at NENGTAN_TEST_POSTGRES_URL ({str(error).splitlines()[0]})"
    return ""


def _redis() -> str:
    import redis

    try:
        redis.Redis.from_url(redis_url(), socket_connect_timeout=3).ping()
    except redis.RedisError as error:
        return f"no Redis at NENGTAN_TEST_REDIS_URL ({error})"
    return ""


def _chromium() -> str:
    return "" if chromium_path() else "no Chromium: install the package chromium or set NENGTAN_CHROMIUM"


def _gettext() -> str:
    return "" if shutil.which("xgettext") else "no xgettext: install the package gettext"


def _fonts() -> str:
    if not shutil.which("fc-list"):
        return "no fc-list: install the package fontconfig"
    listed = subprocess.run(["fc-list", ":lang=zh-cn"], capture_output=True, text=True, check=True)
    return "" if listed.stdout.strip() else "no Chinese font: install the package fonts-noto-cjk"


def _pango() -> str:
    try:
        import weasyprint
    except (ImportError, OSError) as error:
        return f"no Pango: install the package libpangoft2-1.0-0 ({str(error).splitlines()[0]})"
    return "" if weasyprint.__version__ else "no WeasyPrint"


def _office() -> str:
    lacking = [part for part in ("soffice", "pdftotext") if not shutil.which(part)]
    return f"no {lacking[0]}: install the packages libreoffice-writer and poppler-utils" if lacking else ""


def _mosquitto() -> str:
    lacking = [part for part in ("mosquitto", "mosquitto_passwd") if not shutil.which(part, path=_PATH)]
    return "no mosquitto: install the package mosquitto" if lacking else ""


def _calc() -> str:
    return "" if shutil.which("localc") else "no Calc: install the package libreoffice-calc"


PROBES = {
    "postgres": _postgres, "redis": _redis, "chromium": _chromium, "gettext": _gettext, "fonts": _fonts,
    "pango": _pango, "office": _office, "calc": _calc, "mosquitto": _mosquitto,
}  # fmt: skip


@cache
def missing(part: str) -> str:
    """Why ``part`` cannot be used here; empty when it can."""
    return PROBES[part]()


def require(*parts: str) -> None:
    """Go on only where every part is here: skip otherwise, or fail where the part is required."""
    for part in parts:
        reason = missing(part)
        if reason and part in REQUIRED:
            pytest.fail(f"{reason}; NENGTAN_TEST_REQUIRE names {part}", pytrace=False)
        if reason:
            pytest.skip(reason)

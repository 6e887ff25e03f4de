"""What is wrong with an installation, in words."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext as _

from nengtan.config.conf import Config, examine, unknown
from nengtan.demo.mark import NotADemo, is_unfinished
from nengtan.reporting.report.office import program as office_program
from nengtan.reporting.report.pango import missing as pango_missing

Finding = dict[str, Any]


def findings() -> list[Finding]:
    """Each thing looked at: ``state`` good, warn or bad, ``subject`` and ``message``."""
    config, problems = examine()
    found = [_finding("bad", _("settings"), problem) for problem in problems]
    found += [
        _finding("warn", name, _("there is no setting of this name; it does nothing")) for name in unknown(os.environ)
    ]
    if not problems:
        found.append(_finding("good", _("settings"), _("every setting can be read")))
    return [*found, *_folder(config), *_database(), *_redis(config), *_security(config), *_pdf()]


def pending() -> int:
    """How many migrations the database lacks."""
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def database_fault(error: DatabaseError) -> str:
    """What to do about a database that does not do its part, on one line."""
    folder = settings.CONFIG.dir.absolute()
    if not folder.is_dir():
        return _("The folder %(folder)s does not exist; “nengtan migrate” makes it.") % {"folder": folder}
    with suppress(DatabaseError):
        if pending():
            return _("The database is not up to date. Run “nengtan migrate” first.")
    return _("The database says: %(error)s") % {"error": str(error).splitlines()[0]}


def _finding(state: str, subject: str, message: str) -> Finding:
    return {"state": state, "subject": subject, "message": message}


def _folder(config: Config) -> list[Finding]:
    fault = folder_fault(config)
    return [_finding("bad" if fault else "good", _("folder"), fault or str(config.dir.absolute()))]


def folder_fault(config: Config) -> str:
    """Why the folder cannot be worked in; empty if it can."""
    folder = config.dir.absolute()
    said = {"folder": folder}
    if folder.exists() and not folder.is_dir():
        return _("%(folder)s is a file, not a folder") % said
    if not folder.is_dir():
        return _("%(folder)s does not exist") % said
    if not os.access(folder, os.W_OK):
        return _("%(folder)s cannot be written to") % said
    try:
        if is_unfinished(folder):
            return _("%(folder)s holds a demonstration that was not finished; run “nengtan demo” again") % said
    except NotADemo as error:
        return str(error)
    return ""


def _database() -> list[Finding]:
    try:
        missing = pending()
    except DatabaseError as error:
        return [_finding("bad", _("database"), str(error).splitlines()[0])]
    if missing:
        return [
            _finding("bad", _("database"), _("%(n)s migrations are missing; run “nengtan migrate”") % {"n": missing})
        ]
    return [_finding("good", _("database"), connection.vendor)]


def _redis(config: Config) -> list[Finding]:
    if not config.redis_url:
        return []
    fault = redis_fault(config.redis_url)
    return [_finding("bad" if fault else "good", "NENGTAN_REDIS_URL", fault or _("answers"))]


def redis_fault(url: str) -> str:
    """Why Redis does not answer; empty if it does."""
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=3, socket_timeout=3) as server:
            server.ping()
    except (redis.RedisError, ValueError) as error:
        return str(error)
    return ""


def _security(config: Config) -> list[Finding]:
    found = []
    if len(settings.SECRET_KEY) < 32:
        found.append(_finding("bad", "NENGTAN_SECRET_KEY", _("shorter than 32 characters")))
    if config.debug:
        found.append(
            _finding("warn", "NENGTAN_DEBUG", _("errors are shown in the browser; never leave this on in service"))
        )
    if "*" in config.hosts:
        found.append(
            _finding("warn", "NENGTAN_HOSTS", _("any host name is answered; name the ones the site is reached by"))
        )
    if not config.https and config.host not in ("127.0.0.1", "localhost", "::1"):
        found.append(_finding("warn", "NENGTAN_HTTPS", _("the site listens beyond this machine without HTTPS")))
    if config.https and not config.proxies:
        words = _("no proxy is named: all visitors look as if they came from its address, and share one count of tries")
        found.append(_finding("warn", "NENGTAN_PROXIES", words))
    if not config.email_url:
        found.append(_finding("warn", "NENGTAN_EMAIL_URL", _("no mail server; mails are kept in the folder")))
    return found


def _pdf() -> list[Finding]:
    fault = "" if office_program() else pango_missing()
    if not fault:
        return [_finding("good", "PDF", _("reports can be laid out"))]
    words = _("neither Pango nor LibreOffice is here, so reports are made as Word only: %(fault)s")
    return [_finding("warn", "PDF", words % {"fault": fault})]

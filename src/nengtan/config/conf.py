"""Settings: from environment variables or one TOML file, checked before anything starts.

Every setting is an attribute of :class:`Config`; ``NENGTAN_<NAME>`` in the environment wins over ``<name>`` in the
file, and ``NENGTAN_<NAME>_FILE`` names a file that holds the value (for secrets). :func:`load` refuses a bad value
with one line that names the setting, what was found and what is allowed.
"""

from __future__ import annotations

import os
import secrets
import tempfile
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from email.utils import parseaddr
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from nengtan.config.words import gettext as _

LANGUAGES = ("zh-hans", "en")


class ConfigError(ValueError):
    """A setting that cannot be used; ``str()`` is one line for the person who must mend it."""


def _boolean(text: str) -> bool:
    if text.lower() in {"1", "true", "yes", "on"}:
        return True
    if text.lower() in {"0", "false", "no", "off", ""}:
        return False
    raise ValueError(_("true or false"))


def _port(text: str) -> int:
    if text.isdecimal() and 0 <= int(text) < 65536:
        return int(text)
    raise ValueError(_("a port from 0 to 65535"))


def _count(most: int) -> Callable[[str], int]:
    def check(text: str) -> int:
        if text.isdecimal() and 0 < int(text[:20]) <= most:
            return int(text)
        raise ValueError(_("a whole number from 1 to %(most)s") % {"most": most})

    return check


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _hosts(text: str) -> tuple[str, ...]:
    names = _words(text)
    if not names or any(set(name) & set("/ @") for name in names):
        raise ValueError(_("host names such as energy.example.gov.cn, with commas between"))
    return names


def _origins(text: str) -> tuple[str, ...]:
    origins = tuple(word.rstrip("/") for word in _words(text))
    for origin in origins:
        scheme, _colon, host = origin.partition("://")
        if scheme not in ("http", "https") or not host or "/" in host:
            raise ValueError(_("origins such as https://energy.example.gov.cn, with commas between"))
    return origins


def _networks(text: str) -> tuple[str, ...]:
    networks = _words(text)
    try:
        return tuple(str(ip_network(network)) for network in networks)
    except ValueError as error:
        raise ValueError(_("addresses or networks such as 127.0.0.1,10.0.0.0/8")) from error


def _sender(text: str) -> str:
    if text.isprintable() and "@" in parseaddr(text)[1]:
        return text
    raise ValueError(_("an e-mail address such as energy@example.gov.cn"))


def _language(text: str) -> str:
    if text.lower() in LANGUAGES:
        return text.lower()
    raise ValueError(" | ".join(LANGUAGES))


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(_("a time zone name such as Asia/Shanghai")) from error
    return text


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise ValueError(_("empty, or a day such as 2024-01-18")) from error


def _folder(text: str) -> Path:
    if not text.strip():
        raise ValueError(_("the path of a folder"))
    return Path(text).expanduser()


def _url(*schemes: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if text and _scheme(text) not in schemes:
            forms = " | ".join(f"{scheme}://…" for scheme in schemes)
            raise ValueError(_("empty, or %(forms)s") % {"forms": forms})
        return text

    return check


def _redis(text: str) -> str:
    """A database of Redis is a number; a name would silently be the first."""
    checked = _url("redis", "rediss")(text)
    number = urlsplit(checked).path.strip("/")
    if number and not number.isdecimal():
        raise ValueError(_("empty, or %(forms)s") % {"forms": "redis://…/0 | rediss://…/0"})
    return checked


def _scheme(text: str) -> str:
    """The scheme of an address; empty if the address cannot be read, its port included."""
    try:
        parts = urlsplit(text)
        return parts.scheme if parts.port is None or parts.port else ""
    except ValueError:
        return ""


def _listening(text: str) -> str:
    host, _colon, port = text.rpartition(":")
    if text and not (host and port.isdecimal() and 0 < int(port[:6]) < 65536):
        raise ValueError(_("empty, or address and port such as 0.0.0.0:8601"))
    return text


def _level(text: str) -> str:
    if text.upper() in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        return text.upper()
    raise ValueError("DEBUG | INFO | WARNING | ERROR")


def setting(default: Any, parse: Callable[[str], Any], help: str, secret: bool = False) -> Any:
    """A dataclass field that carries how to read it and one line of help."""
    return field(default=default, metadata={"parse": parse, "help": help, "secret": secret})


@dataclass(frozen=True)
class Config:
    """All settings of one installation."""

    dir: Path = setting(Path("nengtan-data"), _folder, "folder where data lives")
    database_url: str = setting(
        "", _url("postgresql", "postgres"), "PostgreSQL address; empty: SQLite in the folder", True
    )
    redis_url: str = setting("", _redis, "Redis address for background work; empty: SQLite in the folder", True)
    secret_key: str = setting("", str, "signing key; empty: made once and kept in the folder", True)
    debug: bool = setting(False, _boolean, "show error details in the browser (never in service)")
    host: str = setting("127.0.0.1", str, "address to listen on")
    port: int = setting(8600, _port, "port to listen on; 0: any free one")
    workers: int = setting(1, _count(256), "web worker processes")
    hosts: tuple[str, ...] = setting(("localhost", "127.0.0.1", "[::1]"), _hosts, "host names the site is reached by")
    origins: tuple[str, ...] = setting(
        (), _origins, "origins allowed to post forms, such as https://energy.example.gov.cn"
    )
    proxies: tuple[str, ...] = setting(
        (), _networks, "addresses of our own proxies, whose X-Forwarded-For is believed, such as 127.0.0.1"
    )
    https: bool = setting(False, _boolean, "the site is reached over HTTPS (behind a proxy)")
    language: str = setting("zh-hans", _language, "language before a user chooses: zh-hans | en")
    time_zone: str = setting("Asia/Shanghai", _zone, "time zone shown to people")
    mqtt_url: str = setting(
        "", _url("mqtt", "mqtts"), "broker gateways send to, mqtt://user:password@host:port; empty: none", True
    )
    collectors: str = setting(
        "", _listening, "where collectors report to by the national protocol, such as 0.0.0.0:8601; empty: nowhere"
    )
    email_url: str = setting(
        "", _url("smtp", "smtps"), "mail server, smtp://user:password@host:port; empty: mails go to the folder", True
    )
    email_from: str = setting("nengtan@localhost", _sender, "sender of mails")
    max_upload_mb: int = setting(50, _count(4096), "largest file accepted, MiB")
    today: date | None = setting(None, _day, "a fixed day for statistics, for demonstrations and training")
    log_level: str = setting("INFO", _level, "DEBUG | INFO | WARNING | ERROR")

    @property
    def database(self) -> dict[str, Any]:
        """Django's description of the database."""
        if not self.database_url:
            return _sqlite(self.dir / "nengtan.sqlite3")
        url = urlsplit(self.database_url)
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(url.path.lstrip("/")) or "nengtan",
            "USER": unquote(url.username or ""),
            "PASSWORD": unquote(url.password or ""),
            "HOST": url.hostname or "",
            "PORT": str(url.port or ""),
            "OPTIONS": dict(parse_qsl(url.query)),
            "CONN_MAX_AGE": 60,
            "CONN_HEALTH_CHECKS": True,
        }

    def signing_key(self) -> str:
        """The secret key; made on first use and kept readable by the owner only.

        Where the folder does not exist nothing is kept that needs a lasting key: the answer is good for this process.
        """
        if self.secret_key:
            return self.secret_key
        path = self.dir / "secret_key"
        if not self.dir.is_dir():
            return secrets.token_urlsafe(48)
        try:
            if not path.exists():
                _write_once(path, secrets.token_urlsafe(48))
            return path.read_text().strip()
        except OSError as error:
            raise _unusable(self.dir, error) from error

    def make_dir(self) -> None:
        """Make the folder unless it is there: for its owner alone, since it holds sessions, passwords and evidence.

        Raises:
            ConfigError: it cannot be made.
        """
        try:
            self.dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise _unusable(self.dir, error) from error


def _write_once(path: Path, text: str) -> None:
    """A file that is there whole or not at all, though several processes make it at once: the first one's stays."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        os.link(name, path)
    except FileExistsError:
        pass
    except OSError:  # a file system without links
        os.replace(name, path)
    finally:
        Path(name).unlink(missing_ok=True)


def _unusable(folder: Path, error: OSError) -> ConfigError:
    words = _("a folder that can be made and written to (%(error)s)") % {"error": error.strerror or error}
    return ConfigError(_found("NENGTAN_DIR", str(folder), words))


def _sqlite(path: Path) -> dict[str, Any]:
    wanted = (
        "journal_mode=WAL", "synchronous=FULL", "cache_size=-65536", "temp_store=MEMORY", "mmap_size=268435456",
        "recursive_triggers=ON",  # else REPLACE takes rows out of append-only tables without a word to their triggers
    )  # fmt: skip
    pragmas = "".join(f"PRAGMA {pragma};" for pragma in wanted)
    options = {"transaction_mode": "IMMEDIATE", "timeout": 30, "init_command": pragmas}
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(path), "OPTIONS": options}


def load(environ: Mapping[str, str] = os.environ) -> Config:
    """The configuration of this process; nothing is written.

    Raises:
        ConfigError: names the first setting that cannot be used.
    """
    config, problems = examine(environ)
    if problems:
        raise ConfigError(problems[0])
    return config


def examine(environ: Mapping[str, str] = os.environ) -> tuple[Config, list[str]]:
    """The configuration with every bad value left at its default, and one line a problem."""
    problems: list[str] = []
    file_values = _from_file(environ, problems)
    names = {item.name for item in fields(Config)}
    unknown = _("%(name)s: unknown setting in the file; allowed: %(names)s")
    listed = ", ".join(sorted(names))
    problems += [unknown % {"name": name, "names": listed} for name in file_values if name not in names]
    values: dict[str, Any] = {}
    for item in fields(Config):
        text = _text_of(item.name, environ, file_values, problems)
        if text is None:
            continue
        try:
            values[item.name] = item.metadata["parse"](text)
        except ValueError as error:
            shown = "…" if item.metadata["secret"] else text
            problems.append(_found(f"NENGTAN_{item.name.upper()}", shown, str(error)))
    return Config(**values), problems


OURS = ("CONFIG", "JOBS_INLINE", "SERVED_BY", "CHROMIUM")
"""Names in the environment that are no settings."""


def unknown(environ: Mapping[str, str] = os.environ) -> list[str]:
    """Names that look like settings and are none: mistyped, or of another version."""
    known = {item.name.upper() for item in fields(Config)}
    names = [name for name in environ if name.startswith("NENGTAN_") and not name.startswith("NENGTAN_TEST_")]
    return sorted(name for name in names if name[8:].removesuffix("_FILE") not in known and name[8:] not in OURS)


def _from_file(environ: Mapping[str, str], problems: list[str]) -> dict[str, Any]:
    folder = Path(environ.get("NENGTAN_DIR") or Config.dir).expanduser()
    named = environ.get("NENGTAN_CONFIG")
    path = Path(named).expanduser() if named else folder / "nengtan.toml"
    if not path.exists():
        if named:
            problems.append(_found("NENGTAN_CONFIG", named, _("the path of an existing TOML file")))
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(_("%(path)s: not a TOML file: %(error)s") % {"path": path, "error": error})
        return {}


def _text_of(name: str, environ: Mapping[str, str], file_values: Mapping[str, Any], problems: list[str]) -> str | None:
    key = f"NENGTAN_{name.upper()}"
    if key in environ:
        return environ[key]
    if f"{key}_FILE" in environ:
        path = Path(environ[f"{key}_FILE"])
        try:
            return path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            problems.append(_found(f"{key}_FILE", str(path), _("the path of an existing file")))
            return None
    if name not in file_values:
        return None
    value = file_values[name]
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _found(name: str, found: str, allowed: str) -> str:
    words = _("%(name)s: found '%(found)s'; allowed: %(allowed)s")
    return words % {"name": name, "found": found, "allowed": allowed}

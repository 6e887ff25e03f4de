"""What a broker of messages (Mosquitto) needs to know: who may come in, and which topics are theirs.

A gateway signs in with its code and its key, and reaches ``ems/v1/INSTITUTION/GATEWAY/`` and nothing else. The key
itself is not kept here either: files hold the hash that Mosquitto makes of it.
"""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ROOT", "UNFIT", "Account", "fit", "mosquitto_hash", "topics_of", "write_files"]

ROOT = "ems/v1"
"""Where all topics begin."""

UNFIT = "+#/: \t\r\n$"
"""What a name in a topic and in the files of Mosquitto must not hold: two of these would open other people's topics."""

ROUNDS = 101
"""As Mosquitto has it; keys are random, so that nothing is gained by more."""

SALT_BYTES = 12

_CONFIGURATION = """\
# Written by `nengtan gateway mosquitto`: a broker for gateways of this installation. It may be changed; accounts and
# topics are in passwd and acl, which are written anew whenever the command runs (then: kill -HUP of the broker).
per_listener_settings false
allow_anonymous false
password_file {folder}/passwd
acl_file {folder}/acl

# Over networks that others can listen to: cafile, certfile and keyfile below `listener 8883`.
listener {port} {host}

# Messages the platform has not acknowledged outlast a restart of the broker, and of the platform.
persistence true
persistence_location {folder}/
autosave_interval 60
max_queued_messages 100000
max_inflight_messages 200
max_packet_size 10485760
"""


@dataclass(frozen=True, slots=True)
class Account:
    """A gateway as the broker knows it: its code, that of its institution, and the hash of its key."""

    code: str
    body: str
    password: str


def fit(name: str) -> bool:
    """Whether a code can stand in a topic.

    >>> fit("GW-1"), fit("+"), fit("")
    (True, False, False)
    """
    return bool(name) and name.isprintable() and not set(name) & set(UNFIT)


def topics_of(body: str, code: str) -> str:
    """Where the topics of a gateway begin.

    >>> topics_of("420106-S1", "GW-1")
    'ems/v1/420106-S1/GW-1'
    """
    return f"{ROOT}/{body}/{code}"


def mosquitto_hash(password: str, salt: bytes | None = None) -> str:
    """A password as Mosquitto 2 keeps it: PBKDF2 with SHA-512.

    >>> mosquitto_hash("secret", bytes(12))[:23]
    '$7$101$AAAAAAAAAAAAAAAA'
    """
    salt = secrets.token_bytes(SALT_BYTES) if salt is None else salt
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ROUNDS)
    return f"$7${ROUNDS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def write_files(folder: Path, accounts: Iterable[Account], platform: Account, host: str, port: int) -> list[str]:
    """Write ``passwd``, ``acl`` and, where it is not there yet, ``mosquitto.conf``; the gateways written.

    Gateways whose code cannot stand in a topic, or whose key was given out before brokers were asked for, are left
    out. ``platform`` is the account of the installation itself, with its password as it is.
    """
    folder.mkdir(parents=True, exist_ok=True)
    mine = [one for one in accounts if fit(one.code) and fit(one.body) and one.password and one.code != platform.code]
    passwords = [f"{platform.code}:{mosquitto_hash(platform.password)}"]
    passwords += [f"{one.code}:{one.password}" for one in mine]
    rights = [f"user {platform.code}\ntopic read {ROOT}/+/+/up/#\ntopic read {ROOT}/+/+/status"]
    rights[0] += f"\ntopic write {ROOT}/+/+/down/#\n"
    rights += [_rights(one) for one in mine]
    _replace(folder / "passwd", "\n".join(passwords) + "\n")
    _replace(folder / "acl", "\n".join(rights))
    if not (folder / "mosquitto.conf").exists():
        _replace(folder / "mosquitto.conf", _CONFIGURATION.format(folder=folder.absolute(), host=host, port=port))
    return [one.code for one in mine]


def _rights(one: Account) -> str:
    own = topics_of(one.body, one.code)
    return f"user {one.code}\ntopic write {own}/up/#\ntopic write {own}/status\ntopic read {own}/down/#\n"


def _replace(path: Path, text: str) -> None:
    """A file that is whole at every moment; the broker's group may read it."""
    made = path.with_name(f".{path.name}.{os.getpid()}")
    made.touch(mode=0o640)
    made.write_text(text, encoding="utf-8")
    made.replace(path)

"""How links between collectors and centres are written: `data/link_profiles.csv`. Starting points, never law.

The text of the technical guide was not reached and regions differ, so each point can be set otherwise for one link.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from types import MappingProxyType
from typing import Any

from nengtan.domain.collectors.profile import KeyText, LinkProfile, Md5Order, Padding
from nengtan.domain.frames.checks import crc_modbus, crc_xmodem
from nengtan.domain.frames.collector import Dialect
from nengtan.reference._rows import ReferenceDataError, rows

__all__ = ["CHECKS", "SETTINGS", "link_profile", "link_profiles"]

CHECKS: Mapping[str, Callable[[bytes], int] | None] = MappingProxyType(
    {"xmodem": crc_xmodem, "modbus": crc_modbus, "none": None}
)

SETTINGS = (
    "head", "tail", "crc", "padding", "encoding", "encrypt_auth", "md5_order", "md5_key_text", "iv", "heartbeat_s",
    "missed", "answer_s", "ack_s",
)  # fmt: skip
"""What a link may set otherwise than its profile; ``iv`` 32 hexadecimal digits, without it the key."""

ENCODINGS = ("utf-8", "gb18030")
LONGEST_S = 86400


@cache
def link_profiles() -> Mapping[str, Mapping[str, str]]:
    """The settings of each profile as the file has them, by code.

    >>> link_profiles()["head-55aa"]["head"]
    '55aa55aa'
    """
    found: dict[str, Mapping[str, str]] = {}
    for row in rows("link_profiles.csv"):
        row.text("source")
        row.confidence()
        names = {name: row.text(name) for name in ("name_zh", "name_en")}
        told = {name: row.text(name) for name in SETTINGS if name != "iv"}
        try:
            _profile(told)
        except ValueError as error:
            raise ReferenceDataError("link_profiles.csv", row.number, "code", row.text("code"), str(error)) from error
        found[row.text("code")] = MappingProxyType(told | names)
    return MappingProxyType(found)


def link_profile(code: str, changed: Mapping[str, str] | None = None) -> LinkProfile:
    """How a link is written, without its keys: a profile, and what one link sets otherwise.

    Raises:
        ValueError: there is no such profile or setting, or the setting cannot be that; says what is allowed.

    >>> link_profile("head-6868", {"heartbeat_s": "120"}).heartbeat
    120.0
    """
    if code not in link_profiles():
        raise ValueError(f"profile: {code}; {', '.join(link_profiles())}")
    unknown = sorted(set(changed or {}) - set(SETTINGS))
    if unknown:
        raise ValueError(f"{unknown[0]}; {', '.join(SETTINGS)}")
    return _profile({**link_profiles()[code], **(changed or {})})


def _profile(told: Mapping[str, str]) -> LinkProfile:
    dialect = replace(
        Dialect(),
        head=_bytes(told, "head", 4),
        tail=_bytes(told, "tail", 4),
        crc=CHECKS[_among(told, "crc", CHECKS)],
    )
    return LinkProfile(
        dialect,
        iv=_bytes(told, "iv", 16) if told.get("iv") else None,
        padding=Padding(_among(told, "padding", [str(one) for one in Padding])),
        encrypt_auth=_among(told, "encrypt_auth", ("yes", "no")) == "yes",
        encoding=_among(told, "encoding", ENCODINGS),
        md5_order=Md5Order(_among(told, "md5_order", [str(one) for one in Md5Order])),
        md5_key_text=KeyText(_among(told, "md5_key_text", [str(one) for one in KeyText])),
        heartbeat=_seconds(told, "heartbeat_s"),
        missed=int(_seconds(told, "missed")),
        answer_within=_seconds(told, "answer_s"),
        ack_within=_seconds(told, "ack_s"),
    )


def _among(told: Mapping[str, str], name: str, allowed: Any) -> str:
    if told[name] not in allowed:
        raise ValueError(f"{name}: {told[name]}; {', '.join(allowed)}")
    return told[name]


def _bytes(told: Mapping[str, str], name: str, size: int) -> bytes:
    try:
        found = bytes.fromhex(told[name])
    except ValueError:
        found = b""
    if len(found) != size:
        raise ValueError(f"{name}: {told[name]}; {2 * size} hexadecimal digits")
    return found


def _seconds(told: Mapping[str, str], name: str) -> float:
    text = told[name]
    if not text.isdecimal() or not 1 <= int(text[:9]) <= LONGEST_S:
        raise ValueError(f"{name}: {text}; 1 to {LONGEST_S}")
    return float(text)

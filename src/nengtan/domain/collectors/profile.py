"""How one link between a collector and a data centre is written: settings, never law.

Regions and makers differ in nearly every point below and the text of the technical guide was not reached, so each
point is a setting whose default is what most implementations seen do.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import md5

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from nengtan.domain.frames.collector import Dialect
from nengtan.domain.frames.errors import BadFrame, Fault

__all__ = ["KEY_BYTES", "KeyText", "LinkProfile", "Md5Order", "Padding", "opened", "proof", "sealed"]

KEY_BYTES = 16


class Padding(StrEnum):
    """How a body is filled up to whole blocks of the cipher."""

    ZERO = "zero"
    PKCS7 = "pkcs7"


class Md5Order(StrEnum):
    """In which order the random sequence and the key are joined before the digest is made."""

    SEQUENCE_KEY = "sequence_key"
    KEY_SEQUENCE = "key_sequence"


class KeyText(StrEnum):
    """How the key is written when it is joined to the sequence."""

    ASCII = "ascii"
    HEX = "hex"


@dataclass(frozen=True, slots=True)
class LinkProfile:
    """How one link is written (通信规约参数): frame, cipher, proof of identity and pace.

    ``aes_key`` None sends bodies as they are; ``iv`` None takes the key, as most do. ``encrypt_auth`` is whether the
    messages before the centre has said "pass" are enciphered too. Times in seconds.
    """

    dialect: Dialect = field(default_factory=Dialect)
    aes_key: bytes | None = None
    iv: bytes | None = None
    padding: Padding = Padding.ZERO
    encrypt_auth: bool = True
    encoding: str = "utf-8"
    md5_key: bytes = b""
    md5_order: Md5Order = Md5Order.SEQUENCE_KEY
    md5_key_text: KeyText = KeyText.ASCII
    heartbeat: float = 60
    missed: int = 3
    answer_within: float = 10
    ack_within: float = 30

    def __post_init__(self) -> None:
        for name in ("aes_key", "iv"):
            value = getattr(self, name)
            if value is not None and len(value) != KEY_BYTES:
                raise ValueError(f"{name}: found {len(value)} bytes; allowed: {KEY_BYTES}")


def sealed(text: str, profile: LinkProfile, plain: bool = False) -> bytes:
    """The body of a frame for a message; ``plain`` leaves it readable."""
    data = text.encode(profile.encoding)
    if plain or profile.aes_key is None:
        return data
    return _cipher(profile).encryptor().update(_padded(data, profile.padding))


def opened(body: bytes, profile: LinkProfile) -> str:
    """The text of a body, enciphered or plain; raises `BadFrame` for what is neither.

    Some collectors send readable bodies before they are known, and some write GB 18030 whatever they declare. A
    readable body begins with its root or a declaration: one byte alone a cipher may well begin with.
    """
    if profile.aes_key is None or body.removeprefix(BOM_UTF8).lstrip().startswith((b"<root", b"<?xml")):
        return _decoded(body)
    if len(body) % KEY_BYTES:
        raise BadFrame(Fault.CONTENT, len(body), f"a multiple of {KEY_BYTES}")
    data = _cipher(profile).decryptor().update(body)
    return _decoded(_unpadded(data, profile.padding))


def proof(sequence: str, profile: LinkProfile) -> str:
    """The digest by which a collector shows that it has the key, 32 hexadecimal digits.

    >>> proof("12345678", LinkProfile(md5_key=b"0123456789abcdef"))
    '3f05569b6047e82626d75471c7a0bbe4'
    """
    key = profile.md5_key.hex().encode() if profile.md5_key_text is KeyText.HEX else profile.md5_key
    parts = (sequence.encode(), key) if profile.md5_order is Md5Order.SEQUENCE_KEY else (key, sequence.encode())
    return md5(b"".join(parts), usedforsecurity=False).hexdigest()


def _cipher(profile: LinkProfile) -> Cipher[modes.CBC]:
    key = profile.aes_key or b""
    return Cipher(algorithms.AES(key), modes.CBC(profile.iv or key))


def _padded(data: bytes, padding: Padding) -> bytes:
    lacking = -len(data) % KEY_BYTES
    if padding is Padding.ZERO:
        return data + bytes(lacking)
    lacking = lacking or KEY_BYTES
    return data + bytes([lacking]) * lacking


def _unpadded(data: bytes, padding: Padding) -> bytes:
    if padding is Padding.ZERO or not data:
        return data.rstrip(b"\0")
    filled = data[-1]
    if not 1 <= filled <= KEY_BYTES or data[-filled:] != bytes([filled]) * filled:
        raise BadFrame(Fault.CONTENT, filled, f"padding of 1 to {KEY_BYTES}")
    return data[:-filled]


def _decoded(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadFrame(Fault.CONTENT, data[:8].hex(), "UTF-8, GB 18030")

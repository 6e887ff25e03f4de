"""Keys of links, enciphered where they are kept: with the secret key of the installation, which is kept elsewhere."""

from __future__ import annotations

import base64
import binascii
import secrets
from functools import cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

__all__ = ["Locked", "conceal", "reveal"]

NONCE_BYTES = 12


class Locked(ValueError):
    """A key that cannot be deciphered: the installation has another secret key now, or the text was changed."""


def conceal(key: bytes, what: str) -> str:
    """A key as it is kept; ``what`` says whose it is, so that it opens nowhere else."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return base64.b64encode(nonce + _cipher().encrypt(nonce, key, what.encode())).decode()


def reveal(kept: str, what: str) -> bytes:
    """The key that was concealed.

    Raises:
        Locked: under another secret key, for something else, or not at all.
    """
    try:
        data = base64.b64decode(kept, validate=True)
        return _cipher().decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], what.encode())
    except (InvalidTag, binascii.Error, ValueError) as error:
        raise Locked(what) from error


def _cipher() -> AESGCM:
    return AESGCM(_derived(str(settings.SECRET_KEY)))


@cache
def _derived(secret: str) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=b"nengtan keys of links").derive(secret.encode())

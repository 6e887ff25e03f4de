"""Evidence files: kept once, under their hash."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from pathlib import Path

from django.conf import settings

from nengtan.identity.access import Actor
from nengtan.identity.audit import record
from nengtan.ledger.models import Evidence

SAFE_TYPES = {
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".csv": "text/csv; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".xls": "application/vnd.ms-excel",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
}
"""Types a file may be sent back under; all others are plain bytes, so that no browser runs them."""


def safe_media_type(name: str) -> str:
    """The type a file is sent under, by its ending; what the sender claimed is not believed.

    >>> safe_media_type("bill.PDF"), safe_media_type("page.html")
    ('application/pdf', 'application/octet-stream')
    """
    return SAFE_TYPES.get(Path(name).suffix.lower(), "application/octet-stream")


_SIGNS = {
    ".pdf": (b"%PDF-",),
    ".png": (b"\x89PNG\r\n\x1a\n",),
    ".jpg": (b"\xff\xd8\xff",),
    ".jpeg": (b"\xff\xd8\xff",),
    ".xlsx": (b"PK\x03\x04",),
    ".ods": (b"PK\x03\x04",),
    ".xls": (b"\xd0\xcf\x11\xe0", b"PK\x03\x04"),
}
"""What files of a kind begin with."""


def says_what_it_is(name: str, begins: bytes) -> bool:
    """Whether a file begins as one of the kind its name says; text may begin with anything.

    >>> says_what_it_is("bill.pdf", b"%PDF-1.7"), says_what_it_is("bill.pdf", b"<html>")
    (True, False)
    """
    signs = _SIGNS.get(Path(name).suffix.lower())
    return signs is None or begins.startswith(signs)


def path_of(evidence: Evidence) -> Path:
    """Where the bytes lie."""
    return Path(settings.MEDIA_ROOT) / evidence.storage_name


def keep_evidence(actor: Actor, name: str, content: bytes, media_type: str = "") -> Evidence:
    """Store a file durably and return its record; the same bytes are stored once.

    The file is on disk before the record is written, so a crash leaves at worst a file nobody names.
    """
    digest = hashlib.sha256(content).hexdigest()
    evidence = Evidence.objects.filter(sha256=digest).first()
    if evidence is None:
        evidence = Evidence(
            sha256=digest,
            name=Path(name).name[:200],
            size=len(content),
            media_type=media_type[:80],
            uploaded_by=actor.user,
        )
        _write(path_of(evidence), content)
        evidence.save()
        record(actor, "evidence.keep", evidence, after={"name": evidence.name, "size": evidence.size, "sha256": digest})
    return evidence


def _write(target: Path, content: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=target.parent)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, target)


def sweep_evidence(older_than: float = 24 * 3600) -> int:
    """Delete files no record names, as a killed import may leave them; how many. Young ones may still be in use."""
    folder = Path(settings.MEDIA_ROOT) / "evidence"
    known = set(Evidence.objects.values_list("sha256", flat=True))
    old = [
        path
        for path in folder.glob("*/*")
        if path.name not in known and time.time() - path.stat().st_mtime > older_than
    ]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)

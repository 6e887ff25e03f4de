"""Word documents turned into PDF by LibreOffice, where the machine has it, so that an own template keeps its looks."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

__all__ = ["Unconverted", "converted", "program"]

SECONDS = 60
"""Longest time a document may take."""

_NAMES = ("soffice", "libreoffice")


class Unconverted(Exception):
    """LibreOffice made no PDF of a document; the text says what it answered."""


def program() -> str:
    """Where LibreOffice is; empty where the machine has none."""
    return next((found for name in _NAMES if (found := shutil.which(name))), "")


def converted(document: bytes) -> bytes:
    """A .docx as PDF; it works in a folder and with a profile of its own, so that several may run at once.

    Raises:
        Unconverted: there is no LibreOffice, it took too long, or it made nothing of the document.
    """
    with TemporaryDirectory(prefix="nengtan-pdf-") as name:
        folder = Path(name)
        (folder / "report.docx").write_bytes(document)
        answer = _run(folder)
        made = folder / "report.pdf"
        if not made.is_file():
            raise Unconverted(answer or "no PDF")
        return made.read_bytes()


def _run(folder: Path) -> str:
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    asked = [program(), profile, "--headless", "--norestore", "--convert-to", "pdf", "report.docx"]
    if not asked[0]:
        raise Unconverted("LibreOffice")
    try:
        done = subprocess.run(asked, cwd=folder, capture_output=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unconverted(str(error)[:200]) from error
    return (done.stderr or done.stdout).decode("utf-8", "replace").strip()[-200:]

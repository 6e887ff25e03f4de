"""What lies in the repository: the files under version control, or about to be."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "nengtan"
ROOMS = sorted(path.parent for path in PACKAGE.glob("*/__init__.py"))


@cache
def files() -> tuple[Path, ...]:
    """Every file that is tracked, or new and not ignored."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return tuple(path for name in listed.split("\0") if name and (path := ROOT / name).is_file())


def ours(*suffixes: str, under: Path = ROOT) -> list[Path]:
    """Files we wrote, with one of ``suffixes``: neither vendored nor written by a tool."""
    return [
        path
        for path in files()
        if path.suffix in suffixes and path.is_relative_to(under) and not {"vendor", "migrations"} & set(path.parts)
    ]


def name(path: Path) -> str:
    """The path as people write it."""
    return path.relative_to(ROOT).as_posix()

"""The repository stays clean: small files, no trace of one machine, nothing vendored unseen."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

from tests.repository import tree

MACHINE_PATH = re.compile(r"(?<![\w.-])/(?:home|root|tmp|work|Users|opt/pypi)/[\w.]")
REGISTRY = re.compile(
    r"pypi\.org|pythonhosted\.org|registry\.npmjs|npmmirror|tuna\.tsinghua|mirrors\.aliyun|deb\.debian\.org"
)
UNFINISHED = re.compile(r"\b(?:TODO|FIXME|XXX)\b|raise NotImplementedError")
LONGEST = 600
VENDOR = tree.PACKAGE / "ui" / "static" / "ui" / "vendor"
BINARY = {".png", ".jpg", ".ico", ".woff2", ".xlsx", ".xls", ".zip", ".gz", ".mo"}


def _texts() -> list[tuple[Path, str]]:
    readable = [path for path in tree.files() if path.suffix not in BINARY and "vendor" not in path.parts]
    return [(path, path.read_text(encoding="utf-8")) for path in readable if path != Path(__file__).resolve()]


@pytest.mark.parametrize("pattern", [MACHINE_PATH, REGISTRY], ids=["machine path", "registry host"])
def test_nothing_of_one_machine(pattern: re.Pattern[str]) -> None:
    found = [
        f"{tree.name(path)}:{number}: {line.strip()[:100]}"
        for path, text in _texts()
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]
    assert not found, "\n".join(found)


def test_files_are_short_enough_to_read() -> None:
    long = {
        tree.name(path): lines
        for path in tree.ours(".py", ".html", ".css", ".js")
        if (lines := path.read_text(encoding="utf-8").count("\n")) > LONGEST
    }
    assert not long, f"split what passes {LONGEST} lines: {long}"


def test_nothing_is_left_unfinished() -> None:
    found = [
        tree.name(path)
        for path in tree.ours(".py", ".html", ".js", under=tree.PACKAGE)
        if UNFINISHED.search(path.read_text())
    ]
    assert not found


@pytest.mark.parametrize("room", tree.ROOMS, ids=lambda room: room.name)
def test_room_says_what_lives_in_it(room: Path) -> None:
    readme = room / "README.md"
    assert readme.is_file(), "every room has a README.md"
    assert 3 <= readme.read_text(encoding="utf-8").count("\n") <= 80, "one screen"


def _vendored() -> dict[str, str]:
    manifest = json.loads((VENDOR / "vendor.json").read_text(encoding="utf-8"))
    return {name: digest for package in manifest["packages"] for name, digest in package["files"].items()}


def test_vendored_files_are_as_they_came() -> None:
    for name, digest in _vendored().items():
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == digest, name


def test_every_vendored_file_is_in_the_manifest() -> None:
    lying = {path.relative_to(VENDOR).as_posix() for path in tree.files() if path.is_relative_to(VENDOR)}
    assert lying - {"vendor.json"} == set(_vendored())


def test_notice_names_everything_vendored() -> None:
    manifest = json.loads((VENDOR / "vendor.json").read_text(encoding="utf-8"))
    notice = (tree.ROOT / "NOTICE").read_text(encoding="utf-8")
    for package in [*manifest["packages"], manifest["icons"]]:
        assert package["package"] in notice, f"{package['package']} is missing from NOTICE"
        assert package["licence"] in notice


def test_licence_is_whole() -> None:
    text = (tree.ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text

"""What the documents promise is what the code does: locks, dependencies, settings, commands, links."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from nengtan.config.conf import Config
from tests.repository import tree

DOCS = tree.ROOT / "docs"
PROJECT = tomllib.loads((tree.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
PAGES = [path for path in tree.files() if path.suffix == ".md"]


def _names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\s\[<>=;~!]", requirement, maxsplit=1)[0].lower() for requirement in requirements}


def _locked(name: str) -> set[str]:
    text = (tree.ROOT / "requirements" / name).read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z0-9][\w.-]*)(?:\[[\w,]+\])?==", text, re.MULTILINE))


def test_locks_hold_what_the_project_asks_for() -> None:
    extras = PROJECT["optional-dependencies"]
    assert _names(PROJECT["dependencies"]) <= _locked("lock.txt")
    assert _names([*PROJECT["dependencies"], *extras["dev"], *extras["docs"]]) <= _locked("dev.lock.txt")


@pytest.mark.parametrize("lock", ["lock.txt", "dev.lock.txt"])
def test_every_locked_version_has_a_hash(lock: str) -> None:
    text = (tree.ROOT / "requirements" / lock).read_text(encoding="utf-8")
    blocks = re.split(r"^(?=[a-z0-9][\w.-]*(?:\[[\w,]+\])?==)", text, flags=re.MULTILINE)[1:]
    bare = [block.splitlines()[0] for block in blocks if "--hash=sha256:" not in block]
    assert blocks
    assert not bare


def test_every_dependency_is_accounted_for() -> None:
    """A new dependency needs its line: what it replaces, how well it is kept, its licence."""
    page = (DOCS / "decisions" / "dependencies.md").read_text(encoding="utf-8").lower()
    extras = PROJECT["optional-dependencies"]
    wanted = _names([*PROJECT["dependencies"], *extras["dev"], *extras["docs"]])
    assert not {name for name in wanted if f"| {name} |" not in page}


def test_every_setting_is_documented_and_nothing_else() -> None:
    page = (DOCS / "operations" / "configuration.md").read_text(encoding="utf-8")
    rows = set(re.findall(r"^\| `NENGTAN_([A-Z_]+)` \|", page, re.MULTILINE))
    assert rows == {field.name.upper() for field in fields(Config)} | {"CONFIG"}


def test_make_help_shows_every_target() -> None:
    text = (tree.ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.search(r"^\.PHONY: (.+)$", text, re.MULTILINE)[1].split())
    assert targets == set(re.findall(r"^([a-z-]+):.*## \w", text, re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=tree.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    targets = [first or second for first, second in LINK.findall(text)]
    local = [
        target.split("#")[0] for target in targets if "://" not in target and not target.startswith(("#", "mailto:"))
    ]
    assert not [target for target in local if not (page.parent / target).exists()]


def test_every_page_is_in_the_navigation() -> None:
    listed = set(re.findall(r"[\w/-]+\.md", (tree.ROOT / "mkdocs.yml").read_text(encoding="utf-8")))
    assert {path.relative_to(DOCS).as_posix() for path in PAGES if path.is_relative_to(DOCS)} == listed

"""The interface is translated: code and templates hold English texts, catalogues hold the Chinese."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages import Message
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from tests.repository import tree

HAN = re.compile(r"[\u3400-\u9fff]")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*(?:[:!][^{}]*)?\}")
TEMPLATE_COMMENT = re.compile(r"\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}", re.DOTALL)
SCRIPT_COMMENT = re.compile(r"/\*.*?\*/|^\s*//[^\n]*", re.DOTALL | re.MULTILINE)
LOCALE = Path("locale", "zh_Hans", "LC_MESSAGES", "django.po")
CATALOGUES = [path for path in tree.files() if path.suffix == ".po"]
TRANSLATED_ROOMS = [room for room in tree.ROOMS if room.name not in {"domain", "reference"}]


def _chinese_literals(source: str) -> list[tuple[int, str]]:
    """Lines and values of the string literals written in Chinese: docstrings and escaped code points are none."""
    parsed, lines = ast.parse(source), source.splitlines()
    docstrings = {
        id(node.value)
        for node in ast.walk(parsed)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    return [
        (node.lineno, node.value)
        for node in ast.walk(parsed)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings
        if HAN.search(node.value) and HAN.search("".join(lines[node.lineno - 1 : node.end_lineno]))
    ]


def test_python_holds_no_chinese_text() -> None:
    found = [
        f"{tree.name(path)}:{line}: {value.strip()[:40]!r}"
        for path in tree.ours(".py", under=tree.PACKAGE)
        for line, value in _chinese_literals(path.read_text(encoding="utf-8"))
    ]
    assert not found, "Chinese belongs in locale/ or in reference data:\n" + "\n".join(found)


@pytest.mark.parametrize(("suffix", "comment"), [(".html", TEMPLATE_COMMENT), (".js", SCRIPT_COMMENT)])
def test_templates_and_scripts_hold_no_chinese_text(suffix: str, comment: re.Pattern[str]) -> None:
    found = [
        f"{tree.name(path)}: {HAN.findall(text)[:8]}"
        for path in tree.ours(suffix, under=tree.PACKAGE)
        if HAN.search(text := comment.sub("", path.read_text(encoding="utf-8")))
    ]
    assert not found, "Chinese belongs in locale/:\n" + "\n".join(found)


def _read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale="zh_Hans")


def _texts(message: Message) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """All source texts and all translations of a message, plural forms included."""
    sources = message.id if isinstance(message.id, (list, tuple)) else (message.id,)
    targets = message.string if isinstance(message.string, (list, tuple)) else (message.string,)
    return tuple(sources), tuple(targets)


def test_rooms_agree_on_a_word() -> None:
    """Django reads all catalogues as one: where two rooms differ, one of them would show the other's word."""
    said: dict[tuple[str | None, tuple[str, ...]], dict[str, list[str]]] = {}
    for path in CATALOGUES:
        for message in _read(path):
            sources, targets = _texts(message)
            if any(sources):
                said.setdefault((message.context, sources), {}).setdefault(" | ".join(targets), []).append(
                    tree.name(path)
                )
    differing = {key: words for key, words in said.items() if len(words) > 1}
    assert not differing, "give one of them a context (pgettext):\n" + "\n".join(map(str, differing.items()))


def test_numbers_in_a_text_stand_in_its_translation() -> None:
    """A half that becomes a double in Chinese is worse than no translation."""
    wrong = [
        f"{tree.name(path)}: {sources[0]!r}: {targets[0]!r}"
        for path in CATALOGUES
        for message in _read(path)
        for sources, targets in [_texts(message)]
        if any(sources) and "1/%(" in sources[0] and "1/%(" not in targets[0]
    ]
    assert not wrong, "\n".join(wrong)


def _problem(message: Message) -> str:
    sources, targets = _texts(message)
    if message.fuzzy:
        return "fuzzy"
    if not all(targets):
        return "no translation"
    wanted = sorted(PLACEHOLDER.findall(sources[-1]))
    for target in targets:
        if sorted(PLACEHOLDER.findall(target)) != wanted:
            return f"placeholders differ in {target!r}"
    return ""


@pytest.mark.parametrize("path", CATALOGUES, ids=tree.name)
def test_catalogue_compiles_and_is_complete(path: Path, tmp_path: Path) -> None:
    catalogue = _read(path)
    with (tmp_path / "django.mo").open("wb") as target:
        write_mo(target, catalogue)
    found = [f"{message.id!r}: {problem}" for message in catalogue if message.id and (problem := _problem(message))]
    assert not found, "\n".join(found)


@pytest.mark.requires("gettext")
@pytest.mark.parametrize("room", TRANSLATED_ROOMS, ids=lambda room: room.name)
def test_every_text_of_a_room_is_translated(room: Path, tmp_path: Path) -> None:
    """Collect the texts anew from a copy of the room; its own catalogue must know them all."""
    copy = tmp_path / room.name
    shutil.copytree(room, copy, ignore=shutil.ignore_patterns("static", "data", "__pycache__", "*.mo"))
    (copy / LOCALE).parent.mkdir(parents=True, exist_ok=True)
    command = ["makemessages", "-l", "zh_Hans", "--no-location", "--no-obsolete", "-v", "0"]
    subprocess.run([sys.executable, "-m", "django", *command], cwd=copy, check=True, capture_output=True, env=_plain())
    if not (copy / LOCALE).exists():
        return
    found = [
        f"{message.id!r}: {problem}"
        for message in _read(copy / LOCALE)
        if message.id and (problem := _problem(message))
    ]
    assert not found, "\n".join(found)


def _plain() -> dict[str, str]:
    """An environment in which Django has no settings of ours."""
    return {key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"}

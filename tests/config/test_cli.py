"""The command as a person meets it: help of every verb in both languages, one line for every mistake."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db.utils import OperationalError
from django.utils import translation

from nengtan.config import cli, clickwords, group
from nengtan.identity.access import Forbidden
from nengtan.ledger.services.posting import YearClosed

HAN = re.compile(r"[\u3400-\u9fff]")
WORDS = re.compile(r"[a-z]{4,}")


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    translation.activate("en")
    clickwords.speak("en")
    yield
    clickwords.speak("en")


class Console:
    """Runs ``nengtan`` in processes of its own."""

    def __init__(self, folder: Path, language: str) -> None:
        plain = {name: value for name, value in os.environ.items() if not name.startswith("NENGTAN_")}
        self.environment = plain | {"NENGTAN_DIR": str(folder), "LC_ALL": language, "COLUMNS": "100"}

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "nengtan", *arguments],
            env=self.environment | environment,
            capture_output=True,
            check=False,
            text=True,
            encoding="utf-8",
            timeout=60,
        )

    def refused(self, *arguments: str, **environment: str) -> str:
        done = self.run(*arguments, **environment)
        assert (done.returncode, done.stdout) == (2, ""), done
        assert done.stderr.count("\n") == 1, done.stderr
        return done.stderr.strip()


@pytest.fixture
def english(tmp_path: Path) -> Console:
    return Console(tmp_path, "en_US.UTF-8")


@pytest.fixture
def chinese(tmp_path: Path) -> Console:
    return Console(tmp_path, "zh_CN.UTF-8")


def test_verbs_that_start_alone_are_of_the_room_named() -> None:
    """`nengtan mv` loads no other room's commands."""
    for verb, room in cli.OWN.items():
        assert verb in group.gather("1", (room,)).commands


def commands(found: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    yield " ".join(path) or "nengtan", found
    if isinstance(found, click.Group):
        for name, command in found.commands.items():
            yield from commands(command, (*path, name))


def test_every_command_and_option_has_help() -> None:
    lacking = []
    for name, command in commands(group.gather("1", cli.ROOMS)):
        lacking += [] if command.help else [name]
        options = [item for item in command.params if isinstance(item, click.Option)]
        lacking += [f"{name} {item.opts[0]}" for item in options if not item.help and not item.hidden]
    assert not lacking


def test_every_command_names_its_folder() -> None:
    for name, command in commands(group.gather("1", cli.ROOMS)):
        assert any(item.name == "dir" for item in command.params), name


DUMP = """
import click, json
from nengtan.config import cli
cli._use_language(); cli._prepare()
from nengtan.config.group import gather
def walk(found, path=()):
    context = click.Context(found, info_name=" ".join(path) or "nengtan")
    yield " ".join(path), found.get_help(context)
    for name, command in getattr(found, "commands", {}).items():
        yield from walk(command, (*path, name))
print(json.dumps(dict(walk(gather("1", cli.ROOMS)))))
"""


def helps(console: Console) -> dict[str, str]:
    done = subprocess.run(
        [sys.executable, "-c", DUMP], env=console.environment, capture_output=True, check=True, text=True
    )
    return json.loads(done.stdout)


def test_help_is_complete_in_both_languages(english: Console, chinese: Console) -> None:
    in_english, in_chinese = helps(english), helps(chinese)
    assert in_english.keys() == in_chinese.keys()
    foreign = {name: HAN.findall(text) for name, text in in_english.items() if HAN.search(text)}
    assert not foreign
    untranslated = {name: line for name, text in in_chinese.items() for line in described(text) if not HAN.search(line)}
    assert not untranslated


def described(text: str) -> Iterator[str]:
    """Lines of a help page that describe something: those with words beside a name."""
    for line in text.splitlines():
        _name, _space, words = line.strip().partition("  ")
        if line.startswith("  ") and WORDS.search(words) and not words.strip().startswith("["):
            yield line


def test_help_in_chinese(chinese: Console) -> None:
    done = chinese.run("serve", "--help")
    assert done.returncode == 0
    for words in ("用法：", "[选项]", "选项", "监听的端口", "默认：8600", "显示本帮助后退出。"):
        assert words in done.stdout


@pytest.mark.parametrize(
    ("arguments", "in_english", "in_chinese"),
    [
        (["nothing"], "Error: No such command 'nothing'.", "错误：没有命令 'nothing'。"),
        (["check", "--nothing"], "Error: No such option '--nothing'.", "错误：没有选项 '--nothing'。"),
        (
            ["check", "--format", "xml"],
            "Error: Invalid value for '--format': 'xml' is not one of 'table', 'json', 'csv'.",
            "错误：'--format' 的取值无效：'xml' 不在可选值之内：'table', 'json', 'csv'。",
        ),
        (
            ["serve", "--port", "70000"],
            "Error: Invalid value for '--port': 70000 is not in the range 0<=x<=65535.",
            "错误：'--port' 的取值无效：70000 不在范围 0<=x<=65535 之内。",
        ),
        (["check", "more"], "Error: Got unexpected extra argument (more)", "错误：多余的参数（more）"),
        (
            ["check", "--format"],
            "Error: Option '--format' requires an argument.",
            "错误：选项 '--format' 需要 1 个值。",
        ),
    ],
)
def test_bad_use_is_one_line(
    english: Console, chinese: Console, arguments: list[str], in_english: str, in_chinese: str
) -> None:
    assert english.refused(*arguments) == in_english
    assert chinese.refused(*arguments) == in_chinese


def test_without_a_verb_the_help_is_shown(english: Console) -> None:
    done = english.run()
    assert done.returncode == 2
    assert "Commands:" in done.stdout


def test_bad_settings_are_one_line_and_check_names_all(english: Console, chinese: Console) -> None:
    faults = {"NENGTAN_PORT": "x", "NENGTAN_WORKERS": "none"}
    assert english.refused("migrate", **faults) == "Error: NENGTAN_PORT: found 'x'; allowed: a port from 0 to 65535"
    assert chinese.refused("migrate", **faults) == "错误：NENGTAN_PORT：现为“x”；允许：0 至 65535 的端口"
    done = english.run("check", **faults)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 2)
    listed = json.loads(english.run("check", "--format", "json", **faults).stdout)
    assert [row["state"] for row in listed] == ["bad", "bad"]


def test_migrate_and_check(english: Console, tmp_path: Path) -> None:
    assert english.run("migrate", "--check").returncode == 1
    assert "database" in english.run("check").stdout
    done = english.run("migrate")
    assert re.fullmatch(r"\d+ migrations applied\.\n", done.stdout), done
    assert english.run("migrate", "--check").returncode == 0
    done = english.run("check", "--format", "json")
    assert done.returncode == 0
    assert {row["state"] for row in json.loads(done.stdout)} <= {"good", "warn"}


@pytest.mark.parametrize(
    "written",
    [
        ["migrate", "--check", "--dir", "PLACE"],
        ["migrate", "--dir=PLACE", "--check"],
        ["--dir", "PLACE", "migrate", "--check"],
        ["--dir=PLACE", "migrate", "--check"],
    ],
)
def test_folder_named_on_the_line_counts(english: Console, tmp_path: Path, written: list[str]) -> None:
    place = tmp_path / "elsewhere"
    done = english.run(*(part.replace("PLACE", str(place)) for part in written))
    assert done.returncode == 1
    assert (place / "nengtan.sqlite3").exists()


@pytest.mark.parametrize("arguments", [["--version"], ["migrate", "--help"], ["openapi"], ["check"]])
def test_asking_leaves_nothing_behind(english: Console, tmp_path: Path, arguments: list[str]) -> None:
    english.run(*arguments, NENGTAN_DIR=str(tmp_path / "nowhere"))
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("arguments", [["serve", "--port", "0"], ["worker"], ["audit"]])
def test_missing_folder_is_named_and_not_made(english: Console, tmp_path: Path, arguments: list[str]) -> None:
    folder = tmp_path / "nowhere"
    line = english.refused(*arguments, "--dir", str(folder))
    assert line == f"Error: The folder {folder} does not exist; “nengtan migrate” makes it."
    assert not folder.exists()


@pytest.mark.parametrize("verb", ["migrate", "audit", "check"])
def test_folder_that_cannot_be_one_is_refused(english: Console, tmp_path: Path, verb: str) -> None:
    (tmp_path / "file").touch()
    done = english.run(verb, "--dir", str(tmp_path / "file"))
    assert done.returncode == 2
    assert str(tmp_path / "file") in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_bad_setting_in_the_file_of_a_named_folder_is_refused(english: Console, tmp_path: Path) -> None:
    (tmp_path / "nengtan.toml").write_text("port = 'x'\n")
    assert english.refused("--dir", str(tmp_path), "migrate").startswith("Error: NENGTAN_PORT: found 'x'")


def test_openapi_is_printed(english: Console) -> None:
    assert json.loads(english.run("openapi").stdout)["openapi"].startswith("3.1")


def test_version(english: Console) -> None:
    assert re.fullmatch(r"nengtan, version \d+\.\d+\.\d+\n", english.run("--version").stdout)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValidationError({"code": ["taken"]}), "Error: code: taken"),
        (ValidationError(["one", "two"]), "Error: one two"),
        (YearClosed([("Wuchang", 2022)]), "Error: "),
        (ImproperlyConfigured("install it"), "Error: install it"),
        (OperationalError("no such table: x"), "Error: The database says: no such table: x"),
        (Forbidden("manage_factors"), "Error: This needs the right “"),
        (click.FileError("a.xlsx", "gone"), "Error: Could not open file 'a.xlsx': gone"),
    ],
)
def test_every_failure_is_one_line_and_exit_code_2(
    db: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception, line: str
) -> None:
    assert (ending(monkeypatch, error), "") == (2, "")
    said = capsys.readouterr().err
    assert said.startswith(line)
    assert said.count("\n") == 1


@pytest.mark.parametrize(("error", "code"), [(KeyboardInterrupt(), 130), (click.Abort(), 130), (BrokenPipeError(), 1)])
def test_broken_off(monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int) -> None:
    assert ending(monkeypatch, error) == code


def ending(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> Any:
    """The exit code of a command that raises ``error``."""

    @click.command("fails")
    def fails() -> None:
        raise error

    root = click.Group("nengtan", commands=[fails])
    monkeypatch.setattr(group, "gather", lambda version, rooms: root)
    with pytest.raises(SystemExit) as ended:
        group.run(["fails"], "1", ())
    return ended.value.code


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database that is whole."""
    folder = tmp_path_factory.mktemp("made") / "data"
    assert Console(folder, "en_US.UTF-8").run("migrate").returncode == 0
    return folder


COMMANDS = [("accounts", "--region", "CN", "--year", "2022"), ("rebuild",), ("migrate",), ("users", "list"), ("serve",)]


@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda arguments: arguments[0])
@pytest.mark.parametrize("damage", ["garbage", "torn"])
def test_a_damaged_database_ends_in_one_line(
    made: Path, tmp_path: Path, arguments: tuple[str, ...], damage: str
) -> None:
    folder = shutil.copytree(made, tmp_path / "data")
    whole = (folder / "nengtan.sqlite3").read_bytes()
    torn = whole[:100] + b"\xff" * 8000 + whole[8100:]
    (folder / "nengtan.sqlite3").write_bytes(torn if damage == "torn" else b"no database" * 1000)
    for extra in folder.glob("nengtan.sqlite3-*"):
        extra.unlink()
    line = Console(folder, "en_US.UTF-8").refused(*arguments)
    assert "The database says" in line


@pytest.mark.parametrize(
    ("mark", "said"), [('{"state": "building"}', "was not finished"), ("{half", "demonstration.json is damaged")]
)
def test_a_demonstration_that_was_not_finished_is_not_served(made: Path, tmp_path: Path, mark: str, said: str) -> None:
    folder = shutil.copytree(made, tmp_path / "data")
    (folder / "demonstration.json").write_text(mark)
    console = Console(folder, "en_US.UTF-8")
    assert said in console.refused("serve", "--port", "0")
    assert said in console.run("check").stdout
    if "damaged" in said:
        assert said in console.refused("demo", "--no-serve")


def test_a_place_that_cannot_be_written_to_ends_in_one_line(made: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(made, tmp_path / "data")
    shutil.rmtree(folder / "static", ignore_errors=True)
    (folder / "static").write_text("a file in its place")
    assert str(folder / "static") in Console(folder, "en_US.UTF-8").refused("serve", "--port", "0")

"""What every command shares: how it prints, how it fails, how it shows progress."""

from __future__ import annotations

import csv
import errno
import io
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from nengtan.ui.harmless import safe_text

if TYPE_CHECKING:
    from nengtan.domain.sheets.problems import Problem
    from nengtan.ui.sheets.refused import Refused

T = TypeVar("T")

FORMATS = ("table", "json", "csv")

BAD_USE = 2
"""Exit code of a command that was asked for something it cannot do."""

REFUSED = 1
"""Exit code of a command that did what was asked and found the matter wanting."""

format_option = click.option(
    "--format", type=click.Choice(FORMATS), default="table", show_default=True, help=_("How to print the result.")
)


Columns = Mapping[str, str | Promise]
"""Heading of each column by the key of the row, in the order shown."""

Words = Mapping[str, Callable[[Any], object]]
"""By key, how a code reads in the language of the person at the console: tables show words, JSON and CSV codes."""


def one_of(help: str | Promise, values: Iterable[str | tuple[str, object]]) -> str:
    """The help of an option with all it may be given, each with its word where it has one."""
    told = (value if isinstance(value, str) else f"{value[0]}: {value[1]}" for value in values)
    return _("%(help)s Allowed: %(values)s.") % {"help": help, "values": _("; ").join(told)}


def die(message: str, code: int = BAD_USE) -> NoReturn:
    """End the command with one line for the person at the console."""
    click.echo(_("Error: %(message)s") % {"message": " ".join(message.split())}, err=True)
    sys.exit(code)


REASONS: dict[int, Promise] = {
    errno.ENOENT: gettext_lazy("there is no such file or folder"),
    errno.EACCES: gettext_lazy("not permitted"),
    errno.EPERM: gettext_lazy("not permitted"),
    errno.ENOSPC: gettext_lazy("the disk is full"),
    errno.EROFS: gettext_lazy("the disk can only be read"),
    errno.EISDIR: gettext_lazy("it is a folder"),
    errno.ENOTDIR: gettext_lazy("a part of the path is no folder"),
}


def reason_of(error: OSError) -> str:
    """Why the operating system refused, in words; its own where it is a rare one."""
    return str(REASONS.get(error.errno or 0) or error.strerror or error)


def refuse_file(file: Path, refused: Refused, format: str, counts: Iterable[str]) -> int:
    """A file that is not opened: one error for the whole of it, and every one of ``counts`` is none."""
    from nengtan.ui.sheets import wording

    if format != "json":
        die(f"{file.name}: {wording.refusal(refused)}", REFUSED)
    nothing: dict[str, Any] = {"notes": [], "sheets": [], "skipped": [], "skipped_omitted": 0}
    told = {"stored": False, **dict.fromkeys(counts, 0), "errors": [wording.refusal_told(refused)], **nothing}
    click.echo(to_json(told))
    return REFUSED


FAULT_COLUMNS: Columns = {
    "file": gettext_lazy("File"),
    "row": gettext_lazy("Row"),
    "column": gettext_lazy("Column"),
    "found": gettext_lazy("Found"),
    "allowed": gettext_lazy("Allowed"),
    "message": gettext_lazy("What is wrong"),
}


def refuse_rows(faults: Sequence[Mapping[str, Any]], nothing: Mapping[str, Any], format: str, said: str) -> int:
    """All faults of files, the first thousand of them: as JSON beside the ``nothing`` there is instead of a result."""
    from nengtan.ui.sheets.wording import MOST_TOLD, omitted

    told = faults[:MOST_TOLD]
    if format == "json":
        click.echo(to_json({**nothing, "errors": told, "errors_omitted": len(faults) - len(told)}))
    else:
        emit(told, FAULT_COLUMNS, format)
        if len(faults) > MOST_TOLD:
            click.echo(omitted(len(faults)), err=True)
        click.echo(said, err=True)
    return REFUSED


def read_or_refuse(
    path: Path, read: Callable[[Path], tuple[T, Sequence[Problem]]], nothing: Mapping[str, Any], format: str, said: str
) -> T:
    """What ``read`` finds in a file; a file or rows that are refused end the command, told as by `refuse_rows`."""
    from nengtan.ui.sheets import wording
    from nengtan.ui.sheets.refused import Refused

    try:
        found, problems = read(path)
        faults = [wording.told(problem) for problem in problems]
    except Refused as refused:
        faults = [wording.refusal_told(refused)]
    if faults:
        raise SystemExit(refuse_rows([{"file": path.name, **fault} for fault in faults], nothing, format, said))
    return found


_EXACT = "\x00exact:"
"""Marks a Decimal on its way through the JSON encoder, which knows binary numbers only."""

_MARKED = re.compile(r'"\\u0000exact:(-?[0-9.]+)"')


def _plain(value: Any) -> Any:
    """A value as the encoder takes it: Decimals marked, dates as text, translations as text."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else f"{_EXACT}{value:f}"
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (str, int, float, bool)) or value is None:
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def to_json(value: Any, indent: int | None = 2) -> str:
    """JSON with exact numbers and readable Chinese."""
    return _MARKED.sub(r"\1", json.dumps(_plain(value), ensure_ascii=False, indent=indent))


def emit(rows: Iterable[Mapping[str, Any]], columns: Columns, format: str, words: Words | None = None) -> None:
    """Print records: a table of ``columns`` in ``words``, the whole records as JSON, or ``columns`` as CSV."""
    held = list(rows)
    if format == "json":
        click.echo(to_json(held))
    elif format == "csv":
        click.echo(_csv(held, columns), nl=False)
    else:
        _print_table([_in_words(row, words or {}) for row in held], columns)


def emit_one(
    record: Mapping[str, Any], format: str, headings: Columns | None = None, words: Words | None = None
) -> None:
    """Print one record: a line a field in ``headings`` and ``words``, one JSON object, or CSV of two columns."""
    columns = {"field": _("Field"), "value": _("Value")}
    if format == "json":
        click.echo(to_json(record))
    elif format == "csv":
        emit([{"field": key, "value": _text(value)} for key, value in record.items()], columns, format)
    else:
        told = _in_words(record, words or {})
        names = headings or {}
        emit(
            [{"field": str(names.get(key, key)), "value": _said(value)} for key, value in told.items()], columns, format
        )


def _in_words(row: Mapping[str, Any], words: Words) -> dict[str, Any]:
    return {key: words[key](value) if key in words and value not in (None, "") else value for key, value in row.items()}


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, (list, tuple, Mapping)):
        return to_json(value, indent=None)
    return str(_plain(value))


def _csv(rows: Sequence[Mapping[str, Any]], columns: Columns) -> str:
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_csv_text(row.get(key)) for key in columns] for row in rows)
    return target.getvalue()


def _csv_text(value: Any) -> str:
    """Numbers as they are; text that a spreadsheet would take for a formula made harmless."""
    text = _text(value)
    return text if _is_number(value) else str(safe_text(text))


def _print_table(rows: Sequence[Mapping[str, Any]], columns: Columns) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for key, heading in columns.items():
        table.add_column(str(heading), justify="right" if _is_numeric(rows, key) else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(row.get(key)) for key in columns))
    width = None if sys.stdout.isatty() else 240
    Console(width=width, soft_wrap=False, highlight=False, markup=False).print(table)


def _is_number(value: Any) -> bool:
    return isinstance(value, (Decimal, int, float)) and not isinstance(value, bool)


def _is_numeric(rows: Sequence[Mapping[str, Any]], key: str) -> bool:
    known = [row[key] for row in rows if row.get(key) is not None]
    return bool(known) and all(map(_is_number, known))


def _cell(value: Any) -> str:
    if isinstance(value, (Decimal, float)):
        return f"{value:,.2f}" if value != int(value) else f"{int(value):,}"
    return _said(value)


def _said(value: Any) -> str:
    """A value as people read it: yes or no, the time of this place, every digit of a number, a dash for the unknown."""
    if value is None:
        return "—"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, datetime) and timezone.is_aware(value):
        return f"{timezone.localtime(value):%Y-%m-%d %H:%M}"
    return _text(value)


Step = Callable[[int, int, str], None]
"""Done, total, and what is being done."""


@contextmanager
def progress_bar(title: str) -> Iterator[Step]:
    """A progress bar on the terminal, or a line a tenth where there is none."""
    if not sys.stderr.isatty():
        yield _lines(title)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(title, total=None)

        def step(done: int, total: int, note: str = "") -> None:
            progress.update(task, completed=done, total=total, description=note or title)

        yield step


def _lines(title: str) -> Step:
    told = -1

    def step(done: int, total: int, note: str = "") -> None:
        nonlocal told
        tenth = 10 * done // total if total else 0
        if tenth != told:
            told = tenth
            click.echo(f"{title} {10 * tenth}% {note}".rstrip(), err=True)

    return step

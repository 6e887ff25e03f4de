"""The room's data files, read once: CSV tables and the Chinese words the generator uses."""

import csv
import json
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files

__all__ = ["Cell", "Row", "Sheets", "keyed", "table", "text", "word", "words"]

Cell = str | int | Decimal | date | None
"""What a cell of a produced row may hold; None is an empty cell."""
Row = dict[str, Cell]
Sheets = dict[str, list[Row]]


def text(name: str) -> str:
    """The text of one packaged data file."""
    return files("nengtan.demo").joinpath("data", name).read_text(encoding="utf-8")


@cache
def table(name: str) -> Sequence[Mapping[str, str]]:
    """The rows of one packaged CSV file; an empty cell is an empty string."""
    return tuple(csv.DictReader(text(f"{name}.csv").splitlines()))


@cache
def keyed(name: str, *keys: str) -> Mapping[tuple[str, ...], Mapping[str, str]]:
    """The rows of one packaged CSV file by what identifies them."""
    return {tuple(row[key] for key in keys): row for row in table(name)}


@cache
def words() -> Mapping[str, object]:
    """Wording of made-up names, addresses and notes."""
    loaded: Mapping[str, object] = json.loads(text("words.json"))
    return loaded


def word(key: str, **values: object) -> str:
    """One wording, by a dotted key, with its places filled in."""
    found: object = words()
    for part in key.split("."):
        if not isinstance(found, Mapping):
            raise KeyError(key)
        found = found[part]
    return str(found).format(**values)

"""The returns behind a made report, packed beside it and unpacked when somebody opens a figure."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from nengtan.domain.returns.report import CarrierUse, Reporter, behind

_FIGURES = "figures"


def pack(
    reporters: Sequence[Reporter],
    seasons: Sequence[tuple[str, Sequence[Reporter]]],
    figures: Sequence[tuple[str, str]] = (),
) -> bytes:
    """Approved returns of the year and of its parts; the printed figures in order, each with key and name."""
    told: dict[str, list[Any]] = {"": [asdict(item) for item in reporters], _FIGURES: list(figures)}
    told |= {head: [asdict(item) for item in parts] for head, parts in seasons}
    return zlib.compress(json.dumps(told, default=str, ensure_ascii=False, separators=(",", ":")).encode())


def figures_of(packed: bytes) -> dict[str, str]:
    """The names of the figures a report prints, by key, in the order of their numbers."""
    return dict(json.loads(zlib.decompress(packed)).get(_FIGURES, ()))


def parts_of(packed: bytes, key: str) -> list[tuple[Reporter, Decimal | None]]:
    """The returns behind a figure, each with its own value.

    Raises:
        KeyError: there is no such figure.
    """
    held = json.loads(zlib.decompress(packed))
    measure, _, condition = key.partition(":")
    name, _, head = condition.partition("=")
    if name == "season":
        return behind([_reporter(item) for item in held[head]], measure)
    try:
        return behind([_reporter(item) for item in held[""]], key)
    except AttributeError as error:
        raise KeyError(key) from error


def _reporter(held: dict[str, Any]) -> Reporter:
    uses = {
        code: CarrierUse(**{name: _number(value) for name, value in use.items()})
        for code, use in held["carriers"].items()
    }
    amounts = {name: _number(value) for name, value in held["amounts"].items()}
    return Reporter(**{**held, "amounts": amounts, "carriers": uses})


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)

"""Words for codes of the reference data, in the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from django.db.models import Choices
from django.utils.translation import get_language

from nengtan import reference


class Named(Protocol):
    """Anything with a Chinese and an English name."""

    @property
    def name_zh(self) -> str: ...

    @property
    def name_en(self) -> str: ...


def named(entry: Named | None, code: str = "") -> str:
    """The name of an entry in the reader's language; the code itself where nobody knows it."""
    if entry is None:
        return code
    return entry.name_en if (get_language() or "").startswith("en") and entry.name_en else entry.name_zh


def carrier_word(code: str) -> str:
    """电力 or Electricity."""
    return named(reference.carriers().get(code), code)


def kind_word(code: str) -> str:
    """国家机关 or Government agency."""
    return named(reference.institution_types().get(code), code)


def system_word(code: str) -> str:
    """教育 or Education; empty where there is none."""
    return named(reference.systems().get(code), code)


def unit_word(code: str) -> str:
    """The symbol of a unit: m3 reads m³, 10MWh reads 万kWh."""
    unit = reference.units().get(code)
    return unit.symbol if unit else code


def choices(entries: Mapping[str, Named]) -> list[tuple[str, str]]:
    """Code and word of each entry, as forms and filters want them."""
    return [(code, named(entry, code)) for code, entry in entries.items()]


def label_of(kinds: type[Choices]) -> Callable[[object], str]:
    """What turns a code of a model's choices into its word; the code itself where nobody knows it."""
    return lambda code: str(kinds(code).label) if code in kinds.values else str(code)

"""Click's own words ("Usage", "Options", "Missing option") in the language of the person at the console."""

from __future__ import annotations

from types import ModuleType

import click
from rich.cells import cell_len

from nengtan.config.words import catalogue
from nengtan.config.wrapping import wrap_text

MODULES: tuple[ModuleType, ...] = (
    click.core,
    click.decorators,
    click.exceptions,
    click.formatting,
    click.parser,
    click.types,
    click.termui,
)

TYPES: dict[type[click.ParamType], str] = {
    kind: kind.name
    for kind in (
        click.types.StringParamType,
        click.types.IntParamType,
        click.types.FloatParamType,
        click.types.BoolParamType,
        click.IntRange,
        click.FloatRange,
        click.DateTime,
        click.File,
    )
}
"""Kinds of values and their names in English, as help and errors show them."""


formatting: ModuleType = click.formatting
"""Where click measures text; Chinese characters are two columns wide."""


def speak(language: str) -> None:
    """Let click, which asks Python's gettext for its words, find ours."""
    words = catalogue("click", language)
    for module in MODULES:
        for name, function in (("_", words.gettext), ("ngettext", words.ngettext)):
            if hasattr(module, name):
                setattr(module, name, function)
    for kind, english in TYPES.items():
        kind.name = words.gettext(english)
    formatting.term_len = cell_len  # type: ignore[attr-defined]
    formatting.wrap_text = wrap_text  # type: ignore[attr-defined]

"""Build hook: compile the translation catalogues, so that an install needs no GNU gettext.

``python hatch_build.py`` compiles them in the source tree, after a text has been translated.
"""

from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


def compile_catalogues(root: Path) -> None:
    """Turn every ``*.po`` of the package into the ``*.mo`` beside it."""
    for po in sorted((root / "src").rglob("*.po")):
        with po.open("rb") as source, po.with_suffix(".mo").open("wb") as target:
            write_mo(target, read_po(source))


class CompileMessages(BuildHookInterface[Any]):
    """Compiles before the package is put together."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        compile_catalogues(Path(self.root))


if __name__ == "__main__":
    compile_catalogues(Path(__file__).parent)

"""Parts that the pages of carbon reports have in common: tables, settings, files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext_lazy as _

from nengtan.carbon.documents import Format
from nengtan.carbon.report import Block, Head, Row, cell_text
from nengtan.carbon.words import SETTING_WORDS, SETTINGS
from nengtan.domain.carbon.inventory import Settings
from nengtan.identity.doors import ActorRequest
from nengtan.identity.roles import Capability
from nengtan.ledger.pages.explain import explain_url
from nengtan.ledger.queries.selection import Selection
from nengtan.reporting.report import pango
from nengtan.ui.components import Definition
from nengtan.ui.formats import DASH
from nengtan.ui.tables import Column, Table

__all__ = ["formats", "setting_pickers", "shown"]


class Whole(Table):
    """A table of the report: nothing is searched in it."""

    offered = ()
    exportable = False
    page_sizes = (12, 60)


def shown(block: Block, request: ActorRequest, selection: Selection) -> dict[str, Any]:
    """A table of a report on its page; of two columns of words a list of terms."""
    if len(block.heads) == 2 and not any(head.numeric for head in block.heads):
        terms = [Definition(cell_text(row.cells[0], block.heads[0]), row.cells[1] or DASH) for row in block.rows]
        return {"block": block, "definitions": terms}
    opens = request.actor.can(Capability.VIEW_LINEAGE)
    columns = [
        Column(
            f"c{at}", head.title, numeric=head.numeric, value=_value(at, head), render=_value(at, head),
            href=_href(at, selection) if opens else None, drawer=True, priority=1 if at == 0 else 2,
            whole=not head.numeric and head.width >= 30,
        )
        for at, head in enumerate(block.heads)
    ]  # fmt: skip
    code = block.code.lower()
    return {
        "block": block,
        "table": Whole(
            list(block.rows), request, id=code, caption=block.title, columns=columns, prefix=f"{code}_",
            empty_title=_("Nothing is recorded."),
        ),
    }  # fmt: skip


def _value(at: int, head: Head) -> Callable[[Row], str]:
    return lambda row: cell_text(row.cells[at], head)


def _href(at: int, selection: Selection) -> Callable[[Row], str]:
    def address(row: Row) -> str:
        figure = row.figures.get(at)
        if figure is None or row.cells[at] is None:
            return ""
        return explain_url(selection, figure["measure"], **{key: figure[key] for key in figure if key != "measure"})

    return address


def setting_pickers(settings: Settings) -> list[tuple[str, str, list[tuple[str, str]], str]]:
    """Each open question: its name in addresses, in words, its answers, and the one chosen."""
    return [
        (
            name,
            str(word),
            [(str(key), str(text)) for key, text in SETTING_WORDS[name].items()],
            str(getattr(settings, name)),
        )
        for name, word in SETTINGS.items()
    ]


def formats() -> dict[Format, str]:
    """The kinds of file this machine can make, with their names."""
    words = {Format.DOCX: "Word", Format.PDF: "PDF", Format.XLSX: "Excel"}
    return {kind: word for kind, word in words.items() if kind is not Format.PDF or not pango.missing()}

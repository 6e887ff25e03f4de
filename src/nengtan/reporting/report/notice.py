"""A publication in words: as a page, a Word document and a workbook, all from the same frozen content."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from docx.enum.text import WD_ALIGN_PARAGRAPH

from nengtan.domain.text import without_unclean
from nengtan.registry.models import Region
from nengtan.reporting import clock
from nengtan.reporting.report import shipped
from nengtan.reporting.report.phrasing import Phrases, number, signed
from nengtan.ui.formats import DASH
from nengtan.ui.sheets.writer import Sheet, SheetColumn, write_workbook
from nengtan.ui.words import kind_word, system_word

MEASURES = ("energy_tce", "kgce_per_m2", "kgce_per_person", "water_m3", "m3_per_person")


@dataclass(frozen=True)
class Part:
    """A table with its heading: texts as they are read, the first columns that are no numbers, relative widths.

    ``numbers`` names the columns of numbers where words stand behind them.
    """

    heading: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: int
    widths: tuple[int, ...]
    numbers: tuple[int, ...] = ()

    def is_number(self, at: int) -> bool:
        """Whether a column holds numbers."""
        return at in self.numbers if self.numbers else at >= self.words


@dataclass(frozen=True)
class Notice:
    """Everything a publication says."""

    title: str
    opening: tuple[str, ...]
    rankings: tuple[Part, ...]
    punctuality: Part
    overdue: Part
    lines: tuple[str, ...]
    made_on: str

    @property
    def parts(self) -> tuple[Part, ...]:
        """Every table that says something."""
        return (*self.rankings, self.punctuality, *([self.overdue] if self.overdue.rows else []))


def notice(
    title: str, region: Region, year: int, classes: str, content: Mapping[str, Any], day: date | None = None
) -> Notice:  # fmt: skip
    """A publication of a day, or its preview as of today, in the reader's language."""
    phrases, day = Phrases(), day or clock.today()
    values = content["total"]["values"]
    scope = {
        "bodies": content["total"]["bodies"], "energy": _number(values, "energy_tce"),
        "water": _number(values, "water_m3"), "area": _number(values, "kgce_per_m2"),
        "person": _number(values, "kgce_per_person"), "head": _number(values, "m3_per_person"),
    }  # fmt: skip
    opening = (
        phrases("publication.opening", region=region.label, year=year), phrases("publication.scope", **scope),
        phrases("publication.hidden"),
    )  # fmt: skip
    words = _heads(content, classes, phrases, region)
    rankings = tuple(_ranking(group, words[tuple(group["heads"])], phrases) for group in content["groups"])
    return Notice(
        title, opening, rankings, _tallies(content["tallies"], words, phrases), _overdue(content["notices"], phrases),
        tuple(line for item in content["notices"] for line in _lines(item, phrases)),
        phrases("made_on", year=day.year, month=day.month, day=day.day),
    )  # fmt: skip


def _number(values: Mapping[str, str | None], measure: str) -> str:
    return number(_decimal(values.get(measure)), measure)


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _heads(content: Mapping[str, Any], classes: str, phrases: Phrases, region: Region) -> dict[tuple[str, ...], str]:
    """The name of every class; several added up are named in brackets."""
    held: set[tuple[str, ...]] = {tuple(item["heads"]) for item in (*content["groups"], *content["tallies"])}
    codes = {code for heads in held for code in heads}
    names = {item.code: item.label for item in Region.objects.filter(code__in=codes)}
    names[region.code] = phrases("own_level", region=region.label)

    def word(code: str) -> str:
        if classes == "kind":
            return kind_word(code)
        if classes == "system":
            return system_word(code) if code else phrases("no_system")
        return names.get(code, code)

    found: dict[tuple[str, ...], str] = {}
    for heads in held:
        if len(heads) == 1:
            found[heads] = word(heads[0])
        else:
            members = joined([word(code) for code in heads[1:]], phrases)
            found[heads] = phrases("others_of", members=members)
    return found


def joined(names: Sequence[str], phrases: Phrases) -> str:
    """Names in one line."""
    found = names[0] if names else ""
    for name in names[1:]:
        found = phrases("list.join", left=found, right=name)
    return found


def _ranking(group: Mapping[str, Any], heading: str, phrases: Phrases) -> Part:
    columns = (
        phrases("column.rank"), phrases("column.name"),
        *(f"{phrases(f'measure.{name}')} [{phrases(f'unit.{name}')}]" for name in MEASURES), phrases("column.change"),
    )  # fmt: skip
    rows = [_row(row, row["name"]) for row in group["named"]]
    for key, row in (("others", group["others"]), ("total", group["total"])):
        if row:
            rows.append(_row(row, phrases("with_bodies", name=phrases(key), bodies=row["bodies"])))
    return Part(heading, columns, tuple(rows), 2, (10, 48, 22, 25, 25, 22, 21, 16))


def _row(row: Mapping[str, Any], name: str) -> tuple[str, ...]:
    figures = (_number(row["values"], measure) for measure in MEASURES)
    moved = signed(_decimal(row["change_percent"]))
    return (str(row["rank"] or ""), name, *figures, moved if row["name"] else "")


def _tallies(tallies: Sequence[Mapping[str, Any]], words: Mapping[tuple[str, ...], str], phrases: Phrases) -> Part:
    names = ("class", "owed", "in_time", "late", "outstanding", "sent_back")
    rows = [
        (
            words[tuple(item["heads"])], str(item["owed"]),
            *(str(item["handed"][way]) for way in ("in_time", "late", "outstanding")), str(item["sent_back"]),
        )
        for item in tallies
    ]  # fmt: skip
    columns = tuple(phrases(f"column.{name}") for name in names)
    return Part(phrases("publication.punctuality"), columns, tuple(rows), 1, (50, 18, 18, 18, 18, 22))


def _overdue(notices: Sequence[Mapping[str, Any]], phrases: Phrases) -> Part:
    """Who is late, by how many days; those that may not be named in one line."""
    rows: list[tuple[str, ...]] = []
    for item in notices:
        how = phrases(f"handed.{item['handed']}")
        rows += [(one["name"], how, str(one["days_late"])) for one in item["named"]]
        if item["others"]:
            rows.append((phrases("notice.more", others=item["others"]), how, DASH))
    columns = tuple(phrases(f"column.{name}") for name in ("name", "handed", "days_late"))
    return Part(phrases("publication.overdue"), columns, tuple(rows), 2, (70, 30, 30))


def _lines(item: Mapping[str, Any], phrases: Phrases) -> Iterator[str]:
    count = len(item["named"]) + item["others"]
    longest = max((one["days_late"] for one in item["named"]), default=None)
    if not count:
        yield phrases(f"notice.{item['handed']}.none")
    elif longest is None:
        yield phrases(f"notice.{item['handed']}.hidden", count=count)
    else:
        yield phrases(f"notice.{item['handed']}", count=count, longest=longest)
    if item["not_due"]:
        yield phrases("notice.not_due", count=item["not_due"])


def as_word(found: Notice) -> bytes:
    """The publication as a Word document in the style of the report."""
    document = shipped.styled()
    shipped.add_line(document, "title", without_unclean(found.title))
    shipped.add_line(document, "byline", Phrases()("in_brackets", text=found.made_on))
    for text in found.opening:
        shipped.add_line(document, "text", without_unclean(text))
    for part in found.parts:
        shipped.add_line(document, "subheading", part.heading)
        word_table(document, part)
    for text in found.lines:
        shipped.add_line(document, "text", without_unclean(text))
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def word_table(document: Any, part: Part) -> None:
    """A table at the end of a document, its heading row on every page."""
    table = document.add_table(rows=1, cols=len(part.columns))
    table.style = "Table Grid"
    shipped.repeat_heading(table)
    shipped.narrow_margins(table)
    for at, column in enumerate(part.columns):
        _word_cell(table.rows[0].cells[at], column, WD_ALIGN_PARAGRAPH.CENTER, bold=True)
    for row in part.rows:
        cells = table.add_row().cells
        for at, text in enumerate(row):
            align = WD_ALIGN_PARAGRAPH.RIGHT if part.is_number(at) else WD_ALIGN_PARAGRAPH.LEFT
            _word_cell(cells[at], without_unclean(text), align)
    shipped.keep_rows(table)
    shipped.set_widths(table, part.widths)


def _word_cell(cell: Any, text: str, align: WD_ALIGN_PARAGRAPH, bold: bool | None = None) -> None:
    held = cell.paragraphs[0]
    held.style = "Report cell"
    held.alignment = align
    held.add_run(text).bold = bold


def as_workbook(found: Notice) -> bytes:
    """The publication as a workbook: a sheet a class, and one of the reporting."""
    sheets = [Sheet(part.heading, _columns(part), [_cells(part, row) for row in part.rows]) for part in found.parts]
    notes = [found.title, found.made_on, *found.opening, *found.lines]
    return write_workbook(sheets, notes, Phrases()("notes"))


def _columns(part: Part) -> list[SheetColumn]:
    return [SheetColumn(column, 30 if at < part.words else 18) for at, column in enumerate(part.columns)]


def _cells(part: Part, row: Sequence[str]) -> list[str | Decimal | None]:
    return [_cell(text, at >= part.words) for at, text in enumerate(row)]


def _cell(text: str, is_number: bool) -> str | Decimal | None:
    """A number as a number, so that it can be added up; a dash is an empty cell."""
    if not is_number:
        return text
    plain = text.replace(",", "").replace("\u2212", "-").lstrip("+")
    return Decimal(plain) if plain.lstrip("-").replace(".", "", 1).isdecimal() else None

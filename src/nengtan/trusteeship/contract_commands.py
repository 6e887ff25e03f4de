"""Commands of contracts: a year settled from a file, without a database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nengtan.ui.cli import REFUSED, emit, emit_one, refuse_rows, to_json

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_OUT = click.Path(dir_okay=False, writable=True, path_type=Path)
FORMATS = ("text", "json", "xlsx", "docx")

SUMS = {
    "contract": gettext_lazy("Contract"),
    "year": gettext_lazy("Year of the contract"),
    "due": gettext_lazy("Sum due for the year"),
    "net": gettext_lazy("Without tax"),
    "tax": gettext_lazy("Tax"),
    "gross": gettext_lazy("With tax"),
    "paid": gettext_lazy("Paid already"),
    "balance": gettext_lazy("Left to pay (below 0: to pay back)"),
    "saved_share": gettext_lazy("Share saved"),
    "inputs_hash": gettext_lazy("Fingerprint of the figures given"),
    "result_hash": gettext_lazy("Fingerprint of the result"),
}


@click.group("contract", help=_("Contracts of energy services: yearly settlement."))
def contract() -> None:
    """Settling works without a database."""


@contract.command(
    "settle",
    help=_("Settle a year of a contract from a file: every line with its formula, the sums, the settlement sheet."),
)
@click.option(
    "--input", "path", required=True, type=_FILE,
    help=_("JSON file, or workbook with a sheet for each table, such as contract template writes."),
)  # fmt: skip
@click.option("--format", type=click.Choice(FORMATS), default="text", show_default=True, help=_("What to make of it."))
@click.option("--out", type=_OUT, help=_("File to write for xlsx and docx; beside the input unless told otherwise."))
def settle(path: Path, format: str, out: Path | None) -> None:
    """Exit code 1 when the file was refused or the year cannot be settled."""
    from nengtan.domain.settlement import engine
    from nengtan.trusteeship.settling.files import read_case
    from nengtan.trusteeship.settling.record import record

    case, faults = read_case(path.read_bytes(), path.name)
    if case is None:
        why = _("%(file)s: nothing was computed: mend the rows and try again.") % {"file": path.name}
        told = [{"file": path.name, **fault} for fault in faults]
        raise SystemExit(refuse_rows(told, {"settled": False}, "json" if format == "json" else "table", why))
    settled = engine.settle(case)
    if format == "json":
        click.echo(to_json(record(case, settled)))
    elif not settled.is_settled:
        for line in record(case, settled)["refusals"]:
            click.echo(line["message"], err=True)
        click.echo(_("%(file)s: the year cannot be settled.") % {"file": path.name}, err=True)
    elif format == "text":
        _print(record(case, settled))
    else:
        from nengtan.reporting import clock
        from nengtan.trusteeship.settling import word, workbook

        write = workbook.as_workbook if format == "xlsx" else word.as_document
        target = out or path.with_name(f"{path.stem}-settlement.{format}")
        target.write_bytes(write(case, settled, clock.today()))
        click.echo(_("Written: %(file)s") % {"file": target})
    if not settled.is_settled:
        raise SystemExit(REFUSED)


@contract.command("template", help=_("Write an empty workbook with a sheet for each table of a settlement."))
@click.argument("file", type=_OUT)
def template(file: Path) -> int:
    """An existing file is written over."""
    from nengtan.trusteeship.settling import workbook

    file.write_bytes(workbook.template())
    click.echo(_("Written: %(file)s") % {"file": file})
    return 0


def _print(told: dict[str, Any]) -> None:
    """Sums, then every line, then what to know."""
    from nengtan.trusteeship.settling.record import unit_shown, value_shown
    from nengtan.trusteeship.settling.words import SECTIONS
    from nengtan.ui.words import carrier_word

    sums = {key: told[key] for key in SUMS}
    for key in ("due", "net", "tax", "gross", "paid", "balance"):
        sums[key] = value_shown(sums[key], "CNY")
    emit_one(sums, "table", SUMS)
    click.echo()
    rows = [
        {**line, "value": value_shown(line["value"], line["unit"]), "unit": unit_shown(line["unit"]),
         "of": " ".join(part for part in (line["site"], carrier_word(line["carrier"])) if part),
         "evidence": _("; ").join(line["evidence"])}
        for line in told["lines"]
    ]  # fmt: skip
    columns = {
        "section": _("Part"), "of": _("Site and carrier"), "what": _("What"), "value": _("Value"), "unit": _("Unit"),
        "formula": _("Formula"), "clause": _("Clause"), "evidence": _("Evidence"),
    }  # fmt: skip
    emit(rows, columns, "table", {"section": SECTIONS.__getitem__})
    for one in told["notes"]:
        click.echo(f"- {one['message']}")

"""``python -m benchmarks``: build what is measured, measure it, print it, remove it."""

from __future__ import annotations

import argparse
import importlib
import os
import subprocess
import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from benchmarks.databases import Database
from benchmarks.measuring import Row, growth

MODULES = {
    "accounts": "accounts",
    "pages": "pages",
    "fact": "fact",
    "import": "imports",
    "demo-pages": "demo_pages",
    "review": "review",
    "rollup": "rollup",
    "cleaning": "cleaning",
    "telemetry": "telemetry",
    "mv": "mv",
}
SCALE = "4000,10000,40000"


def main(arguments: Sequence[str]) -> int:
    """Run what is asked for; 1 where a limit was missed."""
    asked = _parser().parse_args(arguments)
    if asked.database == "both":
        common = [*asked.names, "--scale", asked.scale]
        codes = [
            subprocess.run([sys.executable, "-m", "benchmarks", *common, "--database", kind], check=False).returncode
            for kind in ("sqlite", "postgres")
        ]
        return max(codes)
    sizes = sorted(int(size) for size in asked.scale.split(","))
    rows: list[Row] = []
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    Console().print(f"{asked.database} · {os.cpu_count()} cores, load {load}")
    with Database(asked.database) as database:
        for name in asked.names or MODULES:
            found = importlib.import_module(f"benchmarks.{MODULES[name]}").run(sizes, database)
            show(name, found)
            rows += found
    return int(any(row.kept is False for row in rows))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *MODULES], metavar="|".join(MODULES), help="all by default")
    parser.add_argument("--database", choices=("sqlite", "postgres", "both"), default="sqlite")
    parser.add_argument("--scale", default=SCALE, help=f"institutions of the provinces measured ({SCALE})")
    return parser


def show(name: str, rows: Sequence[Row]) -> None:
    """Print one benchmark's table."""
    table = Table(title=f"{name} · {rows[0].database}", title_justify="left")
    for heading, justify in (
        ("what", "left"), ("institutions", "right"), ("time", "right"), ("baseline", "left"), ("its time", "right"),
        ("ratio", "right"), ("limit", "right"), ("growth", "right"), ("", "left"), ("note", "left"),
    ):  # fmt: skip
        table.add_column(heading, justify=justify, overflow="fold")  # type: ignore[arg-type]
    whats = [row.what for row in rows]
    for row in sorted(rows, key=lambda row: (whats.index(row.what), row.size)):
        table.add_row(*_cells(row, [other for other in rows if other.what == row.what]))
    Console(width=160).print(table)


def _cells(row: Row, same: Sequence[Row]) -> list[str]:
    exponent = growth(same) if row.size == max(other.size for other in same) else None
    return [
        row.what,
        f"{row.size:,}",
        _time(row.seconds),
        row.baseline,
        "" if row.baseline_seconds is None else _time(row.baseline_seconds),
        "" if row.ratio is None else f"{row.ratio:.2f} ×" if row.ratio >= 0.1 else f"{row.ratio:.2g} ×",
        "" if row.limit is None else f"{row.limit:g} ×" if row.baseline_seconds else _time(row.limit),
        "" if exponent is None else f"n^{exponent:.2f}",
        {True: "kept", False: "MISSED", None: ""}[row.kept],
        row.note,
    ]


def _time(seconds: float) -> str:
    return f"{seconds:,.2f} s" if seconds >= 1 else f"{seconds * 1000:,.1f} ms"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

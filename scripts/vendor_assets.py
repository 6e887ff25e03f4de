"""Fetch the browser libraries that the pages need, or check that the vendored copies are untouched.

``python scripts/vendor_assets.py`` verifies every file against ``vendor.json``; with ``--refresh`` it first takes the
pinned packages with ``npm pack`` and rewrites files and manifest. To move to another version, edit ``PACKAGES``.
"""

import argparse
import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

UI = Path(__file__).resolve().parents[1] / "src" / "nengtan" / "ui"
VENDOR = UI / "static" / "ui" / "vendor"
ICONS = UI / "templates" / "ui" / "icons"
MANIFEST = VENDOR / "vendor.json"
SOURCE_MAP = re.compile(rb"\s*(?:/\*# sourceMappingURL=[^*]*\*/|//# sourceMappingURL=\S*)\s*$")

MIT_TABLER = """The MIT License (MIT)

Copyright (c) 2018-2026 The Tabler Authors

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""


@dataclass(frozen=True)
class Package:
    """One npm package: which of its files we keep, and in which folder."""

    name: str
    version: str
    folder: str
    licence: str
    members: tuple[str, ...]


PACKAGES = (
    # The package carries no licence file, only headers: its text is kept here.
    Package("@tabler/core", "1.6.1", "tabler", "MIT", ("dist/css/tabler.min.css", "dist/js/tabler.min.js")),
    Package(
        "echarts", "6.1.0", "echarts", "Apache-2.0", ("dist/echarts.min.js", "LICENSE", "NOTICE", "licenses/LICENSE-d3")
    ),
    Package("htmx.org", "2.0.11", "htmx", "0BSD", ("dist/htmx.min.js", "LICENSE")),
)
ICON_PACKAGE = Package("@tabler/icons", "3.51.0", "icons", "MIT", ("LICENSE",))
ICON_NAMES = [
    "alert-circle",
    "alert-triangle",
    "arrow-right",
    "book-2",
    "building",
    "building-community",
    "chart-bar",
    "check",
    "chevron-down",
    "chevron-right",
    "circle-check",
    "clock",
    "database",
    "device-desktop",
    "dots",
    "download",
    "droplet",
    "eye",
    "file-import",
    "file-text",
    "filter",
    "gauge",
    "history",
    "home",
    "info-circle",
    "key",
    "language",
    "layout-dashboard",
    "leaf",
    "link",
    "list-details",
    "lock",
    "logout",
    "map-pin",
    "menu-2",
    "moon",
    "pencil",
    "plug",
    "plus",
    "presentation",
    "printer",
    "refresh",
    "scale",
    "search",
    "selector",
    "settings",
    "sort-ascending",
    "sun",
    "table",
    "trash",
    "upload",
    "user",
    "users",
    "x",
]


def pack(package: Package, into: Path) -> tarfile.TarFile:
    """The package's archive as npm serves it."""
    command = ["npm", "pack", f"{package.name}@{package.version}", "--silent", "--pack-destination", str(into)]
    name = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip().splitlines()[-1]
    return tarfile.open(into / name)


def read(archive: tarfile.TarFile, member: str) -> bytes:
    """One file of the archive, its source-map comment taken off (the map is not shipped)."""
    stream = archive.extractfile(f"package/{member}")
    if stream is None:
        raise SystemExit(f"{member} is not a file in {archive.name}")
    return SOURCE_MAP.sub(b"\n", stream.read())


def store(package: Package, archive: tarfile.TarFile) -> dict[str, object]:
    """Write the kept files of one package and describe them for the manifest."""
    folder = VENDOR / package.folder
    folder.mkdir(parents=True, exist_ok=True)
    contents = {Path(member).name: read(archive, member) for member in package.members}
    contents.setdefault("LICENSE", MIT_TABLER.encode())
    for name, data in contents.items():
        (folder / name).write_bytes(data)
    files = {f"{package.folder}/{name}": hashlib.sha256(data).hexdigest() for name, data in sorted(contents.items())}
    return {"package": package.name, "version": package.version, "licence": package.licence, "files": files}


def store_icons(archive: tarfile.TarFile) -> None:
    """Write the icons as template includes that take their size and colour from the text around them."""
    ICONS.mkdir(parents=True, exist_ok=True)
    for name in ICON_NAMES:
        svg = read(archive, f"icons/outline/{name}.svg").decode()
        paths = "".join(re.findall(r"<(?:path|circle|rect|line)[^>]*/>", svg))
        (ICONS / f"{name}.html").write_text(
            '<svg class="icon" viewBox="0 0 24 24" width="18" height="18" fill="none" stroke="currentColor" '
            f'stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">{paths}</svg>'
        )
    (ICONS / "LICENSE").write_bytes(read(archive, "LICENSE"))


def refresh() -> None:
    """Take the pinned packages and rewrite everything vendored."""
    entries = []
    with tempfile.TemporaryDirectory() as scratch:
        for package in PACKAGES:
            with pack(package, Path(scratch)) as archive:
                entries.append(store(package, archive))
        with pack(ICON_PACKAGE, Path(scratch)) as archive:
            store_icons(archive)
    icons = {"package": ICON_PACKAGE.name, "version": ICON_PACKAGE.version, "licence": "MIT", "names": ICON_NAMES}
    MANIFEST.write_text(json.dumps({"packages": entries, "icons": icons}, indent=2) + "\n")


def problems() -> list[str]:
    """What differs from the manifest: changed, missing and unlisted files."""
    expected: dict[str, str] = {}
    for entry in json.loads(MANIFEST.read_text())["packages"]:
        expected.update(entry["files"])
    found = {
        path.relative_to(VENDOR).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(VENDOR.rglob("*"))
        if path.is_file() and path != MANIFEST
    }
    changed = [f"changed or missing: {name}" for name, digest in expected.items() if found.get(name) != digest]
    return changed + [f"not in the manifest: {name}" for name in found if name not in expected]


def main() -> int:
    """Refresh when asked, then verify; 1 when a file is not what the manifest says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--refresh", action="store_true", help="fetch the pinned packages again with npm pack")
    if parser.parse_args().refresh:
        refresh()
    found = problems()
    for line in found:
        sys.stderr.write(line + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())

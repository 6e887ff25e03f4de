"""The vendored browser libraries are the ones the manifest names, licences beside them, nothing loaded from afar."""

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
UI = ROOT / "src" / "nengtan" / "ui"


def test_every_vendored_file_has_its_hash() -> None:
    result = subprocess.run(
        [sys.executable, ROOT / "scripts" / "vendor_assets.py"], capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stderr) == (0, "")


def test_every_package_carries_its_licence() -> None:
    manifest = json.loads((UI / "static/ui/vendor/vendor.json").read_text())
    assert all(any(name.endswith("/LICENSE") for name in entry["files"]) for entry in manifest["packages"])


def test_pages_load_nothing_from_elsewhere() -> None:
    own = [*UI.rglob("templates/**/*.html"), *UI.glob("static/ui/*")]
    for path in (path for path in own if path.is_file()):
        assert not re.search(
            r"(src|href)=[\"']https?://|@import|url\(\s*[\"']?https?:", path.read_text(encoding="utf-8")
        ), path


def test_every_icon_used_is_there() -> None:
    names = {path.stem for path in (UI / "templates/ui/icons").glob("*.html")}
    used = set()
    for path in (ROOT / "src").rglob("*.html"):
        used |= set(re.findall(r'{% icon "([\w-]+)"', path.read_text(encoding="utf-8")))
    assert used <= names

"""What the worker does for a demonstration: its simulated meters go on being read."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from nengtan.demo.feeding import go_on
from nengtan.ui import jobs


@jobs.steadily("demo.live")
def read_meters() -> None:
    """Once a minute; where there is no demonstration, nothing."""
    go_on(Path(settings.CONFIG.dir))

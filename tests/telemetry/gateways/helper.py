"""Commands and code of one installation in one process that stays: a start of its own for each would take seconds.

``python -m tests.telemetry.gateways.helper`` reads a request a line (JSON) and answers each on a line.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import traceback
from typing import Any


def main() -> None:
    """Answer until the input ends."""
    from nengtan.config import cli

    cli._prepare()
    for line in sys.stdin:
        asked: dict[str, Any] = json.loads(line)
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = _command(asked["words"]) if "words" in asked else _code(asked["code"])
        sys.stdout.write(json.dumps([code, out.getvalue(), err.getvalue()]) + "\n")
        sys.stdout.flush()


def _command(words: list[str]) -> int:
    from nengtan.config import cli, group

    try:
        group.run(words, "0", cli.ROOMS)
    except SystemExit as end:
        return int(end.code or 0)
    except Exception:  # noqa: BLE001 - told to whoever asked
        traceback.print_exc()
    return 1


def _code(code: str) -> int:
    try:
        exec(compile(code, "code", "exec"), {})  # noqa: S102 - code of the tests
    except Exception:  # noqa: BLE001 - told to whoever asked
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    main()

"""A lock on an open file, which ends with the process that holds it, however that ends."""

from __future__ import annotations

import sys
from typing import IO

if sys.platform == "win32":
    import msvcrt

    def held(file: IO[str]) -> bool:
        """Take the lock if nobody else has it; whether it is ours."""
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def held(file: IO[str]) -> bool:
        """Take the lock if nobody else has it; whether it is ours."""
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

"""Temporary folders of which a process that is killed leaves none for long: the next one removes them.

Each is locked while it is in use. The system gives up the lock of a process however that ends.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType

_FRESH_SECONDS = 60.0
"""So young a folder may just be about to be locked."""


class ScratchFolder:
    """A new folder, until ``cleanup`` or the end of the ``with`` statement.

    Args:
        prefix: what its name begins with; what killed processes have left of this prefix is removed.
        parent: where it is to be; default: the system's folder of temporary files.

    Raises:
        OSError: it cannot be made.
    """

    def __init__(self, prefix: str, parent: Path | None = None) -> None:
        place = parent or Path(tempfile.gettempdir())
        remove_abandoned(prefix, place)
        self.path = Path(tempfile.mkdtemp(prefix=prefix, dir=place))
        self._lock = _locked(self.path)

    def cleanup(self) -> None:
        """Remove it; what cannot be removed stays."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> Path:
        return self.path

    def __exit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.cleanup()


def remove_abandoned(prefix: str, parent: Path) -> None:
    """Remove folders of this prefix, of this user's, that no process has in use."""
    with suppress(OSError):
        for path in list(parent.glob(f"{prefix}*")):
            with suppress(OSError):
                status = path.lstat()
                if status.st_uid != os.getuid() or time.time() - status.st_mtime < _FRESH_SECONDS:
                    continue
                lock = _locked(path)
                if lock is not None:
                    shutil.rmtree(path, ignore_errors=True)
                    os.close(lock)


def _locked(path: Path) -> int | None:
    """The lock of a folder; None where another process has it, or there are no locks here."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle

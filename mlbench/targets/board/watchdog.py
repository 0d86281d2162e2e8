"""No watchdog awake when a board is uploaded to: it would break the upload off, and half an image start.

A watchdog outlives soft resets, uploads and whoever started it. Beside a board's lock stands until when it
may be awake, so that the next run knows of a run that was killed; and an image of ours that talks says so.
"""

from __future__ import annotations

import re
import time
from contextlib import suppress
from pathlib import Path

from mlbench.host.cache_dir import Say
from mlbench.targets.board.console import SerialConsole
from mlbench.targets.board.records import CommandChannel

_LISTEN_SECONDS = 0.4
"""An image of ours that talks says hello ten times a second."""
_LONGEST_SECONDS = 600.0
_MOST_BYTES = 64


class WatchdogDeadline:
    """Until when a board's watchdog may be awake: a file beside its lock, for who holds that."""

    def __init__(self, lock: Path) -> None:
        self._path = lock.with_suffix(".awake")

    def until(self, seconds: float) -> None:
        """It may be awake for so long from now on. A file that cannot be written costs no run."""
        with suppress(OSError):
            self._path.write_text(f"{time.time() + seconds:.0f}\n")

    def no_more(self) -> None:
        """It is not awake."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    @property
    def seconds(self) -> float:
        """For how long it may still be awake; 0 where nothing is known."""
        try:
            with self._path.open("rb") as file:
                left = float(file.read(_MOST_BYTES)) - time.time()
        except (OSError, ValueError):
            return 0.0
        return min(max(left, 0.0), _LONGEST_SECONDS)


def wait_watchdog(console: SerialConsole, awake: WatchdogDeadline, say: Say) -> None:
    """Wait until no watchdog is awake, as far as can be known.

    Args:
        console: the board's line; it is closed afterwards.
        awake: what the last run has left.
        say: told of waiting.
    """
    left = awake.seconds
    if left > _LISTEN_SECONDS:
        say(f"waiting {left:.0f} s at most for the board's watchdog, which an earlier run has left awake")
    clock = console.times.clock
    deadline = clock() + max(left, _LISTEN_SECONDS)
    while (rest := deadline - clock()) > 0:
        for line in console.lines(min(rest, _LISTEN_SECONDS)):
            verb, *words = line.words
            if verb != "hello" or len(words) != 4 or not re.fullmatch("[0-9a-f]{8}", words[0]):
                continue
            if words[3] == "1":
                say("letting the board's watchdog rest, which an earlier run has left awake")
                CommandChannel.stop_watchdog(console, int(words[0], 16))
            deadline = 0.0
            break
    console.close()
    awake.no_more()

"""Boards that keep no records: each probe is uploaded, and what comes of it is heard on the line.

Two ways. An image with mlbench's harness says each span and how it ended, in lines with checksums. The
faithful way is that of the document this project was made from: the sketch has N as a literal, and any byte
that it sends is success.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from mlbench.build.firmware import BoardImage, Firmware
from mlbench.setup.home import Say
from mlbench.targets.board_orders import Silence
from mlbench.targets.checked_lines import CheckedLine
from mlbench.targets.protocol import Mark, MarkKind, Outcome, Probe, RunResult

if TYPE_CHECKING:
    from mlbench.targets.board import Uploads

_BOOT_SECONDS = 10.0
"""Beyond the firmware's own time: start-up, and the port's return after the upload."""
_KINDS = {"0": MarkKind.INIT, "1": MarkKind.INFERENCE}
_LIBRARY = {"init_time": MarkKind.INIT, "inference_time": MarkKind.INFERENCE}
_LAST_SECONDS = 0.5
_MOST_ATTEMPTS = 3


class Live:
    """Runs of one sketch, an upload each."""

    def __init__(self, uploads: Uploads, firmware: Firmware, way: str, say: Say) -> None:
        self._uploads, self._firmware, self._way, self._say = uploads, firmware, way, say

    def run(self, image: BoardImage, probe: Probe, deadline_us: float) -> RunResult:
        """Upload an image with the harness (or a sketch with marks of its own), and hear what it says."""
        for attempt in range(1, _MOST_ATTEMPTS + 1):
            result = self._heard(image, probe, deadline_us)
            gaps = self._uploads.console.reader.gaps
            if result.outcome is not Outcome.PASSED or not gaps or attempt == _MOST_ATTEMPTS:
                break
            self._say(f"{self._firmware.name}: {gaps} lines came damaged; running it again")
        return result

    def faithful(self, image: BoardImage, probe: Probe, deadline_us: float) -> RunResult:
        """Upload a sketch with a literal N, and wait for a byte."""
        console = self._uploads.console
        self._uploads.upload(image)
        console.reader.__init__()  # type: ignore[misc]
        begin = time.monotonic()
        came = console.listen(deadline_us / 1e6)
        passed = came > 0
        reason = "" if passed else f"nothing came within {deadline_us / 1e6:g} s of malloc({probe.alloc})"
        outcome = Outcome.PASSED if passed else Outcome.HUNG
        us = 1e6 * (time.monotonic() - begin)
        return RunResult(outcome, reason, console.reader.text(), (), us)

    def _heard(self, image: BoardImage, probe: Probe, deadline_us: float) -> RunResult:
        raise NotImplementedError

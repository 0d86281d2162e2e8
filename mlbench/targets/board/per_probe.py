"""Boards that keep no records: each probe is uploaded, and what comes of it is heard on the line.

There are two methods. An image with mlbench's harness reports each span and how the run ended, in lines with
checksums. One image per N is the method of the document that this project was made from: the sketch has N as
a literal, and any byte that it sends is success.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mlbench.core.execution import Outcome, Probe, RunResult, SpanKind, TimedSpan
from mlbench.core.firmware import BoardImage, Firmware
from mlbench.host.cache_dir import Say
from mlbench.targets.board.console import SerialConsole
from mlbench.targets.board.line_protocol import LIBRARY, CheckedLine, LineReader

if TYPE_CHECKING:
    from mlbench.targets.board.target import Uploads

BOOT_SECONDS = 10.0
"""Beyond the firmware's own time: start-up, and the port's return after the upload."""
_LIBRARY = dict(zip(LIBRARY, (SpanKind.INIT, SpanKind.INFERENCE), strict=True))
_NUMBER = re.compile("[0-9]{1,10}")
_LISTEN_SECONDS = 0.2
_QUIET_SECONDS = 1.0
"""So long no further inference comes when the sketch has made its last; at least four times its length."""
_MOST_ATTEMPTS = 3


class PerProbeUpload:
    """Runs of one sketch, an upload each.

    Args:
        uploads: what uploads, and the line.
        firmware: the sketch.
        method: how it is measured.
        say: told of what is repeated, and why.
        boot: seconds beyond the firmware's own time.
    """

    def __init__(
        self, uploads: Uploads, firmware: Firmware, method: str, say: Say, boot: float = BOOT_SECONDS
    ) -> None:
        self._uploads, self._firmware, self._method, self._say = uploads, firmware, method, say
        self._boot = boot

    def run(self, image: BoardImage, probe: Probe, deadline_us: float) -> RunResult:
        """Upload an image with the harness (or a sketch with marks of its own), and hear what it says."""
        for attempt in range(1, _MOST_ATTEMPTS + 1):
            console = self._started(image)
            heard = _Heard(image.harness is not None, self._method)
            result = heard.until_the_end(console, probe, deadline_us, self._boot)
            gaps = console.reader.gaps
            if result.outcome is not Outcome.PASSED or not gaps or attempt == _MOST_ATTEMPTS:
                break
            self._say(f"{self._firmware.name}: {gaps} lines came damaged; running it again")
        return result

    def faithful(self, image: BoardImage, probe: Probe, deadline_us: float) -> RunResult:
        """Upload a sketch with a literal N, and wait for a byte."""
        console = self._started(image)
        clock = console.times.clock
        begin = clock()
        passed = console.listen(deadline_us / 1e6 + self._boot) > 0
        reason = "" if passed else f"nothing came within {deadline_us / 1e6:g} s of malloc({probe.alloc})"
        us = 1e6 * (clock() - begin)
        outcome = Outcome.PASSED if passed else Outcome.HUNG
        return RunResult(outcome, reason, console.reader.text(), (), us)

    def _started(self, image: BoardImage) -> SerialConsole:
        self._uploads.upload(image)
        console = self._uploads.console
        console.reader = LineReader()
        return console


class _Heard:
    """What one run has said so far."""

    def __init__(self, harness: bool, method: str) -> None:
        self._harness, self._method = harness, method
        self._init: TimedSpan | None = None
        self._inferences: list[TimedSpan] = []
        self._checksum = b""
        self._end: Outcome | None = None

    def until_the_end(
        self, console: SerialConsole, probe: Probe, deadline_us: float, boot: float
    ) -> RunResult:
        """Listen until the run has ended, or its time is over."""
        clock = console.times.clock
        begin = since = clock()
        deadline = begin + deadline_us / 1e6 + boot
        while True:
            lines = console.lines(_LISTEN_SECONDS)
            now = clock()
            for line in lines:
                self._take(line)
            since = now if lines else since
            text = console.reader.text()
            result = self._ended(probe, now - since, text)
            if result is None and now > deadline:
                result = self._late(probe, deadline_us, text)
            if result is not None:
                spans = (*([self._init] if self._init else []), *self._inferences)
                outputs = (self._checksum,) if self._checksum else ()
                return RunResult(*result, text, spans, 1e6 * (now - begin), outputs=outputs)

    def _take(self, line: CheckedLine) -> None:
        verb, *words = line.words
        if (verb in LIBRARY) == self._harness:
            return  # what the harness says is said again where it may not have been heard
        if line.number == 0:
            # It was reset, and begins anew.
            self._init, self._inferences, self._end = None, [], None
        if verb == "span" and len(words) in (3, 4):
            self._state(words, new=True)
        elif verb in _LIBRARY and len(words) == 2 and words[1] == "us" and _NUMBER.fullmatch(words[0]):
            self._marked(_LIBRARY[verb], float(words[0]))
        elif verb == "end" and words == ["2"]:
            self._end = Outcome.NO_MEMORY
        elif verb == "end" and words[:1] == ["1"] and len(words) in (4, 5):
            # The inferences themselves may have come before the port was opened.
            self._state(words[1:], new=not self._inferences and words[1] != "0")
            self._end = Outcome.PASSED

    def _state(self, words: list[str], *, new: bool) -> None:
        if not (re.fullmatch("[0-9a-f]{8}", words[2]) and all(_NUMBER.fullmatch(w) for w in words[1::2])):
            return  # a line of the sketch's own that looks like ours
        us, checksum = float(words[1]), int(words[2], 16).to_bytes(4, "little")
        if len(words) == 4:
            self._init = TimedSpan(SpanKind.INIT, float(words[3]))
        if new:
            self._inferences.append(TimedSpan(SpanKind.INFERENCE, us))
            self._checksum = checksum

    def _marked(self, kind: SpanKind, us: float) -> None:
        if kind is SpanKind.INFERENCE:
            self._inferences.append(TimedSpan(kind, us))
        elif not self._inferences:
            # The last initialization before the first inference counts.
            self._init = TimedSpan(kind, us)

    def _ended(self, probe: Probe, quiet: float, text: bytes) -> tuple[Outcome, str] | None:
        if self._end is Outcome.NO_MEMORY:
            return Outcome.NO_MEMORY, f"malloc({probe.alloc}) returned NULL"
        if self._end is Outcome.PASSED:
            return Outcome.PASSED, ""
        if self._method == "template":
            # Without the harness any byte says that setup() is through, as in the document.
            return (Outcome.PASSED, "") if not self._harness and text and quiet > _QUIET_SECONDS else None
        spans = self._inferences
        if len(spans) >= probe.inferences:
            return Outcome.PASSED, ""
        if probe.alloc is not None:
            return None  # silence behind the first one may be what the allocation has done
        patience = max(_QUIET_SECONDS, 4 * spans[-1].us / 1e6) if spans else 0.0
        return (Outcome.PASSED, "") if spans and quiet > patience + _LISTEN_SECONDS else None

    def _late(self, probe: Probe, deadline_us: float, text: bytes) -> tuple[Outcome, str]:
        if self._inferences and probe.alloc is None:
            return Outcome.PASSED, ""
        if self._inferences:
            progress = f"made {len(self._inferences)} of {probe.inferences} inferences"
            return Outcome.HUNG, f"{progress} within {deadline_us / 1e6:g} s"
        output = "printed nothing that could be understood" if text else "printed nothing"
        return Outcome.HUNG, f"{output} of its inference within {deadline_us / 1e6:g} s"

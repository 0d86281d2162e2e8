"""A real board on a serial port as a target: firmware is uploaded, its own clock times it.

Where the chip keeps records (``keeps.records`` of the board) one upload serves all runs: see
``records``. Elsewhere each probe is an image of its own, see ``per_probe``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

from mlbench.boards import Board
from mlbench.core.execution import (
    Allocator,
    Functions,
    Instrument,
    NoProbes,
    Outcome,
    PredictedLimit,
    Probe,
    RunResult,
    SpanKind,
)
from mlbench.core.firmware import BoardBuild, BoardImage, Firmware
from mlbench.core.inputs import NO_INPUTS, Inputs
from mlbench.elf.composed import read_parts
from mlbench.elf.image import Image
from mlbench.errors import EnvironmentFault, SketchError, UsageError
from mlbench.host.cache_dir import Say
from mlbench.ports.lock import BoardLock
from mlbench.suite.inputs import refused_sensors
from mlbench.targets.board.console import SerialConsole
from mlbench.targets.board.per_probe import BOOT_SECONDS, PerProbeUpload
from mlbench.targets.board.records import (
    MOST_INFERENCES,
    SPARE_SECONDS,
    Command,
    CommandChannel,
    CommandResult,
    Silence,
)
from mlbench.targets.functions import method_of, resolve_functions

VERSION = "1"
"""Of what sketches are linked with and of how it measures: raised with any change that moves a figure."""

_MOST_DISTURBED = 3
_LEAST_MS, _FIRST_MS = 1000, 8000
_BOOT_MS = 2000
"""Added to the watchdog's time: from the reset to setup() and, behind it, to the last record."""


class Uploads(Protocol):
    """Puts images on the board that is leased."""

    @property
    def count(self) -> int:
        """Uploads so far."""

    def upload(self, image: BoardImage) -> None:
        """Put an image on the board, and let ``console`` look for its port. Raises EnvironmentFault."""

    @property
    def console(self) -> SerialConsole:
        """The board's line."""

    def awake(self, seconds: float) -> None:
        """The board's watchdog may be awake for so long: nothing is to be uploaded meanwhile."""

    def asleep(self) -> None:
        """It is not, any more."""


Rebuild = Callable[[BoardBuild, "int | None"], Firmware]
"""Builds the sketch once more: with a harness, or with a literal N."""


@dataclass(frozen=True)
class BoardTarget:
    """Measures on a board.

    Args:
        board: its definition.
        acquire: takes a board that is free, for one firmware, and gives what uploads to it.
        rebuild: builds the sketch anew; None where there is no compiler.
        predict_limit: the limit of unused RAM by an emulator, where the board has one.
        say: told of what is repeated, and why.
        faithful: one image per N. N is a literal, and any byte that comes is success.
        spare_seconds: beyond the firmware's own time, until a board counts as silent.
    """

    board: Board
    acquire: Callable[[], tuple[BoardLock, Uploads]]
    rebuild: Rebuild | None
    predict_limit: Callable[[Firmware], PredictedLimit | None] | None
    say: Say
    faithful: bool = False
    spare_seconds: float = SPARE_SECONDS

    @property
    def instrument(self) -> Instrument:
        """See ``Target``."""
        return Instrument(self.board.id, "board", VERSION, "micros()")

    def open(self, firmware: Firmware, functions: Functions, inputs: Inputs = NO_INPUTS) -> BoardSession:
        """See ``Target``. The board is taken with the first run.

        Raises:
            UsageError: there are inputs for sensors, which feel what is around the board.
        """
        if inputs.sensors:
            raise refused_sensors(inputs.sensors, firmware.name)
        named = resolve_functions(Image.load(firmware.elf), functions)
        if firmware.board is None:
            raise UsageError("no image for a board was built", do="build it with this version")
        if read_parts(Image.load(firmware.elf)) is not None:
            do = "measure it with `backend: emulator`, or with the core mlbench:nrf52840"
            raise SketchError(firmware.board.missing, where=firmware.name, do=do)
        method = method_of(firmware, functions, named)
        if method == "functions":
            missing = firmware.board.missing
            if firmware.board.harness is None and not missing:
                missing = f"functions cannot be timed from outside on {self.board.name}: use the library"
            if missing:
                raise SketchError(missing, where=firmware.name)
        if self.faithful and method != "template":
            what = "one image per N needs a sketch with $alloc_size"
            raise UsageError(what, where=firmware.name, do="use another --ram-search, or say it in setup()")
        session = BoardSession(self, firmware, method, typed="".join(text.text for text in inputs.serial))
        if session.typed and not session.recorded:
            what = f"nothing can be typed on {self.board.name} while it is measured"
            raise UsageError(what, where=firmware.name, do="leave `inputs: serial` out")
        return session


@dataclass
class BoardSession:
    """One firmware on one board, which is held from the first run until ``close``."""

    target: BoardTarget
    firmware: Firmware
    method: str
    runs: int = 0
    typed: str = ""
    """What is sent to the sketch in each run, as soon as it may begin."""
    _lease: tuple[BoardLock, Uploads] | None = None
    _channel: CommandChannel | None = None
    _per_probe: PerProbeUpload | None = None
    _notes: list[str] = field(default_factory=list)

    exact = False
    most_islands = 0

    @property
    def resolution_us(self) -> float | None:
        """The step of the clock that times are taken with."""
        return self.target.board.micros_us

    @property
    def image(self) -> BoardImage:
        """What is uploaded."""
        assert self.firmware.board is not None
        return self.firmware.board

    @property
    def _uploads(self) -> Uploads:
        """The board; waited for where others hold all that would do."""
        if self._lease is None:
            self._lease = self.target.acquire()
        return self._lease[1]

    @property
    def recorded(self) -> bool:
        """Whether one upload serves for all runs."""
        return self.image.harness is not None and self.image.harness.records is not None

    def run(self, probe: Probe, deadline_us: float) -> RunResult:
        """See ``Session``. ``deadline_us`` is time of the board's."""
        if self.recorded:
            return self._in_orders(probe, deadline_us)
        return self._in_live(probe, deadline_us)

    def replay(self) -> Allocator | None:
        """See ``Session``: none."""
        return None

    def predicted_limit(self) -> PredictedLimit:
        """The limit by an emulator of this board, or what static RAM leaves."""
        prediction = (
            self.target.predict_limit(self.firmware) if self.target.predict_limit is not None else None
        )
        if prediction is not None and not self.image.extra_ram:
            return prediction
        if prediction is not None:
            # The heap begins that much higher, on a boundary of eight bytes.
            return PredictedLimit(max(0, prediction.limit - -(-self.image.extra_ram // 8) * 8))
        ram = self.target.board.ram
        sections = Image.load(self.image.elf).static_ram((ram.start, ram.start + ram.size))
        return PredictedLimit(max(0, ram.size - sum(size for _, size in sections)))

    def close(self) -> None:
        """See ``Session``."""
        if self._lease is None:
            return
        lock, uploads = self._lease
        try:
            if self._channel is not None and self._channel.rest():
                uploads.asleep()
        finally:
            uploads.console.close()
            lock.release()
            self._lease = None

    def remarks(self) -> tuple[str, ...]:
        """What it took, for the user."""
        if self._lease is None:
            return ()
        uploads = self._lease[1].count
        took = f"{uploads} upload{'s' * (uploads != 1)} and {self.runs} runs on the board"
        return (took, *dict.fromkeys(self._notes))

    # --- one upload, many channel -------------------------------------------------------------

    def _in_orders(self, probe: Probe, deadline_us: float) -> RunResult:
        watchdog = self.target.board.watchdog
        longest = watchdog.longest_ms if watchdog is not None else _FIRST_MS
        milliseconds = min(max(_LEAST_MS, int(deadline_us / 1e3)), longest - _BOOT_MS)
        command = Command(probe.alloc, min(probe.inferences, MOST_INFERENCES), milliseconds + _BOOT_MS)
        if probe.alloc is not None:
            return self._result(self._executed(command))
        # Once it runs it keeps its time until it bites: a short one is enough for most sketches.
        short = replace(command, watchdog_ms=min(milliseconds, _FIRST_MS) + _BOOT_MS)
        answer = self._executed(short)
        if answer.outcome is Outcome.HUNG and milliseconds > _FIRST_MS:
            answer = self._executed(command)
        return self._result(self._repeated(short, answer))

    def _repeated(self, command: Command, answer: CommandResult) -> CommandResult:
        """A sketch that infers once a start is started as often as inferences are wanted."""
        spans, once = list(answer.spans), _inferences(answer) == 1
        while once and answer.outcome is Outcome.PASSED and _inferences(answer) < command.inferences:
            more = self._executed(replace(command, inferences=1))
            if more.outcome is not Outcome.PASSED or more.checksums != answer.checksums[:1]:
                return more if more.outcome is not Outcome.PASSED else answer
            spans += [mark for mark in more.spans if mark.kind is SpanKind.INFERENCE]
            answer = replace(answer, spans=tuple(spans))
        return answer

    def _executed(self, command: Command) -> CommandResult:
        """The result of a command. One that a reset from outside disturbed is given again."""
        for _ in range(_MOST_DISTURBED):
            answer = self._attempt(command)
            self.runs += 1
            if not answer.disturbed:
                return answer
            self._again(f"a run was repeated: {answer.reason}")
        what = f"{_MOST_DISTURBED} runs in a row were disturbed: {answer.reason}"
        port = self._uploads.console.port
        raise EnvironmentFault(what, where=port.device, do="look at its cable and power")

    def _attempt(self, command: Command) -> CommandResult:
        """A command on the image; a board that fell silent gets it once more."""
        for last in (False, True):
            try:
                if self._channel is None:
                    self._channel = self._begin()
                self._uploads.awake(self._channel.awake_seconds_with(command))
                return self._channel.execute(command, self.typed.encode())
            except Silence as silence:
                self._channel = None
                if last:
                    raise
                self._again(f"the sketch was uploaded again: {silence.what}")
        raise AssertionError

    def _begin(self) -> CommandChannel:
        self._uploads.upload(self.image)
        channel = CommandChannel(self._uploads.console, self.image.session, self.target.spare_seconds)
        channel.begin()
        return channel

    def _again(self, why: str) -> None:
        self.target.say(f"{self.firmware.name}: {why}")
        self._notes.append(why)

    def _result(self, answer: CommandResult) -> RunResult:
        serial = self._uploads.console.reader.text()
        # How many inferences there were counts as well: a probe that makes fewer has not passed.
        numbers = (*answer.checksums[-1:], len(answer.checksums))
        outputs = tuple(number.to_bytes(4, "little") for number in numbers)
        return RunResult(
            answer.outcome,
            answer.reason,
            serial,
            answer.spans,
            answer.us,
            outputs=outputs,
            # A line may lose bytes: what a sketch prints is shown, and compared by nobody.
            lines=(),
        )

    # --- an image a probe --------------------------------------------------------------------

    def _in_live(self, probe: Probe, deadline_us: float) -> RunResult:
        if self._per_probe is None:
            boot = min(BOOT_SECONDS, self.target.spare_seconds)
            self._per_probe = PerProbeUpload(self._uploads, self.firmware, self.method, self.target.say, boot)
        image = self._image_for(probe)
        by_byte = self._by_byte and probe.alloc is not None
        result = (self._per_probe.faithful if by_byte else self._per_probe.run)(image, probe, deadline_us)
        self.runs += 1
        # One image per N compares nothing: a byte that comes is all it asks for.
        return replace(result, lines=(), outputs=() if self._by_byte else result.outputs)

    @property
    def _by_byte(self) -> bool:
        """Whether probes use one image per N: because it is asked for, or because no other is possible."""
        return self.target.faithful or self.image.harness is None

    def _image_for(self, probe: Probe) -> BoardImage:
        if probe.alloc is None:
            return self.image
        if self.target.rebuild is None:
            raise NoProbes("each probe on this board is an image of its own, and no compiler is to be used")
        if self._by_byte:
            if not self.firmware.is_template:
                raise NoProbes(f"on {self.target.board.name} only sketches with $alloc_size can be probed")
            built = self.target.rebuild(BoardBuild(), probe.alloc)
        else:
            assert self.image.harness is not None
            harness = replace(self.image.harness, alloc=probe.alloc)
            built = self.target.rebuild(BoardBuild(harness), None)
        if built.board is None:
            raise SketchError("does not fit the board with a probe in it", where=self.firmware.name)
        return built.board


def _inferences(answer: CommandResult) -> int:
    return sum(mark.kind is SpanKind.INFERENCE for mark in answer.spans)

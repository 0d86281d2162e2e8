"""A device under Renode: its serial line in virtual time; no look into the chip."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from mlbench.boards import board_for
from mlbench.errors import UsageError
from mlbench.renode.machine import RenodeMachine
from mlbench.renode.process import CpuAborted, RenodeProcess
from mlbench.renode.trace import ENDS
from mlbench.suite.suite_file import DEFAULT_BOARD
from mlbench.targets.renode.plan import usb_hooks, vectors_of
from mlbench.targets.renode.verdict import of_end
from mlbench.testing.any_firmware import AnyFirmware, image_of
from mlbench.testing.dialogue import Dialogue
from mlbench.testing.errors import DeviceError, Report

_SLICE_S = 0.005


class RenodeDevice(Dialogue):
    """Firmware under Renode. Close it when it is not needed any more."""

    def __init__(
        self,
        firmware: AnyFirmware,
        *,
        board: str = DEFAULT_BOARD,
        host_seconds: float = 60.0,
        base: int | Sequence[int] = (),
        names: Path | str = "",
    ) -> None:
        """Take firmware, as ``Device`` does; nothing is started yet.

        Raises:
            MLBenchError: the file is no firmware.
        """
        self.image = image_of(firmware, board_for(board), base, names).image
        self._board = board_for(board)
        self._vectors = vectors_of(self.image, self._board)
        self._host_seconds = host_seconds
        self._process: RenodeProcess | None = None
        self._machine: RenodeMachine | None = None
        self._virtual_s = 0.0

    def close(self) -> None:
        """End Renode."""
        process, self._process, self._machine = self._process, None, None
        if process is not None:
            process.close()

    def _started(self) -> RenodeMachine:
        if self._machine is None:
            self._process = RenodeProcess()
            self._machine = RenodeMachine(self._process)
            self._machine.build(self.image, self._vectors, usb_hooks(self.image), ())
        return self._machine

    def _run(self, seconds: float) -> None:
        machine = self._started()
        try:
            machine.run(seconds, self._host_seconds)
        except CpuAborted as aborted:
            serial = machine.serial().decode("utf-8", "replace")
            self.close()
            what = f"Renode aborted the CPU: {aborted}"
            raise DeviceError(what, Report("fault", what, serial)) from None
        self._virtual_s += seconds
        ending = next((event for event in machine.events() if event.letter in ENDS), None)
        if ending is not None:
            end = of_end(ending, self.image, self._board, None)
            raise DeviceError(end.reason, Report(end.outcome.value, end.reason, self.serial))

    def _run_until(self, done: Callable[[bytes], bool], timeout_us: float, what: str) -> None:
        latest = self._virtual_s + timeout_us / 1e6
        while not done(self._sent()):
            if self._virtual_s >= latest:
                reason = f"{what} did not come in {timeout_us / 1e3:g} ms of virtual time"
                raise DeviceError(reason, Report("timeout", reason, self.serial))
            self._run(min(_SLICE_S, max(latest - self._virtual_s, 1e-6)))

    def _run_for(self, us: float) -> None:
        self._run(us / 1e6)

    def _run_to(self, function: str, timeout_us: float) -> None:
        del timeout_us
        self._refuse(f"run_until(symbol={function!r})")

    def _sent(self) -> bytes:
        return self._started().serial()

    def _us(self) -> float:
        return 1e6 * self._virtual_s

    def _send(self, source: str, data: bytes) -> None:
        if source not in ("uart0", "uart1"):
            raise UsageError(f"nothing can be sent over {source!r} under Renode", do="use uart0 or uart1")
        self._started().send(source, data)

    def __getattr__(self, name: str) -> object:
        if name in ("call", "infer", "memory", "symbol", "snapshot", "restore", "report", "reset"):
            self._refuse(name)
        raise AttributeError(name)

    def _refuse(self, what: str) -> NoReturn:
        raise UsageError(f"{what} needs the embedded emulator", do="use backend='emulator' for this test")

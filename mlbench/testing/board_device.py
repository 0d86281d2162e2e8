"""A real board as a device: its serial line, in the time of the wall; no look into the chip."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from mlbench.boards import board_for
from mlbench.core.firmware import BoardImage, Firmware
from mlbench.elf.flat import write_artifacts
from mlbench.errors import UsageError
from mlbench.firmware.arduino_cli import ArduinoCli
from mlbench.ports.lock import BoardLock
from mlbench.suite.suite_file import DEFAULT_BOARD
from mlbench.targets.board.lease import BoardLease, BoardRequest
from mlbench.testing.any_firmware import AnyFirmware, image_of
from mlbench.testing.dialogue import Dialogue
from mlbench.testing.errors import DeviceError, Report
from mlbench.util.scratch import ScratchFolder

_SLICE_SECONDS = 0.02


class BoardDevice(Dialogue):
    """Firmware on a board: uploaded when the device is first used. Close it to let others have the board."""

    def __init__(
        self,
        firmware: AnyFirmware,
        *,
        board: str = DEFAULT_BOARD,
        port: str = "",
        base: int | Sequence[int] = (),
        names: Path | str = "",
    ) -> None:
        """Take firmware; nothing is uploaded yet.

        Args:
            firmware: what ``build`` gave, or a file or files, as for ``Device``.
            board: FQBN or short name.
            base: see ``Device``.
            names: see ``Device``.
            port: as ``--port`` of the command line; else ``MLBENCH_PORT``, else any port that looks like it.

        Raises:
            MLBenchError: the file is no firmware, or the board is not known.
        """
        self._firmware = firmware
        self.image = image_of(firmware, board_for(board), base, names).image
        self._board, self._fqbn = board_for(board), board
        self._port = port or os.environ.get("MLBENCH_PORT", "")
        self._lease: tuple[BoardLock, BoardLease] | None = None
        self._begun = 0.0

    def close(self) -> None:
        """Let go of the board. What was uploaded goes on to run."""
        lease, self._lease = self._lease, None
        if lease is not None:
            lease[1].console.close()
            lease[0].release()

    def report(self) -> Report:
        """The device as it stands; it is not switched on for that."""
        return Report("running" if self._lease else "off", "", self._text())

    def _text(self) -> str:
        raw = bytes(self._lease[1].console.raw) if self._lease is not None else b""
        return raw.decode("utf-8", "replace")

    def _started(self) -> BoardLease:
        if self._lease is None:
            request = BoardRequest(self._board, self._fqbn, self._port, self._arduino_cli, _say, "a test")
            lock, lease = request()
            self._lease = lock, lease
            try:
                self._upload(lease)
            except BaseException:
                self.close()
                raise
            self._begun = time.monotonic()
        return self._lease[1]

    def _upload(self, lease: BoardLease) -> None:
        if isinstance(self._firmware, Firmware) and self._firmware.board is not None:
            lease.upload(self._firmware.board)
            return
        # Of an ELF file alone the forms that bootloaders take are made here.
        with ScratchFolder("mlbench-device-") as folder:
            elf = folder / f"{self.image.path.stem}.ino.elf"
            elf.write_bytes(self.image.data)
            write_artifacts(self.image, elf, self._board.flash)
            lease.upload(BoardImage(folder, elf))

    def _arduino_cli(self) -> ArduinoCli | None:
        from mlbench.host.policy import Policy
        from mlbench.pipeline.services import arduino_cli
        from mlbench.util.progress import Silent
        from mlbench.util.settings import Settings

        return arduino_cli(Settings(policy=Policy.read([])), Silent(), self._fqbn)

    def _run_for(self, us: float) -> None:
        console = self._started().console
        until = time.monotonic() + us / 1e6
        while (left := until - time.monotonic()) > 0:
            console.listen(min(left, _SLICE_SECONDS))

    def _run_until(self, done: Callable[[bytes], bool], timeout_us: float, what: str) -> None:
        console = self._started().console
        until = time.monotonic() + timeout_us / 1e6
        while not done(bytes(console.raw)):
            if time.monotonic() >= until:
                reason = f"{what} did not come in {timeout_us / 1e3:g} ms"
                raise DeviceError(reason, Report("timeout", reason, self._text()))
            console.listen(_SLICE_SECONDS)

    def _run_to(self, function: str, timeout_us: float) -> None:
        del timeout_us
        self._refuse(f"run_until(symbol={function!r})")

    def _sent(self) -> bytes:
        return bytes(self._started().console.raw)

    def _us(self) -> float:
        return 1e6 * (time.monotonic() - self._begun) if self._lease is not None else 0.0

    def _send(self, source: str, data: bytes) -> None:
        if source not in ("uart0", "usb"):
            raise UsageError(f"nothing can be sent over {source!r} to a board", do="use its own port")
        if not self._started().console.send(data):
            reason = "the board's port is not there"
            raise DeviceError(reason, Report("timeout", reason, self._text()))

    def __getattr__(self, name: str) -> object:
        if name in ("call", "infer", "memory", "symbol", "snapshot", "restore", "reset"):
            self._refuse(name)
        raise AttributeError(name)

    def _refuse(self, what: str) -> NoReturn:
        raise UsageError(f"{what} needs the embedded emulator", do="use backend='emulator' for this test")


def _say(text: str) -> None:
    print(f"mlbench: {text}", file=sys.stderr)

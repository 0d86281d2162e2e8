"""A simulated board in a thread, and what puts firmware on it: as in life, but for how long it takes."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path

from mlbench.boards import board_for
from mlbench.core.firmware import BoardImage
from mlbench.errors import EnvironmentFault
from mlbench.ports.finding import Port
from mlbench.ports.opening import await_return, touch
from mlbench.simulated.board import Manner, SimulatedBoard
from mlbench.simulated.bootloader import upload
from mlbench.simulated.faults import Faults
from mlbench.targets.board.console import Console

OWN_BOARD = "mlbench:nrf52840:nano33ble"
TRIES = 4
NONE = Faults()


def no_ports() -> Sequence[Port]:
    """Ports on USB: a pseudo-terminal is none."""
    return ()


class Threaded:
    """A board that lives until it is closed."""

    def __init__(self, folder: Path, faults: Faults = NONE, seed: int = 0, *, speed: float = 2.0) -> None:
        self.link = folder / "port"
        self.simulated = SimulatedBoard(
            board_for(OWN_BOARD), self.link, Manner(faults, seed, speed, enumeration=0.02)
        )
        self.failed: BaseException | None = None
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._thread.start()

    def _live(self) -> None:
        try:
            self.simulated.start(None)
            while not self.simulated.stopping:
                self.simulated.step()
        except BaseException as error:
            self.failed = error
        finally:
            self.simulated.close()

    def close(self) -> None:
        self.simulated.stopping = 1
        self._thread.join(20)
        assert not self._thread.is_alive()
        assert self.failed is None, self.failed


class Directly:
    """``Uploads`` without processes: touch, and the bootloader's own conversation."""

    def __init__(self, port: Port, say) -> None:
        self.console = Console(port, 115200, say, no_ports)
        self.count = 0
        self._touches = False  # a new board waits in its bootloader
        self._say = say

    def upload(self, image: BoardImage) -> None:
        self.console.close()
        for attempt in range(TRIES):
            try:
                self._attempt(image)
            except EnvironmentFault as error:
                # A hung board heeds no touch, however often.
                if attempt + 1 == TRIES or "no bootloader answers" in error.what:
                    raise
                time.sleep(0.1)
            else:
                self.count += 1
                return

    def awake(self, seconds: float) -> None:
        pass

    def asleep(self) -> None:
        pass

    def _attempt(self, image: BoardImage) -> None:
        port = self.console.port
        if self._touches:
            touch(port, self._say)
            await_return(port, 5, list_all=no_ports)
        self._touches = True
        upload(port, image.elf)
        await_return(port, 5, list_all=no_ports)


class NoLock:
    """A board that nobody else wants."""

    def release(self) -> None:
        pass

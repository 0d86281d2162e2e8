"""What puts firmware on a virtual board: as in life, but without processes and locks."""

from __future__ import annotations

from virtual_boards import VirtualBoard

from mlbench.core.firmware import BoardImage
from mlbench.errors import EnvironmentFault
from mlbench.host.cache_dir import Say
from mlbench.ports.opening import await_return, touch
from mlbench.simulated.bootloader import upload
from mlbench.targets.board.console import SerialConsole

TRIES = 4


class Directly:
    """``Uploads`` without processes: touch, and the bootloader's own conversation."""

    def __init__(self, board: VirtualBoard, say: Say) -> None:
        self._board, self._times = board, board.times
        self.console = SerialConsole(board.port, 115200, say, board.ports, board.times)
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
                self._times.sleep(0.1)
            else:
                self.count += 1
                return

    def awake(self, seconds: float) -> None:
        pass

    def asleep(self) -> None:
        pass

    def _attempt(self, image: BoardImage) -> None:
        if self._touches:
            touch(self.console.port, self._say, times=self._times)
            self._follow()
        self._touches = True
        upload(self.console.port, image.elf, self._times)
        self._follow()

    def _follow(self) -> None:
        found = await_return(self.console.port, 5, list_all=self._board.ports, times=self._times)
        self.console.port = found.port


class NoLock:
    """A board that nobody else wants."""

    def release(self) -> None:
        pass

"""From what a run asks for to a board that is its own: found, locked, and ready for uploads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mlbench.boards import Board
from mlbench.core.firmware import BoardImage
from mlbench.firmware.arduino_cli import ArduinoCli
from mlbench.host.cache_dir import Say
from mlbench.ports.finding import Port, find_ports, list_ports, parse_selector
from mlbench.ports.lock import BoardLock, acquire
from mlbench.ports.programmers import baud_of
from mlbench.ports.uploading import Uploader, UploadFailed, UploadImage
from mlbench.targets.board.console import SerialConsole
from mlbench.targets.board.watchdog import WatchdogDeadline, wait_watchdog

WAIT_SECONDS = 3600.0
"""For which a run waits for boards that other runs hold: a whole suite of theirs."""


@dataclass(frozen=True)
class BoardRequest:
    """Takes boards of one kind.

    Args:
        board: its definition.
        fqbn: with its options.
        selector: what ``--port`` says; empty: any port that looks like the board.
        cli: uploads where the board's definition names no command.
        say: told of waiting, and of what is tried again.
        what: what the board is wanted for, told to others that wait for it.
        person_seconds: how long a person is waited for who can press a button; 0 where there is none.
        wait_seconds: how long a board that is held is waited for.
        list_all: gives the ports that there are.
    """

    board: Board
    fqbn: str
    selector: str
    cli: Callable[[], ArduinoCli | None]
    say: Say
    what: str = "mlbench run"
    person_seconds: float = 0.0
    wait_seconds: float = WAIT_SECONDS
    list_all: Callable[[], Sequence[Port]] = list_ports

    def __call__(self) -> tuple[BoardLock, BoardLease]:
        """Take a board, for one firmware.

        Raises:
            EnvironmentFault: there is none, or none became free.
        """
        ports = find_ports(self.board, parse_selector(self.selector), self.list_all)
        lock = acquire(ports, self.what, self.say, seconds=self.wait_seconds)
        try:
            # What is sure of uploads is asked before anything is: a tool may be missing.
            return lock, BoardLease(self, lock)
        except BaseException:
            lock.release()
            raise


class BoardLease:
    """A board that is held, as ``Uploads``."""

    def __init__(self, request: BoardRequest, lock: BoardLock) -> None:
        self._fqbn, self._say = request.fqbn, request.say
        self._watched = request.board.keeps.records is not None
        self._watchdog = WatchdogDeadline(lock.path)
        self._uploader = Uploader(
            request.board,
            request.cli() if request.board.upload.by == "arduino-cli" else None,
            request.say,
            person_seconds=request.person_seconds,
            list_all=request.list_all,
        )
        self.console = SerialConsole(lock.port, baud_of(request.board), request.say, request.list_all)
        self.count = 0
        self.attempts = 0

    def upload(self, image: BoardImage) -> None:
        """See ``Uploads``. First no watchdog may be awake that an earlier run has started."""
        if self._watched:
            wait_watchdog(self.console, self._watchdog, self._say)
        self.console.close()
        name = image.elf.name.removesuffix(".elf").removesuffix(".ino")
        try:
            done = self._uploader.upload(
                UploadImage(image.elf, image.folder, name, self._fqbn), self.console.port
            )
        except UploadFailed as failed:
            self.attempts += failed.attempts
            raise
        self.count += 1
        self.attempts += done.attempts
        self.console.port = done.port

    def awake(self, seconds: float) -> None:
        """See ``Uploads``."""
        self._watchdog.until(seconds)

    def asleep(self) -> None:
        """See ``Uploads``."""
        self._watchdog.no_more()

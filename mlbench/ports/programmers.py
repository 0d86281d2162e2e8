"""What writes firmware into a board that waits for it: arduino-cli, or its definition's command."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir
from typing import Protocol

from mlbench.boards import Board
from mlbench.boards.catalog import placeholders
from mlbench.elf.flat import flat_binary, intel_hex
from mlbench.elf.image import Image
from mlbench.errors import EnvironmentFault
from mlbench.firmware.arduino_cli import ArduinoCli
from mlbench.firmware.upload_answer import COMMAND_INSTEAD, UploadRefused, last_words
from mlbench.host.cache_dir import unwritable
from mlbench.ports.finding import Port
from mlbench.util.scratch import ScratchFolder
from mlbench.util.subprocesses import child_environment, run

USUAL_BAUD = 115200
_MOST_BYTES = 1 << 16
"""What is kept of a command's output: its last words are told, nothing else."""


@dataclass(frozen=True)
class UploadImage:
    """What is uploaded."""

    elf: Path
    folder: Path
    """What the build made of this ELF file, ``<name>.ino.bin`` and its like, and of no other sketch."""
    name: str
    """The sketch's name, as those files have it."""
    fqbn: str


class Programmer(Protocol):
    """Writes one image into boards."""

    @property
    def touches(self) -> bool:
        """Whether the board must be led to its bootloader before."""

    def write(self, port: Port) -> str:
        """Do it; gives the name of the port that the board has then, where it is told.

        Raises:
            UploadRefused: another try is of no use.
            EnvironmentFault: it failed.
        """


@contextmanager
def programmer_for(board: Board, image: UploadImage, cli: ArduinoCli | None) -> Iterator[Programmer]:
    """What writes this image into such boards; what it needs of files is there meanwhile.

    Raises:
        UploadRefused: a program or a file that it needs is not there.
        SketchError, UsageError: the image is none, or cannot be had in the form that is asked for.
    """
    if not image.elf.is_file():
        raise UploadRefused("there is no such file", where=str(image.elf), do="build the sketch anew")
    if board.upload.by == "command":
        with _folder() as folder:
            yield ByCommand.prepared(board, image, folder)
        return
    if cli is None:
        do = f"install arduino-cli, or {COMMAND_INSTEAD}"
        raise UploadRefused("there is no arduino-cli to upload with", where=f"board {board.id}", do=do)
    yield ByArduinoCli(cli, image, board.upload.seconds)


@dataclass(frozen=True)
class ByArduinoCli:
    """arduino-cli, which touches the port itself where the platform wants it."""

    cli: ArduinoCli
    image: UploadImage
    seconds: float
    touches: bool = False

    def write(self, port: Port) -> str:
        """See ``Programmer``."""
        if port.is_url:
            what = "arduino-cli cannot upload to another machine"
            raise UploadRefused(what, where=port.device, do=COMMAND_INSTEAD)
        folder = Path(os.path.abspath(self.image.folder))  # noqa: PTH100 (links stay as named)
        return self.cli.upload(self.image.fqbn, port.device, folder, self.seconds)


@dataclass(frozen=True)
class ByCommand:
    """The command of a board's definition, with no shell between."""

    board: Board
    values: dict[str, str]
    touches: bool

    @classmethod
    def prepared(cls, board: Board, image: UploadImage, folder: Path) -> ByCommand:
        """With the files that the command asks for, made where the build did not. Raises as the caller."""
        names = {name for argument in board.upload.command for _, name, _, _ in placeholders(argument)}
        values = {
            "folder": os.path.abspath(image.folder),  # noqa: PTH100 (links stay as named)
            "elf": os.path.abspath(image.elf),  # noqa: PTH100
            "fqbn": image.fqbn,
            "baud": str(baud_of(board)),
        }
        for kind in sorted(names & {"bin", "hex"}):
            values[kind] = str(_file(image, kind, folder))
        return cls(board, values, touches=board.reset.by == "touch")

    def write(self, port: Port) -> str:
        """See ``Programmer``."""
        values = {**self.values, "port": port.device, "port_name": port.device.removeprefix("/dev/")}
        argv = [argument.format_map(values) for argument in self.board.upload.command]
        environment = child_environment(os.environ, {})
        if shutil.which(argv[0], path=environment.get("PATH", os.defpath)) is None:
            do = "install it, or correct the board's `upload: command`"
            where = self.board.file or f"board {self.board.id}"
            raise UploadRefused(f"there is no program {last_words(argv[0])!r}", where=where, do=do)
        done = run(
            argv,
            cwd=Path.cwd(),
            environment=environment,
            seconds=self.board.upload.seconds,
            supervised=True,
            most_bytes=_MOST_BYTES,
        )
        if done.status == 0:
            return ""
        ended = f"ended with status {done.status}" if done.status > 0 else f"died of signal {-done.status}"
        words = last_words(done.stderr, done.stdout)
        raise EnvironmentFault(
            f"{Path(argv[0]).name} {ended}{f' ({words})' if words else ''}",
            where=port.device,
            do="see that the board is connected, and that nothing else has its port open",
        )


def baud_of(board: Board) -> int:
    """The rate of a board's port."""
    return board.serial.baud if board.serial is not None else USUAL_BAUD


@contextmanager
def _folder() -> Iterator[Path]:
    try:
        scratch = ScratchFolder("mlbench-upload-")
    except OSError as error:
        raise unwritable(Path(gettempdir()), error) from error
    with scratch as folder:
        yield folder


def _file(image: UploadImage, kind: str, folder: Path) -> Path:
    built = image.folder / f"{image.name}.ino.{kind}"
    if built.is_file():
        return Path(os.path.abspath(built))  # noqa: PTH100 (links stay as named)
    loaded, target = Image.load(image.elf), folder / built.name
    data = flat_binary(loaded) if kind == "bin" else intel_hex(loaded).encode("ascii")
    try:
        target.write_bytes(data)
    except OSError as error:
        raise unwritable(target, error) from error
    return target

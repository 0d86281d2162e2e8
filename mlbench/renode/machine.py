"""A board on a Renode process: built anew for each run, patched before it starts, run in slices."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from importlib.resources import files

from mlbench.elf.image import Image
from mlbench.elf.redirect import Patch
from mlbench.errors import SketchError
from mlbench.renode.client import CommandFailed, RenodeError
from mlbench.renode.hooks import EVENTS, USB_FILE, Hook, HookEvent, parse_events
from mlbench.renode.process import RenodeProcess

PLATFORM = "nano33ble.repl"
QUANTUM = "0.00001"
"""Virtual seconds between two synchronisations; a timer that is read is stale by up to one."""
INSTRUCTIONS_PER_SECOND = 100_000_000
"""What Renode counts as one virtual second unless told otherwise (``PerformanceInMips`` 100)."""

_LOG = "log"
_UARTS = {"uart0": "uart0.txt", "uart1": "uart1.txt"}
_ABORT = re.compile(r"CPU abort \[PC=(0x[0-9A-Fa-f]+)\]: ?(.*)")


class RenodeMachine:
    """The one machine of a process."""

    def __init__(self, process: RenodeProcess) -> None:
        self._process = process
        self._client = process.client
        platform = files("mlbench.renode").joinpath(PLATFORM).read_text(encoding="utf-8")
        (process.folder / PLATFORM).write_text(platform)
        self._loaded = 0
        with suppress(CommandFailed):
            self._client.keyword("LogToFile", str(process.folder / _LOG), True)

    def build(
        self, image: Image, vectors: int, hooks: Sequence[Hook], patches: Sequence[Patch], mips: int = 100
    ) -> None:
        """Throw the machine away and build another.

        Args:
            image: the firmware.
            vectors: address of its vector table.
            hooks: what to run where; several may share an address.
            patches: what to write over the image.
            mips: millions of instructions to a virtual second.

        Raises:
            RenodeError: Renode does not do it.
        """
        folder, execute = self._process.folder, self._client.execute
        self._client.keyword("ResetEmulation")
        for name in (EVENTS, USB_FILE, *_UARTS.values()):
            (folder / name).unlink(missing_ok=True)
        # By a plain name in its own folder: what Renode makes of blanks and such in a path is another matter.
        self._loaded += 1
        name = f"firmware{self._loaded}.elf"
        (folder / name).write_bytes(image.data)
        execute('mach create "board"')
        execute(f"machine LoadPlatformDescription @{PLATFORM}", seconds=60.0)
        execute(f"sysbus LoadELF @{name}")
        (folder / name).unlink()
        execute(f"cpu VectorTableOffset {vectors:#x}")
        execute("emulation SetGlobalAdvanceImmediately true")
        execute(f'emulation SetGlobalQuantum "{QUANTUM}"')
        if mips != 100:
            execute(f"cpu PerformanceInMips {mips}")
        for uart, name in _UARTS.items():
            execute(f"{uart} CreateFileBackend @{name} true")
        for number, hook in enumerate(hooks):
            name = f"hook{number}"
            (folder / name).write_text(hook.text(self._loaded))
            execute(f"cpu AddHook {hook.address:#x} \"exec(open('{name}').read())\"")
        for patch in patches:
            for address, word in _words(image, patch):
                execute(f"sysbus WriteDoubleWord {address:#x} {word:#x}")

    def run(self, seconds: float, host_seconds: float) -> None:
        """Let virtual time pass.

        Raises:
            CpuAborted: the CPU ran into something that is no code.
            RenodeError: Renode has gone, or did not come back within ``host_seconds``.
        """
        self._process.wait_for_call(
            lambda: self._client.execute(f'emulation RunFor "{seconds:.9f}"', seconds=host_seconds),
            host_seconds,
            self.aborted,
        )

    def events(self) -> list[HookEvent]:
        """What the hooks have written so far.

        Raises:
            RenodeError: a hook failed.
        """
        try:
            return parse_events((self._process.folder / EVENTS).read_text(errors="replace"))
        except FileNotFoundError:
            return []
        except ValueError as error:
            raise RenodeError(f"Renode: {error}", do="report it, with Renode's version") from None

    def serial(self) -> bytes:
        """What the firmware has sent on its UARTs and, by the core's functions, on USB."""
        folder = self._process.folder
        texts = []
        for name in _UARTS.values():
            with suppress(FileNotFoundError):
                # The backend begins its file with a line break of its own.
                texts.append((folder / name).read_bytes().removeprefix(b"\n"))
        with suppress(FileNotFoundError, ValueError):
            texts.append(bytes.fromhex((folder / USB_FILE).read_text()))
        return b"".join(texts)

    def send(self, uart: str, data: bytes) -> None:
        """Put bytes on a UART's wire to the firmware."""
        for byte in data:
            self._client.execute(f"{uart} WriteChar {byte:#x}")

    def instructions(self) -> int:
        """Instructions executed so far, exactly."""
        return self._client.number("cpu ExecutedInstructions")

    def pc(self) -> int:
        """Where the CPU is."""
        return self._client.number("cpu PC") & ~1

    def aborted(self) -> str:
        """What Renode's log says of an abort of the CPU; empty while there was none."""
        with suppress(OSError):
            match = _ABORT.search((self._process.folder / _LOG).read_text(errors="replace"))
            if match:
                return f"{match[2].strip().rstrip('.') or 'the CPU was aborted'} (PC {match[1].lower()})"
        return ""


def _words(image: Image, patch: Patch) -> list[tuple[int, int]]:
    """A patch as whole words at their places, filled up with what the image has around it."""
    first, end = patch.address & ~3, (patch.address + len(patch.data) + 3) & ~3
    data = bytearray()
    for address in range(first, end):
        inside = address - patch.address
        if 0 <= inside < len(patch.data):
            data.append(patch.data[inside])
        else:
            data += _original(image, address)
    return [
        (first + offset, int.from_bytes(data[offset : offset + 4], "little"))
        for offset in range(0, len(data), 4)
    ]


def _original(image: Image, address: int) -> bytes:
    try:
        return image.read(address, 1)
    except SketchError:
        return b"\xff"  # erased flash

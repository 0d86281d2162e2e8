"""A board on a Renode process: built anew for each run, patched before it starts, run in slices."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from mlbench.elf.image import Image
from mlbench.elf.redirect import Patch
from mlbench.errors import SketchError
from mlbench.renode import platform
from mlbench.renode.client import CommandFailed, RenodeError
from mlbench.renode.hooks import EventFile, Hook, HookEvent, program
from mlbench.renode.log_file import LogFile
from mlbench.renode.process import CpuAborted, RenodeProcess

QUANTUM = "0.00001"
"""Virtual seconds between two synchronisations; a timer that is read is stale by up to one."""
INSTRUCTIONS_PER_SECOND = 100_000_000
"""What Renode counts as one virtual second unless told otherwise (``PerformanceInMips`` 100)."""
_UARTS = ("uart0", "uart1")
_TRACE_QUEUE = 1000
"""Blocks; without a bound Renode's memory grows with the trace."""
_TRACK_DIVIDES = """\
from System import Array, Int32, UInt64
from Antmicro.Renode.Peripherals.CPU import ExecutionTracer
for tracer in emulationManager.CurrentEmulation.ExternalsManager.GetExternalsOfType[ExecutionTracer]():
    tracer.TrackRegisters(Array[Int32](range(13)), UInt64(0xFFD0), UInt64(0xFB90), True)
"""
"""Registers 0 to 12 at SDIV and UDIV, by mask and value of their first halfword (A7.7.127, A7.7.195)."""
_ERRORS_ONLY = 3
"""A level of Renode's log: a warning for each bad access would make it grow without bound."""


class RenodeMachine:
    """The one machine of a process."""

    def __init__(self, process: RenodeProcess) -> None:
        self._process = process
        self._client = process.client
        self._built = 0
        self._loaded: tuple[bytes, bytes] | None = None
        """The image that was loaded last, and the flash as it then was."""
        self._flash = b""
        """What flash held when the firmware was started."""
        self._write_platform()
        self._log = LogFile(process.folder / "log")
        self._events = EventFile(process.folder / "none")
        with suppress(CommandFailed):
            self._client.keyword("LogToFile", process.name("log"), True)
            self._client.execute(f"logLevel {_ERRORS_ONLY}")

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
        name, execute = self._process.name, self._client.execute
        self._forget()
        self._built += 1
        self._load_platform()
        elf = self._file("firmware", "elf")
        (self._process.folder / elf).write_bytes(image.data)
        execute(f"sysbus LoadELF @{name(elf)}")
        (self._process.folder / elf).unlink()
        execute(f"cpu VectorTableOffset {vectors:#x}")
        execute("emulation SetGlobalAdvanceImmediately true")
        execute(f'emulation SetGlobalQuantum "{QUANTUM}"')
        if mips != 100:
            execute(f"cpu PerformanceInMips {mips}")
        for uart in _UARTS:
            execute(f"{uart} CreateFileBackend @{name(self._file(uart))} true")
        if self._loaded is None or self._loaded[0] != image.data:
            self._loaded = (image.data, self._dumped_flash())
        flash = bytearray(self._loaded[1])
        for patch in patches:
            for address, word in _words(image, patch):
                flash[address : address + 4] = word.to_bytes(4, "little")
                execute(f"sysbus WriteDoubleWord {address:#x} {word:#x}")
        self._flash = bytes(flash)
        self._hook(tuple(hooks))

    def run(self, seconds: float, host_seconds: float) -> None:
        """Let virtual time pass.

        Raises:
            CpuAborted: the CPU ran into something that is no code.
            RenodeError: Renode has gone, a hook failed, or it did not come back within ``host_seconds``.
        """
        self._process.wait_for_call(
            lambda: self._client.execute(f'emulation RunFor "{seconds:.9f}"', seconds=host_seconds),
            host_seconds,
            self._look,
        )

    def start_trace(self, *, divides: bool = False) -> None:
        """Write down each instruction and its accesses of memory from now on.

        Args:
            divides: also the registers at SDIV and UDIV.

        Raises:
            CommandFailed: this Renode cannot trace.
        """
        path = self._trace_file()
        path.unlink(missing_ok=True)
        # Format, binary, compressed, not synchronous, no other dialect; a queue that is bounded.
        options = f"PC true true false false {_TRACE_QUEUE}"
        self._client.execute(f'cpu CreateExecutionTracing "t" @{self._process.name(path.name)} {options}')
        self._client.execute("t TrackMemoryAccesses")
        if divides:
            script = self._process.folder / "divides.py"
            script.write_text(_TRACK_DIVIDES)
            self._client.execute(f"i @{self._process.name(script.name)}")

    def end_trace(self) -> Path:
        """The file with what was traced since ``start_trace``; the reader deletes it."""
        self._client.execute("cpu DisableExecutionTracing", seconds=120.0)
        return self._trace_file()

    def _trace_file(self) -> Path:
        return self._process.folder / "trace.gz"

    def clear_translations(self) -> None:
        """Drop translated code. Each hit of a hook leaves some, and all of it is searched at the next."""
        self._client.execute("cpu ClearTranslationCache")

    def events(self) -> list[HookEvent]:
        """What the hooks have written so far.

        Raises:
            RenodeError: a hook failed.
        """
        try:
            return self._events.events()
        except ValueError as error:
            raise RenodeError(f"Renode: {error}", do="report it, with Renode's version") from None

    def serial(self) -> bytes:
        """What the firmware has sent on its UARTs and, by the core's functions, on USB."""
        folder = self._process.folder
        texts = []
        for uart in _UARTS:
            with suppress(FileNotFoundError):
                # The backend begins its file with a line break of its own.
                texts.append((folder / self._file(uart)).read_bytes().removeprefix(b"\n"))
        with suppress(FileNotFoundError, ValueError):
            texts.append(bytes.fromhex((folder / self._file("usb")).read_text()))
        return b"".join(texts)

    def sent(self, sizes: tuple[int, ...]) -> int:
        """How many bytes of ``serial`` a number on USB and sizes of the UARTs' files stand for."""
        usb, *files = sizes
        breaks = [self._begins_with_break(uart) for uart in _UARTS]
        return usb + sum(max(0, size - extra) for size, extra in zip(files, breaks, strict=True))

    def _begins_with_break(self, uart: str) -> bool:
        with suppress(FileNotFoundError), (self._process.folder / self._file(uart)).open("rb") as file:
            return file.read(1) == b"\n"
        return False

    def send(self, uart: str, data: bytes) -> None:
        """Put bytes on a UART's wire to the firmware."""
        for byte in data:
            self._client.execute(f"{uart} WriteChar {byte:#x}")

    def instructions(self) -> int:
        """Instructions executed so far, exactly."""
        return self._client.number("cpu ExecutedInstructions")

    def file_name(self, file: str) -> str:
        """The absolute name of a file in Renode's folder."""
        return self._process.name(file)

    def taken_file(self, file: str) -> bytes:
        """What a file in Renode's folder holds, which is removed; nothing where there is none."""
        path = self._process.folder / file
        data = path.read_bytes() if path.is_file() else b""
        path.unlink(missing_ok=True)
        return data

    def memory(self, region: range) -> bytes:
        """What memory holds now."""
        script = self._process.folder / "memory.py"
        name = self._process.name("memory.bin")
        read = f"monitor.Machine.SystemBus.ReadBytes({region.start:#x}, {len(region)})"
        script.write_text(f"from System.IO import File\nFile.WriteAllBytes({name!r}, {read})\n")
        self._client.execute(f"i @{self._process.name(script.name)}")
        return self.taken_file("memory.bin")

    def halted(self) -> bool:
        """Whether a hook has stopped the CPU."""
        return self._client.execute("cpu IsHalted") == "True"

    def pc(self) -> int:
        """Where the CPU is."""
        return self._client.number("cpu PC") & ~1

    def written_flash(self) -> int | None:
        """The first address of flash that is not as it was when the firmware was started; None: all is."""
        now = self._dumped_flash()
        if now == self._flash:
            return None
        pairs = enumerate(zip(now, self._flash, strict=False))
        return next(address for address, (mine, before) in pairs if mine != before)

    # --- building -----------------------------------------------------------------------------

    def _file(self, name: str, suffix: str = "txt") -> str:
        """A name that no machine before this one had: Renode may still hold theirs open."""
        return f"{name}-{self._built}.{suffix}"

    def _forget(self) -> None:
        self._client.keyword("ResetEmulation")
        for name in ("events", "usb", *_UARTS):
            (self._process.folder / self._file(name)).unlink(missing_ok=True)

    def _write_platform(self) -> None:
        folder = self._process.folder
        for file, text in platform.scripts().items():
            (folder / file).write_text(text)
        text = platform.description(self._process.plain)
        (folder / platform.BOARD_FILE).write_text(text)

    def _load_platform(self) -> None:
        self._client.execute('mach create "board"')
        name = self._process.name(platform.BOARD_FILE)
        self._client.execute(f"machine LoadPlatformDescription @{name}", seconds=60.0)

    def _hook(self, hooks: tuple[Hook, ...]) -> None:
        name, file = self._process.name, self._file("inside", "py")
        uarts = tuple(name(self._file(uart)) for uart in _UARTS)
        events = self._file("events")
        text = program(name(events), name(self._file("usb")), uarts, platform.RESET_WATCH, hooks)
        (self._process.folder / file).write_text(text)
        self._events = EventFile(self._process.folder / events)
        self._client.execute(f"i @{name(file)}")
        (self._process.folder / file).unlink()

    def _dumped_flash(self) -> bytes:
        path = self._process.folder / "flash"
        path.unlink(missing_ok=True)
        self._client.execute(f"flash DumpBinary @{self._process.name('flash')}")
        data = path.read_bytes()
        path.unlink()
        return data

    def _look(self) -> None:
        """Whether there is something that ends a run. Raises RenodeError, CpuAborted."""
        self.events()
        if text := self._log.aborted():
            raise CpuAborted(text)


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

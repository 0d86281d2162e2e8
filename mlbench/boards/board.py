"""What is known of a board, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from mlbench.core import backends
from mlbench.errors import UsageError


@dataclass(frozen=True)
class Region:
    """A range of addresses."""

    start: int
    size: int

    @property
    def end(self) -> int:
        """First address after it."""
        return self.start + self.size

    def holds(self, address: int) -> bool:
        """Whether an address lies in it."""
        return self.start <= address < self.end

    def within(self, other: Region) -> bool:
        """Whether all of it lies in another."""
        return other.start <= self.start and self.end <= other.end

    def __str__(self) -> str:
        return f"{self.size:#x} bytes at {self.start:#x}"


@dataclass(frozen=True)
class SensorData:
    """Sensors on two wires. Pins are the chip's: 32 times the port, and the number there."""

    scl: int
    sda: int
    parts: tuple[str, ...]
    """Which, by the names of ``emulator/sensors/wiring.py``; of all boards that the file is for."""
    high: tuple[int, ...] = ()
    """Pins that are high while nothing happens."""


@dataclass(frozen=True)
class EmulatorData:
    """What the embedded emulator needs: the chip. ``cost_table`` is the chip's, where it is named at all."""

    chip: str
    cost_table: str = ""
    sensors: SensorData | None = None


@dataclass(frozen=True)
class RenodeData:
    """What Renode needs: ``cycles_per_instruction`` turns its exact instruction counts to a rough time."""

    platform: str
    cycles_per_instruction: float


@dataclass(frozen=True)
class UsbId:
    """Vendor and product of a USB device."""

    vid: int
    pid: int

    def __str__(self) -> str:
        return f"{self.vid:04x}:{self.pid:04x}"


@dataclass(frozen=True)
class Serial:
    """The port that a board has on the computer it hangs on.

    ``by`` is ``native`` (the chip's own USB: the port goes with a reset) or ``bridge`` (it stays).
    """

    by: str
    baud: int
    usb: tuple[UsbId, ...] = ()
    """What the board shows, as sketch and as bootloader; empty: only a named port is taken for it."""


@dataclass(frozen=True)
class Upload:
    """How a sketch gets onto the board: by ``arduino-cli``, or by a ``command``."""

    by: str = "arduino-cli"
    command: tuple[str, ...] = ()
    seconds: float = 120.0
    raw_usb: bool = False
    """Whether it needs the right to use the USB device itself, and not its port alone."""


@dataclass(frozen=True)
class Reset:
    """How the computer resets a board.

    ``by`` is ``touch`` (opening the port at 1200 baud and closing it leads to the bootloader), ``dtr``
    (DTR of the port resets it) or ``none``. ``double_tap`` is what a person can do where that fails.
    """

    by: str = "none"
    double_tap: bool = False
    seconds: float = 10.0
    """How long the port may take to come back."""


@dataclass(frozen=True)
class Keeps:
    """What outlives a reset. ``cleared`` are ranges of RAM that the bootloader overwrites."""

    cleared: tuple[Region, ...] = ()
    records: Region | None = None
    """Flash that no upload and no reset touches, for records of the firmware's own."""
    page: int = 0
    """Bytes of flash that are erased at a time."""
    scratch: tuple[int, ...] = ()
    """Two registers that keep a word each until the next reset, and that nothing else uses."""


@dataclass(frozen=True)
class WatchdogData:
    """The chip's watchdog; ``survives_soft_reset`` is None where it is not known."""

    longest_ms: int
    survives_soft_reset: bool | None = None


@dataclass(frozen=True)
class Layout:
    """What a value of an FQBN's option changes of the memory."""

    flash: Region | None = None
    ram: Region | None = None


@dataclass(frozen=True)
class Option:
    """An option of an FQBN: its values, each with what it changes. Any other value is an error."""

    key: str
    values: tuple[tuple[str, Layout], ...]


@dataclass(frozen=True)
class Board:
    """One board. ``fqbns`` are the FQBNs it is compiled for, without options.

    Of one that no board file lists, the FQBN is all that is known: its memory has no bytes here.
    """

    id: str
    name: str
    fqbns: tuple[str, ...]
    cpu: str
    clock_hz: int
    flash: Region
    ram: Region
    emulator: EmulatorData | None
    renode: RenodeData | None = None
    also: tuple[str, ...] = ()
    serial: Serial | None = None
    upload: Upload = Upload()
    reset: Reset = Reset()
    micros_us: float | None = None
    """Resolution of ``micros()``, in microseconds; None where it is not known."""
    keeps: Keeps = Keeps()
    watchdog: WatchdogData | None = None
    options: tuple[Option, ...] = ()
    """Those that change the memory; a platform has more."""
    file: str = field(default="", repr=False, compare=False)
    """The user's file it is from; empty for a board that mlbench brings."""
    met: str = ""
    """The day on which ``mlbench board-check`` ran on such a board, as YYYY-MM-DD; empty: it never did."""
    untried: bool = False
    """Whether nobody has measured a sketch on such a board yet: what is known is from manuals and cores."""
    listed: bool = True
    """Whether a board file has it."""

    @property
    def backends(self) -> tuple[str, ...]:
        """Where sketches for this board can be run."""
        parts = {"": self.listed, "emulator": self.emulator, "renode": self.renode, "serial": self.serial}
        return tuple(row.name for row in backends.rows() if row.runs and parts[row.needs])

    def with_options(self, options: str) -> Board:
        """This board with the memory that an FQBN's options (``Memory=512,Core=Main``) give it.

        Raises:
            UsageError: an option that is known here has a value that is not.
        """
        board, known = self, {option.key: dict(option.values) for option in self.options}
        for item in filter(None, options.split(",")):
            key, _, value = item.partition("=")
            values = known.get(key)
            if values is None:
                continue  # one of the many that change no memory: the platform knows them
            if value not in values:
                do = f"use one of: {', '.join(f'{key}={other}' for other in values)}"
                raise UsageError(f"board {self.id} has no {item}", do=do)
            layout = values[value]
            board = replace(board, flash=layout.flash or board.flash, ram=layout.ram or board.ram)
        return board


def unlisted(fqbn: str) -> Board:
    """The board of an FQBN that no board file lists: sketches are built for it, and run nowhere."""
    nothing = Region(0, 0)
    return Board(fqbn, fqbn, (fqbn,), "", 0, nothing, nothing, None, listed=False)


def board_of(data: Mapping[str, Any], file: str = "") -> Board:
    """The board of a definition that keeps to ``board.schema.json``."""
    memory, serial, reset = data["memory"], data.get("serial"), data.get("reset", {})
    upload, keeps, micros = data.get("upload", {}), data.get("keeps", {}), data.get("micros")
    emulator, renode, watchdog = data.get("emulator"), data.get("renode"), data.get("watchdog")
    return Board(
        data["id"],
        data["name"],
        tuple(data["fqbns"]),
        data["cpu"],
        data["clock_hz"],
        Region(**memory["flash"]),
        Region(**memory["ram"]),
        _emulator(emulator) if emulator else None,
        RenodeData(**renode) if renode else None,
        also=tuple(data.get("also", ())),
        serial=_serial(serial) if serial else None,
        upload=Upload(**{**upload, "command": tuple(upload.get("command", ()))}),
        reset=Reset(**reset) if reset else Reset(),
        micros_us=micros["resolution_us"] if micros else None,
        keeps=Keeps(
            tuple(Region(**region) for region in keeps.get("cleared", ())),
            Region(**keeps["records"]) if "records" in keeps else None,
            keeps.get("page", 0),
            tuple(keeps.get("scratch", ())),
        ),
        watchdog=WatchdogData(**watchdog) if watchdog else None,
        options=tuple(
            Option(key, tuple((value, _layout(layout)) for value, layout in values.items()))
            for key, values in data.get("options", {}).items()
        ),
        file=file,
        met=str(data.get("met", "")),
        untried=data.get("untried", False),
    )  # fmt: skip


def _emulator(data: Mapping[str, Any]) -> EmulatorData:
    given = data.get("sensors")
    if given is None:
        return EmulatorData(**data)
    high = tuple(given.get("high", ()))
    sensors = SensorData(given["scl"], given["sda"], tuple(given["parts"]), high)
    return EmulatorData(**{**data, "sensors": sensors})


def _serial(data: Mapping[str, Any]) -> Serial:
    return Serial(data["by"], data["baud"], tuple(UsbId(**item) for item in data.get("usb", ())))


def _layout(data: Mapping[str, Any]) -> Layout:
    return Layout(**{name: Region(**region) for name, region in data.items()})

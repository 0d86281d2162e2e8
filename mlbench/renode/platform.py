"""The board's description for Renode: the package's own, and watchers where the chip has nothing.

Renode answers reads where nothing is with 0, drops writes there, and aborts its CPU where code is to be run.
A Python peripheral over each such range tells of an access instead (``PythonPeripheral.cs`` of Renode's
infrastructure: the script is compiled once and run for each access, with ``request``).
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files

BOARD_FILE = "nano33ble.repl"
RESET_WATCH = 0x4FFFF000
"""Where nothing is, and nothing is looked for: a peripheral whose script runs at a reset."""
_PATIENCE = 1000
"""Accesses of a peripheral that Renode lacks, after which the firmware is taken to wait for it."""


@dataclass(frozen=True)
class Watched:
    """A range that a script answers. ``kind`` is its function in ``inside.ipy``."""

    name: str
    start: int
    size: int
    kind: str = "touched"


_EMPTY = (
    # nRF52840 Product Specification v1.7, 4.2: flash, RAM on the code bus, FICR and UICR, RAM,
    # peripherals; nothing in between.
    Watched("past_flash", 0x100000, 0x700000),
    Watched("past_code_ram", 0x840000, 0xF7C0000),
    Watched("below_ram", 0x10002000, 0xFFFE000),
    Watched("past_ram", 0x20040000, 0x1FFC0000),
    Watched("past_apb", 0x40080000, 0xFF7F000),
    Watched("past_gpio", 0x50001000, 0x29000),
    Watched("past_ahb", 0x5002C000, 0xFFD4000),
    Watched("past_peripherals", 0x60000000, 0x40000000),
    Watched("below_core", 0xA0000000, 0x40000000),
)
ABSENT = {
    0x40007000: "SAADC",
    0x4000C000: "TEMP",
    0x4000F000: "CCM",
    0x40012000: "QDEC",
    0x40013000: "COMP",
    0x40029000: "QSPI",
    0x4002F000: "SPIM3",
    0x5002A000: "CRYPTOCELL",
}
"""Peripherals of the chip that Renode's description of it has not (``platforms/cpus/nrf52840.repl``)."""


def watched() -> tuple[Watched, ...]:
    """All ranges that scripts answer."""
    absent = (Watched(name.lower(), start, 0x1000, "absent") for start, name in ABSENT.items())
    return (
        *_EMPTY,
        *absent,
        Watched("reset_watch", RESET_WATCH, 4, "reset"),
    )


def scripts() -> dict[str, str]:
    """The scripts of all ranges, by their files' names."""
    texts = {
        "touched": "sys.mlbench_touched({start:#x}, request)",
        "absent": f"sys.mlbench_absent({{start:#x}}, request, {_PATIENCE})",
        # Before the functions are there for the first time, it is no reset.
        "reset": "if request.IsInit and hasattr(sys, 'mlbench_reset'):\n    sys.mlbench_reset()",
    }
    return {f"{one.name}.py": f"import sys\n{texts[one.kind].format(start=one.start)}\n" for one in watched()}


def description(folder: str) -> str:
    """The whole description. ``folder`` is the absolute name of the one that the scripts are in."""
    text = files("mlbench.renode").joinpath(BOARD_FILE).read_text(encoding="utf-8")
    parts = [text]
    parts += [
        f"{one.name}: Python.PythonPeripheral @ sysbus {one.start:#x}\n"
        f"    size: {one.size:#x}\n"
        f"    initable: {'true' if one.kind == 'reset' else 'false'}\n"
        f'    filename: "{folder}/{one.name}.py"\n'
        for one in watched()
    ]
    return "\n".join(parts)

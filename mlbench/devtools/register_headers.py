"""``python -m mlbench.devtools.register_headers``: writes the platform's header with the chip's registers.

The emulator's tables say which registers there are, where, and under which names; the header gives them
to sketches in C, as ``NRF_TIMER1->CC[2]``, in the way that Nordic's own headers do. Where several
peripherals share an address (nRF52840 Product Specification v1.7, section 4.2.4), each is a view of the
one that the emulator has. Names of fields and their values are in ``register_fields.yml``.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from mlbench.arduino import HARDWARE
from mlbench.emulator.chips import CHIPS
from mlbench.emulator.peripherals.base import NrfPeripheral, Peripheral
from mlbench.util.own_yaml import load_own

HEADER = HARDWARE / "mlbench/nrf52840/cores/mlbench/mlbench_nrf_registers.h"
FIELDS = Path(__file__).with_name("register_fields.yml")

_NOT_ARRAYS = re.compile(
    r"(?:BASE|PREFIX|PCNF|CINSTRDAT|MODECNF|DCDCEN|IFCONFIG|SUBSTAT|[ABT]|IO|RAMPRI|PRODTEST)"
)
"""Names that end with a digit and are registers of their own."""
_LIMITS = {
    0x118 + 8 * n + 4 * m: f"EVENTS_CH{n}.LIMIT{level}" for n in range(8) for m, level in enumerate("HL")
}


_TRAPS = {
    "Reset": -15,
    "NonMaskableInt": -14,
    "HardFault": -13,
    "MemoryManagement": -12,
    "BusFault": -11,
    "UsageFault": -10,
    "SVCall": -5,
    "DebugMonitor": -4,
    "PendSV": -2,
    "SysTick": -1,
}
"""The processor's own exceptions by CMSIS-Core's names (Armv7-M ARM, B1.5.2, less 16)."""


@dataclass(frozen=True)
class View:
    """A peripheral as C sees it: the type of its registers, and where it is."""

    type: str
    """As in ``NRF_TIMER_Type``."""
    instances: Mapping[str, str]
    """Names as in ``NRF_TIMER0``, each with the peripheral of the emulator."""
    only: tuple[int, ...] = ()
    """Offsets of its registers; empty: all that the peripheral has."""
    without: tuple[int, ...] = ()
    names: Mapping[int, str] = field(default_factory=dict)
    """What registers are called, where the emulator calls them otherwise, or has words alone."""


def _each(pattern: str, count: int, peripheral: str = "") -> dict[str, str]:
    return {pattern.format(n): (peripheral or pattern).format(n) for n in range(count)}


_TWO_WIRES = {0x508: "PSEL.SCL", 0x50C: "PSEL.SDA"}
_SPIM_OF = {"SPIM0": "SPIM0_TWIM0", "SPIM1": "SPIM1_TWIM1", "SPIM2": "SPIM2", "SPIM3": "SPIM3"}
_COMMON = (0x200, 0x300, 0x304, 0x308, 0x500, 0x524)
_TWI_TASKS = (0x000, 0x008, 0x014, 0x01C, 0x020)
_DMA = tuple(range(0x534, 0x554, 4))
_ACL = tuple(0x800 + 16 * n + 4 * m for n in range(8) for m in range(3))

_UICR = {
    **{0x014 + 4 * n: f"NRFFW{n}" for n in range(13)},
    **{0x050 + 4 * n: f"NRFHW{n}" for n in range(12)},
    **{0x080 + 4 * n: f"CUSTOMER{n}" for n in range(32)},
    0x200: "PSELRESET0",
    0x204: "PSELRESET1",
    0x208: "APPROTECT",
    0x20C: "NFCPINS",
    0x210: "DEBUGCTRL",
    0x304: "REGOUT0",
}
"""Section 4.5.1."""

VIEWS = (
    View("CLOCK", {"CLOCK": "CLOCK"}),
    View("POWER", {"POWER": "CLOCK"}),
    View("GPIO", _each("P{}", 2)),
    View("GPIOTE", {"GPIOTE": "GPIOTE"}),
    View("TIMER", _each("TIMER{}", 5)),
    View("RTC", _each("RTC{}", 3)),
    View("UARTE", _each("UARTE{}", 2), without=(0x01C, 0x518, 0x51C)),
    View("UART", {"UART0": "UARTE0"}, without=(0x02C, 0x110, 0x120, 0x14C, 0x150, 0x158, *_DMA)),
    View(
        "SPIM",
        _SPIM_OF,
        only=(
            *_COMMON,
            0x010,
            0x014,
            0x01C,
            0x020,
            0x104,
            0x110,
            0x118,
            0x120,
            0x14C,
            0x400,
            0x508,
            0x50C,
            0x510,
            0x514,
            *_DMA,
            0x554,
            0x560,
            0x564,
            0x568,
            0x56C,
            0x570,
            0x5C0,
        ),
        names={0x14C: "EVENTS_STARTED"},
    ),
    View(
        "SPI",
        {name.replace("M", ""): peripheral for name, peripheral in _SPIM_OF.items() if name != "SPIM3"},
        only=(*_COMMON, 0x108, 0x508, 0x50C, 0x510, 0x518, 0x51C, 0x554),
    ),
    View(
        "TWIM",
        {"TWIM0": "SPIM0_TWIM0", "TWIM1": "SPIM1_TWIM1"},
        only=(
            *_COMMON,
            *_TWI_TASKS,
            0x104,
            0x124,
            0x148,
            0x14C,
            0x150,
            0x15C,
            0x160,
            0x4C4,
            0x508,
            0x50C,
            *_DMA,
            0x588,
        ),
        names=_TWO_WIRES,
    ),
    View(
        "TWI",
        {"TWI0": "SPIM0_TWIM0", "TWI1": "SPIM1_TWIM1"},
        only=(
            *_COMMON,
            *_TWI_TASKS,
            0x104,
            0x108,
            0x11C,
            0x124,
            0x138,
            0x148,
            0x4C4,
            0x508,
            0x50C,
            0x518,
            0x51C,
            0x588,
        ),
        names={**_TWO_WIRES, 0x108: "EVENTS_RXDREADY"},
    ),
    View("PWM", _each("PWM{}", 4)),
    View("EGU", _each("EGU{}", 6)),
    View("SAADC", {"SAADC": "SAADC"}, names=_LIMITS),
    View("TEMP", {"TEMP": "TEMP"}),
    View("COMP", {"COMP": "COMP"}, without=(0x520,)),
    View("LPCOMP", {"LPCOMP": "COMP"}, without=(0x530, 0x534)),
    View("RNG", {"RNG": "RNG"}),
    View("ECB", {"ECB": "ECB"}),
    View("CCM", {"CCM": "CCM"}),
    View(
        "AAR",
        {"AAR": "CCM"},
        without=(0x004, 0x00C, 0x50C, 0x518, 0x51C),
        names={
            0x000: "TASKS_START",
            0x100: "EVENTS_END",
            0x104: "EVENTS_RESOLVED",
            0x108: "EVENTS_NOTRESOLVED",
            0x504: "NIRK",
            0x508: "IRKPTR",
            0x510: "ADDRPTR",
        },
    ),
    View("WDT", {"WDT": "WDT"}),
    View("QDEC", {"QDEC": "QDEC"}),
    View("PDM", {"PDM": "PDM"}),
    View("I2S", {"I2S": "I2S"}),
    View("RADIO", {"RADIO": "RADIO"}),
    View("NFCT", {"NFCT": "NFCT"}),
    View("MWU", {"MWU": "MWU"}),
    View("USBD", {"USBD": "USBD"}),
    View("QSPI", {"QSPI": "QSPI"}),
    View("CRYPTOCELL", {"CRYPTOCELL": "CRYPTOCELL"}),
    View("FICR", {"FICR": "FICR"}),
    View("UICR", {"UICR": "UICR"}, names=_UICR),
    View("NVMC", {"NVMC": "NVMC"}, without=_ACL),
    View("ACL", {"ACL": "NVMC"}, only=_ACL),
    View("PPI", {"PPI": "PPI"}),
)


class _Alone:
    """A machine for peripherals that only tell of their registers."""

    flash_array = None

    def __init__(self) -> None:
        self.peripherals: dict[str, Peripheral] = {}
        for make, place in CHIPS["nrf52840"].peripherals:
            self.peripherals[place.name] = make(self, place)  # type: ignore[arg-type]

    @property
    def console(self) -> _Alone:
        return self

    def part(self, _kind: type, name: str) -> Any:
        return self.peripherals[name]

    def attach(self, *_arguments: object) -> None:
        """Nothing listens."""

    offer_stores = route_events = attach


def peripherals() -> dict[str, Peripheral]:
    """The chip's peripherals by name."""
    return _Alone().peripherals


def registers(view: View, peripheral: Peripheral) -> dict[int, str]:
    """Offsets of a view's registers, each with its name in C, such as ``CH[3].EEP``."""
    table = {offset: register.name for offset, register in peripheral.table.items()}
    table = dict(sorted((table or dict(view.names)).items()))
    chosen = {
        offset: view.names.get(offset, name)
        for offset, name in table.items()
        if name and offset not in view.without and (not view.only or offset in view.only)
    }
    counts: dict[str, set[int]] = {}
    for name in chosen.values():
        for part in name.split("."):
            match = re.fullmatch(r"(.*?[A-Z_])(\d+)", part)
            if match:
                counts.setdefault(match[1], set()).add(int(match[2]))
    series = {base for base, numbers in counts.items() if 1 < len(numbers) == max(numbers) + 1}
    arrays = {base for base in series if not _NOT_ARRAYS.fullmatch(base)}

    def in_c(part: str) -> str:
        match = re.fullmatch(r"(.*?[A-Z_])(\d+)", part)
        return f"{match[1]}[{match[2]}]" if match and match[1] in arrays else part

    return {offset: ".".join(map(in_c, name.split("."))) for offset, name in chosen.items()}


def _members(entries: Iterable[tuple[int, str]], start: int, end: int, indent: str) -> list[str]:
    """The members of a struct that begins at ``start`` and ends at ``end``; 0: with its last register."""
    lines: list[str] = []
    at, gaps = start, 0
    for first, group in groupby(entries, key=lambda item: re.split(r"[.\[]", item[1])[0]):
        items = list(group)
        offset = items[0][0]
        if offset > at:
            lines.append(f"{indent}uint32_t mlbench_gap{gaps}[{(offset - at) // 4}];")
            gaps += 1
        count = len({match[1] for _, name in items if (match := re.match(rf"{first}\[(\d+)\]", name))})
        each = [(place, name) for place, name in items if not count or name.startswith(f"{first}[0]")]
        stride = next((place - offset for place, name in items if name.startswith(f"{first}[1]")), 4)
        size = f"[{count}]" if count else ""
        inner = [(place, name.partition(".")[2]) for place, name in each if "." in name]
        if inner:
            last = offset + stride if count else 0
            lines += [
                f"{indent}struct {{",
                *_members(inner, offset, last, indent + "  "),
                f"{indent}}} {first}{size};",
            ]
        else:
            lines.append(f"{indent}volatile uint32_t {first}{size};")
        at = offset + stride * count if count else items[-1][0] + 4
    if end > at:
        lines.append(f"{indent}uint32_t mlbench_gap{gaps}[{(end - at) // 4}];")
    return lines


def _bits(view: View, peripheral: Peripheral) -> list[str]:
    """Positions and masks of interrupt enables and of shortcuts."""
    if not isinstance(peripheral, NrfPeripheral):
        return []
    names = registers(view, peripheral)
    bits: dict[str, int] = {}
    short = {}
    for offset, name in peripheral.events.items():
        if offset in names:
            event = view.names.get(offset, f"EVENTS_{name}").removeprefix("EVENTS_").replace(".", "")
            short[name] = event
            bits |= {f"INTENSET_{event}": (offset - 0x100) // 4, f"INTENCLR_{event}": (offset - 0x100) // 4}
    known = {name for offset, name in peripheral.tasks.items() if offset in names}
    for bit, (event, task) in peripheral.shorts.items():
        if event in short and task in known:
            bits[f"SHORTS_{short[event]}_{task}"] = bit
    return _macros({f"{view.type}_{name}": (bit, 1) for name, bit in bits.items()})


def _macros(fields: Mapping[str, tuple[int, int]]) -> list[str]:
    """Positions and masks of fields, which have a first bit and a number of bits."""
    lines: list[str] = []
    for name, (first, count) in fields.items():
        lines.append(f"#define {name}_Pos {first}u")
        lines.append(f"#define {name}_Msk ({(1 << count) - 1:#x}u << {first})")
    return lines


def _fields() -> list[str]:
    """The fields of registers and their values."""
    known: dict[str, Any] = load_own(FIELDS.read_text(encoding="utf-8"))
    lines: list[str] = []
    for register, fields in known.items():
        for field_name, facts in fields.items():
            name = f"{register}_{field_name}"
            lines += _macros({name: (facts["first"], facts["bits"])})
            lines += [
                f"#define {name}_{value} {number:#x}u" for value, number in facts.get("values", {}).items()
            ]
    return lines


def header() -> str:
    """The header's text."""
    parts = peripherals()
    lines = [
        "/*",
        " * The chip's registers under Nordic's names. Made from the emulator's tables by",
        " * python -m mlbench.devtools.register_headers: change those, not this.",
        " */",
        "/* The guard of Nordic's own header: of the two, the first is taken. */",
        "#ifndef NRF52840_H",
        "#define NRF52840_H",
        "",
        "#include <stdint.h>",
    ]
    for view in VIEWS:
        # The instance with the most registers: timers and counters differ in their channels.
        widest = max((parts[name] for name in view.instances.values()), key=lambda part: len(part.table))
        entries = sorted(registers(view, widest).items())
        lines += ["", "typedef struct {", *_members(entries, 0, 0, "  "), f"}} NRF_{view.type}_Type;"]
        for name, peripheral in view.instances.items():
            lines.append(f"#define NRF_{name}_BASE {parts[peripheral].base:#010x}u")
            lines.append(f"#define NRF_{name} ((NRF_{view.type}_Type *)NRF_{name}_BASE)")
        lines += _bits(view, widest)
    lines += ["", *_fields()]
    numbers = {**_TRAPS, **{name: number for number, name in enumerate(interrupts()) if name}}
    lines += ["", "typedef enum {", *(f"  {name}_IRQn = {number}," for name, number in numbers.items())]
    lines += ["} IRQn_Type;"]
    return "\n".join([*lines, "", "#endif", ""])


def interrupts() -> list[str]:
    """Names of the chip's interrupts by their numbers, as the vector table has them; empty: there is none."""
    text = (HEADER.parent / "startup.S").read_text(encoding="utf-8")
    words = re.findall(r"^  \.word (\w+)$", text, re.MULTILINE)
    return [word.removesuffix("_IRQHandler") if word != "0" else "" for word in words[16:]]


def main(path: Path = HEADER) -> int:
    """Write the header."""
    path.write_text(header(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What instructions cost, one by one: a sketch that counts them, and what it prints.

It counts by the core's own cycle counter (DWT.CYCCNT), so it runs on any board with one; a board without it
says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from mlbench.errors import UsageError
from mlbench.util.own_yaml import load_own

NAME = "costs"
DONE = "costs done"
_ROUNDS = 200
_LINE = re.compile(r"^cost (\d+) (\d+) (\d+)\r?\n", re.MULTILINE)
_CLOCK = re.compile(r"^clock (\d+) (\d+)\r?\n", re.MULTILINE)
NO_COUNTER = "this core has no cycle counter (DWT.CYCCNT)"


@dataclass(frozen=True)
class CostBench:
    """A loop: its body is repeated ``times`` times in each of its rounds."""

    name: str
    body: str
    setup: str = ""
    times: int = 16
    rounds: int = _ROUNDS
    align: int = 0
    local: bool = False
    """The body has a label of its own."""


def benches() -> tuple[CostBench, ...]:
    """All that is measured; the first is the empty loop."""
    rows = load_own(files(__package__).joinpath("cost_benches.yml").read_text(encoding="utf-8"))
    return tuple(CostBench(name, **row) for name, row in rows.items())


def sketch_text(every: Iterable[CostBench]) -> str:
    """The sketch that measures them."""
    every = tuple(every)
    assembly = "\n".join(_function(number, bench) for number, bench in enumerate(every))
    declared = "\n".join(f'extern "C" uint32_t cost_{number}(uint32_t);' for number in range(len(every)))
    table = "\n".join(f"  {{cost_{number}, {bench.rounds}}}," for number, bench in enumerate(every))
    return (
        files(__package__)
        .joinpath("cost_sketch.txt")
        .read_text(encoding="utf-8")
        .format(assembly=assembly, declared=declared, table=table, missing=NO_COUNTER)
    )


def _function(number: int, bench: CostBench) -> str:
    body = "\n".join(line.strip() for line in bench.body.split(";") if line.strip())
    repeated = "\n".join([body] * bench.times) if bench.local else f".rept {bench.times}\n{body}\n.endr"
    setup = "\n".join(line.strip() for line in bench.setup.split(";") if line.strip())
    return f"""
.section .text.cost_{number}, "ax", %progbits
.balign 16
.global cost_{number}
.thumb_func
.type cost_{number}, %function
cost_{number}:
push {{r4-r11, lr}}
mov r10, r0
ldr r8, =cost_ram
ldr r9, =cost_flash
ldr r11, =0xE0001004
movs r0, #0
movs r1, #0
movs r2, #0
movs r3, #0
vmov.f32 s0, #1.0
vmov.f32 s1, #1.0
vmov.f32 s2, #1.0
{setup}
b 3f
.ltorg
.balign 16
3: isb
ldr r12, [r11]
push {{r12}}
b.w 1f
.balign 16
.space {bench.align}
1:
{repeated}
subs r10, #1
bne.w 1b
ldr r0, [r11]
pop {{r12}}
sub r0, r0, r12
pop {{r4-r11, pc}}
.ltorg
"""


def costs_of(text: str, every: tuple[CostBench, ...]) -> dict[str, float]:
    """Cycles of each body, from what a sketch has printed.

    Raises:
        UsageError: the core has no cycle counter, or lines are missing.
    """
    if NO_COUNTER in text:
        raise UsageError(f"the board said: {NO_COUNTER}", do="take a board with a Cortex-M3 or M4")
    rounds: dict[int, float] = {}
    for number, once, twice in _LINE.findall(text):
        rounds[int(number)] = (int(twice) - int(once)) / every[int(number)].rounds
    missing = [bench.name for number, bench in enumerate(every) if number not in rounds]
    if missing:
        raise UsageError(
            f"no cycles of {missing[0]}, and {len(missing) - 1} more", do="give all that the board printed"
        )
    return {
        bench.name: (rounds[number] - rounds[0] * (number > 0)) / bench.times
        for number, bench in enumerate(every)
    }


def table_text(emulated: Mapping[str, float], board: Mapping[str, float] | None) -> str:
    """A line for each body: its cycles, and a board's beside them."""
    width = max(len(name) for name in emulated)
    lines = [f"{'':{width}}  emulated" + ("    board  difference" if board else "")]
    for name, cycles in emulated.items():
        line = f"{name:{width}}  {cycles:8.2f}"
        if board is not None:
            line += f" {board[name]:8.2f}  {cycles - board[name]:+10.2f}"
        lines.append(line)
    return "\n".join(lines)


def is_whole(text: str, every: tuple[CostBench, ...]) -> bool:
    """Whether a sketch has said all that it says."""
    lines = {int(number) for number, _, _ in _LINE.findall(text)}
    return NO_COUNTER in text or (DONE in text and len(lines) == len(every) and clock_hz(text) is not None)


def clock_hz(text: str) -> float | None:
    """The core's clock in Hz, by the board's own micros(); None where nothing was printed of it."""
    match = _CLOCK.search(text)
    return int(match[1]) / int(match[2]) * 1e6 if match and int(match[2]) else None


def write_sketch(folder: Path, every: Iterable[CostBench]) -> Path:
    """Write the sketch into a folder of its name, and give the folder. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{folder.name}.ino").write_text(sketch_text(every), encoding="utf-8")
    return folder

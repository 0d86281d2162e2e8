"""What the chip would not let pass ends alike on the emulator and under (a stand-in for) Renode.

Each body of a function is a case of one image, which a word in it chooses.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from workshop import OWN_BOARD, Workshop

from mlbench.boards import board_for
from mlbench.core.execution import Functions, Outcome, Probe, RunResult, SpanKind
from mlbench.core.firmware import Firmware
from mlbench.firmware.toolchain import Toolchain
from mlbench.targets.emulator.target import EmulatorTarget
from mlbench.targets.renode.session import RenodeSession
from mlbench.targets.renode.target import RenodeTarget

NAMED = Functions("prepare()", "predict(int)")
MARK = 0x5EC7E17E
SITES: set[tuple[SpanKind, int]] = set()
"""Where functions return to."""


@dataclass(frozen=True)
class Body:
    """What predict() does. ``differs``: the ways in which the two do not end alike, and why."""

    name: str
    code: str
    differs: str = ""
    polls: bool = False
    """It polls a clock: Renode counts 100 instructions to a microsecond, so their number is another."""


BODIES = (
    Body("read where nothing is", "sink = *(volatile int*)0x30000000;"),
    Body("write past RAM", "*(volatile int*)0x20040000 = x;"),
    Body("write to a null pointer", "*(volatile int*)0 = x;"),
    Body("jump to where nothing is", "((void(*)())0x30000001)();"),
    Body("undefined instruction", 'asm volatile("udf #0");'),
    Body("branch without the Thumb bit", 'asm volatile("movw r0,#0x2000; movt r0,#1; bx r0":::"r0");'),
    Body("endless recursion", "sink = x; volatile char b[512]; b[0] = x; sink += predict(x+1) + b[0];"),
    Body("breakpoint", 'asm volatile("bkpt 0");'),
    Body("supervisor call", 'asm volatile("svc 0");'),
    Body("unknown register", "sink = *(volatile int*)0x40000F00;"),
    Body("asleep for ever", 'asm volatile("cpsid i"); for(;;) asm volatile("wfi");'),
    Body("divide by zero", "volatile int z=0; sink = x / z;"),
    Body("branch to itself", 'asm volatile("b .");'),
    Body("write to the vectors", "*(volatile int*)0x10000 = x;"),
    Body("bit-band alias", "*(volatile int*)0x22000000 = 1; sink = *(volatile int*)0x20000000 & 1;"),
    Body("RAM on the code bus", "sink = *(volatile int*)0x00800000;"),
    Body(
        "FPU switched off",
        '*(volatile unsigned*)0xE000ED88 = 0; asm volatile("dsb; isb; vmov.f32 s0, #1.0":::"s0");',
    ),
    Body(
        "erase a page",
        "*(volatile int*)0x4001E504 = 2; *(volatile int*)0x4001E508 = 0xF0000;"
        "*(volatile int*)0x4001E504 = 0; sink = *(volatile int*)0xF0000;",
    ),
    Body(
        "program a word",
        "*(volatile int*)0x4001E504 = 1; *(volatile int*)0xF0000 = 0x1234;"
        "*(volatile int*)0x4001E504 = 0; sink = *(volatile int*)0xF0000;",
    ),
    Body(
        "program a word, then write without leave",
        "*(volatile int*)0x4001E504 = 1; *(volatile int*)0xF0000 = 0x1234;"
        "*(volatile int*)0x4001E504 = 0; *(volatile int*)0xF1000 = 5;",
    ),
    Body("reset", "*(volatile unsigned*)0xE000ED0C = 0x05FA0004; for(;;);"),
    Body(
        "cycle counter",
        "*(volatile unsigned*)0xE000EDFC |= 1<<24; *(volatile unsigned*)0xE0001000 |= 1;"
        "unsigned a=*(volatile unsigned*)0xE0001004; for(int i=0;i<100;i++) sink+=i;"
        "Serial.println(*(volatile unsigned*)0xE0001004 - a > 100);",
    ),
    Body(
        "random numbers",
        "*(volatile unsigned*)0x4000D000 = 1; while(!*(volatile unsigned*)0x4000D100);"
        "sink=*(volatile unsigned*)0x4000D508; Serial.println(1);",
    ),
    Body(
        "SysTick",
        "*(volatile unsigned*)0xE000E014 = 63999; *(volatile unsigned*)0xE000E018 = 0;"
        "*(volatile unsigned*)0xE000E010 = 5;"
        "while (!(*(volatile unsigned*)0xE000E010 & 0x10000)); sink = 1;",
        polls=True,
    ),
    Body(
        "timer",
        "*(volatile unsigned*)0x4000A504 = 0; *(volatile unsigned*)0x4000A508 = 3;"
        "*(volatile unsigned*)0x4000A510 = 4; *(volatile unsigned*)0x4000A000 = 1;"
        "unsigned t0 = micros(); while (micros() - t0 < 500); *(volatile unsigned*)0x4000A040 = 1;"
        "int v = *(volatile unsigned*)0x4000A540; Serial.println(v > 480 && v < 520);",
        polls=True,
    ),
    Body(
        "real-time counter",
        "*(volatile unsigned*)0x40000008 = 1; *(volatile unsigned*)0x40011508 = 0;"
        "*(volatile unsigned*)0x40011000 = 1; delay(10);"
        "int v = *(volatile unsigned*)0x40011504; Serial.println(v > 300 && v < 360);",
        polls=True,
    ),
    Body("unaligned LDM", 'asm volatile("movw r0,#1; movt r0,#0x2000; ldmia r0,{r1,r2}":::"r0","r1","r2");',
         "Renode does not check alignment"),
    Body(
        "temperature",
        "*(volatile unsigned*)0x4000C000 = 1; while(!*(volatile unsigned*)0x4000C100);"
        "Serial.println(*(volatile int*)0x4000C508 != 0);",
        "waits for TEMP, which Renode does not have, in predict(int)",
    ),
    Body(
        "analog input",
        "Serial.println(analogRead(0) >= 0);",
        "waits for SAADC, which Renode does not have, in analogRead",
    ),
)  # fmt: skip
CASES = "".join(f"case {number}: {{ {body.code} }} break;\n" for number, body in enumerate(BODIES))
SKETCH = f"""\
#include <Arduino.h>
extern "C" {{ extern const volatile unsigned which; const volatile unsigned which = {MARK:#x}; }}
static volatile int sink;
__attribute__((noinline)) void prepare() {{ sink = 1; }}
__attribute__((noinline)) int predict(int x) {{
switch (which) {{
{CASES}}}
sink += x;
return sink;
}}
void setup() {{ Serial.begin(115200); prepare(); Serial.println(predict(1)); }}
void loop() {{ delay(10); }}
"""


@pytest.fixture(scope="module")
def firmware(tmp_path_factory: pytest.TempPathFactory, tools: Toolchain) -> Firmware:
    workshop = Workshop(tools, tmp_path_factory.mktemp("matrix"))
    return workshop.build("matrix", {"matrix.ino": SKETCH})


def chosen(firmware: Firmware, number: int, folder: Path) -> Firmware:
    """The firmware whose predict() has one of the bodies."""
    data, mark = firmware.elf.read_bytes(), MARK.to_bytes(4, "little")
    assert data.count(mark) == 1
    elf = folder / f"chosen{number}.elf"
    elf.write_bytes(data.replace(mark, number.to_bytes(4, "little")))
    return replace(firmware, elf=elf, probe_elf=elf)


@pytest.fixture(scope="module")
def session(lasting_renode: Path, firmware: Firmware) -> Iterator[RenodeSession]:
    """One Renode for all bodies."""
    session = RenodeTarget(board_for(OWN_BOARD), host_seconds=20.0).open(firmware, NAMED)
    yield session
    session.close()


def emulated(firmware: Firmware) -> RunResult:
    session = EmulatorTarget(board_for(OWN_BOARD)).open(firmware, NAMED)
    try:
        return session.run(Probe(), 1e6)
    finally:
        session.close()


def essence(result: RunResult) -> tuple[object, ...]:
    """Outcome, kind of access, address, and the function where it happened."""
    accesses = re.search(
        r"(reading|writing|executing|stack overflow: writing) (0x[0-9a-f]{8})", result.reason
    )
    fault = re.search(r"HardFault: a b|UsageFault: \w+|the firmware reset", result.reason)
    # A reset leaves no place behind.
    function = result.chain[0].function if result.chain and not (fault and "reset" in fault[0]) else ""
    return result.outcome, accesses and accesses.groups(), fault and fault[0], function


@pytest.mark.parametrize("number", range(len(BODIES)), ids=[body.name for body in BODIES])
def test_it_ends_alike(session: RenodeSession, firmware: Firmware, tmp_path: Path, number: int) -> None:
    check(session, firmware, tmp_path, number)


@pytest.mark.renode
def test_it_ends_alike_under_a_real_renode(firmware: Firmware, tmp_path: Path) -> None:
    """Opt-in: see ``test_renode_target``."""
    if not (os.environ.get("MLBENCH_RENODE") or shutil.which("renode")):
        pytest.skip("there is no renode on PATH, and MLBENCH_RENODE names none")
    session = RenodeTarget(board_for(OWN_BOARD)).open(firmware, NAMED)
    differences = []
    for number, body in enumerate(BODIES):
        try:
            check(session, firmware, tmp_path, number)
        except AssertionError as error:
            differences.append(f"{body.name}: {error}")
    session.close()
    assert not differences


def check(session: RenodeSession, firmware: Firmware, tmp_path: Path, number: int) -> None:
    body, image = BODIES[number], chosen(firmware, number, tmp_path)
    session._firmware = image
    # All images are laid out alike.
    session._plan(image.elf).sites |= SITES
    theirs, ours = session.run(Probe(), 1e6), emulated(image)
    SITES.update(session._plan(image.elf).sites)
    if not body.differs:
        assert essence(theirs) == essence(ours), (theirs.reason, ours.reason)
        if not body.polls:
            assert [span.instructions for span in theirs.spans] == [span.instructions for span in ours.spans]
        assert theirs.serial in (ours.serial, ours.serial + b"2\r\n")
    elif theirs.outcome is Outcome.HUNG:
        assert theirs.reason.startswith(body.differs)
        assert any(f"Renode has no {body.differs.split()[2].strip(',')} " in note for note in theirs.notes)
        assert ours.outcome is Outcome.PASSED
    else:
        assert (theirs.outcome, ours.outcome) == (Outcome.PASSED, Outcome.FAULT)

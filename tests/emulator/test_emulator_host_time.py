"""The host's time runs out: who is to blame is told apart, and what firmware does to be slow is named."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest
from bare_image import MS, Compiler

from mlbench.emulator import host_time
from mlbench.emulator.clock import Clock
from mlbench.emulator.host_time import Activity, HostTime
from mlbench.errors import EnvironmentFault, HostTimeout, SketchError, SlowFirmware
from mlbench.host.native import compiler

_FOREVER = 2**62
SLOW = {
    "void systick_handler(void) { count++; }"
    "int main(void) { REG(0xE000E014) = 1; REG(0xE000E010) = 7; for (;;) ; }": "takes {} exceptions",
    "void nmi_handler(void) { count++; } int main(void) { for (;;) ICSR = 1u << 31; }": "takes {} exceptions",
    'int main(void) { for (;;) __asm volatile("sev\\n wfe"); }': "executes WFI or WFE {} times",
    "static u16 code[2]; int main(void) { for (u32 n = 0;; n++) { code[0] = 0x2000 | (n & 255);"
    "code[1] = 0x4770; ((u32 (*)(void))((u32)code | 1))(); } }": "rewrites its code {} times",
    'int main(void) { for (;;) { register u32 op __asm("r0") = 0x11;'
    '__asm volatile("bkpt #0xab" : "+r"(op)); } }': "makes {} semihosting calls",
    "int main(void) { for (;;) REG(0x50000508) = 1; }": "accesses registers of peripherals {} times",
}  # fmt: skip


@pytest.mark.parametrize("source", SLOW)
def test_what_firmware_does_to_be_slow_is_named(
    bare: Compiler, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A machine that has nothing else to do: there, time passes as the thread's own.
    idle = SimpleNamespace(monotonic=time.thread_time, thread_time=time.thread_time)
    monkeypatch.setattr(host_time, "time", idle)
    with pytest.raises(SlowFirmware) as caught:
        bare.machine(source).run(_FOREVER, host_seconds=0.5)
    error = caught.value
    assert error.exit_status == SketchError.exit_status == 3
    before, after = SLOW[source].split("{}")
    assert f"ms on the board: it {before}" in error.what or f" and {before}" in error.what, error
    words = error.what.partition(before)[2].partition(after)[0]
    assert int(words.replace(",", "")) > 100_000, error  # of a few hundred cycles each, at most
    assert error.what.endswith("a second of the board's")
    assert error.where.endswith(".elf")


@pytest.mark.skipif(not compiler(), reason="no C compiler on PATH")
@pytest.mark.parametrize(
    "source",
    [
        "void irq5_handler(void) { count++; PEND(5); } int main(void) { ENABLE(5); PEND(5); for (;;) ; }",
        'void svc_handler(void) {} int main(void) { for (;;) __asm("svc #0"); }',
        "void pendsv_handler(void) {} int main(void) { for (;;) { ICSR |= PENDSVSET; BARRIER(); } }",
    ],
    ids=["an interrupt behind the other", "supervisor calls", "PendSV"],
)
def test_exceptions_alone_are_no_slower_than_the_board(bare: Compiler, source: str) -> None:
    machine = bare.machine(source)
    begin = time.thread_time()
    machine.run(200 * MS)
    assert machine.activity.exceptions > 100_000
    # Python alone takes 60 times as long as the board.
    assert time.thread_time() - begin < 8 * 0.2


@pytest.mark.parametrize(
    "source",
    [
        "int main(void) { for (;;) count++; }",
        "void systick_handler(void) { count++; }"
        "int main(void) { REG(0xE000E014) = 63999; REG(0xE000E010) = 7; for (;;) count++; }",
    ],
    ids=["a loop", "a tick of 1 kHz"],
)
def test_other_firmware_is_not_to_blame(bare: Compiler, source: str) -> None:
    with pytest.raises(
        HostTimeout, match=r"gave up after \d+ s of the host's time, \d+\.\d+ s of the board's"
    ):
        bare.machine(source).run(_FOREVER, host_seconds=0.3)


class Hook:
    """The part of the block hook that a clock reads."""

    cycles = 0
    event_at = 0


class HostClock:
    """The host's clocks, as a test has them."""

    wall = cpu = 0.0

    def monotonic(self) -> float:
        return self.wall

    def thread_time(self) -> float:
        return self.cpu


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> HostClock:
    clock = HostClock()
    monkeypatch.setattr(host_time, "time", clock)
    return clock


@pytest.mark.parametrize(
    ("cpu", "board_s", "stops", "error"),
    [
        (550.0, 2.0, Activity(exceptions=2_000_000), SlowFirmware),
        (200.0, 2.0, Activity(exceptions=2_000_000), SlowFirmware),
        (30.0, 2.0, Activity(exceptions=2_000_000), HostTimeout),  # others had the CPU
        (550.0, 2.0, Activity(exceptions=4_000), HostTimeout),  # a slow host, and firmware like any other
        (550.0, 400.0, Activity(exceptions=40_000_000), HostTimeout),  # long, but not slow
    ],
)
def test_an_overloaded_host_is_to_blame_by_itself(
    host: HostClock, cpu: float, board_s: float, stops: Activity, error: type[EnvironmentFault | SketchError]
) -> None:
    hook, activity = Hook(), Activity(sleeps=10**9)  # of an earlier run
    time = HostTime(600.0, Clock(hook, 64_000_000), activity, "image.elf")  # type: ignore[arg-type]
    time.check()
    host.wall, host.cpu = 601.0, cpu
    hook.cycles = int(board_s * 64_000_000)
    activity.exceptions += stops.exceptions
    with pytest.raises(error) as caught:
        time.check()
    assert "WFE" not in str(caught.value)


def test_all_that_it_does_often_is_named_the_most_often_first(host: HostClock) -> None:
    hook, activity = Hook(), Activity()
    time = HostTime(600.0, Clock(hook, 64_000_000), activity, "image.elf")  # type: ignore[arg-type]
    host.wall = host.cpu = 601.0
    hook.cycles = 57_600_000
    activity.exceptions, activity.semihosting, activity.sleeps, activity.registers = (
        36_900,
        90_000,
        450_000,
        9,
    )
    with pytest.raises(SlowFirmware) as caught:
        time.check()
    assert str(caught.value) == (
        "image.elf: took 601 s of CPU time for 900 ms on the board: it executes WFI or WFE 500,000 times, "
        "makes 100,000 semihosting calls and takes 41,000 exceptions a second of the board's; "
        "let it do so less often, or shorten its `timeout`"
    )

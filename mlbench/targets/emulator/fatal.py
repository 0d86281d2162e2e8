"""Functions in which firmware ends for good, and what their arguments say of the reason.

They are known by their linker's names: those of the C and C++ libraries, of Mbed OS (mbed_error.h,
mbed_assert.h), of RTX 5 (rtx_os.h), of Zephyr (fatal.h), of FreeRTOS (task.h) and of this project's
own core.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mlbench.elf.functions import fragment, split_suffixes
from mlbench.elf.image import Image
from mlbench.elf.symbols import demangle
from mlbench.emulator.cpu import Cpu
from mlbench.emulator.machine import Machine

_LONGEST_TEXT = 200

_MBED_CODES = {
    287: "out of memory",
    293: "stack overflow",
    297: "C library exception",
    317: "hard fault",
    318: "memory management fault",
    319: "bus fault",
    320: "usage fault",
    324: "assertion failed",
}
"""The low half of an mbed_error_status_t (mbed_error.h, MBED_DEFINE_SYSTEM_ERROR)."""
_RTX_CODES = {1: "stack overflow", 2: "interrupt queue overflow", 3: "timer queue overflow"}
_ZEPHYR_REASONS = {
    0: "CPU exception",
    1: "spurious interrupt",
    2: "stack overflow",
    3: "kernel oops",
    4: "kernel panic",
}


@dataclass(frozen=True)
class FatalExit:
    """How firmware ended. ``text`` is one line; ``memory``: for want of memory; ``good``: exit(0)."""

    text: str
    memory: bool = False
    good: bool = False


class _Arguments:
    """The arguments of the function that is about to run: r0 to r3, then the stack (AAPCS, 6.5)."""

    def __init__(self, cpu: Cpu) -> None:
        self._cpu = cpu

    def word(self, index: int) -> int:
        return self._cpu.r(index) if index < 4 else self._cpu.word(self._cpu.sp + 4 * (index - 4))

    def text(self, index: int) -> str:
        if not self.word(index):
            return ""
        raw = self._cpu.read(self.word(index), _LONGEST_TEXT).partition(b"\0")[0]
        return " ".join("".join(c if c.isprintable() else " " for c in raw.decode("latin-1")).split())

    def number(self, index: int) -> int:
        value = self.word(index)
        return value - (1 << 32) if value & 0x80000000 else value


_Reading = Callable[[_Arguments], FatalExit]


def _says(text: str, *, memory: bool = False) -> _Reading:
    return lambda _arguments: FatalExit(text, memory)


def _place(file: str, line: int) -> str:
    return f" ({file}:{line})" if file else ""


def _assertion(expression: int, file: int, line: int) -> _Reading:
    def read(a: _Arguments) -> FatalExit:
        return FatalExit(
            f"assertion failed: {a.text(expression) or '?'}{_place(a.text(file), a.number(line))}"
        )

    return read


def _exit(name: str) -> _Reading:
    return lambda a: FatalExit(f"{name}({a.number(0)}) was called", good=a.number(0) == 0)


def _mbed_error(a: _Arguments) -> FatalExit:
    status = a.word(0)
    code = _MBED_CODES.get(status & 0xFFFF, "")
    named = f" ({code})" if code else ""
    text = f": {a.text(1)}" if a.text(1) else ""
    where = _place(a.text(3), a.number(4))
    return FatalExit(
        f"mbed_error {status:#010x}{named}{text}, value {a.word(2):#x}{where}", status & 0xFFFF == 287
    )


def _rtx_error(a: _Arguments) -> FatalExit:
    code = a.word(0)
    return FatalExit(f"RTX error {code} ({_RTX_CODES.get(code, 'unknown')}), object {a.word(1):#010x}")


def _zephyr(a: _Arguments) -> FatalExit:
    return FatalExit(f"Zephyr fatal error {a.word(0)} ({_ZEPHYR_REASONS.get(a.word(0), 'unknown')})")


def _cxx(a: _Arguments) -> FatalExit:
    return FatalExit(f"C++ error: {a.text(0)}")


_FREERTOS_STACK = "stack overflow, found by FreeRTOS"

_KNOWN: tuple[tuple[str, _Reading], ...] = (
    # Where one of these calls another, the run ends in the first: it knows most.
    ("mbed_error", _mbed_error),
    ("mbed_assert_internal", _assertion(0, 1, 2)),
    ("__assert_func", _assertion(3, 0, 1)),
    ("z_fatal_error", _zephyr),
    ("k_sys_fatal_error_handler", _zephyr),
    ("assert_post_action", lambda a: FatalExit(f"assertion failed{_place(a.text(0), a.number(1))}")),
    ("vApplicationStackOverflowHook", lambda a: FatalExit(f"{_FREERTOS_STACK} in task {a.text(1)!r}")),
    ("vApplicationMallocFailedHook", _says("the allocator of FreeRTOS had no memory", memory=True)),
    ("mlbench_out_of_memory", _says("operator new had no memory", memory=True)),
    ("mlbench_cxx_error", _cxx),
    ("_ZSt9terminatev", _says("std::terminate() was called")),
    ("__cxa_pure_virtual", _says("a pure virtual function was called")),
    ("__stack_chk_fail", _says("stack overflow, found by the compiler's guard (__stack_chk_fail)")),
    ("abort", _says("abort() was called")),
    ("exit", _exit("exit")),
    ("__wrap_exit", _exit("exit")),
    ("_exit", _exit("_exit")),
    ("_Exit", _exit("_Exit")),
    ("mbed_die", _says("mbed_die() was called")),
)
_RTX = ("osRtxErrorNotify", "osRtxKernelErrorNotify")


class FatalWatch:
    """Stops the machine where firmware ends, and reads why."""

    def __init__(self, machine: Machine) -> None:
        self._cpu = machine.cpu
        self._readings = readings(machine.image)
        for address in self._readings:
            machine.set_break(address)

    @property
    def addresses(self) -> frozenset[int]:
        """Where the machine stops."""
        return frozenset(self._readings)

    def at(self, address: int) -> FatalExit | None:
        """What it means that ``address`` was reached; None where it is none of these functions."""
        reading = self._readings.get(address)
        return reading(_Arguments(self._cpu)) if reading is not None else None


def readings(image: Image) -> dict[int, _Reading]:
    """The functions that the image has, by address; aliases count as the first name above.

    A copy that the compiler made for some callers (a name with a suffix) may have other arguments.
    """
    by_address: dict[int, _Reading] = {}
    known = dict(_KNOWN)
    if image.symbol("mbed_error") is None:
        # With Mbed OS they go on to mbed_error, which knows more.
        known |= dict.fromkeys(_RTX, _rtx_error)
    rank = {name: number for number, name in enumerate(known)}
    ends = [symbol for symbol in image.functions if split_suffixes(symbol.name)[0] in known]
    for symbol in sorted(ends, key=lambda s: (rank[split_suffixes(s.name)[0]], s.name)):
        name = split_suffixes(symbol.name)[0]
        if symbol.name == name:
            by_address.setdefault(symbol.address, known[name])
        elif fragment(symbol.name) is None:
            by_address.setdefault(symbol.address, _says(f"{demangle(name)} was called"))
    return by_address

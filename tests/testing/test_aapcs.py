"""Calls of many signatures with random values, against the same C compiled for this machine."""

from __future__ import annotations

import ctypes
import math
import os
import random
import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlbench.core.firmware import Firmware
from mlbench.elf.types import Type, ValueKind
from mlbench.errors import UsageError
from mlbench.testing import Device
from mlbench.testing.aapcs import place

SEED = int(os.environ.get("MLBENCH_SEED", "7"))
TYPES = {
    "int8_t": ctypes.c_int8,
    "uint8_t": ctypes.c_uint8,
    "int16_t": ctypes.c_int16,
    "uint16_t": ctypes.c_uint16,
    "int32_t": ctypes.c_int32,
    "uint32_t": ctypes.c_uint32,
    "int64_t": ctypes.c_int64,
    "uint64_t": ctypes.c_uint64,
    "bool": ctypes.c_bool,
    "float": ctypes.c_float,
    "double": ctypes.c_double,
}
Signature = tuple[str, tuple[str, ...]]


def signatures() -> list[Signature]:
    """Chosen ones for each rule, then random ones."""
    chosen: list[Signature] = [
        ("int32_t", ()),
        ("int64_t", ("int32_t", "int64_t")),
        ("int64_t", ("int64_t", "int32_t", "int64_t")),
        ("double", ("float", "double", "float")),  # the second float goes back into the gap
        ("float", ("float",) * 17),  # the last one on the stack
        ("double", ("double",) * 9),
        ("double", ("float", *("double",) * 8, "float")),  # after the stack was used, no register more
        ("uint8_t", ("uint8_t", "int8_t", "uint16_t", "int16_t", "bool", "uint8_t")),
        ("bool", ("bool", "bool")),
        ("int32_t", ("int32_t", "int64_t", "int32_t", "int32_t", "int64_t")),
        ("uint64_t", ("uint64_t", "float", "uint64_t", "double", "uint64_t")),
    ]
    rng = random.Random(SEED)
    names = list(TYPES)
    for _ in range(50):
        chosen.append((rng.choice(names), tuple(rng.choice(names) for _ in range(rng.randrange(12)))))
    return chosen


def source(found: list[Signature]) -> str:
    """Each function sums up its arguments, each with a weight, by way of one that spoils the registers."""
    lines = ["#include <stdint.h>", "#include <stdbool.h>"]
    lines.append(
        "__attribute__((noinline)) static double spoil(double a) { volatile double b[4] = {a}; return b[0]; }"
    )
    for number, (returns, arguments) in enumerate(found):
        parameters = ", ".join(f"{name} a{index}" for index, name in enumerate(arguments)) or "void"
        whole = returns not in ("float", "double")
        terms = []
        for index, name in enumerate(arguments):
            # Whole numbers stay whole, so that both machines must agree in every bit.
            value = f"(int64_t)spoil(a{index})" if name in ("float", "double") else f"(int64_t)a{index}"
            terms.append(f"{value} * {2 * index + 3}" if whole else f"(double)(a{index}) * {2 * index + 3}")
        total = " + ".join(terms) or "42"
        zero = " != 0" if returns == "bool" else ""
        body = f"{{ return ({returns})(({total}){zero}); }}"
        lines.append(f"__attribute__((used)) {returns} f{number}({parameters}) {body}")
    return "\n".join(lines)


def random_value(name: str, rng: random.Random) -> Any:
    if name == "bool":
        return rng.random() < 0.5
    if name in ("float", "double"):
        return struct.unpack("<f", struct.pack("<f", rng.randrange(-(1 << 20), 1 << 20) / 4))[0]
    kind = TYPES[name]
    bits = 8 * ctypes.sizeof(kind)
    signed = not name.startswith("u")
    low, high = (-(1 << bits - 1), 1 << bits - 1) if signed else (0, 1 << bits)
    return rng.choice([low, high - 1, 0, 1, rng.randrange(low, high), rng.randrange(low, high)])


def test_random_calls_give_what_the_host_gives(make: Callable[..., Firmware], tmp_path: Path) -> None:
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("needs gcc on PATH")
    print(f"seed {SEED}")
    found = signatures()
    code = source(found)
    (tmp_path / "f.c").write_text(code)
    flags = ["-O1", "-ffp-contract=off", "-shared", "-fPIC", "-w"]
    subprocess.run([compiler, *flags, "f.c", "-o", "f.so"], cwd=tmp_path, check=True)
    host = ctypes.CDLL(str(tmp_path / "f.so"))
    kept = ", ".join(f"(void *)f{number}" for number in range(len(found)))
    sketch = f'extern "C" {{\n{code}\n}}\nvoid *volatile kept[] = {{{kept}}};\n'
    sketch += "void setup() { (void)kept[0]; }\nvoid loop() {}\n"
    firmware = make("signatures", sketch, "compiler.cpp.extra_flags=-ffp-contract=off")
    device = Device(firmware)
    rng = random.Random(SEED)
    for number, (returns, arguments) in enumerate(found):
        function = getattr(host, f"f{number}")
        function.restype, function.argtypes = TYPES[returns], [TYPES[name] for name in arguments]
        for _ in range(4):
            values = [random_value(name, rng) for name in arguments]
            expected, got = function(*values), device.call(f"f{number}", *values).value
            same = got == expected or (isinstance(got, float) and math.isnan(got) and math.isnan(expected))
            assert same, (SEED, number, returns, arguments, values, got, expected)


def test_callee_saved_registers_survive(device_of_sketch: Device) -> None:
    cpu = device_of_sketch.start()._core.machine.cpu
    for register in range(4, 12):
        cpu.set_r(register, 0x1000 + register)
    device_of_sketch.call("add", 1, 2)
    assert [cpu.r(register) for register in range(4, 12)] == [0x1000 + r for r in range(4, 12)]


@pytest.fixture
def device_of_sketch(firmware: Firmware) -> Device:
    return Device(firmware)


def test_a_variadic_function_takes_floats_in_core_registers() -> None:
    double = Type(ValueKind.FLOAT, 8)
    placed = place([1, 2.0], [Type(ValueKind.SIGNED, 4), double], base=True)
    assert placed.core == (1, 0, *struct.unpack("<2I", struct.pack("<d", 2.0)))
    assert not any(placed.floats)


SOFT = """
#include <stdarg.h>
double scale(float a, double b, int n) { return a * b + n; }
float half(float a) { return a / 2; }
double total(int n, ...) {
  va_list all; double sum = 0;
  va_start(all, n);
  while (n--) sum += va_arg(all, double);
  va_end(all);
  return sum;
}
void *volatile kept[] = {(void *)scale, (void *)half, (void *)total};
int main(void) { return kept[0] != 0; }
void start(void) { main(); for (;;) {} }
__attribute__((section(".vectors"), used)) void *const vectors[] = {(void *)0x20040000, (void *)start};
"""
SCRIPT = """
SECTIONS {
  .text 0x10000 : { *(.vectors) *(.text*) *(.rodata*) }
  .data 0x20000000 : AT(ADDR(.text) + SIZEOF(.text)) { *(.data*) *(.bss*) }
}
"""


@pytest.mark.parametrize("abi", ["hard", "softfp"])
def test_floats_go_where_the_firmware_was_built_to_look(abi: str, tmp_path: Path) -> None:
    if not shutil.which("arm-none-eabi-gcc"):
        pytest.skip("needs arm-none-eabi-gcc on PATH")
    (tmp_path / "soft.c").write_text(SOFT)
    (tmp_path / "soft.ld").write_text(SCRIPT)
    cpu = ["-mcpu=cortex-m4", "-mthumb", "-mfpu=fpv4-sp-d16", f"-mfloat-abi={abi}"]
    link = ["-nostdlib", "-nostartfiles", "-T", "soft.ld", "-Wl,-estart", "-lgcc"]
    command = ["arm-none-eabi-gcc", *cpu, "-Os", "-g", "soft.c", *link, "-o", "soft.elf"]
    subprocess.run(command, cwd=tmp_path, check=True)
    device = Device(tmp_path / "soft.elf")
    assert device.image.hard_float == (abi == "hard")
    assert device.call("half", 5.0).value == 2.5
    assert device.call("scale", 1.5, 2.25, 3).value == 6.375
    assert device.call("total", 3, 1.0, 0.5, 0.25).value == 1.75


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (256, Type(ValueKind.UNSIGNED, 1)),
        (-1, Type(ValueKind.UNSIGNED, 4)),
        (-129, Type(ValueKind.SIGNED, 1)),
        (1e300, Type(ValueKind.FLOAT, 4)),
    ],
)
def test_values_that_do_not_fit(value: float, kind: Type) -> None:
    with pytest.raises(UsageError):
        place([value], [kind])

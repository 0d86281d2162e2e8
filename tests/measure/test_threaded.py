"""Firmware with an operating system of its own: threads, locks, a lock around the heap, a moved VTOR."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from threaded import HEADER, NANO, OTHER_KERNEL, POOL, Threaded

from mlbench.core.execution import Functions, Outcome, Probe, RunResult, StackUse
from mlbench.elf.image import Image
from mlbench.emulator.chips.nrf52840 import NRF52840
from mlbench.emulator.machine import Machine
from mlbench.emulator.stacks import StackWatch
from mlbench.errors import UsageError
from mlbench.measure.ram_search import predict
from mlbench.pipeline.prebuilt import firmware_of
from mlbench.results.codec import encode
from mlbench.results.values import RamNeed, Time, UnusedRam

MAIN_STACK = 32_768


def run(threaded: Threaded, way: str, *options: str, probe: Probe | None = None) -> RunResult:
    session = threaded.open(threaded.firmware(*options, way=way))
    return session.run(probe or Probe(inferences=3), 3e6)


def by_name(stacks: tuple[StackUse, ...]) -> dict[str, StackUse]:
    return {stack.name: stack for stack in stacks}


def test_it_boots_runs_its_threads_and_is_measured(threaded: Threaded) -> None:
    found = threaded.profile(threaded.firmware())
    assert found.failure is None, found.failure
    measures = found.measures
    assert found.serial.startswith(b"result ")
    assert b"in time" in found.serial
    assert isinstance(measures.inference_time, Time)
    assert measures.inference_time.count == 3
    assert isinstance(measures.init_time, Time)
    assert isinstance(measures.unused_ram, UnusedRam), measures.unused_ram
    assert (measures.unused_ram.by, measures.unused_ram.certified) == ("injected", True)
    assert measures.unused_ram.full_runs == 3
    assert "in model_init()" in measures.unused_ram.first_failure


def test_stack_of_each_thread_and_what_ram_is_needed(threaded: Threaded) -> None:
    need = threaded.profile(threaded.firmware()).measures.ram_need
    assert isinstance(need, RamNeed)
    stacks = by_name(need.stacks)
    assert {name: (stack.size, stack.static) for name, stack in stacks.items()} == {
        "MSP": (1024, False),
        "main": (MAIN_STACK, True),
        "worker": (1024, True),
        "idle": (512, True),
    }
    # An exception's frame at least; and far less than is set aside.
    assert all(32 <= stack.used < 400 for stack in stacks.values())
    assert need.reserved_stack == MAIN_STACK + 1024 + 512
    assert need.peak_stack == sum(stack.used for stack in stacks.values())
    assert need.bytes == need.static - need.reserved_stack + need.peak_heap + need.peak_stack
    # What was allocated before setup() and by the other thread is in it: 700 and three blocks.
    assert need.peak_heap >= 700 + 3 * 40 + 9000 + 2400
    assert need.sbrk_steps >= 2
    assert need.heap_break >= need.peak_heap


def test_stack_is_what_was_put_on_it(threaded: Threaded) -> None:
    calm, deep = by_name(run(threaded, "GOOD").stacks), by_name(run(threaded, "DEEP").stacks)
    assert 20_000 <= deep["main"].used < 20_600
    assert deep["worker"].used == calm["worker"].used


@pytest.mark.parametrize("options", [(), HEADER, NANO], ids=["full", "header", "nano"])
@pytest.mark.parametrize("churn", [40, 900])
def test_limit_and_edges_are_those_of_full_runs(
    threaded: Threaded, options: tuple[str, ...], churn: int
) -> None:
    session = threaded.open(threaded.firmware(*options, churn=churn))
    reference = session.run(Probe(probe_image=True, record=True), 1e6)
    assert reference.outcome is Outcome.PASSED, reference.reason
    replay = session.replay()
    assert replay is not None
    prediction = predict(replay)
    limit = prediction.limit
    assert limit is not None
    edges = [limit, *(edge for island in prediction.islands[:2] for edge in island)]
    sizes = {edge + n for edge in edges for n in (-9, -1, 0, 1, 9)}
    sizes |= {0, limit - 4096, limit + 4096, limit + 4100, limit // 2, limit + 8200}
    for size in sorted(sizes):
        allowed = size <= limit or any(first <= size <= last for first, last in prediction.islands)
        result = session.run(Probe(alloc=size), 1e6)
        passed = result.outcome is Outcome.PASSED and result.outputs == reference.outputs
        assert passed == allowed, (size, limit, prediction.islands, result.reason)


def test_template_and_injected_probe_agree(threaded: Threaded) -> None:
    templated = threaded.firmware("-DTEMPLATE")
    assert templated.is_template
    by_template = threaded.profile(templated, Functions()).measures.unused_ram
    injected = threaded.profile(threaded.firmware()).measures.unused_ram
    assert isinstance(by_template, UnusedRam), by_template
    assert isinstance(injected, UnusedRam)
    assert (by_template.by, by_template.certified, by_template.full_runs) == ("template", True, 3)
    # The template's pointer is a word of .bss.
    assert injected.bytes - by_template.bytes in (0, 4, 8)


@pytest.mark.parametrize("address", [0x20040000, 0x2003FFFD, 0x10FFFE, 0xFFFFFFFE])
def test_a_templates_word_that_no_memory_holds_is_told(threaded: Threaded, address: int) -> None:
    templated = threaded.firmware("-DTEMPLATE")
    image = Image.load(templated.elf)
    word, table = image.symbol("mlbench_alloc_size"), image.section(".symtab")
    assert word is not None
    assert table is not None
    data = bytearray(image.data)
    for at in range(table.offset, table.offset + table.size, 16):
        if data[at + 4 : at + 12] == struct.pack("<II", word.address, 4):
            data[at + 4 : at + 8] = address.to_bytes(4, "little")
    path = threaded.folder / f"word-{address:x}.elf"
    path.write_bytes(data)
    with pytest.raises(
        UsageError, match=f"mlbench_alloc_size is at {address:#010x}, where the chip has no mem"
    ):
        threaded.profile(firmware_of(path), Functions())


def test_probe_runs_in_the_thread_while_others_go_on(threaded: Threaded) -> None:
    # More than there is: the call takes the lock, is refused, and says so.
    result = run(threaded, "GOOD", probe=Probe(alloc=0x40000))
    assert (result.outcome, result.reason) == (Outcome.NO_MEMORY, f"malloc({0x40000}) returned NULL")
    before, after = run(threaded, "GOOD"), run(threaded, "GOOD", probe=Probe(alloc=100_000, inferences=3))
    assert after.outcome is Outcome.PASSED
    assert after.serial == before.serial


ENDS = {
    "ABORTS": (Outcome.FAULT, "abort() was called in model_init() (/"),
    "ASSERTS": (Outcome.FAULT, "assertion failed: out == nullptr (sketch.cpp:"),
    "NEW_FAILS": (
        Outcome.NO_MEMORY,
        "mbed_error 0x8001011f (out of memory): Operator new out of memory, value 0x1388 (new.cpp:7) "
        "in operator new",
    ),
    "EXITS": (Outcome.FAULT, "exit(3) was called in model_infer"),
    "ERRORS": (
        Outcome.FAULT,
        "mbed_error 0x80ff0144 (assertion failed): Assertion failed: scale > 0, value 0x5 (model.cpp:12) "
        "in model_infer",
    ),
    "DENSE": (Outcome.FAULT, "stack overflow: SP went to 0x"),
    "SPARSE": (Outcome.FAULT, "stack overflow: SP went to 0x"),
    "WRITES_NULL": (Outcome.FAULT, "a null pointer"),
    "HANGS": (Outcome.HUNG, "an endless loop that nothing can end in model_infer"),
    "TERMINATES": (Outcome.FAULT, "std::terminate() was called in model_infer"),
    "FAULTS": (Outcome.FAULT, "past the end of RAM"),
    "PURE_VIRTUAL": (Outcome.FAULT, "a pure virtual function was called in model_infer"),
}


@pytest.mark.parametrize("way", ENDS)
def test_ends_are_told_apart(threaded: Threaded, way: str) -> None:
    result = run(threaded, way)
    outcome, text = ENDS[way]
    assert result.outcome is outcome, result.reason
    assert text in result.reason


@pytest.mark.parametrize("options", [(), OTHER_KERNEL, POOL], ids=["rtx", "other", "pool"])
def test_a_hang_names_the_thread_of_setup_and_then_the_others(
    threaded: Threaded, options: tuple[str, ...]
) -> None:
    result = run(threaded, "SLEEPS", *options)
    assert result.outcome is Outcome.HUNG
    names = {(): ("'main'", "'worker'", "'idle'")}.get(options)
    sketch, _, others = result.reason.partition("; other threads: ")
    assert sketch.startswith("did not finish in ")
    assert ", called from sleep_long(long*) (" in sketch
    if names is not None:
        assert f"; the thread of setup() ({names[0]}) stands in call (" in sketch
        assert all(f"{name} in " in others for name in names[1:])
    functions = [frame.function.split("(")[0] for frame in result.chain]
    assert functions[functions.index("sleep_long") :][:3] == ["sleep_long", "model_infer", "infer"]
    assert "setup" in functions


def test_a_thread_that_waits_for_input_is_over_early(threaded: Threaded) -> None:
    session = threaded.open(threaded.firmware(way="WAITS"))
    result = session.run(Probe(), 3600e6)
    assert result.reason.startswith("waits for serial input that nobody sends, in UARTSerial::available()")
    assert result.virtual_us < 11e6


def test_a_thread_that_waits_for_a_while_is_not(threaded: Threaded) -> None:
    firmware = threaded.firmware(way="WAITS_A_WHILE")
    looked, alone = threaded.open(firmware), threaded.open(firmware)
    alone.emulated(probe=False).machine.pause = None
    result = looked.run(Probe(), 30e6)
    assert result.outcome is Outcome.PASSED
    # To look at a run changes nothing of it.
    assert result == alone.run(Probe(), 30e6)


def test_last_words_are_kept(threaded: Threaded) -> None:
    assert b"++ error: Operator new out of memory" in run(threaded, "NEW_FAILS").serial


def test_good_exit_after_inference_is_no_failure(threaded: Threaded) -> None:
    result = run(threaded, "EXITS_WELL")
    assert (result.outcome, len(result.spans)) == (Outcome.PASSED, 2)


@pytest.mark.parametrize("options", [(), OTHER_KERNEL, POOL], ids=["rtx", "other", "pool"])
@pytest.mark.parametrize("way", ["DENSE", "SPARSE"])
def test_overflow_of_a_threads_stack(threaded: Threaded, options: tuple[str, ...], way: str) -> None:
    # A kernel that does not look is the worse case; the one that does is above.
    result = run(threaded, way, *options, "-DNO_CHECK")
    assert result.outcome is Outcome.FAULT
    name = {(): "thread 'main'", OTHER_KERNEL: "thread 'z_main_stack'", POOL: "a thread"}[options]
    assert f"bytes below the stack of {name} (32,768 bytes from 0x" in result.reason


def test_kernels_own_check_comes_with_the_overflow(threaded: Threaded) -> None:
    reason = run(threaded, "DENSE").reason
    assert reason.startswith("stack overflow: SP went to 0x")
    assert "then mbed_error 0x80020125 (stack overflow): CMSIS-RTOS error: Stack overflow" in reason


def test_overflow_of_another_threads_stack_is_named(threaded: Threaded) -> None:
    reason = run(threaded, "WORKER_SPARSE").reason
    assert "the stack of thread 'worker' (1,024 bytes from 0x" in reason


def test_output_that_a_probe_moves_is_not_compared(threaded: Threaded) -> None:
    found = threaded.profile(threaded.firmware(way="MOVES"))
    unused = found.measures.unused_ram
    assert isinstance(unused, UnusedRam)
    assert unused.certified
    assert any("output 0 vary with" in note for note in found.notes)


def test_inference_in_a_handler_is_timed(threaded: Threaded) -> None:
    result = run(threaded, "IN_HANDLER")
    assert result.outcome is Outcome.PASSED, result.reason
    assert len(result.spans) == 4
    # On the main stack, as handlers are.
    assert by_name(result.stacks)["MSP"].used > by_name(run(threaded, "GOOD").stacks)["MSP"].used


def test_float_that_comes_back_in_a_core_register(threaded: Threaded) -> None:
    # Compiled for an FPU, but with the calling convention of code that has none.
    result = threaded.open(threaded.firmware(), Functions("model_init()", "model_scale")).run(Probe(), 3e6)
    (scaled,) = struct.unpack("<f", result.outputs[0])
    result = run(threaded, "GOOD")
    total = int.from_bytes(result.outputs[0], "little")
    assert 0 <= total - 2 * scaled < 256


def test_inference_left_by_longjmp_is_not_timed(threaded: Threaded) -> None:
    result = run(threaded, "JUMPS")
    assert result.outcome is Outcome.PASSED, result.reason
    assert len(result.spans) == 1 + 3
    assert any("1 inferences were left by longjmp" in note for note in result.notes)
    times = [mark.us for mark in result.spans[1:]]
    assert max(times) < 1.1 * min(times)


def test_stacks_of_a_stripped_image_are_found_by_the_word_at_their_bottom(threaded: Threaded) -> None:
    elf = threaded.build()
    stripped = elf.with_suffix(".stripped")
    subprocess.run(["arm-none-eabi-strip", "-s", "-o", stripped, elf], check=True)
    machine = Machine(Image.load(stripped), NRF52840)
    watch = StackWatch(machine)
    machine.run(machine.clock.cycles(30_000))
    watch.fold()
    sizes = sorted(stack.size or 0 for stack in watch.state.stacks[1:])
    assert sizes == [512, 1024, MAIN_STACK]
    assert watch.describe() == ""


MEASURE = """
import json, sys
from dataclasses import replace
from pathlib import Path
from mlbench.boards import board_for
from mlbench.pipeline.prebuilt import firmware_of, spec_of
from mlbench.measure.profile import profile
from mlbench.results.codec import encode
from mlbench.targets.emulator.target import EmulatorTarget
from mlbench.core.execution import Functions, OutputBuffer
firmware = firmware_of(Path(sys.argv[1]))
functions = Functions("model_init()", "model_infer", (OutputBuffer(0, 4),))
spec = replace(spec_of(firmware, "", ram=True), functions=functions)
found = profile(firmware, spec, EmulatorTarget(board_for(spec.board)))
print(json.dumps([encode(found.measures), found.notes, found.serial.decode()]))
"""


def test_measures_are_the_same_in_any_process_and_without_native_code(threaded: Threaded) -> None:
    firmware = threaded.firmware()
    texts = []
    for environment in ({}, {}, {"MLBENCH_HOTPATH": "python"}):
        done = subprocess.run(
            [sys.executable, "-c", MEASURE, str(firmware.elf)],
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).parents[2],
            env={**os.environ, **environment},
        )
        texts.append(done.stdout)
    assert texts[0] == texts[1] == texts[2]
    here = threaded.profile(firmware)
    assert json.loads(texts[0])[0] == encode(here.measures)

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from elf_machine import RAM, Machine
from hypothesis import given, settings
from hypothesis import strategies as st

from mlbench.core.execution import Frame
from mlbench.elf.cfi import FrameInfo
from mlbench.elf.image import Image
from mlbench.elf.unwind import EXCEPTION, MOST_FRAMES, unwind

SOURCE = """
typedef int (*function)(int);
volatile int sink;
volatile float fsink;
int buffer[64];
#define NOINLINE __attribute__((noinline, noclone))
NOINLINE int leaf(int x) { return sink = x * 3; }
NOINLINE int tail(int x) { sink = x; return leaf(x + 1); }
NOINLINE float floats(float a, float b) {
  float c = a * b + fsink, d = a - b * c, e = c / (d + 1);
  sink = leaf((int)e);
  return a * c + b * d + e;
}
NOINLINE int frame(int x) {
  int local[20];
  for (int i = 0; i < 20; i++) local[i] = leaf(i + x);
  return local[x & 15] + tail(x);
}
NOINLINE int big_frame(int x) {
  volatile int local[600];
  local[x] = leaf(x);
  return local[x] + frame(x);
}
NOINLINE int dynamic(int n) {
  volatile int *local = __builtin_alloca(n * 4);
  local[0] = big_frame(n);
  return local[0] + leaf(n);
}
NOINLINE int early(int x) {
  if (x == 0) return 1;
  sink = dynamic(x);
  if (x == 3) return leaf(sink);
  return frame(sink & 7) + x;
}
NOINLINE int recursive(int n) { return n ? recursive(n - 1) * n + leaf(n) : early(3); }
NOINLINE int many(int a, int b, int c, int d, int e, int f, int g) {
  return leaf(a + e) * b + leaf(c + f) * d + leaf(g) * e + leaf(f) * a;
}
static inline __attribute__((always_inline)) int inlined(int x) {
  return leaf(x) + 1;
}
NOINLINE int pointers(function f, int x) { return f(x) + f(x + 1); }
NOINLINE int switched(int x) {
  switch (x) {
    case 0: return leaf(1);
    case 1: return frame(2) + 1;
    case 2: return tail(3);
    case 3: return recursive(2) + 5;
    case 4: return (int)floats(x, 3) + 2;
    case 5: return inlined(x) * 2;
    default: return 0;
  }
}
__attribute__((naked)) void end(void) { __asm("b ."); }
void start(void) {
  for (int i = 0; i < 7; i++) sink += switched(i);
  sink += many(1, 2, 3, 4, 5, 6, 7) + pointers(frame, 2) + early(0) + pointers(recursive, 1);
  end();
  sink = 0;
}
volatile int handled;
NOINLINE void inner_handler(int x) { handled = leaf(x) + 1; handled += leaf(x); }
void handler(void) { inner_handler(5); handled = 7; }
void *const keep[] __attribute__((section(".vectors"), used)) = {(void *)handler};
"""


def levels(image: Image, truth: list[int]) -> list[int]:
    """The program counters to expect: one for each function at a place, the inlined ones too."""
    expected: list[int] = []
    for index, pc in enumerate(truth):
        here = image.debug.inline_chain(pc if index == 0 else pc - 1)
        expected += [pc] * max(1, len(here))
    return expected


def start_of(image: Image, name: str) -> int:
    symbol = image.symbol(name)
    assert symbol is not None, name
    return symbol.address


def stop_at_end(image: Image) -> Callable[[Machine], bool]:
    end = start_of(image, "end")
    return lambda machine: machine.chain()[0] == end


def run_checked(machine: Machine, start: int, check: Callable[[Machine], bool], **where: int) -> None:
    """Run, and raise here what ``check`` raised inside the emulator's callback."""
    failures: list[Exception] = []

    def careful(machine: Machine) -> bool:
        try:
            return check(machine)
        except Exception as error:
            failures.append(error)
            return True

    machine.run(start, careful, **where)
    if failures:
        raise failures[0]


def explain(image: Image, truth: list[int]) -> str:
    return " < ".join(f"{pc:#x} {getattr(image.function_at(pc), 'name', '?')}" for pc in truth)


@pytest.mark.parametrize(
    "flags", ["-O0", "-Os", "-O1", "-O2", "-O3", "-Os -gdwarf-4", "-O2 -fno-omit-frame-pointer"]
)
def test_every_instruction_gives_the_exact_chain(build: Callable[..., Path], flags: str) -> None:
    image = Image.load(build({"calls.c": SOURCE}, "-g", *flags.split()))
    finished = stop_at_end(image)
    checked: set[tuple[int, ...]] = set()

    def check(machine: Machine) -> bool:
        truth = machine.chain()
        if tuple(truth) not in checked:
            checked.add(tuple(truth))
            got = [frame.pc for frame in unwind(image, truth[0], machine.registers(), machine.read)]
            assert got == levels(image, truth), explain(image, truth)
        return finished(machine)

    run_checked(Machine(image), image.entry, check)
    assert len(checked) > 300
    assert max(map(len, checked)) >= 7


def test_without_call_frame_information(build: Callable[..., Path]) -> None:
    """By first instructions: exact but in epilogues and where a frame has no fixed size."""
    image = Image.load(build({"calls.c": SOURCE}, "-Os", "-fno-unwind-tables"))
    assert image.section(".debug_frame") is None
    finished = stop_at_end(image)
    right = total = 0

    def check(machine: Machine) -> bool:
        nonlocal right, total
        truth = machine.chain()
        got = [frame.pc for frame in unwind(image, truth[0], machine.registers(), machine.read)]
        total += 1
        right += got == truth
        assert got[0] == truth[0]
        if truth[0] == start_of(image, "leaf"):
            assert got[:2] == truth[:2], explain(image, truth)
        return finished(machine)

    run_checked(Machine(image), image.entry, check)
    assert right / total > 0.9, f"{right} of {total}"


def test_names_and_lines(build: Callable[..., Path]) -> None:
    path = build({"calls.c": SOURCE}, "-g", "-Os")
    image = Image.load(path)
    machine = Machine(image)
    leaf, inlined_line = start_of(image, "leaf"), line_of("return leaf(x) + 1;")

    def in_inlined(machine: Machine) -> bool:
        chain = machine.chain()
        return chain[0] == leaf and any(
            frame.function == "inlined"
            for frame in unwind(image, chain[0], machine.registers(), machine.read)
        )

    run_checked(machine, image.entry, in_inlined)
    frames = unwind(image, leaf, machine.registers(), machine.read)
    assert [frame.function for frame in frames] == ["leaf", "inlined", "switched", "start", "reset"]
    assert {Path(frame.file).name for frame in frames} == {"calls.c", "start.c"}
    assert Path(frames[0].file).parent == path.parent
    assert frames[0].line == line_of("NOINLINE int leaf(int x)")
    assert frames[1].line == inlined_line
    assert frames[2].line == line_of("case 5: return inlined(x) * 2;")
    assert frames[3].line == line_of("sink += switched(i);")
    assert str(frames[1]).startswith("inlined (")
    plain = Image.load(path).debug.unwind(leaf, machine.registers(), machine.read, places=False)
    assert [str(frame) for frame in plain] == ["leaf", "switched", "start", "reset"]


def line_of(text: str) -> int:
    return next(number for number, line in enumerate(SOURCE.splitlines(), 1) if text in line)


HANDLER_STACK = RAM + 0x8000


@pytest.mark.parametrize("floating", [False, True])
@pytest.mark.parametrize("own_stack", [False, True])
def test_through_an_exception(build: Callable[..., Path], floating: bool, own_stack: bool) -> None:
    """A handler on the interrupted code's stack, and one on the main stack over a thread's."""
    image = Image.load(build({"calls.c": SOURCE}, "-g", "-Os"))
    machine = Machine(image)
    tail = start_of(image, "tail")
    run_checked(machine, image.entry, lambda m: m.chain()[0] == tail + 4 and len(m.chain()) > 4)
    before, truth = machine.registers(), levels(image, machine.chain())
    stacked = before[13] - (104 if floating else 32)
    padding = stacked % 8
    stacked -= padding
    words = [before[n] for n in (0, 1, 2, 3, 12, 14, 15)] + [0x0100_0000 | (padding != 0) << 9]
    machine.uc.mem_write(stacked, struct.pack("<8I", *words))
    link = 0xFFFF_FFE1 + 8 + (4 if own_stack else 0) + (0 if floating else 0x10)
    machine.calls.clear()
    leaf = start_of(image, "leaf")
    run_checked(
        machine,
        start_of(image, "handler"),
        lambda m: m.chain()[0] == leaf,
        stack=HANDLER_STACK if own_stack else stacked,
        link=link,
    )
    outer = machine.registers()
    frames = unwind(image, leaf, outer, machine.read, psp=stacked if own_stack else None)
    in_handler = levels(image, machine.chain())
    assert [frame.pc for frame in frames] == [*in_handler, link, *truth]
    assert frames[len(in_handler)].function == EXCEPTION
    assert [frame.function for frame in frames[: len(in_handler)]] == ["leaf", "inner_handler", "handler"]
    if own_stack:
        blind = unwind(image, leaf, outer, machine.read)
        assert blind == frames[: len(in_handler) + 1]


def test_a_jump_to_nowhere_names_the_caller(build: Callable[..., Path]) -> None:
    image = Image.load(build({"calls.c": SOURCE}, "-g", "-Os"))
    machine = Machine(image)
    leaf = start_of(image, "leaf")
    run_checked(machine, image.entry, lambda m: m.chain()[0] == leaf and len(m.chain()) > 5)
    truth = machine.chain()
    for wild in (0, 0xDEAD_BEE0, RAM + 0x100):
        frames = unwind(image, wild, machine.registers(), machine.read)
        assert frames[0] == Frame(wild & ~1, "")
        assert [frame.pc for frame in frames[1:]] == levels(image, truth)[1:]


def test_stripped_images_have_addresses(build: Callable[..., Path], tool: Callable[..., str]) -> None:
    whole = build({"calls.c": SOURCE}, "-g", "-Os")
    path = whole.parent / "stripped.elf"
    tool("strip", "-o", path, whole)
    image, stripped = Image.load(whole), Image.load(path)
    machine = Machine(image)
    leaf = start_of(image, "leaf")
    run_checked(machine, image.entry, lambda m: m.chain()[0] == leaf and len(m.chain()) > 5)
    frames = unwind(stripped, leaf, machine.registers(), machine.read)
    assert [frame.pc for frame in frames][:2] == machine.chain()[:2]
    assert {frame.function for frame in frames} == {""}


def test_recursion_is_bounded(build: Callable[..., Path]) -> None:
    image = Image.load(build({"calls.c": SOURCE}, "-g", "-O1"))
    machine = Machine(image)
    machine.uc.reg_write(66, 500)  # UC_ARM_REG_R0
    early = start_of(image, "early")
    run_checked(machine, start_of(image, "recursive"), lambda m: m.chain()[0] == early)
    assert len(machine.chain()) > 400
    frames = unwind(image, early, machine.registers(), machine.read)
    assert len(frames) == MOST_FRAMES
    assert {frame.function for frame in frames[1:]} == {"recursive"}


def test_memory_that_cannot_be_read_ends_the_chain(build: Callable[..., Path]) -> None:
    image = Image.load(build({"calls.c": SOURCE}, "-g", "-Os"))
    machine = Machine(image)
    frame = start_of(image, "frame")
    run_checked(machine, image.entry, lambda m: m.chain()[0] == frame + 8)
    registers = machine.registers()
    assert len(unwind(image, frame + 8, registers, machine.read)) > 3

    def refuses(address: int, size: int) -> bytes:
        raise LookupError(address)

    for reader in (refuses, lambda address, size: b""):
        assert [f.function for f in unwind(image, frame + 8, registers, reader)] == ["frame"]
    assert [f.function for f in unwind(image, frame + 8, {}, machine.read)] == ["frame"]


@settings(max_examples=300, deadline=None)
@given(
    words=st.lists(
        st.sampled_from(range(0x10000, 0x10800)) | st.integers(0, 0xFFFF_FFFF), min_size=1, max_size=64
    ),
    pc=st.integers(0x10000, 0x10600) | st.integers(0, 0xFFFF_FFFF),
    registers=st.lists(st.integers(0, 0xFFFF_FFFF), min_size=13, max_size=13),
    link=st.integers(0x10000, 0x10600) | st.sampled_from([0xFFFF_FFF1, 0xFFFF_FFED, 0xFFFF_FFFF, 0]),
    stack=st.integers(RAM, RAM + 256),
    debug=st.booleans(),
)
def test_any_stack_ends(
    build: Callable[..., Path],
    words: list[int],
    pc: int,
    registers: list[int],
    link: int,
    stack: int,
    debug: bool,
) -> None:
    """Whatever lies on the stack: a bounded chain that starts with pc, and no error."""
    image = _image(build, "-g" if debug else "-g0")
    memory = struct.pack(f"<{len(words)}I", *words) * 4

    def read(address: int, size: int) -> bytes:
        return memory[address - RAM : address - RAM + size] if address >= RAM else b""

    known = {**dict(enumerate(registers)), 13: stack, 14: link}
    frames = unwind(image, pc, known, read, psp=RAM)
    assert 1 <= len(frames) <= MOST_FRAMES
    assert frames[0].pc == (pc if frames[0].function == EXCEPTION else pc & ~1)


_images: dict[str, Image] = {}


def _image(build: Callable[..., Path], flag: str) -> Image:
    if flag not in _images:
        _images[flag] = Image.load(build({"calls.c": SOURCE}, flag, "-Os"))
    return _images[flag]


@settings(max_examples=150, deadline=None)
@given(changes=st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(0, 255)), min_size=1, max_size=12))
def test_damaged_frame_information_raises_nothing(
    build: Callable[..., Path], changes: list[tuple[int, int]]
) -> None:
    image = _image(build, "-g")
    section = image.section(".debug_frame")
    assert section is not None
    data = bytearray(image.data)
    for offset, value in changes:
        data[section.offset + offset % section.size] = value
    damaged = Image.parse(bytes(data))
    rules = FrameInfo(damaged)
    for address in range(0x10000, 0x10600, 2):
        rules.row(address)
    registers = dict.fromkeys(range(16), RAM)
    assert unwind(damaged, image.entry, registers, lambda address, size: bytes(size))

"""Sketches behind a prebuilt loader, with the tests' own loader and the platform beside it."""

from __future__ import annotations

import shutil
import struct
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import zephyr_platform
from workshop import Workshop, tools_or_skip
from zephyr_platform import OF_2025, OF_2026, Generation

from mlbench.boards import board_for
from mlbench.core.execution import Functions, Outcome, OutputBuffer, Probe
from mlbench.core.firmware import BoardBuild, BuildRequest, Firmware, SketchParts
from mlbench.elf.composed import Sketch, compose, read_parts, sketch_object
from mlbench.elf.image import Image
from mlbench.elf.sketch_header import read_header
from mlbench.elf.sketch_loader import SketchLoader, read_loader
from mlbench.elf.sketch_places import MemoryBytes, find_places
from mlbench.emulator.chips.nrf52840 import NRF52840
from mlbench.errors import EnvironmentFault, SketchError
from mlbench.firmware import build
from mlbench.measure.profile import Profile, profile
from mlbench.results.codec import encode
from mlbench.results.values import Absent, Flash, RamNeed, Time, UnusedRam
from mlbench.suite.suite_file import SketchSpec, Source
from mlbench.targets.board.target import BoardTarget
from mlbench.targets.emulator.sketch_loading import place_sketch
from mlbench.targets.emulator.target import EmulatorTarget
from mlbench.testing import Device
from mlbench.util.progress import Silent

LINKED = f"{zephyr_platform.BOARD}:link_mode=static"
MODEL = """
static const int weights[] = {3, 1, 4, 1, 5, 9, 2, 6};
static int *state;
static int total;
volatile int result[2];
struct Early { Early() { total = 7; } } early;
namespace model {
__attribute__((noinline)) void prepare() {
  int *scratch = (int *)malloc(3000);
  state = (int *)malloc(100);
  *state = scratch ? total : -1;
  free(scratch);
}
__attribute__((noinline)) int run(int x) {
  int *sums = (int *)malloc(40 * sizeof(int));
  if (!sums) return -1;
  for (int i = 0; i < 40; i++) sums[i] = x * weights[i % 8] + *state;
  int sum = 0;
  for (int i = 0; i < 40; i++) sum += sums[i];
  free(sums);
  return result[0] = sum;
}
}
void setup() { model::prepare(); }
void loop() { Serial.println((long)model::run(2)); }
"""
TEMPLATE = """
static char *ptr;
static int *arena;
void setup() {
  ptr = (char *) malloc($alloc_size);
  if (ptr == NULL) for (;;) {}
  arena = (int *) malloc(2000);
  if (arena == NULL) for (;;) {}
  arena[0] = 41;
}
void loop() { Serial.println((long)++arena[0]); }
"""
MISSING = 'extern "C" void not_built_in(void); extern "C" void unknown_to_all(void);\n' + MODEL.replace(
    "void setup() {", "void setup() { not_built_in(); unknown_to_all();"
)
FUNCTIONS = Functions("model::prepare()", "model::run(int)", (OutputBuffer(None, 8, "result"),))


@dataclass(frozen=True)
class Core:
    """One state of the core, installed in a sketchbook of its own."""

    platform: Path
    generation: Generation
    workshop: Workshop

    def build(self, name: str, text: str, board: str = zephyr_platform.BOARD) -> Firmware:
        return self.workshop.build(name, {f"{name}.ino": text}, board=board)


@pytest.fixture(scope="module")
def cores(tmp_path_factory: pytest.TempPathFactory) -> dict[Generation, Core]:
    tools, made = tools_or_skip(), {}
    for generation in (OF_2025, OF_2026):
        folder = tmp_path_factory.mktemp("core")
        platform = zephyr_platform.install(folder / "user", generation)
        made[generation] = Core(platform, generation, Workshop(tools, folder))
    return made


@pytest.fixture
def recent(cores: dict[Generation, Core], monkeypatch: pytest.MonkeyPatch) -> Core:
    return _chosen(cores[OF_2026], monkeypatch)


def _chosen(core: Core, monkeypatch: pytest.MonkeyPatch) -> Core:
    monkeypatch.setenv("ARDUINO_DIRECTORIES_USER", str(core.platform.parents[2]))
    return core


def measured(firmware: Firmware, functions: Functions = FUNCTIONS, search: str = "replay") -> Profile:
    spec = SketchSpec(
        firmware.name,
        firmware.source,
        firmware.keys.fqbn,
        Source(),
        functions=functions,
        ram_search=search,
        timeout_us=2e6,
    )
    return profile(firmware, spec, EmulatorTarget(board_for(firmware.keys.fqbn)))


def parts_of(firmware: Firmware) -> SketchParts:
    parts = read_parts(Image.load(firmware.elf))
    assert parts is not None
    return parts


def memories(taken: Profile) -> dict[str, tuple[int, int | None]]:
    return {memory.name: (memory.used, memory.limit) for memory in taken.memories}


@pytest.mark.parametrize(
    ("generation", "board"),
    [(OF_2025, zephyr_platform.BOARD), (OF_2026, zephyr_platform.BOARD), (OF_2026, LINKED)],
    ids=["2025", "dynamic", "static"],
)
def test_all_measures_of_a_sketch_that_a_loader_starts(
    cores: dict[Generation, Core], generation: Generation, board: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    core = _chosen(cores[generation], monkeypatch)
    firmware = core.build("model", MODEL, board)
    parts = parts_of(firmware)
    assert (parts.header_version, parts.base) == (generation.version, generation.base)
    assert parts.mode == ("static" if board == LINKED else "dynamic")
    taken = measured(firmware)
    assert taken.failure is None
    flash, unused, need = taken.measures.flash, taken.measures.unused_ram, taken.measures.ram_need
    assert isinstance(flash, Flash)
    assert isinstance(unused, UnusedRam)
    assert isinstance(need, RamNeed)
    # The sketch's own part, to the byte of what is uploaded; the loader stands beside it.
    assert flash.bytes == parts.sketch_bytes == sum(size for _, size in flash.sections)
    loader = core.platform / "firmwares" / "zephyr-nano33ble.bin"
    assert flash.overhead == loader.stat().st_size
    assert dict(flash.symbols)["model::run(int)"] > 20
    assert "heap_alloc" not in dict(flash.symbols)
    assert unused.certified
    assert unused.full_runs == 3
    bisected = measured(firmware, search="bisect").measures.unused_ram
    assert isinstance(bisected, UnusedRam)
    assert (bisected.bytes, bisected.method) == (unused.bytes, "bisect")
    assert need.peak_heap == 3100  # what model::prepare() holds at a time
    assert 40 < need.peak_stack < 1000
    stacks = {stack.name: stack.size for stack in need.stacks}
    assert stacks.get("main") == (4096 if generation.elf else None)
    for time in (taken.measures.init_time, taken.measures.inference_time):
        assert isinstance(time, Time)
        assert time.cycles
    inference = taken.measures.inference_time
    assert isinstance(inference, Time)
    assert inference.calls is not None
    known = memories(taken)
    assert known["sketch partition"] == (parts.sketch_bytes, generation.size)
    heap = known["sketch heap" if board == LINKED else "LLEXT heap"]
    assert 8 <= heap[0] < heap[1] == 1024 * generation.heap_kb
    used, free = known["malloc() heap"]
    assert free is not None
    assert used == need.peak_heap
    assert unused.bytes < free <= unused.bytes + used + 100
    assert known["RAM of the loader"][1] == (262_144 if generation.elf else None)
    assert known["main stack"] == (need.peak_stack, 4096 if generation.elf else None)
    again = measured(firmware)
    assert encode(again.measures) == encode(taken.measures)


@pytest.mark.parametrize("board", [zephyr_platform.BOARD, LINKED], ids=["dynamic", "static"])
def test_template(recent: Core, board: str) -> None:
    firmware = recent.build("template", TEMPLATE, board)
    unused = measured(firmware, Functions()).measures.unused_ram
    assert isinstance(unused, UnusedRam)
    assert unused.by == "template"
    bisected = measured(firmware, Functions(), search="bisect").measures.unused_ram
    assert isinstance(bisected, UnusedRam)
    assert bisected.bytes == unused.bytes


def test_constants_that_the_heap_cannot_take_are_told_before_anything_runs(recent: Core) -> None:
    text = "static const char table[200000] = {1};\n" + MODEL.replace("+ *state;", "+ *state + table[x + i];")
    firmware = recent.build("constants", text)
    taken = measured(firmware)
    assert taken.failure is not None
    assert taken.failure.outcome == "not started"
    assert taken.failure.exit_status == 3
    assert "the loader's LLEXT heap has 65,536 bytes" in taken.failure.message
    assert ".rodata (200,0" in taken.failure.message
    assert "link_mode=static" in taken.failure.message
    assert isinstance(taken.measures.flash, Flash)
    assert isinstance(taken.measures.inference_time, Absent)
    # Linked for flash, the very same sketch works.
    linked = measured(recent.build("constants", text, LINKED))
    assert linked.failure is None
    assert isinstance(linked.measures.inference_time, Time)


def test_a_missing_symbol_is_named(recent: Core) -> None:
    firmware = recent.build("missing", MISSING)
    taken = measured(firmware)
    assert taken.failure is not None
    assert taken.failure.outcome == "not started"
    assert "does not export not_built_in, unknown_to_all, which the sketch needs" in taken.failure.message
    # The loader itself says so too.
    image = Image.load(firmware.elf)
    placed = place_sketch(image, parts_of(firmware), NRF52840, 1e6, 60.0)
    assert "does not export not_built_in" in placed.refused
    assert b"Undefined symbol with no entry in symbol table not_built_in" in placed.serial


def test_a_fault_in_a_constructor_is_a_fault(recent: Core) -> None:
    text = MODEL.replace("total = 7;", "total = *(volatile int *)0x10000000 + *(volatile int *)0x60000000;")
    taken = measured(recent.build("constructor", text))
    assert taken.failure is not None
    assert taken.failure.outcome == ""
    assert taken.failure.message.startswith("fault: ")
    assert "Early" in taken.failure.message or any("Early" in f.function for f in taken.failure.chain)


def _under(firmware: Firmware, loader: SketchLoader, base: int, upload: bytes | None = None) -> Image:
    """The sketch of a firmware under another loader, whatever that makes of it."""
    image, parts = Image.load(firmware.elf), parts_of(firmware)
    own = bytearray(parts.sketch_bytes)
    for address, data in image.programmed:
        if parts.base <= address < parts.base + len(own):
            own[address - parts.base : address - parts.base + len(data)] = data
    data = bytes(own) if upload is None else upload
    sketch = Sketch(data, read_header(bytes(own), "sketch"), sketch_object(image), base)
    other = replace(parts, loader=loader.name, base=base, loader_bytes=loader.stored)
    return Image.parse(compose(loader, sketch, other))


def _refused(image: Image) -> str:
    parts = read_parts(image)
    assert parts is not None
    return place_sketch(image, parts, NRF52840, 1e6, 60.0).refused


def test_what_a_loader_says_becomes_a_reason(
    cores: dict[Generation, Core], recent: Core, tmp_path: Path
) -> None:
    firmware = recent.build("model", MODEL)
    small = zephyr_platform.install(tmp_path / "small", replace(OF_2026, heap_kb=1))
    loader = read_loader(small / "firmwares" / "zephyr-nano33ble.elf", 0x10000)
    refused = _refused(_under(firmware, loader, OF_2026.base))
    assert "llext: " not in refused
    assert "Failed allocating" in refused
    assert "Failed to load sketch, rc -12" in refused
    assert "memory ran out" in refused
    older = read_loader(cores[OF_2025].platform / "firmwares" / "zephyr-nano33ble.bin", 0x10000)
    refused = _refused(_under(firmware, older, OF_2025.base))
    assert "'Failed to parse sketch size': the sketch has a header of version 1: install" in refused


def test_an_outcome_of_the_loader_ends_a_run(recent: Core, tmp_path: Path) -> None:
    firmware = recent.build("model", MODEL, LINKED)
    data = bytearray(firmware.elf.read_bytes())
    image = Image.load(firmware.elf)
    header = next(s for s in image.sections if s.name == "sketch header")
    data[header.offset + 12] ^= 1  # the magic
    broken = tmp_path / "broken.elf"
    broken.write_bytes(data)
    session = EmulatorTarget(board_for(LINKED)).open(
        replace(firmware, elf=broken, probe_elf=broken), FUNCTIONS
    )
    result = session.run(Probe(), 1e6)
    assert result.outcome is Outcome.NOT_STARTED
    assert "Invalid sketch header" in result.reason
    unnamed = measured(replace(firmware, elf=broken, probe_elf=broken), Functions())
    assert unnamed.failure is not None
    assert unnamed.failure.outcome == "not started"


def test_files_that_do_not_belong_together_are_told(recent: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    boards = recent.platform / "boards.txt"
    text = boards.read_text()
    try:
        boards.write_text(text.replace("upload.address=0x60000", "upload.address=0xd0000"))
        with pytest.raises(
            EnvironmentFault, match=r"looks for sketches at 0x70000, and .* uploads them to 0xe0000"
        ):
            recent.build("model", MODEL)
    finally:
        boards.write_text(text)
    firmwares = recent.platform / "firmwares"
    monkeypatch.setenv("ARDUINO_DIRECTORIES_USER", str(recent.platform.parents[2]))
    shutil.move(firmwares, firmwares.with_name("elsewhere"))
    try:
        with pytest.raises(EnvironmentFault, match=r"the platform has no loader zephyr-nano33ble.elf"):
            recent.build("model", MODEL)
    finally:
        shutil.move(firmwares.with_name("elsewhere"), firmwares)


def test_a_partition_that_is_too_small_is_a_sketch_that_does_not_fit(recent: Core) -> None:
    text = "static const char table[600000] = {1};\n" + MODEL.replace("+ *state;", "+ *state + table[x + i];")
    firmware = recent.build("huge", text)
    assert not firmware.fits
    taken = measured(firmware)
    assert isinstance(taken.measures.flash, Flash)
    assert taken.measures.flash.starred
    assert isinstance(taken.measures.init_time, Absent)
    assert "exceeds sketch partition by" in taken.measures.init_time.reason
    assert "LLEXT heap has 65,536 bytes" in taken.measures.init_time.reason


def test_the_device_of_a_test_runs_a_loaded_sketch(recent: Core) -> None:
    device = Device(recent.build("model", MODEL).elf)
    device.expect("590")
    assert device.call("model::run(int)", 3).value == 745
    with pytest.raises(SketchError, match=r"was not started: .* does not export not_built_in"):
        Device(recent.build("missing", MISSING).elf)


@pytest.mark.parametrize(
    ("board", "file"),
    [(zephyr_platform.BOARD, "model.ino.elf-zsk.bin"), (LINKED, "model.ino.bin-zsk.bin")],
    ids=["dynamic", "static"],
)
def test_what_the_platform_uploads_is_kept(recent: Core, board: str, file: str) -> None:
    workshop = recent.workshop
    recent.build("model", MODEL, board)
    request = BuildRequest(workshop.folder / "model", board, board=BoardBuild())
    firmware = build(request, workshop.tools, workshop.folder / "cache", Silent())
    assert firmware.board is not None
    upload = (firmware.board.folder / file).read_bytes()
    assert len(upload) == parts_of(firmware).sketch_bytes
    assert read_header(upload, file).mode == parts_of(firmware).mode
    target = BoardTarget(board_for(board), lambda: pytest.fail("no board is asked for"), None, None, print)
    with pytest.raises(SketchError, match=r"a loader starts it, .* measure it with `backend: emulator`"):
        target.open(firmware, FUNCTIONS)


def test_code_that_is_in_ram_twice_is_told_apart_by_the_loaders_records(recent: Core) -> None:
    firmware = recent.build("model", MODEL)
    image, records = Image.load(firmware.elf), parts_of(firmware).records
    assert records is not None  # by the debug information of the loader's ELF file
    own = sketch_object(image)
    bases = {section.index: 0x20004000 + 0x1000 * n for n, section in enumerate(own.allocated)}
    ram = bytearray(0x40000)
    for section in own.allocated:
        content = bytearray(own.contents(section).ljust(section.size, b"\0"))
        for entry in own.relocations.get(section.index, ()):
            symbol = own.symbols[entry.symbol]
            base = bases.get(symbol.section, 0x10000)
            (addend,) = struct.unpack_from("<I", content, entry.offset)
            struct.pack_into("<I", content, entry.offset, (base + symbol.value + addend) & 0xFFFFFFFF)
        at = bases[section.index] - 0x20000000
        ram[at : at + section.size] = content
    places = {section.name: bases[section.index] for section in own.allocated}
    found_places = find_places(own, MemoryBytes(0x20000000, bytes(ram)))
    assert found_places.items() <= places.items()
    assert {".text", ".rodata", ".bss"} <= found_places.keys()
    text = next(section for section in own.allocated if section.executable)
    at = bases[text.index] - 0x20000000
    ram[0x30000 : 0x30000 + text.size] = ram[at : at + text.size]
    with pytest.raises(SketchError, match=r"its code is in RAM 2 times, at 0x20004000, 0x20030000"):
        find_places(own, MemoryBytes(0x20000000, bytes(ram)))
    entry = 0x20020000
    struct.pack_into("<I", ram, records[0] - 0x20000000, entry)
    struct.pack_into("<I", ram, entry + records[1] - 0x20000000, bases[text.index])
    assert find_places(own, MemoryBytes(0x20000000, bytes(ram)), records) == found_places
    # One word that is not yet relocated: the loader is still at work.
    variables = next(section.index for section in own.allocated if section.name == ".bss")
    first = next(e for e in own.relocations[text.index] if own.symbols[e.symbol].section == variables)
    struct.pack_into("<I", ram, at + first.offset, 0)
    assert find_places(own, MemoryBytes(0x20000000, bytes(ram)), records) == {}


def test_headers() -> None:
    elf = b"\x7fELF" + bytes(60)
    older = b"64\0\0".ljust(16, b"\0") + elf
    assert (read_header(older, "x").version, read_header(older, "x").payload) == (0, 16)
    newer = elf[:7] + bytes([1, 64, 0, 0, 0, 0x41, 0x23, 0]) + elf[15:]
    assert (read_header(newer, "x").version, read_header(newer, "x").payload) == (1, 0)
    linked = bytes(7) + bytes([1, 32, 0, 0, 0, 0x41, 0x23, 2, 0]) + bytes(16)
    assert (read_header(linked, "x").mode, read_header(linked, "x").size) == ("static", 16)
    for wrong, what in (
        (older[:-1], "says 64 bytes, and 63 follow"),
        (newer + b"x", "says 64 bytes, and 65 follow"),
        (b"\xff" * 64, "no header of a sketch"),
        (b"", "no header of a sketch"),
        (b"4\0\0".ljust(16, b"\0") + b"text", "and is none"),
    ):
        with pytest.raises(SketchError, match=what):
            read_header(wrong, "x")

"""What is in an image of the project's own platform, and where."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import unquote

import pytest
from arduino_bench import BOARD, LTO, Bench, Built

from mlbench.arduino import FQBN, HARDWARE, LIBRARIES
from mlbench.elf.image import Image
from mlbench.errors import MLBenchError, SketchError

EMPTY = "void setup() {}\nvoid loop() {}\n"
BUSY = """\
#include <assert.h>
#include <string>
#include <vector>
struct Shape { virtual int area() = 0; virtual ~Shape() {} };
struct Square : Shape { int side = 3; int area() override { return side * side; } };
static String greeting("hello");
std::string other = "other";
void setup() {
  Serial.begin(115200);
  Shape *shape = new Square;
  std::vector<int> many(3, shape->area());
  delete shape;
  greeting += many[1];
  printf("%s %s %f\\n", greeting.c_str(), other.c_str(), 1.5);
  assert(greeting.length() == 6);
  Serial.println(1.25f, 3);
  analogWrite(LEDR, analogRead(A0));
  attachInterrupt(2, [] { Serial.println("edge"); }, CHANGE);
  delay(random(10));
}
void loop() {}
"""


@pytest.fixture(scope="module")
def busy(bench: Bench) -> Built:
    return bench.build(bench.sketch("busy", BUSY))


@pytest.fixture(scope="module")
def empty(bench: Bench) -> Built:
    return bench.build(bench.sketch("empty", EMPTY))


def test_memory_map_of_the_nano_33_ble(busy: Built) -> None:
    places = {section.name: section for section in busy.image.sections}
    assert places[".vectors"].address == 0x10000
    assert places[".vectors"].size == 4 * (16 + 48)
    assert places[".data"].address == 0x20000000
    flash = sum(size for _, size in busy.image.flash_bytes())
    last = max(segment.load + len(segment.data) for segment in busy.image.segments)
    assert 0x10000 < last <= 0x100000
    assert 0 <= last - 0x10000 - flash < 64, "nothing but padding between the sections"
    order = [".vectors", ".text", ".ARM.exidx", ".rodata"]
    assert [places[name].address for name in order] == sorted(places[name].address for name in order)


def test_heap_and_stack_fill_the_rest_of_ram(busy: Built) -> None:
    at = busy.address
    bss = next(section for section in busy.image.sections if section.name == ".bss")
    assert at("end") == at("__HeapBase") == at("__end__")
    assert 0 <= at("__HeapBase") - bss.address - bss.size < 8
    assert at("__HeapBase") % 8 == 0
    assert at("__HeapLimit") == at("__StackLimit") == at("__StackTop") - 32768
    assert at("__StackTop") == 0x20040000
    assert at("__stack_size__") == 32768


def test_no_segment_is_both_written_and_run(bench: Bench) -> None:
    """GNU ld from 2.39 on warns of such, and an older one does not know the option that keeps it quiet."""
    text = EMPTY.replace("{}", "{ hook(1); }", 1)
    ram = 'extern "C" __attribute__((section(".ramfunc.hook"), noinline)) '
    hook = ram + "int hook(int x) { return x * micros(); }\n"
    built = bench.build(bench.sketch("hook", f"static int started = 5;\n{hook}{text}"))
    assert built.address("hook") >= 0x20000000
    headers = subprocess.run(
        ["arm-none-eabi-readelf", "-lW", str(built.firmware.elf)], capture_output=True, text=True, check=True
    ).stdout
    flags = re.findall(r"^ +LOAD +(?:0x\w+ +){5}(.*?) +0x", headers, re.MULTILINE)
    assert flags == ["R E", "RW"]
    assert not [said for said in built.firmware.diagnostics if "RWX" in said.message]


def test_vector_table(busy: Built) -> None:
    words = [int.from_bytes(busy.image.read(0x10000 + 4 * n, 4), "little") for n in range(64)]
    assert words[0] == 0x20040000
    handlers = {
        1: "Reset_Handler",
        3: "HardFault_Handler",
        14: "PendSV_Handler",
        16 + 2: "UARTE0_UART0_IRQHandler",
        16 + 6: "GPIOTE_IRQHandler",
        16 + 9: "TIMER1_IRQHandler",
        16 + 47: "SPIM3_IRQHandler",
    }
    for number, name in handlers.items():
        assert words[number] == busy.address(name) | 1, name
    used = [word for word in words[1:] if word]
    assert len(used) == len(set(used)), "every handler is a loop of its own"
    assert all(word & 1 for word in used)


def test_empty_sketch_carries_nothing_it_does_not_use(empty: Built) -> None:
    assert empty.flash_size() < 700
    assert dict(empty.image.static_ram()).get(".data", 0) == 0
    assert not {"Serial", "malloc", "delay", "micros"} & empty.names()


def test_unused_library_adds_no_byte(bench: Bench, empty: Built) -> None:
    included = bench.build(bench.sketch("empty", "#include <MLBench.h>\n" + EMPTY, place="b"))
    assert "MLBench" in str(included.firmware.keys.libraries), "the library took part in the build"
    assert included.flash() == empty.flash()


def test_only_called_marks_are_in_the_image(bench: Bench) -> None:
    built = bench.build(
        bench.sketch(
            "half",
            "#include <MLBench.h>\nvoid setup() { mlbench_init_begin(); mlbench_init_end(); } void loop() {}",
        )
    )
    assert {"mlbench_init_begin", "mlbench_init_end"} <= built.names()
    assert not {"mlbench_inference_begin", "mlbench_inference_end"} & built.names()


def test_image_does_not_depend_on_where_it_was_built(bench: Bench, busy: Built, tmp_path: Path) -> None:
    other = Bench(tmp_path / "a much longer name of a folder", bench.tools)
    elsewhere = other.build(other.sketch("busy", BUSY))
    assert not elsewhere.firmware.cached
    assert elsewhere.flash() == busy.flash()
    assert str(bench.folder).encode() not in busy.flash()


def test_stack_size_is_a_property(bench: Bench, busy: Built) -> None:
    bytes_ = 8192
    built = bench.build(bench.sketch("busy", BUSY), f"build.stack_size={bytes_}")
    assert built.address("__stack_size__") == bytes_
    assert built.address("__StackTop") - built.address("__StackLimit") == bytes_
    assert built.address("__HeapLimit") == built.address("__StackLimit")
    assert built.address("__HeapBase") == busy.address("__HeapBase")


def test_stack_size_must_keep_the_stack_aligned(bench: Bench) -> None:
    with pytest.raises(SketchError, match="multiple of 8"):
        bench.build(bench.sketch("empty", EMPTY), "build.stack_size=1001")


def test_what_does_not_fit_says_by_how_much(bench: Bench) -> None:
    sketch = "char big[0x40000 - 32768 + 1000];\nvoid setup() { big[millis()] = 1; }\nvoid loop() {}"
    built = bench.build(bench.sketch("toobig", sketch))
    assert [(one.region, one.bytes > 1000) for one in built.firmware.overflows] == [("RAM", True)]
    assert built.firmware.overflows[0].bytes < 1100, "the array and the few words of the core"


def test_another_linker_script(bench: Bench) -> None:
    folder = bench.folder / "scripts with a blank"
    folder.mkdir()
    script = (HARDWARE / "mlbench/nrf52840/variants/nano33ble/linker_script.ld").read_text()
    moved = script.replace("ORIGIN = 0x10000, LENGTH = 0xf0000", "ORIGIN = 0x26000, LENGTH = 0x40000")
    assert moved != script
    (folder / "linker_script.ld").write_text(moved)
    built = bench.build(bench.sketch("empty", EMPTY), f"build.ldscript_path={folder}")
    assert built.address("__vectors") == 0x26000


def test_an_assertion_of_the_script_that_memory_is_used_up_is_an_overflow(bench: Bench) -> None:
    folder = bench.folder / "asserts"
    folder.mkdir()
    script = (HARDWARE / "mlbench/nrf52840/variants/nano33ble/linker_script.ld").read_text()
    asserted = script + '\nASSERT(__HeapLimit - __HeapBase >= 0x8000, "Out of memory")\n'
    (folder / "linker_script.ld").write_text(asserted)
    text = "uint8_t big[200000];\nvoid setup() { big[random(9)] = 1; Serial.println(big[random(9)]); }\n"
    text += "void loop() {}\n"
    built = bench.build(bench.sketch("asserts", text), f"build.ldscript_path={folder}")
    assert [one.region for one in built.firmware.overflows] == ["RAM"]
    small = bench.build(
        bench.sketch("fits", text.replace("200000", "100000")), f"build.ldscript_path={folder}"
    )
    assert built.flash_size() == small.flash_size()
    assert small.firmware.fits


def test_newlib_nano_is_an_option_of_the_board(bench: Bench, busy: Built) -> None:
    float_printf = "compiler.c.elf.extra_flags=-u _printf_float"
    nano = bench.build(bench.sketch("busy", BUSY), float_printf, options="newlib=nano")
    # 0.71 of it with newlib 3.3; 0.82 with newlib 4.5, whose own printf is smaller.
    assert nano.flash_size() < busy.flash_size() * 0.9
    assert "__malloc_av_" in busy.names()
    assert "__malloc_av_" not in nano.names()


def test_optimization_is_an_option_of_the_board(bench: Bench, busy: Built) -> None:
    fast = bench.build(bench.sketch("busy", BUSY), options="opt=3")
    assert fast.flash_size() > busy.flash_size()
    assert {"setup", "loop", "main"} <= fast.names()


def test_link_time_optimization(bench: Bench) -> None:
    built = bench.build(
        bench.sketch(
            "busy", BUSY.replace("setup() {", "setup() {\n  mlbench_init_begin();\n  mlbench_init_end();", 1)
            .replace("#include <assert.h>", "#include <assert.h>\n#include <MLBench.h>")
        ),
        *LTO,
    )  # fmt: skip
    wanted = {"setup", "loop", "mlbench_init_begin", "mlbench_init_end", "_sbrk", "_write", "malloc"}
    assert wanted <= built.names()
    words = [int.from_bytes(built.image.read(0x10000 + 4 * n, 4), "little") for n in range(64)]
    assert words[16 + 6] == built.address("GPIOTE_IRQHandler") | 1
    assert built.image.function_at(words[16 + 6] & ~1) is not None


@pytest.mark.parametrize("flags", ["-std=gnu++11", "-std=gnu++20", "-nostdinc++"])
def test_core_compiles_as_other_c_plus_plus_and_without_its_library(bench: Bench, flags: str) -> None:
    sketch = 'void setup() { Serial.println(String(max(3, 4.5)) + abs(-2) + F("x")); }\nvoid loop() {}'
    bench.build(bench.sketch("plain", sketch), f"compiler.cpp.extra_flags={flags}")


def test_core_and_library_compile_without_a_warning(bench: Bench) -> None:
    """With what -Wall and -Wextra say, in C and in C++."""
    gcc = bench.tools.gcc
    assert gcc
    platform = HARDWARE / "mlbench/nrf52840"
    for source in sorted([*platform.rglob("*.c"), *platform.rglob("*.cpp"), *LIBRARIES.rglob("*.cpp")]):
        done = subprocess.run(
            [
                str(gcc), "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-Os", "-mcpu=cortex-m4", "-mthumb",
                "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16", "-DF_CPU=64000000L",
                *([] if source.suffix == ".c" else ["-std=gnu++17", "-fno-exceptions", "-fno-rtti"]),
                f"-I{platform / 'cores/mlbench'}", f"-I{platform / 'variants/nano33ble'}", str(source),
            ],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr


def test_core_leaves_nothing_to_the_order_of_its_members(tmp_path: Path, bench: Bench) -> None:
    """Members of the archive may come in any order; the two sketch compilers differ in it."""
    if not bench.tools.arduino_builder:
        pytest.skip("needs arduino-builder, whose link command is played again")
    sketch, out = bench.sketch("busy", BUSY), tmp_path / "a-build-path-that-is-long-enough-for-its-parser"
    out.mkdir()
    call = [
        str(bench.tools.arduino_builder), "-compile", "-logger=machine", "-verbose",
        "-hardware", "/usr/share/arduino-builder", "-hardware", str(HARDWARE),
        "-tools", "/usr/share/arduino-builder", "-libraries", str(LIBRARIES), "-fqbn", BOARD,
        "-core-api-version", "10607", "-build-path", str(out), str(sketch),
    ]  # fmt: skip
    told = subprocess.run(call, capture_output=True, text=True, check=True).stdout
    link = next(line for line in told.splitlines() if "-nostartfiles" in line)
    elf = out / "busy.ino.elf"
    loaded = Built(None, Image.load(elf)).flash()  # type: ignore[arg-type]
    archive = out / "core/core.a"
    members = sorted(path.name for path in (out / "core").glob("*.o") if path.name != "variant.c.o")
    shuffler = random.Random(3)
    for _ in range(5):
        shuffler.shuffle(members)
        archive.unlink()
        subprocess.run(
            ["arm-none-eabi-gcc-ar", "rcs", archive.name, *members], cwd=archive.parent, check=True
        )
        subprocess.run(unquote(link), shell=True, check=True)
        assert Built(None, Image.load(elf)).flash() == loaded  # type: ignore[arg-type]


def test_every_irq_handler_has_a_name_in_the_table() -> None:
    """The table and the loops behind it hold the same names."""
    text = (HARDWARE / "mlbench/nrf52840/cores/mlbench/startup.S").read_text()
    table = set(re.findall(r"\.word (\w+_Handler|\w+_IRQHandler)$", text, re.M)) - {"Reset_Handler"}
    assert table == set(re.findall(r"^  loop (\w+)$", text, re.M))


def test_versions_agree() -> None:
    platform = (HARDWARE / "mlbench/nrf52840/platform.txt").read_text()
    library = (LIBRARIES / "MLBench/library.properties").read_text()
    versions = [re.search(r"^version=(\d+\.\d+\.\d+)$", text, re.M) for text in (platform, library)]
    assert all(versions), "arduino-cli wants three numbers"
    assert FQBN == BOARD


def test_tools_of_the_toolchain_are_overridable(bench: Bench) -> None:
    found = shutil.which("arm-none-eabi-gcc")
    assert found
    with pytest.raises(MLBenchError, match="/nowhere/"):
        bench.build(bench.sketch("empty", EMPTY), "compiler.path=/nowhere/")
    bench.build(bench.sketch("empty", EMPTY), f"compiler.path={Path(found).parent}/")

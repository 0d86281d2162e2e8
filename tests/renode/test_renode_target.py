"""Sketches measured under (a stand-in for) Renode, against the embedded emulator."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from workshop import OWN_BOARD, Workshop

from mlbench.boards import board_for
from mlbench.cli.main import main
from mlbench.compare.keys import instrument_changes
from mlbench.core.execution import Functions, Outcome, OutputBuffer, Probe, RunResult, SpanKind
from mlbench.core.firmware import Firmware
from mlbench.cycles.model import load_model
from mlbench.errors import EnvironmentFault, SketchError, UsageError
from mlbench.firmware.toolchain import Toolchain
from mlbench.measure.cross_check import _difference, cross_check
from mlbench.measure.profile import Profile, profile
from mlbench.measure.reference import Reference
from mlbench.renode import process
from mlbench.results.result_file import read
from mlbench.results.values import Absent, RamNeed, Time, UnusedRam
from mlbench.suite.suite_file import SketchSpec, Source
from mlbench.targets.emulator.target import EmulatorTarget
from mlbench.targets.renode import plan
from mlbench.targets.renode.target import RenodeTarget

Make = Callable[..., Path]
BOARD = OWN_BOARD
NAMED = Functions("prepare()", "predict(int, char*)", (OutputBuffer(1, 4),))

# How it behaves is a macro, so that one folder serves every test.
MODEL = """\
#include <Arduino.h>
#include <stdlib.h>
static uint8_t *block;
static volatile int sink;
__attribute__((noinline)) void prepare() {
  block = (uint8_t *)malloc(20000);
  if (!block) for (;;) {}
  for (int i = 0; i < 20000; i += 16) block[i] = i;
}
#if MODEL_ENDS == 1
__attribute__((noinline)) void inner() { sink = *(volatile int *)0x40000F00; asm volatile("udf #0"); }
#elif MODEL_ENDS == 2
__attribute__((noinline)) void inner() { ((void (*)())0x30000001)(); }
#elif MODEL_ENDS == 5
__attribute__((noinline)) void inner() {
  asm volatile("movw r0,#1; movt r0,#0x2000; ldmia r0,{r1,r2}" ::: "r0", "r1", "r2");
}
#elif MODEL_ENDS == 4
__attribute__((noinline)) void inner() { ((void (*)())0x40002001)(); }
#elif MODEL_ENDS == 3
__attribute__((noinline)) void inner() { for (;;) sink = sink + 1; }
#else
__attribute__((noinline)) void inner() {}
#endif
__attribute__((noinline)) int predict(int x, char *out) {
  int sum = x;
  for (int n = 0; n < 2; n++) for (int i = 0; i < 20000; i += 16) sum = sum * 31 + block[i];
  inner();
  for (int i = 0; i < 4; i++) out[i] = sum >> 8 * i;
  return sum;
}
static char result[4];
void setup() {
  Serial.begin(115200);
  prepare();
  Serial.println(predict(1, result));
}
void loop() { Serial.println(predict(2, result)); delay(5); }
"""
TEMPLATE = """\
#include "model.h"

static Model model;
static char* ptr;
void setup() {
  ptr = (char*) malloc($alloc_size);
  if (ptr == NULL) {
    for (;;) {}
  }
  model.run();
  free(ptr);
  Serial.begin(115200);
}

void loop() {
  Serial.println(1);
}
"""
TEMPLATE_MODEL = """\
#pragma once
#include <Arduino.h>
#include <stdlib.h>
struct Model {
  __attribute__((noinline)) void run() {
    volatile uint8_t *p = (volatile uint8_t *)malloc(30000);
    if (!p) for (;;) {}
    p[29999] = 1;
    free((void *)p);
  }
};
"""
MARKED = """\
#include <MLBench.h>
static volatile int sink;
void setup() { Serial.begin(115200); MLBench.report(Serial); }
void loop() {
  static bool ready = false;
  if (!ready) {
    mlbench_init_begin();
    for (int i = 0; i < 500; i++) sink = i;
    mlbench_init_end();
    ready = true;
  }
  mlbench_inference_begin();
  for (int i = 0; i < 3000; i++) sink = sink * 3 + i;
  mlbench_inference_end();
}
"""
# Functions of the names that Arduino's Mbed core has for its USB serial port, which is never opened here.
USB = """\
#include <Arduino.h>
#include <string.h>
namespace arduino {
struct USBSerial { bool connected(); };
struct USBCDC { bool send(uint8_t *data, unsigned long size); };
static volatile bool opened, sent;
__attribute__((noinline)) bool USBSerial::connected() { return opened; }
__attribute__((noinline)) bool USBCDC::send(uint8_t *data, unsigned long size) { return sent && size; }
}
static volatile int sink;
__attribute__((noinline)) int predict(int x) { for (int i = 0; i < 100; i++) sink = sink + x; return sink; }
static arduino::USBSerial port;
static arduino::USBCDC wire;
static char text[] = "HELLO by USB\\n";
void setup() {
  while (!port.connected()) {}
  if (!wire.send((uint8_t *)text, strlen(text))) for (;;) {}
}
void loop() { predict(3); }
"""


class Models(Workshop):
    """Builds the model above in each way of behaving."""

    def model(self, mode: int = 0) -> Firmware:
        flags = "compiler.cpp.extra_flags=-DMODEL_ENDS="
        return self.build("model", {"model.ino": MODEL}, f"{flags}{mode}")


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory, tools: Toolchain) -> Models:
    return Models(tools, tmp_path_factory.mktemp("renode"))


def target() -> RenodeTarget:
    return RenodeTarget(board_for(BOARD), host_seconds=20.0)


def emulator() -> EmulatorTarget:
    return EmulatorTarget(board_for(BOARD))


def spec_of(firmware: Firmware, functions: Functions, **more: object) -> SketchSpec:
    spec = SketchSpec(firmware.name, firmware.source, BOARD, Source(), "renode", functions)
    return replace(spec, **more)  # type: ignore[arg-type]


def run_once(firmware: Firmware, functions: Functions = NAMED, **probe: object) -> RunResult:
    session = target().open(firmware, functions)
    try:
        return session.run(Probe(**probe), 2e6)  # type: ignore[arg-type]
    finally:
        session.close()


def measured(firmware: Firmware, functions: Functions, **more: object) -> tuple[Profile, Profile]:
    spec = spec_of(firmware, functions, **more)
    return profile(firmware, spec, target()), profile(firmware, spec, emulator())


def test_all_measures_by_named_functions(renode: Make, workshop: Models) -> None:
    renode()
    firmware = workshop.model()
    limit = profile(firmware, spec_of(firmware, NAMED), emulator()).measures.unused_ram
    assert isinstance(limit, UnusedRam)
    mine, its = measured(firmware, NAMED, ram_min=limit.bytes - 2, ram_max=limit.bytes + 2)
    assert mine.failure is None
    assert mine.measures.flash == its.measures.flash
    for kind in ("init_time", "inference_time"):
        a, b = getattr(mine.measures, kind), getattr(its.measures, kind)
        assert isinstance(a, Time)
        assert isinstance(b, Time)
        assert a.instructions == b.instructions
        assert a.count == b.count
        assert a.cycles is not None
        assert b.cycles is not None
        assert a.method == ""
        assert abs(a.cycles - b.cycles) <= max(64, 0.0005 * b.cycles)
        assert a.median_us == a.cycles / 64
    assert mine.cost_table == f"trace, cost table {load_model('nrf52840').version}"
    ours, theirs = mine.measures.unused_ram, its.measures.unused_ram
    assert isinstance(ours, UnusedRam)
    assert isinstance(theirs, UnusedRam)
    assert (ours.bytes, ours.method, ours.certified) == (limit.bytes, "bisect", False)
    assert theirs.bytes == limit.bytes
    need, its_need = mine.measures.ram_need, its.measures.ram_need
    assert isinstance(need, RamNeed)
    assert replace(need, stacks=()) == replace(its_need, stacks=())  # type: ignore[type-var]
    assert mine.serial == its.serial


@pytest.mark.parametrize("template", [False, True])
def test_unused_ram_from_a_replay_with_two_more_runs(
    renode: Make, workshop: Models, tmp_path: Path, template: bool
) -> None:
    renode()
    firmware, functions = workshop.model(), NAMED
    if template:
        files = {"template.ino": TEMPLATE, "model.h": TEMPLATE_MODEL}
        firmware, functions = workshop.build("template", files), Functions()
    mine, its = measured(firmware, functions)
    ours, theirs = mine.measures.unused_ram, its.measures.unused_ram
    assert isinstance(ours, UnusedRam)
    assert isinstance(theirs, UnusedRam)
    assert (ours.bytes, ours.method, ours.certified) == (theirs.bytes, "replay", True)
    assert ours.full_runs == 3
    costs = [path.read_text().split() for path in tmp_path.glob("renode costs.*")]
    assert sum(int(machines) for _, machines in costs) <= 5
    # What a real one would have taken, by what each thing was seen to take there.
    assert sum(float(seconds) for seconds, _ in costs) < 2 * 1.3 + 5 * 0.25 + 1
    need, its_need = mine.measures.ram_need, its.measures.ram_need
    assert isinstance(need, RamNeed)
    assert isinstance(its_need, RamNeed)
    assert replace(need, stacks=()) == replace(its_need, stacks=())
    assert not [note for note in mine.notes if "bisection" in note]


def test_no_more_is_traced_than_the_suite_allows(
    renode: Make, workshop: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    # In slices of 1,000 instructions, the initialization is not over when the first one is.
    monkeypatch.setattr("mlbench.targets.renode.session._FIRST_SLICE_S", 0.00001)
    renode()
    firmware = workshop.model()
    tables = [
        profile(firmware, spec_of(firmware, NAMED, ram_search="none", trace_limit=limit), target()).cost_table
        for limit in (100, 100_000_000)
    ]
    assert tables == ["rough 1.89", f"trace, cost table {load_model('nrf52840').version}"]


@pytest.mark.parametrize("how", ["fail", "die"])
def test_rough_times_without_a_tracer(renode: Make, workshop: Models, how: str) -> None:
    renode(no_tracer=how)
    firmware = workshop.model()
    found = profile(firmware, spec_of(firmware, NAMED, ram_search="none"), target())
    time = found.measures.inference_time
    assert isinstance(time, Time)
    # Exact in instructions, and never as if it were a time of the board.
    assert time.cycles is None
    assert time.instructions
    assert time.method == "instructions x 1.89 cycles"
    assert time.median_us == pytest.approx(1.89 * time.instructions / 64)
    assert found.cost_table == "rough 1.89"


def test_a_heap_that_is_too_busy_is_told(
    renode: Make, workshop: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    renode()
    monkeypatch.setattr(plan, "MOST_CALLS", 0)
    firmware = workshop.model()
    spec = spec_of(firmware, NAMED, ram_search="none")
    found = profile(firmware, spec, target()).measures
    assert found.ram_need == Absent("more than 20,000 heap calls, so the heap's peak was not followed")
    assert isinstance(found.inference_time, Time)


def test_a_template_ends_at_its_second_turn_of_loop(renode: Make, workshop: Models) -> None:
    # Its inference is named and has ended long before; that does not end it.
    renode()
    firmware = workshop.build("template", {"template.ino": TEMPLATE, "model.h": TEMPLATE_MODEL})
    result = run_once(firmware, Functions(None, "Model::run()"))
    assert result.outcome is Outcome.PASSED
    assert (result.serial, result.before_loop) == (b"1\r\n", 0)
    assert [span.kind for span in result.spans] == [SpanKind.INFERENCE]


@pytest.mark.parametrize(
    ("ours", "theirs", "difference"),
    [
        (b"ready\r\n" + 9 * b"1\r\n", b"ready\r\n1\r\n", ""),
        (b"ready\r\n1\r\n1", b"ready\r\n1\r\n1\r\n1\r\n", ""),
        (b"ready\r\n1", b"ready\r\n1\r\n1\r\n", ""),
        (b"ready\r\n1\r\n", b"Ready\r\n1\r\n1\r\n", "serial text differs in line 1"),
        (b"ready\r\n1\r\n2\r\n", b"ready\r\n1\r\n3\r\n4\r\n", "serial text differs in line 3"),
        (b"ready\r\n1\r\n", b"ready\r\n", "loop() has sent nothing, here '1\\r\\n'"),
    ],
)
def test_texts_that_end_at_another_turn_of_loop(ours: bytes, theirs: bytes, difference: str) -> None:
    runs = [RunResult(Outcome.PASSED, "", text, (), 0.0, before_loop=7) for text in (ours, theirs)]
    reference = Reference(runs[0], lambda _: runs[0])
    assert _difference(reference, *runs).startswith(difference)
    assert bool(_difference(reference, *runs)) == bool(difference)


def test_marks_of_the_library(renode: Make, workshop: Models) -> None:
    renode()
    firmware = workshop.build("marked", {"marked.ino": MARKED})
    mine, its = measured(firmware, Functions(), ram_search="none")
    assert mine.failure is None
    for kind in ("init_time", "inference_time"):
        a, b = getattr(mine.measures, kind), getattr(its.measures, kind)
        assert (a.instructions, a.count) == (b.instructions, b.count)


def test_usb_serial_of_the_mbed_core(renode: Make, workshop: Models) -> None:
    renode()
    result = run_once(workshop.build("usb", {"usb.ino": USB}), Functions(None, "predict"))
    assert result.outcome is Outcome.PASSED
    assert result.serial == b"HELLO by USB\n"


@pytest.mark.parametrize(
    ("mode", "outcome", "reason"),
    [
        (1, Outcome.FAULT, "UsageFault: undefined instruction at 0x"),
        (2, Outcome.FAULT, "BusFault: executing 0x30000000"),
        # Nothing tells of that but the log; Renode never comes back from it, in the first round already.
        (4, Outcome.FAULT, "Renode aborted the CPU: Trying to execute code outside RAM or ROM"),
        (3, Outcome.HUNG, "still in"),
    ],
)
def test_how_it_ends(renode: Make, workshop: Models, mode: int, outcome: Outcome, reason: str) -> None:
    renode()
    result = run_once(workshop.model(mode))
    assert result.outcome is outcome
    assert reason in result.reason
    assert "inner()" in [frame.function for frame in result.chain] or mode in (2, 4)
    assert [mark.kind for mark in result.spans] == [SpanKind.INIT]


def test_an_abort_of_the_cpu_ends_the_run_not_the_session(
    renode: Make, workshop: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An abort that Renode never comes back from; the next run has a new process.
    renode(abort=[2, "Trying to execute code outside RAM or ROM at 0x30000000"])
    session = target().open(workshop.model(), NAMED)
    try:
        first = session.run(Probe(), 2e6)
        assert first.outcome is Outcome.FAULT
        assert "Renode aborted the CPU" in first.reason
        assert "outside RAM or ROM" in first.reason
        renode()
        assert session.run(Probe(), 2e6).outcome is Outcome.PASSED
    finally:
        session.close()


@pytest.mark.parametrize("how", ["die", "reset", "garbage"])
def test_a_process_that_is_lost_is_replaced_once(renode: Make, workshop: Models, how: str) -> None:
    # The second machine, which knows where functions return to, is lost; it is built again elsewhere.
    renode(at={"sysbus LoadELF": [2, how]})
    assert run_once(workshop.model()).outcome is Outcome.PASSED


def test_a_process_that_is_always_lost(renode: Make, workshop: Models) -> None:
    renode(at={"mach create": [1, "die"]})
    with pytest.raises(EnvironmentFault, match="mach create"):
        run_once(workshop.model())


def test_renode_that_never_comes_back(renode: Make, workshop: Models) -> None:
    renode(at={"emulation RunFor": [1, "hang"]})
    session = replace(target(), host_seconds=1.0).open(workshop.model(), NAMED)
    try:
        with pytest.raises(EnvironmentFault, match=r"did not (answer|come back)"):
            session.run(Probe(), 2e6)
        assert session._process is None  # nothing is left to be asked again
    finally:
        session.close()


def test_a_command_that_fails_says_which(renode: Make, workshop: Models) -> None:
    renode(at={"sysbus LoadELF": [1, "fail"]})
    with pytest.raises(EnvironmentFault, match=r"sysbus LoadELF @/\S+/firmware-1\.elf"):
        run_once(workshop.model())


def test_a_hook_that_fails_is_told_while_the_call_still_hangs(renode: Make, workshop: Models) -> None:
    renode(hook_error=5)
    with pytest.raises(EnvironmentFault, match="a hook failed: no such register; report it"):
        run_once(workshop.model())


def test_a_folder_of_any_name_serves(
    renode: Make, workshop: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    renode()
    folder = tmp_path / 'it\'s "odd" \\ @ ünd blank'
    folder.mkdir()
    firmware = workshop.model()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    links = set(Path("/tmp").glob("mlbench-renode-link-*"))
    assert run_once(firmware).outcome is Outcome.PASSED
    assert not list(folder.iterdir())
    assert set(Path("/tmp").glob("mlbench-renode-link-*")) <= links
    monkeypatch.setattr(process, "_PLAIN_PLACES", (str(folder),))
    with pytest.raises(EnvironmentFault, match=r"name of \[A-Za-z0-9._/-\] alone; set TMPDIR") as error:
        run_once(firmware)
    assert (error.value.exit_status, str(error.value).count("\n")) == (4, 0)
    assert not list(folder.iterdir())


def test_two_at_once(renode: Make, workshop: Models) -> None:
    renode()
    modes = (0, 2, 3, 0)
    firmware = [workshop.model(mode) for mode in modes]
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(run_once, firmware))
    ends = [result.outcome for result in results]
    assert ends == [Outcome.PASSED, Outcome.FAULT, Outcome.HUNG, Outcome.PASSED]
    assert results[0] == results[3]


def test_wrong_names_start_nothing(renode: Make, workshop: Models) -> None:
    renode(start="exit")
    with pytest.raises(UsageError, match="has no function"):
        target().open(workshop.model(), Functions(None, "nothing_like_it"))


def test_cross_check_agrees(renode: Make, workshop: Models) -> None:
    renode()
    firmware = workshop.model()
    spec = spec_of(firmware, NAMED)
    found = cross_check(firmware, spec, profile(firmware, spec, emulator()), emulator(), target())
    assert found.startswith("cross-check with renode 1.16.1: agrees in outcome, text and outputs, ")
    assert "1 initialization and 3 inferences of exactly equal instructions, unused RAM of" in found


@pytest.mark.parametrize(
    ("quirk", "difference"),
    [
        ({"miscount": 7}, "takes"),
        ({"text": "BOOT"}, "serial text differs: it goes on with 'BOOT', line 1"),
        ({"less_ram": True}, "bytes allocated it does not work"),
    ],
)
def test_cross_check_names_the_first_difference(
    renode: Make, workshop: Models, quirk: dict[str, object], difference: str
) -> None:
    renode(**quirk)
    firmware = workshop.model()
    spec = spec_of(firmware, NAMED, inferences=1)
    found = cross_check(firmware, spec, profile(firmware, spec, emulator()), emulator(), target())
    assert "differs: " in found
    assert difference in found


def test_an_image_by_the_verb_elf(
    renode: Make, workshop: Models, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    renode()
    elf, json = str(workshop.model().elf), tmp_path / "result.json"
    names = ["--init", "prepare()", "--inference", "predict(int, char*)", "--output", "1:4"]
    assert main(["elf", elf, *names, "--backend", "renode", "--json", str(json), "--serial"]) == 0
    (result,) = read(json).results
    assert (result.backend, result.failure) == ("renode", None)
    assert isinstance(result.measures.inference_time, Time)
    assert result.serial in capsys.readouterr().out.replace("\n", "\r\n")
    assert main(["elf", elf, *names, "--ram", "--cross-check", "renode", "--json", str(json)]) == 0
    assert any("agrees in outcome, text and outputs" in note for note in read(json).results[0].notes)


def test_what_renode_does_not_check_is_no_difference(renode: Make, workshop: Models) -> None:
    renode()
    firmware = workshop.model(5)
    spec = spec_of(firmware, NAMED)
    found = cross_check(firmware, spec, profile(firmware, spec, emulator()), emulator(), target())
    assert "not compared: it does not check alignment, here it ends as fault: UsageFault: unaligned" in found


def test_traced_and_rough_times_are_never_subtracted(renode: Make, workshop: Models, tmp_path: Path) -> None:
    elf, names = str(workshop.model().elf), ["--init", "prepare()", "--inference", "predict(int, char*)"]
    sides = {}
    for way in ("traced", "rough"):
        renode(no_tracer="fail") if way == "rough" else renode()
        file = tmp_path / f"{way}.json"
        assert main(["elf", elf, *names, "--backend", "renode", "--json", str(file)]) == 0
        (sides[way],) = read(file).results
    tables = [side.instrument.cost_table for side in sides.values() if side.instrument]
    assert tables == [f"trace, cost table {load_model('nrf52840').version}", "rough 1.89"]
    for base, head in (("traced", "rough"), ("rough", "traced")):
        changes = instrument_changes(sides[base].instrument, sides[head].instrument)
        assert [change.key for change in changes] == ["cost table"]


def test_setup_that_is_nowhere_called(workshop: Models) -> None:
    from mlbench.elf.image import Image
    from mlbench.elf.redirect import redirect_setup

    image = Image.load(workshop.model().elf)
    unreferenced = image.symbol("Reset_Handler") or image.symbol("_Z9unusedfnv")
    assert unreferenced is not None
    with pytest.raises(SketchError, match="not called by name"):
        redirect_setup(image, unreferenced.address, unreferenced.address, 0x100000)


@pytest.mark.renode
def test_the_sample_suite_under_a_real_renode(tmp_path: Path) -> None:
    """Opt-in: ``-m renode`` with Renode 1.15 or newer on PATH or named by MLBENCH_RENODE."""
    if not (os.environ.get("MLBENCH_RENODE") or shutil.which("renode")):
        pytest.skip("there is no renode on PATH, and MLBENCH_RENODE names none")
    suite = Path(__file__).parents[2] / "sketches" / "mlbench.yml"
    files = {}
    for backend in ("renode", "emulator"):
        files[backend] = tmp_path / f"{backend}.json"
        assert main(["run", str(suite), "--backend", backend, "--json", str(files[backend])]) == 0
    for mine, its in zip(read(files["renode"]).results, read(files["emulator"]).results, strict=True):
        assert mine.failure is None
        for kind in ("init_time", "inference_time"):
            a, b = getattr(mine.measures, kind), getattr(its.measures, kind)
            if isinstance(b, Time):
                assert a.instructions == b.instructions
                assert abs(a.cycles - b.cycles) <= max(64, 0.0005 * b.cycles)
        if isinstance(its.measures.ram_need, RamNeed):
            assert isinstance(mine.measures.ram_need, RamNeed)
            assert mine.measures.ram_need.bytes == its.measures.ram_need.bytes
        if isinstance(its.measures.unused_ram, UnusedRam):
            assert isinstance(mine.measures.unused_ram, UnusedRam)
            assert mine.measures.unused_ram.bytes == its.measures.unused_ram.bytes

"""From a folder with a sketch to figures, with real compilers and the emulator."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from mlbench.cli.main import main
from mlbench.firmware.install_tools import find_toolchain
from mlbench.results.result_file import read
from mlbench.results.values import Absent, Result, Status

NET = """\
struct Net {
  int8_t *weights;
  Net();
  int infer(const int8_t *in, int8_t *out);
};
__attribute__((noinline)) Net::Net() {
  weights = (int8_t *)malloc(1000);
  if (!weights) for (;;) {}
  for (int i = 0; i < 1000; i++) weights[i] = i;
}
__attribute__((noinline)) int Net::infer(const int8_t *in, int8_t *out) {
  int sum = 0;
  for (int i = 0; i < 1000; i++) sum += weights[i] * in[i];
  out[0] = sum;
  return sum;
}
static Net *net;
static int8_t in[1000], out[4];
void setup() { Serial.begin(115200); net = new Net(); }
void loop() { Serial.println(net->infer(in, out)); delay(10); }
"""
TEMPLATE = """\
struct Model { void *buffer; Model(); };
__attribute__((noinline)) Model::Model() {
  buffer = malloc(20000);
  if (!buffer) for (;;) {}
}
static Model model;
static char* ptr;
void setup() {
  ptr = (char*) malloc($alloc_size);
  if (ptr == NULL) {
    for (;;) {}
  }
  model = Model();
  free(ptr);
  Serial.begin(115200);
}

void loop() {
  Serial.println(1);
}
"""
BROKEN = "void setup() {}\nvoid loop() {\n  nonsense();\n}\n"
HANGS = """\
__attribute__((noinline)) void stuck() { for (;;) { asm volatile(""); } }
__attribute__((noinline)) void infer() { stuck(); asm volatile(""); }
void setup() { infer(); asm volatile(""); }
void loop() {}
"""

pytestmark = pytest.mark.skipif(find_toolchain().builder is None, reason="no sketch compiler on PATH")


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """One place for builds of this module: the core is compiled once."""
    return tmp_path_factory.mktemp("home") / "mlbench"


@pytest.fixture
def project(tmp_path, monkeypatch, home) -> Path:
    monkeypatch.setenv("MLBENCH_HOME", str(home))
    folder = tmp_path / "project"
    (folder / ".git").mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder


def sketch(project: Path, name: str, text: str) -> None:
    (project / name).mkdir()
    (project / name / f"{name}.ino").write_text(text)


def results(project: Path, name: str = "mlbench-result.json") -> dict[str, Result]:
    return {result.sketch: result for result in read(project / name).results}


def test_found_sketches_are_measured_by_proposed_functions_and_told_so(project, capsys):
    sketch(project, "net", NET)
    assert main([]) == 0
    found = results(project)["net"]
    assert found.measures.flash.bytes > found.measures.flash.overhead > 0
    assert found.measures.unused_ram.proposed.startswith("Net::infer(")
    (note,) = found.notes
    shown = capsys.readouterr().out
    assert note in shown
    assert "proposed, as no function is named: Net::infer(" in shown
    names = re.search('init: ("[^"]+"), inference: ("[^"]+"); write into mlbench.yml', note)
    assert names is not None
    (project / "mlbench.yml").write_text(
        f"sketches:\n  - path: net\n    init: {names[1]}\n    inference: {names[2]}\n"
    )
    assert main([]) == 0
    measured = results(project)["net"]
    assert measured.status is Status.OK
    assert measured.measures.inference_time.count == 3
    assert measured.measures.unused_ram.certified
    assert not measured.measures.unused_ram.proposed
    assert measured.measures.inference_time.cycles == found.measures.inference_time.cycles


def test_one_sketch_named_on_the_command_line(project, capsys):
    sketch(project, "net", NET)
    board = ("--board", "mlbench:nrf52840:nano33ble")
    assert main(["run", "net", *board]) == 0
    assert 'inference: "Net::infer(signed char const*, signed char*)"' in capsys.readouterr().out
    names = ("--init", "Net::Net", "--inference", "Net::infer", "--output", "2:1")
    assert main(["run", "net/net.ino", *board, *names, "--json", "one.json"]) == 0
    one = results(project, "one.json")["net"].measures
    assert one.init_time.count == 1
    assert one.unused_ram.bytes > 200_000
    assert one.ram_need.peak_heap >= 1000
    assert main(["net", *names, "--json", "two.json"]) == 0
    first, second = (json.loads((project / name).read_text())["results"] for name in ("one.json", "two.json"))
    assert json.dumps(first) == json.dumps(second)
    assert main(["net", *names, "--min", "5000", "--max", "90000", "--json", "low.json"]) == 0
    assert "N = 90000" in results(project, "low.json")["net"].measures.unused_ram.reason
    assert main(["net", "--inference", "Net::inver"]) == 2
    assert "the nearest is Net::infer" in capsys.readouterr().out


def test_a_sketch_of_the_suite_is_taken_as_the_suite_has_it(project):
    """By its path or its name there; options on the command line still win."""
    sketch(project, "net", NET)
    (project / "mlbench.yml").write_text("sketches:\n- {name: my net, path: net, inference: 'Net::infer'}\n")
    for given in ("net", "net/net.ino", "my net"):
        assert main(["run", given, "--inferences", "2"]) == 0
        assert results(project)["my net"].measures.inference_time.count == 2


def test_failures_are_kept_apart(project, capsys):
    for name, text in (("broken", BROKEN), ("hangs", HANGS), ("net", NET)):
        sketch(project, name, text)
    (project / "mlbench.yml").write_text(
        "defaults: {inference: infer}\n"
        "sketches:\n"
        "- {path: broken}\n- {path: hangs, timeout: 500 ms}\n- {path: net, inference: 'Net::infer'}\n"
    )
    assert main([]) == 3
    found = results(project)
    broken, hangs, net = found["broken"], found["hangs"], found["net"]
    (error,) = (item for item in broken.failure.diagnostics if item.severity == "error")
    assert (error.file, error.line) == ("broken/broken.ino", 3)
    assert [frame.function for frame in hangs.failure.chain][:3] == ["stuck()", "infer()", "setup"]
    assert hangs.failure.chain[0].file == "hangs/hangs.ino"
    assert hangs.measures.flash.bytes > 0
    assert net.status is Status.OK
    out = capsys.readouterr().out
    assert "broken/broken.ino:3:3: error: 'nonsense' was not declared" in out
    assert "called from infer() (hangs/hangs.ino:2)" in out


def test_a_template_needs_no_names(project):
    sketch(project, "template", TEMPLATE)
    assert main(["template"]) == 0
    found = results(project)["template"].measures
    assert found.unused_ram.by == "template"
    assert found.unused_ram.certified
    assert found.flash.bytes > 0


def test_a_given_image_gives_the_figures_of_the_run_that_built_it(project, home, capsys):
    sketch(project, "net", NET)
    names = ("--init", "Net::Net", "--inference", "Net::infer")
    assert main(["net", *names, "--json", "run.json"]) == 0
    image, *_ = home.rglob("net.elf")  # every test of this module builds the same
    assert main(["elf", str(image), *names, "--ram", "--serial", "--json", "elf.json"]) == 0
    assert capsys.readouterr().out.splitlines().count("0") == 2  # the run ends as the third inference does
    run, elf = results(project, "run.json")["net"], results(project, "elf.json")["net"]
    assert elf.measures.inference_time == run.measures.inference_time
    assert elf.measures.init_time == run.measures.init_time
    assert elf.measures.unused_ram.bytes == run.measures.unused_ram.bytes
    assert elf.build.compiler == "given image"
    assert elf.measures.flash.overhead is None
    assert main(["elf", str(image), *names, "--json", "short.json"]) == 0
    assert results(project, "short.json")["net"].measures.unused_ram == Absent("not asked for")

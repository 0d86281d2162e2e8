"""Functions that are proposed where nobody named any: by what setup() and loop() spend their work in."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlbench.core.firmware import BuildRequest
from mlbench.firmware import build
from mlbench.firmware.toolchain import Toolchain
from mlbench.measure.profile import NO_NAMES, profile
from mlbench.pipeline.services import target_for
from mlbench.results.values import Absent, Time, UnusedRam
from mlbench.suite.suite_file import SketchSpec, Source
from mlbench.suite.typed_text import typed_texts
from mlbench.util.progress import Silent

BOARD = "mlbench:nrf52840:nano33ble"
NOINLINE = "__attribute__((noinline))"
WORK = "volatile float sink;\nvoid work(int n) { for (int i = 0; i < n; i++) sink = sink * 0.5f + i; }\n"

SKETCHES = {
    "a class": (
        WORK
        + f"""
class Net {{
 public:
  {NOINLINE} Net() {{ work(100); }}
  {NOINLINE} float predict(float x) {{ dense(); dense(); return sink + x; }}
 private:
  {NOINLINE} void dense() {{ work(2000); }}
}};
Net* net;
void setup() {{ Serial.begin(115200); net = new Net(); }}
void loop() {{ Serial.println(net->predict(1)); delay(100); }}
""",
        "Net::Net()",
        "Net::predict(float)",
        "",
    ),
    "names that say nothing, in setup()": (
        WORK
        + f"""
{NOINLINE} void layer() {{ work(5000); }}
{NOINLINE} void everything() {{ layer(); layer(); layer(); }}
{NOINLINE} void open_model() {{ work(50); }}
void setup() {{ open_model(); everything(); }}
void loop() {{}}
""",
        "open_model()",
        "everything()",
        "",
    ),
    "several calls": (
        WORK
        + f"""
{NOINLINE} void feed_forward(int) {{ work(3000); }}
void setup() {{}}
void loop() {{ for (int i = 0; i < 3; i++) feed_forward(i); }}
""",
        None,
        "feed_forward(int)",
        "3 calls of feed_forward(int) within one loop(); one of them is timed",
    ),
    "the inference within something that does more": (
        WORK
        + f"""
extern "C" {NOINLINE} void score(void) {{ work(3000); }}
{NOINLINE} void read_sensors(void) {{ work(200); }}
{NOINLINE} void step(void) {{ read_sensors(); score(); }}
void setup() {{}}
void loop() {{ step(); delay(1000); }}
""",
        None,
        "score",
        "",
    ),
    "nothing but the core": (
        "void setup() { Serial.begin(9600); }\nvoid loop() { delay(10); }\n",
        None,
        "",
        "",
    ),
    "other work": (
        WORK
        + f"""
{NOINLINE} void print_all() {{ work(9000); }}
void setup() {{}}
void loop() {{ print_all(); }}
""",
        None,
        "",
        "",
    ),
    "no end": (WORK + "void setup() { for (;;) work(100); }\nvoid loop() {}\n", None, "", ""),
}


@pytest.mark.parametrize("case", SKETCHES)
def test_what_is_proposed_is_measured_and_marked(
    case: str, tmp_path: Path, tools: Toolchain, tmp_path_factory: pytest.TempPathFactory
) -> None:
    text, init, inference, note = SKETCHES[case]
    folder = tmp_path / "sketch"
    folder.mkdir()
    (folder / "sketch.ino").write_text(text)
    cache = tmp_path_factory.getbasetemp() / "proposals"
    firmware = build(BuildRequest(folder, BOARD), tools, cache, Silent())
    search = "replay" if case == "a class" else "none"
    spec = SketchSpec("sketch", Path(), BOARD, Source(folder=folder), timeout_us=5e6, ram_search=search)
    taken = profile(firmware, spec, target_for(spec))
    time, first = taken.measures.inference_time, taken.measures.init_time
    if not inference:
        assert time == Absent(NO_NAMES)
        assert taken.failure is None
        return
    assert isinstance(time, Time)
    assert time.proposed == inference
    ram = taken.measures.unused_ram
    assert isinstance(ram, UnusedRam) is (search == "replay")
    assert not isinstance(ram, UnusedRam) or ram.proposed == inference
    assert (first.proposed if isinstance(first, Time) else None) == init
    assert inference in taken.notes[0]
    assert not note or note in taken.notes


def test_text_is_typed_where_the_source_asks_for_it(tmp_path: Path, tools: Toolchain) -> None:
    folder = tmp_path / "sketch"
    folder.mkdir()
    text = f"""
{NOINLINE} float predict(float x) {{ work(500); return sink + x; }}
void setup() {{ Serial.begin(115200); Serial.println("Type >predict<"); }}
void loop() {{
  if (Serial.available() > 0 && Serial.readStringUntil('\\n') == "predict") Serial.println(predict(1));
}}
"""
    (folder / "sketch.ino").write_text(WORK + text)
    firmware = build(BuildRequest(folder, BOARD), tools, tmp_path / "cache", Silent())
    asks_for = typed_texts(folder)
    assert asks_for == ("predict\n",)
    spec = SketchSpec("sketch", Path(), BOARD, Source(folder=folder), ram_search="none", asks_for=asks_for)
    taken = profile(firmware, spec, target_for(spec))
    time = taken.measures.inference_time
    assert isinstance(time, Time)
    assert (time.proposed, time.count) == ("predict(float)", 3)
    assert 'inputs: {serial: ["predict\\n", "predict\\n", "predict\\n"]}' in taken.notes[0]


INLINED = """
float input[8];
struct Net {{
  {attribute} void layer(float* x) {{ for (int i = 0; i < 800; i++) sink = sink * 0.5f + x[i & 7]; }}
  {kept} float predict(float* x) {{
    for (int i = 0; i < 3; i++) {{
      layer(x);
      x[i] += sink;
    }}
    return sink;
  }}
}};
Net net;
void setup() {{ Serial.begin(115200); }}
void loop() {{ Serial.println(net.predict(input)); delay(10); }}
"""


def test_a_function_that_was_inlined_is_proposed_and_timed_as_its_twin_that_was_not(
    tmp_path: Path, tools: Toolchain
) -> None:
    times = {}
    for name, attribute in (("inlined", ""), ("kept", NOINLINE)):
        folder = tmp_path / name
        folder.mkdir()
        text = "volatile float sink;\n" + INLINED.format(attribute=NOINLINE, kept=attribute)
        (folder / f"{name}.ino").write_text(text)
        firmware = build(BuildRequest(folder, BOARD), tools, tmp_path / "cache", Silent())
        spec = SketchSpec(name, Path(), BOARD, Source(folder=folder), ram_search="none")
        taken = profile(firmware, spec, target_for(spec))
        time = taken.measures.inference_time
        assert isinstance(time, Time)
        assert (time.proposed, time.count) == ("Net::predict(float*)", 3)
        assert any("the compiler inlined" in note for note in taken.notes) is (name == "inlined")
        times[name] = time.median_us
    assert times["inlined"] == pytest.approx(times["kept"], rel=0.02)

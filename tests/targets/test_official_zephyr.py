"""The sample sketches under the loader of Arduino's own Zephyr core, of January 2025; opt-in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import official_zephyr
import pytest
from workshop import tools_or_skip

from mlbench.boards import board_for
from mlbench.core.firmware import BuildRequest, Firmware
from mlbench.firmware import build
from mlbench.measure.profile import Profile, profile
from mlbench.results.codec import encode
from mlbench.results.values import Absent, Flash, RamNeed, Time, UnusedRam
from mlbench.suite.suite_file import SketchSpec, load_suite
from mlbench.targets.emulator.target import EmulatorTarget
from mlbench.util.progress import Silent

BOARD = "arduino:zephyr:nano33ble"
SKETCHES = Path(__file__).parents[2] / "sketches"
STRTOL = """
extern "C" long strtol(const char *text, char **end, int) {
  long value = 0, sign = 1;
  while (*text == ' ' || *text == '\\n') text++;
  if (*text == '-') sign = -1, text++;
  while (*text >= '0' && *text <= '9') value = 10 * value + *text++ - '0';
  if (end) *end = const_cast<char *>(text);
  return sign * value;
}
"""
"""What the loader of January 2025 does not export, though the core's headers declare it."""


class Official:
    """Builds and measures sample sketches for the official core."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._tools = folder, tools_or_skip()
        suite = load_suite(SKETCHES / "mlbench.yml")
        self._specs = {spec.name: replace(spec, board=BOARD) for spec in suite.sketches}

    def build(self, name: str, files: dict[str, str] | None = None) -> tuple[Firmware, SketchSpec]:
        spec = self._specs[name]
        sketch = SKETCHES / spec.sketch
        if files:
            own = self._folder / spec.name
            own.mkdir(exist_ok=True)
            for path in (*sketch.glob("*.ino"), sketch / "src"):
                if not (own / path.name).exists():
                    (own / path.name).symlink_to(path)
            for file, text in files.items():
                (own / file).write_text(text)
            sketch = own
        libraries = tuple(SKETCHES / library for library in spec.libraries)
        request = BuildRequest(sketch, BOARD, (), libraries)
        return build(request, self._tools, self._folder / "cache", Silent()), spec

    def measure(self, built: tuple[Firmware, SketchSpec], search: str = "replay") -> Profile:
        firmware, spec = built
        return profile(firmware, replace(spec, ram_search=search), EmulatorTarget(board_for(BOARD)))


@pytest.fixture(scope="module")
def official(tmp_path_factory: pytest.TempPathFactory) -> Official:
    folder = tmp_path_factory.mktemp("official")
    official_zephyr.install_or_skip(folder / "user")
    return Official(folder)


@pytest.fixture(autouse=True)
def sketchbook(official: Official, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARDUINO_DIRECTORIES_USER", str(official._folder / "user"))


@pytest.mark.parametrize(
    ("name", "files"),
    [("keyword_spotting_aot", None), ("keyword_spotting_graph", {"strtol.cpp": STRTOL})],
    ids=["aot", "graph"],
)
def test_keyword_spotters_have_all_measures(
    official: Official, name: str, files: dict[str, str] | None
) -> None:
    built = official.build(name, files)
    taken = official.measure(built)
    assert taken.failure is None
    flash, unused, need = taken.measures.flash, taken.measures.unused_ram, taken.measures.ram_need
    assert isinstance(flash, Flash)
    assert (25_000 < flash.bytes < 45_000, flash.overhead) == (True, 332_880)
    assert isinstance(unused, UnusedRam)
    assert unused.certified
    assert isinstance(need, RamNeed)
    assert isinstance(taken.measures.init_time, Time)
    assert isinstance(taken.measures.inference_time, Time)
    heap = next(memory for memory in taken.memories if memory.name == "LLEXT heap")
    assert heap.limit == 98_304  # CONFIG_LLEXT_HEAP_SIZE=96
    bisected = official.measure(built, "bisect").measures.unused_ram
    assert isinstance(bisected, UnusedRam)
    assert bisected.bytes == unused.bytes
    assert encode(official.measure(built).measures) == encode(taken.measures)


def test_a_name_that_the_loader_lacks_is_told(official: Official) -> None:
    taken = official.measure(official.build("keyword_spotting_graph"))
    assert taken.failure is not None
    assert taken.failure.outcome == "not started"
    assert "does not export strtol" in taken.failure.message


def test_person_detection_is_told_why_it_does_not_start(official: Official) -> None:
    inference = official.measure(official.build("person_detection_aot")).measures.inference_time
    assert isinstance(inference, Absent)
    assert "exceeds sketch partition by" in inference.reason
    assert "LLEXT heap has 98,304 bytes" in inference.reason
    assert ".rodata (" in inference.reason

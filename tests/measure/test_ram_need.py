"""RAM need is of the image that is measured, whatever probes need linked in."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from measure_bench import Bench

from mlbench.core.execution import Functions
from mlbench.elf.image import Image
from mlbench.results.values import RamNeed

FUNCTIONS = Functions("model_init", "model_infer")
SKETCHES = {
    # Everything on the stack or static: nothing pulls an allocator into the image.
    "no_heap": """\
volatile int n = 6000;
static volatile uint8_t state[300];
__attribute__((noinline)) void model_init() { state[n % 300] = 1; }
__attribute__((noinline)) int model_infer() {
  volatile uint8_t frame[n];
  for (int i = 0; i < n; i++) frame[i] = i;
  return frame[n / 2] + state[7];
}
""",
    # calloc() comes without malloc() from newlib, so that here too probes run another link.
    "only_calloc": """\
static uint8_t *volatile block;
__attribute__((noinline)) void model_init() { block = (uint8_t *)calloc(1000, 2); }
__attribute__((noinline)) int model_infer() { return block[5]; }
""",
}
REST = """\
void setup() { Serial.begin(115200); model_init(); Serial.println(model_infer()); }
void loop() {}
"""


@pytest.mark.parametrize("name", SKETCHES)
def test_static_ram_is_that_of_the_measured_image(bench: Bench, name: str) -> None:
    firmware = bench.build(name, {f"{name}.ino": SKETCHES[name] + REST})
    need = bench.profile(firmware, FUNCTIONS).measures.ram_need
    assert isinstance(need, RamNeed), need
    assert need.static == _by_size(firmware.elf)
    probed = sum(size for _, size in Image.load(firmware.probe_elf).static_ram())
    assert need.static < probed if name == "no_heap" else need.static == probed
    assert need.bytes == need.static + need.peak_heap + need.peak_stack
    assert need.peak_heap == (2000 if name == "only_calloc" else 0)
    assert need.peak_stack > (6000 if name == "no_heap" else 0)


def _by_size(elf: Path) -> int:
    """What ``arm-none-eabi-size`` counts as data and bss, without the reserves of heap and stack."""
    lines = subprocess.run(
        ["arm-none-eabi-size", "-A", elf], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    rows = [words for words in map(str.split, lines) if len(words) == 3 and words[1].isdigit()]
    sizes = {name: int(size) for name, size, _ in rows}
    return sizes[".data"] + sizes[".bss"]

"""A process that may have less memory than an emulated CPU takes: an error, and no end of the process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIMITED = """\
import resource, sys
from pathlib import Path

from bare_image import Compiler

from mlbench.cli.main import main
from mlbench.elf.image import Image
from mlbench.emulator.allocator import Replay
from mlbench.emulator.chips.nrf52840 import NRF52840
from mlbench.emulator.machine import Machine
from mlbench.errors import EnvironmentFault

elf, what, spare = sys.argv[1], sys.argv[2], int(sys.argv[3])
image = Image.load(Path(elf))
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (spare << 20),) * 2)
if what == "main":
    sys.exit(main(["elf", elf, "--board", "nano33ble", "--init", "main"]))
try:
    if what == "machine":
        Machine(image, NRF52840)
    else:
        Replay(image, NRF52840, bytes(NRF52840.ram.size), [], None, 0)
except EnvironmentFault as error:
    print(error)
    sys.exit(error.exit_status)
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="limits of address space are Linux's")
@pytest.mark.parametrize("spare", [8, 100, 1000, 1026])
@pytest.mark.parametrize("what", ["machine", "replay", "main"])
def test_too_little_memory_is_an_error_of_the_environment(bare, tmp_path, what, spare):
    """In MiB: too little for Unicorn's buffer, and enough for that but for nothing beside it."""
    elf = bare.image("int main(void) { return 0; }").path
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(elf), what, str(spare)],
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT}/tests/support"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 4, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert "internal error" not in done.stderr + done.stdout
    assert " memory " in done.stderr + done.stdout

"""The same dialogue under (a stand-in for) Renode; and what only the embedded emulator can."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlbench.build.firmware import Firmware
from mlbench.errors import UsageError
from mlbench.harness import DeviceError
from mlbench.harness.renode_device import RenodeDevice

ROOT = Path(__file__).parents[2]


@pytest.fixture
def dev(firmware: Firmware, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RenodeDevice]:
    program = tmp_path / "renode"
    variables = f"PYTHONPATH={shlex.quote(str(ROOT))} FAKE_RENODE={shlex.quote(json.dumps({}))}"
    hot = os.environ.get("MLBENCH_HOTPATH", "")
    variables += f" MLBENCH_HOTPATH={shlex.quote(hot)}" if hot else ""
    fake = ROOT / "tests" / "renode" / "fake_renode.py"
    program.write_text(f'#!/bin/sh\nexec env {variables} {shlex.quote(sys.executable)} {fake} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("MLBENCH_RENODE", str(program))
    device = RenodeDevice(firmware)
    yield device
    device.close()


def test_a_dialogue(dev: RenodeDevice) -> None:
    dev.run_until("READY")
    dev.send("a")
    assert dev.expect(r"got (\w)", timeout="50 ms")[1] == "a"
    before = dev.time
    dev.run_for("3 ms")
    assert float(dev.time - before) == pytest.approx(3000)
    with pytest.raises(DeviceError, match=r"did not come in 10 ms of virtual time"):
        dev.expect("nothing", timeout="10 ms")


@pytest.mark.parametrize("name", ["call", "infer", "memory", "snapshot"])
def test_what_it_cannot(dev: RenodeDevice, name: str) -> None:
    with pytest.raises(UsageError, match=f"{name} needs the embedded emulator; use backend='emulator'"):
        getattr(dev, name)

"""The same dialogue under (a stand-in for) Renode; and what only the embedded emulator can."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from workshop import Workshop

from mlbench.core.firmware import Firmware
from mlbench.errors import UsageError
from mlbench.firmware.toolchain import Toolchain
from mlbench.testing import DeviceError
from mlbench.testing.renode_device import RenodeDevice


@pytest.fixture
def dev(firmware: Firmware, renode: Callable[..., Path]) -> Iterator[RenodeDevice]:
    renode()
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


def test_what_the_chip_would_not_let_pass_ends_the_dialogue(
    renode: Callable[..., Path], tools: Toolchain, tmp_path: Path
) -> None:
    renode()
    text = (
        "#include <Arduino.h>\n"
        "void setup() { Serial.begin(115200); Serial.println(1); *(volatile int *)0x20040000 = 3; }\n"
        "void loop() {}\n"
    )
    device = RenodeDevice(Workshop(tools, tmp_path).build("past", {"past.ino": text}))
    with pytest.raises(DeviceError, match=r"BusFault: writing 0x20040000 \(past the end of RAM\) in setup"):
        device.expect("nothing", timeout="20 ms")
    device.close()

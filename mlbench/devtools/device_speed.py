"""What the harness costs, on the sample keyword spotter: ``python -m mlbench.devtools.device_speed``."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from mlbench.emulator.machine import End
from mlbench.testing import Device, build
from mlbench.testing.building import spec_of

_SKETCH = Path(__file__).parents[2] / "sketches" / "keyword_spotting_aot"
_CALLS = 500


def main() -> int:
    """Measure and print."""
    spec = spec_of(_SKETCH)
    if spec is None or spec.functions.inference is None:
        print("mlbench: the sample sketch is not here; run this in a checkout", file=sys.stderr)
        return 2
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    firmware = build(_SKETCH)
    device = Device(firmware, inference=spec.functions.inference, output=spec.functions.outputs)
    begin = time.process_time()
    device.start()
    print(f"{1e3 * (time.process_time() - begin):8.1f} ms   from reset to setup(), the first time")
    _calls(device)
    _batch(device, count)
    return 0


def _calls(device: Device) -> None:
    """Calls of a function that does next to nothing, so that all the time is the harness's."""
    pattern = bytearray(16)
    name = "tiny::fill_pattern(signed char*, unsigned int)"
    device.call(name, pattern, 0)
    begin = time.process_time()
    for _ in range(_CALLS):
        device.call(name, pattern, 0)
    each = (time.process_time() - begin) / _CALLS
    print(f"{1e3 * each:8.3f} ms   a call beyond the emulation, {1 / each:,.0f} calls a second")


def _batch(device: Device, count: int) -> None:
    """A batch, and as many inferences of the firmware's own loop without a stop, in the same process."""
    # Where they come from does not matter; that they differ does.
    inputs = [bytes((7 * n * k + n) & 0xFF for k in range(1960)) for n in range(count)]
    device.infer(inputs[:2])
    begin = time.process_time()
    inferences = device.infer(inputs)
    batch = time.process_time() - begin
    instructions = sum(one.instructions for one in inferences)
    machine = Device(device.image.path).start()._core.machine
    machine.run(machine.clock.now + inferences[0].cycles, resume=True)
    before = machine.hook.instructions
    begin = time.process_time()
    while machine.hook.instructions - before < instructions:
        ending = machine.run(machine.clock.now + sum(one.cycles for one in inferences))
        if ending.end not in (End.DEADLINE, End.BREAKPOINT):
            raise SystemExit(f"mlbench: the sample sketch ended: {ending.text}")
    alone = time.process_time() - begin
    ours = instructions / batch
    plain = (machine.hook.instructions - before) / alone
    print(f"{ours / 1e6:8.1f} MIPS infer() of {count} inputs, {batch / count * 1e3:.1f} ms each")
    print(f"{plain / 1e6:8.1f} MIPS one emulation of the same sketch without a stop")
    print(f"{ours / plain:8.2f}      ratio")


if __name__ == "__main__":
    sys.exit(main())

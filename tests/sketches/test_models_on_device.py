"""The sample models on the emulated board, on random inputs: bit for bit the reference's answers."""

from __future__ import annotations

import os
import random

import pytest
import quantize
from emulated import ROOT, entries
from host_models import LIBRARY_OF, infer_on_host

from mlbench.testing import Device

SEED = int(os.environ.get("MLBENCH_SEED", "11"))
# A picture takes some 60 million instructions; MLBENCH_INPUTS asks for more of all.
INPUTS = {"keyword_spotting": 200, "person_detection": 12}


@pytest.mark.parametrize("name", LIBRARY_OF)
def test_outputs_equal_the_reference(name, networks, host_compiler, host_library, tmp_path, workshop):
    print(f"seed {SEED}")
    network, _ = networks[name]
    source = random.Random(SEED)
    count = int(os.environ.get("MLBENCH_INPUTS", INPUTS[name]))
    inputs = [quantize.sample_input(network.input_shape, source) for _ in range(count)]
    spec = entries(ROOT / "sketches" / "mlbench.yml")[f"{name}_aot"]
    device = Device(
        workshop.build(spec), inference=spec.functions.inference or "", output=spec.functions.outputs
    )
    # test_models.py holds the host's build of the same sketch against the reference.
    size = spec.functions.outputs[0].bytes
    expected = infer_on_host(host_compiler, host_library, tmp_path, f"{name}_aot", inputs, size)
    found = device.infer(bytes(value & 0xFF for value in values) for values in inputs)
    got = [[byte - 256 if byte > 127 else byte for byte in one.outputs[0]] for one in found]
    assert got == expected
    assert len({tuple(output) for output in got}) > count // 2
    assert {one.instructions for one in found}

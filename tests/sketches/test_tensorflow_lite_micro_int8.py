"""TensorFlow Lite Micro on the emulated board against the one on this machine: int8, bit for bit."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from pathlib import Path

import pytest
from emulated import Workshop

from mlbench.testing import Device, OutputBuffer

SEED = int(os.environ.get("MLBENCH_SEED", "11"))
INPUTS = int(os.environ.get("MLBENCH_INPUTS", "150"))
SKETCH = Path(__file__).parent / "tflm_int8"
HAS_WHEELS = sys.platform == "linux" and platform.machine() == "x86_64" and sys.version_info < (3, 15)


def model_data(model: bytes, input_bytes: int, output_bytes: int) -> dict[str, str]:
    """The files of the sketch that hold a model, by name."""
    lines = [",".join(map(str, model[at : at + 24])) for at in range(0, len(model), 24)]
    header = [
        "#pragma once",
        f"extern const unsigned char model_data[{len(model)}];",
        f"enum {{ kInputBytes = {input_bytes}, kOutputBytes = {output_bytes} }};",
    ]
    # Aligned as the words in a flat buffer have to be.
    array = f"alignas(16) const unsigned char model_data[{len(model)}] = {{\n"
    return {
        "model_data.h": "\n".join(header) + "\n",
        "model_data.cpp": '#include "model_data.h"\n' + array + ",\n".join(lines) + "\n};\n",
    }


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.skipif(
    not HAS_WHEELS,
    reason="tflite-micro, the runtime for this machine, has wheels for Linux on x86-64 and for Python"
    " 3.10 to 3.14 alone",
)
def test_every_tensor_equals_that_of_the_host_runtime(tmp_path, workshop: Workshop, tensorflow_lite_micro):
    import numpy
    from int8_model import small_network
    from tflite_micro import runtime

    print(f"seed {SEED}")
    network = small_network(SEED)
    model = network.file()
    shape, source = network.given.shape, numpy.random.default_rng(SEED + 1)
    ends = numpy.sort(source.integers(-128, 128, (INPUTS, 2)))
    # Noise alone would average out in the deeper layers, so each input has a range of its own.
    inputs = [source.integers(low, high, shape, numpy.int8, endpoint=True) for low, high in ends]

    interpreter = runtime.Interpreter.from_bytes(model, arena_size=1 << 16)
    expected = []
    for values in inputs:
        interpreter.set_input(values, 0)
        interpreter.invoke()
        expected.append([interpreter.get_output(i).tobytes() for i in range(len(network.outputs))])

    sketch = shutil.copytree(SKETCH, tmp_path / SKETCH.name)
    sizes = [len(output) for output in expected[0]]
    for name, text in model_data(model, inputs[0].size, sum(sizes)).items():
        (sketch / name).write_text(text)
    device = Device(workshop.build(tensorflow_lite_micro["tflm_micro_speech"], sketch))
    found = device.infer(inputs, function="model_execute", output=OutputBuffer(1, sum(sizes)))
    start = 0
    for index, (values, size) in enumerate(zip(network.outputs, sizes, strict=True)):
        got = [one.outputs[0][start : start + size] for one in found]
        start += size
        wrong = [number for number in range(INPUTS) if got[number] != expected[number][index]]
        assert not wrong, f"{values.name} differs for {len(wrong)} of {INPUTS} inputs, first for {wrong[0]}"
        assert len(set(got)) > INPUTS // 2, f"{values.name} is nearly the same for all inputs"

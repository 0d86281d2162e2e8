"""Seeded weights for a network, and the rescaling that keeps its layers alive.

Weights drawn at random would leave a deep network constant or saturated. So every layer is
calibrated on a few inputs: the bias takes each channel's mean away, and the multiplier stretches
what is left over the range of int8. All of it is integer arithmetic, and the random numbers come
from ``getrandbits`` alone, so every Python makes the same network.
"""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal

from networks import LOW, WEIGHTED, Layer, Network, Operation, Shape, same_padding
from reference import apply, sums

_CALIBRATION_INPUTS = 4
_RELU_SPAN = 230
"""Steps from a rectified output's zero to the largest value met in calibration."""
_LINEAR_SPAN = 60
"""The same on either side of zero, for layers that are not rectified."""
_POWER_SCALE = Decimal("0.03")
"""What a step of the last layer is worth as a logit; small, so that probabilities seldom saturate."""


def _weight(source: random.Random) -> int:
    """A bell-shaped value from -126 to 126."""
    return sum(source.getrandbits(6) for _ in range(4)) - 126


def sample_input(shape: Shape, source: random.Random) -> list[int]:
    """Noise over a coarse random picture, of random strength and brightness."""
    cell = 4 + source.getrandbits(3)
    columns = -(-shape.width // cell)
    coarse = [source.getrandbits(8) - 128 for _ in range(-(-shape.height // cell) * columns)]
    picture_part, level = source.getrandbits(8), source.getrandbits(7) - 64
    values = []
    for y in range(shape.height):
        for x in range(shape.width):
            noise = source.getrandbits(8) - 128
            picture = coarse[y // cell * columns + x // cell]
            value = (picture * picture_part + noise * (256 - picture_part)) // 256 + level
            values.append(min(max(value, -128), 127))
    return values


def _shapes(layer: Layer, source: Shape) -> tuple[Shape, tuple[int, int]]:
    """A layer's output shape and the padding before the image."""
    if layer.kind in ("average", "dense"):
        return Shape(1, 1, layer.channels or source.channels), (0, 0)
    height, top = same_padding(source.height, layer.kernel[0], layer.stride[0])
    width, left = same_padding(source.width, layer.kernel[1], layer.stride[1])
    return Shape(height, width, layer.channels or source.channels), (top, left)


def _weight_count(layer: Layer, source: Shape, result: Shape) -> int:
    if layer.kind == "dense":
        return source.size * result.channels
    window = layer.kernel[0] * layer.kernel[1] * source.channels
    return window if layer.kind == "depthwise" else window * result.channels


def fixed_point(numerator: int, denominator: int) -> tuple[int, int]:
    """Multiplier (2**30 up to 2**31 - 1) and shift (32 to 62) nearest below a ratio."""
    shift = 0
    while (numerator << shift) // denominator < 2**30:
        shift += 1
    multiplier = (numerator << shift) // denominator
    if not (2**30 <= multiplier < 2**31 and 32 <= shift <= 62):
        raise ValueError(f"the ratio {numerator}/{denominator} is out of the kernels' reach")
    return multiplier, shift


def _calibrated(operation: Operation, inputs: list[list[int]], source: random.Random) -> Operation:
    """The operation with its weights, and the bias and rescaling that fit them."""
    layer, channels = operation.layer, operation.result.channels
    count = _weight_count(layer, operation.source, operation.result)
    weighted = replace(operation, weights=tuple(_weight(source) for _ in range(count)))
    totals = [sums(weighted, values) for values in inputs]
    bias, multipliers, shifts = [], [], []
    for channel in range(channels):
        seen = [value for total in totals for value in total[channel::channels]]
        mean = sum(seen) // len(seen)
        peak = max(max(seen) - mean if layer.relu else max(abs(value - mean) for value in seen), 1)
        multiplier, shift = fixed_point(_RELU_SPAN if layer.relu else _LINEAR_SPAN, peak)
        bias.append(-mean)
        multipliers.append(multiplier)
        shifts.append(shift)
    return replace(weighted, bias=tuple(bias), multipliers=tuple(multipliers), shifts=tuple(shifts))


def quantized(network: Network) -> tuple[Operation, ...]:
    """The network with its weights: always the same for the same network."""
    source = random.Random(network.seed)  # noqa: S311
    inputs = [sample_input(network.input_shape, source) for _ in range(_CALIBRATION_INPUTS)]
    shape, zero = network.input_shape, network.input_zero
    operations = []
    for layer in network.layers:
        result, pad = _shapes(layer, shape)
        if layer.kind in WEIGHTED:
            output_zero = LOW if layer.relu else 3
            operation = Operation(layer, shape, result, zero, output_zero, pad)
            operation = _calibrated(operation, inputs, source)
        elif layer.kind == "softmax":
            powers = tuple(int((2**20 * (-_POWER_SCALE * d).exp()).to_integral_value()) for d in range(256))
            operation = Operation(layer, shape, result, zero, LOW, powers=powers)
        else:
            operation = Operation(layer, shape, result, zero, zero)
        inputs = [apply(operation, values) for values in inputs]
        operations.append(operation)
        shape, zero = result, operation.output_zero
    return tuple(operations)

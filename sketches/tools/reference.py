"""Reference arithmetic of a quantized network, from its definition, in exact integers.

Slow and plain on purpose: sums are taken over an image with a frame of zeros round it, and
rounding is done on fractions. The kernels in libraries/TinyKernels have to give the same values.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import mul

from networks import HIGH, LOW, Operation


def sums(operation: Operation, values: Sequence[int]) -> list[int]:
    """Sums of value times weight, without the bias, of a layer that has weights."""
    layer, source, result = operation.layer, operation.source, operation.result
    centred = [value - operation.input_zero for value in values]
    if layer.kind == "dense":
        return _products(centred, operation.weights)
    if layer.kind == "pointwise":
        depth = source.channels
        return [
            total
            for start in range(0, source.size, depth)
            for total in _products(centred[start : start + depth], operation.weights)
        ]

    rows = _framed(operation, centred)
    (kernel_height, kernel_width), (stride_y, stride_x) = layer.kernel, layer.stride
    depth = source.channels
    totals: list[int] = []
    for y in range(result.height):
        band = rows[y * stride_y : y * stride_y + kernel_height]
        for x in range(result.width):
            start, end = x * stride_x * depth, (x * stride_x + kernel_width) * depth
            window = [value for row in band for value in row[start:end]]
            if layer.kind == "convolution":
                totals += _products(window, operation.weights)
            else:
                totals += [
                    sum(map(mul, window[channel::depth], operation.weights[channel::depth]))
                    for channel in range(depth)
                ]
    return totals


def _products(window: list[int], weights: Sequence[int]) -> list[int]:
    """The window's sum with each output channel's weights."""
    count = len(window)
    return [sum(map(mul, window, weights[at : at + count])) for at in range(0, len(weights), count)]


def _framed(operation: Operation, centred: list[int]) -> list[list[int]]:
    """The image by rows, with as many zeros round it as the windows reach out."""
    source, result, layer = operation.source, operation.result, operation.layer
    (top, left), depth = operation.pad, source.channels
    height = (result.height - 1) * layer.stride[0] + layer.kernel[0]
    width = ((result.width - 1) * layer.stride[1] + layer.kernel[1]) * depth
    row_size = source.width * depth
    blank = [0] * max(width, left * depth + row_size)
    rows = [list(blank) for _ in range(max(height, top + source.height))]
    for y in range(source.height):
        start = left * depth
        rows[top + y][start : start + row_size] = centred[y * row_size : (y + 1) * row_size]
    return rows


def requantized(operation: Operation, totals: Sequence[int]) -> list[int]:
    """Outputs from sums: the nearest integer to (sum + bias) * multiplier / 2**shift, halves up."""
    channels = operation.result.channels
    outputs = []
    for index, total in enumerate(totals):
        channel = index % channels
        numerator = (total + operation.bias[channel]) * operation.multipliers[channel]
        denominator = 2 ** operation.shifts[channel]
        nearest = (2 * numerator + denominator) // (2 * denominator)
        outputs.append(min(max(nearest + operation.output_zero, LOW), HIGH))
    return outputs


def _average(operation: Operation, values: Sequence[int]) -> list[int]:
    channels = operation.source.channels
    pixels = operation.source.size // channels
    return [(2 * sum(values[channel::channels]) + pixels) // (2 * pixels) for channel in range(channels)]


def _softmax(operation: Operation, values: Sequence[int]) -> list[int]:
    parts = [operation.powers[max(values) - value] for value in values]
    total = sum(parts)
    return [min((part * 256 + total // 2) // total - 128, HIGH) for part in parts]


def apply(operation: Operation, values: Sequence[int]) -> list[int]:
    """One layer's output."""
    if operation.layer.kind == "average":
        return _average(operation, values)
    if operation.layer.kind == "softmax":
        return _softmax(operation, values)
    return requantized(operation, sums(operation, values))


def infer(operations: Sequence[Operation], values: Sequence[int]) -> list[int]:
    """The network's output for one input."""
    current = list(values)
    for operation in operations:
        current = apply(operation, current)
    return current


def pattern(count: int) -> list[int]:
    """The input that the sketches make for themselves (``tiny::fill_pattern``)."""
    state, values = 1, []
    for _ in range(count):
        state = (state * 1664525 + 1013904223) % 2**32
        values.append(state // 2**24 - 128)
    return values

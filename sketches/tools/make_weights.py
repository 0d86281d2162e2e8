#!/usr/bin/env python3
"""Makes the model libraries of the sample sketches: weights, graph text and straight-line code.

Usage: ``python3 make_weights.py [FOLDER]``; FOLDER is ``sketches/libraries`` by default. Needs
nothing but Python, and writes the same bytes on every machine.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from networks import HIGH, LOW, NETWORKS, WEIGHTED, Network, Operation, Shape
from quantize import quantized

_NOTICE = "// Made by sketches/tools/make_weights.py; change that and run it, not this."
_WIDTH = 110


@dataclass(frozen=True)
class Array:
    """One constant array in C++."""

    type: str
    name: str
    values: tuple[int, ...]

    @property
    def declaration(self) -> str:
        """Type, name and length."""
        return f"const {self.type} {self.name}[{len(self.values)}]"


def arrays(operation: Operation) -> list[Array]:
    """The constants of one layer, in the order in which a graph's table of constants has them."""
    name = operation.layer.name
    if operation.layer.kind in WEIGHTED:
        return [
            Array("int8_t", f"{name}_weights", operation.weights),
            Array("int32_t", f"{name}_bias", operation.bias),
            Array("int32_t", f"{name}_multiplier", operation.multipliers),
            Array("int8_t", f"{name}_shift", operation.shifts),
        ]
    if operation.powers:
        return [Array("uint32_t", f"{name}_powers", operation.powers)]
    return []


def _wrapped(words: Iterable[str], gap: str = " ") -> Iterator[str]:
    """Indented lines of at most _WIDTH characters; without a gap a large array is a fifth smaller."""
    indent = "    "
    line = indent
    for word in words:
        if len(line) + len(word) > _WIDTH:
            yield line.rstrip()
            line = indent
        line += word + gap
    yield line.rstrip()


def _definition(array: Array) -> list[str]:
    return [f"{array.declaration} = {{", *_wrapped((f"{value}," for value in array.values), gap=""), "};"]


def slots(tensors: Sequence[Shape]) -> tuple[list[int], list[int]]:
    """Memory slots for a chain of tensors: the slot of each, and the bytes of each slot.

    A layer reads one tensor and writes the next, so two slots would do; the input keeps its own,
    as a graph executor's caller may fill it at any time.
    """
    taken = [0] + [1 + index % 2 for index in range(len(tensors) - 1)]
    sizes = [0] * (max(taken) + 1)
    for tensor, slot in zip(tensors, taken, strict=True):
        sizes[slot] = max(sizes[slot], tensor.size)
    return taken, sizes


def graph_text(network: Network, operations: Sequence[Operation]) -> list[str]:
    """The lines of the graph executor's text; its grammar is in TinyKernels' graph_executor.h."""
    tensors = [network.input_shape, *(operation.result for operation in operations)]
    zeros = [network.input_zero, *(operation.output_zero for operation in operations)]
    taken, sizes = slots(tensors)
    lines = [f"graph {len(tensors)} {len(operations)} {len(sizes)}"]
    lines += [f"slot {size}" for size in sizes]
    for tensor, zero, slot in zip(tensors, zeros, taken, strict=True):
        lines.append(f"tensor {tensor.height} {tensor.width} {tensor.channels} {zero} {slot}")
    constant = 0
    for index, operation in enumerate(operations):
        layer = operation.layer
        words: list[object] = ["node", layer.kind, index, index + 1]
        if layer.kind in WEIGHTED:
            words += [*layer.kernel, *layer.stride, *operation.pad, LOW, HIGH]
        if arrays(operation):
            words.append(constant)
        constant += len(arrays(operation))
        lines.append(" ".join(str(word) for word in words))
    return lines


def _weights_header(network: Network, operations: Sequence[Operation]) -> list[str]:
    guard = f"{network.name.upper()}_WEIGHTS_H"
    constants = [array for operation in operations for array in arrays(operation)]
    return [
        _NOTICE, f"#ifndef {guard}", f"#define {guard}", "", "#include <stdint.h>", "",
        f"namespace {network.name} {{", "",
        *(f"extern {array.declaration};" for array in constants),
        "", f"}}  // namespace {network.name}", "", "#endif",
    ]  # fmt: skip


def _weights_source(network: Network, operations: Sequence[Operation]) -> list[str]:
    lines = [_NOTICE, f'#include "{network.name}_weights.h"', "", f"namespace {network.name} {{"]
    for operation in operations:
        for array in arrays(operation):
            lines += ["", *_definition(array)]
    return [*lines, "", f"}}  // namespace {network.name}"]


def _graph_source(network: Network, operations: Sequence[Operation]) -> list[str]:
    constants = [array.name for operation in operations for array in arrays(operation)]
    text = [f'    "{line}\\n"' for line in graph_text(network, operations)]
    text[-1] += ";"
    return [
        _NOTICE, f'#include "{network.name}_model.h"', f'#include "{network.name}_weights.h"', "",
        f"namespace {network.name} {{", "",
        "const char graph[] =", *text, "",
        "const void* const constants[] = {", *_wrapped(f"{name}," for name in constants), "};", "",
        f"}}  // namespace {network.name}",
    ]  # fmt: skip


def _shape(shape: Shape) -> str:
    return f"{{{shape.height}, {shape.width}, {shape.channels}}}"


def _filter(operation: Operation) -> list[str]:
    layer, name = operation.layer, operation.layer.name
    numbers = ", ".join(str(n) for n in (*layer.kernel, *layer.stride, *operation.pad))
    return [
        f"const tiny::Filter {name} = {{",
        f"    {_shape(operation.source)}, {_shape(operation.result)}, {numbers}, {name}_weights,",
        f"    {{{name}_bias, {name}_multiplier, {name}_shift,"
        f" {operation.input_zero}, {operation.output_zero}, {LOW}, {HIGH}}}}};",
    ]


def arena_size(operations: Sequence[Operation]) -> int:
    """Bytes for the tensors between the layers; every other one lies at the arena's end."""
    between = [operation.result.size for operation in operations[:-1]]
    return max(a + b for a, b in zip(between, [*between[1:], 0], strict=True))


def _call(operation: Operation, source: str, result: str) -> str:
    layer = operation.layer
    if layer.kind == "average":
        return f"  tiny::average({_shape(operation.source)}, {source}, {result});"
    if layer.kind == "softmax":
        return f"  tiny::softmax({layer.name}_powers, {operation.source.size}, {source}, {result});"
    return f"  tiny::{layer.kind}({layer.name}, {source}, {result});"


def _straight_source(network: Network, operations: Sequence[Operation]) -> list[str]:
    places = ["input"]
    for index, operation in enumerate(operations[:-1]):
        offset = 0 if index % 2 == 0 else arena_size(operations) - operation.result.size
        places.append(f"arena + {offset}")
    places.append("output")
    filters = [line for op in operations if op.layer.kind in WEIGHTED for line in _filter(op)]
    calls = [_call(op, places[i], places[i + 1]) for i, op in enumerate(operations)]
    return [
        _NOTICE, f'#include "{network.name}_model.h"', f'#include "{network.name}_weights.h"', "",
        "#include <tiny_kernels.h>", "",
        f"namespace {network.name} {{", "namespace {", "", *filters, "", "}  // namespace", "",
        "void run(const int8_t* input, int8_t* output, int8_t* arena) {", *calls, "}", "",
        f"}}  // namespace {network.name}",
    ]  # fmt: skip


def _header(network: Network, operations: Sequence[Operation]) -> list[str]:
    guard = f"{network.name.upper()}_MODEL_H"
    return [
        _NOTICE, f"// {network.title}", f"#ifndef {guard}", f"#define {guard}", "",
        "#include <stdint.h>", "",
        f"namespace {network.name} {{", "",
        f"constexpr int kInputBytes = {network.input_shape.size};",
        f"constexpr int kOutputBytes = {operations[-1].result.size};", "",
        "// For tiny::GraphExecutor.",
        "extern const char graph[];",
        "extern const void* const constants[];", "",
        "// The same network as straight-line code. The arena holds the tensors between the layers.",
        f"constexpr int kArenaBytes = {arena_size(operations)};",
        "void run(const int8_t* input, int8_t* output, int8_t* arena);", "",
        f"}}  // namespace {network.name}", "", "#endif",
    ]  # fmt: skip


def _properties(network: Network) -> list[str]:
    return [
        f"name={network.library}", "version=0.1.0", "author=mlbench-action", "maintainer=mlbench-action",
        f"sentence={network.title}",
        "paragraph=The weights are random: the model has the size and speed of a real one, not its skill.",
        "category=Data Processing", "architectures=*", "depends=TinyKernels",
        f"includes={network.name}_model.h",
    ]  # fmt: skip


def library(network: Network, operations: Sequence[Operation]) -> dict[str, str]:
    """The files of a network's library: path within the libraries' folder, and text."""
    source = f"{network.library}/src/{network.name}"
    files = {
        f"{network.library}/library.properties": _properties(network),
        f"{source}_model.h": _header(network, operations),
        f"{source}_weights.h": _weights_header(network, operations),
        f"{source}_weights.cpp": _weights_source(network, operations),
        f"{source}_graph.cpp": _graph_source(network, operations),
        f"{source}_aot.cpp": _straight_source(network, operations),
    }
    return {path: "\n".join(lines) + "\n" for path, lines in files.items()}


def main(arguments: Sequence[str]) -> None:
    """Write the libraries of all networks."""
    folder = Path(arguments[0]) if arguments else Path(__file__).parent.parent / "libraries"
    for network in NETWORKS:
        for path, text in library(network, quantized(network)).items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(sys.argv[1:])

"""The shapes of the sample networks, and the values that describe a quantized one.

Tensors are flat lists of int8 values, row by row, channels innermost. A quantized value q stands
for scale * (q - zero); scales never appear, only the ratio between two of them does, as
``multiplier / 2**shift``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

LOW, HIGH = -128, 127
WEIGHTED = ("convolution", "depthwise", "pointwise", "dense")
"""The kinds of layers that have weights."""


@dataclass(frozen=True)
class Shape:
    """Height, width and channels of a tensor."""

    height: int
    width: int
    channels: int

    @property
    def size(self) -> int:
        """How many values there are."""
        return self.height * self.width * self.channels


@dataclass(frozen=True)
class Layer:
    """One layer as it is designed.

    ``kind`` is one of :data:`WEIGHTED`, ``average`` (over the whole image) or ``softmax``.
    ``channels`` is that of the output, for the kinds that can choose it. With ``relu`` the
    output's zero is its lowest value.
    """

    kind: str
    name: str
    channels: int = 0
    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    relu: bool = True


@dataclass(frozen=True)
class Network:
    """A network as it is designed. ``input_zero`` is the input's zero; ``seed`` makes its weights."""

    name: str
    library: str
    title: str
    seed: int
    input_shape: Shape
    input_zero: int
    layers: tuple[Layer, ...]


@dataclass(frozen=True)
class Operation:
    """One layer of a quantized network.

    ``weights`` are stored as the kernels in TinyKernels read them. ``bias``, ``multipliers`` and
    ``shifts`` have one element for each output channel. ``powers[d]`` is
    ``round(2**20 * exp(-scale * d))``, of softmax only.
    """

    layer: Layer
    source: Shape
    result: Shape
    input_zero: int
    output_zero: int
    pad: tuple[int, int] = (0, 0)
    """Rows above and columns left of the image, as far as a window reaches beyond it."""
    weights: tuple[int, ...] = ()
    bias: tuple[int, ...] = ()
    multipliers: tuple[int, ...] = ()
    shifts: tuple[int, ...] = ()
    powers: tuple[int, ...] = ()


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """Positions of the output and padding before the image, for ceil(size / stride) positions."""
    count = math.ceil(size / stride)
    return count, max((count - 1) * stride + kernel - size, 0) // 2


def _separable(index: int, channels: int, stride: int) -> tuple[Layer, Layer]:
    """One block of MobileNetV1: a depthwise layer, then a pointwise one."""
    return (
        Layer("depthwise", f"depthwise{index}", kernel=(3, 3), stride=(stride, stride)),
        Layer("pointwise", f"pointwise{index}", channels),
    )


KEYWORD_SPOTTING = Network(
    name="keyword_spotting",
    library="KeywordSpotting",
    title="Keyword spotting: 49 frames of 40 frequency bands, 4 classes.",
    seed=1960,
    input_shape=Shape(49, 40, 1),
    input_zero=-5,
    layers=(
        Layer("convolution", "convolution1", 8, kernel=(10, 8), stride=(2, 2)),
        Layer("depthwise", "depthwise1", kernel=(3, 3), stride=(2, 2)),
        Layer("pointwise", "pointwise1", 16),
        Layer("dense", "dense1", 8),
        Layer("dense", "dense2", 4, relu=False),
        Layer("softmax", "softmax"),
    ),
)

_PERSON_BLOCKS = (
    (16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2), (128, 1),
    (128, 1), (128, 1), (128, 1), (128, 1), (256, 2), (256, 1),
)  # fmt: skip
"""Channels and stride of each block: MobileNetV1 with a quarter of its channels."""

PERSON_DETECTION = Network(
    name="person_detection",
    library="PersonDetection",
    title="Person detection: an image of 96 x 96 grey pixels, 2 classes.",
    seed=9216,
    input_shape=Shape(96, 96, 1),
    input_zero=-1,
    layers=(
        Layer("convolution", "convolution1", 8, kernel=(3, 3), stride=(2, 2)),
        *(
            layer
            for index, (channels, stride) in enumerate(_PERSON_BLOCKS, start=1)
            for layer in _separable(index, channels, stride)
        ),
        Layer("average", "average"),
        Layer("dense", "dense1", 2, relu=False),
        Layer("softmax", "softmax"),
    ),
)

NETWORKS = (KEYWORD_SPOTTING, PERSON_DETECTION)

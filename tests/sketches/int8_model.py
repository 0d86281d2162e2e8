"""A small convolutional network of int8 with random weights, as a file of TensorFlow Lite.

Needs the package ``tflite-micro``, which has the classes of the format besides its runtime.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import flatbuffers
import numpy
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

_FORMAT = 3
"""Version of the format, and the digit of the file's identifier."""
_VERSIONS = {"CONV_2D": 3, "DEPTHWISE_CONV_2D": 3, "FULLY_CONNECTED": 4}
"""What the converter gives operators on int8; 2 for all others here."""
_SPREAD = 60.0
"""Standard deviation, in steps of int8, that values of a tensor are made to have."""
_SAME, _VALID = schema.Padding.SAME, schema.Padding.VALID


@dataclass(frozen=True)
class Values:
    """A tensor that an operator makes: values of int8, ``scale * (value - zero)`` in real numbers."""

    name: str
    index: int
    shape: tuple[int, ...]
    scale: float
    zero: int


@dataclass
class Int8Network:
    """Puts operators one behind the other; each one's values are an output of the model.

    So a comparison tells which operator differs, where classes alone would hide most of it.
    """

    source: numpy.random.Generator
    """Weights, biases, scales and zeros are drawn from it."""
    given: Values = field(init=False)
    """The model's input."""
    outputs: list[Values] = field(default_factory=list)
    """In the order of the model's outputs."""
    _tensors: list[Any] = field(default_factory=list)
    # The first buffer is empty: the one of tensors without contents.
    _buffers: list[Any] = field(default_factory=lambda: [schema.BufferT()])
    _codes: list[Any] = field(default_factory=list)
    _operators: list[Any] = field(default_factory=list)

    def input(self, *shape: int) -> Values:
        """Begin with the model's input. Called once, and first."""
        self.given = self._values("input", shape)
        return self.given

    def conv(self, data: Values, channels: int, size: int, strides: tuple[int, int]) -> Values:
        """Convolution with a square kernel and ReLU6, its weights with a scale for each output channel."""
        down, right = strides
        shape = (1, -(-data.shape[1] // down), -(-data.shape[2] // right), channels)
        options = schema.Conv2DOptionsT(_SAME, right, down, schema.ActivationFunctionType.RELU6)
        filters = (channels, size, size, data.shape[3])
        # Both bounds lie within int8, and some values at each.
        made = self._values("conv", shape, scale=6 / 150, zero=-120)
        return self._weighted("CONV_2D", "Conv2DOptions", options, data, made, filters, axis=0)

    def depthwise(self, data: Values, multiplier: int, size: int, stride: int) -> Values:
        """Depthwise convolution with a square kernel and ReLU, its weights with a scale for each channel."""
        channels = data.shape[3] * multiplier
        shape = (1, *(-(-side // stride) for side in data.shape[1:3]), channels)
        relu = schema.ActivationFunctionType.RELU
        options = schema.DepthwiseConv2DOptionsT(_SAME, stride, stride, multiplier, relu)
        # The runtime of 2020 clips to int8 here, whatever the activation: with this zero that is ReLU.
        made = self._values("depthwise", shape, zero=-128)
        filters = (1, size, size, channels)
        return self._weighted("DEPTHWISE_CONV_2D", "DepthwiseConv2DOptions", options, data, made, filters, 3)

    def pool(self, data: Values, kind: str, size: int, stride: int, *, padded: bool = False) -> Values:
        """``kind`` is AVERAGE or MAX. Values keep their scale, as pooling wants it."""
        sides = [-(-(side if padded else side - size + 1) // stride) for side in data.shape[1:3]]
        made = self._values(f"{kind.lower()} pool", (1, *sides, data.shape[3]), data.scale, data.zero)
        options = schema.Pool2DOptionsT(_SAME if padded else _VALID, stride, stride, size, size)
        self._operator(f"{kind}_POOL_2D", "Pool2DOptions", options, [data.index], made)
        return made

    def dense(self, data: Values, units: int) -> Values:
        """Fully connected; one scale for all weights, for the runtime of 2020 knows no other."""
        # Such a scale that softmax, of what this gives, is neither all at its ends nor all alike.
        made = self._values("dense", (1, units), scale=float(self.source.uniform(0.01, 0.03)))
        options = schema.FullyConnectedOptionsT()
        filters = (units, int(numpy.prod(data.shape)))
        return self._weighted("FULLY_CONNECTED", "FullyConnectedOptions", options, data, made, filters)

    def softmax(self, data: Values) -> Values:
        """Softmax; its scale and zero are laid down by the operator."""
        made = self._values("softmax", data.shape, 1 / 256, -128)
        self._operator("SOFTMAX", "SoftmaxOptions", schema.SoftmaxOptionsT(1.0), [data.index], made)
        return made

    def file(self) -> bytes:
        """The model, as TensorFlow Lite reads it."""
        outputs = [values.index for values in self.outputs]
        graph = schema.SubGraphT(self._tensors, [0], outputs, self._operators, "main")
        model = schema.ModelT(_FORMAT, self._codes, [graph], "random weights", self._buffers)
        builder = flatbuffers.Builder(1 << 14)
        builder.Finish(model.Pack(builder), file_identifier=f"TFL{_FORMAT}".encode())
        return bytes(builder.Output())

    def _weighted(
        self,
        operator: str,
        kind: str,
        options: Any,
        data: Values,
        made: Values,
        shape: tuple[int, ...],
        axis: int | None = None,
    ) -> Values:
        """An operator with random weights and biases, scaled so that its values spread over int8."""
        source = self.source
        weights = source.integers(-127, 128, shape, dtype=numpy.int8)
        outputs = made.shape[-1]
        # Spread of the sums, were inputs and weights independent.
        sums = _SPREAD * 73 * (weights.size / outputs) ** 0.5
        factors = source.uniform(0.5, 1.5, 1 if axis is None else outputs)
        scales = [float(scale) for scale in factors * (_SPREAD * made.scale / data.scale / sums)]
        biases = source.integers(-int(sums), int(sums), outputs, dtype=numpy.int32)
        inputs = [
            data.index,
            self._constant(f"{made.name} weights", weights, scales, axis or 0),
            self._constant(f"{made.name} biases", biases, [data.scale * scale for scale in scales]),
        ]
        self._operator(operator, kind, options, inputs, made)
        return made

    def _values(
        self, name: str, shape: tuple[int, ...], scale: float | None = None, zero: int | None = None
    ) -> Values:
        scale = float(self.source.uniform(0.01, 0.1)) if scale is None else scale
        zero = int(self.source.integers(-20, 21)) if zero is None else zero
        index = self._tensor(name, shape, schema.TensorType.INT8, 0, [scale], [zero])
        return Values(name, index, shape, scale, zero)

    def _constant(self, name: str, array: Any, scales: list[float], axis: int = 0) -> int:
        self._buffers.append(schema.BufferT(numpy.frombuffer(array.tobytes(), numpy.uint8)))
        kind = schema.TensorType.INT8 if array.dtype == numpy.int8 else schema.TensorType.INT32
        zeros = [0] * len(scales)
        return self._tensor(name, array.shape, kind, len(self._buffers) - 1, scales, zeros, axis)

    def _tensor(
        self,
        name: str,
        shape: tuple[int, ...],
        kind: int,
        buffer: int,
        scales: list[float],
        zeros: list[int],
        axis: int = 0,
    ) -> int:
        quantization = schema.QuantizationParametersT(scale=scales, zeroPoint=zeros, quantizedDimension=axis)
        self._tensors.append(schema.TensorT(list(shape), kind, buffer, name, quantization))
        return len(self._tensors) - 1

    def _operator(self, name: str, kind: str, options: Any, inputs: Sequence[int], made: Values) -> None:
        # Below 127, so the field of the code that the runtime of 2020 reads has room for it too.
        code = getattr(schema.BuiltinOperator, name)
        self._codes.append(schema.OperatorCodeT(code, None, _VERSIONS.get(name, 2), code))
        options_type = getattr(schema.BuiltinOptions, kind)
        self._operators.append(
            schema.OperatorT(len(self._codes) - 1, list(inputs), [made.index], options_type, options)
        )
        self.outputs.append(made)


def small_network(seed: int) -> Int8Network:
    """Both convolutions, both poolings, a dense layer and softmax; some 20,000 multiplications."""
    network = Int8Network(numpy.random.default_rng(seed))
    data = network.input(1, 12, 10, 3)
    data = network.conv(data, channels=8, size=3, strides=(1, 2))
    data = network.pool(data, "MAX", size=3, stride=1, padded=True)
    data = network.depthwise(data, multiplier=2, size=3, stride=2)
    data = network.pool(data, "AVERAGE", size=2, stride=1)
    network.softmax(network.dense(data, units=10))
    return network

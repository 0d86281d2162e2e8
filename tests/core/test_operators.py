"""Names of operators by their kernels, of TensorFlow Lite Micro and of TVM; graphs in trees of calls."""

from __future__ import annotations

import pytest

from mlbench.core.call_tree import CallPath, CallTree
from mlbench.core.operators import is_sequencer, operator_name, operators_of

_ARGUMENTS = "(TfLiteContext*, TfLiteNode*)"


@pytest.mark.parametrize(
    ("kernel", "file", "name"),
    [
        (f"tflite::(anonymous namespace)::ConvEval{_ARGUMENTS}", "", "CONV"),
        (f"tflite::(anonymous namespace)::DepthwiseConvEvalInt8{_ARGUMENTS}", "", "DEPTHWISE_CONV"),
        (f"tflite::(anonymous namespace)::Eval{_ARGUMENTS}", "/lib/fully_connected.cc", "FULLY_CONNECTED"),
        (f"reshape.cc:tflite::(anonymous namespace)::Eval{_ARGUMENTS}", "", "RESHAPE"),
        (f"tflite::ops::micro::softmax::Eval{_ARGUMENTS}", "", "SOFTMAX"),
        (f"tflite::ops::micro::activations::SoftmaxEval{_ARGUMENTS}", "", "SOFTMAX"),
        ("tvmgen_default_fused_nn_conv2d_add", "", "nn_conv2d_add"),
        ("fused_nn_dense", "", "nn_dense"),
    ],
)  # fmt: skip
def test_an_operator_is_named_after_its_kernel(kernel: str, file: str, name: str) -> None:
    assert operator_name(kernel, file) == name


@pytest.mark.parametrize(
    ("function", "is_one"),
    [
        ("tflite::MicroInterpreter::Invoke()", True),
        ("tflite::MicroInterpreterGraph::InvokeSubgraph(int)", True),
        ("tflite::MicroGraph::InvokeSubgraph(int)", True),
        ("tvmgen_default___tvm_main__", True),
        ("TVMGraphExecutor_Run", True),
        ("Model::Invoke()", False),
    ],
)
def test_sequencers_are_known(function: str, is_one: bool) -> None:
    assert is_sequencer(function) is is_one


def test_kernels_behind_wrappers_are_operators_and_helpers_are_not() -> None:
    tree = CallTree(
        (
            CallPath(-1, "TVMGraphExecutor_Run", 10, 1),
            CallPath(0, "TVMFuncCall", 5, 1),
            CallPath(1, "tvmgen_default_fused_nn_conv2d", 700, 1),
            CallPath(0, "memcpy", 3, 1),
            CallPath(0, "TVMFuncCall", 5, 1),
            CallPath(4, "tvmgen_default_fused_nn_dense", 200, 1),
            CallPath(5, "memset", 30, 1),
        )
    )
    operators = [(each.index, each.name, each.cycles) for each in operators_of(tree)]
    assert operators == [(0, "nn_conv2d", 705), (1, "nn_dense", 235)]

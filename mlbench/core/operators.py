"""The operators of a model's graph, found in a tree of calls.

An interpreter or a generated program calls the kernel of each operator in the order of the graph: TensorFlow
Lite Micro by ``registration->invoke(context, node)`` (micro_interpreter_graph.cc, formerly
micro_interpreter.cc), TVM's executors (graph_executor.c, and the generated ``__tvm_main__``) by functions
whose names begin with ``fused_`` behind the module's name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from mlbench.core.call_tree import CallTree

_SEQUENCER = re.compile(
    r"tflite::MicroInterpreter::Invoke\(\)"
    r"|tflite::Micro(?:Interpreter)?Graph::InvokeSubgraph\(.*\)"
    r"|tvmgen_\w+___tvm_main__|TVMGraphExecutor_Run|tvm_runtime_run"
)
_KERNEL = re.compile(r".*\(TfLiteContext ?\*, TfLiteNode ?\*\)|(?:tvmgen_\w+?_)?fused_\w+")
_TFLITE = re.compile(
    r"(?:[\w./+-]+:(?!:))?(?P<scope>(?:[\w~<>]+::|\(anonymous namespace\)::)*)(?P<name>\w+)\("
)
_TVM = re.compile(r"(?:tvmgen_\w+?_)?fused_(?P<name>\w+)")
_PLAIN_SCOPES = {"tflite", "ops", "micro", "(anonymous namespace)", "builtin"}


@dataclass(frozen=True)
class OperatorCycles:
    """One operator of a graph: its place in the order of execution, its kernel, and what that took in all."""

    index: int
    name: str
    function: str
    cycles: int


def is_sequencer(function: str) -> bool:
    """Whether a function calls a graph's operators one after the other."""
    return _SEQUENCER.fullmatch(function) is not None


def operators_of(tree: CallTree) -> tuple[OperatorCycles, ...]:
    """The operators that ran, in their order; nothing where no known interpreter ran."""
    files = {name: file for name, file, _ in tree.sources}
    operators: list[OperatorCycles] = []
    for index, path in enumerate(tree.paths):
        if not is_sequencer(path.function):
            continue
        for child in tree.children(index):
            kernel = _kernel(tree, child)
            if kernel:
                name = operator_name(kernel, files.get(kernel, ""))
                cycles = tree.inclusive[child]
                operators.append(OperatorCycles(len(operators), name, kernel, cycles))
    return tuple(operators)


def _kernel(tree: CallTree, index: int) -> str:
    """The kernel that a call of a sequencer leads to, by wrappers or at once; empty: to none."""
    while True:
        function = tree.paths[index].function
        if _KERNEL.fullmatch(function):
            return function
        below = tree.children(index)
        if len(below) != 1:
            return ""
        index = below[0]


def operator_name(kernel: str, file: str) -> str:
    """An operator's name as models have it, from its kernel's: ``ConvEval``, ``Eval`` of ``softmax.cc``."""
    tvm = _TVM.fullmatch(kernel)
    if tvm is not None:
        return tvm["name"]
    match = _TFLITE.match(kernel)
    if match is None:
        return kernel
    name = re.sub(r"Eval.*$|Invoke$", "", match["name"])
    if not name:
        scopes = [scope for scope in match["scope"].split("::") if scope and scope not in _PLAIN_SCOPES]
        prefix = kernel.partition(":")[0] if "." in kernel.partition(":")[0] else ""
        name = scopes[-1] if scopes else PurePosixPath(file or prefix).stem or match["name"]
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper()

"""Graph texts that are not as graph_executor.h says are refused, and leave nothing behind."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from host_models import COMPILER_FLAGS, LIBRARIES

GOOD = """\
graph 3 2 2
slot 16
slot 4
tensor 2 2 4 0 0
tensor 1 1 4 0 1
tensor 1 1 4 -128 0
node average 0 1
node softmax 1 2 0
"""


@pytest.fixture(scope="module")
def reader(host_compiler, host_library, tmp_path_factory):
    """Whether a text makes an executor that is ready."""
    program = tmp_path_factory.mktemp("graph") / "graph"
    subprocess.run(
        [
            host_compiler, *COMPILER_FLAGS, f"-I{LIBRARIES / 'TinyKernels' / 'src'}",
            Path(__file__).with_name("host_graph.cpp"), *host_library("TinyKernels"), "-o", program,
        ],
        check=True,
    )  # fmt: skip

    def ready(text: str) -> bool:
        done = subprocess.run(
            [program], input=text, stdout=subprocess.PIPE, text=True, check=True, timeout=60
        )
        return done.stdout == "ready\n"

    return ready


def test_a_good_text_is_taken(reader):
    assert reader(GOOD)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("graph", "grape"),
        ("graph 3", "graph 1"),
        ("graph 3 2 2", "graph -3 2 2"),
        ("slot 16", "slot 15"),
        ("slot 16", "slot 99999999999"),
        ("tensor 2 2 4 0 0", "tensor 2 2 4 0 2"),
        ("tensor 2 2 4 0 0", "tensor 2 x 4 0 0"),
        ("tensor 2 2 4 0 0", "tensor 200 2 4 0 0"),
        ("average", "averages"),
        ("average 0 1", "average 0 3"),
        ("softmax 1 2 0", "softmax 1 2"),
        ("node average", "average"),
        ("node softmax 1 2 0", "node dense 1 2 1 1 1 1 0 0 -129 127 0"),
    ],
)
def test_a_bad_text_is_refused(reader, old, new):
    assert old in GOOD
    assert not reader(GOOD.replace(old, new, 1))


def test_a_text_that_ends_early_is_refused(reader):
    words = GOOD.split()
    for count in range(0, len(words), 4):
        assert not reader(" ".join(words[:count]) + "\n"), count

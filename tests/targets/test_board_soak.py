"""Many probes, one after the other: neither memory nor open files grow."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from board_sketches import Sketch
from in_process import Directly, NoLock
from virtual_boards import VirtualBoard

from mlbench.boards import board_for
from mlbench.core.execution import Outcome, Probe
from mlbench.targets.board.target import BoardTarget

COUNT = int(os.environ.get("MLBENCH_SOAK", "30"))
"""``make soak`` asks for 500."""
_WARM = 10
_MOST_GROWN_KIB = 8 * 1024


def resident_kib() -> int:
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.slow
def test_probes_leave_nothing_behind(static: Sketch) -> None:
    source = random.Random(2)
    board = VirtualBoard()
    uploads = Directly(board, print)
    target = BoardTarget(board_for(static.spec.board), lambda: (NoLock(), uploads), None, None, print)
    session = target.open(static.firmware, static.spec.functions)
    try:
        for number in range(COUNT):
            size = source.randrange(static.limit + 3000)
            result = session.run(Probe(alloc=size, inferences=2), 1e6)
            expected = Outcome.PASSED if size <= static.limit else Outcome.NO_MEMORY
            assert result.outcome is expected, (number, size, result)
            if number == _WARM:
                before = resident_kib(), open_files()
        assert uploads.count == 1
        assert open_files() <= before[1] + 2
        assert resident_kib() - before[0] < _MOST_GROWN_KIB, (before[0], resident_kib())
    finally:
        session.close()
        board.close()

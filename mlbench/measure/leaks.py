"""Memory that an inference takes and does not give back."""

from __future__ import annotations

from mlbench.core.execution import RunResult
from mlbench.results.values import Absent, UnusedRam

_LEAST_INFERENCES = 3
"""The first one may keep what later ones use again; a leak is what each further one adds."""
_HEADER = 8
"""Bytes that newlib adds to a block at least."""


def leaks(run: RunResult, unused: UnusedRam | Absent) -> tuple[str, ...]:
    """A note, where each inference after the first leaves the same number of bytes allocated.

    Args:
        run: a run whose heap calls were followed.
        unused: what was found to be unused beside its inferences.
    """
    heap = run.heap
    if heap is None or not heap.complete or len(heap.live) < _LEAST_INFERENCES:
        return ()
    growths = {after - before for before, after in zip(heap.live[1:], heap.live[2:], strict=False)}
    first = heap.live[1] - heap.live[0]
    if growths != {first} or first <= 0:
        return ()
    what = f"each inference leaks {first:,} bytes of heap"
    if isinstance(unused, UnusedRam) and not unused.observed:
        count = len(heap.live) + unused.bytes // (first + _HEADER)
        return (f"{what}: after about {count:,} inferences none is left",)
    return (what,)

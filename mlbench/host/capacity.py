"""How much this process may do at a time: its cores and its memory, within the limits of a container."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

JOB_BYTES = 400 << 20
"""Memory of one job: an emulated board with its snapshots, or a compiler of C++."""

_CGROUP = Path("/sys/fs/cgroup")
_MEMORY = Path("/proc/meminfo")


def job_limit(count: int = 0, *, cgroup: Path = _CGROUP, memory: Path = _MEMORY) -> int:
    """How many jobs to run at a time: ``count``, or one more than cores, memory allowing; 1 at least.

    Sketch compilers wait a fifth of their time, and one job more fills that. On one core there is one job.
    Cores are those that the scheduler gives this process (``taskset``), and the quota of its control
    group. Memory is what is free now, or left of the group's limit.
    """
    if count:
        return count
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    cores = min(cores, _quota(cgroup))
    return max(1, min(cores + 1 if cores > 1 else 1, _free(cgroup, memory) // JOB_BYTES))


def _quota(cgroup: Path) -> int:
    """Cores that ``cpu.max`` allows: microseconds of a period (Linux, cgroup-v2, "CPU")."""
    with suppress(OSError, ValueError, ZeroDivisionError):
        quota, period = (cgroup / "cpu.max").read_text().split()
        return max(1, round(int(quota) / int(period)))
    return 1 << 16


def _free(cgroup: Path, memory: Path) -> int:
    free = 1 << 60
    with suppress(OSError, ValueError, StopIteration):
        lines = (line.split() for line in memory.read_text().splitlines())
        free = next(int(words[1]) << 10 for words in lines if words[0] == "MemAvailable:")
    with suppress(OSError, ValueError):
        limit = int((cgroup / "memory.max").read_text())
        free = min(free, limit - int((cgroup / "memory.current").read_text()))
    return free

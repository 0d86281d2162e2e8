"""How many jobs run at a time, by what the machine and a container give."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mlbench.host.capacity import JOB_BYTES, job_limit

MANY = 1 << 20


@pytest.fixture
def limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of 16 cores with memory for many jobs; the control group's files are still to be written."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(16)), raising=False)
    free(tmp_path, MANY)
    return tmp_path


def free(folder: Path, jobs: int) -> None:
    (folder / "meminfo").write_text(f"MemTotal: 1 kB\nMemAvailable:   {jobs * JOB_BYTES >> 10} kB\n")


def limit(folder: Path, count: int = 0) -> int:
    return job_limit(count, cgroup=folder, memory=folder / "meminfo")


def test_one_more_than_cores(limits: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert limit(limits) == 17
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {5})
    assert limit(limits) == 1


@pytest.mark.parametrize(("text", "jobs"), [("200000 100000", 3), ("50000 100000", 1), ("max 100000", 17)])
def test_the_quota_of_a_container_counts(limits: Path, text: str, jobs: int) -> None:
    (limits / "cpu.max").write_text(f"{text}\n")
    assert limit(limits) == jobs


@pytest.mark.parametrize(("jobs", "expected"), [(3, 3), (0, 1)])
def test_memory_counts(limits: Path, jobs: int, expected: int) -> None:
    free(limits, jobs)
    assert limit(limits) == expected


def test_the_memory_left_to_a_container_counts(limits: Path) -> None:
    (limits / "memory.max").write_text(f"{10 * JOB_BYTES}\n")
    (limits / "memory.current").write_text(f"{6 * JOB_BYTES}\n")
    assert limit(limits) == 4
    (limits / "memory.max").write_text("max\n")
    assert limit(limits) == 17


def test_what_is_asked_for_counts_alone(limits: Path) -> None:
    free(limits, 0)
    assert limit(limits, 40) == 40

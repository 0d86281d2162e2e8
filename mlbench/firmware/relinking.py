"""The linker's command, run once more for the same objects.

A sketch compiler would look at each of its files again, run its hooks and make files for uploads: what a
second link needs is the linker.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from mlbench.firmware import gcc_text
from mlbench.firmware.compiler import CompileReport, Job
from mlbench.util.subprocesses import run


def link_command(text: str, elf: Path) -> tuple[str, ...]:
    """The command line, in what a verbose sketch compiler printed, that writes an ELF file; empty without."""
    for line in text.splitlines():
        if str(elf) not in line or line.startswith("==="):
            continue
        try:
            words = shlex.split(line)
        except ValueError:
            continue
        if ("-o", str(elf)) in pairwise(words):
            return tuple(words)
    return ()


def linked_again(job: Job, report: CompileReport, cwd: Path, environment: Mapping[str, str]) -> CompileReport:
    """What the link of a report gives now, run where its sketch compiler runs it. Raises as ``run``."""
    elf = report.build_path / f"{job.sketch.name}.ino.elf"
    elf.unlink(missing_ok=True)
    done = run(report.link, cwd=cwd, environment=environment, seconds=job.seconds)
    linked = done.status == 0 and elf.exists()
    return replace(
        report,
        success=linked,
        elf=elf if linked else None,
        output=done.stderr,
        error="",
        diagnostics=gcc_text.parse(done.stderr, failed=not linked),
        seconds=done.seconds,
        only_linked=True,
    )

"""Gives mutated files to mlbench, one after the other, in a process that may be lost by it.

Run as a program: ``survivor.py elf FOLDER SEED NUMBER...``, with the base images in the folder, or
``survivor.py yml FOLDER SEED NUMBER...``. It prints a line of JSON before each number and one behind it:
what went wrong, if anything did, and what mlbench answered.
"""

from __future__ import annotations

import contextlib
import faulthandler
import io
import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

from base_images import BASES
from elf_mutations import Base, mutant
from hostile_elf import peak_kib, questions
from yml_mutations import ask_suite, text_of

from mlbench.cli.main import main as mlbench
from mlbench.results.result_file import read

MOST_MIB = 256
MOST_CPU_SECONDS = 20.0
"""Of one file; what is right takes some tens of milliseconds."""
_HANGS_SECONDS = 300.0
_LONGEST_LINE = 2_000
_MODES = (("--ram", "--max", "50000"), (), (), ("no names",), (), (), (), ("no names",))
"""Options that go round with the numbers; four base images see each of them."""


@contextlib.contextmanager
def bounded(problems: list[str]) -> Iterator[None]:
    """Within the context nothing is raised, and neither time nor memory goes beyond its bound."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")  # the peak is that of now (proc_pid_clear_refs(5))
    before, begin = peak_kib(), time.process_time()
    faulthandler.dump_traceback_later(_HANGS_SECONDS, exit=True)
    try:
        yield
    except Exception:
        problems.append(traceback.format_exc())
    faulthandler.cancel_dump_traceback_later()
    seconds, mib = time.process_time() - begin, (peak_kib() - before) / 1024
    if seconds > MOST_CPU_SECONDS:
        problems.append(f"took {seconds:.0f} s of CPU time")
    if mib > MOST_MIB:
        problems.append(f"took {mib:.0f} MiB")


def elf(folder: Path, seed: str, number: int) -> tuple[list[str], str]:
    """Give one mutated image to all readers and to ``mlbench elf``; what went wrong, and the answer."""
    bases = _bases(folder)
    mutated = mutant(bases, seed, number)
    path, written = folder / f"mutant-{os.getpid()}.elf", folder / f"mutant-{os.getpid()}.json"
    path.write_bytes(mutated.data)
    written.unlink(missing_ok=True)
    init, inference = list(BASES.values())[mutated.base][1]
    mode = _MODES[number // len(bases) % len(_MODES)]
    options = ["--inferences", "1", "--timeout", "20 ms", "--json", str(written)]
    if mode != ("no names",):
        options += ["--init", init, "--inference", inference, *mode]
    problems: list[str] = []
    told = io.StringIO()
    status = -1
    with bounded(problems):
        questions(mutated.data, functions=12)
        with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
            status = mlbench(["elf", str(path), *options, "--debug"])
        if written.exists():
            read(written)
    text = told.getvalue()
    if status not in (0, 2, 3):
        problems.append(f"exit status {status}")
    if "internal error" in text:
        problems.append("an internal error")
    if any(len(line) > _LONGEST_LINE for line in text.splitlines()):
        problems.append("a line of more than 2,000 characters")
    if problems:
        problems.append("; ".join(mutated.steps))
    return problems, text


def yml(folder: Path, seed: str, number: int) -> tuple[list[str], str]:
    """Read one mutated text as a suite; what went wrong, and the answer."""
    problems: list[str] = []
    answer = ""
    text = text_of(seed, number)
    with bounded(problems):
        answer = ask_suite(text, folder / f"suite-{os.getpid()}")
    if "\n" in answer:
        problems.append("an answer of several lines")
    if len(answer) > _LONGEST_LINE:
        problems.append("an answer of more than 2,000 characters")
    if problems:
        problems.append(repr(text[:2000]))
    return problems, answer


_BASES: list[Base] = []


def _bases(folder: Path) -> list[Base]:
    if not _BASES:
        _BASES.extend(Base((folder / f"{number}.elf").read_bytes()) for number in range(len(BASES)))
    return _BASES


KINDS: dict[str, Callable[[Path, str, int], tuple[list[str], str]]] = {"elf": elf, "yml": yml}


def main() -> None:
    kind, folder, seed, *numbers = sys.argv[1:]
    faulthandler.enable()
    out = sys.stdout
    for number in map(int, numbers):
        print(json.dumps({"number": number}), file=out, flush=True)
        problems, answer = KINDS[kind](Path(folder), seed, number)
        print(json.dumps({"number": number, "problems": problems, "answer": answer}), file=out, flush=True)


if __name__ == "__main__":
    main()

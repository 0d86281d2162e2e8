"""What becomes of other people's sketches: ``python -m mlbench.devtools.corpus FOLDER``.

Each folder in FOLDER is a project, as a rule a clone. In a copy of it `init` and `run` do what they do for
whoever tries them, a sketch at a time. Libraries of the sketchbook are used where sketches name them, as
elsewhere. Prints a row for each sketch and the counts.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from fnmatch import fnmatch
from pathlib import Path

from mlbench.errors import MLBenchError
from mlbench.results import result_file
from mlbench.results.values import Absent, Flash, Result, Time, UnusedRam
from mlbench.suite.discovery import find_suite
from mlbench.suite.suite_file import load_suite
from mlbench.util.subprocesses import Finished, run
from mlbench.util.text import printable

_ENTRY = Path(__file__).parents[2] / "entrypoint.py"
_KEPT = re.compile(r"(MLBENCH|ARDUINO)_\w+|PATH|HOME|LANG|TMPDIR|\w+_proxy|\w+_PROXY|SSL_CERT_\w+|PIP_\w+")
_ANOTHER = re.compile(r"another (?:chip|board)")
"""What failures say of sketches that are not meant for the board."""
_MOST_SHOWN = 160


@dataclass(frozen=True)
class SketchRow:
    """What became of a sketch, or of a project without one."""

    project: str
    sketch: str = ""
    built: bool = False
    inference_us: float | None = None
    unused_ram: int | None = None
    names: str = ""
    """The function that was timed."""
    proposed: bool = False
    """Whether nobody named it."""
    seconds: float = 0.0
    reason: str = ""
    """Why something is missing."""

    @property
    def outcome(self) -> str:
        """One word for it."""
        if not self.built:
            return "elsewhere" if _ANOTHER.search(self.reason) else "failed"
        return "built" if self.inference_us is None or self.unused_ram is None else "measured"


def main() -> int:
    """Print the table; the exit status is 0 however many sketches fail."""
    parser = argparse.ArgumentParser(
        prog="python -m mlbench.devtools.corpus", description=__doc__.splitlines()[0]
    )
    parser.add_argument("folder", type=Path, help="the folder of the projects")
    parser.add_argument("--only", action="append", default=[], metavar="PROJECT", help="a name or pattern")
    parser.add_argument(
        "--seconds", type=float, default=300.0, help="of host time for a sketch; default: 300"
    )
    parser.add_argument("--rows", type=Path, help="a file of JSON lines: what it has is not tried again")
    options = parser.parse_args()
    if not options.folder.is_dir():
        print(f"{options.folder}: no such folder; name one with clones: MLBENCH_CORPUS=FOLDER make corpus")
        return 2
    rows = _kept(options.rows)
    done = {row.project for row in rows}
    with tempfile.TemporaryDirectory(prefix="mlbench-corpus-") as work:
        for project in sorted(path for path in options.folder.iterdir() if path.is_dir()):
            is_chosen = not options.only or any(fnmatch(project.name, pattern) for pattern in options.only)
            if not is_chosen or project.name in done or project.name.startswith("."):
                continue
            of_project = []
            for row in _project(project, Path(work) / project.name, options.seconds):
                print(f"{row.project} {row.sketch}: {row.outcome} in {row.seconds:.0f} s", file=sys.stderr)
                of_project.append(row)
            rows += of_project
            if options.rows:
                with options.rows.open("a", encoding="utf-8") as file:
                    file.writelines(f"{json.dumps(asdict(row))}\n" for row in of_project)
            shutil.rmtree(Path(work) / project.name, ignore_errors=True)
    sys.stdout.writelines(f"{line}\n" for line in table(rows))
    return 0


def _kept(file: Path | None) -> list[SketchRow]:
    if file is None or not file.is_file():
        return []
    return [SketchRow(**json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines()]


def _project(project: Path, copy: Path, seconds: float) -> Iterator[SketchRow]:
    """A row for each sketch that `init` finds in a copy of a project."""
    begin = time.monotonic()
    _copy(project, copy)
    try:
        done = _mlbench(["init"], copy, 4 * seconds)
        suite = find_suite(copy)
        if done.status or suite is None:
            raise MLBenchError(_last(done.stderr) or f"init ended with {done.status}")
        names = [spec.name for spec in load_suite(suite).sketches]
    except MLBenchError as error:
        yield SketchRow(project.name, seconds=time.monotonic() - begin, reason=str(error))
        return
    for line in done.stdout.splitlines():
        name, left_out, reason = line.partition(": left out: ")
        if left_out:
            yield SketchRow(project.name, name, reason=reason)
            names = [other for other in names if other != name]
    print(f"{project.name}: init found {len(names)} in {time.monotonic() - begin:.0f} s", file=sys.stderr)
    for name in dict.fromkeys(names):
        yield _sketch(project.name, name, copy, seconds)


def _copy(project: Path, copy: Path) -> None:
    """As it lies there; nothing is written into the project itself."""
    shutil.copytree(project, copy, symlinks=True, ignore=lambda _, names: {".git"} & set(names))
    if (project / ".git").exists():
        (copy / ".git").mkdir()  # so far the project goes; its history is not needed


def _sketch(project: str, name: str, copy: Path, seconds: float) -> SketchRow:
    begin = time.monotonic()
    file = copy / "corpus-result.json"
    file.unlink(missing_ok=True)
    try:
        done = _mlbench(["run", "--only", name, "--jobs", "1", "--json", str(file)], copy, seconds)
        result = next(iter(result_file.read(file).results), None) if file.is_file() else None
        if result is None:
            raise MLBenchError(_last(done.stderr) or f"run ended with {done.status}")
    except MLBenchError as error:
        return SketchRow(project, name, seconds=time.monotonic() - begin, reason=str(error))
    return row_of(project, result, time.monotonic() - begin)


def row_of(project: str, result: Result, seconds: float) -> SketchRow:
    """The row of a result."""
    measures = result.measures
    time_, ram = measures.inference_time, measures.unused_ram
    absent = next((value.reason for value in (time_, ram) if isinstance(value, Absent)), "")
    return SketchRow(
        project,
        result.sketch,
        isinstance(measures.flash, Flash),
        time_.median_us if isinstance(time_, Time) else None,
        ram.bytes if isinstance(ram, UnusedRam) else None,
        time_.proposed if isinstance(time_, Time) else "",
        isinstance(time_, Time) and bool(time_.proposed),
        seconds,
        result.failure.message if result.failure else absent,
    )


def _mlbench(arguments: Sequence[str], folder: Path, seconds: float) -> Finished:
    environment = {name: value for name, value in os.environ.items() if _KEPT.fullmatch(name)}
    return run(
        [sys.executable, str(_ENTRY), *arguments], cwd=folder, environment=environment, seconds=seconds
    )


def _last(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def table(rows: Sequence[SketchRow]) -> Iterator[str]:
    """The rows as Markdown, and what they count."""
    yield "| project | sketch | outcome | inference, ms | unused RAM, bytes | function | seconds | reason |"
    yield "|---|---|---|---|---|---|---|---|"
    for row in rows:
        inference = "" if row.inference_us is None else f"{row.inference_us / 1000:.3g}"
        cells = (
            row.project,
            row.sketch,
            row.outcome,
            inference,
            "" if row.unused_ram is None else f"{row.unused_ram:,}",
            f"{row.names[:_MOST_SHOWN]}{' (proposed)' if row.proposed else ''}",
            f"{row.seconds:.0f}",
            row.reason[:_MOST_SHOWN],
        )
        yield f"| {' | '.join(printable(cell).replace('|', '¦') for cell in cells)} |"
    sketches = [row for row in rows if row.sketch]
    counts = Counter(row.outcome for row in sketches)
    meant = len(sketches) - counts["elsewhere"]
    yield ""
    yield (
        f"{len(sketches)} sketches of {len({row.project for row in rows})} projects; "
        f"{meant} are not for another chip: {counts['built'] + counts['measured']} build, "
        f"{counts['measured']} give inference time and unused RAM, {counts['failed']} fail; "
        f"{sum(row.seconds for row in rows):,.0f} s"
    )


if __name__ == "__main__":
    sys.exit(main())

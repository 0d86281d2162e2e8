"""Sketches reports, as arduino/compile-sketches writes and arduino/report-size-deltas reads them.

Its README says what is in them: sizes in bytes and in per cent of the board's memory, for the base, for the
head, and their difference. It marks every increase red, so RAM is reported as used, never as unused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from mlbench.boards import board_for
from mlbench.core.measures import STATIC_RAM, MeasureKind, MemoryKind, rows
from mlbench.errors import UsageError
from mlbench.results.comparison import Comparison, JobChange
from mlbench.results.values import Absent, Measures, RamNeed, Result, Status
from mlbench.util.text import printable

NOT_KNOWN = "N/A"


@dataclass(frozen=True)
class _Size:
    """One size of a sketch: its name, the memory that bounds it, and what a result says of it."""

    name: str
    memory: MemoryKind | None
    of: Callable[[Measures], float | None]


def _known_sizes() -> Iterator[_Size]:
    """Measures of which less is better, but for times; static RAM by the name that compilers give it."""
    for measure in rows():
        if measure.more_is_better or measure.kind is MeasureKind.TIME:
            continue
        if measure.key == STATIC_RAM:
            yield _Size("RAM for global variables", MemoryKind.RAM, _static_ram)
        else:
            yield _Size(measure.name, measure.memory, partial(_amount, measure.key))


def _static_ram(measures: Measures) -> float | None:
    known = _amount(STATIC_RAM, measures)
    if known is None and isinstance(measures.ram_need, RamNeed):
        return measures.ram_need.static  # results of versions that had no measure of it
    return known


def _amount(key: str, measures: Measures) -> float | None:
    value = measures.of(key)
    return None if isinstance(value, Absent) else value.amount


def to_sketches_report(comparison: Comparison, *, commit_url: str = "") -> dict[str, str]:
    """The JSON of one file a board, by the file's name. Of several backends of a board the first counts."""
    by_board: dict[str, dict[str, JobChange]] = {}
    for job in comparison.jobs:
        if job.head is not None:
            by_board.setdefault(job.board, {}).setdefault(job.sketch, job)
    files: dict[str, str] = {}
    for board, jobs in by_board.items():
        data = {
            "commit_hash": comparison.head.commit,
            "commit_url": commit_url,
            "boards": [_board(board, list(jobs.values()), comparison.base is not None)],
        }
        files[_file(board, files)] = json.dumps(data, indent=2) + "\n"
    return files


def _file(board: str, taken: dict[str, str]) -> str:
    name = re.sub(r"[^A-Za-z0-9_.=,-]", "-", board).strip(".")[:120] or "board"
    number = 2
    unique = name
    while f"{unique}.json" in taken:
        unique, number = f"{name}-{number}", number + 1
    return f"{unique}.json"


def _board(board: str, jobs: Sequence[JobChange], held: bool) -> dict[str, Any]:
    sizes = list(_known_sizes())
    maxima = _maxima(board, sizes, [job.head for job in jobs if job.head is not None])
    sketches = [_sketch(job, sizes, maxima, held) for job in jobs]
    data: dict[str, Any] = {"board": printable(board), "sketches": sketches}
    if held:
        data["sizes"] = [_range(index, size.name, sketches, maxima) for index, size in enumerate(sizes)]
    return data


def _maxima(board: str, sizes: Sequence[_Size], results: Sequence[Result]) -> tuple[int | str, ...]:
    """The board's memory by its file, else what its platform allows."""
    flash = next((result.limits.flash for result in results if result.limits.flash is not None), None)
    ram = next((result.limits.ram for result in results if result.limits.ram is not None), None)
    with suppress(UsageError):
        known = board_for(board)
        flash, ram = (known.flash.size, known.ram.size) if known.listed else (flash, ram)
    of = {MemoryKind.FLASH: flash, MemoryKind.RAM: ram, None: None}
    return tuple(of[size.memory] or NOT_KNOWN for size in sizes)


def _sketch(
    job: JobChange, known: Sequence[_Size], maxima: Sequence[int | str], held: bool
) -> dict[str, Any]:
    assert job.head is not None
    sizes = []
    for one, maximum in zip(known, maxima, strict=True):
        base, head = _size(job.base, one), _size(job.head, one)
        size: dict[str, Any] = {"name": one.name, "maximum": maximum, "current": _part(head, maximum)}
        if held:
            moved = head - base if isinstance(head, int) and isinstance(base, int) else NOT_KNOWN
            size |= {"previous": _part(base, maximum), "delta": _part(moved, maximum)}
        sizes.append(size)
    built = job.head.status is not Status.FAILED or not isinstance(job.head.measures.flash, Absent)
    return {"name": printable(job.sketch), "compilation_success": built, "sizes": sizes}


def _size(result: Result | None, size: _Size) -> int | str:
    value = size.of(result.measures) if result is not None else None
    return NOT_KNOWN if value is None else round(value)


def _part(size: int | str, maximum: int | str) -> dict[str, int | float | str]:
    known = isinstance(size, int) and isinstance(maximum, int)
    relative = round(100 * int(size) / int(maximum), 2) if known else NOT_KNOWN
    return {"absolute": size, "relative": relative}


def _range(
    index: int, name: str, sketches: Sequence[dict[str, Any]], maxima: Sequence[int | str]
) -> dict[str, Any]:
    deltas = [sketch["sizes"][index]["delta"] for sketch in sketches]
    known = [delta for delta in deltas if delta["absolute"] != NOT_KNOWN]
    spread = {}
    for kind in ("absolute", "relative"):
        values = [delta[kind] for delta in known if delta[kind] != NOT_KNOWN]
        least, most = (min(values), max(values)) if values else (NOT_KNOWN, NOT_KNOWN)
        spread[kind] = {"minimum": least, "maximum": most}
    return {"name": name, "maximum": maxima[index], "delta": spread}

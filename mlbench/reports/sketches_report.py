"""Sketches reports, as arduino/compile-sketches writes and arduino/report-size-deltas reads them.

Its README says what is in them: sizes in bytes and in per cent of the board's memory, for the base, for the
head, and their difference. It marks every increase red, so RAM is reported as used, never as unused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from mlbench.boards import board_for
from mlbench.errors import UsageError
from mlbench.results.comparison import Comparison, JobChange
from mlbench.results.values import Absent, RamNeed, Result, Status
from mlbench.util.text import printable

NOT_KNOWN = "N/A"
_SIZES = ("flash", "RAM for global variables", "RAM need")


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
    maxima = _maxima(board)
    sketches = [_sketch(job, maxima, held) for job in jobs]
    data: dict[str, Any] = {"board": printable(board), "sketches": sketches}
    if held:
        data["sizes"] = [_range(index, sketches, maxima) for index in range(len(_SIZES))]
    return data


def _maxima(board: str) -> tuple[int | str, ...]:
    try:
        known = board_for(board)
    except UsageError:
        return (NOT_KNOWN,) * len(_SIZES)
    return known.flash.size, known.ram.size, known.ram.size


def _sketch(job: JobChange, maxima: Sequence[int | str], held: bool) -> dict[str, Any]:
    assert job.head is not None
    after = _sizes(job.head)
    before = _sizes(job.base) if job.base is not None else (NOT_KNOWN,) * len(_SIZES)
    sizes = []
    for name, maximum, base, head in zip(_SIZES, maxima, before, after, strict=True):
        size: dict[str, Any] = {"name": name, "maximum": maximum, "current": _part(head, maximum)}
        if held:
            moved = head - base if isinstance(head, int) and isinstance(base, int) else NOT_KNOWN
            size |= {"previous": _part(base, maximum), "delta": _part(moved, maximum)}
        sizes.append(size)
    built = job.head.status is not Status.FAILED or not isinstance(job.head.measures.flash, Absent)
    return {"name": printable(job.sketch), "compilation_success": built, "sizes": sizes}


def _sizes(result: Result) -> tuple[int | str, ...]:
    flash, need = result.measures.flash, result.measures.ram_need
    ram = (need.static, need.bytes) if isinstance(need, RamNeed) else (NOT_KNOWN, NOT_KNOWN)
    return (NOT_KNOWN if isinstance(flash, Absent) else flash.bytes, *ram)


def _part(size: int | str, maximum: int | str) -> dict[str, int | float | str]:
    known = isinstance(size, int) and isinstance(maximum, int)
    relative = round(100 * int(size) / int(maximum), 2) if known else NOT_KNOWN
    return {"absolute": size, "relative": relative}


def _range(index: int, sketches: Sequence[dict[str, Any]], maxima: Sequence[int | str]) -> dict[str, Any]:
    deltas = [sketch["sizes"][index]["delta"] for sketch in sketches]
    known = [delta for delta in deltas if delta["absolute"] != NOT_KNOWN]
    spread = {}
    for kind in ("absolute", "relative"):
        values = [delta[kind] for delta in known if delta[kind] != NOT_KNOWN]
        least, most = (min(values), max(values)) if values else (NOT_KNOWN, NOT_KNOWN)
        spread[kind] = {"minimum": least, "maximum": most}
    return {"name": _SIZES[index], "maximum": maxima[index], "delta": spread}

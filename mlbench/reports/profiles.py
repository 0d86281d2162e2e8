"""Where times went, in the formats of tools that show profiles.

Speedscope (https://www.speedscope.app/file-format-schema.json), collapsed stacks as of Brendan Gregg's
stackcollapse (a line a path: functions with semicolons between them, a blank, cycles), and callgrind
(Valgrind's manual, "Callgrind Format Specification"), which KCachegrind opens.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mlbench.core import measures
from mlbench.core.call_tree import CallTree
from mlbench.results.comparison import Comparison
from mlbench.results.values import Result, Time
from mlbench.util.text import printable

_SCHEMA = "https://www.speedscope.app/file-format-schema.json"


@dataclass(frozen=True)
class NamedTree:
    """Where one time of one sketch went."""

    result: Result
    measure: str
    tree: CallTree

    @property
    def title(self) -> str:
        """For people: sketch and time, with its board and backend."""
        result = self.result
        name = measures.row(self.measure).name
        return printable(f"{result.sketch}: {name} on {result.board} ({result.backend})")


def trees_of(comparison: Comparison) -> Iterator[NamedTree]:
    """All that is known of the head."""
    for job in comparison.jobs:
        if job.head is None:
            continue
        for measure, value in job.head.measures.items():
            if isinstance(value, Time) and value.calls is not None and value.calls.paths:
                yield NamedTree(job.head, measure.key, value.calls)


def to_speedscope(comparison: Comparison) -> str:
    """One file with a profile for each time."""
    frames: dict[tuple[str, str, int], int] = {}
    profiles = [_speedscope_profile(each, frames) for each in trees_of(comparison)]
    shared = [{"name": name, **({"file": file, "line": line} if file else {})} for name, file, line in frames]
    data = {"$schema": _SCHEMA, "exporter": "mlbench", "shared": {"frames": shared}, "profiles": profiles}
    return json.dumps(data) + "\n"


def _speedscope_profile(named: NamedTree, frames: dict[tuple[str, str, int], int]) -> dict[str, Any]:
    tree = named.tree
    sources = {name: (file, line) for name, file, line in tree.sources}
    samples, weights = [], []
    for index, path in enumerate(tree.paths):
        if path.cycles:
            stack = ((printable(name), *sources.get(name, ("", 0))) for name in tree.stack(index))
            samples.append([frames.setdefault(frame, len(frames)) for frame in stack])
            weights.append(path.cycles)
    return {
        "type": "sampled",
        "name": named.title,
        "unit": "none",
        "startValue": 0,
        "endValue": tree.total,
        "samples": samples,
        "weights": weights,
    }


def to_collapsed(comparison: Comparison) -> dict[str, str]:
    """A file for each time, by its name."""
    return _files(comparison, "folded", _collapsed)


def _collapsed(named: NamedTree) -> str:
    tree = named.tree
    lines = (
        f"{';'.join(_frame(name) for name in tree.stack(index))} {path.cycles}\n"
        for index, path in enumerate(tree.paths)
        if path.cycles
    )
    return "".join(lines)


def _frame(name: str) -> str:
    return printable(name).replace(";", ",")


def to_callgrind(comparison: Comparison) -> dict[str, str]:
    """A file for each time, by its name."""
    return _files(comparison, "callgrind", _callgrind)


def _callgrind(named: NamedTree) -> str:
    tree = named.tree
    sources = {name: (file, line) for name, file, line in tree.sources}
    edges: dict[str, dict[str, list[int]]] = {}
    for index, path in enumerate(tree.paths):
        edges.setdefault(path.function, {})
        if path.parent >= 0:
            callees = edges.setdefault(tree.paths[path.parent].function, {})
            cost = callees.setdefault(path.function, [0, 0])
            cost[0] += path.calls
            cost[1] += tree.inclusive[index]
    numbers = {name: number for number, name in enumerate(edges, 1)}
    files = {file: number for number, file in enumerate(dict.fromkeys(f for f, _ in sources.values()), 1)}
    own = {function.name: function.cycles for function in tree.functions}
    lines = [
        "# callgrind format",
        "version: 1",
        "creator: mlbench",
        f"cmd: {named.title}",
        "part: 1",
        "positions: line",
        "event: Cycles : cycles of the board's CPU",
        "events: Cycles",
        f"summary: {tree.total}",
        "",
        *(f"fl=({number}) {printable(file)}" for file, number in files.items()),
    ]
    for name, callees in edges.items():
        file, line = sources.get(name, ("", 0))
        lines += [f"fl=({files[file]})" if file else "fl=???", f"fn=({numbers[name]}) {printable(name)}"]
        lines.append(f"{line} {own[name]}")
        for callee, (calls, inclusive) in callees.items():
            other, begins = sources.get(callee, ("", 0))
            lines += [f"cfi=({files[other]})" if other else "cfi=???"]
            lines += [f"cfn=({numbers[callee]}) {printable(callee)}"]
            lines += [f"calls={max(1, calls)} {begins}", f"{line} {inclusive}"]
        lines.append("")
    return "\n".join([*lines, f"totals: {tree.total}", ""])


def _files(comparison: Comparison, ending: str, write: Any) -> dict[str, str]:
    files: dict[str, str] = {}
    for named in trees_of(comparison):
        result, time = named.result, named.measure.removesuffix("_time")
        plain = re.sub(r"[^A-Za-z0-9_.=-]", "-", f"{result.sketch}.{result.board}.{result.backend}.{time}")
        name = plain.strip(".")[:150] or time
        number, unique = 2, name
        while f"{unique}.{ending}" in files:
            unique, number = f"{name}-{number}", number + 1
        files[f"{unique}.{ending}"] = write(named)
    return files

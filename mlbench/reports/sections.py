"""The parts of the pull-request comment and of the job summary, as Markdown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from mlbench.reports.blocks import Block
from mlbench.reports.digest import Changed, Digest
from mlbench.reports.escaping import code, elide, fence, prose
from mlbench.reports.text import count
from mlbench.reports.wording import (
    NAMES,
    TITLES,
    change,
    figure,
    icon,
    plural,
    raw_change,
    signed,
    sketches,
    unit,
    verdict,
)
from mlbench.results.change import Delta, JobChange, KeyChange, Verdict
from mlbench.results.values import Failure

_CHAIN = 12
_DIAGNOSTICS = 8
_LINE = 300
_JOBS_NAMED = 3
_SYMBOLS_NAMED = 2

Cut = Callable[[int], str]


class Sections:
    """Builds the blocks of one report.

    Args:
        found: what to show.
        elsewhere: where the rest of what is cut can be read, for people.
        symbols: how many functions and objects are shown of a sketch.
        folded: whether what did not change is folded.
    """

    def __init__(self, found: Digest, elsewhere: str, symbols: int, *, folded: bool = True) -> None:
        self.found = found
        self.elsewhere = elsewhere
        self.symbols = symbols
        self.folded = folded
        places = {(job.board, job.backend) for job in found.jobs}
        self._one_place = len(places) == 1

    def place(self) -> str:
        """Where everything was measured, if that is one place."""
        if not self._one_place:
            return ""
        job = self.found.jobs[0]
        return f"{code(job.board)}, {prose(job.backend)}"

    def name(self, job: JobChange) -> str:
        """A job's name; with board and backend where there are several."""
        if self._one_place:
            return code(job.sketch)
        return f"{code(job.sketch)} on {code(job.board)}, {prose(job.backend)}"

    def listed(self, title: str, items: Sequence[str], *, opened: bool = True) -> Block:
        """A list under a line of our own; its beginning where not all of it fits."""
        rows = tuple(f"- {item}" for item in items)
        return Block(f"{title}{self.elsewhere}.", f"{title}:\n" if opened else "", rows, cut=self.cut)

    def broken(self) -> Iterable[Block]:
        """Sketches that worked at the base."""
        yield from self._failures("no longer works", self.found.broken, "❌ ")

    def failed(self) -> Iterable[Block]:
        """Sketches that fail, and did so before."""
        base = self.found.comparison.base is not None
        yield from self._failures("failed before and after" if base else "failed", self.found.failed, "⚠️ ")

    def failure_details(self) -> Iterable[Block]:
        """Calls and compiler messages of what failed."""
        rows = []
        for job in (*self.found.broken, *self.found.failed):
            told = _detail(job.head.failure) if job.head and job.head.failure else ""
            if told:
                rows.append(f"{self.name(job)}\n\n{told}\n")
        if rows:
            yield self.fold("How it failed", "", rows)

    def worse(self) -> Iterable[Block]:
        """Every sketch of which something got worse, with all that moved in it."""
        yield from self._changes("Worse", self.found.worse)

    def better(self) -> Iterable[Block]:
        """Sketches of which something got better and nothing worse."""
        yield from self._changes("Better", self.found.better)

    def noise(self) -> Iterable[Block]:
        """What moved and says nothing."""
        found = self.found.noise
        if found:
            number = plural(sum(len(one.deltas) for one in found), "measure")
            title = f"Noise: {number} moved by the placement of code or inside of the spread alone"
            yield self.fold(title, *self._change_rows(found))

    def apart(self) -> Iterable[Block]:
        """Figures that cannot be subtracted."""
        found = self.found.apart
        if found:
            head, rows = self._change_rows(found)
            stub = f"Side by side, not subtracted: {sketches(len(found))}, left out here{self.elsewhere}."
            yield Block(stub, f"#### Side by side, not subtracted\n\n{head}", rows, cut=self.cut)

    def figures(self) -> Iterable[Block]:
        """Figures of new and mended sketches; of all, where there is no baseline."""
        for title, jobs in (
            ("New", self.found.new),
            ("Fixed: failed at the base", self.found.fixed),
            ("Measured", self.found.measured),
        ):
            if jobs:
                stub = f"{title}: {sketches(len(jobs))}, left out here{self.elsewhere}."
                head, rows = self.figure_rows(jobs)
                yield Block(stub, f"#### {title}\n\n{head}", rows, cut=self.cut)

    def unchanged(self) -> Iterable[Block]:
        """Sketches that did not move."""
        jobs = self.found.unchanged
        if jobs:
            head, rows = self.figure_rows(jobs)
            yield self.fold(f"Unchanged: {sketches(len(jobs))}", head, rows)

    def gone(self) -> Iterable[Block]:
        """Sketches that are only at the base, and those that were not measured."""
        removed = tuple(f"- {self.name(job)}" for job in self.found.removed)
        if removed:
            yield Block(f"Removed: {sketches(len(removed))}.", "#### Removed\n", removed, cut=self.cut)
        skipped = tuple(self._skipped(job) for job in self.found.skipped)
        if skipped:
            yield self.fold(f"Not measured: {sketches(len(skipped))}", "", skipped)

    def symbol_changes(self) -> Iterable[Block]:
        """Which functions and objects made flash grow or shrink."""
        jobs = [job for job in self.found.jobs if job.symbols]
        rows = [row for job in jobs for row in self._symbols(job)]
        if rows:
            head = table(("Sketch", "Function or object", "Base", "Head", "Change"), "llrrr")
            yield self.fold("Where flash changed, in bytes", head, rows, f": {_largest(jobs)}")

    def keys(self) -> Iterable[Block]:
        """What the two sides were built and measured with, where that differs."""
        rows = [
            *_key_rows(
                "Measured with another", ((job, job.instrument_changes) for job in self.found.jobs), self
            ),
            *_key_rows("Built with another", ((job, job.build_changes) for job in self.found.jobs), self),
        ]
        if rows:
            stub = f"Builds or instruments differ in {plural(len(rows), 'way')}{self.elsewhere}."
            yield Block(stub, rows=tuple(rows), cut=self.cut)

    def _changes(self, title: str, found: Sequence[Changed]) -> Iterable[Block]:
        if found:
            head, rows = self._change_rows(found)
            stub = f"{title}: {sketches(len(found))}, left out here{self.elsewhere}."
            yield Block(stub, f"#### {title}\n\n{head}", rows, cut=self.cut)

    def _change_rows(self, found: Sequence[Changed]) -> tuple[str, tuple[str, ...]]:
        head = table(("Sketch", "Measure", "Base", "Head", "Change", "Verdict"), "llrrrl")
        rows = []
        for one in found:
            name = self.name(one.job)
            for delta in one.deltas:
                said = f"{icon(delta)} {verdict(delta)}"
                if delta.verdict is Verdict.NOT_COMPARED:
                    said = prose(delta.note) if delta.note else said
                elif _note(delta):
                    said += f"<br>{prose(_note(delta))}"
                raw = raw_change(delta)
                moved = change(delta) + (f"<br><sub>with placement {raw}</sub>" if raw else "")
                cells = (
                    name,
                    f"{NAMES[delta.measure]}, {unit(delta.measure)}",
                    figure(delta.measure, delta.base),
                    figure(delta.measure, delta.head),
                    f"**{moved}**" if delta.verdict is Verdict.FAIL and moved and not raw else moved,
                    said,
                )
                rows.append(f"| {' | '.join(cells)} |")
                name = ""  # the rows of one sketch stand together
        return head, tuple(rows)

    def figure_rows(self, jobs: Sequence[JobChange]) -> tuple[str, tuple[str, ...]]:
        """A table of the head's figures, a row a sketch."""
        titles = (f"{TITLES[measure]}, {unit(measure)}" for measure in NAMES)
        head = table(("Sketch", *titles), "lrrrrr")
        rows = []
        for job in jobs:
            cells = (self.name(job), *(figure(delta.measure, delta.head) for delta in job.deltas))
            rows.append(f"| {' | '.join(cells)} |")
        return head, tuple(rows)

    def _symbols(self, job: JobChange) -> Iterable[str]:
        flash = next(delta for delta in job.deltas if delta.measure == "flash")
        shown = job.symbols[: self.symbols]
        name = self.name(job)
        for symbol in shown:
            base, head = (count(value) if value else "-" for value in (symbol.base, symbol.head))
            moved = signed("flash", symbol.head - symbol.base)
            yield f"| {name} | {code(symbol.name)} | {base} | {head} | {moved} |"
            name = ""
        if flash.change is not None:
            rest = flash.change - sum(symbol.head - symbol.base for symbol in shown)
            if rest:
                yield f"| | all others, and padding | | | {signed('flash', rest)} |"

    def _skipped(self, job: JobChange) -> str:
        reasons = dict.fromkeys(
            delta.head.absent for delta in job.deltas if delta.head is not None and delta.head.absent
        )
        said = f": {prose('; '.join(reasons))}" if reasons else ""
        return f"- {self.name(job)}{said}"

    def _failures(self, what: str, jobs: Sequence[JobChange], icon: str) -> Iterable[Block]:
        rows = []
        for job in jobs:
            failure = job.head.failure if job.head else None
            reason = prose(failure.message) if failure else "no reason is known"
            rows.append(f"- {icon}**{self.name(job)} {what}**: {reason}")
        if rows:
            stub = f"{icon}{sketches(len(jobs))}: {what}; named{self.elsewhere}."
            yield Block(stub, rows=tuple(rows), cut=self.cut)

    def fold(self, title: str, head: str, rows: Sequence[str], more: str = "") -> Block:
        """Rows under a title of our own, to unfold where the report folds; ``more`` then stands beside it."""
        stub = f"{title}; left out here{self.elsewhere}."
        if not self.folded:
            return Block(stub, f"#### {title}\n\n{head}".rstrip(), tuple(rows), cut=self.cut)
        opened = f"<details><summary>{title}{more}</summary>\n\n{head}".rstrip()
        return Block(stub, opened if head else f"{opened}\n", tuple(rows), "\n</details>", self.cut)

    def cut(self, missing: int) -> str:
        """What is said where rows are missing."""
        return f"{plural(missing, 'more row')} left out here{self.elsewhere}."


def _detail(failure: Failure) -> str:
    lines = [f"{'in' if not level else 'called from'} {frame}" for level, frame in enumerate(failure.chain)]
    more = len(lines) - _CHAIN
    lines[_CHAIN:] = [f"... {more} more"] if more > 0 else []
    errors = [item for item in failure.diagnostics if "error" in item.severity] or list(failure.diagnostics)
    lines += [str(item) for item in errors[:_DIAGNOSTICS]]
    lines += [f"... {len(errors) - _DIAGNOSTICS} more"] if len(errors) > _DIAGNOSTICS else []
    return fence("\n".join(elide(line, _LINE) for line in lines)) if lines else ""


def _note(delta: Delta) -> str:
    """What a delta's note adds to its table, where RAM need has the row below that of unused RAM."""
    return "; ".join(part for part in delta.note.split("; ") if not part.startswith("RAM need"))


def _largest(jobs: Sequence[JobChange]) -> str:
    """The symbols that changed most, each over all sketches."""
    moved: dict[str, list[int]] = {}
    for job in jobs:
        for symbol in job.symbols:
            moved.setdefault(symbol.name, []).append(symbol.head - symbol.base)
    first = sorted(moved, key=lambda name: (-max(map(abs, moved[name])), name))[:_SYMBOLS_NAMED]
    named = []
    for name in first:
        low, high = signed("flash", min(moved[name])), signed("flash", max(moved[name]))
        size = high if low == high else f"{low} to {high}"
        where = f" in {sketches(len(moved[name]))}" if len(moved[name]) > 1 else ""
        named.append(f"{code(_short(name), 60)} {size}{where}")
    more = len(moved) - len(first)
    return ", ".join(named) + (f" and {more:,} more" if more else "")


def _short(name: str) -> str:
    """A function's name without its arguments."""
    return re.sub(r"(?<=\w)\(.*", "()", name)


def table(titles: Sequence[str], sides: str) -> str:
    """The head of a table; ``sides`` says ``l`` or ``r`` for each column."""
    rules = ["---:" if side == "r" else "---" for side in sides]
    return f"| {' | '.join(titles)} |\n| {' | '.join(rules)} |"


def _key_rows(
    title: str, jobs: Iterable[tuple[JobChange, tuple[KeyChange, ...]]], sections: Sections
) -> Iterable[str]:
    by_change: dict[KeyChange, list[JobChange]] = {}
    for job, changes in jobs:
        for one in changes:
            by_change.setdefault(one, []).append(job)
    everything = len(sections.found.jobs)
    for one, where in by_change.items():
        before, after = (code(side) if side else "none" for side in (one.base, one.head))
        named = ", ".join(sections.name(job) for job in where[:_JOBS_NAMED])
        more = len(where) - _JOBS_NAMED
        who = f" ({named}{f' and {more:,} more' if more > 0 else ''})" if len(where) < everything else ""
        yield f"- {title} {prose(one.key)}: {before} → {after}{who}"

"""The parts of the pull-request comment and of the job summary, as blocks that fit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mlbench.reports.blocks import ReportBlock
from mlbench.reports.digest import Digest
from mlbench.reports.escaping import code, prose
from mlbench.reports.ram_rows import ram_rows
from mlbench.reports.rows import (
    Rows,
    apart_rows,
    change_rows,
    failure_detail,
    failure_line,
    figure_rows,
    key_rows,
    largest,
    row,
    symbol_rows,
    table,
)
from mlbench.reports.time_rows import SIDES, TITLES, main_movers, time_rows
from mlbench.reports.wording import plural, sketches
from mlbench.results.comparison import JobChange

_MOVERS = 2


class Sections:
    """Builds the blocks of one report.

    Args:
        overview: what to show.
        elsewhere: where the rest of what is cut can be read, for people.
        symbols: how many functions and objects are shown of a sketch.
        folded: whether what did not change is folded.
    """

    def __init__(self, overview: Digest, elsewhere: str, symbols: int, *, folded: bool = True) -> None:
        self.overview = overview
        self.elsewhere = elsewhere
        self.symbols = symbols
        self.folded = folded
        self._boards = {job.board for job in overview.jobs}
        self._backends = {job.backend for job in overview.jobs}

    def place(self) -> str:
        """Where everything was measured, if that is one place."""
        if len(self._boards) != 1 or len(self._backends) != 1:
            return ""
        job = self.overview.jobs[0]
        return f"{code(job.board)}, {prose(job.backend)}"

    def name(self, job: JobChange) -> str:
        """A job's name; with board or backend where there are several."""
        place = self._place(job)
        return f"{code(job.sketch)} ({place})" if place else code(job.sketch)

    def cell(self, job: JobChange) -> str:
        """The same for a table."""
        place = self._place(job)
        return f"{code(job.sketch)}<br><sub>{place}</sub>" if place else code(job.sketch)

    def broken(self) -> Iterable[ReportBlock]:
        """Sketches that worked at the base."""
        yield from self._failures("No longer working", "❌", self.overview.broken)

    def failed(self) -> Iterable[ReportBlock]:
        """Sketches that fail, and did so before."""
        base = self.overview.comparison.base is not None
        yield from self._failures("Failed before and after" if base else "Failed", "⚠️", self.overview.failed)

    def failure_details(self) -> Iterable[ReportBlock]:
        """Calls, compiler messages and last words of what failed."""
        rows = []
        for job in (*self.overview.broken, *self.overview.failed):
            detail = failure_detail(job.head) if job.head else ""
            if detail:
                rows.append(f"{self.name(job)}\n\n{detail}\n")
        if rows:
            yield self.fold("How it failed", "", rows)

    def worse(self) -> Iterable[ReportBlock]:
        """Every sketch of which something got worse, with all that moved in it."""
        changes = self.overview.worse
        yield from self._table("Worse", len(changes), change_rows(changes, self.cell))

    def better(self) -> Iterable[ReportBlock]:
        """Sketches of which something got better and nothing worse."""
        changes = self.overview.better
        yield from self._table("Better", len(changes), change_rows(changes, self.cell))

    def apart(self) -> Iterable[ReportBlock]:
        """Figures that cannot be subtracted."""
        changes = self.overview.apart
        yield from self._table("Side by side, not subtracted", len(changes), apart_rows(changes, self.cell))

    def figures(self) -> Iterable[ReportBlock]:
        """Figures of new and mended sketches; of all, where there is no baseline."""
        for title, jobs in (
            ("New", self.overview.new),
            ("Fixed: failed at the base", self.overview.fixed),
            ("Measured", self.overview.measured),
        ):
            yield from self._table(title, len(jobs), figure_rows(jobs, self.cell))

    def noise(self) -> Iterable[ReportBlock]:
        """What moved and says nothing."""
        changes = self.overview.noise
        if changes:
            number = plural(sum(len(one.deltas) for one in changes), "measure")
            title = f"Noise: {number} moved only by code alignment or within the spread"
            yield self.fold(title, *change_rows(changes, self.cell))

    def unchanged(self) -> Iterable[ReportBlock]:
        """Sketches that did not move."""
        jobs = self.overview.unchanged
        if jobs:
            yield self.fold(f"Unchanged: {sketches(len(jobs))}", *figure_rows(jobs, self.cell))

    def gone(self) -> Iterable[ReportBlock]:
        """Sketches that are only at the base, and those that were not measured."""
        removed, skipped = self.overview.removed, self.overview.skipped
        if removed:
            stub = f"Removed: {sketches(len(removed))}, named{self.elsewhere}."
            yield self.listed("#### Removed\n", stub, [self.name(job) for job in removed])
        if skipped:
            rows = [f"- {self._skipped(job)}" for job in skipped]
            yield self.fold(f"Not measured: {sketches(len(skipped))}", "", rows)

    def symbol_changes(self) -> Iterable[ReportBlock]:
        """Which functions and objects made flash grow or shrink."""
        jobs = [job for job in self.overview.jobs if job.symbols]
        if jobs:
            rows = symbol_rows(jobs, self.cell, self.symbols)
            yield self.fold("Where flash changed, in bytes", *rows, f": {largest(jobs)}")

    def time_changes(self) -> Iterable[ReportBlock]:
        """Which functions made times longer or shorter."""
        jobs = [job for job in self.overview.jobs if job.base is not None and job.head is not None]
        rows = time_rows(jobs, self.cell, self.symbols)
        if rows:
            head = table(TITLES, SIDES)
            movers = main_movers(jobs, _MOVERS)
            more = f": {movers}" if movers else ""
            yield self.fold("Where time changed", head, tuple(map(row, rows)), more)

    def ram_changes(self) -> Iterable[ReportBlock]:
        """Which variables, and what of heap and stack, made RAM need grow or shrink."""
        jobs = [job for job in self.overview.jobs if job.base is not None and job.head is not None]
        head, rows = ram_rows(jobs, self.cell, self.symbols)
        if rows:
            yield self.fold("Where RAM changed, in bytes", head, rows)

    def keys(self) -> Iterable[ReportBlock]:
        """What the two sides were built and measured with, where that differs."""
        rows = key_rows(self.overview.jobs, self.name)
        if rows:
            stub = f"Builds or instruments differ in {plural(len(rows), 'way')}{self.elsewhere}."
            yield self.listed("Changed besides the sketches:\n", stub, rows)

    def listed(self, opened: str, stub: str, items: Sequence[str]) -> ReportBlock:
        """A list under a line of our own; its beginning where not all of it fits."""
        return ReportBlock(stub, opened, tuple(f"- {item}" for item in items), cut=self.cut)

    def fold(self, title: str, head: str, rows: Sequence[str], more: str = "") -> ReportBlock:
        """Rows under a title of our own, to unfold where the report folds; ``more`` then stands beside it."""
        stub = f"{title}; left out here{self.elsewhere}."
        if not self.folded:
            return ReportBlock(
                stub, f"#### {title}\n\n{head}".rstrip() + "\n" * (not head), tuple(rows), cut=self.cut
            )
        opened = f"<details><summary>{title}{more}</summary>\n\n{head}".rstrip()
        return ReportBlock(stub, opened if head else f"{opened}\n", tuple(rows), "\n</details>", self.cut)

    def cut(self, missing: int) -> str:
        """What is said where rows are missing."""
        return f"{plural(missing, 'more row')} left out here{self.elsewhere}."

    def _place(self, job: JobChange) -> str:
        parts = [code(job.board)] if len(self._boards) > 1 else []
        parts += [prose(job.backend)] if len(self._backends) > 1 else []
        return ", ".join(parts)

    def _table(self, title: str, number: int, rows: Rows) -> Iterable[ReportBlock]:
        if number:
            stub = f"{title}: {sketches(number)}, left out here{self.elsewhere}."
            yield ReportBlock(stub, f"#### {title}\n\n{rows[0]}", rows[1], cut=self.cut)

    def _skipped(self, job: JobChange) -> str:
        heads = [delta.head for delta in job.deltas if delta.head is not None]
        reasons = dict.fromkeys(head.absent for head in heads if head.absent)
        suffix = f": {prose('; '.join(reasons))}" if reasons else ""
        return f"{self.name(job)}{suffix}"

    def _failures(self, title: str, mark: str, jobs: Sequence[JobChange]) -> Iterable[ReportBlock]:
        items = [f"{mark} {self.name(job)}: {failure_line(job.head)}" for job in jobs]
        if items:
            stub = f"{mark} {title}: {sketches(len(jobs))}, named{self.elsewhere}."
            yield self.listed(f"#### {title}\n", stub, items)

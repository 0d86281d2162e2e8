"""The job summary: what the comment says, and all that it leaves out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mlbench.core.execution import StackUse
from mlbench.reports.blocks import ReportBlock, fit, size
from mlbench.reports.comment import foot, preamble, top
from mlbench.reports.digest import digest
from mlbench.reports.escaping import code, fence, prose
from mlbench.reports.memories import loader_line, memory_line
from mlbench.reports.ram_rows import deepest_stack
from mlbench.reports.rows import row, table
from mlbench.reports.sections import Sections
from mlbench.reports.time_tables import time_tables
from mlbench.reports.wording import shown, sketches, with_unit
from mlbench.results.comparison import Comparison, JobChange
from mlbench.results.values import Amount, Flash, RamNeed, Result, Time, UnusedRam
from mlbench.util.text import count

LIMIT = 1_000_000
"""GitHub takes 1 MiB a step."""

_LEAST = 8_000
_SYMBOLS = 50
_LARGEST = 20
_STACKS = 12


def summary_markdown(
    comparison: Comparison,
    *,
    title: str = "mlbench",
    run_url: str = "",
    limit: int = LIMIT,
    missing: Sequence[str] = (),
) -> str:
    """The summary's Markdown, of at most ``limit`` bytes. Arguments as for ``comment_markdown``."""
    if limit < _LEAST:
        raise ValueError(f"a summary of {limit} bytes cannot say what it leaves out")
    overview = digest(comparison)
    sections = Sections(overview, ", all of it is in the result file", _SYMBOLS, folded=False)
    blocks = [
        ReportBlock(top(overview, title, missing)),
        *preamble(overview, sections, run_url, missing),
        *sections.broken(),
        *sections.worse(),
        *sections.keys(),
        *sections.better(),
        *sections.apart(),
        *sections.figures(),
        *sections.gone(),
        *sections.unchanged(),
        *sections.failed(),
        *sections.failure_details(),
        *sections.time_changes(),
        *sections.symbol_changes(),
        *sections.ram_changes(),
        *sections.noise(),
        *_seconds(sections),
        *_details(sections),
    ]
    last = ReportBlock(foot(overview, sections, ""))
    text, _ = fit(blocks, limit - size(last.stub) - 4)
    return f"{text}\n\n{last.stub}\n"


def _seconds(sections: Sections) -> Iterable[ReportBlock]:
    """How long the host took for each sketch."""
    jobs = [job for job in sections.overview.jobs if job.head is not None and job.head.seconds]
    steps = list(dict.fromkeys(name for job in jobs if job.head for name, _ in job.head.seconds))
    if not jobs:
        return
    head = table(("Sketch", *map(prose, steps), "together"), "l" + "r" * (len(steps) + 1))
    rows = []
    for job in jobs:
        taken = dict(job.head.seconds) if job.head else {}
        cells = [f"{taken[step]:,.1f}" if step in taken else "-" for step in steps]
        cache_note = "<br><sub>figures of an earlier run</sub>" if job.head and job.head.cached else ""
        rows.append(row((f"{sections.cell(job)}{cache_note}", *cells, f"{sum(taken.values()):,.1f}")))
    yield sections.fold("Time taken, in seconds of this machine", head, rows)


def _details(sections: Sections) -> Iterable[ReportBlock]:
    """Everything that is known of each sketch."""
    jobs = [job for job in sections.overview.jobs if job.head is not None]
    rows = [text for job in jobs if job.head for text in _detail(sections, job, job.head)]
    if rows:
        yield ReportBlock(
            f"Details of {sketches(len(rows))} left out here{sections.elsewhere}.",
            "#### Details\n",
            tuple(rows),
            cut=sections.cut,
        )


def _detail(sections: Sections, job: JobChange, result: Result) -> Iterable[str]:
    lines = [f"- {line}" for line in _lines(result)]
    flash, need = result.measures.flash, result.measures.ram_need
    parts = ["\n".join(lines)] if lines else []
    if isinstance(flash, Flash) and flash.symbols:
        parts.append(_largest("flash", flash.symbols, flash.bytes))
    if isinstance(need, RamNeed) and need.symbols:
        parts.append(_largest("static RAM", need.symbols, need.static))
    parts += time_tables(result)
    if result.serial.strip():
        parts.append(f"What it printed:\n\n{fence(result.serial)}")
    if parts:
        body = "\n\n".join(parts)
        yield f"<details><summary>{sections.name(job)}</summary>\n\n{body}\n\n</details>\n"


def _largest(where: str, symbols: Sequence[tuple[str, int]], together: int) -> str:
    rows = [row((code(name), count(size))) for name, size in symbols[:_LARGEST]]
    rest = together - sum(size for _, size in symbols[:_LARGEST])
    rows += [row(("all others, and padding", count(rest)))] if rest else []
    return "\n".join(
        (table((f"Largest in {where}", "Bytes"), "lr"), *rows, row(("together", count(together))))
    )


def _lines(result: Result) -> Iterable[str]:
    measures = result.measures
    if isinstance(measures.flash, Flash):
        parts = ", ".join(f"{code(name)} {count(size)}" for name, size in measures.flash.sections)
        over = measures.flash.overhead
        core = f"; {count(over)} of an empty sketch" if over is not None else ""
        core = f"; {loader_line(result)}" if result.memories else core
        own = measures.flash.counted
        by_platform = f"{count(own)} bytes as the platform counts it; " if own != measures.flash.bytes else ""
        yield f"flash: {by_platform}{count(measures.flash.bytes)} bytes: {parts}{core}"
    if result.memories:
        yield f"what limits it: {prose(memory_line(result))}"
    ram = measures.unused_ram
    if isinstance(ram, UnusedRam):
        sure = "certified" if ram.certified else "not certified"
        yield f"unused RAM: {count(ram.bytes)} bytes, {sure}, by {prose(ram.method)}; " + (
            f"one more byte: {prose(ram.first_failure)}" if ram.first_failure else "no larger size was tried"
        )
        if ram.islands:
            ranges = ", ".join(f"{count(low)}-{count(high)}" for low, high in ram.islands[:8])
            yield f"larger sizes that work again: {ranges}{' and more' if len(ram.islands) > 8 else ''}"
        if ram.overlap:
            yield f"stack and heap silently overlap by {count(ram.overlap)} bytes at this limit"
    need = measures.ram_need
    if isinstance(need, RamNeed):
        less = f" less {count(need.reserved_stack)} for stacks of threads" if need.reserved_stack else ""
        heap = f"peak heap {count(need.peak_heap)}, peak stack {count(need.peak_stack)}"
        yield f"RAM need: {count(need.bytes)} bytes: static {count(need.static)}{less}, {heap}"
        for stack in need.stacks[:_STACKS]:
            if stack.frames:
                yield f"{code(stack.name)} at its deepest, {count(stack.used)} bytes: {deepest_stack(stack)}"
        if len(need.stacks) > 1:
            more = " and more" if len(need.stacks) > _STACKS else ""
            yield f"stacks: {', '.join(map(_stack, need.stacks[:_STACKS]))}{more}"
    for measure, value in measures.items():
        if isinstance(value, Time):
            yield f"{measure.name}: {_time(value)}"
        elif isinstance(value, Amount) and not (measure.part_of and isinstance(need, RamNeed)):
            yield f"{measure.name}: {with_unit(shown(measure.key, value.amount), measure.key)}"
    if result.build is not None:
        built = result.build
        keys = (built.fqbn, built.platform, built.compiler, built.builder, *built.libraries)
        yield f"built with {', '.join(code(key) for key in keys if key)}"
    if result.instrument is not None:
        used = result.instrument
        table_ = f", cost table {code(used.cost_table)}" if used.cost_table else ""
        yield f"measured with {code(f'{used.backend} {used.version}')} as {code(used.board)}{table_}"
    for overflow in result.overflows:
        yield f"{code(overflow.region)} overflows by {count(overflow.bytes)} bytes"
    for note in result.notes:
        yield prose(note, 1_000)


def _stack(stack: StackUse) -> str:
    of = f" of {count(stack.size)}" if stack.size is not None else ""
    return f"{code(stack.name)} {count(stack.used)}{of}"


def _time(time: Time) -> str:
    spread = f"{time.minimum_us:,.3f} to {time.maximum_us:,.3f} us"
    parts = [f"{time.median_us:,.3f} us, the median of {time.count:,}: {spread}"] if time.count > 1 else []
    parts = parts or [f"{time.median_us:,.3f} us"]
    if time.mad_us is not None:
        parts.append(f"median absolute deviation {time.mad_us:,.3f} us")
    if time.first_us is not None:
        parts.append(f"the first run apart, {time.first_us:,.3f} us")
    if time.resolution_us is not None:
        parts.append(f"a clock that steps by {time.resolution_us:,.6g} us")
    if time.cycles is not None:
        parts.append(f"{count(time.cycles)} cycles")
    if time.instructions is not None:
        parts.append(f"{count(time.instructions)} instructions")
    if time.placement is not None:
        parts.append(f"{count(time.placement)} alignment cycles")
    if time.method:
        parts.append(f"rough: {prose(time.method)}")
    return "; ".join(parts)

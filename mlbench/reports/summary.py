"""The job summary: what the comment says, and all that it leaves out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mlbench.reports.blocks import Block, fit, size
from mlbench.reports.comment import foot, told, top
from mlbench.reports.digest import digest
from mlbench.reports.escaping import code, fence, prose
from mlbench.reports.rows import table
from mlbench.reports.sections import Sections
from mlbench.reports.text import count
from mlbench.reports.wording import sketches
from mlbench.results.change import Comparison, JobChange
from mlbench.results.values import Flash, RamNeed, Result, Time, UnusedRam

LIMIT = 1_000_000
"""GitHub takes 1 MiB a step."""

_LEAST = 8_000
_SYMBOLS = 50
_LARGEST = 20


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
    found = digest(comparison)
    sections = Sections(found, ", all of it is in the result file", _SYMBOLS, folded=False)
    blocks = [
        Block(top(found, title, missing)),
        *told(found, sections, run_url, missing),
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
        *sections.symbol_changes(),
        *sections.noise(),
        *_seconds(sections),
        *_details(sections),
    ]
    last = Block(foot(found, sections, ""))
    text, _ = fit(blocks, limit - size(last.stub) - 4)
    return f"{text}\n\n{last.stub}\n"


def _seconds(sections: Sections) -> Iterable[Block]:
    """How long the host took for each sketch."""
    jobs = [job for job in sections.found.jobs if job.head is not None and job.head.seconds]
    steps = list(dict.fromkeys(name for job in jobs if job.head for name, _ in job.head.seconds))
    if not jobs:
        return
    head = table(("Sketch", *map(prose, steps), "together"), "l" + "r" * (len(steps) + 1))
    rows = []
    for job in jobs:
        taken = dict(job.head.seconds) if job.head else {}
        cells = [f"{taken[step]:,.1f}" if step in taken else "-" for step in steps]
        rows.append(f"| {' | '.join((sections.name(job), *cells, f'{sum(taken.values()):,.1f}'))} |")
    yield sections.fold("Time taken, in seconds of this machine", head, rows)


def _details(sections: Sections) -> Iterable[Block]:
    """Everything that is known of each sketch."""
    jobs = [job for job in sections.found.jobs if job.head is not None]
    rows = [text for job in jobs if job.head for text in _detail(sections, job, job.head)]
    if rows:
        yield Block(
            f"Details of {sketches(len(rows))} left out here{sections.elsewhere}.",
            "#### Details\n",
            tuple(rows),
            cut=sections.cut,
        )


def _detail(sections: Sections, job: JobChange, result: Result) -> Iterable[str]:
    lines = [f"- {line}" for line in _lines(result)]
    flash = result.measures.flash
    parts = ["\n".join(lines)] if lines else []
    if isinstance(flash, Flash) and flash.symbols:
        rows = [f"| {code(name)} | {count(size)} |" for name, size in flash.symbols[:_LARGEST]]
        shown = sum(size for _, size in flash.symbols[:_LARGEST])
        rows.append(f"| all others, and padding | {count(flash.bytes - shown)} |")
        rows.append(f"| together | {count(flash.bytes)} |")
        parts.append("\n".join((table(("Largest in flash", "Bytes"), "lr"), *rows)))
    if result.serial.strip():
        parts.append(f"What it printed:\n\n{fence(result.serial)}")
    if parts:
        body = "\n\n".join(parts)
        yield f"<details><summary>{sections.name(job)}</summary>\n\n{body}\n\n</details>\n"


def _lines(result: Result) -> Iterable[str]:
    measures = result.measures
    if isinstance(measures.flash, Flash):
        made = ", ".join(f"{code(name)} {count(size)}" for name, size in measures.flash.sections)
        over = measures.flash.overhead
        core = f"; {count(over)} of an empty sketch" if over is not None else ""
        yield f"flash: {count(measures.flash.bytes)} bytes: {made}{core}"
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
        yield (
            f"RAM need: {count(need.bytes)} bytes: static {count(need.static)}, "
            f"peak heap {count(need.peak_heap)}, peak stack {count(need.peak_stack)}"
        )
    for name, time in (("initialization", measures.init_time), ("inference", measures.inference_time)):
        if isinstance(time, Time):
            yield f"{name}: {_time(time)}"
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


def _time(time: Time) -> str:
    spread = f"{time.minimum_us:,.3f} to {time.maximum_us:,.3f} us"
    parts = [f"{time.median_us:,.3f} us, the median of {time.count:,}: {spread}"] if time.count > 1 else []
    parts = parts or [f"{time.median_us:,.3f} us"]
    if time.cycles is not None:
        parts.append(f"{count(time.cycles)} cycles")
    if time.instructions is not None:
        parts.append(f"{count(time.instructions)} instructions")
    if time.placement is not None:
        parts.append(f"{count(time.placement)} cycles by placement alone")
    return "; ".join(parts)

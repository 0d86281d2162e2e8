"""The comment on a pull request: the outcome first, then what needs a decision, the rest folded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from mlbench.core.measures import rows
from mlbench.reports.blocks import ReportBlock, fit, size
from mlbench.reports.digest import Digest, also, digest, headline
from mlbench.reports.escaping import code, link, prose
from mlbench.reports.sections import Sections
from mlbench.reports.wording import clocks, plural
from mlbench.results.comparison import Comparison, Limit, Side

LIMIT = 65_000
"""GitHub takes 65,536 characters. Counted in bytes of UTF-8, of which there are never fewer, and with room
for a marker."""

_LEAST = 8_000
_SYMBOLS = 5
_WAYS = 3
_RUN = re.compile(r"(https?://[\w.:-]+/[\w.-]+/[\w.-]+)/actions/runs/\d+", re.ASCII)


def comment_markdown(
    comparison: Comparison,
    *,
    title: str,
    run_url: str = "",
    limit: int = LIMIT,
    missing: Sequence[str] = (),
) -> str:
    """The comment's Markdown, of at most ``limit`` bytes.

    Args:
        comparison: what to show.
        title: stands first: the name of the workflow or of the suite.
        run_url: address of the run, whose summary has what is cut here.
        limit: bytes of UTF-8 at most; at least 8,000.
        missing: names of the jobs that should have given results and did not.
    """
    if limit < _LEAST:
        raise ValueError(f"a comment of {limit} bytes cannot say what it leaves out")
    overview = digest(comparison)
    summary = link("the job summary", run_url)
    sections = Sections(overview, f", all of it is in {summary}", _SYMBOLS)
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
        *sections.time_changes(),
        *sections.symbol_changes(),
        *sections.ram_changes(),
        *sections.failed(),
        *sections.failure_details(),
        *sections.noise(),
        *sections.unchanged(),
    ]
    last = ReportBlock(foot(overview, sections, run_url))
    text, _ = fit(blocks, limit - size(last.stub) - 4)
    return f"{text}\n\n{last.stub}\n"


def top(overview: Digest, title: str, missing: Sequence[str]) -> str:
    """The outcome as a heading."""
    icon, outcome = headline(overview, len(missing))
    return f"### {icon} {prose(title, 100)}: {outcome}"


def preamble(
    overview: Digest, sections: Sections, run_url: str, missing: Sequence[str]
) -> Iterable[ReportBlock]:
    """What a reader must know before any figure: what was compared, what is missing, what was accepted."""
    comparison = overview.comparison
    others = also(overview)
    rest = f"{others[0].upper()}{others[1:]}." if others else ""
    yield ReportBlock(" ".join(filter(None, (_sides(comparison, run_url), rest))))
    if missing:
        warning = f"⚠️ **{plural(len(missing), 'job')} gave no results**, so this is not all"
        yield sections.listed(
            f"{warning}:\n", f"{warning}{sections.elsewhere}.", [code(job) for job in missing]
        )
    if comparison.accepted:
        yield ReportBlock(f"☑️ What is over its limit was accepted: {prose(comparison.accepted)}")
    if comparison.notes:
        stub = f"{plural(len(comparison.notes), 'note')}{sections.elsewhere}."
        yield sections.listed("To note:\n", stub, [prose(note, 500) for note in comparison.notes])


def foot(overview: Digest, sections: Sections, run_url: str) -> str:
    """What the figures mean, where they were taken, and where to read more."""
    deltas = [delta for job in overview.jobs for delta in job.shown_deltas]
    figures = [side for delta in deltas for side in (delta.base, delta.head) if side is not None]
    moved = {delta.measure for delta in deltas if delta.change}
    moving = [measure for measure in rows() if measure.key in moved]
    lines = []
    if any(side.starred for side in figures):
        lines.append("\\* Does not fit the board; linked again with larger memory regions to measure flash.")
    if any(side.steady is not None for side in figures):
        judged = (
            ", judged without alignment cycles, which depend only on where the linker placed the code"
            if any(measure.alignment_cycles for measure in moving)
            else ""
        )
        lines.append(f"Times come from a cycle model{judged}.")
    lines += [f"Times of {prose(backend)} are rough: {prose(how, 100)}." for backend, how in _rough(overview)]
    lines += _clocks(overview, bool(sections.place()))
    lines += [f"Of {measure.name} more is better." for measure in moving if measure.more_is_better]
    limits = [limit for delta in deltas for limit in (delta.threshold.warn, delta.threshold.fail)]
    if overview.comparison.base is not None and all(limit == Limit() for limit in limits):
        lines.append("No thresholds are set in <code>mlbench.yml</code>, so nothing here fails.")
    ends = [f"Measured on {place}" for place in filter(None, [sections.place()])]
    ends += [f"{link('The run', run_url)} has every figure"] if run_url else []
    lines += [f"{' · '.join(ends)}."] if ends else []
    return f"<sub>{' '.join(lines)}</sub>" if lines else ""


def _rough(overview: Digest) -> list[tuple[str, str]]:
    """Backends whose times are no more than an estimate, and of what."""
    ways: dict[tuple[str, str], None] = {}
    for job in overview.jobs:
        for result in filter(None, (job.base, job.head)):
            for time in result.measures.times():
                if time.method:
                    ways[result.backend, time.method] = None
    return list(ways)[:_WAYS]


def _clocks(overview: Digest, one_place: bool) -> list[str]:
    """What is said of the clocks of boards, each named where there are several places."""
    results = (result for job in overview.jobs for result in (job.base, job.head) if result is not None)
    sentences = (
        f"Times {'' if one_place else f'of {code(board)} ({prose(backend)}) '}by {clock}."
        for board, backend, clock in clocks(results)
    )
    return list(dict.fromkeys(sentences))[:_WAYS]


def _sides(comparison: Comparison, run_url: str) -> str:
    head = _side(comparison.head, run_url)
    parts = [f"Head: {head}."] if head else []
    if comparison.base is not None:
        parts.insert(0, f"Base: {_side(comparison.base, run_url) or 'not named'}.")
    return " ".join(parts)


def _side(side: Side, run_url: str) -> str:
    parts = []
    if side.commit:
        run = _RUN.match(run_url)
        short = f"<code>{side.commit[:7]}</code>"
        if not re.fullmatch(r"[0-9a-f]{40,64}", side.commit):
            parts.append(code(side.commit))
        else:
            parts.append(link(short, f"{run[1]}/commit/{side.commit}") if run else short)
    about = side.label or side.ref
    if about:
        parts.append(f"({prose(about, 100)})" if parts else prose(about, 100))
    return " ".join(parts)

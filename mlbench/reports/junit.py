"""JUnit XML: a suite for each board and backend, a case for each sketch and for each of its measures.

Valid against the schema of Jenkins' xUnit plugin (junit-10.xsd), the strictest that is in use.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from xml.etree import ElementTree  # only written with it, never parsed

from mlbench.core.measures import row
from mlbench.reports.last_lines import last_lines
from mlbench.reports.wording import change, sides_text, verdict
from mlbench.results.comparison import Comparison, Delta, JobChange, JobState, Side, Verdict
from mlbench.results.values import Failure
from mlbench.util.text import printable

RUNS = "builds and runs"
"""The case of the sketch as a whole."""


def to_junit(comparison: Comparison) -> str:
    """A failed threshold and a failed sketch are failures; what is not there is skipped, with its reason."""
    from junit_xml import TestSuite  # type: ignore[import-untyped]

    places = dict.fromkeys((job.board, job.backend) for job in comparison.jobs)
    whole = ElementTree.Element("testsuites")
    together = 0.0
    for board, backend in places:
        jobs = [job for job in comparison.jobs if (job.board, job.backend) == (board, backend)]
        suite = TestSuite(
            f"{printable(board)}, {printable(backend)}",
            [case for job in jobs for case in _cases(job)],
            properties=dict(_properties(comparison, board, backend)),
        )
        element = suite.build_xml_doc()
        del element.attrib["disabled"]  # not in the schema
        seconds = sum(second for job in jobs if job.head for _, second in job.head.seconds)
        element.set("time", f"{seconds:.3f}")
        together += seconds
        whole.append(element)
    for count in ("tests", "failures", "errors"):
        whole.set(count, str(sum(int(element.get(count, 0)) for element in whole)))
    whole.set("time", f"{together:.3f}")
    ElementTree.indent(whole)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ElementTree.tostring(whole, encoding="unicode")}\n'


def _properties(comparison: Comparison, board: str, backend: str) -> Iterable[tuple[str, str]]:
    yield "board", printable(board)
    yield "backend", printable(backend)
    for name, side in (("base", comparison.base), ("head", comparison.head)):
        if side is not None and _side(side):
            yield name, _side(side)


def _side(side: Side) -> str:
    return printable(" ".join(filter(None, (side.commit, side.label or side.ref))))


def _cases(job: JobChange) -> Iterable[Any]:
    from junit_xml import TestCase

    if job.state is JobState.REMOVED:
        return  # a test that is gone is not there
    name = printable(job.sketch)
    whole = TestCase(RUNS, name, stdout="\n".join(last_lines(job.head)) or None)
    failure = job.head.failure if job.head is not None else None
    if job.state in (JobState.BROKEN, JobState.FAILED):
        message = printable(failure.message) if failure else "no reason is known"
        outcome = printable(failure.outcome) if failure is not None else ""
        message = f"{outcome}: {message}" if outcome else message
        whole.add_failure_info(message, _detail(failure) if failure else message, outcome or None)
    elif job.state is JobState.SKIPPED:
        whole.add_skipped_info("nothing that it depends on was changed")
    yield whole
    for delta in job.deltas:
        case = TestCase(row(delta.measure).name, name, stdout=_told(delta))
        if delta.verdict is Verdict.FAIL:
            case.add_failure_info(printable(verdict(delta)), _told(delta), "threshold")
        elif delta.head is None or delta.head.value is None:
            case.add_skipped_info(printable(delta.head.absent if delta.head else "") or "not measured")
        yield case


def _told(delta: Delta) -> str:
    known = delta.base is not None and delta.base.value is not None
    parts = [sides_text(delta, " -> ").replace("\\", "")]
    parts += [change(delta)] if delta.change else []
    parts += [verdict(delta)] if known else []
    parts += [printable(delta.note)] if delta.note else []
    return "; ".join(parts)


def _detail(failure: Failure) -> str:
    lines = [
        f"in {frame}" if not level else f"called from {frame}" for level, frame in enumerate(failure.chain)
    ]
    lines += [str(item) for item in failure.diagnostics]
    return "\n".join(printable(line) for line in (failure.message, *lines))

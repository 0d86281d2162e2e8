"""Times of the image in the canonical layout, which changes are judged on."""

from __future__ import annotations

from dataclasses import replace

from mlbench.core.execution import NothingRuns, Outcome, Probe, RunResult, SpanKind, Target
from mlbench.core.firmware import Firmware
from mlbench.core.inputs import Inputs
from mlbench.errors import SketchError, UsageError
from mlbench.measure.reference import Reference
from mlbench.results.values import Absent, CanonicalTime, Measures, Time
from mlbench.suite.suite_file import SketchSpec

_WHAT = {"text": "serial text", "output": "output", "work": "work"}
_MOST_FUNCTIONS = 100
_AS_SHIPPED = "times are judged as they are in the shipped layout"


def with_canonical_times(
    measures: Measures,
    firmware: Firmware,
    spec: SketchSpec,
    target: Target,
    inputs: Inputs,
    reference: Reference,
) -> tuple[Measures, tuple[str, ...]]:
    """The measures, with the canonical layout's cycles in their times; and why not, for the user.

    Args:
        measures: those of the shipped image.
        firmware: has an image in the canonical layout, or says why there is none.
        spec: what is asked for.
        target: where it runs.
        inputs: what it is fed with.
        reference: a run of the shipped image; the canonical one must give the same output.
    """
    if not measures.times():
        return measures, ()
    if firmware.canonical_elf is None:
        why = firmware.no_canonical
        return measures, (f"{_AS_SHIPPED}: {why}",) if why else ()
    linked = replace(firmware, elf=firmware.canonical_elf, probe_elf=firmware.canonical_elf)
    try:
        session = target.open(linked, spec.functions, inputs)
    except (NothingRuns, UsageError, SketchError) as why:
        return measures, (f"{_AS_SHIPPED}: {why}",)
    try:
        run = session.run(Probe(inferences=reference.inferences, canonical=True, calls=True), spec.timeout_us)
    finally:
        session.close()
    if run.outcome is not Outcome.PASSED:
        return measures, (f"{_AS_SHIPPED}: in the canonical one it ends with {run.outcome.value}",)
    difference = reference.difference(run)
    if difference is not None:
        return measures, (f"{_AS_SHIPPED}: in the canonical one its {_WHAT[difference.what]} differs",)
    return (
        replace(
            measures,
            init_time=_with(measures.init_time, run, SpanKind.INIT),
            inference_time=_with(measures.inference_time, run, SpanKind.INFERENCE),
        ),
        (),
    )


def _with(time: Time | Absent, run: RunResult, kind: SpanKind) -> Time | Absent:
    """The time with the span that is the median of what is judged."""
    spans = [
        (span.cycles - span.placement, span)
        for span in run.spans
        if span.kind is kind and span.cycles is not None and span.placement is not None
    ]
    if not isinstance(time, Time) or not spans:
        return time
    judged, span = sorted(spans, key=lambda pair: pair[0])[(len(spans) - 1) // 2]
    functions = span.calls.functions if span.calls is not None else ()
    largest = sorted(functions, key=lambda each: (-each.inclusive, each.name))[:_MOST_FUNCTIONS]
    cycles_of = {each.name: each.inclusive for each in largest}
    cycles = span.cycles or 0
    return replace(time, canonical=CanonicalTime(cycles, cycles - judged, tuple(cycles_of.items())))

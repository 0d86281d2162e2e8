"""One firmware on two instruments: the first thing in which they differ."""

from __future__ import annotations

from dataclasses import replace

from mlbench.core import backends
from mlbench.core.execution import Outcome, Probe, RunResult, Session, SpanKind, Target
from mlbench.core.firmware import Firmware
from mlbench.measure.profile import Profile
from mlbench.measure.reference import Reference
from mlbench.results.values import UnusedRam
from mlbench.suite.suite_file import SketchSpec


def cross_check(firmware: Firmware, spec: SketchSpec, profile: Profile, target: Target, other: Target) -> str:
    """Run the firmware on ``other`` and hold it against ``target``, whose profile is given.

    Outcome, serial text (but for numbers that depend on time), outputs, and the instructions of each
    span that was timed are compared; then N and N+1 of unused RAM are tried.

    Returns one line: what agreed, or the first difference.

    Raises:
        EnvironmentFault: the other instrument cannot be had.
    """
    instrument = other.instrument
    who = f"cross-check with {instrument.backend} {instrument.version}"
    if not firmware.fits:
        return f"{who}: not made, the sketch does not fit"
    inputs = spec.inputs.read(spec.own_folder)
    if inputs.digest:
        return f"{who}: not made, it takes no inputs"
    mine, its = target.open(firmware, spec.functions), other.open(firmware, spec.functions)
    try:
        if mine.method == "nothing":
            return f"{who}: not made, no functions are named"
        row = backends.find(instrument.backend)
        verdict = _compare(spec, profile, mine, its, row.lets_pass if row is not None else ())
    finally:
        its.close()
        mine.close()
    return f"{who}: {verdict}"


def _compare(
    spec: SketchSpec, profile: Profile, mine: Session, its: Session, gaps: tuple[tuple[str, str], ...]
) -> str:
    probe = Probe(inferences=spec.inferences)
    ours, theirs = mine.run(probe, spec.timeout_us), its.run(probe, spec.timeout_us)
    if ours.outcome is not theirs.outcome and (why := gap(ours, gaps)):
        return f"not compared: it {why}, here it ends as {_told(ours)}"
    reference = Reference(
        ours,
        lambda variant: mine.run(replace(probe, time_shift=variant), 2 * spec.timeout_us),
        compare_serial=spec.serial == "exact",
        inferences=spec.inferences,
        buffers=len(spec.functions.outputs),
    )
    if difference := _difference(reference, ours, theirs):
        return f"differs: {difference}"
    agreed = ["outcome, text and outputs"]
    if ours.spans:
        agreed.append(f"{_spans(ours)} of exactly equal instructions")
    ram = profile.measures.unused_ram
    if isinstance(ram, UnusedRam):
        if difference := _limit(its, ram.bytes, theirs, spec):
            return f"differs: {difference}"
        agreed.append(f"unused RAM of {ram.bytes:,} bytes")
    return f"agrees in {', '.join(agreed)}"


def gap(ours: RunResult, gaps: tuple[tuple[str, str], ...]) -> str:
    """Why the other instrument cannot end as this run did; empty where it can."""
    return next((why for words, why in gaps if words in ours.reason), "")


def _difference(reference: Reference, ours: RunResult, theirs: RunResult) -> str:
    if ours.outcome is not theirs.outcome:
        return f"it ends as {_told(theirs)}, here as {_told(ours)}"
    if len(ours.spans) != len(theirs.spans):
        return f"{_spans(theirs)}, here {_spans(ours)}"
    for number, (a, b) in enumerate(zip(ours.spans, theirs.spans, strict=True)):
        if a.instructions != b.instructions:
            span = f"span {number + 1} ({a.kind.value})"
            return f"{span} takes {b.instructions} instructions, here {a.instructions}"
    # A number that a function returns in a floating-point register is not seen everywhere.
    shared = min(len(ours.outputs), len(theirs.outputs))
    same = replace(theirs, outputs=theirs.outputs[len(theirs.outputs) - shared :])
    mine = replace(ours, outputs=ours.outputs[len(ours.outputs) - shared :])
    if ours.before_loop is not None and theirs.before_loop is not None:
        cut = _as_far_as_both(ours, theirs)
        if cut is None:
            return f"loop() has sent {_sent_by_loop(theirs)}, here {_sent_by_loop(ours)}"
        mine, same = replace(mine, serial=cut[0]), replace(same, serial=cut[1])
    reference.result = mine
    difference = reference.difference(same)
    return difference.reason if difference is not None else ""


def _as_far_as_both(ours: RunResult, theirs: RunResult) -> tuple[bytes, bytes] | None:
    """The texts of two runs that ended at some turn of loop(), as far as both have them.

    None where one of them does not go further than to the end of setup(), and the other does.
    """
    texts = ours.serial, theirs.serial
    ends = ours.before_loop or 0, theirs.before_loop or 0
    if len(texts[0]) == len(texts[1]):
        return texts
    lines = [[line for line in text.splitlines(keepends=True) if line.endswith(b"\n")] for text in texts]
    count = min(map(len, lines))
    cut = [b"".join(whole[:count]) for whole in lines]
    if any(len(text) <= end for text, end in zip(cut, ends, strict=True)):
        shorter = min(map(len, texts))
        if shorter <= max(ends):
            return None
        cut = [text[:shorter] for text in texts]
    return cut[0], cut[1]


def _sent_by_loop(result: RunResult) -> str:
    text = result.serial[result.before_loop :]
    return repr(text[:40])[1:] if text else "nothing"


def _limit(its: Session, limit: int, passing: RunResult, spec: SketchSpec) -> str:
    deadline = 4 * passing.virtual_us + 1e6
    works = its.run(Probe(alloc=limit, inferences=spec.inferences), deadline)
    if works.outcome is not Outcome.PASSED or works.outputs != passing.outputs:
        return f"with {limit:,} bytes allocated it does not work ({_told(works)})"
    fails = its.run(Probe(alloc=limit + 1, inferences=spec.inferences), deadline)
    if fails.outcome is Outcome.PASSED and fails.outputs == passing.outputs:
        return f"with {limit + 1:,} bytes allocated it still works"
    return ""


def _told(result: RunResult) -> str:
    return f"{result.outcome.value}: {result.reason}" if result.reason else result.outcome.value


def _spans(result: RunResult) -> str:
    counts = {kind: sum(mark.kind is kind for mark in result.spans) for kind in SpanKind}
    return f"{counts[SpanKind.INIT]} initialization and {counts[SpanKind.INFERENCE]} inferences"

"""Whether a probe's run did what the run without a probe did."""

from __future__ import annotations

from collections.abc import Callable

from mlbench.core.execution import RunResult, SpanKind, TimedSpan
from mlbench.measure.variation import Difference, Variation, between, output_difference, text_difference

_TIME_SHIFTS = (1, 2, 3)
"""More than one, as a rounded duration may happen to come out the same."""
_LEAST_WORK = 0.5
"""An inference that does less than this part of the work of the one without a probe does not work."""


class Reference:
    """The run without a probe, and what of its text and outputs varies by itself.

    Args:
        result: the run.
        shifted: gives a run in which time passes differently, by number; called when first needed.
        compare_serial: whether serial text counts.
        inferences: how many inferences it made; a probe makes as many.
        buffers: how many outputs are buffers; an output before these is the value that inference returns.
    """

    def __init__(
        self,
        result: RunResult,
        shifted: Callable[[int], RunResult],
        *,
        compare_serial: bool = True,
        inferences: int = 1,
        buffers: int = 0,
    ) -> None:
        self.result = result
        self.inferences = inferences
        self._shifted = shifted
        self._compare_serial = compare_serial
        self._buffers = buffers
        self._by_time: Variation | None = None
        self._by_memory = Variation()
        self._memory = ""
        self._beside_little: list[RunResult] = []
        """Runs beside small allocations that are known to leave enough memory."""

    def difference(self, other: RunResult) -> Difference | None:
        """How ``other`` differs from the reference, apart from what varies by itself; None: it does not."""
        work = self._less_work(other)
        if work is not None:
            return work
        known = Variation() if self._by_time is None else self._by_time.joined(self._by_memory)
        difference = self._apart_from(known, other)
        if difference is None or self._by_time is not None:
            return difference
        self._by_time = Variation()
        for number in _TIME_SHIFTS:
            variation = between(self.result, self._shifted(number), text=self._compare_serial)
            self._by_time = self._by_time.joined(variation)
        return self._apart_from(self._by_time.joined(self._by_memory), other)

    def learn_memory(self, other: RunResult, size: int, *, proven: bool) -> None:
        """Take in a run beside a small allocation: what differs there is no sign of too little memory.

        Args:
            other: the run.
            size: bytes of the allocation.
            proven: whether it is known that the sketch got all memory that it asked for. Else only numbers
                may vary.
        """
        if proven:
            self._beside_little.append(other)
        variation = between(self.result, other, text=self._compare_serial, words=proven)
        if not proven:
            variation = Variation(variation.tokens, False, {}, variation.examples)
        if variation and not self._by_memory:
            self._memory = f"{size:,} bytes less memory"
        self._by_memory = self._by_memory.joined(variation)

    def notes(self) -> tuple[str, ...]:
        """What was not compared, and why, for the user."""
        notes = []
        by_time = self._by_time or Variation()
        words = by_time.text or any(varying is None for varying in by_time.tokens.values())
        if words or by_time.bytes:
            notes.append(f"{self._varying(by_time)} with time alone, so that is not compared")
        if self._by_memory:
            notes.append(f"{self._varying(self._by_memory)} with {self._memory}, so that is not compared")
        return tuple(notes)

    def _varying(self, variation: Variation) -> str:
        parts = []
        if variation.text or variation.tokens:
            parts.append("serial text" + (f" ({variation.examples[0]})" if variation.examples else ""))
        parts += [self._name(index) for index in sorted(variation.bytes)]
        return f"{' and '.join(parts)} {'varies' if len(parts) == 1 else 'vary'}"

    def _name(self, index: int) -> str:
        before = len(self.result.outputs) - self._buffers
        return "the returned value" if index < before else f"output {index - before}"

    def _apart_from(self, known: Variation, other: RunResult) -> Difference | None:
        outputs = zip(self.result.outputs, other.outputs, strict=False)
        for index, (mine, its) in enumerate(outputs):
            difference = output_difference(mine, its, known.bytes.get(index, frozenset()), self._name(index))
            if difference is not None:
                return difference
        if len(self.result.outputs) != len(other.outputs):
            return Difference("output", "an output is missing")
        return text_difference(self.result, other, known) if self._compare_serial else None

    def _less_work(self, other: RunResult) -> Difference | None:
        # A probe may do once what else the model's first allocation does, such as set up the heap.
        working = [_inferences(run) for run in (self.result, *self._beside_little)]
        for number, span in enumerate(_inferences(other)):
            same = [spans[number] for spans in working if number < len(spans)]
            if not same:
                break
            counted = span.instructions is not None and same[0].instructions is not None
            unit = "instructions" if counted else "us"
            full, done = min(_work(one, counted=counted) for one in same), _work(span, counted=counted)
            if done < _LEAST_WORK * full:
                instead = f"{done:,.0f} {unit}, without a probe {full:,.0f}: less than half of the work"
                return Difference("work", f"inference {number + 1} takes {instead}")
        return None


def _inferences(result: RunResult) -> list[TimedSpan]:
    return [span for span in result.spans if span.kind is SpanKind.INFERENCE]


def _work(span: TimedSpan, *, counted: bool) -> float:
    return float(span.instructions or 0) if counted else span.us

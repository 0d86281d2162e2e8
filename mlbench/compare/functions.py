"""Which functions made a time longer or shorter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mlbench.core.call_tree import CallTree
from mlbench.core.measures import FUNCTION, INFERENCE_TIME, INIT_TIME
from mlbench.core.operators import operators_of
from mlbench.elf.called import called_functions
from mlbench.results.comparison import JobChange
from mlbench.results.values import Absent, Result, Time


@dataclass(frozen=True)
class CallerChange:
    """What a function took when one function called it: cycles of its own, and calls; 0 where it was not."""

    caller: str
    """Empty: nobody called it, it is where the path begins."""
    base: int
    head: int
    base_calls: int
    head_calls: int


@dataclass(frozen=True)
class FunctionChange:
    """A function whose own cycles changed; 0 on the side where it was not called."""

    name: str
    base: int
    head: int
    base_calls: int
    head_calls: int
    callers: tuple[CallerChange, ...]
    """By whom it was called on either side, the largest change first."""

    @property
    def change(self) -> int:
        """Cycles that it takes more."""
        return self.head - self.base


@dataclass(frozen=True)
class OperatorChange:
    """An operator of a model's graph whose cycles changed."""

    index: int
    name: str
    base: int
    head: int


@dataclass(frozen=True)
class TimeChange:
    """Where one time changed."""

    measure: str
    us_per_cycle: float
    total: int
    """The change of the whole time, in cycles, as it was measured."""
    functions: tuple[FunctionChange, ...]
    """The largest change first; their changes add up to ``total``."""
    operators: tuple[OperatorChange, ...] = ()
    """The largest change first; nothing where the graphs differ."""

    @property
    def main(self) -> FunctionChange | None:
        """The function that moved the time most, in the direction that the time moved."""
        return next((each for each in self.functions if each.change * self.total > 0), None)

    def us(self, cycles: int) -> float:
        """Cycles in microseconds."""
        return cycles * self.us_per_cycle


def time_change(job: JobChange, measure: str) -> TimeChange | None:
    """Where a time of a job changed; None where one side does not know where its cycles went."""
    before, after = _time(job.base, measure), _time(job.head, measure)
    if before is None or after is None or before.calls is None or after.calls is None or not after.cycles:
        return None
    functions = function_changes(before.calls, after.calls)
    total = after.calls.total - before.calls.total
    operators = operator_changes(before.calls, after.calls)
    return TimeChange(measure, after.median_us / after.cycles, total, functions, operators)


def operator_changes(base: CallTree, head: CallTree) -> tuple[OperatorChange, ...]:
    """The operators of a graph that took more or less, the largest change first.

    Nothing where the two graphs are not the same, so that operators cannot be paired.
    """
    before, after = operators_of(base), operators_of(head)
    if [each.name for each in before] != [each.name for each in after]:
        return ()
    pairs = zip(before, after, strict=True)
    changes = [OperatorChange(new.index, new.name, old.cycles, new.cycles) for old, new in pairs]
    moved = [each for each in changes if each.base != each.head]
    return tuple(sorted(moved, key=lambda each: (-abs(each.head - each.base), each.index)))


@dataclass(frozen=True)
class FunctionTime:
    """What a function takes, in microseconds: in the shipped layout, and what is judged, if that is known.

    ``time`` is that of which it is a part.
    """

    amount: float
    judged: float | None
    time: Time


def function_time(result: Result, key: str) -> FunctionTime | Absent:
    """What a function takes, with all that it calls, of one inference, or else of the initialization.

    Functions of one name count together. ``key`` is that of ``core.measures``.
    """
    name, known = key.removeprefix(FUNCTION), False
    for measure in (INFERENCE_TIME, INIT_TIME):
        time = _time(result, measure)
        if time is None or time.calls is None or not time.cycles:
            continue
        known = True
        functions = called_functions(time.calls, name)
        if functions:
            us = time.median_us / time.cycles
            known_cycles = dict(time.canonical.functions) if time.canonical is not None else {}
            cycles = [known_cycles.get(function.name) for function in functions]
            judged = None if None in cycles else us * sum(each or 0 for each in cycles)
            return FunctionTime(us * sum(function.inclusive for function in functions), judged, time)
    if not known:
        return Absent("it is not known which functions the time went to")
    return Absent("not called, or inlined")


def function_changes(base: CallTree, head: CallTree) -> tuple[FunctionChange, ...]:
    """The functions whose own cycles differ, the largest change first."""
    before, after = _by_caller(base), _by_caller(head)
    changes = []
    for name in dict.fromkeys((*before, *after)):
        old, new = before.get(name, {}), after.get(name, {})
        callers = [
            CallerChange(caller, base_cycles, head_cycles, base_calls, head_calls)
            for caller in dict.fromkeys((*old, *new))
            for base_cycles, base_calls in [old.get(caller, (0, 0))]
            for head_cycles, head_calls in [new.get(caller, (0, 0))]
        ]
        callers.sort(key=lambda each: (-abs(each.head - each.base), each.caller))

        def add(value: Callable[[CallerChange], int], among: list[CallerChange] = callers) -> int:
            return sum(map(value, among))

        change = FunctionChange(
            name,
            add(lambda each: each.base),
            add(lambda each: each.head),
            add(lambda each: each.base_calls),
            add(lambda each: each.head_calls),
            tuple(callers),
        )
        if change.change:
            changes.append(change)
    return tuple(sorted(changes, key=lambda each: (-abs(each.change), each.name)))


def _time(result: Result | None, measure: str) -> Time | None:
    value = result.measures.of(measure) if result is not None else None
    return value if isinstance(value, Time) else None


def _by_caller(tree: CallTree) -> dict[str, dict[str, tuple[int, int]]]:
    """Cycles and calls of each function by its callers."""
    functions: dict[str, dict[str, tuple[int, int]]] = {}
    for path in tree.paths:
        caller = tree.paths[path.parent].function if path.parent >= 0 else ""
        callers = functions.setdefault(path.function, {})
        cycles, calls = callers.get(caller, (0, 0))
        callers[caller] = cycles + path.cycles, calls + path.calls
    return functions

"""Which functions are meant where nobody named any: what setup() and loop() spend their work in.

The firmware is run once with these two timed, and the cycles of each are followed through its calls. Code of
the core, of an operating system, and of start-up is nobody's model.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mlbench.core.call_tree import CallTree
from mlbench.core.execution import Functions, Outcome, Probe, Session, SpanKind, Target
from mlbench.core.firmware import Firmware
from mlbench.elf.candidates import application_functions, inference_tier, looks_like_init
from mlbench.elf.functions import Function, all_functions
from mlbench.elf.image import Image
from mlbench.errors import MLBenchError

_SETUP, _LOOP = "setup()", "loop()"
_CORE = re.compile(r"/(cores|variants|mbed-os|mbed|cmsis|nrfx)/", re.IGNORECASE)
_MOST = 0.5
"""A share of the work; who has it does most of it."""
_LEAST_CYCLES = 200
"""Less is no inference."""
_LEAST_UNNAMED = 20_000
"""Less is none either where the name does not say that it is one."""
_NO_MODEL = re.compile(r"print|show|log|dump|debug|wait|read|quanti[sz]|train|display|draw", re.IGNORECASE)
"""Names of other work."""


@dataclass(frozen=True)
class Proposal:
    """Functions to measure, and what is to be said of them."""

    init: str | None
    inference: str
    notes: tuple[str, ...] = ()

    @property
    def functions(self) -> Functions:
        """The names as a suite would give them."""
        return Functions(self.init, self.inference)


def propose(firmware: Firmware, target: Target, timeout_us: float) -> Proposal | None:
    """The functions that a sketch's init and inference most likely are; None where nothing tells.

    Args:
        firmware: the built sketch.
        target: where to run it; it must follow calls.
        timeout_us: virtual time within which setup() and one loop() must end.

    Raises:
        EnvironmentFault: the host is at fault.
    """
    try:
        session = target.open(firmware, Functions("setup", "loop"))
    except MLBenchError as error:
        if error.exit_status == 4:
            raise
        return None
    try:
        trees = _trees(session, timeout_us)
    finally:
        session.close()
    return proposal(Image.load(firmware.elf), trees) if trees else None


def _trees(session: Session, timeout_us: float) -> dict[SpanKind, CallTree]:
    """Where setup() and loop() spent their cycles, as far as they ended."""
    run = session.run(Probe(inferences=2, calls=True), timeout_us)
    if run.outcome is not Outcome.PASSED:
        return {}
    # The longest loop() is the one that inferred.
    spans = sorted(run.spans, key=lambda span: span.us)
    return {span.kind: span.calls for span in spans if span.calls is not None}


@dataclass(frozen=True)
class _Call:
    """A path of a tree below setup() or loop()."""

    function: Function
    name: str
    """As it is written in a suite."""
    work: int
    """Cycles of it and of all below it that are not the core's."""
    calls: int
    depth: int
    above: tuple[str, ...]


def proposal(image: Image, trees: dict[SpanKind, CallTree]) -> Proposal | None:
    """What the trees of calls below setup() (``INIT``) and loop() (``INFERENCE``) tell."""
    judge = _Judge(image)
    calls = {kind: list(judge.calls(tree)) for kind, tree in trees.items()}
    best: tuple[tuple[int, bool, int, int], SpanKind, _Call] | None = None
    for kind, each in calls.items():
        most = max((call.work for call in each if call.depth == 1), default=0)
        total = sum(call.work for call in each if call.depth == 1)
        for call in each:
            if call.work < max(_LEAST_CYCLES, _MOST * total) or (call.work < most and call.depth == 1):
                continue
            tier = inference_tier(call.function)
            other = looks_like_init(call.function) or _NO_MODEL.search(call.function.signature.last)
            if tier > 1 and (other or call.depth > 1 or call.work < _LEAST_UNNAMED):
                continue
            rank = (tier, kind is SpanKind.INIT, call.depth, -call.work)
            if best is None or rank < best[0]:
                best = rank, kind, call
    if best is None:
        return None
    _, kind, inference = best
    notes = []
    if inference.calls > 1:
        place = "loop()" if kind is SpanKind.INFERENCE else "setup()"
        notes.append(f"{inference.calls} calls of {inference.name} within one {place}; one of them is timed")
    return Proposal(_init(calls, inference, judge), inference.name, tuple(notes))


def _init(calls: dict[SpanKind, list[_Call]], inference: _Call, judge: _Judge) -> str | None:
    """What runs once before the inference."""
    around = {inference.name, *inference.above}
    best: tuple[tuple[bool, bool, int, int], str] | None = None
    for kind in (SpanKind.INIT, SpanKind.INFERENCE):
        for call in calls.get(kind, ()):
            if call.name in around or inference.name in call.above or call.calls > 1:
                continue
            named, scope = looks_like_init(call.function), inference.function.signature.scope
            if kind is SpanKind.INFERENCE and not named:
                continue
            same = bool(scope) and call.function.signature.scope == scope
            rank = (not (named or same), not same, call.depth, -call.work)
            if best is None or rank < best[0]:
                best = rank, call.name
        if best is not None:
            return best[1]
    return judge.constructor_of(inference.function)


class _Judge:
    """What is known of an image's functions by their names."""

    def __init__(self, image: Image) -> None:
        self._image = image
        self._known = {name: one for one in all_functions(image) for name in (one.text, one.demangled)}
        self._own = {
            name: text for one, text in application_functions(image) for name in (one.text, one.demangled)
        }

    def calls(self, tree: CallTree) -> Iterator[_Call]:
        """The application's functions below setup() or loop()."""
        work = [0 if self._is_core(path.function) else path.cycles for path in tree.paths]
        for index in range(len(tree.paths) - 1, -1, -1):
            path = tree.paths[index]
            if self._is_core(path.function):
                work[index] = 0  # what the core calls is the core's: printing, waiting
            elif path.parent >= 0:
                work[path.parent] += work[index]
        for index, path in enumerate(tree.paths):
            stack = tree.stack(index)
            text, function = self._own.get(path.function), self._known.get(path.function)
            if (
                stack[0] not in (_SETUP, _LOOP, "setup", "loop")
                or len(stack) < 2
                or text is None
                or function is None
            ):
                continue
            above = tuple(self._own.get(name, name) for name in stack[1:-1])
            yield _Call(function, text, work[index], path.calls, len(stack) - 1, above)

    def constructor_of(self, function: Function) -> str | None:
        """The constructor of a method's class, where the image has it once."""
        scope = function.signature.scope
        last = scope.rpartition("::")[2]
        texts = {
            self._own[one.demangled]
            for one in self._known.values()
            if one.demangled in self._own and one.signature.scope == scope and one.signature.last == last
        }
        return next(iter(texts)) if last and len(texts) == 1 else None

    def _is_core(self, name: str) -> bool:
        function = self._known.get(name)
        if function is None:
            return False
        unit = self._image.debug.unit(function.symbols[0].address)
        return bool(unit and _CORE.search(unit))

"""Which functions are meant where nobody named any: what setup() and loop() spend their work in.

The firmware is run once with these two timed, and the cycles of each are followed through its calls. Code of
the core, of an operating system, and of start-up is nobody's model.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace

from mlbench.core.call_tree import CallTree
from mlbench.core.execution import Functions, Outcome, Probe, SpanKind, Target
from mlbench.core.firmware import Firmware
from mlbench.core.inputs import NO_INPUTS, Inputs, TypedText
from mlbench.elf.candidates import application_functions, inference_tier, looks_like_init, name_tier
from mlbench.elf.functions import Function, all_functions
from mlbench.elf.image import Image
from mlbench.elf.inline_bodies import bodies_in, calls_from, inline_places
from mlbench.elf.names import inline_query
from mlbench.elf.signatures import signature
from mlbench.errors import MLBenchError

_SETUP, _LOOP = "setup()", "loop()"
_CORE = re.compile(
    r"^/platform/|/(cores|variants|mbed-os|mbed|cmsis|nrfx|hardware/[^/]+/[^/]+(/[\d.]+)?/libraries)/",
    re.IGNORECASE,
)
_MOST = 0.5
"""A share of the work; who has it does most of it."""
_MOST_US, _MOST_SILENT_US = 6e6, 2e6
"""Virtual time of a trial: whoever computes for longer is followed as far as that; the second is for trials
without the text that a sketch asks for."""
_MOST_TEXTS = 2
_TYPED_TURNS = 400
"""Turns of loop() that are followed where something is typed."""
_LEAST_CYCLES = 200
"""Less is no inference."""
_LEAST_UNNAMED = 20_000
"""Less in each call is none either where the name does not say that it is one."""
_NO_MODEL = re.compile(
    r"print|show|log(?!i)|dump|debug|wait|read|quanti[sz]|display|draw|sizeof|schedule|capture|record",
    re.IGNORECASE,
)
"""Names of other work."""
_TRAINS = re.compile(r"train|back_?prop|(^|[:_ ])fit(<|\(|$)|learn(?!ed)", re.IGNORECASE)
"""Names of what calls the model to teach it."""


@dataclass(frozen=True)
class Proposal:
    """Functions to measure, and what is to be said of them."""

    init: str | None
    inference: str
    notes: tuple[str, ...] = ()
    tier: int = 0
    """How much the name of the inference is like one: -1 the most, 2 not at all."""
    typed: tuple[TypedText, ...] = ()
    """What the sketch has to be given on its serial line, which nobody said."""

    @property
    def functions(self) -> Functions:
        """The names as a suite would give them."""
        return Functions(self.init, self.inference)


@dataclass(frozen=True)
class Trial:
    """How a sketch without names is run to see what it does."""

    timeout_us: float
    """Virtual time within which setup() and one loop() must end."""
    inputs: Inputs = NO_INPUTS
    typed: tuple[str, ...] = ()
    """What its source asks for on the serial line, where nobody gives it any."""
    inferences: int = 3
    """How many are to be timed: so often it is typed."""


def propose(firmware: Firmware, target: Target, trial: Trial) -> Proposal | None:
    """The functions that a sketch's init and inference most likely are; None where nothing tells.

    Args:
        firmware: the built sketch.
        target: where to run it; it must follow calls.
        trial: how to run it.

    Raises:
        EnvironmentFault: the host is at fault.
    """
    image = Image.load(firmware.elf)
    best: Proposal | None = None
    for text in (None, *trial.typed[:_MOST_TEXTS]):
        if best is not None and best.tier <= 0:
            break
        typed = () if text is None else (TypedText(text),) * trial.inferences
        inputs = replace(trial.inputs, serial=typed) if typed else trial.inputs
        trees = _trees(firmware, target, inputs, min(trial.timeout_us, _most_us(trial, typed)))
        candidate = proposal(image, trees) if trees else None
        if candidate is not None and (best is None or candidate.tier < best.tier):
            best = replace(candidate, typed=typed)
    return best


def _most_us(trial: Trial, typed: Sequence[TypedText]) -> float:
    return _MOST_SILENT_US if trial.typed and not typed else _MOST_US


def _trees(firmware: Firmware, target: Target, inputs: Inputs, timeout_us: float) -> dict[SpanKind, CallTree]:
    """Where setup() and loop() spent their cycles, as far as they got."""
    try:
        session = target.open(firmware, Functions("setup", "loop"), inputs)
    except MLBenchError as error:
        if error.exit_status == 4:
            raise
        return {}
    try:
        # A text is heard some turns of loop() after it was asked for.
        turns = _TYPED_TURNS if inputs.serial else 2
        run = session.run(Probe(inferences=turns, calls=True), timeout_us)
    finally:
        session.close()
    if run.outcome not in (Outcome.PASSED, Outcome.HUNG):
        return {}
    # The longest loop() is the one that inferred.
    spans = sorted(run.spans, key=lambda span: span.us)
    trees = {span.kind: span.calls for span in spans if span.calls is not None}
    # One that waits at its end, or never returns, has done its work before.
    return {**dict(run.unfinished), **trees}


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
        for call in _inferring(each):
            rank = (inference_tier(call.function), kind is SpanKind.INIT, call.depth, -call.work)
            if best is None or rank < best[0]:
                best = rank, kind, call
    outer = _inlined(image, judge, trees, best[2] if best is not None else None)
    if outer is not None:
        init = _init(calls, best[2], judge) if best is not None and best[0][0] == outer.tier else None
        return replace(outer, init=init)
    if best is None:
        return None
    (tier, *_), kind, inference = best
    notes = []
    if inference.calls > 1:
        place = "loop()" if kind is SpanKind.INFERENCE else "setup()"
        notes.append(f"{inference.calls} calls of {inference.name} within one {place}; one of them is timed")
    return Proposal(_init(calls, inference, judge), inference.name, tuple(notes), tier)


def _inlined(
    image: Image, judge: _Judge, trees: dict[SpanKind, CallTree], best: _Call | None
) -> Proposal | None:
    """An inference that the compiler inlined: one that calls the best, or has more of a name than it."""
    least = inference_tier(best.function) if best is not None else 1
    names = {path.function for tree in trees.values() for path in tree.paths}
    for function in judge.own(names):
        for body in bodies_in(image, function):
            signature_ = signature(body.name)
            tier = name_tier(signature_.last)
            if tier > 0 or _TRAINS.search(body.name) or _NO_MODEL.search(signature_.last):
                continue
            address = best.function.symbols[0].address if best is not None else 0
            calls_best = best is not None and tier <= least and calls_from(image, function, body, address)
            if not calls_best and tier >= least:
                continue
            if inline_places(image, *inline_query(body.name)) is None:
                continue
            if any(one.demangled == body.name for one in all_functions(image)):
                continue  # elsewhere it is called
            note = f"the compiler inlined {body.name} into {function.text}: what is timed is its body there"
            return Proposal(None, body.name, (note,), tier)
    return None


def _inferring(calls: Sequence[_Call]) -> Iterator[_Call]:
    """Calls of one span that may be the inference."""
    tiers: dict[int, list[_Call]] = {-1: [], 0: [], 1: [], 2: []}
    apart = [call for call in calls if not any(_TRAINS.search(name) for name in (call.name, *call.above))]
    for call in apart:
        if call.work >= _LEAST_CYCLES and not _NO_MODEL.search(call.function.signature.last):
            tiers[inference_tier(call.function)].append(call)
    for tier in (-1, 0, 1):
        # What has the name and little of the work only looks after it.
        most = max((call.work for call in tiers[tier]), default=0)
        yield from (call for call in tiers[tier] if call.work >= _MOST * most)
    outer = [call for call in tiers[2] if call.depth == 1]
    total = sum(call.work for call in outer)
    for call in outer:
        does_most = call.work >= _MOST * total and call.work >= _LEAST_UNNAMED * call.calls
        if does_most and not looks_like_init(call.function):
            yield call


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

    def own(self, names: Set[str]) -> Iterator[Function]:
        """setup(), loop() and the application's functions of these names."""
        for name in sorted(names):
            function = self._known.get(name)
            if function is not None and not self._is_core(name) and name in self._own:
                yield function

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

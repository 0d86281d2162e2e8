"""What a run's hooks have told: spans that were timed, how it ended, and what is still to be hooked."""

from __future__ import annotations

from dataclasses import dataclass, field

from mlbench.core.execution import SpanKind
from mlbench.renode.hooks import HookEvent

ENDS = "FMNOWZ"
"""A fault's handler, an access of what is not there, memory refused, too many calls of the heap, a wait for
what Renode lacks, a reset."""


@dataclass(frozen=True)
class TraceSpan:
    """One call of a named function, or what lies between two marks: in instructions, exactly."""

    kind: SpanKind
    instructions: int
    end: int = 0
    """Instructions executed when it ended."""


@dataclass
class Trace:
    """Made of the lines of all hooks so far.

    ``unknown`` are return addresses that were seen at an entry and have no hook yet, so that the end of
    that call will not be seen: the run is to be repeated with them.
    """

    init: TraceSpan | None = None
    inferences: list[TraceSpan] = field(default_factory=list)
    outputs: tuple[bytes, ...] = ()
    unknown: set[tuple[SpanKind, int]] = field(default_factory=set)
    end: HookEvent | None = None
    """What ends the run, of the letters in ``ENDS``; nothing after it counts."""
    absent: list[HookEvent] = field(default_factory=list)
    """The first access of each peripheral that Renode lacks."""
    entries: list[int] = field(default_factory=list)
    """Instructions executed when each function was entered."""
    loops: int = 0
    before_loop: tuple[int, ...] = ()
    """Bytes that had been sent when loop() was entered first: on USB, and in the UARTs' files."""
    inside: int = 0
    """Calls of the inference that have begun and not ended."""

    def spans(self) -> list[TraceSpan]:
        """All that counts: the initialization, then the inferences."""
        return ([self.init] if self.init else []) + self.inferences


@dataclass(frozen=True)
class Role:
    """What a hook stands for. ``site`` is the address of a return, for that."""

    kind: SpanKind
    site: int = 0
    ends: bool = False
    """A mark of the library that closes a span, not a function's entry."""


@dataclass
class _OpenSpan:
    kind: SpanKind
    site: int
    sp: int
    instructions: int


def read_trace(events: list[HookEvent], roles: tuple[Role, ...], returns: bool) -> Trace:
    """Follow the lines.

    Args:
        events: the lines, in order.
        roles: what the hooks of letters E and R stand for, by number.
        returns: spans end where calls return; otherwise where an end mark is entered.
    """
    trace = Trace()
    opened: list[_OpenSpan] = []
    sites = {(role.kind, role.site) for role in roles if role.site}
    for event in events:
        if event.letter in ENDS:
            trace.end = event
            break
        if event.letter == "U":
            trace.absent.append(event)
        elif event.letter == "L":
            trace.loops += 1
            trace.before_loop = tuple(event.value(n) for n in range(len(event.words)))
        elif event.letter == "E":
            role = roles[event.number]
            trace.entries.append(event.instructions)
            if role.ends:
                _close(trace, opened, event, lambda call, kind=role.kind: call.kind is kind)
                continue
            site = event.value(0) & ~1
            opened.append(_OpenSpan(role.kind, site, event.value(1), event.instructions))
            if returns and (role.kind, site) not in sites:
                trace.unknown.add((role.kind, site))
        elif event.letter == "R":
            role, sp = roles[event.number], event.value(0)
            key = (role.kind, role.site, sp)
            if _close(trace, opened, event, lambda call, key=key: (call.kind, call.site, call.sp) == key):
                _keep_outputs(trace, role, event)
    trace.inside = sum(call.kind is SpanKind.INFERENCE for call in opened)
    return trace


def _close(trace: Trace, opened: list[_OpenSpan], event: HookEvent, fits: object) -> bool:
    """End the innermost open span that fits; what was begun inside it was left by a jump."""
    assert callable(fits)
    at = next((n for n in reversed(range(len(opened))) if fits(opened[n])), None)
    if at is None:
        return False
    call = opened[at]
    del opened[at:]
    span = TraceSpan(call.kind, event.instructions - call.instructions, event.instructions)
    if call.kind is SpanKind.INFERENCE:
        trace.inferences.append(span)
    elif not trace.inferences and not any(other.kind is SpanKind.INFERENCE for other in opened):
        # The last initialization before the first inference is the one that counts.
        trace.init = span
    return True


def _keep_outputs(trace: Trace, role: Role, event: HookEvent) -> None:
    if role.kind is SpanKind.INFERENCE:
        words = b"".join(event.value(n).to_bytes(4, "little") for n in (1, 2))
        trace.outputs = (words, *(bytes.fromhex(text) for text in event.words[3:]))

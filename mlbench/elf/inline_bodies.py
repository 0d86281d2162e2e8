"""Bodies of functions that the compiler inlined, and where each is entered and left.

Only what is unambiguous is told: one entry or one exit of each body, as the code itself says. Compilers mix
a body with the code around it; then there is none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mlbench.elf.functions import Function, split_suffixes
from mlbench.elf.image import Image
from mlbench.elf.symbols import demangle
from mlbench.elf.thumb_flow import FunctionFlow, calls_of, flow_of
from mlbench.errors import SketchError

_MOST_GAP = 8
"""Bytes between two parts of a body that are taken as part of it: an instruction or two of what is around."""


@dataclass(frozen=True)
class InlinePlaces:
    """Addresses at which any of a function's bodies begins, and those at which one has ended."""

    entries: tuple[int, ...]
    exits: tuple[int, ...]


@dataclass(frozen=True)
class InlineBody:
    """One body: the function's name, demangled, and its ranges of addresses."""

    name: str
    spans: tuple[tuple[int, int], ...]


def bodies_in(image: Image, function: Function) -> tuple[InlineBody, ...]:
    """The bodies within a function, outer ones before those within them."""
    bodies = image.debug.inline_spans(function.symbols[0].address)
    return tuple(InlineBody(demangle(split_suffixes(name)[0]), spans) for name, spans in bodies)


def calls_from(image: Image, function: Function, body: InlineBody, callee: int) -> bool:
    """Whether a body within a function calls another function."""
    symbol = function.symbols[0]
    try:
        sites = calls_of(symbol.address, symbol.address + symbol.size, callee, image.read)
    except SketchError:
        return False
    return any(low <= site < high for site in sites for low, high in body.spans)


def inline_places(image: Image, word: str, matches: Callable[[str], bool]) -> InlinePlaces | None:
    """Where the bodies of the functions whose linker's names match are entered and left.

    ``word`` is an identifier that is part of each such name. None where there is no body, or one that has
    several of both, or that the function around it ends in.
    """
    try:
        return _of_all(image, word, matches)
    except SketchError:
        return None  # a damaged image: code that is in no segment


def _of_all(image: Image, word: str, matches: Callable[[str], bool]) -> InlinePlaces | None:
    parents = {call.parent for call in image.debug.inlined(word, matches)} if word else set()
    entries: set[int] = set()
    exits: set[int] = set()
    for symbol in image.functions:
        if split_suffixes(symbol.name)[0] not in parents:
            continue
        for name, spans in image.debug.inline_spans(symbol.address):
            if not matches(name):
                continue
            places = _places(image, symbol.address, symbol.address + symbol.size, spans)
            if places is None:
                return None
            entries |= set(places.entries)
            exits |= set(places.exits)
    return InlinePlaces(tuple(sorted(entries)), tuple(sorted(exits))) if entries else None


def _places(image: Image, start: int, end: int, spans: tuple[tuple[int, int], ...]) -> InlinePlaces | None:
    flow = flow_of(start, end, image.read)
    if flow is None:
        return None
    for gap in (0, _MOST_GAP):
        parts = _joined(spans, gap)

        def inside(address: int, parts: list[tuple[int, int]] = parts) -> bool:
            return any(low <= address < high for low, high in parts)

        entries = {to for at, to in flow.edges if inside(to) and not inside(at)}
        if inside(start):
            entries.add(start)
        exits = {to for at, to in flow.edges if inside(at) and not inside(to)}
        ends = any(inside(address) for address in flow.leaves)
        # With one of either nobody leaves in the middle and comes back. Of several entries all but one leave
        # out what the compiler moved in front of a loop.
        if (len(entries) == 1 or len(exits) == 1) and entries and exits and not ends:
            return _at_blocks(flow, entries, {at for at in flow.edges if inside(at[0]) and at[1] in exits})
    return None


def _at_blocks(flow: FunctionFlow, entries: set[int], leaving: set[tuple[int, int]]) -> InlinePlaces | None:
    """The same where blocks begin, as emulated code is stopped at these alone: a few instructions away."""
    begins: set[int] = set()
    for entry in entries:
        starts = flow.began(entry)
        if starts is None:
            return None
        begins |= starts
    ends = {to for at, to in leaving if at in flow.breaks}
    for to in {to for at, to in leaving if at not in flow.breaks}:
        blocks = flow.next_blocks(to)
        if blocks is None:
            return None
        ends |= blocks
    return InlinePlaces(tuple(sorted(begins)), tuple(sorted(ends)))


def _joined(spans: tuple[tuple[int, int], ...], gap: int) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for low, high in sorted(spans):
        if joined and low - joined[-1][1] <= gap:
            joined[-1] = joined[-1][0], max(high, joined[-1][1])
        else:
            joined.append((low, high))
    return joined

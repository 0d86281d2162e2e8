"""What of a run's text and outputs varies by itself: tokens of lines, and bytes of buffers.

Firmware may print a time, an address or a random number. Two runs of the same firmware then differ without
anything being wrong. A ``Variation`` says which parts differ between such runs; those are not compared.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mlbench.core.execution import RunResult

_TOKEN = re.compile(rb"-?\w+(?:\.\w+)*")
"""A word or a number: decimal, hexadecimal, with a fraction."""
_MARK_LINE = re.compile(
    rb"(mlbench (?:init|inference)_time )\d+( us #\d+ \*)[0-9a-f]{8}(?![0-9A-Za-z])(?P<rest>.*)", re.DOTALL
)
"""A line of the MLBench library's marks. Its time and its checksum depend on time."""
_WORD = 4
"""Bytes of a buffer are masked by words, as numbers in it are stored."""
_SHOWN = 60


@dataclass(frozen=True)
class Difference:
    """The first place where two runs differ. ``what`` is ``text``, ``output`` or ``work``."""

    what: str
    reason: str


@dataclass(frozen=True)
class Variation:
    """What is not compared.

    ``tokens`` holds the numbers of the words in each line that vary; None stands for the whole line.
    ``text`` tells that even the number of lines varies. ``bytes`` holds the varying bytes of each output;
    None stands for all of it. ``examples`` are for the reader, one a text and output.
    """

    tokens: Mapping[int, frozenset[int] | None] = field(default_factory=dict)
    text: bool = False
    bytes: Mapping[int, frozenset[int] | None] = field(default_factory=dict)
    examples: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.text or bool(self.tokens) or bool(self.bytes)

    def joined(self, other: Variation) -> Variation:
        """What either holds."""
        return Variation(
            _union(self.tokens, other.tokens),
            self.text or other.text,
            _union(self.bytes, other.bytes),
            self.examples or other.examples,
        )


def between(mine: RunResult, other: RunResult, *, text: bool, words: bool = True) -> Variation:
    """What differs between two runs that are both right.

    Args:
        mine: a run.
        other: another run of the same firmware.
        text: whether serial text counts.
        words: whether words may vary as well; else only what has a digit in it.
    """
    tokens: dict[int, frozenset[int] | None] = {}
    outputs: dict[int, frozenset[int] | None] = {}
    examples: list[str] = []
    mine_lines, its_lines = lines(mine, other)
    whole = text and words and len(mine_lines) != len(its_lines)
    for number, (a, b) in enumerate(zip(mine_lines, its_lines, strict=False) if text else ()):
        if a == b:
            continue
        varying = _tokens_between(a, b)
        if not words:
            if varying is None:
                continue
            tokens_of_line = _TOKEN.findall(a)
            varying = frozenset(
                index for index in varying if any(48 <= byte < 58 for byte in tokens_of_line[index])
            )
        if varying is None or varying:
            tokens[number] = varying
            examples.append(f"line {number + 1}, {shown(a)} or {shown(b)}")
    for index, (first, second) in enumerate(zip(mine.outputs, other.outputs, strict=False)):
        if first != second:
            outputs[index] = _bytes_between(first, second)
    if whole and not examples:
        examples.append(f"{len(mine_lines)} lines or {len(its_lines)}")
    return Variation(tokens, whole, outputs, tuple(examples[:1]))


def lines(mine: RunResult, other: RunResult) -> tuple[Sequence[bytes], Sequence[bytes]]:
    """The lines of two runs that must be the same."""
    if mine.lines is None and other.lines is None:
        return mine.steady, other.steady
    both = min(len(mine.steady), len(other.steady))
    return mine.steady[:both], other.steady[:both]


def text_difference(mine: RunResult, other: RunResult, known: Variation) -> Difference | None:
    """The first line whose text differs, apart from what is known to vary."""
    if known.text:
        return None
    mine_lines, its_lines = lines(mine, other)
    for number, (a, b) in enumerate(zip(mine_lines, its_lines, strict=False)):
        if a != b and not _same_but_for(a, b, known.tokens.get(number, frozenset())):
            where = f"serial text differs in line {number + 1}"
            return Difference("text", f"{where}: {shown(b)}, without a probe {shown(a)}")
    if len(mine_lines) == len(its_lines):
        return None
    shorter = min(len(mine_lines), len(its_lines))
    what, line = (
        ("ends before", mine_lines[shorter])
        if len(its_lines) < len(mine_lines)
        else ("goes on with", its_lines[shorter])
    )
    return Difference("text", f"serial text differs: it {what} {shown(line)}, line {shorter + 1}")


def output_difference(
    mine: bytes, other: bytes, known: frozenset[int] | None, name: str
) -> Difference | None:
    """The first byte of an output that differs, apart from what is known to vary."""
    if known is None or mine == other:
        return None
    pairs = enumerate(zip(mine, other, strict=False))
    at = next((n for n, (a, b) in pairs if a != b and n not in known), None)
    if at is None and len(mine) == len(other):
        return None
    at = min(len(mine), len(other)) if at is None else at
    instead = f"{_hex(other[at:])}, without a probe {_hex(mine[at:])}"
    return Difference("output", f"{name} differs from byte {at}: {instead}")


def shown(line: bytes) -> str:
    """A line for a message: its text, in quotes, at most as long as a message bears."""
    text = repr(line.rstrip(b"\r\n"))[1:]
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 5]}...{text[-1]}"


def _union(
    mine: Mapping[int, frozenset[int] | None], other: Mapping[int, frozenset[int] | None]
) -> dict[int, frozenset[int] | None]:
    joined = dict(mine)
    for index, varying in other.items():
        have = joined.get(index, frozenset())
        joined[index] = None if have is None or varying is None else have | varying
    return joined


def _split(line: bytes) -> tuple[list[bytes], list[bytes]]:
    """Words, and what stands between them."""
    line = _MARK_LINE.sub(rb"\1-\2-\g<rest>", line)
    return _TOKEN.findall(line), _TOKEN.split(line)


def _tokens_between(mine: bytes, other: bytes) -> frozenset[int] | None:
    (words, between_words), (its_words, its_between) = _split(mine), _split(other)
    if between_words != its_between:
        return None
    return frozenset(index for index, (a, b) in enumerate(zip(words, its_words, strict=True)) if a != b)


def _same_but_for(mine: bytes, other: bytes, known: frozenset[int] | None) -> bool:
    if known is None:
        return True
    differing = _tokens_between(mine, other)
    return differing is not None and differing <= known


def _bytes_between(mine: bytes, other: bytes) -> frozenset[int] | None:
    if len(mine) != len(other):
        return None
    differing = [n for n, (a, b) in enumerate(zip(mine, other, strict=True)) if a != b]
    if 2 * len(differing) > len(mine):
        return None
    return frozenset(at for n in differing for at in range(n - n % _WORD, n - n % _WORD + _WORD))


def _hex(data: bytes) -> str:
    return data[:24].hex(" ") + (" ..." if len(data) > 24 else "")

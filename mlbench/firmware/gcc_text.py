"""What gcc, the assembler and the linker say, as diagnostics.

gcc's own JSON (``-fdiagnostics-format=json``) is no help here: the linker has none, old compilers of
Arduino platforms lack it, and arduino-builder shows the text only. The tools run with LANG=C.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from mlbench.core.firmware import Diagnostic, Overflow

_PLACED = re.compile(
    r"^(?P<file>[^:\n][^\n]*?):(?P<line>\d+):(?:(?P<column>\d+):)?\s+"
    r"(?P<severity>fatal error|error|warning|Error|Warning|Fatal error):\s+(?P<message>.+)$"
)
_DRIVER = re.compile(
    r"^(?:[^:\n]*/)?(?:[\w-]+-)?(?:gcc|g\+\+|cc1|cc1plus|as|lto1|lto-wrapper|collect2|xg\+\+)(?:\.exe)?:\s+"
    r"(?P<severity>fatal error|error|internal compiler error):\s+(?P<message>.+)$"
)
_LINKER = re.compile(r"^(?:[^:\n]*/)?(?:[\w-]+-)?ld(?:\.\w+)*:\s*(?P<rest>.+)$")
_IN_SECTION = r"\((?:\.[^)\n]*|[^()\s]+\+0x[0-9a-f]+)\)"
_LINK_PLACE = re.compile(
    rf"^(?P<file>[^\n]*?):(?P<line>\d+)(?::(?:{_IN_SECTION}:)?|(?= cannot move))\s+(?P<message>\S.*)$"
)
_LINK_OBJECT = re.compile(rf"^(?:(?P<file>[^\n]*?):)?{_IN_SECTION}:\s+(?P<message>\S.*)$")
_LINK_ERROR = re.compile(
    r"undefined references? to|multiple definition of|cannot find |overflowed by|will not fit in region"
    r"|cannot move location counter|first defined here|relocation truncated|undefined symbol"
    r"|overlaps section|syntax error|No space left|file (?:format )?not recognized|assert|^error: "
)
"""Errors that name what is wrong, in the words of GNU ld."""
_LINK_CONTEXT = re.compile(
    r": in function [`'].*:$|^use the --help option|^removing unused section |^(?:note|NOTE|info): "
)
"""What GNU ld says beside an error, and what it says whether or not there is one."""
_LINK_FAILED = re.compile(r"^(?:\S*/)?(?:[\w-]+-)?collect2(?:\.exe)?: error: ld returned ", re.MULTILINE)
_OVERFLOW = re.compile(r"region [`']([^'`\s]+)' overflowed by (\d+) bytes?")
_BACKWARDS = re.compile(r"cannot move location counter backwards \(from ([0-9a-f]+) to ([0-9a-f]+)\)")
_MEMORY_ASSERTION = re.compile(
    r"\b(?:out of|not enough|insufficient|exceeds?) (?:\w+ )?(?:memory|ram|flash|space)\b"
    r"|\b(?:memory|ram|flash|heap|stack)\b.*"
    r"\b(?:overflow\w*|too (?:small|large|big)|exceed\w*|collide\w*|overlap\w*)\b",
    re.IGNORECASE,
)
_STACK_ASSERTION = re.compile(r"region (\w+) overflowed with stack")

Locate = Callable[[str], str]


def parse(text: str, locate: Locate = str, *, failed: bool = False) -> tuple[Diagnostic, ...]:
    """Errors and warnings in the order they were printed, each once.

    Where the build ``failed``, every line of the linker is told, whatever its words: those that no
    phrase of ours knows come last, so that the first error is one that names what is wrong.
    ``locate`` turns a path of the message into the one to show.
    """
    diagnostics: dict[Diagnostic, None] = {}
    others: dict[Diagnostic, None] = {}
    linkers: set[Diagnostic] = set()
    linking = False
    for line in map(str.rstrip, text.splitlines()):
        linker = _LINKER.match(line)
        linking |= bool(linker or _LINK_CONTEXT.search(line))
        diagnostic = _one(line, linker, locate)
        if diagnostic is not None:
            diagnostics[diagnostic] = None
        elif failed and linking:
            diagnostic = _of_linker(linker.group("rest") if linker else line, locate, placed=not linker)
            if diagnostic is not None:
                others[diagnostic] = None
        if linker and diagnostic is not None:
            linkers.add(diagnostic)
    every = tuple(diagnostics | others)
    if failed and not any(item.severity == "error" for item in every) and _LINK_FAILED.search(text):
        # --fatal-warnings makes errors of the linker's warnings and leaves the word as it is.
        return tuple(replace(item, severity="error") if item in linkers else item for item in every)
    return every


def overflows(text: str) -> tuple[Overflow, ...]:
    """The memory regions that a failed link says it overflowed."""
    worst: dict[str, int] = {}
    for region, count in _OVERFLOW.findall(text):
        worst[region] = max(worst.get(region, 0), int(count))
    return tuple(Overflow(region, count) for region, count in worst.items())


def backwards(text: str) -> tuple[tuple[int, int], ...]:
    """(reached, allowed) of each place where a script reserves heap or stack below what is used.

    GNU ld says so instead of an overflow where a script sets the location counter to a fixed
    distance from the region's end, as scripts after CMSIS do for the heap.
    """
    return tuple((int(a, 16), int(b, 16)) for a, b in _BACKWARDS.findall(text))


def stack_assertions(text: str) -> tuple[str, ...]:
    """Regions named by the assertion of CMSIS-like scripts that heap and stack do not meet."""
    return tuple(dict.fromkeys(_STACK_ASSERTION.findall(text)))


def memory_assertions(text: str) -> tuple[str, ...]:
    """What the linker says of assertions of a script that memory is used up, in words of the script's own."""
    messages = (match["rest"] for match in map(_LINKER.match, map(str.rstrip, text.splitlines())) if match)
    return tuple(dict.fromkeys(message for message in messages if _MEMORY_ASSERTION.search(message)))


def _one(line: str, linker: re.Match[str] | None, locate: Locate) -> Diagnostic | None:
    """What a line says, where its form or its words are known."""
    rest = linker.group("rest") if linker else line
    if not linker:
        placed = _PLACED.match(line)
        if placed:
            return Diagnostic(
                "warning" if "arning" in placed["severity"] else "error",
                placed["message"].strip(),
                locate(placed["file"]),
                int(placed["line"]),
                int(placed["column"] or 0),
            )
        driver = _DRIVER.match(line)
        if driver and not driver["message"].startswith("ld returned"):
            return Diagnostic("error", driver["message"].strip())
    if not _LINK_ERROR.search(rest) or rest.startswith("collect2"):
        return None
    return _of_linker(rest, locate, placed=not linker)


def _of_linker(text: str, locate: Locate, *, placed: bool) -> Diagnostic | None:
    """A line of the linker without its name; ``placed``: only where it begins with a place."""
    if _LINK_CONTEXT.search(text):
        return None
    severity = "warning" if "warning: " in text else "error"
    text = re.sub(r"^(?:warning|error): ", "", text)
    place = _LINK_PLACE.match(text)
    if place:
        return Diagnostic(severity, place["message"], locate(place["file"]), int(place["line"]))
    inside = _LINK_OBJECT.match(text)
    if inside:
        file = inside["file"]
        return Diagnostic(severity, inside["message"], locate(file) if file else "")
    return None if placed else Diagnostic(severity, text)

"""What gcc, the assembler and the linker say, as diagnostics.

gcc's own JSON (``-fdiagnostics-format=json``) is no help here: the linker has none, old compilers of
Arduino platforms lack it, and arduino-builder shows the text only. The tools run with LANG=C.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from mlbench.build.firmware import Diagnostic, Overflow

_PLACED = re.compile(
    r"^(?P<file>[^:\n][^\n]*?):(?P<line>\d+):(?:(?P<column>\d+):)?\s+"
    r"(?P<severity>fatal error|error|warning|Error|Warning|Fatal error):\s+(?P<message>.+)$"
)
_DRIVER = re.compile(
    r"^(?:\S*/)?(?:arm-none-eabi-)?(?:gcc|g\+\+|cc1|cc1plus|as|lto1|lto-wrapper|collect2|xg\+\+)(?:\.exe)?:\s+"
    r"(?P<severity>fatal error|error|internal compiler error):\s+(?P<message>.+)$"
)
_LINKER = re.compile(r"^(?:\S*/)?(?:[\w-]+-)?ld(?:\.\w+)*:\s*(?P<rest>.+)$")
_LINK_PLACE = re.compile(r"^(?P<file>[^\n]*?):(?P<line>\d+):\s+(?P<message>\S.*)$")
_LINK_OBJECT = re.compile(r"^(?P<file>[^\n]*?):\(\.[^)]*\):\s+(?P<message>\S.*)$")
_LINK_ERROR = re.compile(
    r"undefined reference to|multiple definition of|cannot find |overflowed by|will not fit in region"
    r"|cannot move location counter|first defined here|relocation truncated|undefined symbol"
    r"|overlaps section|syntax error|No space left|file not recognized|assert"
)
_OVERFLOW = re.compile(r"region [`']([^'`\s]+)' overflowed by (\d+) bytes?")
_BACKWARDS = re.compile(r"cannot move location counter backwards \(from ([0-9a-f]+) to ([0-9a-f]+)\)")
_STACK_ASSERTION = re.compile(r"region (\w+) overflowed with stack")

Locate = Callable[[str], str]


def parse(text: str, locate: Locate = str) -> tuple[Diagnostic, ...]:
    """Errors and warnings in the order they were printed, each once.

    ``locate`` turns a path of the message into the one to show.
    """
    found: dict[Diagnostic, None] = {}
    for line in text.splitlines():
        diagnostic = _one(line.rstrip(), locate)
        if diagnostic is not None:
            found[diagnostic] = None
    return tuple(found)


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


def _one(line: str, locate: Locate) -> Diagnostic | None:
    linker = _LINKER.match(line)
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
    severity = "warning" if "warning: " in rest else "error"
    place = _LINK_PLACE.match(rest)
    if place:
        return Diagnostic(severity, place["message"], locate(place["file"]), int(place["line"]))
    inside = _LINK_OBJECT.match(rest)
    if inside:
        return Diagnostic(severity, inside["message"], locate(inside["file"]))
    return Diagnostic(severity, rest) if linker else None

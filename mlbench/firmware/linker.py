"""Second links: memory regions made longer for what does not fit, and malloc pulled in for probes.

Every link of a workspace reads a response file of ours, which is empty for the first one: the link that
flash and time are taken from has no harness in it. A second link differs by that file alone, so the
sketch compiler sees no changed property and compiles nothing again.

Regions are enlarged by a script with a copy of the platform's MEMORY block, its lengths raised,
which is read beside the platform's own script: GNU ld treats all MEMORY blocks as one, and a later
declaration of a region replaces an earlier one (manual of GNU ld, section 3.7, and its warning
"redeclaration of memory region"). The platform's files stay as they are, and scripts that a hook
of the platform makes while building serve as well as those of a variant.
"""

from __future__ import annotations

import ast
import operator
import re
import shlex
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mlbench.core.firmware import Overflow
from mlbench.firmware import gcc_text
from mlbench.firmware.compiler import expand

PULL_MALLOC = "-Wl,-u,malloc\n"
"""Links malloc into an image that has no use for it, for a probe to call."""

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_MEMORY = re.compile(r"(?<![\w.])MEMORY\s*\{([^}]*)\}")
_INCLUDE = re.compile(r"(?<![\w.])INCLUDE\s+(\"[^\"]+\"|\S+)")
_REGION = re.compile(
    r"(?P<name>[\w.$-]+)\s*(?:\((?P<attributes>[^)]*)\))?\s*:\s*"
    r"(?:ORIGIN|org|o)\s*=\s*(?P<origin>[^,;\n]+?)\s*,?\s*"
    r"(?<![\w.])(?:LENGTH|len|l)\s*=\s*(?P<length>[^,;\n]+?)"
    r"(?=\s*(?:[,;\n]|\Z|[\w.$-]+\s*(?:\([^)]*\))?\s*:))"
)
_NUMBER = re.compile(r"\b(0[xX][0-9a-fA-F]+|\d+)([kKmM]?)\b")
_SLACK = 64 * 1024
_PAGE = 4096


@dataclass(frozen=True)
class LinkerRegion:
    """A memory region as a linker script has it; ``origin`` and ``length`` are its expressions."""

    name: str
    attributes: str
    origin: str
    length: str

    @property
    def writable(self) -> bool:
        """Whether it is RAM."""
        return "w" in self.attributes.lower().split("!")[0]

    def holds(self, address: int) -> bool:
        """Whether an address lies in it, its end included; False when its numbers are not known."""
        origin, length = evaluate(self.origin), evaluate(self.length)
        return origin is not None and length is not None and origin <= address <= origin + length


def parse_regions(script: str) -> tuple[LinkerRegion, ...]:
    """All regions of a script's MEMORY blocks."""
    regions = []
    for block in _MEMORY.findall(_COMMENT.sub(" ", script)):
        for match in _REGION.finditer(block):
            regions.append(
                LinkerRegion(
                    match["name"], match["attributes"] or "", match["origin"].strip(), match["length"].strip()
                )
            )
    return tuple(regions)


def evaluate(expression: str) -> int | None:
    """The value of an expression of numbers (decimal, hexadecimal, K, M), None when it has names in it."""
    units = {"": "1", "k": "1024", "m": "1048576"}
    text = _NUMBER.sub(lambda match: f"({match[1]}*{units[match[2].lower()]})", expression)
    with suppress(SyntaxError, ValueError, KeyError, ZeroDivisionError, RecursionError):
        return _value(ast.parse(text.strip(), mode="eval").body)
    return None


_OPERATORS: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.floordiv,
    ast.Mod: operator.mod,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.LShift: lambda left, right: left << min(right, 64),
    ast.RShift: operator.rshift,
}


def _value(node: ast.expr) -> int:
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return node.value
    if isinstance(node, ast.BinOp):
        return _OPERATORS[type(node.op)](_value(node.left), _value(node.right))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.Invert)):
        value = _value(node.operand)
        return -value if isinstance(node.op, ast.USub) else ~value
    raise ValueError(f"no number: {ast.dump(node)}")


def scripts_of(properties: Mapping[str, str], build_path: Path) -> tuple[Path, ...]:
    """Linker scripts that the link recipe names with ``-T``, in its order."""
    recipe = expand(properties.get("recipe.c.combine.pattern", ""), properties)
    try:
        words = shlex.split(recipe)
    except ValueError:
        return ()
    named: list[str] = []
    for index, word in enumerate(words):
        if word in ("-T", "-Wl,-T", "-Xlinker -T") and index + 1 < len(words):
            named.append(words[index + 1].removeprefix("-Wl,"))
        elif word.startswith(("-Wl,-T,", "-Wl,--script=")):
            named.append(word.removeprefix("-Wl,-T,").removeprefix("-Wl,--script="))
        elif word.startswith("-T") and not re.match(r"-T(?:text|data|bss)", word):
            named.append(word[2:].lstrip("="))
    folders = [build_path, *(Path(word[2:]) for word in words if word.startswith("-L") and len(word) > 2)]
    paths = (_found(name, folders) for name in named)
    return tuple(path for path in paths if path is not None)


def read_regions(scripts: tuple[Path, ...]) -> tuple[LinkerRegion, ...]:
    """The regions that scripts declare, those of included files with them. Files that lack are skipped."""
    regions: dict[str, LinkerRegion] = {}
    queue, seen = list(scripts), set[Path]()
    while queue:
        path = queue.pop(0)
        if path in seen:
            continue
        seen.add(path)
        with suppress(OSError):
            text = path.read_text(encoding="utf-8", errors="replace")
            regions |= {region.name: region for region in parse_regions(text)}
            for name in _INCLUDE.findall(_COMMENT.sub(" ", text)):
                included = _found(name.strip('"'), [path.parent])
                if included is not None:
                    queue.append(included)
    return tuple(regions.values())


def overflowed(output: str, regions: tuple[LinkerRegion, ...]) -> tuple[Overflow, ...]:
    """What a failed link overflowed; empty when it failed for another reason.

    Where the script only says that heap or stack no longer fit, the region is the one that holds the
    place, and the bytes are those between what is used and what is allowed (0 where it does not say).
    An assertion in words of the script's own counts where nothing else is said.
    """
    overflows = list(gcc_text.overflows(output))
    named = {overflow.region for overflow in overflows}
    for reached, allowed in gcc_text.backwards(output):
        home = next((region.name for region in regions if region.writable and region.holds(allowed)), "RAM")
        if home not in named:
            named.add(home)
            overflows.append(Overflow(home, reached - allowed))
    for home in gcc_text.stack_assertions(output):
        if home not in named:
            named.add(home)
            overflows.append(Overflow(home, 0))
    for message in () if overflows else gcc_text.memory_assertions(output):
        flash = re.search(r"\b(?:flash|rom|text)\b", message, re.IGNORECASE) is not None
        homes = [region.name for region in regions if region.writable is not flash]
        home = next((name for name in homes if name in ("RAM", "FLASH")), homes[0] if homes else "RAM")
        if home not in named:
            named.add(home)
            overflows.append(Overflow(home, 0))
    return tuple(overflows)


def enlarged(regions: tuple[LinkerRegion, ...], overflows: tuple[Overflow, ...], attempt: int) -> str:
    """A MEMORY block that makes every overflowed region long enough, the more so the later the attempt."""
    lines = []
    for overflow in overflows:
        for region in regions:
            if region.name == overflow.region:
                extra = -(-(overflow.bytes + (_SLACK << (2 * attempt))) // _PAGE) * _PAGE
                attributes = f" ({region.attributes})" if region.attributes else ""
                lines.append(
                    f"  {region.name}{attributes} : ORIGIN = {region.origin},"
                    f" LENGTH = ({region.length}) + {extra:#x}"
                )
    return "MEMORY\n{\n" + "\n".join(lines) + "\n}\n" if lines else ""


def link_options(script: Path) -> str:
    """The response file that adds a script to a link."""
    return f"-Wl,--no-fatal-warnings\n{quoted(script)}\n"


def quoted(path: Path) -> str:
    """A path as a response file has it."""
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _found(name: str, folders: list[Path]) -> Path | None:
    candidates = (Path(name), *(folder / name for folder in folders))
    return next((path for path in candidates if path.is_absolute() and path.is_file()), None)

"""Debug information: where code came from in the sources, and what was inlined where.

Everything is read when first asked for and only for the compilation units concerned: a sketch's
debug information is ten times its code, and a whole pass over it takes seconds. Debug information is
a help, never a need, so damaged or missing parts make answers absent and raise nothing.
"""

from __future__ import annotations

import re
import struct
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from mlbench.elf.debug_sections import Allowance, DebugSections, TooMuch, check_line_header, line_number
from mlbench.elf.dies import FUNCTION_TAGS, VARIABLE_TAGS, join, name_of, parent_of, plain_name_of, text_of
from mlbench.elf.headers import printable
from mlbench.elf.types import Prototype, ValueKind, call_operators, chain_of, offset_of, prototype_of

if TYPE_CHECKING:
    from mlbench.core.execution import Frame
    from mlbench.elf.image import Image

_Answer = TypeVar("_Answer")
_MOST_MENTIONS = 1_000_000
_MOST_GIVEN_UP = 3
"""Answers that took too much, each of which costs seconds: after these there are none."""


@dataclass(frozen=True)
class SourceLine:
    """A line of a source file. ``file`` is as the compiler was given it, with its folder."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True)
class CalledThrough:
    """What calls of a variable reach: that it has an operator(), where its code is, where it was inlined."""

    callable: bool = False
    addresses: tuple[int, ...] = ()
    inlined: tuple[InlinedCall, ...] = ()


@dataclass(frozen=True)
class InlinedCall:
    """One call that the compiler replaced by the function's body.

    ``name`` and ``parent`` are linker's names (mangled for C++); ``call`` is the line of the call.
    """

    name: str
    parent: str
    call: SourceLine


@dataclass(frozen=True)
class InlineFrame:
    """One level at an address: a function (linker's name) that is there, inlined or not.

    ``called_at`` is where the next level out calls it; None for the function that is not inlined.
    """

    name: str
    called_at: SourceLine | None


@dataclass(frozen=True)
class ReturnValue:
    """A number that a function returns: its size in bytes, and whether in floating-point registers."""

    size: int
    floating: bool


class DebugInfo:
    """The debug information of one image."""

    def __init__(self, image: Image) -> None:
        self._image = image
        self._lines: dict[int, tuple[list[int], list[tuple[int, int]]]] = {}
        self._functions: dict[int, list[tuple[int, int, Any]]] = {}
        self._given_up = 0
        self._sound_programs: set[int] = set()
        self._allowance = Allowance()

    @property
    def present(self) -> bool:
        """Whether the image has any (``-g`` when compiling, not stripped since)."""
        return self._given_up < _MOST_GIVEN_UP and self._sections.present

    def line(self, address: int) -> tuple[str, int] | None:
        """The source file and line that ``address`` came from; None where unknown."""
        source_line: SourceLine | None = self._guard(lambda: self._line(address & ~1), None)
        return (source_line.file, source_line.line) if source_line else None

    def unit(self, address: int) -> str:
        """The source file whose compilation gave the code at ``address``; "" where unknown."""
        return self._guard(lambda: self._unit_name(address & ~1), "")

    def inlined(self, word: str, matches: Callable[[str], bool]) -> tuple[InlinedCall, ...]:
        """Calls that were inlined of functions whose linker's name ``matches``.

        ``word`` is an identifier that is part of each such name; units without it are not looked at.
        """
        return self._guard(lambda: tuple(dict.fromkeys(self._inlined(word, matches))), ())

    def defined(self, word: str, matches: Callable[[str], bool]) -> tuple[str, ...]:
        """Names of matching functions that were compiled, whether or not their code is in the image."""
        return self._guard(lambda: tuple(dict.fromkeys(self._defined(word, matches))), ())

    def called_through(self, variable: str) -> CalledThrough:
        """The functions that calls of a variable reach: those of the lambda that it holds.

        ``variable`` is its name, with its namespaces and classes where it is in some.
        """
        return self._guard(lambda: self._called_through(variable), CalledThrough())

    def member_offset(self, structure: str, member: str) -> int | None:
        """Where a member lies in a structure of C, in bytes; None where unknown."""
        return self._guard(lambda: self._member_offset(structure, member), None)

    def inline_chain(self, address: int) -> tuple[InlineFrame, ...]:
        """The functions that stand at ``address``, innermost first; empty where unknown."""
        return self._guard(lambda: tuple(self._inline_chain(address & ~1)), ())

    def inline_spans(self, address: int) -> tuple[tuple[str, tuple[tuple[int, int], ...]], ...]:
        """The functions that were inlined into the one at ``address``: linker's name and ranges of each.

        Outer ones come before those within them.
        """
        return self._guard(lambda: tuple(self._inline_spans(address & ~1)), ())

    def returned(self, address: int) -> ReturnValue | None:
        """The number that the function at ``address`` returns; None for none, or an address or object."""
        prototype = self.prototype(address)
        if prototype is None or not prototype.returns.number:
            return None
        return ReturnValue(prototype.returns.size, prototype.returns.kind is ValueKind.FLOAT)

    def parameters(self, address: int) -> int | None:
        """How many arguments the function at ``address`` takes, ``this`` included; None where unknown."""
        prototype = self.prototype(address)
        return None if prototype is None or prototype.variadic else len(prototype.parameters)

    def prototype(self, address: int) -> Prototype | None:
        """What the function at ``address`` takes and returns; None where that is not known."""

        def look() -> Prototype | None:
            unit = self._unit_at(address & ~1)
            die = self._subprogram(unit, address & ~1) if unit is not None else None
            return prototype_of(die) if die is not None else None

        return self._guard(look, None)

    def unwind(
        self,
        pc: int,
        registers: dict[int, int],
        read: Callable[[int, int], bytes],
        *,
        psp: int | None = None,
        places: bool = True,
    ) -> list[Frame]:
        """The call chain; see ``mlbench.elf.unwind.unwind``."""
        from mlbench.elf.unwind import unwind

        return unwind(self._image, pc, registers, read, psp=psp, places=places)

    def _guard(self, answer: Callable[[], _Answer], otherwise: _Answer) -> _Answer:
        # pyelftools raises whatever the damaged bytes lead it to: KeyError, struct.error, its own...
        if not self.present:
            return otherwise
        try:
            self._renew()
            return answer()
        except Exception as error:
            # pyelftools may have made another exception of a TooMuch.
            self._given_up += isinstance(error, TooMuch) or self._allowance.exhausted
            return otherwise

    @cached_property
    def _sections(self) -> DebugSections:
        return DebugSections(self._image)

    def _renew(self) -> None:
        """Begin a new reader where the one in use has read much: it keeps all that it read."""
        if self._allowance.half_used:
            self._allowance = Allowance()
            self.__dict__.pop("_dwarf", None)
            self._lines.clear()
            self._functions.clear()

    @cached_property
    def _dwarf(self) -> Any:
        return self._sections.reader(self._allowance)

    def _units(self) -> Iterator[Any]:
        """Each unit; none of its entries may be kept when the next one is asked for."""
        for offset, _ in self._sections.units():
            self._renew()
            yield self._dwarf.get_CU_at(offset)

    @cached_property
    def _ranges(self) -> tuple[list[int], list[tuple[int, int]]]:
        """Starts of address ranges, and (end, offset of the unit) of each."""
        ranges = []
        aranges = self._dwarf.get_aranges()
        if aranges is not None and aranges.entries:
            ranges = [(e.begin_addr, e.begin_addr + e.length, e.info_offset) for e in aranges.entries]
        else:
            for unit in self._units():
                ranges += [(low, high, unit.cu_offset) for low, high in self._spans(unit.get_top_DIE())]
        linked_ranges = sorted(entry for entry in ranges if entry[1] > entry[0] and self._linked(entry[0]))
        return [low for low, _, _ in linked_ranges], [(high, unit) for _, high, unit in linked_ranges]

    def _linked(self, start: int) -> bool:
        """Whether a range that starts there was linked. The linker leaves dropped code at address 0."""
        if start == 0:
            return any(function.address == 0 for function in self._image.functions[:1])
        return self._image.is_code(start)

    def _unit_at(self, address: int) -> Any:
        starts, ends = self._ranges
        index = bisect_right(starts, address) - 1
        if index >= 0 and address < ends[index][0]:
            return self._dwarf.get_CU_at(ends[index][1])
        return None

    def _unit_name(self, address: int) -> str:
        unit = self._unit_at(address)
        if unit is None:
            return ""
        top = unit.get_top_DIE()
        return join(text_of(top, "DW_AT_comp_dir"), text_of(top, "DW_AT_name"))

    def _line(self, address: int) -> SourceLine | None:
        unit = self._unit_at(address)
        if unit is None:
            return None
        if unit.cu_offset not in self._lines:
            self._lines[unit.cu_offset] = self._rows(unit)
        starts, rows = self._lines[unit.cu_offset]
        index = bisect_right(starts, address) - 1
        number = line_number(rows[index][1]) if index >= 0 else 0
        return SourceLine(self._file(unit, rows[index][0]), number) if number else None

    def _rows(self, unit: Any) -> tuple[list[int], list[tuple[int, int]]]:
        """Addresses in order, and (file, line) of each; line 0 after the end of a sequence."""
        program = self._program(unit)
        rows: list[tuple[int, int, int, int]] = []
        sequence: list[tuple[int, int, int, int]] = []
        for entry in program.get_entries() if program is not None else ():
            state = entry.state
            if state is None:
                continue
            if not state.end_sequence:
                sequence.append((state.address, 1, state.file, state.line))
                continue
            if sequence and self._linked(sequence[0][0]):
                rows += [*sequence, (state.address, 0, 0, 0)]
            sequence = []
        # Sorted by address only (and ends before starts): of rows at one address the last one holds.
        rows.sort(key=lambda row: row[:2])
        return [row[0] for row in rows], [(row[2], row[3]) for row in rows]

    def _program(self, unit: Any) -> Any:
        place = unit.get_top_DIE().attributes.get("DW_AT_stmt_list")
        if place is not None and place.value not in self._sound_programs:
            check_line_header(self._dwarf, unit.structs, place.value)
            self._sound_programs.add(place.value)
        return self._dwarf.line_program_for_CU(unit)

    def _file(self, unit: Any, index: int) -> str:
        header = self._program(unit).header
        entries = header["file_entry"]
        base = text_of(unit.get_top_DIE(), "DW_AT_comp_dir")
        # DWARF 5, section 6.2.4: files and folders count from 0, before that from 1 (folder 0: comp_dir).
        first = 0 if header["version"] >= 5 else 1
        if not 0 <= index - first < len(entries):
            return ""
        entry = entries[index - first]
        folders = header["include_directory"]
        folder = entry.dir_index - first
        where = printable(folders[folder]) if 0 <= folder < len(folders) else ""
        return join(base, join(where, printable(entry.name)))

    def _mentions(self, word: str) -> Iterator[Any]:
        """Units with an entry of the plain name ``word``, found without parsing any of them.

        Units of link-time optimization refer to others by offset, so they all count.
        """
        info, text = self._sections.info, self._sections.strings
        # gcc gives templates their arguments with the name. The linker merges the tails of strings, so
        # the name may begin in the middle of one. Short names stand in the entry itself.
        name = re.compile(b"~?" + re.escape(word.encode()) + b"[\0<]")
        offsets = {at for match in name.finditer(text) for at in (match.start(), match.start() + 1)}
        places = sorted([match.start() for match in name.finditer(info)] + _find_words(info, offsets))
        if len(places) > _MOST_MENTIONS:
            raise TooMuch
        for unit in self._units():
            end = unit.cu_offset + unit.size
            index = bisect_right(places, unit.cu_offset)
            mentioned = index < len(places) and places[index] < end
            if mentioned or text_of(unit.get_top_DIE(), "DW_AT_name") == "<artificial>":
                yield unit

    def _inlined(self, word: str, matches: Callable[[str], bool]) -> Iterator[InlinedCall]:
        for unit in self._mentions(word):
            for die in unit.iter_DIEs():
                if die.tag == "DW_TAG_inlined_subroutine":
                    name = name_of(die)
                    if word in name and matches(name):
                        yield InlinedCall(name, parent_of(die), self._call_place(unit, die))

    def _defined(self, word: str, matches: Callable[[str], bool]) -> Iterator[str]:
        for unit in self._mentions(word):
            for die in unit.iter_DIEs():
                if die.tag == "DW_TAG_subprogram" and "DW_AT_declaration" not in die.attributes:
                    name = name_of(die)
                    if word in name and matches(name):
                        yield name

    def _called_through(self, variable: str) -> CalledThrough:
        is_callable, addresses, calls = False, list[int](), list[InlinedCall]()
        for unit in self._mentions(variable.rpartition("::")[2]):
            entries = list(unit.iter_DIEs())
            offsets = {
                function.offset
                for die in entries
                if die.tag in VARIABLE_TAGS and plain_name_of(die) == variable
                for function in call_operators(die)
            }
            is_callable |= bool(offsets)
            for die in entries if offsets else ():
                if die.tag not in FUNCTION_TAGS or offsets.isdisjoint(part.offset for part in chain_of(die)):
                    continue
                if die.tag == "DW_TAG_subprogram":
                    addresses += [low for low, _ in self._spans(die)][:1]
                else:
                    calls.append(InlinedCall(name_of(die), parent_of(die), self._call_place(unit, die)))
        return CalledThrough(is_callable, tuple(dict.fromkeys(addresses)), tuple(dict.fromkeys(calls)))

    def _member_offset(self, structure: str, member: str) -> int | None:
        for unit in self._mentions(structure):
            for die in unit.get_top_DIE().iter_children():
                offset = offset_of(die, structure, member)
                if offset is not None:
                    return offset
        return None

    def _call_place(self, unit: Any, die: Any) -> SourceLine:
        file = die.attributes.get("DW_AT_call_file")
        line = die.attributes.get("DW_AT_call_line")
        return SourceLine(
            self._file(unit, file.value) if file else "", line_number(line.value) if line else 0
        )

    def _inline_chain(self, address: int) -> Iterator[InlineFrame]:
        unit = self._unit_at(address)
        if unit is None:
            return
        chain: list[InlineFrame] = []
        die = self._subprogram(unit, address)
        while die is not None:
            if die.tag in FUNCTION_TAGS:
                place = self._call_place(unit, die) if die.tag == "DW_TAG_inlined_subroutine" else None
                chain.append(InlineFrame(name_of(die), place))
            die = self._inner(die, address)
        yield from reversed(chain)

    def _inline_spans(self, address: int) -> Iterator[tuple[str, tuple[tuple[int, int], ...]]]:
        unit = self._unit_at(address)
        top = self._subprogram(unit, address) if unit is not None else None
        queue = list(top.iter_children()) if top is not None else []
        while queue:
            die = queue.pop(0)
            if die.tag == "DW_TAG_inlined_subroutine":
                spans = self._spans(die)
                if spans:
                    yield name_of(die), tuple(spans)
            elif die.tag != "DW_TAG_lexical_block":
                continue
            queue += die.iter_children()

    def _subprogram(self, unit: Any, address: int) -> Any:
        if unit.cu_offset not in self._functions:
            self._functions[unit.cu_offset] = [
                (low, high, die)
                for die in unit.get_top_DIE().iter_children()
                if die.tag == "DW_TAG_subprogram"
                for low, high in self._spans(die)
            ]
        return next((d for low, high, d in self._functions[unit.cu_offset] if low <= address < high), None)

    def _inner(self, die: Any, address: int) -> Any:
        for child in die.iter_children():
            if child.tag == "DW_TAG_lexical_block" or child.tag in FUNCTION_TAGS:
                if any(low <= address < high for low, high in self._spans(child)):
                    return child
                if child.tag == "DW_TAG_lexical_block" and not self._spans(child):
                    inner = self._inner(child, address)
                    if inner is not None:
                        return inner
        return None

    def _spans(self, die: Any) -> list[tuple[int, int]]:
        """The address ranges of an entry (DWARF 5, section 2.17)."""
        ranges = die.attributes.get("DW_AT_ranges")
        low = die.attributes.get("DW_AT_low_pc")
        if ranges is None:
            high = die.attributes.get("DW_AT_high_pc")
            if low is None or high is None or not self._linked(low.value):
                return []
            end = high.value if high.form == "DW_FORM_addr" else low.value + high.value
            return [(low.value, end)]
        base_die = die.cu.get_top_DIE().attributes.get("DW_AT_low_pc")
        base = base_die.value if base_die is not None else 0
        spans = []
        for entry in self._dwarf.range_lists().get_range_list_at_offset(ranges.value, die.cu):
            if hasattr(entry, "base_address"):
                base = entry.base_address
                continue
            shift = 0 if getattr(entry, "is_absolute", False) else base
            spans.append((entry.begin_offset + shift, entry.end_offset + shift))
        return [span for span in spans if span[1] > span[0] and self._linked(span[0])]


def _find_words(data: bytes, values: set[int]) -> list[int]:
    """Where any of these 32-bit numbers stands, aligned or not."""
    offsets: list[int] = []
    for shift in range(4) if values else ():
        words = memoryview(data)[shift : shift + (len(data) - shift) // 4 * 4]
        offsets += [
            shift + 4 * index
            for index, (word,) in enumerate(struct.iter_unpack("<I", words))
            if word in values
        ]
    return offsets

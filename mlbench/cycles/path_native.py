"""``path_price`` in C, by ctypes: the same cycles, some hundred times as fast."""

from __future__ import annotations

import ctypes
from bisect import bisect_left
from collections.abc import Callable, Sequence
from functools import cache

from mlbench.cycles.model import CostModel
from mlbench.cycles.path_price import PathBlock, PathPricer
from mlbench.host.native import built_library

_SETS_MOST, _DEPTH_MOST, _HANDLERS_MOST = 512, 64, 512
_UNKNOWN = 1
_TABLE = 1 << 16
_BLOCKS_MOST, _INSNS_MOST = 1 << 15, 1 << 18


class _NativeInsn(ctypes.Structure):
    _fields_ = (
        ("pc", ctypes.c_uint32),
        ("through", ctypes.c_uint32),
        ("literal", ctypes.c_uint32),
        ("words", ctypes.c_uint8),
        ("width", ctypes.c_uint8),
        ("has_literal", ctypes.c_uint8),
        ("divides", ctypes.c_uint8),
        ("dividend", ctypes.c_uint8),
        ("divisor", ctypes.c_uint8),
        ("shows", ctypes.c_uint8),
        ("spare", ctypes.c_uint8),
        ("more", ctypes.c_int32),
    )


class _NativeBlock(ctypes.Structure):
    _fields_ = tuple(
        (name, ctypes.c_uint32)
        for name in ("address", "end", "count", "cycles", "first", "taken", "straddles", "links", "fetched")
    )


class _NativeState(ctypes.Structure):
    _fields_ = (
        ("cycles", ctypes.c_int64),
        ("instructions", ctypes.c_int64),
        ("mark_count", ctypes.c_int64),
        ("next_mark", ctypes.c_int64),
        ("marks", ctypes.c_void_p),
        ("at_marks", ctypes.c_void_p),
        ("table", ctypes.c_void_p),
        ("blocks", ctypes.c_void_p),
        ("insns", ctypes.c_void_p),
        ("table_mask", ctypes.c_uint32),
        ("flash_start", ctypes.c_uint32),
        ("flash_end", ctypes.c_uint32),
        ("where", ctypes.c_uint32),
        *(
            (name, ctypes.c_int32)
            for name in ("block", "left", "position", "data_word", "from_flash")
        ),
        ("next", ctypes.c_uint32),
        *(
            (name, ctypes.c_int32)
            for name in (
                *("line_bits", "sets", "new_line", "next_line", "controller", "straddle", "entry", "exit"),
                *("word_bits", "new_word", "same_word", "unaligned", "divide_unknown"),
            )
        ),
        ("divide", ctypes.c_int32 * 33),
        ("depth", ctypes.c_int32),
        ("handler_count", ctypes.c_int32),
        ("filled_at", ctypes.c_int64),
        ("filled_line", ctypes.c_int64),
        ("interrupted", ctypes.c_uint32 * _DEPTH_MOST),
        ("handlers", ctypes.c_uint32 * _HANDLERS_MOST),
        ("tags", ctypes.c_uint32 * (2 * _SETS_MOST)),
        ("newest", ctypes.c_uint8 * _SETS_MOST),
    )  # fmt: skip


@cache
def library() -> ctypes.CDLL | None:
    """The library of this environment; None where there is none."""
    path = built_library()
    if path is None:
        return None
    loaded = ctypes.CDLL(str(path))
    loaded.mlbench_path_price.restype = ctypes.c_int64
    loaded.mlbench_path_state_size.restype = ctypes.c_int64
    if loaded.mlbench_path_state_size() != ctypes.sizeof(_NativeState):
        raise ValueError(f"{path.name} does not fit its Python side")
    return loaded


class NativePathPricer:
    """Adds up the cycles of a path that is given as words. Arguments: see ``PathPricer``.

    ``library`` must have found one.
    """

    def __init__(
        self,
        model: CostModel,
        read: Callable[[int, int], bytes],
        flash: range,
        handlers: frozenset[int] = frozenset(),
    ) -> None:
        loaded = library()
        assert loaded is not None
        self._price = loaded.mlbench_path_price
        self._twin = PathPricer(model, read, flash, handlers)
        costs = model.run
        self._table = (ctypes.c_uint32 * _TABLE)()
        self._blocks = (_NativeBlock * _BLOCKS_MOST)()
        self._insns = (_NativeInsn * _INSNS_MOST)()
        self._block_count = self._insn_count = 0
        self._marks = (ctypes.c_int64 * 1)()
        self._at_marks = (ctypes.c_int64 * 1)()
        state = self._state = _NativeState()
        state.table, state.table_mask = ctypes.addressof(self._table), _TABLE - 1
        state.blocks, state.insns = ctypes.addressof(self._blocks), ctypes.addressof(self._insns)
        state.flash_start, state.flash_end = flash.start, flash.stop
        state.block = -1
        state.line_bits, state.sets = costs.cache_line_bits, costs.cache_sets
        state.new_line, state.next_line = costs.cached.new, costs.cached.next
        state.controller, state.word_bits = costs.controller, costs.data_word_bits
        state.straddle, state.unaligned = costs.straddle, costs.unaligned
        state.entry, state.exit = costs.exception_entry, costs.exception_exit
        state.new_word, state.same_word = costs.read_new_word, costs.read_same_word
        state.divide_unknown = model.divide_cycles
        state.divide[:] = costs.divide
        chosen = sorted(handlers)[:_HANDLERS_MOST]
        state.handler_count = len(chosen)
        state.handlers[: len(chosen)] = chosen
        state.tags[:] = [0xFFFFFFFF] * (2 * _SETS_MOST)

    @property
    def cycles(self) -> int:
        """Cycles so far."""
        return int(self._state.cycles)

    @property
    def instructions(self) -> int:
        """Instructions so far."""
        return int(self._state.instructions)

    def mark(self, counts: Sequence[int]) -> None:
        """From now on, keep the cycles before the blocks that begin after so many instructions; ascending."""
        self._marks = (ctypes.c_int64 * max(1, len(counts)))(*counts)
        self._at_marks = (ctypes.c_int64 * max(1, len(counts)))(*[-1] * len(counts))
        state = self._state
        state.mark_count, state.next_mark = len(counts), bisect_left(counts, self.instructions)
        state.marks, state.at_marks = ctypes.addressof(self._marks), ctypes.addressof(self._at_marks)

    def marked(self) -> dict[int, int]:
        """The cycles at each count that was asked for and has been reached since."""
        reached = range(self._state.next_mark)
        return {self._marks[n]: self._at_marks[n] for n in reached if self._at_marks[n] >= 0}

    def follow(self, words: ctypes.Array[ctypes.c_uint32], count: int) -> None:
        """Go on along the path of so many words: whole instructions, as ``renode.retrace`` has them."""
        reason = ctypes.c_int32()
        at = 0
        while at < count:
            begin = ctypes.c_void_p(ctypes.addressof(words) + 4 * at)
            left = ctypes.c_int64(count - at)
            at += self._price(ctypes.byref(self._state), begin, left, ctypes.byref(reason))
            if reason.value == _UNKNOWN:
                self._add(self._twin.block_at(self._state.where))

    def _add(self, block: PathBlock) -> None:
        index, first = self._block_count, self._insn_count
        if index + 1 >= min(_BLOCKS_MOST, _TABLE // 2) or first + block.count + 1 >= _INSNS_MOST:
            raise ValueError("the path has more code than is priced")
        for number, pc in enumerate(block.through):
            words, width, literal = block.loads.get(pc, (0, 1, -1))
            dividend, divisor, signed = block.divides.get(pc, (0, 0, False))
            insn = self._insns[first + number]
            insn.pc, insn.through, insn.words, insn.width = pc, block.through[pc], words, width
            insn.has_literal, insn.literal = literal >= 0, max(0, literal)
            insn.divides = 1 + signed if pc in block.divides else 0
            insn.dividend, insn.divisor = dividend, divisor
            insn.more, insn.shows = block.more.get(pc, (0, False))
        place = self._blocks[index]
        place.address, place.end, place.count, place.cycles = (
            block.address,
            block.end,
            block.count,
            block.cycles,
        )
        place.first, place.taken = first, block.taken
        place.straddles, place.links, place.fetched = block.straddles, block.links, block.fetched
        at = ((block.address >> 1) * 2654435761 & 0xFFFFFFFF) >> 8
        while self._table[at & _TABLE - 1]:
            at += 1
        self._table[at & _TABLE - 1] = index + 1
        self._block_count, self._insn_count = index + 1, first + block.count

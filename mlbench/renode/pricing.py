"""From a trace to cycles: in C where there is a compiler, else by its Python twin, which gives the same."""

from __future__ import annotations

import ctypes
import gzip
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

from mlbench.cycles.model import CostModel
from mlbench.cycles.path_native import NativePathPricer, library
from mlbench.cycles.path_price import PathPricer
from mlbench.renode.retrace import HEADER, IO_READ, LONGEST, READ, WRONG, read_trace_file, refused

_CHUNK = 1 << 20
_READS = (IO_READ, READ)


class TracePricer:
    """Prices traces that follow each other, from reset on. Arguments: see ``PathPricer``.

    ``force_python`` uses the twin.
    """

    def __init__(
        self,
        model: CostModel,
        read: Callable[[int, int], bytes],
        flash: range,
        handlers: frozenset[int] = frozenset(),
        *,
        force_python: bool = False,
    ) -> None:
        loaded = None if force_python else library()
        self._words_of = loaded.mlbench_retrace_words if loaded is not None else None
        if self._words_of is not None:
            self._words_of.restype = ctypes.c_int64
        self._native = NativePathPricer(model, read, flash, handlers) if loaded is not None else None
        self._twin = PathPricer(model, read, flash, handlers)
        self._words = (ctypes.c_uint32 * _CHUNK)()

    @property
    def native(self) -> bool:
        """Whether it is done in C."""
        return self._native is not None

    @property
    def instructions(self) -> int:
        """Instructions so far."""
        return self._native.instructions if self._native is not None else self._twin.instructions

    def follow(self, path: Path, counts: Sequence[int]) -> dict[int, int]:
        """Go on with a trace file; the cycles after so many instructions each, as far as it reaches.

        Args:
            path: the file.
            counts: numbers of instructions, ascending, at which blocks begin.

        Raises:
            EnvironmentFault: see ``read_trace_file``.
        """
        if self._native is None:
            wanted = set(counts)
            steps = (
                (pc, tuple(a.address for a in accesses if a.kind in _READS), registers, bool(accesses))
                for pc, accesses, registers in read_trace_file(path)
            )
            return {count: cycles for count, cycles in self._twin.follow(steps) if count in wanted}
        self._native.mark(counts)
        try:
            self._price(self._native, path)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise refused(path, f"is cut off or corrupted ({error})") from None
        except ValueError as error:
            raise refused(path, f"cannot be priced: {error}") from None
        return self._native.marked()

    def _price(self, native: NativePathPricer, path: Path) -> None:
        assert self._words_of is not None
        consumed, rest = ctypes.c_int64(), b""
        with gzip.open(path) as file:
            if (header := file.read(len(HEADER))) != HEADER:
                raise refused(path, f"begins with {header[:16]!r}, which is no trace of version 5")
            position = len(HEADER)
            while more := file.read(_CHUNK):
                data, at = rest + more, 0
                while True:
                    begin = ctypes.c_char_p(data[at:] if at else data)
                    left, room = ctypes.c_int64(len(data) - at), ctypes.c_int64(len(self._words))
                    count = self._words_of(begin, left, self._words, room, ctypes.byref(consumed))
                    if count < 0:
                        what = f"is corrupted: {WRONG[-1 - count]}, {position + at + consumed.value} bytes in"
                        raise refused(path, what)
                    native.follow(self._words, count)
                    at += consumed.value
                    if not consumed.value:
                        break
                position += at
                rest = data[at:]
                if len(rest) > LONGEST:
                    raise refused(path, f"is corrupted: no end of an instruction, {position} bytes in")
        if rest:
            raise refused(path, f"is cut off within an instruction, {position} bytes in")

"""Standard output and error that cannot stop a run: whoever reads them may leave, their disk may be full."""

from __future__ import annotations

import io
import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class _Descriptor(io.FileIO):
    """A file descriptor that takes whatever is written, and remembers the first error."""

    error: OSError | None = None

    def write(self, data: ReadableBuffer, /) -> int:
        """Write what can be written; of what cannot, all counts as written."""
        if self.error is None:
            try:
                while (written := super().write(data)) is None:
                    select.select([], [self], [])  # another program has made it one that does not wait
                return written
            except OSError as error:
                self.error = error
        return memoryview(data).nbytes


def guard_streams() -> None:
    """From here on, writing to this process's standard output and error raises nothing.

    A descriptor that is closed is opened, so that no file that is written later takes its number. It is
    opened for reading: what is written to it is lost, and counts as that.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDONLY)  # it gets the lowest number that is free
    if sys.stdin is None:
        sys.stdin = open(0, closefd=False)  # noqa: SIM115 (it stays open)
    sys.stdout = _guarded(sys.stdout, 1, "strict")
    sys.stderr = _guarded(sys.stderr, 2, "backslashreplace")


def _guarded(stream: TextIO | None, number: int, errors: str) -> TextIO:
    if stream is not None and (_descriptor(stream) is not None or _number(stream) != number):
        return stream
    if stream is not None:
        with suppress(OSError):
            stream.flush()
    raw = _Descriptor(number, "w", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        getattr(stream, "encoding", None) or "utf-8",
        getattr(stream, "errors", None) or errors,
        line_buffering=number == 2 or raw.isatty(),
    )


def _number(stream: TextIO) -> int:
    try:
        return stream.fileno()
    except (OSError, ValueError):  # it is kept in memory
        return -1


def lost_output(stream: TextIO) -> OSError | None:
    """Why something that was written to a guarded stream did not arrive; None: all did, or it is another."""
    descriptor = _descriptor(stream)
    if descriptor is None:
        return None
    stream.flush()
    return descriptor.error


@contextmanager
def for_people(stream: TextIO) -> Iterator[None]:
    """Within the context, what does not arrive is not missed: results are the same without it."""
    known = lost_output(stream)
    try:
        yield
    finally:
        descriptor = _descriptor(stream)
        if descriptor is not None and known is None and lost_output(stream) is not None:
            descriptor.error = None


def _descriptor(stream: TextIO) -> _Descriptor | None:
    raw = getattr(getattr(stream, "buffer", None), "raw", None)
    return raw if isinstance(raw, _Descriptor) else None

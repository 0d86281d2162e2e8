"""Errors, split by who has to act. Each carries the exit status of design's contract.

A message is one line: what, where, what to do. ``str(error)`` gives it.
"""

from __future__ import annotations

from typing import Any


class MLBenchError(Exception):
    """Base of all errors that are meant for the user.

    Args:
        what: what went wrong, without a trailing full stop.
        where: file and line, port, or sketch and board; empty when the message names it.
        do: what to do about it.
    """

    exit_status = 3

    def __init__(self, what: str, *, where: str = "", do: str = "") -> None:
        self.what = what
        self.where = where
        self.do = do
        super().__init__(what, where, do)

    def __reduce__(self) -> tuple[Any, ...]:
        # Errors go from one process of this program to another.
        return _restored, (type(self), self.args, self.__dict__)

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}; {self.do}" if self.do else text


def _restored(kind: type[MLBenchError], args: tuple[Any, ...], state: dict[str, Any]) -> MLBenchError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error


class UsageError(MLBenchError):
    """The command line or a configuration file is wrong (exit status 2)."""

    exit_status = 2


class SketchError(MLBenchError):
    """A sketch failed to build or to run (exit status 3)."""

    exit_status = 3


class EnvironmentFault(MLBenchError):
    """A tool, a port, the network or the machine is at fault (exit status 4)."""

    exit_status = 4


NO_MEMORY = (
    "this machine, or a limit on this process, has no memory left; end other programs or raise the limit"
)
"""What Python's ``MemoryError`` is told as."""


class HostTimeout(EnvironmentFault):
    """Host time ran out. Never an outcome of firmware: those are decided in virtual time."""


class SlowFirmware(SketchError):
    """Host time ran out by what the firmware does: it would on every host."""


STATUS_ORDER = (2, 4, 3, 1, 0)
"""Which exit status wins when several apply: the first of these."""


def worst_status(statuses: list[int]) -> int:
    """The exit status to end with when several things went wrong."""
    return next((status for status in STATUS_ORDER if status in statuses), 0)

"""The backends, a row each: what the command line, suites, the action, tests and the cache know of one.

What a row names as ``module:name`` is imported when it is first used. Standard library alone: the first
step of the action checks its inputs before there is an environment.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True)
class Backend:
    """A place where firmware runs."""

    name: str
    target: str = ""
    """``module:name`` of what makes a target of a board; empty for one on a port, which a run leases."""
    device: str = ""
    """``module:name`` of what makes a device of firmware, a board's FQBN and options; empty: it has none."""
    exact: bool = False
    """Whether the same image gives the same figures each time, so that they may be kept and used again."""
    needs: str = ""
    """The part of a board's file without which the board cannot be measured there; empty: none."""
    on_port: bool = False
    """Whether it is a real board: a sketch is then built with what measures it there."""
    runs: bool = True
    """Whether it runs firmware at all; otherwise the image alone is measured, of any board."""
    cross_checks: bool = False
    """Whether it may be the second instrument of ``--cross-check``."""
    lets_pass: tuple[tuple[str, str], ...] = ()
    """Ends of the emulator, by words of their reason, that it does not have; each with why, for the user."""

    def make_target(self, board: Any) -> Any:
        """The target of a board. Raises what its maker raises."""
        return _named(self.target)(board)

    def make_device(self, firmware: Any, board: str, **options: Any) -> Any:
        """A device, switched off. Raises what its maker raises."""
        return _named(self.device)(firmware, board=board, **options)


BACKENDS = (
    Backend(
        "emulator",
        target="mlbench.targets.emulator.target:EmulatorTarget",
        device="mlbench.testing.device:emulated_device",
        exact=True,
        needs="emulator",
    ),
    Backend(
        "renode",
        target="mlbench.targets.renode.target:RenodeTarget",
        device="mlbench.testing.renode_device:RenodeDevice",
        needs="renode",
        cross_checks=True,
        lets_pass=(("unaligned access", "does not check alignment"),),
    ),
    Backend(
        "board",
        device="mlbench.testing.board_device:BoardDevice",
        needs="serial",
        on_port=True,
    ),
    Backend(
        "none",
        target="mlbench.targets.sizes:SizesTarget",
        exact=True,
        runs=False,
    ),
)
"""The first one is used where none is named."""


def rows() -> tuple[Backend, ...]:
    """All backends."""
    return BACKENDS


def names() -> tuple[str, ...]:
    """Their names."""
    return tuple(backend.name for backend in BACKENDS)


def default() -> str:
    """The backend that is used where none is named."""
    return BACKENDS[0].name


def of_images() -> str:
    """The backend that measures an image without running it."""
    return next(backend.name for backend in BACKENDS if not backend.runs)


def of_boards() -> str:
    """The backend of real boards."""
    return next(backend.name for backend in BACKENDS if backend.on_port)


def find(name: str) -> Backend | None:
    """The backend of a name; None where there is none."""
    return next((backend for backend in BACKENDS if backend.name == name), None)


def _named(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)

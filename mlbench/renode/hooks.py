"""What Renode does at an address, as rows; the functions themselves are in ``inside.ipy``, which Renode runs.

What hooks note comes as lines: a letter, a number, the instructions executed so far, then what belongs to the
letter, all in decimal but for contents of memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

HANDLED = (3, 4, 5, 6, 12)
"""Exceptions whose handlers end a run: HardFault, the three that it stands in for, and the debug monitor."""


@dataclass(frozen=True)
class Hook:
    """A row: ``kind`` names a function of ``inside.ipy``, ``arguments`` are its own, numbers and tuples."""

    address: int
    kind: str
    arguments: tuple[object, ...] = ()


class HookEvent(NamedTuple):
    """One line: its letter, its number, instructions so far, and the other words."""

    letter: str
    number: int
    instructions: int
    words: tuple[str, ...] = ()

    def value(self, index: int) -> int:
        """A word as a number."""
        return int(self.words[index], 0) & 0xFFFFFFFF


def program(events: str, usb: str, uarts: tuple[str, ...], reset_watch: int, hooks: tuple[Hook, ...]) -> str:
    """The file that Renode runs once for a machine: the functions, and a call that hooks them.

    Args:
        events: the absolute name of the file of lines.
        usb: of the file of what was sent on USB: hexadecimal, a line a call.
        uarts: of the files of what the UARTs sent.
        reset_watch: the address of the peripheral that tells of a reset.
        hooks: the rows; several may share an address.
    """
    functions = files("mlbench.renode").joinpath("inside.ipy").read_text(encoding="utf-8")
    rows = "".join(f"    ({hook.address:#x}, {hook.kind!r}, {hook.arguments!r}),\n" for hook in hooks)
    return (
        f"{functions}\n\nmlbench_start(\n"
        f"    {events!r},\n    {usb!r},\n    {uarts!r},\n    {reset_watch:#x},\n    (\n{rows}),\n)\n"
    )


class EventFile:
    """The lines of one machine, read on from where they were left.

    Raises of ``events``: ValueError, where a line is not of this form, or a hook failed; its text says so.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._events: list[HookEvent] = []
        self._error = ""

    def events(self) -> list[HookEvent]:
        """All whole lines so far; one that is not complete yet is left for the next time."""
        if not self._error and self._path.is_file():
            with self._path.open("rb") as file:
                file.seek(self._offset)
                data = file.read()
            whole = data[: data.rfind(b"\n") + 1]
            self._offset += len(whole)
            for line in whole.decode("utf-8", "replace").splitlines():
                self._take(line)
        if self._error:
            raise ValueError(self._error)
        return list(self._events)

    def _take(self, line: str) -> None:
        words = line.split()
        if words[:1] == ["X"]:
            self._error = self._error or f"a hook failed: {line[2:200]}"
            return
        try:
            event = HookEvent(words[0], int(words[1]), int(words[2], 0), tuple(words[3:]))
        except (IndexError, ValueError):
            self._error = self._error or f"{line[:80]!r} is not a line of a hook"
            return
        self._events.append(event)


def entered(
    number: int, address: int, pointers: tuple[int, ...] = (), wanted: int = 0, objects: tuple[int, ...] = ()
) -> Hook:
    """``E``: a function is entered; lr, sp, the arguments that ``pointers`` names by index, and addresses.

    Arguments 0 to 3 are in r0 to r3, others on the stack (AAPCS, 6.5). The CPU stops at the ``wanted``th hit
    of all hooks that have such a number; 0: at none. What the firmware would do in the rest of the time that
    Renode was told to let pass is then not done.
    """
    return Hook(address, "entered", (number, pointers, objects, wanted))


def returned(number: int, address: int, sizes: tuple[int, ...] = (), wanted: int = 0) -> Hook:
    """``R``: a call of a function has come back to ``address``; sp, r0, r1, and the buffers it filled.

    The buffers are where ``entered`` saw its pointers, ``sizes`` bytes each. ``wanted`` is as there.
    """
    return Hook(address, "returned", (number, sizes, wanted))


def refused(address: int) -> Hook:
    """``N``: no memory was given; the CPU stops."""
    return Hook(address, "refused", (0,))


def loop(address: int) -> Hook:
    """``L``: loop() is entered; bytes sent before its first turn, on USB and in the UARTs' files.

    A later turn is the end, once something was sent.
    """
    return Hook(address, "loop", (0,))


def fault(address: int) -> Hook:
    """``F``: an exception's handler is entered that ends the run, by its number; the CPU stops.

    PC, LR and xPSR where it happened, and where they were found: the frame lies on the main stack unless bit
    2 of the return value in LR says otherwise (ARMv7-M Architecture Reference Manual, B1.5.6 and B1.5.8).
    """
    return Hook(address, "fault", (0,))


def at_setup(address: int, least: int, most: int, pattern: int, ram: tuple[str, int, int]) -> Hook:
    """``B``: setup() is entered first: SP, and from where on up to SP memory is painted.

    That is ``most`` bytes, but from ``least`` on. Before, what RAM holds is written to a file: ``ram`` is its
    name, and RAM's start and size.
    """
    return Hook(address, "at_setup", (0, least, most, pattern, *ram))


def heap(number: int, address: int, most: int) -> Hook:
    """``H``: a function of the heap is entered; r0 to r2, lr and sp. ``h``: a call has come back.

    Of that its address, sp and r0 are told. ``O``: there were more than ``most`` calls; the CPU stops.
    """
    return Hook(address, "heap_entered", (number, most))


def usb_connected(address: int) -> Hook:
    """Arduino's Mbed core is told that somebody has opened its USB serial port."""
    return Hook(address, "usb_connected")


def usb_send(address: int) -> Hook:
    """What the core sends on USB, r2 bytes at r1, is written to a file instead; it returns 1."""
    return Hook(address, "usb_send")

"""What Renode does at an address: Python of its own, which writes a line to a file for the host to read.

Renode runs hooks in its IronPython, a Python 2, before the instruction at their address. An error
that leaves a hook ends the whole process, so none may; it is written down instead. A hook's own
variables last from one hit to the next; the module ``sys`` is shared by all of them.

A line: a letter, the hook's number, the instructions executed so far, then what belongs to the letter, all
in decimal but for contents of memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

EVENTS = "events"
"""The file of lines, in Renode's working folder."""
USB_FILE = "usb"
"""The file of what was sent on USB: hexadecimal, a line a call."""


@dataclass(frozen=True)
class Hook:
    """Python to run at an address. ``code`` is a block of whole lines."""

    address: int
    code: str

    def text(self, run: int) -> str:
        """The file that Renode executes at each hit, in the ``run``th machine of the process."""
        body = "\n".join(f"    {line}" for line in self.code.splitlines())
        return (
            f"import sys\nrun = {run}\n"
            f"def note(text, name={EVENTS!r}):\n"
            "    f = open(name, 'a')\n"
            "    f.write(text + '\\n')\n"
            "    f.close()\n"
            "def register(number):\n"
            "    return int(str(self.GetRegister(number)), 0)\n"
            "def word(address):\n"
            "    return int(self.Bus.ReadDoubleWord(address))\n"
            "def octets(address, count):\n"
            "    return ''.join(['%02x' % int(b) for b in self.Bus.ReadBytes(address, count)])\n"
            "try:\n"
            f"{body}\n"
            "except Exception as e:\n"
            "    note('X %s' % e)\n"
        )


class HookEvent(NamedTuple):
    """One line: its letter, the hook's number, instructions so far, and the other words."""

    letter: str
    number: int
    instructions: int
    words: tuple[str, ...]

    def value(self, index: int) -> int:
        """A word as a number."""
        return int(self.words[index], 0) & 0xFFFFFFFF


def parse_events(text: str) -> list[HookEvent]:
    """The whole lines of the file; one that is not complete yet is left for the next time.

    Raises:
        ValueError: a line is not of this form, or a hook failed; its text says so.
    """
    events = []
    for line in text.split("\n")[:-1]:
        words = line.split()
        if words[:1] == ["X"]:
            raise ValueError(f"a hook failed: {line[2:200]}")
        try:
            events.append(HookEvent(words[0], int(words[1]), int(words[2], 0), tuple(words[3:])))
        except (IndexError, ValueError):
            raise ValueError(f"{line[:80]!r} is not a line of a hook") from None
    return events


def _halt_at(wanted: int) -> str:
    """Stops the CPU at the last of so many hits of all hooks that have this; 0: never.

    What the firmware would do in the rest of the time that Renode was told to let pass is not done.
    """
    if not wanted:
        return ""
    return (
        "\nname = 'mlbench_count_%d' % run"
        "\nsetattr(sys, name, getattr(sys, name, 0) + 1)"
        f"\nif getattr(sys, name) == {wanted}:\n    self.IsHalted = True"
    )


def entered(
    number: int, address: int, pointers: tuple[int, ...] = (), wanted: int = 0, objects: tuple[int, ...] = ()
) -> Hook:
    """``E``: a function is entered; lr, sp, the arguments that ``pointers`` names by index, and addresses.

    Arguments 0 to 3 are in r0 to r3, others on the stack (AAPCS, 6.5). The CPU stops at the ``wanted``th.
    """
    arguments = ", ".join(
        [
            *(
                f"register({index})" if index < 4 else f"word(register(13) + {4 * (index - 4)})"
                for index in pointers
            ),
            *map(str, objects),
        ]
    )
    return Hook(
        address,
        f"sys.mlbench_pointers = [{arguments}]\n"
        f"words = [self.ExecutedInstructions, register(14), register(13)] + sys.mlbench_pointers\n"
        f"note('E {number} ' + ' '.join([str(w) for w in words]))" + _halt_at(wanted),
    )


def returned(number: int, address: int, sizes: tuple[int, ...] = (), wanted: int = 0) -> Hook:
    """``R``: a call of a function has come back to ``address``; sp, r0, r1, and the buffers it filled.

    The buffers are where ``entered`` saw its pointers, ``sizes`` bytes each. The CPU stops at the
    ``wanted``th.
    """
    code = ["words = [self.ExecutedInstructions, register(13), register(0), register(1)]"]
    for index, size in enumerate(sizes):
        code.append(f"words.append(octets(sys.mlbench_pointers[{index}], {size}))")
    code.append(f"note('R {number} ' + ' '.join([str(w) for w in words]))")
    return Hook(address, "\n".join(code) + _halt_at(wanted))


def passed(letter: str, number: int, address: int, most: int = 1_000_000) -> Hook:
    """A line with ``letter`` when the address is reached, for the first ``most`` times; lr and sp."""
    code = (
        "count = globals().get('count', 0) + 1\n"
        f"if count <= {most}:\n"
        f"    note('{letter} {number} %d %d %d' % (self.ExecutedInstructions, register(14), register(13)))"
    )
    return Hook(address, code)


def fault(number: int, address: int) -> Hook:
    """``F``: the handler of exception ``number`` is entered; PC and LR where it happened.

    The frame lies on the main stack unless bit 2 of the return value in LR says otherwise
    (ARMv7-M Architecture Reference Manual, B1.5.6 and B1.5.8); then neither is told, and both are 0.
    """
    code = (
        "at = (0, 0)\n"
        "if not register(14) & 4:\n"
        "    at = (word(register(13) + 24), word(register(13) + 20))\n"
        f"note('F {number} %d %d %d' % (self.ExecutedInstructions, at[0], at[1]))"
    )
    return Hook(address, code)


_LEAVE = "self.PC = self.GetRegister(14)"
"""Go back to the caller without having run the function."""


def usb_connected(address: int) -> Hook:
    """Arduino's Mbed core is told that somebody has opened its USB serial port."""
    return Hook(address, f"self.SetRegisterUlong(0, 1)\n{_LEAVE}")


def usb_send(address: int) -> Hook:
    """What the core sends on USB, r2 bytes at r1, is written to a file instead; it returns 1."""
    return Hook(
        address,
        f"note(octets(register(1), register(2)), {USB_FILE!r})\nself.SetRegisterUlong(0, 1)\n{_LEAVE}",
    )

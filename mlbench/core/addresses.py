"""What is known of an address that firmware cannot reach, in the words of all backends."""

from __future__ import annotations

_NULL = 0x1000
"""An address below is that of a member or element at a null pointer."""
_LONGEST_PUSH = 256
"""Bytes below SP that one instruction reaches: STR with write-back; a VPUSH of all registers takes 128."""


def remark(address: int, *, ram: range, flash: range) -> str:
    """A remark in brackets, with a blank before it; empty where nothing is known."""
    if address < _NULL:
        return " (a null pointer)"
    if address in flash:
        return " (flash cannot be written like this)"
    if ram.stop <= address < ram.stop + len(ram):
        return " (past the end of RAM)"
    if ram.start - len(ram) <= address < ram.start:
        return " (below RAM)"
    return ""


def stack_left_ram(address: int, sp: int, ram: range) -> bool:
    """Whether an access is that of a stack at the bottom of RAM that has grown out of it."""
    below = range(ram.start - len(ram), ram.start)
    return address in below and below.start <= sp < below.stop + _LONGEST_PUSH

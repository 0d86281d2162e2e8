"""Text of sketches made harmless for terminals and logs, and figures with their separators."""

from __future__ import annotations

import os
import unicodedata
from typing import TextIO


def printable(text: str) -> str:
    """``text`` on one line, with everything that steers a terminal or hides text written as an escape.

    Sketches name themselves and print what they like: escape sequences, line breaks and the
    characters that turn the direction of writing must not reach a terminal or a log as they are.
    """
    return "".join(_visible(character) for character in text)


def _visible(character: str) -> str:
    if character == " " or unicodedata.category(character)[0] not in "CZ":
        return character
    code = ord(character)
    if code < 0x100:
        return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(character, f"\\x{code:02x}")
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def count(value: int) -> str:
    """A whole number with thousands apart: ``148,152``."""
    return f"{value:,}"


def milliseconds(us: float) -> str:
    """Microseconds as milliseconds, to the microsecond: ``53.654``."""
    return f"{us / 1000:,.3f}"


def elide(text: str, limit: int) -> str:
    """``printable`` text of at most ``limit`` characters; the middle gives way: names differ at the ends."""
    text = printable(text)
    if len(text) <= limit:
        return text
    tail = (limit - 1) // 2
    return f"{text[: limit - 1 - tail]}…{text[len(text) - tail :]}"


def is_terminal(out: TextIO) -> bool:
    """Whether ``out`` is a terminal that understands more than text."""
    return out.isatty() and os.environ.get("TERM", "") not in ("", "dumb")

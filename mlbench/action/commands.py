"""Workflow commands: the lines by which a step speaks to the runner.

The runner reads each line of a step's output for them, those of compilers and firmware included; so all
that others wrote is printed between ``::stop-commands::`` and a marker that nobody can guess.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO

from mlbench.util.text import printable

LEVELS = ("error", "warning", "notice")
SHOWN = 10
"""Annotations of a level that GitHub shows of one step."""


def escape_data(text: str) -> str:
    """Text as the message of a command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def escape_property(text: str) -> str:
    """Text as the value of a command's property."""
    return escape_data(text).replace(":", "%3A").replace(",", "%2C")


@dataclass
class Commands:
    """Writes workflow commands to ``out``."""

    out: TextIO

    def annotate(self, level: str, message: str, *, title: str = "", file: str = "", line: int = 0) -> None:
        """An annotation: ``error``, ``warning`` or ``notice``, on a file's line where one is given."""
        assert level in LEVELS, level
        properties = {"file": file, "line": str(line) if file and line > 0 else "", "title": title}
        given = ",".join(f"{key}={escape_property(text)}" for key, text in properties.items() if text)
        self._say(f"::{level}{' ' if given else ''}{given}::{escape_data(message)}")

    def mask(self, secret: str) -> None:
        """Have the runner show ``***`` wherever this text appears from now on."""
        for line in secret.splitlines():
            if line.strip():
                self._say(f"::add-mask::{escape_data(line)}")

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        """Lines that the log folds under a title."""
        self._say(f"::group::{escape_data(printable(title))}")
        try:
            yield
        finally:
            self._say("::endgroup::")

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """What is printed within is text, whatever it looks like; standard error included."""
        marker = secrets.token_hex(16)
        self._say(f"::stop-commands::{marker}")
        try:
            yield
        finally:
            # Text without a line break at its end must not swallow the marker.
            self._say(f"\n::{marker}::")

    def _say(self, line: str) -> None:
        self.out.write(f"{line}\n")
        self.out.flush()

"""Parsers of verbs: errors of one line, and a record of what each takes."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from mlbench.errors import UsageError


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, and which knows its arguments."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.taken: list[argparse.Action] = []
        """Every argument, in the order it was added."""
        super().__init__(*arguments, **options)

    def add_argument(self, *names: Any, **options: Any) -> argparse.Action:
        """See ``argparse``."""
        action = super().add_argument(*names, **options)
        self.taken.append(action)
        return action

    def error(self, message: str) -> NoReturn:
        """End with an error of the user's."""
        raise UsageError(message, do=f"see `{self.prog} --help`")


@dataclass(frozen=True)
class Verb:
    """One verb of the command line."""

    name: str
    help: str
    """What it does, without a capital and a full stop."""
    arguments: Callable[[Parser], None]
    """Adds its own arguments."""
    run: Callable[[argparse.Namespace], int]
    """Carries it out; gives the exit status."""


def whole_number(text: str) -> int:
    """A number that is not negative. Raises ArgumentTypeError."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)

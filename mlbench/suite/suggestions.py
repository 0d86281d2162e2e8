"""What a new suite says of a sketch that somebody may correct."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Suggestion:
    """Names of functions that were proposed, or why there are none."""

    init: str = ""
    inference: str = ""
    typed: tuple[str, ...] = ()
    """What it is given on its serial line."""
    note: str = ""
    """What is to be known of the names, or why there are none."""
    failure: str = ""
    """Why the sketch was not built."""

    @property
    def is_elsewhere(self) -> bool:
        """Whether the sketch is meant for another chip, as its failure says."""
        return "another chip" in self.failure

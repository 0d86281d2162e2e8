"""What a platform itself says of an image's size, by its size recipe.

Arduino's platform specification, section "Recipes to compute binary sketch size", has a command,
``recipe.size.pattern``, and expressions whose groups are the bytes in what it prints: ``recipe.size.regex``
for program storage, ``recipe.size.regex.data`` for variables. ``recipe.advanced_size.pattern`` goes before
them: its command prints JSON. The limits are ``upload.maximum_size`` and ``upload.maximum_data_size``.
"""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mlbench.core.firmware import MemoryLimits
from mlbench.errors import MLBenchError
from mlbench.firmware.compiler import expand
from mlbench.util.subprocesses import child_environment, run

_SECONDS = 60.0
_ADVANCED, _PLAIN = "recipe.advanced_size.pattern", "recipe.size.pattern"
_STORAGE, _VARIABLES = "recipe.size.regex", "recipe.size.regex.data"


def limits_of(properties: Mapping[str, str]) -> MemoryLimits:
    """The bytes that the platform allows a sketch on the board; None where it has no limit."""

    def limit(key: str) -> int | None:
        value = expand(properties.get(key, ""), properties).strip()
        return int(value) if value.isascii() and value.isdigit() else None

    return MemoryLimits(limit("upload.maximum_size"), limit("upload.maximum_data_size"))


@dataclass(frozen=True)
class Counts:
    """Bytes as the platform counts them; None where it does not, or its recipe fails."""

    storage: int | None = None
    """Of program storage."""
    variables: int | None = None


def platform_counts(properties: Mapping[str, str], folder: Path, tools: str) -> Counts:
    """Run the size recipe.

    Args:
        properties: of the board, with ``build.path`` and ``build.project_name``.
        folder: where the recipe runs.
        tools: a folder of programs, ahead of those on PATH.
    """
    pattern = properties.get(_ADVANCED) or properties.get(_PLAIN, "")
    try:
        command = shlex.split(expand(pattern, properties))
        if not command:
            return Counts()
        environment = child_environment(os.environ, {}, tools)
        done = run(command, cwd=folder, environment=environment, seconds=_SECONDS)
    except (ValueError, MLBenchError):
        return Counts()  # it only compares; what is measured is in the image
    if done.status:
        return Counts()
    if properties.get(_ADVANCED):
        return Counts(_listed("text", done.stdout), _listed("data", done.stdout))
    return Counts(*(_counted(properties.get(key, ""), done.stdout) for key in (_STORAGE, _VARIABLES)))


def _counted(regex: str, printed: str) -> int | None:
    """The sum of all groups of all matches; None where nothing matches."""
    try:
        matches = list(re.finditer(regex, printed, re.MULTILINE)) if regex else []
    except re.error:
        return None  # an expression of Go that is none of Python
    groups = [group for match in matches for group in match.groups() if group and group.isdecimal()]
    return sum(map(int, groups)) if groups else None


def _listed(name: str, printed: str) -> int | None:
    """A section of an advanced recipe's JSON."""
    try:
        sections = json.loads(printed)["sections"]
        return next(int(section["size"]) for section in sections if section["name"] == name)
    except (ValueError, KeyError, TypeError, StopIteration):
        return None

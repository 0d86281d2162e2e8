"""What a platform itself says of an image's size, by its size recipe.

Arduino's platform specification, section "Recipes to compute binary sketch size", has a command,
``recipe.size.pattern``, and expressions whose groups are the bytes in what it prints. That for program
storage is ``recipe.size.regex``. ``recipe.advanced_size.pattern`` goes before it: its command prints JSON.
The limits are ``upload.maximum_size`` and ``upload.maximum_data_size``.
"""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Mapping
from pathlib import Path

from mlbench.core.firmware import MemoryLimits
from mlbench.errors import MLBenchError
from mlbench.firmware.compiler import expand
from mlbench.util.subprocesses import child_environment, run

_SECONDS = 60.0
_ADVANCED, _PLAIN, _REGEX = "recipe.advanced_size.pattern", "recipe.size.pattern", "recipe.size.regex"


def limits_of(properties: Mapping[str, str]) -> MemoryLimits:
    """The bytes that the platform allows a sketch on the board; None where it has no limit."""

    def limit(key: str) -> int | None:
        value = expand(properties.get(key, ""), properties).strip()
        return int(value) if value.isascii() and value.isdigit() else None

    return MemoryLimits(limit("upload.maximum_size"), limit("upload.maximum_data_size"))


def program_storage(properties: Mapping[str, str], folder: Path, tools: str) -> int | None:
    """Bytes of program storage as the platform counts them, None where it does not, or its recipe fails.

    Args:
        properties: of the board, with ``build.path`` and ``build.project_name``.
        folder: where the recipe runs.
        tools: a folder of programs, ahead of those on PATH.
    """
    pattern = properties.get(_ADVANCED) or properties.get(_PLAIN, "")
    try:
        command = shlex.split(expand(pattern, properties))
        if not command:
            return None
        environment = child_environment(os.environ, {}, tools)
        done = run(command, cwd=folder, environment=environment, seconds=_SECONDS)
    except (ValueError, MLBenchError):
        return None  # it only compares; what is measured is in the image
    if done.status:
        return None
    return (
        _told(done.stdout) if properties.get(_ADVANCED) else _counted(properties.get(_REGEX, ""), done.stdout)
    )


def _counted(regex: str, printed: str) -> int | None:
    """The sum of all groups of all matches; None where nothing matches."""
    try:
        matches = list(re.finditer(regex, printed, re.MULTILINE)) if regex else []
    except re.error:
        return None  # an expression of Go that is none of Python
    groups = [group for match in matches for group in match.groups() if group and group.isdecimal()]
    return sum(map(int, groups)) if groups else None


def _told(printed: str) -> int | None:
    """The section ``text`` of an advanced recipe's JSON."""
    try:
        sections = json.loads(printed)["sections"]
        return next(int(section["size"]) for section in sections if section["name"] == "text")
    except (ValueError, KeyError, TypeError, StopIteration):
        return None

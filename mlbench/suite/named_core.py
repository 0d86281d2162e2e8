"""The core that a repository names for its sketches: in its workflows, else as a library's architectures."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from mlbench.core.arduino_config import read_config
from mlbench.errors import UsageError
from mlbench.suite.project_libraries import PROPERTIES

_FQBN = re.compile(r"\barduino:(?:mbed_nano|mbed|zephyr\w*):nano33ble\w*")
"""Cores that build for the emulated chip's board."""
_ARCHITECTURES = re.compile(r"^[ \t]*architectures[ \t]*=(.*)$", re.MULTILINE)
_BOARDS = {"mbed_nano": "arduino:mbed_nano:nano33ble", "zephyr": "arduino:zephyr:nano33ble"}
_MOST_BYTES = 1 << 18


@dataclass(frozen=True)
class NamedCore:
    """A board of the core, and the file that names it."""

    fqbn: str
    where: str

    @property
    def is_installed(self) -> bool:
        """Whether the user's arduino-cli has it."""
        package, architecture, _ = self.fqbn.split(":")
        try:
            data = read_config().data
        except UsageError:
            return False
        return (data / "packages" / package / "hardware" / architecture).is_dir()


def named_core(root: Path) -> NamedCore | None:
    """The core that a repository names; None where it names none for this chip, or any."""
    workflows = root / ".github" / "workflows"
    for path in sorted([*workflows.glob("*.yml"), *workflows.glob("*.yaml")]):
        match = _FQBN.search(_text(path))
        if match:
            return NamedCore(match[0], path.relative_to(root).as_posix())
    for line in _ARCHITECTURES.findall(_text(root / PROPERTIES)):
        for architecture in re.split(r"[\s,]+", line.strip()):
            if architecture in _BOARDS:
                return NamedCore(_BOARDS[architecture], PROPERTIES)
    return None


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""

"""How boards are called by the sketch compilers."""

from __future__ import annotations

import re

_OF_LOADERS = "zephyr"
OWN_PACKAGE = "mlbench"
"""The vendor part of the project's own boards."""

_FQBN = re.compile(r"[\w.-]+:[\w.-]+:[\w.-]+(:[\w.-]+=[^,\s:]+(,[\w.-]+=[^,\s:]+)*)?")


def is_fqbn(text: str) -> bool:
    """Whether a text is a fully qualified board name, ``package:architecture:board[:option=value,...]``."""
    return _FQBN.fullmatch(text) is not None


def starts_by_loader(fqbn: str) -> bool:
    """Whether sketches for a board are started by a loader: ``arduino:zephyr``, ``arduino:zephyr_main``."""
    parts = fqbn.split(":")
    return len(parts) > 1 and parts[1].split("_")[0] == _OF_LOADERS


def with_option(fqbn: str, option: str, value: str) -> str:
    """A board name with an option, whose value of before it loses."""
    base = without_options(fqbn)
    options = [item for item in fqbn[len(base) + 1 :].split(",") if item and item.split("=")[0] != option]
    return f"{base}:{','.join([*options, f'{option}={value}'])}"


def without_options(fqbn: str) -> str:
    """Its first three parts."""
    return ":".join(fqbn.split(":")[:3])

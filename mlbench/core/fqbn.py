"""How boards are called by the sketch compilers."""

from __future__ import annotations

import re

OWN_PACKAGE = "mlbench"
"""The vendor part of the project's own boards."""

_FQBN = re.compile(r"[\w.-]+:[\w.-]+:[\w.-]+(:[\w.-]+=[^,\s:]+(,[\w.-]+=[^,\s:]+)*)?")


def is_fqbn(text: str) -> bool:
    """Whether a text is a fully qualified board name, ``package:architecture:board[:option=value,...]``."""
    return _FQBN.fullmatch(text) is not None


def without_options(fqbn: str) -> str:
    """Its first three parts."""
    return ":".join(fqbn.split(":")[:3])

"""How the files that this program writes are told from a project's own."""

from __future__ import annotations

OWN_PREFIX = ".mlbench-"
"""How the names of files and folders begin that are there for a run only, or that the workflow puts there."""

_SCHEMA = b'"schema": "mlbench/'
_HEAD_BYTES = 64


def is_own_document(data: bytes) -> bool:
    """Whether a file holds results or a comparison of an earlier run, whatever its name."""
    return _SCHEMA in data[:_HEAD_BYTES]

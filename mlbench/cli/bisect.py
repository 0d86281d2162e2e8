"""Exit statuses as ``git bisect run`` wants them (git-bisect(1), "Bisect run")."""

from __future__ import annotations

BISECT = "--bisect"
_SKIP, _STOP = 125, 128
_SKETCH_FAILED = 3


def bisect_status(status: int) -> int:
    """0 and 1 as they are; where a sketch fails, the commit cannot be tested; all else stops the search."""
    if status == _SKETCH_FAILED:
        return _SKIP
    return status if status in (0, 1) or status >= _STOP else _STOP + status

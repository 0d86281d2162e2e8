"""The former name of ``mlbench.testing``, for tests that import it: the same names, and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlbench import testing

if TYPE_CHECKING:
    from mlbench.testing import *  # noqa: F403

__all__ = testing.__all__


def __getattr__(name: str) -> Any:
    """Each name is imported when it is first used, as in ``mlbench.testing``."""
    if name in testing.__all__:
        return getattr(testing, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

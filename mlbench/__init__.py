"""Flash, unused RAM, initialization and inference time of TinyML sketches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlbench.version import __version__

if TYPE_CHECKING:
    from mlbench.testing import Device, OutputBuffer, kib, mib, ms, nbytes, profile, seconds, us

__all__ = [
    "Device",
    "OutputBuffer",
    "__version__",
    "kib",
    "mib",
    "ms",
    "nbytes",
    "profile",
    "seconds",
    "us",
]


def __getattr__(name: str) -> Any:
    """Names of ``mlbench.testing``, imported when one is first used: the command line needs none."""
    if name in __all__:
        from mlbench import testing

        return getattr(testing, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

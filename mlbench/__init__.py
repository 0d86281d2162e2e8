"""Flash, unused RAM, initialization and inference time of TinyML sketches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlbench.harness import Device, OutputBuffer, kib, mib, ms, nbytes, profile, seconds, us

__version__ = "0.2.0.dev0"

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
    """The harness's names, imported when one is first used: the command line needs none of them."""
    if name in __all__:
        from mlbench import harness

        return getattr(harness, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

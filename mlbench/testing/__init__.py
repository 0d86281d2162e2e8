"""Firmware under test: devices that run, calls into them, figures with units.

The names listed here are stable: they keep their meaning within a major version.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlbench.core.execution import OutputBuffer
    from mlbench.testing.building import build
    from mlbench.testing.device import CallResult, Device, Inference, Snapshot
    from mlbench.testing.dialogue import Match
    from mlbench.testing.errors import DeviceError, Report
    from mlbench.testing.profiling import Profiled, profile
    from mlbench.testing.units import Quantity, kib, mib, ms, nbytes, seconds, us

__all__ = [
    "CallResult",
    "Device",
    "DeviceError",
    "Inference",
    "Match",
    "OutputBuffer",
    "Profiled",
    "ProfiledFunction",
    "Quantity",
    "Report",
    "Snapshot",
    "build",
    "kib",
    "mib",
    "ms",
    "nbytes",
    "profile",
    "seconds",
    "us",
]

_MODULES = {
    "building": ("build",),
    "device": ("CallResult", "Device", "Inference", "Snapshot"),
    "dialogue": ("Match",),
    "errors": ("DeviceError", "Report"),
    "profiling": ("Profiled", "ProfiledFunction", "profile"),
    "units": ("Quantity", "kib", "mib", "ms", "nbytes", "seconds", "us"),
}
_PLACES = {name: f"mlbench.testing.{module}" for module, names in _MODULES.items() for name in names}
_PLACES["OutputBuffer"] = "mlbench.core.execution"


def __getattr__(name: str) -> Any:
    """Each name's module is imported when it is first used: a budget in milliseconds needs no emulator."""
    if name in _PLACES:
        return getattr(import_module(_PLACES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

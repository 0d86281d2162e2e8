"""From a sketch to firmware: sources, platforms, sketch compilers, links, and the cache of what was built."""

from __future__ import annotations

from mlbench.firmware.builder import build, source_path
from mlbench.firmware.compilation import BuildFailed

__all__ = ["BuildFailed", "build", "source_path"]

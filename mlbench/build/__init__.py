"""The build room: sketch in, firmware out. ``build`` is its door."""

from __future__ import annotations

from mlbench.build.builder import build, source_path
from mlbench.build.work import BuildFailed

__all__ = ["BuildFailed", "build", "source_path"]

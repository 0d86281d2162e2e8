"""The build room: sketch in, firmware out. ``build`` is its door."""

from __future__ import annotations

from mlbench.build.builder import BuildFailed, build, source_path

__all__ = ["BuildFailed", "build", "source_path"]

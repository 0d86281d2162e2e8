"""The reports that go into a matrix job's artifact, for other tools."""

from __future__ import annotations

from pathlib import Path

from mlbench.reports import formats
from mlbench.results.comparison import Comparison


def export(comparison: Comparison, folder: Path) -> None:
    """Write every report that stands in a file."""
    for form in formats.rows():
        if not form.artifact:
            continue
        written = form.write(comparison, formats.Heading())
        texts = {"": written} if isinstance(written, str) else written
        for name, text in texts.items():
            path = folder / form.artifact / name if name else folder / form.artifact
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

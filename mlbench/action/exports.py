"""The reports that go into a leg's artifact, for other tools."""

from __future__ import annotations

from pathlib import Path

from mlbench.results.comparison import Comparison


def export(comparison: Comparison, folder: Path) -> None:
    """Write every report that stands in a file."""

    from mlbench.reports.badge import to_badge
    from mlbench.reports.bencher import to_bencher
    from mlbench.reports.benchmark_action import to_benchmark_json
    from mlbench.reports.junit import to_junit
    from mlbench.reports.sketches_report import to_sketches_report

    results = [job.head for job in comparison.jobs if job.head is not None]
    smaller, bigger = to_benchmark_json(results)
    files = {
        "junit.xml": to_junit(comparison),
        "badge.json": to_badge(comparison),
        "bencher.json": to_bencher(results),
        "benchmark-smaller.json": smaller,
        "benchmark-bigger.json": bigger,
        **{f"sketches-report/{name}": text for name, text in to_sketches_report(comparison).items()},
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

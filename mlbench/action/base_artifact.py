"""A baseline that a run on the base branch has measured and kept: nothing is built for it again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from mlbench.action.events import WorkflowEvent
from mlbench.action.inputs import ActionInputs
from mlbench.action.partial_report import artifact_name
from mlbench.action.state import RESULT, ActionFolder
from mlbench.errors import MLBenchError
from mlbench.github.artifacts import baseline_artifact, download
from mlbench.github.client import GitHub
from mlbench.results.result_file import from_json


@dataclass(frozen=True)
class Given:
    """A result file that was fetched."""

    path: Path
    commit: str
    label: str


def fetched_baseline(
    github: GitHub, commit: str, settings: ActionInputs, event: WorkflowEvent, work: ActionFolder
) -> tuple[Given | None, str]:
    """The results of this matrix job at ``commit``, or at its nearest ancestor that was measured.

    Returns:
        What was found, and why nothing was.
    """
    name = artifact_name(settings.key, event.job, 1).removesuffix("1")
    try:
        baseline = baseline_artifact(
            github, commit, re.compile(f"{re.escape(name)}[0-9]+"), branch=event.base_ref
        )
        if baseline is None:
            return (
                None,
                f"no run on the base branch has kept results of {commit[:12]} or of commits before it",
            )
        content = download(github, baseline.artifacts[0], (RESULT,))[RESULT]
        text = content.decode("utf-8", "replace")
        from_json(text, f"the artifact of run {baseline.run_id}")
    except MLBenchError as error:
        return None, f"the results of the base cannot be had ({error})"
    path = work.folder / "base.json"
    path.write_text(text, encoding="utf-8")
    behind = f", {baseline.distance} commits before the base" if baseline.distance else ""
    return Given(path, baseline.commit, f"measured by run {baseline.run_id}{behind}"), ""

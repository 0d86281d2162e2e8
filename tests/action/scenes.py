"""Pull requests as they happen: a repository on the server, a fake that knows of it, runs of a workflow."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from act_bench import OURS, SUITE, Origin, Ran, Stage, shallow, sketch
from fake_shapes import Shapes
from fake_state import Pull, Run
from stand_ins import REPOSITORY

from mlbench.action.partial_report import FILE, artifact_name

LIMITS = SUITE + "thresholds: {inference_time: {fail: 10 %}}\n"


def one_job(on: str = "pull_request", given: str = "") -> str:
    """A workflow of one job that checks out and uses the action."""
    return f"""\
on: {on}
jobs:
  mlbench:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v5
      - id: a
        uses: {OURS}
        with: {{ {given} }}
"""


MATRIX = f"""\
on: pull_request
jobs:
  measure:
    runs-on: ubuntu-latest
    strategy: {{fail-fast: false, matrix: {{sketch: [blink, glow]}}}}
    steps:
      - uses: actions/checkout@v5
      - id: a
        uses: {OURS}
        with: {{mode: measure, sketches: "${{{{ matrix.sketch }}}}"}}
  report:
    needs: measure
    if: ${{{{ !cancelled() }}}}
    runs-on: ubuntu-latest
    steps:
      - id: a
        uses: {OURS}
        with: {{mode: report}}
"""

REPORT = f"""\
on: [pull_request, workflow_run]
jobs:
  mlbench:
    runs-on: ubuntu-latest
    steps:
      - id: a
        uses: {OURS}
        with: {{mode: report}}
"""


@dataclass
class Scene:
    """One repository with one pull request that makes a sketch slower."""

    stage: Stage
    origin: Origin
    folder: Path
    base: str = ""
    head: str = ""
    merge: str = ""
    count: int = field(default=0)

    def opened(self, files: Mapping[str, str] | None = None, *, fork: str = "") -> Pull:
        """Open pull request 1 with these files changed."""
        self.base = self.origin.head
        self.origin.on("change", "main")
        self.head = self.origin.commit("a change", files or {"blink/blink.ino": sketch(2000)})
        self.merge = self.origin.test_merge(1, self.base, self.head)
        return self.stage.fake.pull(
            REPOSITORY, 1, head_sha=self.head, base_sha=self.base, head_repository=fork
        )

    def pushed(self, pull: Pull, files: Mapping[str, str], base: str = "") -> None:
        """Push another commit to the pull request, with the base branch where it is now."""
        self.origin.on("change")
        self.head = self.origin.commit("another change", files)
        self.merge = self.origin.test_merge(1, base or self.base, self.head)
        pull.head_sha = self.head

    def payload(self, **more: Any) -> dict[str, Any]:
        """Of the pull_request event: what GitHub says of pull request 1."""
        fake = self.stage.fake
        found = Shapes(fake.url).pull(fake.repository(REPOSITORY), fake.repository(REPOSITORY).pulls[1])
        return {"number": 1, "pull_request": {**found, **more}, "repository": {"full_name": REPOSITORY}}

    def new_run(self, event: str = "pull_request", fork: str = "") -> Run:
        return self.stage.fake.run(
            REPOSITORY, event, self.head, head_branch="change", head_repository=fork or REPOSITORY
        )

    def checkout(self, commit: str = "", depth: int = 1) -> Path:
        """The workspace of a run."""
        self.count += 1
        return shallow(self.origin, self.folder / f"checkout-{self.count}", commit or self.merge, depth=depth)

    def run(self, workflow: str, *, run: Run | None = None, event: str = "pull_request", **more: Any) -> Ran:
        """A run of a workflow for this pull request, as it is now."""
        payload = more.pop("payload", None) or self.payload()
        checkout = more.pop("checkout", None) or self.checkout()
        return self.stage.run(workflow, checkout, event, payload, run=run or self.new_run(), **more)

    def hand_in(self, run: Run, part: Mapping[str, Any], job: str = "measure", **more: Any) -> None:
        """Keep a partial report as an artifact of a run, as if a matrix job had measured."""
        data = {
            **part,
            "run_id": run.id,
            "run_attempt": run.attempt,
            "head_sha": self.head,
            "job": job,
            **more,
        }
        name = artifact_name(str(data["key"]), job, run.attempt)
        self.stage.fake.artifact(REPOSITORY, run, name, {FILE: json.dumps(data)})

    def report(self, run: Run, **more: Any) -> Ran:
        """The job that reports, alone."""
        return self.run(more.pop("workflow", REPORT), run=run, **more)

    @property
    def bodies(self) -> list[str]:
        return self.stage.fake.bodies(REPOSITORY, 1)


def workflow_run(stage: Stage, run: Run) -> dict[str, Any]:
    """The payload of the event that follows a run."""
    repository = stage.fake.repository(REPOSITORY)
    shown = Shapes(stage.fake.url).run(repository, run)
    return {"action": "completed", "workflow_run": shown, "repository": {"full_name": REPOSITORY}}


def part_of(stage: Stage, run: Run) -> dict[str, Any]:
    """The partial report that a run has uploaded."""
    (artifact,) = (
        item for item in stage.fake.repository(REPOSITORY).artifacts.values() if item.run.id == run.id
    )
    with zipfile.ZipFile(io.BytesIO(artifact.content)) as archive:
        found: dict[str, Any] = json.loads(archive.read(FILE))
    return found

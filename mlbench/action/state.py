"""What the steps of one use of the action hand to each other: files in a folder of their own."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mlbench.errors import EnvironmentFault

WORK = "MLBENCH_ACTION_WORK"
"""The variable by which ``action.yml`` names the folder."""

RESULT = "mlbench-result.json"
"""The result file in the artifact of a matrix job."""
COMPARISON = "comparison.json"


@dataclass(frozen=True)
class ActionFolder:
    """The folder, below the runner's own for temporary files."""

    folder: Path

    @classmethod
    def make(cls, temporary: Path) -> ActionFolder:
        """A new one: an action that is used twice in a job has two."""
        try:
            temporary.mkdir(parents=True, exist_ok=True)
            work = cls(Path(tempfile.mkdtemp(prefix="mlbench-", dir=temporary)))
            work.upload.mkdir()
        except OSError as error:
            raise EnvironmentFault(f"cannot be written ({error.strerror})", where=str(temporary)) from error
        return work

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> ActionFolder:
        """The one that the first step made.

        Raises:
            EnvironmentFault: there is none: this is no step of the action.
        """
        work = cls(Path(environ.get(WORK) or "/nonexistent"))
        if not work.settings.is_file():
            raise EnvironmentFault(
                f"{WORK} names no folder of the action's first step", do="start the action by its action.yml"
            )
        return work

    def make_home(self) -> None:
        """Make the folder that stands in for ``MLBENCH_HOME`` in a job that only reports."""
        try:
            self.home.mkdir(mode=0o700)
        except OSError as error:
            raise EnvironmentFault(f"cannot be written ({error.strerror})", where=str(self.home)) from error

    @property
    def home(self) -> Path:
        """There in mode ``report`` alone, and new: a build that ran earlier on this machine never saw it."""
        return self.folder / "home"

    @property
    def settings(self) -> Path:
        """What the inputs ask for."""
        return self.folder / "settings.json"

    @property
    def plan(self) -> Path:
        """What is to be measured against what."""
        return self.folder / "plan.json"

    @property
    def upload(self) -> Path:
        """What becomes the artifact: the partial report, and the exports of this matrix job."""
        return self.folder / "upload"

    @property
    def part(self) -> Path:
        """This matrix job's partial report."""
        return self.upload / "part.json"

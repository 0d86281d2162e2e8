"""Builds a sketch of a suite and lets it run on the embedded emulator, without looking for limits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from mlbench.boards import board_for
from mlbench.core.execution import Probe, RunResult
from mlbench.core.firmware import BuildRequest, Firmware
from mlbench.firmware import build
from mlbench.firmware.toolchain import Toolchain
from mlbench.source.project import Project, libraries_of, obtain, sketch_of
from mlbench.suite.suite_file import SketchSpec, load_suite
from mlbench.targets.emulator.target import EmulatorTarget
from mlbench.util.progress import Silent

ROOT = Path(__file__).parents[2]
OWN_BOARD = "mlbench:nrf52840:nano33ble"


def entries(suite: Path, board: str = OWN_BOARD) -> dict[str, SketchSpec]:
    """The entries of a suite file for one board, by name."""
    return {spec.name: spec for spec in load_suite(suite).sketches if spec.board == board}


@dataclass(frozen=True)
class Workshop:
    """Tools and a cache, for the sketches of suites."""

    tools: Toolchain
    cache: Path

    def project(self, spec: SketchSpec) -> Project:
        """The sketch's project, fetched and prepared unless it is."""
        return obtain(spec, self.cache / "projects", Silent())

    def build(self, spec: SketchSpec, sketch: Path | None = None) -> Firmware:
        """The sketch's firmware, or that of another sketch, built as this one is."""
        project = self.project(spec)
        sketch = sketch or sketch_of(project, spec)
        request = BuildRequest(sketch, spec.board, spec.build_properties, libraries_of(project, spec))
        return build(request, self.tools, self.cache / "builds", Silent())

    def run(self, spec: SketchSpec, inferences: int = 1) -> RunResult:
        """What the sketch does from reset to the end of its last inference asked for."""
        session = EmulatorTarget(board_for(spec.board)).open(self.build(spec), spec.functions)
        try:
            return session.run(Probe(inferences=inferences), spec.timeout_us)
        finally:
            session.close()


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory, tools: Toolchain) -> Workshop:
    """A workshop with the tools on PATH."""
    return Workshop(tools, tmp_path_factory.mktemp("workshop"))
